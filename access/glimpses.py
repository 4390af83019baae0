"""Which residents a transaction may know of: found by a search, or one by one.

Both go through functions of the gate, which check the membership, write the audit event with
everyone found, and let row security show just those residents for the rest of the transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.conf import settings
from django.db import connection

from access.acting import Acting
from identity.names import fold
from identity.nhs_number import NhsNumber
from organisations.activities import Activity


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for: a number, or a family name with a birth date (given name narrows it)."""

    nhs_number: NhsNumber | None = None
    family_name: str = ""
    birth_date: date | None = None
    given_name: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The residents found, as their own ids; none and ``too_many`` where the list was too long."""

    residents: tuple[int, ...]
    too_many: bool = False


def find(acting: Acting, search: Search, *, request_id: str) -> Found:
    """Search, audit, and glimpse, in one statement.

    :raises ValueError: if the search holds neither a number nor a name with a birth date.
    """
    if search.nhs_number is None and not (fold(search.family_name) and search.birth_date):
        raise ValueError("A search needs an NHS number, or a family name with a date of birth.")
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from access.find_residents(%s, %s, %s::uuid, %s, %s, %s::date, %s, %s)",
            [
                acting.staff_id,
                acting.membership_id,
                request_id,
                search.nhs_number.digits if search.nhs_number else None,
                fold(search.family_name),
                search.birth_date,
                fold(search.given_name),
                settings.SEARCH_LIMIT,
            ],
        )
        ids = tuple(row[0] for row in cursor.fetchall())
    if len(ids) > settings.SEARCH_LIMIT:
        return Found((), too_many=True)
    return Found(ids)


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
