"""Choices that a parent made for somebody who is sixteen by now: to be asked again.

The row is the task: it is due from the birthday until somebody with authority has answered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from access.acting import Acting


@dataclass(frozen=True, slots=True)
class Due:
    """One choice to be asked again; ``resident`` is glimpsed, by name alone."""

    resident: int
    kind: str
    answer: str
    reference: str
    since: datetime
    due: date


def due(acting: Acting, *, most: int, request_id: str) -> list[Due]:
    """Those that this membership's organisation looks after, the longest due first.

    Each resident is glimpsed and named in the event. Empty where the role records no choices.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.choices_to_ask_again(%s, %s, %s, %s::uuid)::text",
            [acting.staff_id, acting.membership_id, most, request_id],
        )
        (answer,) = cursor.fetchone()
    return [
        Due(
            resident=each["resident"],
            kind=each["kind"],
            answer=each["answer"],
            reference=each["reference"],
            since=datetime.fromisoformat(each["since"]),
            due=date.fromisoformat(each["due"]),
        )
        for each in json.loads(answer)
    ]
