"""My residents: whom a membership cares for now, and why, by their care relationships."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from access import gate
from access.acting import Acting
from access.models import RelationshipKind
from identity.protected import Redaction, is_protected, of_protected
from ui.formatting import LONDON

PAGE_LENGTH = 25


@of_protected(
    keep=("resident", "public_id", "kind", "has_left", "since", "until"), empty=("team", "place")
)
@dataclass(frozen=True, slots=True)
class Mine:
    """One resident of the list, and the first reason why they are on it.

    ``resident`` is their own id, who is glimpsed without a place. ``since`` is the time of an
    appointment, else when the care began; ``until`` when the relationship ends by itself.
    ``has_left`` says that an admission or an attendance is over. ``team`` is named where it is
    not the reader's own, ``place`` is where an admitted resident lies.
    """

    resident: int
    public_id: UUID
    kind: RelationshipKind
    has_left: bool
    since: datetime
    until: datetime | None
    team: str
    place: str


@dataclass(frozen=True, slots=True)
class MyResidents:
    """A page of the list, in its order, and how many are on the whole of it."""

    residents: tuple[Mine, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Registered:
    """A page of who is registered with a practice, by name; ``after`` is where the next begins."""

    residents: tuple[Mine, ...]
    after: UUID | None


def my_residents(acting: Acting, *, at: datetime, page: int, request_id: str) -> MyResidents | None:
    """A page of whom this membership cares for now; pages count from 1. ``None`` if not for it.

    Everyone on it is glimpsed and named in one event, and the rule is asked about all of them at
    once: whoever would be refused is not listed, and so nobody who opted out; one whose record is
    under watch is. They are found by
    their number, or by exact name and birth date.
    """
    today = at.astimezone(LONDON).replace(hour=0, minute=0, second=0, microsecond=0)
    # By the wall clock: a day of London's has 23 or 25 hours twice a year.
    tomorrow = today + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.my_residents(%s, %s, make_interval(secs => %s), %s, %s, %s, %s,"
            " %s::uuid)::text",
            [
                acting.staff_id,
                acting.membership_id,
                settings.RELATIONSHIP_PERIODS["before_appointment"].total_seconds(),
                today,
                tomorrow,
                PAGE_LENGTH,
                (page - 1) * PAGE_LENGTH,
                request_id,
            ],
        )
        (answer,) = cursor.fetchone()
    if answer is None:
        return None
    raw = json.loads(answer)
    return MyResidents(_whose_record_opens(acting, raw["residents"]), raw["total"])


def registered(
    acting: Acting, *, letter: str, after: UUID | None, request_id: str
) -> Registered | None:
    """A page of who is registered with this membership's practice; ``None`` if not for it.

    By name, from those whose family name begins with a letter, or from all of them where it is
    empty; after somebody of the list, or from its beginning. As :func:`my_residents` otherwise.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.registered_residents(%s, %s, %s, %s, %s, %s::uuid)::text",
            [
                acting.staff_id,
                acting.membership_id,
                letter,
                after,
                PAGE_LENGTH,
                request_id,
            ],
        )
        (answer,) = cursor.fetchone()
    if answer is None:
        return None
    raw = json.loads(answer)
    last = UUID(raw["residents"][-1]["public_id"]) if raw["more"] else None
    return Registered(_whose_record_opens(acting, raw["residents"]), last)


def _whose_record_opens(acting: Acting, listed: list[dict[str, Any]]) -> tuple[Mine, ...]:
    found = [_mine(each) for each in listed]
    decisions = gate.consider_many(acting, [each.public_id for each in found]) if found else []
    return tuple(
        each for each, decision in zip(found, decisions, strict=True) if decision.may_be_listed
    )


def _mine(raw: dict[str, Any]) -> Mine:
    kind = RelationshipKind(raw["kind"])
    since = datetime.fromisoformat(raw["from"])
    if kind is RelationshipKind.APPOINTMENT:
        # It carries a relationship from some days before it (access.relationships).
        since += settings.RELATIONSHIP_PERIODS["before_appointment"]
    mine = Mine(
        resident=raw["id"],
        public_id=UUID(raw["public_id"]),
        kind=kind,
        has_left=raw["has_left"],
        since=since,
        until=datetime.fromisoformat(raw["until"]) if raw["until"] else None,
        team=raw["team"],
        place=raw["place"],
    )
    return Redaction(protected=is_protected(raw["protection"])).of(mine)
