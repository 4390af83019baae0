"""Comparing what somebody says of themselves with who the resident is: in one place.

The comparison is PostgreSQL's (``access.check_identity``), because what is compared may be hidden
from the web: a place, a number. It answers whether all of it agrees, and never which part did not;
every try is an event, and after five that failed in an hour nobody of the portal is told any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from django.db import connection

from access.acting import Acting
from consent.vocabulary import Identifier
from identity.names import fold
from identity.nhs_number import NhsNumber


class Compared(StrEnum):
    """What came of a comparison."""

    AGREES = "agrees"
    DIFFERS = "differs"
    TOO_OFTEN = "too-often"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What somebody said. What is empty is not compared."""

    family_name: str = ""
    given_name: str = ""
    birth_date: date | None = None
    nhs_number: NhsNumber | None = None
    postcode: str = ""
    phone: str = ""

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """Which identifiers these are. A family name with a given name is one."""
        given = {
            Identifier.NAME: fold(self.family_name) and fold(self.given_name),
            Identifier.BIRTH_DATE: self.birth_date,
            Identifier.NHS_NUMBER: self.nhs_number,
            Identifier.POSTCODE: fold(self.postcode),
            Identifier.PHONE: digits(self.phone),
        }
        return tuple(which for which, value in given.items() if value)


def compare(claimed: Claimed, resident: UUID, *, by: Acting, request_id: str) -> Compared:
    """Whether everything that somebody said is the resident's, with its event.

    Fewer than three identifiers, and a place where it is protected, are never enough. A resident
    of whom this membership may not know differs, like anybody else.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.check_identity(%s, %s, %s::uuid, %s, %s, %s, %s::date, %s, %s, %s)",
            [
                by.staff_id,
                by.membership_id,
                request_id,
                resident,
                fold(claimed.family_name),
                fold(claimed.given_name),
                claimed.birth_date,
                claimed.nhs_number.digits if claimed.nhs_number else "",
                fold(claimed.postcode),
                digits(claimed.phone),
            ],
        )
        (answer,) = cursor.fetchone()
    return Compared(answer)


def digits(phone: str) -> str:
    """The last ten digits: with or without the country's code it is one number."""
    found = "".join(letter for letter in phone if letter in "0123456789")
    return found[-10:] if len(found) >= 10 else ""
