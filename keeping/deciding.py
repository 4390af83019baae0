"""What officers see of the review list of their own organisation, and what they decide.

With the web's login, through the gate's functions: they ask for the role again, and let nobody
confirm what they approved. A person is named by the identifier of the officers' own system.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

import msgspec
from django.db import connection

from access.acting import Acting
from keeping.models import ListedState

PAGE_LENGTH = 50


class Which(StrEnum):
    """Which shares are asked for."""

    WAITS = "waits"
    DECIDED = "decided"
    GONE = "gone"


@dataclass(frozen=True)
class Share:
    """One share on the list, by its reference and its controller's own identifier, never by name.

    ``identifier`` is empty where the share is gone. ``destroyed``, ``counts`` and ``files`` are of
    its stub: when it went, how many rows of what, and out of how many files its bytes were taken.
    """

    id: UUID
    identifier: str
    local: list[str]
    started: date
    due: date
    entries: int
    state: ListedState
    because: str
    mine: bool
    """Whether the reader approved it, and somebody else must confirm it."""
    held: bool
    approver: str
    confirmer: str
    kept_until: date | None
    kept_because: str
    destroyed: date | None
    counts: dict[str, int]
    files: int | None

    @property
    def may_be_approved(self) -> bool:
        """Whether it waits for a first officer, and nothing holds it."""
        return self.state is ListedState.LISTED and not self.held

    @property
    def may_be_confirmed(self) -> bool:
        """Whether another officer approved it, and nothing holds it."""
        return self.state is ListedState.APPROVED and not self.mine and not self.held

    @property
    def may_be_kept(self) -> bool:
        """Whether it can be kept for longer: up to the moment in which the timer destroys it."""
        return self.state in {ListedState.LISTED, ListedState.APPROVED, ListedState.CONFIRMED}

    @property
    def may_be_stopped(self) -> bool:
        """Whether two officers confirmed it and the timer has not come to it."""
        return self.state is ListedState.CONFIRMED


class _Answer(msgspec.Struct):
    total: int
    shares: list[Share]


def review_list(
    acting: Acting, *, page: int, request_id: str, which: Which = Which.WAITS
) -> tuple[list[Share], int] | None:
    """A page of the shares and how many there are; ``None`` if they may not see it."""
    return _read(acting, which, None, page, request_id)


def chosen(
    acting: Acting, shares: Sequence[UUID], *, request_id: str, which: Which = Which.WAITS
) -> list[Share]:
    """Those of these references that an officer of one's own organisation can still decide about.

    What waits; or, asked for what was decided, what two officers confirmed and is not gone.
    """
    answer = _read(acting, which, shares[:PAGE_LENGTH], 1, request_id)
    return [each for each in answer[0] if each.may_be_kept] if answer else []


def _read(
    acting: Acting, which: Which, shares: Sequence[UUID] | None, page: int, request_id: str
) -> tuple[list[Share], int] | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select keeping.review_list(%s, %s, %s, %s::uuid[], %s, %s, %s::uuid)::text",
            [
                acting.staff_id,
                acting.membership_id,
                which,
                None if shares is None else list(shares),
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
