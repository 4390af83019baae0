"""What officers do with a request: take it in after a check of who asks, decide, extend, fetch.

Through functions of the gate, which answer for the reader's own organisation alone and write the
event (``subject_access/sql``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from access.acting import Acting
from access.identity_calls import answer, ask, day, moment
from access.identity_check import Claimed, Compared, digits
from access.references import new_reference
from identity.names import fold
from identity.protected import Redaction, is_protected, kind_of_organisation, of_protected
from identity.sealed import unseal
from organisations.categories import Category
from subject_access import clock
from subject_access.models import State
from subject_access.packing import PURPOSE
from subject_access.parts import Aside, Decision

PREFIX = "SA-"


@of_protected(
    keep=("id", "kind", "category", "sensitive", "entries", "aside", "decision", "words", "by"),
    source=lambda part, _known: kind_of_organisation(part.kind),
)
@dataclass(frozen=True, slots=True)
class PartSeen:
    """A part as officers see it: counts alone, and what was decided, by whom and why."""

    id: int
    source: str
    kind: str
    category: str
    sensitive: bool
    entries: int
    aside: Aside | None
    decision: Decision | None
    words: str
    by: str


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """A request with its clock and parts. ``resident`` is the resident's own id, glimpsed."""

    id: UUID
    reference: str
    resident: int
    received: date
    due: date
    extended: str
    state: State
    done: int
    total: int
    made: datetime | None
    expires: datetime | None
    ended: datetime | None
    parts: tuple[PartSeen, ...]

    @property
    def waiting(self) -> tuple[PartSeen, ...]:
        """The parts that somebody has yet to decide."""
        return tuple(part for part in self.parts if part.aside and not part.decision)


@dataclass(frozen=True, slots=True)
class RequestListed:
    """One line of the list."""

    id: UUID
    reference: str
    resident: int
    due: date
    state: State


def begin(
    claimed: Claimed, resident: UUID, *, received: date, by: Acting, request_id: str
) -> tuple[Compared, UUID | None, int | None]:
    """Compare who somebody says that they are; a request, and the row to nudge, if it agrees."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select answer, made, id from access.begin_subject_access(%s, %s, %s::uuid, %s, %s, %s,"
            " %s::date, %s, %s, %s, %s, %s, %s)",
            [
                by.staff_id,
                by.membership_id,
                request_id,
                resident,
                fold(claimed.family_name),
                fold(claimed.given_name),
                claimed.birth_date,
                claimed.nhs_number.digits if claimed.nhs_number else "",
                fold(claimed.postcode),
                digits(claimed.phone),
                received,
                clock.due(received),
                new_reference(PREFIX),
            ],
        )
        compared, made, row = cursor.fetchone()
    return Compared(compared), made, row


def read(acting: Acting, access: UUID, *, request_id: str) -> RequestSeen | None:
    """A request of one's organisation; ``None`` if there is none. It is audited."""
    raw = ask(
        "select access.read_subject_access(%s, %s, %s, %s::uuid)::text", acting, access, request_id
    )
    return None if raw is None else _seen(raw)


def read_all(acting: Acting, *, request_id: str) -> list[RequestListed] | None:
    """The requests of one's organisation, those due first first; ``None`` if not for the role."""
    raw = ask("select access.read_subject_accesses(%s, %s, %s::uuid)::text", acting, request_id)
    if raw is None:
        return None
    return [
        RequestListed(
            UUID(each["id"]),
            each["reference"],
            each["resident"],
            date.fromisoformat(each["due"]),
            State(each["state"]),
        )
        for each in raw
    ]


def decide(
    acting: Acting,
    access: UUID,
    part: int,
    *,
    whole_source: bool,
    decision: Decision,
    words: str,
    request_id: str,
) -> tuple[str, int | None]:
    """Decide a part, or all of its source that waits for the same cause: ``decided`` or not known.

    The last decision answers the row to nudge as well: the pack is made.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from access.decide_subject_access_part(%s, %s, %s, %s, %s, %s, %s, %s::uuid)",
            [
                acting.staff_id,
                acting.membership_id,
                access,
                part,
                whole_source,
                decision,
                words,
                request_id,
            ],
        )
        said, to_make = cursor.fetchone()
    return str(said), to_make


def extend(acting: Acting, found: RequestSeen, *, words: str, request_id: str) -> str:
    """Two more months, once, before the first is over: ``extended``, or why not."""
    return answer(
        "select access.extend_subject_access(%s, %s, %s, %s, %s, %s::uuid)",
        acting,
        found.id,
        clock.due(found.received, clock.MONTHS_EXTENDED),
        words,
        request_id,
    )


def fetch(acting: Acting, access: UUID, *, request_id: str) -> bytes | None:
    """The pack as a ZIP file, once: it is gone after this transaction. ``None`` if there is none.

    :raises identity.sealed.CannotBeOpened: if the key that sealed it is gone.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.fetch_subject_access(%s, %s, %s, %s::uuid)",
            [acting.staff_id, acting.membership_id, access, request_id],
        )
        (sealed,) = cursor.fetchone()
    return None if sealed is None else unseal(sealed, purpose=PURPOSE)


def _seen(raw: dict[str, Any]) -> RequestSeen:
    redaction = Redaction(protected=is_protected(raw["protection"]))
    return RequestSeen(
        id=UUID(raw["id"]),
        reference=raw["reference"],
        resident=raw["resident"],
        received=date.fromisoformat(raw["received"]),
        due=day(raw["due"]) or date.max,
        extended=raw["extended"],
        state=State(raw["state"]),
        done=raw["done"],
        total=raw["total"],
        made=moment(raw["made"]),
        expires=moment(raw["expires"]),
        ended=moment(raw["ended"]),
        parts=tuple(redaction.of(_part(each)) for each in raw["parts"]),
    )


def _part(raw: dict[str, Any]) -> PartSeen:
    known = raw["category"] in Category.values
    return PartSeen(
        id=raw["id"],
        source=raw["source"],
        kind=raw["kind"],
        category=Category(raw["category"]).label if known else "Another part",
        sensitive=raw["sensitive"],
        entries=raw["entries"],
        aside=Aside(raw["aside"]) if raw["aside"] else None,
        decision=Decision(raw["decision"]) if raw["decision"] else None,
        words=raw["words"],
        by=raw["by"],
    )
