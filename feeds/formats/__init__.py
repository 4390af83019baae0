"""The forms in which deliveries arrive. Each one reads bytes and gives items; none writes.

May import ``feeds.mapped`` and the list of categories, and nothing that touches a database.
"""
