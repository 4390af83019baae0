"""What officers see of the review list of their own organisation, and what they decide.

With the web's login, through the gate's functions: they ask for the role again, and let nobody
confirm what they approved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec
from django.db import connection

from access.acting import Acting

PAGE_LENGTH = 50


@dataclass(frozen=True)
class Share:
    """One share that is due: by its reference, never by name."""

    id: UUID
    started: date
    due: date
    entries: int
    state: str
    because: str
    mine: bool
    """Whether the reader approved it, and somebody else must confirm it."""


class _Answer(msgspec.Struct):
    total: int
    shares: list[Share]


def review_list(acting: Acting, *, page: int, request_id: str) -> tuple[list[Share], int] | None:
    """A page of the review list and how many shares are on it; ``None`` if they may not see it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select keeping.review_list(%s, %s, %s, %s, %s::uuid)::text",
            [
                acting.staff_id,
                acting.membership_id,
                PAGE_LENGTH,
                (page - 1) * PAGE_LENGTH,
                request_id,
            ],
        )
        (found,) = cursor.fetchone()
    if found is None:
        return None
    answer = msgspec.json.decode(found, type=_Answer)
    return answer.shares, answer.total


def approve(acting: Acting, shares: Iterable[UUID], *, request_id: str) -> int:
    """Agree, as the first officer, that shares go; of how many it was noted."""
    return _decided(acting, "approve", shares, request_id=request_id)


def confirm(acting: Acting, shares: Iterable[UUID], *, request_id: str) -> int:
    """Agree, as a second officer; what one approved oneself is passed over."""
    return _decided(acting, "confirm", shares, request_id=request_id)


def keep(
    acting: Acting, shares: Iterable[UUID], *, until: date, because: str, request_id: str
) -> int:
    """Keep shares for longer, with a reason; they are listed again after that day."""
    return _decided(acting, "keep", shares, because, until, request_id=request_id)


def _decided(
    acting: Acting,
    what: str,
    shares: Iterable[UUID],
    because: str = "",
    until: date | None = None,
    *,
    request_id: str,
) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select keeping.decide(%s, %s, %s, %s::uuid[], %s, %s, %s::uuid)",
            [acting.staff_id, acting.membership_id, what, list(shares), because, until, request_id],
        )
        (done,) = cursor.fetchone()
    return int(done or 0)
