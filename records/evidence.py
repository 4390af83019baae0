"""What an entry says of who cares for a resident: its source, or whom it was sent to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from access.relationships import Evidence
from organisations.categories import Category
from organisations.models import Organisation, OrganisationKind, Team
from records.statuses import EntryStatus


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """The columns of an entry that say who cares for a resident."""

    category: int
    kind: str
    status: str
    contact_class: str
    identifier: str
    source_id: int
    source__kind: str
    effective: datetime
    ends: datetime | None
    team_code: str
    recipient_code: str
    recipient_team: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """Teams by organisation and code, and organisations (id, kind) by code; those in force."""

    teams: Mapping[tuple[int, str], int]
    organisations: Mapping[str, tuple[int, str]]

    @classmethod
    def read(cls) -> Registry:
        """As of now."""
        return cls(
            {(team.organisation_id, team.code): team.pk for team in Team.objects.current()},
            {
                code: (pk, kind)
                for code, pk, kind in Organisation.objects.current()
                .exclude(ods_code=None)
                .values_list("ods_code", "pk", "kind")
            },
        )

    def evidence_of(self, row: EvidenceRow, now: datetime) -> Iterable[Evidence]:
        """What an entry says of its source's care, and of that of whom it was sent to."""
        what = _what(row.category, row.kind, row.contact_class, row.source__kind)
        if what is None:
            return
        team = self.teams.get((row.source_id, row.team_code)) if row.team_code else None
        own = Evidence(
            what=what,
            reference=row.identifier,
            organisation=row.source_id,
            organisation_kind=row.source__kind,
            begins=row.effective,
            ends=row.ends,
            is_open=row.status == EntryStatus.CURRENT and (row.ends is None or row.ends > now),
            team=team,
            team_unknown=bool(row.team_code) and team is None,
            place=row.place if what in _LIES_SOMEWHERE else "",
        )
        if what != "referral" or row.recipient_code not in self.organisations:
            yield own
            return
        organisation, kind = self.organisations[row.recipient_code]
        to_team = self.teams.get((organisation, row.recipient_team))
        if organisation != row.source_id:
            yield own
        elif to_team is None:
            to_team = team  # within one organisation; whoever holds the referral there
        from_hospital = row.source__kind == OrganisationKind.NHS_TRUST
        leaving = from_hospital and kind == OrganisationKind.ADULT_SOCIAL_CARE
        yield replace(
            own,
            what="discharge-referral" if leaving else "referral",
            organisation=organisation,
            organisation_kind=kind,
            team=to_team,
            team_unknown=bool(row.recipient_team) and to_team is None,
        )


#: Evidence whose place is where the resident is while it lasts.
_LIES_SOMEWHERE = frozenset({"inpatient", "emergency"})
_WHAT_BY_CLASS = {
    "inpatient": "inpatient",
    "emergency": "emergency",
    "outpatient": "outpatient",
    "out_of_hours": "out-of-hours",
}


def _what(category: int, kind: str, contact_class: str, source_kind: str) -> str | None:
    """Which kind of evidence an entry is, if any."""
    if kind == "Appointment":
        return "appointment"
    if kind in {"ServiceRequest", "Task"}:
        return "referral"
    if category == Category.SOCIAL_CARE_SERVICES and kind == "EpisodeOfCare":
        return "social-care-service"
    if category == Category.PEOPLE_INVOLVED and kind == "CareTeam":
        return (
            "allocated-worker" if source_kind == OrganisationKind.ADULT_SOCIAL_CARE else "caseload"
        )
    if kind == "EpisodeOfCare":
        return "temporary-registration" if contact_class == "temporary" else "caseload"
    if kind == "Encounter" and source_kind == OrganisationKind.OUT_OF_HOURS:
        return "out-of-hours"
    return _WHAT_BY_CLASS.get(contact_class) if kind == "Encounter" else None


def with_registration(items: list[Evidence], registration: Evidence) -> list[Evidence]:
    """The evidence with a registration, unless it is but assumed and there is a temporary one.

    A practice that sends a person and names no practice is taken for theirs; not where it says
    that it has them for a time.
    """
    assumed = registration.what == "assumed-registration"
    if assumed and any(
        item.what == "temporary-registration" and item.organisation == registration.organisation
        for item in items
    ):
        return items
    return [*items, replace(registration, what="registration")]
