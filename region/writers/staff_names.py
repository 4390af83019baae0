"""Names of staff in their parts, for forms that send them so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StaffName:
    """A member of staff: title, given and family name, and the role that follows."""

    title: str
    given: str
    family: str
    role: str


def staff_name(author: str) -> StaffName:
    """``Dr Hannah Weiss, GP`` in its parts; a single name is a family name."""
    name, _, role = author.partition(", ")
    title, _, rest = name.partition(" ")
    if title not in ("Dr", "Mr", "Mrs", "Ms", "Miss", "Prof"):
        title, rest = "", name
    given, _, family = rest.rpartition(" ")
    return StaffName(title, given, family, role)
