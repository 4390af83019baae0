"""What happened to residents of late, as far as teams are told of it: read in the background.

The pipeline's login reads it, and nothing of it is shown: a notice says that something happened,
and whoever reads it is asked about by the gate then (``notifications``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q

from identity.models import LinkState
from organisations.categories import Category
from records.models import Entry
from records.statuses import EntryStatus


class Happening(StrEnum):
    """What a team is told of."""

    ADMISSION = "admission"
    DISCHARGE = "discharge"
    DEATH = "death"
    ASSESSMENT = "assessment"


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that an entry says, by its source's own name for the entry."""

    resident_id: int
    happening: Happening
    at: datetime
    source_id: int
    identifier: str
    grant_key: int


@dataclass(frozen=True, slots=True)
class EntryRow:
    """The columns of an entry that say what happened."""

    resident_id: int
    category: int
    kind: str
    contact_class: str
    status: str
    effective: datetime | None
    ends: datetime | None
    source_id: int
    identifier: str
    grant_key: int


def happenings_of(row: EntryRow) -> list[Happened]:
    """What one entry says: an admission, its end, or a social care assessment."""
    said: list[tuple[Happening, datetime | None]] = []
    live = row.status in (EntryStatus.CURRENT, EntryStatus.PAST)
    if row.category == Category.CONTACTS and row.contact_class == "inpatient" and live:
        said.append((Happening.ADMISSION, row.effective))
        if row.status == EntryStatus.PAST:
            said.append((Happening.DISCHARGE, row.ends))
    if row.category == Category.SOCIAL_CARE_ASSESSMENTS and live:
        said.append((Happening.ASSESSMENT, row.effective))
    return [
        Happened(row.resident_id, what, at, row.source_id, row.identifier, row.grant_key)
        for what, at in said
        if at is not None
    ]


def happened_since(residents: Collection[int], since: datetime) -> list[Happened]:
    """What entries say happened to these residents since a moment.

    Only of source persons who are linked beyond doubt, and of entries that are live.
    """
    rows = (
        Entry.objects.filter(
            resident_id__in=residents,
            category__in=[Category.CONTACTS, Category.SOCIAL_CARE_ASSESSMENTS],
            status__in=[EntryStatus.CURRENT, EntryStatus.PAST],
            source_person__link__in=[LinkState.LINKED, LinkState.ALONE],
        )
        .filter(Q(effective__gte=since) | Q(ends__gte=since))
        .values_list(
            "resident_id",
            "category",
            "kind",
            "contact_class",
            "status",
            "effective",
            "ends",
            "source_id",
            "identifier",
            "grant_key",
        )
    )
    found = [each for row in rows for each in happenings_of(EntryRow(*row))]
    return [each for each in found if each.at >= since]
