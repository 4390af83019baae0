"""The facts that the rule asks about: values, and the one statement that reads them.

Only this module reads the database for the rule. The statement is a function of the gate's
(``access.read_facts``), because the web's login sees nothing of a resident before an opening. The
epochs come with it, out of the same snapshot: whatever changes after it makes the opening fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from identity.protected import (
    Known,
    Redaction,
    is_protected,
    kind_of_organisation,
    of_protected,
)
from organisations.activities import Activity
from organisations.categories import Category
from organisations.periods import State
from statements import prepared
from ui.formatting import LONDON


@dataclass(frozen=True, slots=True)
class Period:
    """A state with its dates."""

    state: str
    valid_from: datetime
    valid_until: datetime | None

    def in_force(self, at: datetime) -> bool:
        """Whether it counts at a moment: active, begun, and not ended."""
        return (
            self.state == State.ACTIVE
            and self.valid_from <= at
            and (self.valid_until is None or at < self.valid_until)
        )


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """The role of the acting membership."""

    code: str
    name: str
    categories: frozenset[Category]
    activities: frozenset[str]
    period: Period


@dataclass(frozen=True, slots=True)
class OrganisationFacts:
    """The reader's own organisation."""

    id: int
    name: str
    kind: str
    period: Period


@dataclass(frozen=True, slots=True)
class TeamFacts:
    """The reader's team there."""

    id: int
    serves_whole_site: bool
    period: Period


@dataclass(frozen=True, slots=True)
class MembershipFacts:
    """The acting membership with all that hangs on it."""

    id: int
    period: Period
    organisation: OrganisationFacts
    team: TeamFacts | None
    role: RoleFacts


@dataclass(frozen=True, slots=True)
class ResidentFacts:
    """What the rule needs to know of the resident: no name, no place.

    ``deceased_since`` is when a death was first heard of.
    """

    id: int
    known_to_all: bool
    may_be_known: bool
    protection: str
    deceased: bool
    deceased_on: date | None
    deceased_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal in force; ``council`` for the two kinds that are about one council."""

    kind: str
    council: int | None


@dataclass(frozen=True, slots=True)
class Relationship:
    """A care relationship of the reader's organisation with the resident.

    ``membership`` is whose it is, where it was declared and so opens for one person alone.
    """

    id: int
    kind: str
    team: int | None
    valid_from: datetime
    valid_until: datetime | None
    membership: int | None = None


@dataclass(frozen=True, slots=True)
class Glass:
    """Glass that the reader broke for this resident in this sitting."""

    id: int
    began: datetime
    ends_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A lawful disclosure that names the reader.

    It holds once ``confirmed``; with ``confirm_by`` (made out of hours) until then without.
    """

    id: int
    categories: frozenset[Category]
    valid_from: datetime
    valid_until: datetime
    confirmed: datetime | None
    confirm_by: datetime | None
    ended: datetime | None = None

    @property
    def ends(self) -> datetime:
        """When it ends by itself, as things stand."""
        if self.confirmed is None and self.confirm_by is not None:
            return min(self.confirm_by, self.valid_until)
        return self.valid_until


@dataclass(frozen=True, slots=True)
class Watch:
    """A privacy officer's watch over the record, and whether the reader has said why since.

    ``answered`` is of this sitting and of this membership.
    """

    id: int
    began: datetime
    ends_at: datetime
    answered: bool


def _day_updated(source: Source, _known: Known) -> date | None:
    return _day(source.updated)


def _day_late(source: Source, _known: Known) -> date | None:
    return _day(source.late_since)


def _day(moment: datetime | date | None) -> date | None:
    return moment.astimezone(LONDON).date() if isinstance(moment, datetime) else moment


@of_protected(
    keep=("id", "kind", "sends", "agreed"),
    empty=("area", "duty_phone"),
    name=lambda source, _known: kind_of_organisation(source.kind),
    updated=_day_updated,
    late_since=_day_late,
)
@dataclass(frozen=True, slots=True)
class Source:
    """An organisation whose entries a record may hold, seen from the reader's organisation.

    ``agreed`` are the categories that agreements in force let it show to the reader's
    organisation, or to this reader by name; ``sends`` those that its feeds bring; ``late_since``
    when a feed that should have come was last received.

    Of a protected resident the name is the kind, there is no area and no telephone, and times are
    to the day, because feeds could be told apart by their minutes (rule R7).
    """

    id: int
    name: str
    kind: str
    area: str
    duty_phone: str
    sends: frozenset[Category]
    agreed: frozenset[Category]
    late_since: datetime | date | None
    updated: datetime | date | None

    @property
    def in_sentence(self) -> str:
        """The name as it stands within a sentence: kinds begin with a small letter there."""
        return self.name[:1].lower() + self.name[1:] if self.by_kind else self.name

    @property
    def by_kind(self) -> bool:
        """Whether the name is a kind, because the resident is protected."""
        return self.name == kind_of_organisation(self.kind)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a decision stands on, as of one moment.

    ``after_death`` is how long after a death care goes on: configuration, and no time at all
    where nobody said.
    """

    at: datetime
    rules_epoch: int
    resident_epoch: int | None
    staff_active: bool
    membership: MembershipFacts | None
    resident: ResidentFacts | None
    links: Mapping[int, bool]
    refusals: frozenset[Refusal]
    relationships: tuple[Relationship, ...]
    sources: tuple[Source, ...]
    glasses: tuple[Glass, ...] = ()
    disclosures: tuple[Disclosure, ...] = ()
    watches: tuple[Watch, ...] = ()
    after_death: timedelta = timedelta(0)


def read(
    *, staff_id: int, membership_id: int, resident: UUID, sitting: UUID | None = None
) -> Facts:
    """The facts for one staff member, one of their memberships and one resident.

    What does not exist is ``None`` in the answer, and the rule denies on it. Glass is that of this
    ``sitting``, and so is what was said of why a watched record is opened; without one there is
    none.
    """
    (facts,) = read_many(
        staff_id=staff_id, membership_id=membership_id, residents=[resident], sitting=sitting
    )
    return facts


def read_many(
    *,
    staff_id: int,
    membership_id: int,
    residents: Sequence[UUID],
    sitting: UUID | None = None,
) -> list[Facts]:
    """The facts for one staff member, one of their memberships and each resident, in their order.

    One statement, whatever the number of residents and the size of their records, so that all are
    as of one moment.
    """
    with prepared() as cursor:
        cursor.execute(
            "select access.read_facts(%s::bigint, %s::bigint, %s::uuid[], %s::uuid)::text,"
            " access.trials(%s::bigint)::text",
            # An array in PostgreSQL's own words is sooner made than one of psycopg's.
            [
                staff_id,
                membership_id,
                f"{{{','.join(map(str, residents))}}}",
                sitting,
                membership_id,
            ],
        )
        answer, trials = cursor.fetchone()
    return from_answer(msgspec.json.decode(answer), trials and msgspec.json.decode(trials))


def from_answer(
    answer: Mapping[str, Any], trials: Mapping[str, list[list[int]]] | None = None
) -> list[Facts]:
    """Facts out of the gate's answer about several residents.

    :param trials: source → categories that it shows to this reader by name (``access.trials``).
    """
    reader = _reader(answer)
    sources = [_source(item, trials or {}) for item in answer["sources"]]
    everywhere = {item["id"] for item in answer["sources"] if item["everywhere"]}
    return [
        _about(
            raw,
            reader,
            [
                source
                for source in sources
                if source.id in everywhere or str(source.id) in raw["links"]
            ],
        )
        for raw in answer["residents"]
    ]


def from_json(raw: Mapping[str, Any], *, after_death: timedelta | None = None) -> Facts:
    """Facts about one resident, with what is the reader's and the registry's beside it.

    :param after_death: how long after a death care goes on; ``RELATIONSHIP_PERIODS`` says so if
        nothing is given.
    """
    reader = _reader(raw, after_death)
    trials = raw.get("trials", {})
    return _about(raw, reader, [_source(item, trials) for item in raw["sources"]])


def _reader(raw: Mapping[str, Any], after_death: timedelta | None = None) -> dict[str, Any]:
    """What is the same whoever the resident is, but the sources."""
    if after_death is None:
        after_death = settings.RELATIONSHIP_PERIODS["after_death"]
    staff = raw["staff"]
    return {
        "at": datetime.fromisoformat(raw["at"]),
        "rules_epoch": raw["rules_epoch"],
        "staff_active": bool(staff and staff["active"]),
        "membership": _membership(raw["membership"]),
        "after_death": after_death,
    }


def _about(raw: Mapping[str, Any], reader: Mapping[str, Any], sources: list[Source]) -> Facts:
    resident = _resident(raw["resident"])
    redaction = Redaction(protected=resident is not None and is_protected(resident.protection))
    return Facts(
        **reader,
        resident_epoch=raw["resident_epoch"],
        resident=resident,
        links={int(source): linked for source, linked in raw["links"].items()},
        refusals=frozenset(Refusal(item["kind"], item["council"]) for item in raw["refusals"]),
        relationships=tuple(_relationship(item) for item in raw["relationships"]),
        sources=tuple(map(redaction.of, sources)),
        glasses=tuple(_glass(item) for item in raw.get("glasses", ())),
        disclosures=tuple(_disclosure(item) for item in raw.get("disclosures", ())),
        watches=tuple(_watch(item) for item in raw.get("watches", ())),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _period(raw: Mapping[str, Any]) -> Period:
    return Period(raw["state"], datetime.fromisoformat(raw["from"]), _moment(raw["until"]))


_CATEGORIES = {category.value: category for category in Category}
_ACTIVITIES = frozenset(Activity)


def _categories(raw: Iterable[int]) -> frozenset[Category]:
    return frozenset(map(_CATEGORIES.__getitem__, raw))


def _membership(raw: Mapping[str, Any] | None) -> MembershipFacts | None:
    if raw is None:
        return None
    organisation, team, role = raw["organisation"], raw["team"], raw["role"]
    return MembershipFacts(
        id=raw["id"],
        period=_period(raw["period"]),
        organisation=OrganisationFacts(
            organisation["id"],
            organisation["name"],
            organisation["kind"],
            _period(organisation["period"]),
        ),
        team=None
        if team is None
        else TeamFacts(team["id"], team["whole_site"], _period(team["period"])),
        role=RoleFacts(
            role["code"],
            role["name"],
            _categories(role["categories"]),
            _ACTIVITIES.intersection(role["activities"]),
            _period(role["period"]),
        ),
    )


def _resident(raw: Mapping[str, Any] | None) -> ResidentFacts | None:
    if raw is None:
        return None
    died = raw["deceased_on"]
    return ResidentFacts(
        id=raw["id"],
        known_to_all=raw["known_to_all"],
        may_be_known=bool(raw["may_be_known"]),
        protection=raw["protection"],
        deceased=raw["deceased"],
        deceased_on=None if died is None else date.fromisoformat(died),
        deceased_since=_moment(raw.get("deceased_since")),
    )


def _relationship(raw: Mapping[str, Any]) -> Relationship:
    return Relationship(
        raw["id"],
        raw["kind"],
        raw["team"],
        datetime.fromisoformat(raw["from"]),
        _moment(raw["until"]),
        raw.get("membership"),
    )


def _glass(raw: Mapping[str, Any]) -> Glass:
    return Glass(
        raw["id"],
        datetime.fromisoformat(raw["began"]),
        datetime.fromisoformat(raw["ends_at"]),
        _moment(raw["ended_at"]),
    )


def _disclosure(raw: Mapping[str, Any]) -> Disclosure:
    return Disclosure(
        raw["id"],
        _categories(raw["categories"]),
        datetime.fromisoformat(raw["from"]),
        datetime.fromisoformat(raw["until"]),
        _moment(raw["confirmed"]),
        _moment(raw["confirm_by"]),
        _moment(raw["ended"]),
    )


def _watch(raw: Mapping[str, Any]) -> Watch:
    return Watch(
        raw["id"],
        datetime.fromisoformat(raw["began"]),
        datetime.fromisoformat(raw["ends_at"]),
        raw["answered"],
    )


def _source(raw: Mapping[str, Any], trials: Mapping[str, list[list[int]]]) -> Source:
    agreed = raw["agreed"]
    if trials:
        agreed = [*agreed, *trials.get(str(raw["id"]), ())]
    return Source(
        id=raw["id"],
        name=raw["name"],
        kind=raw["kind"],
        area=raw["area"],
        duty_phone=raw["duty_phone"],
        # A list for each feed and each agreement.
        sends=_categories(chain.from_iterable(raw["sends"])),
        agreed=_categories(chain.from_iterable(agreed)),
        late_since=_moment(raw["late_since"]),
        updated=_moment(raw["updated"]),
    )
