"""Who works where: organisations, teams, staff, roles, memberships, agreements and feeds.

May import ``audit`` and ``ui``. Nobody's record is known here.
"""
