"""Leaving hospital: what a ward must know to plan it, and referring to a council's team.

May import ``records`` and what lies below it.
"""
