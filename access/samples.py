"""Looks drawn for review: what "treating now" opened, a share of it, unpredictable to staff.

A relationship that lasts while somebody is treated (out of hours, in the emergency department) is
too common to raise an alert each time, and too easily taken for granted not to be looked at. A day
after the looks, a share of them joins the privacy officers' queue; of every organisation that had
any in a week, at least one.

What is drawn follows from the look's id and a key that no staff member has: drawn again, it is the
same, and nobody can know beforehand. The look with the lowest number of a week is drawn whatever
the share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from access.models import Alert, AlertKind, RelationshipKind, SampledDay
from access.references import new_reference
from audit import actions as audit
from audit.models import Action
from ui.formatting import LONDON

#: The relationships that stand for treating somebody now.
TREATING_NOW = (RelationshipKind.OUT_OF_HOURS, RelationshipKind.ATTENDANCE)
#: So long after midnight no opening of the day before can still be uncommitted.
MARGIN = timedelta(hours=1)
#: How far back the first draw of an installation goes.
REACH = timedelta(days=28)
_DAYS_OF_A_WEEK = 7
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Look:
    """A look that may be drawn: by whom, on whose record, and what opened it."""

    id: UUID
    organisation: int
    membership: int
    resident: int
    relationship: int


def number_of(look: UUID) -> float:
    """A number from 0 to 1 that only holders of the key can tell beforehand."""
    digest = salted_hmac("access.samples", look.hex, algorithm="sha256").digest()
    return int.from_bytes(digest[:8]) / 2**64


def drawn_of_day(looks: Iterable[Look], *, share: float) -> list[Look]:
    """The looks whose number lies below the share."""
    return [look for look in looks if number_of(look.id) < share]


def drawn_of_week(looks: Iterable[Look], *, sampled: frozenset[UUID]) -> list[Look]:
    """Of each organisation none of whose looks was sampled, the one with the lowest number."""
    by_organisation: dict[int, list[Look]] = {}
    for look in looks:
        by_organisation.setdefault(look.organisation, []).append(look)
    return [
        min(found, key=lambda look: number_of(look.id))
        for _, found in sorted(by_organisation.items())
        if not any(look.id in sampled for look in found)
    ]


def draw_due(now: datetime | None = None) -> int:
    """Draw from every day that is over and has not been drawn from; how many looks were drawn."""
    return sum(draw(day) for day in _days_due(now or timezone.now()))


def _days_due(now: datetime) -> list[date]:
    over = (now - MARGIN).astimezone(LONDON).date()
    last = SampledDay.objects.order_by("-day").values_list("day", flat=True).first()
    first = last + _ONE_DAY if last else over - REACH
    return [first + timedelta(days=number) for number in range(max((over - first).days, 0))]


@transaction.atomic
def draw(day: date) -> int:
    """Draw from the looks of one day, and on a Sunday from those of its week, once.

    One transaction: a worker that dies leaves the day to the next sweep. Workers take turns.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('access samples', 0))")
    if SampledDay.objects.filter(day=day).exists():
        return 0
    looks = _looks(day, day)
    drawn = drawn_of_day(looks, share=settings.SAMPLE_SHARE)
    for look in drawn:
        _raise(look)
    if day.isoweekday() == _DAYS_OF_A_WEEK:
        week = _looks(day - 6 * _ONE_DAY, day)
        for look in drawn_of_week(week, sampled=_sampled(week)):
            drawn.append(look)
            _raise(look)
    SampledDay.objects.create(day=day, looks=len(looks), drawn=len(drawn))
    return len(drawn)


def _looks(first: date, last: date) -> list[Look]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from access.looks_by_kind(%s, %s, %s::text[])",
            [_midnight(first), _midnight(last + _ONE_DAY), list(TREATING_NOW)],
        )
        return [Look(*row) for row in cursor.fetchall()]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=LONDON)


def _sampled(looks: Iterable[Look]) -> frozenset[UUID]:
    ids = [look.id for look in looks]
    found = Alert.objects.filter(kind=AlertKind.SAMPLE, look__in=ids)
    return frozenset(found.values_list("look", flat=True))  # type: ignore[arg-type]  # not null there


def _raise(look: Look) -> None:
    alert = Alert.objects.create(
        reference=new_reference(),
        kind=AlertKind.SAMPLE,
        organisation_id=look.organisation,
        membership_id=look.membership,
        resident_id=look.resident,
        relationship_id=look.relationship,
        look=look.id,
        raised=timezone.now(),
    )
    audit.record(
        Action.SAMPLE_DRAWN,
        organisation_id=look.organisation,
        resident_id=look.resident,
        look=look.id,
        detail={
            "alert": alert.pk,
            "reference": alert.reference,
            "membership": look.membership,
            "relationship": look.relationship,
        },
    )
