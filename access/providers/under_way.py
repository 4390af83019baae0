"""Ways to a provider that somebody set out on and has not come back from: kept in their session.

Each has its own state, nonce and verifier, so that several windows do not disturb one another.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.utils import timezone

SESSION_KEY: Final = "under-way"
#: So many at once; the oldest is forgotten.
MOST: Final = 4
#: Signing in there takes no longer.
MINUTES: Final = 15


@dataclass(frozen=True, slots=True)
class UnderWay:
    """One of them. ``confirming``: who is signed in shows that it is still them."""

    provider: str
    state: str
    nonce: str
    verifier: str
    next: str
    confirming: bool
    at: int

    def __repr__(self) -> str:
        return f"UnderWay({self.provider})"


def set_out(request: HttpRequest, *, provider: str, onward: str, confirming: bool) -> UnderWay:
    """A new one, with secrets of its own."""
    made = UnderWay(
        provider=provider,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(64),
        next=onward,
        confirming=confirming,
        at=_now(),
    )
    kept: list[dict[str, Any]] = request.session.get(SESSION_KEY, [])
    request.session[SESSION_KEY] = [*kept, asdict(made)][-MOST:]
    return made


def come_back(request: HttpRequest, *, provider: str, state: str) -> UnderWay | None:
    """The one whose state this is; it is good for this once. ``None`` if there is none."""
    kept: list[dict[str, Any]] = request.session.get(SESSION_KEY, [])
    found = [each for each in kept if hmac.compare_digest(each["state"], state or " ")]
    if not found:
        return None
    request.session[SESSION_KEY] = [each for each in kept if each not in found]
    way = UnderWay(**found[0])
    young = 0 <= _now() - way.at <= MINUTES * 60
    return way if young and way.provider == provider else None


def _now() -> int:
    return int(timezone.now().timestamp())
