"""Who the resident is: demographics, source persons, NHS numbers.

May import ``organisations`` and ``audit``.
"""
