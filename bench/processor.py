"""Processor time of this process and all that it started, whatever else the machine does."""

from __future__ import annotations

import os
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")


def seconds(*, without: frozenset[int] = frozenset()) -> float:
    """What this process's descendants have used, those included that they outlived.

    :param without: processes that do not count, such as readers that only wait for an answer.
    """
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            # The name stands in brackets, and may hold anything.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        pid = int(folder.name)
        parents[pid] = int(fields[1])
        # utime, stime, cutime and cstime: proc(5).
        used[pid] = sum(int(ticks) for ticks in fields[11:15]) * _TICK
    return sum(
        spent for pid, spent in used.items() if pid not in without and _descends(pid, parents)
    )


def _descends(pid: int, parents: dict[int, int]) -> bool:
    own = os.getpid()
    while pid in parents and parents[pid] != own:
        pid = parents[pid]
    return pid in parents
