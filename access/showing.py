"""The registry of what shows anything of a record: pages now; charts, prints and exports later.

``@shows_record("name")`` stands above ``@reading_record`` (or above whatever else shows entries).
The proof that every reader is shown one set (``tests/proof/test_doors.py``) asks each of these,
and fails for one that it does not know, and for a view that reads a record without being here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

Shows = TypeVar("Shows", bound=Callable[..., object])

#: Name → where it is defined, as ``module.function``.
SHOWING: dict[str, str] = {}
#: Name → the words of its addresses → the category that each names.
_PARTS: dict[str, Mapping[str, int]] = {}


def page_asked(name: str | None, category: object) -> dict[str, str | int]:
    """Which page of a record was asked for, for its event: a registered name, and a category.

    What stands in an address was typed by somebody, so only what is known goes into the audit.
    """
    if name not in SHOWING:
        return {}
    part = _PARTS.get(name, {}).get(str(category))
    return {"page": name} if part is None else {"page": name, "part": int(part)}


def shows_record(name: str, *, parts: Mapping[str, int] | None = None) -> Callable[[Shows], Shows]:
    """Register something that shows entries of a record, by a name of its own: its address's.

    ``parts`` are the words in its address that name a category, where it shows one.

    :raises ValueError: if the name is taken by something else.
    """

    def register(shows: Shows) -> Shows:
        where = f"{shows.__module__}.{shows.__qualname__}"
        if SHOWING.setdefault(name, where) != where:
            raise ValueError(f"{name!r} is already {SHOWING[name]}; give {where} another name.")
        _PARTS[name] = parts or {}
        return shows

    return register
