"""Who a resident is, for comparing: one side of a question, of a join, or of a joined record.

It comes from functions of the gate (``access/sql/0031_identity_shown.sql``), which answer only for
whom the officer's organisation may know of. Nothing clinical comes out of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from access.acting import Acting
from access.identity_calls import ask, day, moment
from identity.merges import Cause
from identity.models import LinkState, Sex
from identity.numbers import Ended, NumberStatus, SaidBy
from identity.protected import KEPT_BACK, Redaction, of_protected
from organisations.models import OrganisationKind

#: What stands for who looked after a protected resident's identity.
AN_OFFICER = "A records officer"


def kept_back(words: str) -> str:
    """What stands for words about a protected resident."""
    return KEPT_BACK if words else ""


def an_officer(by: str) -> str:
    """What stands for who did something about a protected resident."""
    return AN_OFFICER if by else ""


@dataclass(frozen=True, slots=True)
class StatusSeen:
    """A status that a number had, and on whose word."""

    status: NumberStatus
    said_by: SaidBy
    at: datetime


@dataclass(frozen=True, slots=True)
class NumberSeen:
    """A number of a resident's, live or past. ``digits`` are for the one formatter."""

    digits: str
    status: NumberStatus
    said_by: SaidBy
    until: datetime | None
    ended_because: Ended | None
    history: tuple[StatusSeen, ...]


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """A source of a resident's record by its kind; the identifiers of one's own organisation."""

    kind: OrganisationKind
    link: LinkState
    identifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergeNamed:
    """A merge that a resident was part of."""

    id: UUID
    at: datetime
    cause: Cause
    undone_at: datetime | None


@of_protected(
    keep=(
        "resident",
        "id",
        "title",
        "family_name",
        "given_names",
        "birth_date",
        "sex",
        "deceased",
        "deceased_on",
        "birth_date_part",
        "deceased_on_part",
        "death_notice",
        "protected",
        "known_to_all",
        "numbers",
        "sources",
        "merged",
    ),
    empty=("address_lines", "postcode", "phone"),
)
@dataclass(frozen=True, slots=True)
class Side:
    """Who a resident is, for comparing. ``numbers`` is ``None`` where they may not be shown."""

    resident: int
    id: UUID
    title: str
    family_name: str
    given_names: str
    birth_date: date | None
    sex: str
    deceased: bool
    deceased_on: date | None
    birth_date_part: str
    deceased_on_part: str
    death_notice: str
    protected: bool
    known_to_all: bool
    address_lines: tuple[str, ...]
    postcode: str
    phone: str
    numbers: tuple[NumberSeen, ...] | None
    sources: tuple[SourceSeen, ...]
    merged: tuple[MergeNamed, ...]


def identities(acting: Acting, residents: Sequence[UUID], *, request_id: str) -> list[Side] | None:
    """One resident, or two to be compared; ``None`` where one of them may not be known of.

    Whoever was merged is answered as whom they are now. Two who are kept apart are never shown
    together.
    """
    raw = ask(
        "select access.read_identities(%s, %s, %s::uuid[], %s::uuid)::text",
        acting,
        [str(each) for each in residents],
        request_id,
    )
    return None if raw is None else [side_of(each) for each in raw]


def side_of(raw: Mapping[str, Any]) -> Side:
    """A side as the gate answered it, redacted."""
    place = raw["place"] or {}
    numbers = raw["numbers"]
    side = Side(
        resident=raw["resident"],
        id=UUID(raw["id"]),
        title=raw["title"],
        family_name=raw["family_name"],
        given_names=raw["given_names"],
        birth_date=day(raw["birth_date"]),
        sex=Sex(raw["sex"]).label,
        deceased=raw["deceased"],
        deceased_on=day(raw["deceased_on"]),
        birth_date_part=raw["birth_date_part"],
        deceased_on_part=raw["deceased_on_part"],
        death_notice=raw["death_notice"],
        protected=raw["protected"],
        known_to_all=raw["known_to_all"],
        address_lines=tuple(place.get("address_lines", ())),
        postcode=place.get("postcode", ""),
        phone=place.get("phone", ""),
        numbers=None if numbers is None else tuple(_number(one) for one in numbers),
        sources=tuple(
            SourceSeen(
                OrganisationKind(one["kind"]), LinkState(one["link"]), tuple(one["identifiers"])
            )
            for one in raw["sources"]
        ),
        merged=tuple(
            MergeNamed(
                UUID(one["id"]),
                datetime.fromisoformat(one["at"]),
                Cause(one["cause"]),
                moment(one["undone_at"]),
            )
            for one in raw["merged"]
        ),
    )
    # The gate kept the place of a protected resident back already.
    return Redaction(protected=side.protected).of(side)


def _number(raw: Mapping[str, Any]) -> NumberSeen:
    return NumberSeen(
        digits=raw["number"],
        status=NumberStatus(raw["status"]),
        said_by=SaidBy(raw["said_by"]),
        until=moment(raw["until"]),
        ended_because=Ended(raw["ended_because"]) if raw["ended_because"] else None,
        history=tuple(
            StatusSeen(
                NumberStatus(one["status"]),
                SaidBy(one["said_by"]),
                datetime.fromisoformat(one["at"]),
            )
            for one in raw["history"]
        ),
    )
