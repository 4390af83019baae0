"""When a session ends by itself: after idle minutes, and at the longest after some hours.

What a page asks for by itself (``X-Unattended``) is no sign that anybody is there. A page says
beforehand when its session ends (``ui/assets/session.js``), and leaves for a page that shows
nothing; here the session itself is ended, with its event, whatever the page did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from access import sessions
from access.requests import AnyRequest
from access.sessions import ACTIVE, BEGAN

Next = Callable[[HttpRequest], HttpResponse]
Why = Literal["idle", "longest"]

#: That somebody is there is noted no more often than this, so that not every page is a write.
NOTED_EVERY: Final = 60
UNATTENDED = "X-Unattended"


@dataclass(frozen=True, slots=True)
class Left:
    """Seconds until a session ends: if nothing more is done, and whatever is done."""

    idle: int
    longest: int

    @property
    def first(self) -> int:
        """The nearer of the two."""
        return min(self.idle, self.longest)


class SessionsEnd:
    """Ends a session whose time is over before anything is answered in it."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: AnyRequest) -> HttpResponse:
        """End the session, or note that somebody is there; then go on."""
        if request.user.is_authenticated:
            why = over(request)
            if why is None:
                note(request)
            else:
                sessions.end(request, acting=None, request_id=request.request_id, why=why)
        return self._next(request)


def over(request: HttpRequest) -> Why | None:
    """Why the session is over; ``None`` if it is not."""
    left = left_of(request)
    if left.longest <= 0:
        return "longest"
    return "idle" if left.idle <= 0 else None


def note(request: HttpRequest, *, exactly: bool = False) -> None:
    """Note that somebody is there, unless the page asked by itself.

    :param exactly: also where that was noted within the last minute.
    """
    now, session = _now(), request.session
    if BEGAN not in session:
        session[BEGAN] = now
    by_itself = UNATTENDED in request.headers or request.path == reverse("signed-out")
    if by_itself and ACTIVE in session:
        return
    if exactly or now - session.get(ACTIVE, 0) >= NOTED_EVERY:
        session[ACTIVE] = now


def left_of(request: HttpRequest) -> Left:
    """What is left of a session; all of it where nothing has been noted yet."""
    now = _now()
    return Left(
        idle=request.session.get(ACTIVE, now) + settings.SESSION_IDLE_MINUTES * 60 - now,
        longest=request.session.get(BEGAN, now) + settings.SESSION_HOURS * 3600 - now,
    )


def _now() -> int:
    return int(timezone.now().timestamp())
