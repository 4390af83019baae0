"""Which of somebody's memberships may be acted as in this session.

All that are in force; where a provider said which role was selected there, those of that role.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from organisations.models import Membership, StaffMember
from organisations.signing_in import held_in_force

#: Where in the session stand the memberships of the role that was selected elsewhere.
SESSION_KEY = "roles"


def limit(request: HttpRequest, memberships: Iterable[Membership]) -> None:
    """Let nothing be acted as but these, for as long as the session lasts."""
    request.session[SESSION_KEY] = [each.pk for each in memberships]


def in_force(request: HttpRequest, staff: StaffMember) -> list[Membership]:
    """What may be acted as now."""
    held = held_in_force(staff)
    only = request.session.get(SESSION_KEY)
    return held if only is None else [each for each in held if each.pk in only]
