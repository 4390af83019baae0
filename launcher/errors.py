"""The one kind of failure that the launcher reports without a traceback."""


class LauncherError(Exception):
    """Something that the caller can put right; the message says how."""
