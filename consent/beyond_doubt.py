"""Whom an unverified opt-out holds for at once: one rule, pure, and the same in PostgreSQL.

``consent.who_fits`` and ``consent.try_requests`` (``consent/sql/0005_requests.sql``) enforce it; a
test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from consent.authority import ADULT_IN_CARE, age_on
from consent.requests import ForWhom
from consent.vocabulary import Answer


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for, and who they say they are (the family name folded)."""

    wants: str
    for_whom: str
    nhs_number: str
    birth_date: date
    family_folded: str


@dataclass(frozen=True, slots=True)
class Held:
    """A resident as we hold them: their live NHS number (or empty), birth date, family name."""

    resident: int
    nhs_number: str
    birth_date: date | None
    family_folded: str


def holds_for(asked: Asked, held: Iterable[Held], *, today: date) -> int | None:
    """Whom it holds for at once, or ``None``: then nothing changes until a desk has verified it.

    Only an opt-out, only of oneself, only from 16 on (before that somebody decides whether the
    child does), and only where NHS number, date of birth and family name are all exactly those of
    one resident and of no other. Opting back in would show what was hidden, and somebody else's
    word would hide what is theirs to show: both wait for the desk.
    """
    if asked.wants != Answer.REFUSES or asked.for_whom != ForWhom.SELF or not asked.nhs_number:
        return None
    age = age_on(asked.birth_date, today)
    if age is None or age < ADULT_IN_CARE or not asked.family_folded:
        return None
    fits = {
        each.resident
        for each in held
        if (each.nhs_number, each.birth_date, each.family_folded)
        == (asked.nhs_number, asked.birth_date, asked.family_folded)
    }
    return fits.pop() if len(fits) == 1 else None
