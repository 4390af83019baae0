"""How data arrives: formats, batches, holds.

May import ``records`` and what lies below it.
"""
