"""The look: one person on one record in one sitting, 15 minutes at most, kept in the session.

A look groups the openings of its requests for the audit's readers. It grants nothing: every
request decides anew and has an opening of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from access.acting import Acting

#: Where the look stands in the session. Signing out empties the session, and ends the look.
SESSION_KEY = "look"


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks at what since when.

    ``tries`` counts the requests in a row that found the facts changed under them.
    """

    id: UUID
    resident: UUID
    membership: int
    began: datetime
    tries: int = 0

    def lasts(self, at: datetime) -> bool:
        """Whether the look has begun and is not over at a moment."""
        return self.began <= at < self.began + timedelta(minutes=settings.LOOK_MINUTES)


def begin(request: HttpRequest, acting: Acting, resident: UUID) -> Look:
    """Begin a look at a resident's record. It closes the look at any other."""
    look = Look(uuid4(), resident, acting.membership_id, timezone.now())
    _keep(request, look)
    return look


def current(request: HttpRequest, acting: Acting, resident: UUID) -> Look | None:
    """The look at this resident's record, or ``None``.

    One that is over, or that another membership began, is ended here.
    """
    look = _read(request.session.get(SESSION_KEY))
    if look is None:
        return None
    if look.membership != acting.membership_id or not look.lasts(timezone.now()):
        end(request)
        return None
    return look if look.resident == resident else None


def end(request: HttpRequest) -> None:
    """End the look, if there is one."""
    request.session.pop(SESSION_KEY, None)


def count_try(request: HttpRequest, look: Look) -> int:
    """Count one more request that found the facts changed; answers how many in a row."""
    again = Look(look.id, look.resident, look.membership, look.began, look.tries + 1)
    _keep(request, again)
    return again.tries


def forget_tries(request: HttpRequest, look: Look) -> None:
    """A request went through, or its reader was told: count from nothing again."""
    if look.tries:
        _keep(request, Look(look.id, look.resident, look.membership, look.began))


def _keep(request: HttpRequest, look: Look) -> None:
    request.session[SESSION_KEY] = {
        **asdict(look),
        "id": str(look.id),
        "resident": str(look.resident),
        "began": look.began.isoformat(),
    }


def _read(kept: Mapping[str, Any] | None) -> Look | None:
    if kept is None:
        return None
    return Look(
        id=UUID(kept["id"]),
        resident=UUID(kept["resident"]),
        membership=kept["membership"],
        began=datetime.fromisoformat(kept["began"]),
        tries=kept["tries"],
    )
