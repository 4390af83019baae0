"""Which residents a transaction may know of: found by a search, or one by one.

Both go through functions of the gate, which check the membership, write the audit event with
everyone found, and let row security show just those residents for the rest of the transaction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.db import connection

from access.acting import Acting
from identity.names import fold, given_keys, given_variants, search_keys, transposed
from identity.nhs_number import NhsNumber
from organisations.activities import Activity

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for: a number, or a family name with a birth date, which the rest narrows.

    ``postcode`` is whole or its first half, ``sex`` one of :class:`identity.models.Sex`; both may
    be empty, as may the given name.
    """

    nhs_number: NhsNumber | None = None
    family_name: str = ""
    birth_date: date | None = None
    given_name: str = ""
    postcode: str = ""
    sex: str = ""

    def keys(self) -> list[str]:
        """The keys to look for: the name's and its variants', each with the birth date both ways.

        :raises ValueError: if there is neither a number nor a name with a birth date.
        """
        if self.nhs_number is not None:
            return []
        if not (fold(self.family_name) and self.birth_date):
            raise ValueError("A search needs an NHS number, or a family name with a date of birth.")
        return search_keys(self.family_name, self.birth_date, transposed(self.birth_date))

    def given_variants(self) -> list[str]:
        """Given names, folded, that may stand for the one that was typed first."""
        first = next(iter(given_keys(self.given_name)), "")
        return sorted(given_variants(first)) if first else []


class Outcome(StrEnum):
    """What came of a search, as the gate says it."""

    FOUND = "found"
    TOO_MANY = "too-many"
    TOO_OFTEN_IN_A_MINUTE = "too-often-in-a-minute"
    TOO_OFTEN_IN_AN_HOUR = "too-often-in-an-hour"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Found:
    """The residents found, as their own ids, those first whom the name and birth date fit exactly.

    Nobody, where the outcome is another than ``FOUND``.
    """

    residents: tuple[int, ...]
    outcome: Outcome = Outcome.FOUND


def find(acting: Acting, search: Search, *, request_id: str) -> Found:
    """Search, count the search, audit it, and glimpse whom it found, in one statement.

    :raises ValueError: if the search holds neither a number nor a name with a birth date.
    """
    keys = search.keys()
    with connection.cursor() as cursor:
        cursor.execute(
            "select outcome, residents from access.search_residents(%s, %s, %s::uuid, %s,"
            " %s::text[], %s, %s::date, %s, %s::text[], %s, %s, %s, %s, %s)",
            [
                acting.staff_id,
                acting.membership_id,
                request_id,
                search.nhs_number.digits if search.nhs_number else None,
                keys,
                fold(search.family_name),
                search.birth_date,
                fold(search.given_name),
                search.given_variants(),
                _SPACES.sub("", search.postcode).upper(),
                search.sex,
                settings.SEARCH_LIMIT,
                settings.SEARCHES_PER_MINUTE,
                settings.SEARCHES_PER_HOUR,
            ],
        )
        outcome, ids = cursor.fetchone()
    return Found(tuple(ids), Outcome(outcome))


def glimpse(acting: Acting, resident: UUID, *, activity: Activity, request_id: str) -> int | None:
    """One resident, by the id that pages show; their own id, or ``None`` if not to be known of.

    With ``Activity.RECORD_CHOICES`` their choices can be read, and added to, as well.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.glimpse_resident(%s, %s, %s::uuid, %s, %s)",
            [acting.staff_id, acting.membership_id, request_id, resident, activity],
        )
        (found,) = cursor.fetchone()
    return None if found is None else int(found)
