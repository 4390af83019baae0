"""Half-way signed in: the password was right, and the second step is still to come.

Nobody is signed in half-way: the session says whose password it was, for some minutes, and no door
but those of the second step asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from organisations.models import StaffMember

#: Where in the session stand whose password was right, when, and where they wanted to go.
SESSION_KEY = "half-way"


@dataclass(frozen=True, slots=True)
class HalfWay:
    """Whose password was right, and where they wanted to go."""

    staff: StaffMember
    next: str


def begin(request: HttpRequest, staff: StaffMember, *, onward: str) -> None:
    """Note that somebody's password was right, under a new session key."""
    request.session.cycle_key()
    at = int(timezone.now().timestamp())
    request.session[SESSION_KEY] = {"staff": staff.pk, "at": at, "next": onward}


def of(request: HttpRequest) -> HalfWay | None:
    """Who is half-way; ``None`` once the time is over, or if their account was suspended."""
    noted = request.session.get(SESSION_KEY)
    if not noted:
        return None
    age = timezone.now().timestamp() - noted["at"]
    staff = StaffMember.objects.filter(pk=noted["staff"], is_active=True).first()
    if staff is None or not 0 <= age + 1 <= settings.SECOND_STEP_MINUTES * 60:
        end(request)
        return None
    return HalfWay(staff, noted["next"])


def end(request: HttpRequest) -> None:
    """Nobody is half-way any more."""
    request.session.pop(SESSION_KEY, None)
