"""How long things are kept, and how they are put back: backups, the schedule, destruction.

Above the whole house: it may use every part, and no part imports it.
"""
