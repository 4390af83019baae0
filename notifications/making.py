"""Making notices: once a delivery's changes have settled, in short transactions of the pipeline's.

A team is told of what happened to somebody for whom evidence connects it: by what it has not sent
itself. A relationship that one person declared is that person's alone, and no team's. Whether
somebody may see is not asked here, but when they read it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from access.models import CareRelationship
from identity.models import Resident
from notifications.models import Notice, NoticeKind, NoticesDue
from records.happenings import Happened, happened_since

#: Residents of one transaction.
AT_ONCE = 200


@transaction.atomic
def make_due_notices(*, limit: int = AT_ONCE) -> int:
    """Make the notices about up to ``limit`` residents that are due; how many residents were done.

    One short transaction; safe to run by several workers, and to be killed at any moment: a notice
    is made once for a team, whatever comes again.
    """
    residents = NoticesDue.take(limit)
    if not residents:
        return 0
    now = timezone.now()
    since = now - settings.NOTICE_PERIOD
    happened = happened_since(residents, since)
    teams = _teams(residents, now)
    Notice.objects.bulk_create(
        [
            *_of_entries(happened, teams),
            *_of_deaths(residents, since, teams),
        ],
        ignore_conflicts=True,
    )
    _take_back(residents, happened, since, now)
    return len(residents)


Teams = dict[int, set[tuple[int, int | None]]]


def _teams(residents: Collection[int], now: datetime) -> Teams:
    """Resident → the (organisation, team) that evidence connects with them now."""
    found: Teams = {}
    rows = (
        CareRelationship.objects.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=now),
            resident_id__in=residents,
            derived=True,
            valid_from__lte=now,
        )
        .values_list("resident_id", "organisation_id", "team_id")
        .distinct()
    )
    for resident, organisation, team in rows:
        found.setdefault(resident, set()).add((organisation, team))
    return found


def _of_entries(happened: Iterable[Happened], teams: Teams) -> Iterable[Notice]:
    for each in happened:
        for organisation, team in teams.get(each.resident_id, ()):
            if organisation != each.source_id:  # who sent it knows it
                yield Notice(
                    kind=NoticeKind(each.happening),
                    resident_id=each.resident_id,
                    organisation_id=organisation,
                    team_id=team,
                    source_id=each.source_id,
                    identifier=each.identifier,
                    grant_key=each.grant_key,
                    happened=each.at,
                )


def _of_deaths(residents: Collection[int], since: datetime, teams: Teams) -> Iterable[Notice]:
    died = Resident.objects.filter(pk__in=residents, deceased=True, deceased_since__gte=since)
    for resident, heard in died.values_list("pk", "deceased_since"):
        if heard is None:  # never, by the filter
            continue
        for organisation, team in teams.get(resident, ()):
            yield Notice(
                kind=NoticeKind.DEATH,
                resident_id=resident,
                organisation_id=organisation,
                team_id=team,
                identifier=f"resident {resident}",
                happened=heard,
            )


def _take_back(
    residents: Collection[int], happened: Iterable[Happened], since: datetime, now: datetime
) -> None:
    """What its source no longer says is gone from every inbox, and comes back with it."""
    said = {(str(each.happening), each.source_id, each.identifier) for each in happened}
    died = set(
        Resident.objects.filter(pk__in=residents, deceased=True).values_list("pk", flat=True)
    )
    gone: list[int] = []
    back: list[int] = []
    for notice in Notice.objects.filter(resident_id__in=residents, happened__gte=since):
        holds = (
            notice.resident_id in died
            if notice.kind == NoticeKind.DEATH
            else (notice.kind, notice.source_id, notice.identifier) in said
        )
        if holds != (notice.gone is None):
            (back if holds else gone).append(notice.pk)
    Notice.objects.filter(pk__in=gone).update(gone=now)
    Notice.objects.filter(pk__in=back).update(gone=None)
