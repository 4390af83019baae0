"""What happened: append-only events. Nothing here points at another table.

Imports no other part of the house but ``ui``'s formatting; every other part may import it.
"""
