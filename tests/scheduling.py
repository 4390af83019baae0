"""Which tests stay together on one worker, one after another.

The marks of pytest-xdist (``xdist_group``) do nothing since pytest 9.2
(pytest-dev/pytest-xdist#1386), and say nothing of it; so it is said here, by place.
"""

from __future__ import annotations

from xdist.scheduler import LoadGroupScheduling

#: The beginning of a test's id → the group in which it runs.
TOGETHER = {
    # They share a browser, the portal's processes and a region that others would empty.
    "tests/browser/": "browser",
    # Each of them starts a whole installation: one at a time is enough for a small machine.
    "tests/launcher/test_compose_processes.py": "processes",
    "tests/launcher/test_demo_run.py": "processes",
    "tests/access/test_urgent_notices.py": "processes",
}


def group_of(nodeid: str) -> str | None:
    """The group of a test; ``None`` for those that run wherever there is room."""
    return next((group for place, group in TOGETHER.items() if nodeid.startswith(place)), None)


class ByPlace(LoadGroupScheduling):
    """Hands out a group as a whole, and everything else test by test."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid) or str(super()._split_scope(nodeid))
