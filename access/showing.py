"""The registry of what shows anything of a record: pages, prints, notices, lists.

``@shows_record("name")`` stands above ``@reading_record``, or above whatever else asks the gate
about residents. The proof that every reader is shown one set (``tests/proof/test_doors.py``) asks
each of these, and fails for one that it does not know, and for a view that asks the gate without
being here; :class:`access.middleware.TheGateAsksOnceMore` lets no page of such a view leave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

Shows = TypeVar("Shows", bound=Callable[..., object])

#: Name → where it is defined, as ``module.function``.
SHOWING: dict[str, str] = {}
#: Name → the words of its addresses → the category that each names.
_PARTS: dict[str, Mapping[str, int]] = {}
#: Names of those that decide by the rule whom they name, and show no entry of anybody.
NAMES_PEOPLE_ALONE: set[str] = set()


def page_asked(name: str | None, category: object) -> dict[str, str | int]:
    """Which page of a record was asked for, for its event: a registered name, and a category.

    What stands in an address was typed by somebody, so only what is known goes into the audit.
    """
    if name not in SHOWING:
        return {}
    part = _PARTS.get(name, {}).get(str(category))
    return {"page": name} if part is None else {"page": name, "part": int(part)}


def shows_record(
    name: str, *, parts: Mapping[str, int] | None = None, entries: bool = True
) -> Callable[[Shows], Shows]:
    """Register something that shows entries of a record, by a name of its own: its address's.

    ``parts`` are the words in its address that name a category, where it shows one.

    :param entries: false for what names people by the rule's leave and shows no entry: it is asked
        as the others are, and must show none.
    :raises ValueError: if the name is taken by something else.
    """

    def register(shows: Shows) -> Shows:
        where = where_of(shows)
        if SHOWING.setdefault(name, where) != where:
            raise ValueError(f"{name!r} is already {SHOWING[name]}; give {where} another name.")
        _PARTS[name] = parts or {}
        if not entries:
            NAMES_PEOPLE_ALONE.add(name)
        return shows

    return register


def is_registered(view: Callable[..., object]) -> bool:
    """Whether a view, or what its decorators made of it, is in the registry."""
    return where_of(view) in SHOWING.values()


def where_of(view: Callable[..., object]) -> str:
    """Where a view is defined, as ``module.function``."""
    return f"{view.__module__}.{getattr(view, '__qualname__', type(view).__qualname__)}"
