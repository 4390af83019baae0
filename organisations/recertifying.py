"""Roles that are confirmed each period or end, and accounts that stop when nobody uses them.

A role is to be confirmed within ``RECERTIFY_DAYS`` by an administrator of its organisation, and
ends by itself ``RECERTIFY_GRACE_DAYS`` later; but never all of a team's at once: then nobody
attended to it, and it stays, marked, until somebody does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from organisations.models import Membership, Organisation
from organisations.staffing import Administrator

#: So long before its day a role is listed.
REMINDED = timedelta(days=60)
#: So many are shown at once, those whose day comes first.
MOST = 100


@dataclass(frozen=True, slots=True)
class Due:
    """A role that is to be confirmed, and when it ends by itself."""

    id: int
    person: UUID
    name: str
    role: str
    place: str
    ends: datetime
    is_readers: bool
    colour: str


def longest() -> timedelta:
    """How long a role lasts that nobody confirms."""
    return timedelta(days=settings.RECERTIFY_DAYS + settings.RECERTIFY_GRACE_DAYS)


def due(of: QuerySet[Organisation], *, reader: int) -> list[Due]:
    """The roles of some organisations whose day has come or comes near, the earliest first."""
    now = timezone.now()
    listed = (
        Membership.objects.current(now)
        .filter(
            organisation__in=of,
            staff__is_active=True,
            certified_at__lt=now + REMINDED - timedelta(days=settings.RECERTIFY_DAYS),
        )
        .select_related("staff", "role", "organisation", "team")
        .order_by("certified_at", "pk")[:MOST]
    )
    return [_due(each, reader, now) for each in listed]


def _due(membership: Membership, reader: int, now: datetime) -> Due:
    ends = membership.certified_at + longest()
    place = membership.organisation.name
    team = membership.team
    left = (ends - now).days
    return Due(
        id=membership.pk,
        person=membership.staff.public_id,
        name=membership.staff.name,
        role=membership.role.name,
        place=f"{place}, {team.name}" if team else place,
        ends=ends,
        is_readers=membership.staff_id == reader,
        colour="red" if left <= 7 else "orange" if left <= 30 else "yellow",
    )


def certify(
    acting: Administrator, memberships: Collection[int], *, request_id: str
) -> tuple[str, int]:
    """Say that roles are still needed: ``certified`` and how many, ``own`` or ``not-allowed``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select outcome, certified from organisations.certify(%s, %s, %s::uuid, %s::bigint[])",
            [acting.staff_id, acting.membership_id, request_id, sorted(memberships)],
        )
        outcome, certified = cursor.fetchone()
    return outcome, certified


def let_in_again(acting: Administrator, person: UUID, *, request_id: str) -> str:
    """Let somebody sign in again whose account stopped by itself: ``let-in``, or why not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select organisations.let_in_again(%s, %s, %s::uuid, %s)",
            [acting.staff_id, acting.membership_id, request_id, person],
        )
        (answer,) = cursor.fetchone()
    return str(answer)


def sweep() -> tuple[int, int]:
    """End what nobody confirmed, and stop what nobody uses: how many of each. For the pipeline."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select organisations.end_uncertified(make_interval(secs => %s))",
            [longest().total_seconds()],
        )
        (ended,) = cursor.fetchone()
        cursor.execute(
            "select organisations.stop_dormant(make_interval(days => %s))",
            [settings.DORMANT_DAYS],
        )
        (stopped,) = cursor.fetchone()
    return ended, stopped
