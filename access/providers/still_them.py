"""That who signed in by a provider has shown there, a moment ago, that it is still them."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from django.utils import timezone

SESSION_KEY: Final = "still-them"
#: For so long, and for one thing.
MINUTES: Final = 5


def note(request: HttpRequest) -> None:
    """They have shown it."""
    request.session[SESSION_KEY] = _now()


def lately(request: HttpRequest) -> bool:
    """Whether they showed it a moment ago, and nothing was done by it yet."""
    at: int = request.session.get(SESSION_KEY, 0)
    return 0 <= _now() - at <= MINUTES * 60


def take(request: HttpRequest) -> bool:
    """The same; it is used by this."""
    shown = lately(request)
    request.session.pop(SESSION_KEY, None)
    return shown


def _now() -> int:
    return int(timezone.now().timestamp())
