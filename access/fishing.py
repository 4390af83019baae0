"""Searching that a privacy officer must look at: too often, or many times with nothing opened.

Asked of the audit in the background. The events are there already, committed with their searches,
so nothing is lost by a worker that dies: the next look finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from access.models import Alert, AlertKind
from access.references import new_reference


@dataclass(frozen=True, slots=True)
class Searching:
    """What was seen of somebody's searches: how many, how many people they showed, since when."""

    searches: int
    people: int
    since: datetime

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Searching:
        """From an alert's ``searching``."""
        return cls(raw["searches"], raw["people"], datetime.fromisoformat(raw["since"]))

    def as_json(self) -> dict[str, Any]:
        """For an alert's ``searching``."""
        return {
            "searches": self.searches,
            "people": self.people,
            "since": self.since.isoformat(),
        }


@transaction.atomic
def look() -> list[int]:
    """Raise an alert for each membership whose searches ask for one; the alerts' ids.

    A membership has at most one open alert of a kind, and what was raised once is not raised
    again: searches count from the last alert on. Workers take turns.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('access fishing', 0))")
        cursor.execute(
            "select kind, membership_id, organisation_id, searches, people, since"
            " from access.searching_to_review(make_interval(mins => %s), %s)",
            [settings.FISHING_MINUTES, settings.FISHING_SEARCHES],
        )
        found = cursor.fetchall()
    now = timezone.now()
    return [
        Alert.objects.create(
            reference=new_reference(),
            kind=AlertKind(kind),
            organisation_id=organisation,
            membership_id=membership,
            searching=Searching(searches, people, since).as_json(),
            raised=now,
        ).pk
        for kind, membership, organisation, searches, people, since in found
    ]
