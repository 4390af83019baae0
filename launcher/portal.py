"""A process of the portal: its environment has the database logins that it needs and no other."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from launcher.children import Child
from launcher.given import others

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from launcher.data import Data


def portal_process(
    data: Data,
    environment: dict[str, str],
    name: str,
    words: Sequence[str | Path],
    *logins: str,
    may_end: bool = False,
) -> Child:
    """A process, not started, of ``python -m`` and these words; it connects as the first login."""
    kept = {f"DATABASE_{login.upper()}_URL" for login in logins}
    own = {
        key: value
        for key, value in (others() | environment).items()
        if key in kept
        or not (
            (key.startswith("DATABASE_") and key.endswith("_URL"))
            # Who may ask PDS about anybody is the worker that traces; who seals, the sealer.
            or (key.startswith("PDS_") and name != "worker")
            or (key.startswith("AUDIT_") and name != "sealer")
        )
    }
    own["CONNECTCARE_LOGIN"] = logins[0]
    own["PYTHONUNBUFFERED"] = "1"
    log = fresh_log(data, name)
    command = [sys.executable, "-m", *words]
    return Child(name=name, command=command, log=log, env=own, may_end=may_end)


def fresh_log(data: Data, name: str) -> Path:
    """The log of a process that is about to begin; the last run's is kept beside it."""
    log = data.log(name)
    with contextlib.suppress(FileNotFoundError):
        log.replace(log.with_suffix(".previous.log"))
    return log
