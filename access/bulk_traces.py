"""Having everybody of a source traced, and how far that is, by functions of the gate.

``access/sql/0020_bulk_traces.sql`` answers with counts alone. A worker does the work
(``identity.bulk``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from access.acting import Acting


@dataclass(frozen=True, slots=True)
class Bulk:
    """One wish to have everybody of a source traced. ``begun`` is ``None`` until a worker has it.

    ``people`` are all whom it is about, ``waiting`` those not traced yet, ``questions`` what all
    of them take, by estimate.
    """

    asked: datetime
    begun: datetime | None
    finished: datetime | None
    people: int
    waiting: int
    questions: int
    per_minute: int

    @property
    def percent(self) -> int:
        """How much of it is done."""
        return 100 * (self.people - self.waiting) // self.people if self.people else 100

    @property
    def left(self) -> timedelta:
        """How long those who wait take at the permitted rate."""
        if not self.waiting:
            return timedelta()
        return timedelta(minutes=self.questions * self.waiting / self.people / self.per_minute)


@dataclass(frozen=True, slots=True)
class TracedSource:
    """A source that has sent somebody, with the latest wish to have its people traced."""

    id: UUID
    name: str
    latest: Bulk | None

    @property
    def goes_on(self) -> bool:
        """Whether its people are being traced."""
        return self.latest is not None and self.latest.finished is None


@dataclass(frozen=True, slots=True)
class Progress:
    """Every source; ``last_answer`` is when the service answered last, if it ever did."""

    sources: tuple[TracedSource, ...]
    last_answer: datetime | None


def progress(acting: Acting, *, request_id: str) -> Progress | None:
    """How far every source is; ``None`` where the role does not include it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.read_bulk_traces(%s, %s, %s::uuid)::text",
            [acting.staff_id, acting.membership_id, request_id],
        )
        (answer,) = cursor.fetchone()
    if answer is None:
        return None
    raw = json.loads(answer)
    return Progress(
        sources=tuple(
            TracedSource(
                UUID(one["id"]), one["name"], _bulk(one["latest"]) if one["latest"] else None
            )
            for one in raw["sources"]
        ),
        last_answer=_moment(raw["last_answer"]),
    )


def want(acting: Acting, source: UUID, *, request_id: str) -> str | None:
    """Want everybody of a source traced: ``wanted``, ``going-on`` or ``not-known``.

    ``None`` where the role does not include it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.want_bulk_trace(%s, %s, %s, %s::uuid)",
            [acting.staff_id, acting.membership_id, source, request_id],
        )
        (answer,) = cursor.fetchone()
    return None if answer is None else str(answer)


def _bulk(raw: Mapping[str, Any]) -> Bulk:
    return Bulk(
        asked=datetime.fromisoformat(raw["asked"]),
        begun=_moment(raw["begun"]),
        finished=_moment(raw["finished"]),
        people=raw["people"] or 0,
        waiting=raw["waiting"],
        questions=raw["questions"] or 0,
        per_minute=raw["per_minute"] or 0,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
