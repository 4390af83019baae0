"""Incidents of the proof of effect: a choice that was recorded and did not hold.

An officer reads of a choice its reference and of what was found where, and neither whose it is nor
of which kind: that says nothing of what to repair, and a council's choices are its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from access.acting import Acting


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident as officers see it.

    ``shown`` is how often something was shown, by way of looking. ``proven`` says that a later
    probe found that the choice holds, so that it may be closed; ``asked_at`` is when it was last
    asked. ``canary`` is of a made-up resident: what failed, failed for everybody.
    """

    id: UUID
    reference: str
    choice: str
    canary: bool
    raised: datetime
    shown: Mapping[str, int]
    asked_at: datetime
    proven: bool
    closed: datetime | None
    closed_by: str
    words: str


@dataclass(frozen=True, slots=True)
class ProofState:
    """The proof as a whole, in counts. ``late`` are choices that wait longer than they should.

    ``canaries_held`` is when each of the canaries was last found to hold; ``None`` where there is
    none, or one does not hold now.
    """

    incidents: int
    late: int
    canaries: int
    canaries_held: datetime | None


def read_incidents(acting: Acting, *, request_id: str) -> list[Incident] | None:
    """Open incidents and the last closed ones; ``None`` if not for the role. It is audited."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.read_incidents(%s, %s, %s::uuid)::text",
            [acting.staff_id, acting.membership_id, request_id],
        )
        (text,) = cursor.fetchone()
    return None if text is None else [_incident(each) for each in json.loads(text)]


def close_incident(acting: Acting, incident: UUID, *, words: str, request_id: str) -> str:
    """Close one. Answers ``closed``, ``closed-already``, ``not-proven`` or ``not-known``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.close_incident(%s, %s, %s, %s, %s::uuid)",
            [acting.staff_id, acting.membership_id, incident, words, request_id],
        )
        (answer,) = cursor.fetchone()
    return str(answer)


def proof_state() -> ProofState:
    """How the proof stands. Anyone may know: it is about nobody."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select incidents, late, canaries,"
            " nullif(canaries_held, '-infinity') from access.proof_state()"
        )
        return ProofState(*cursor.fetchone())


def _incident(raw: Mapping[str, object]) -> Incident:
    closed = raw["closed"]
    shown = raw["shown"]
    assert isinstance(shown, Mapping)  # noqa: S101 - the gate's own answer, for the type checker
    return Incident(
        id=UUID(str(raw["id"])),
        reference=str(raw["reference"]),
        choice=str(raw["choice"]),
        canary=bool(raw["canary"]),
        raised=datetime.fromisoformat(str(raw["raised"])),
        shown=shown,
        asked_at=datetime.fromisoformat(str(raw["asked_at"])),
        proven=bool(raw["proven"]),
        closed=datetime.fromisoformat(str(closed)) if closed else None,
        closed_by=str(raw["closed_by"] or ""),
        words=str(raw["words"]),
    )
