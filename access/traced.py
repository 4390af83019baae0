"""The history of traces on a question's page: what was asked when, and what came of it.

It comes from a function of the gate (``access/sql/0031_identity_shown.sql``), for the officer
alone who may read the question. Nothing in it is a value of anybody, and no score is kept anywhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from access.acting import Acting
from identity.numbers import NumberStatus
from identity.pds.configuration import Service
from identity.pds.outcomes import OutcomeKind
from identity.protected import kind_of_organisation, of_protected
from identity.standing import TraceStanding, of_trace
from identity.traces import Ended, Step, Why


@of_protected(keep=("step", "asked_by", "service", "outcome", "why", "disagrees", "at"))
@dataclass(frozen=True, slots=True)
class StepSeen:
    """One question to the service: identifiers by their names, details that did not agree."""

    step: Step
    asked_by: tuple[str, ...]
    service: Service
    outcome: OutcomeKind
    why: str
    disagrees: tuple[str, ...]
    at: datetime


@of_protected(keep=("why", "wanted", "due", "ended", "finished", "source", "steps", "status"))
@dataclass(frozen=True, slots=True)
class TraceSeen:
    """A trace with its steps in order. ``source`` is a kind; empty for the officer's own.

    ``ended`` is ``None`` while it goes on; ``due`` is then when it is asked again. ``status`` is
    the person's by this trace (:mod:`identity.standing`).
    """

    why: Why
    wanted: datetime
    due: datetime
    ended: Ended | None
    finished: datetime | None
    source: str
    steps: tuple[StepSeen, ...]
    status: NumberStatus


def traces(acting: Acting, question: UUID, *, request_id: str) -> tuple[TraceSeen, ...]:
    """Every trace of whom a question is about, the latest first; none where it is not theirs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.read_traces(%s, %s, %s, %s::uuid)::text",
            [acting.staff_id, acting.membership_id, question, request_id],
        )
        (answer,) = cursor.fetchone()
    return tuple(
        TraceSeen(
            why=Why(one["why"]),
            wanted=datetime.fromisoformat(one["wanted"]),
            due=datetime.fromisoformat(one["due"]),
            ended=Ended(one["ended"]) if one["ended"] else None,
            finished=datetime.fromisoformat(one["finished"]) if one["finished"] else None,
            source="" if one["own"] else kind_of_organisation(one["kind"]),
            steps=tuple(
                StepSeen(
                    step=Step(step["step"]),
                    asked_by=tuple(step["asked_by"]),
                    service=Service(step["service"]),
                    outcome=OutcomeKind(step["outcome"]),
                    why=step["why"],
                    disagrees=tuple(step["disagrees"]),
                    at=datetime.fromisoformat(step["at"]),
                )
                for step in one["steps"]
            ),
            status=of_trace(
                TraceStanding(
                    has_number=one["has_number"],
                    wanted=datetime.fromisoformat(one["wanted"]),
                    due=datetime.fromisoformat(one["due"]),
                    asked=one["asked"],
                    ended=Ended(one["ended"]) if one["ended"] else None,
                )
            ),
        )
        for one in json.loads(answer or "[]")
    )
