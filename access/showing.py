"""The registry of what shows anything of a record: pages now; charts, prints and exports later.

``@shows_record("name")`` stands above ``@reading_record`` (or above whatever else shows entries).
The proof that every reader is shown one set (``tests/proof/test_doors.py``) asks each of these,
and fails for one that it does not know, and for a view that reads a record without being here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Shows = TypeVar("Shows", bound=Callable[..., object])

#: Name → where it is defined, as ``module.function``.
SHOWING: dict[str, str] = {}


def shows_record(name: str) -> Callable[[Shows], Shows]:
    """Register something that shows entries of a record, by a name of its own.

    :raises ValueError: if the name is taken by something else.
    """

    def register(shows: Shows) -> Shows:
        where = f"{shows.__module__}.{shows.__qualname__}"
        if SHOWING.setdefault(name, where) != where:
            raise ValueError(f"{name!r} is already {SHOWING[name]}; give {where} another name.")
        return shows

    return register
