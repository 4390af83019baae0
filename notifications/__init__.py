"""Notices: what befell residents, told to the teams that care for them, in an inbox and by e-mail.

May import ``discharge`` and what lies below it.
"""
