"""The desk's queue of requests: from the public form, and from paper.

The desk is whoever records choices for an NHS trust. The functions of the gate check that, and
write to the audit (``access/sql/0023_request_desk.sql``); what was typed is unsealed here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from django.db import connection

from access.acting import Acting
from consent.asking import Typed
from consent.references import new_reference
from consent.requests import StepKind
from identity.names import fold
from identity.sealed import seal, unseal

#: Requests that one page lists.
MOST_LISTED = 100
#: How often a new reference is tried. One in 17 thousand million meets one that is taken.
_ATTEMPTS = 3


class Noted(StrEnum):
    """How noting something went."""

    NOTED = "noted"
    NOT_KNOWN = "not-known"
    SETTLED = "settled"
    STILL_HELD = "still-held"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request in the queue. ``held``: it opted somebody out until it is verified."""

    id: UUID
    reference: str
    source: str
    wants: str
    for_whom: str
    received: datetime
    last: str
    taken_by: str
    held: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that became of a request."""

    kind: StepKind
    at: datetime
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class Other:
    """Another request with the same family name and birth date that is not settled."""

    id: UUID
    reference: str
    wants: str
    received: datetime


@dataclass(frozen=True, slots=True, repr=False)
class OpenedRequest:
    """One request as the desk reads it. ``held_for`` is the resident whom it opted out."""

    id: UUID
    reference: str
    source: str
    wants: str
    for_whom: str
    received: datetime
    written: date | None
    typed: Typed
    settled: bool
    held_for: UUID | None
    held_as: UUID | None
    steps: tuple[Step, ...]
    others: tuple[Other, ...]


def waiting(acting: Acting, *, request_id: str) -> list[Waiting] | None:
    """What waits, oldest first; ``None`` where this membership is not the desk's."""
    answer = _ask(
        "select access.read_requests(%s, %s, %s, %s::uuid)::text",
        [acting.staff_id, acting.membership_id, MOST_LISTED, request_id],
    )
    if answer is None:
        return None
    return [
        Waiting(**{**raw, "id": UUID(raw["id"]), "received": _moment(raw["received"])})
        for raw in json.loads(answer)
    ]


def opened(acting: Acting, asked: UUID, *, request_id: str) -> OpenedRequest | None:
    """One request, unsealed; ``None`` where there is none, or not for this membership."""
    answer = _ask(
        "select access.read_request(%s, %s, %s, %s::uuid)::text",
        [acting.staff_id, acting.membership_id, asked, request_id],
    )
    if answer is None:
        return None
    raw = json.loads(answer)
    return OpenedRequest(
        id=asked,
        reference=raw["reference"],
        source=raw["source"],
        wants=raw["wants"],
        for_whom=raw["for_whom"],
        received=_moment(raw["received"]),
        written=date.fromisoformat(raw["written"]) if raw["written"] else None,
        typed=Typed.opened(bytes.fromhex(raw["sealed"]), UUID(raw["submission"])),
        settled=raw["settled"],
        held_for=UUID(raw["held_for"]) if raw["held_for"] else None,
        held_as=UUID(raw["held_as"]) if raw["held_as"] else None,
        steps=tuple(
            Step(
                StepKind(each["kind"]),
                _moment(each["at"]),
                each["by"],
                unseal(bytes.fromhex(each["note"]), purpose=_note_of(asked)).decode()
                if each["note"]
                else "",
            )
            for each in raw["steps"]
        ),
        others=tuple(
            Other(UUID(each["id"]), each["reference"], each["wants"], _moment(each["received"]))
            for each in raw["others"]
        ),
    )


def note(
    acting: Acting,
    asked: UUID,
    kind: StepKind,
    *,
    request_id: str,
    words: str = "",
    choice: UUID | None = None,
) -> Noted:
    """Note what became of a request; ``choice`` is the one that was recorded, or held already.

    Call it in the transaction of the choice, so that neither stands without the other.
    """
    sealed = seal(words.encode(), purpose=_note_of(asked)) if words else b""
    return Noted(
        str(
            _ask(
                "select access.note_request(%s, %s, %s, %s, %s, %s, %s::uuid)",
                [acting.staff_id, acting.membership_id, asked, kind, sealed, choice, request_id],
            )
        )
    )


def enter(
    acting: Acting,
    typed: Typed,
    *,
    wants: str,
    for_whom: str,
    explanation: str,
    written: date,
    submission: UUID,
    request_id: str,
) -> str | None:
    """Enter a request that came on paper; its reference, or ``None`` if not for this membership."""
    for _ in range(_ATTEMPTS):
        answer = _ask(
            "select access.enter_request(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::uuid)",
            [
                acting.staff_id,
                acting.membership_id,
                new_reference(),
                wants,
                for_whom,
                typed.nhs_number,
                typed.birth_date,
                fold(typed.family_name),
                typed.sealed(submission),
                explanation,
                submission,
                written,
                request_id,
            ],
        )
        if answer != "reference-taken":
            return answer
    raise RuntimeError("No reference was free. Try again.")


def _ask(statement: str, values: Sequence[int | str | bytes | date | UUID | None]) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        (answer,) = cursor.fetchone()
    return answer  # type: ignore[no-any-return]  # psycopg gives text


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _note_of(asked: UUID) -> str:
    return f"choice request note {asked}"
