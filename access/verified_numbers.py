"""Verified NHS numbers of a source's own persons, on their way back to that source.

Who is given is decided by one function of the gate (``access/sql/0013_verified_numbers.sql``): a
person whose link is beyond doubt and who does not object to this source's use of the number. It
writes everybody whom it gives to the audit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from access.acting import Acting

PAGE_LENGTH = 500


@dataclass(frozen=True, slots=True, repr=False)
class GivenNumber:
    """One of the source's persons, by the source's identifier. ``number`` is ten digits.

    ``None``: the Personal Demographics Service has withdrawn the number that was theirs; it is to
    be used no more.
    """

    identifier: str
    number: str | None
    changed: datetime

    @property
    def status(self) -> str:
        """``verified`` or ``withdrawn``."""
        return "withdrawn" if self.number is None else "verified"


@dataclass(frozen=True, slots=True)
class GivenNumbers:
    """What is given at once.

    ``after`` is where the next page begins, ``None`` after the last. ``as_of`` is the time to ask
    for changes since, the next time: a little early, so that some may come twice and none is
    missed.
    """

    source: str
    numbers: tuple[GivenNumber, ...]
    after: int | None
    as_of: datetime


def for_member(
    acting: Acting, *, since: datetime | None, after: int | None, request_id: str
) -> GivenNumbers | None:
    """A page for a member, of the acting membership's own organisation; ``None``: may not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.read_verified_numbers(%s, %s, %s, %s, %s, %s::uuid)::text",
            [acting.staff_id, acting.membership_id, since, after, PAGE_LENGTH, request_id],
        )
        (answer,) = cursor.fetchone()
    return None if answer is None else _given(json.loads(answer))


@transaction.atomic
def for_file(source_id: int, *, since: datetime | None) -> GivenNumbers:
    """All of a source's, for a file that is sent to it. Asked by the pipeline's login."""
    with connection.cursor() as cursor:
        cursor.execute("select access.verified_numbers_for_file(%s, %s)::text", [source_id, since])
        (answer,) = cursor.fetchone()
    return _given(json.loads(answer))


def _given(raw: Mapping[str, Any]) -> GivenNumbers:
    return GivenNumbers(
        source=raw["source"] or "",
        numbers=tuple(
            GivenNumber(one["identifier"], one["number"], datetime.fromisoformat(one["changed"]))
            for one in raw["numbers"]
        ),
        after=raw["next"],
        as_of=datetime.fromisoformat(raw["as_of"]),
    )
