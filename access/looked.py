"""Who looked at whose record, as an officer reads it: lines of looks, out of the audit.

The functions of the gate answer for those whose role reads the audit, and write that they read it
(``access/sql/0043_looked.sql``). An officer learns the name of their own organisation's staff and
of others the role; of other councils' adult social care nothing, since that a council supports
somebody is social care information itself (docs/adr/0012).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from access.acting import Acting
from access.identity_calls import ask, moment
from access.models import RelationshipKind
from access.reasons import AccessReason
from audit.models import Action
from identity.protected import Redaction, is_protected, kind_of_organisation, of_protected
from organisations.categories import Category

#: Lines on a page, and in a file.
PAGE_LENGTH = 50
MOST_IN_FILE = 10_000


class Form(StrEnum):
    """How the lines are read; the event of the reading says so."""

    TABLE = "table"
    TIMELINE = "timeline"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Did:
    """One kind of thing that was done in a look.

    ``page`` and ``part`` are which page of the record and which category of it were opened;
    ``why`` is the reason that somebody gave for an emergency or their involvement.
    """

    action: Action
    outcome: str
    reason: str
    page: str
    part: Category | None
    why: AccessReason | None


@of_protected(
    keep=(
        "line",
        "first",
        "last",
        # Whoever is asked about is named, whoever the resident is (docs/adr/0010 says the same of
        # alerts): nobody could be asked why otherwise.
        "staff",
        "staff_name",
        "role",
        "kind",
        "own",
        "resident",
        "pages",
        "listed",
        "basis",
        "care",
        "since",
        "did",
        "nth",
        "times",
    ),
    organisation=lambda look, _known: kind_of_organisation(look.kind),
)
@dataclass(frozen=True, slots=True)
class LookSeen:
    """One line: what one person did with one record in one look, or in one list.

    ``staff`` and ``staff_name`` are wanting but of the reader's own organisation. ``basis`` and
    ``care`` are what the record opened on, ``since`` when that care began. ``pages`` were opened;
    ``listed`` are the people of a list. It is the ``nth`` of so many ``times`` that this person
    opened this record in the time that was asked about.
    """

    line: UUID
    first: datetime
    last: datetime
    staff: int | None
    staff_name: str
    role: str
    organisation: str
    kind: str
    own: bool
    resident: int | None
    pages: int
    listed: int
    basis: str
    care: RelationshipKind | None
    since: datetime | None
    did: tuple[Did, ...]
    nth: int
    times: int


@dataclass(frozen=True, slots=True)
class Looks:
    """A part of the lines, latest first, and how many there are.

    Of a resident ``resident`` is their own id; of a staff member ``staff_name`` is the name.
    """

    lines: tuple[LookSeen, ...]
    total: int
    resident: int | None = None
    staff_name: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment up to another, and which part of its lines."""

    since: datetime
    until: datetime
    limit: int = PAGE_LENGTH
    offset: int = 0

    @classmethod
    def of_days(
        cls, days: int, until: datetime, *, limit: int = PAGE_LENGTH, offset: int = 0
    ) -> Span:
        """The days up to a moment."""
        return cls(until - timedelta(days=days), until, limit, offset)


def who_looked_at(
    acting: Acting, resident: UUID, span: Span, *, form: Form, request_id: str
) -> Looks | None:
    """Who looked at a resident; ``None`` if not for this officer. It is audited."""
    raw = ask(
        "select access.who_looked_at(%s, %s, %s, %s, %s, %s, %s, %s, %s::uuid)::text",
        acting,
        resident,
        span.since,
        span.until,
        span.limit,
        span.offset,
        form,
        request_id,
    )
    return None if raw is None else looks_of(raw)


def looks_of_staff(
    acting: Acting, staff: int, span: Span, *, form: Form, request_id: str
) -> Looks | None:
    """At whom a staff member of one's organisation looked for it; ``None`` if not for this officer.

    The residents of the lines are glimpsed. It is audited, with all of them.
    """
    raw = ask(
        "select access.looks_of_staff(%s, %s, %s, %s, %s, %s, %s, %s, %s::uuid)::text",
        acting,
        staff,
        span.since,
        span.until,
        span.limit,
        span.offset,
        form,
        request_id,
    )
    return None if raw is None else looks_of(raw)


def looks_of(raw: dict[str, Any]) -> Looks:
    """The lines that a function of the gate answers, as they may be shown."""
    whole = is_protected(raw.get("protection", "U"))
    return Looks(
        lines=tuple(_look(each, protected=whole) for each in raw["looks"]),
        total=raw["total"],
        resident=raw.get("resident"),
        staff_name=raw.get("staff_name", ""),
    )


def _look(raw: dict[str, Any], *, protected: bool) -> LookSeen:
    seen = LookSeen(
        line=UUID(raw["line"]),
        first=datetime.fromisoformat(raw["first"]),
        last=datetime.fromisoformat(raw["last"]),
        staff=raw["staff"],
        staff_name=raw["staff_name"],
        role=raw["role"],
        organisation=raw["organisation"],
        kind=raw["kind"],
        own=bool(raw["own"]),
        resident=raw["resident"],
        pages=raw["pages"],
        listed=raw["listed"] or 0,
        basis=raw["basis"],
        care=RelationshipKind(raw["care"]) if raw["care"] else None,
        since=moment(raw["since"]),
        did=tuple(_did(each) for each in raw["did"]),
        nth=raw["nth"],
        times=raw["times"],
    )
    return Redaction(protected=protected or is_protected(raw["protection"])).of(seen)


def _did(raw: dict[str, Any]) -> Did:
    part, why = raw.get("part"), raw.get("why")
    return Did(
        action=Action(raw["action"]),
        outcome=raw["outcome"],
        reason=raw.get("reason", ""),
        page=raw.get("page", ""),
        part=Category(part) if part in Category.values else None,
        why=AccessReason(why) if why in AccessReason.values else None,
    )
