"""What anybody may read without signing in, and the form by which residents choose.

Doors only: the pages tell what the registry, the table of effects and the rule themselves say.
"""
