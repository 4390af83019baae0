"""The history of traces in words, for the page of a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from access.traced import StepSeen, TraceSeen
from identity.pds.configuration import Service
from identity.pds.outcomes import Malformation, OutcomeKind

_CAME_OF = {
    OutcomeKind.AGREEING: "Found, and everything that was compared agrees",
    OutcomeKind.DISAGREEING: "Found, and it does not agree",
    OutcomeKind.SUPERSEDED: "The number has been replaced by another",
    OutcomeKind.INVALIDATED: "The number has been withdrawn",
    OutcomeKind.RESTRICTED: "Found, and protected",
    OutcomeKind.VERY_RESTRICTED: "Found, and protected, so that nothing could be compared",
    OutcomeKind.ONE: "One person found",
    OutcomeKind.MANY: "Several people found",
    OutcomeKind.NONE: "Nobody found",
    OutcomeKind.MALFORMED: "The answer could not be used",
    OutcomeKind.NOT_NOW: "No answer then",
    OutcomeKind.NOT_SENT: "Not sent: the resident objects to the use of their NHS number",
}
_MALFORMED = {
    Malformation.UNREADABLE: "The answer could not be read",
    Malformation.NUMBER_FAILS_CHECK: "The answer had no NHS number that is one",
    Malformation.QUESTION_REFUSED: "The service cannot search with these details",
}


@dataclass(frozen=True, slots=True)
class StepLine:
    """One question to the service."""

    at: datetime
    step: str
    asked_by: str
    came_of: str
    disagrees: str


@dataclass(frozen=True, slots=True)
class TraceBlock:
    """One trace: ``outcome`` is how it ended, or that it goes on."""

    wanted: datetime
    why: str
    source: str
    outcome: str
    status: str
    due: datetime | None
    finished: datetime | None
    steps: tuple[StepLine, ...]


@dataclass(frozen=True, slots=True)
class History:
    """Every trace, the latest first; ``warning`` says that answers are of no real service."""

    traces: tuple[TraceBlock, ...]
    warnings: tuple[str, ...]


def history(traces: Sequence[TraceSeen]) -> History:
    """The traces of whom a question is about."""
    services = sorted({step.service for trace in traces for step in trace.steps})
    return History(
        traces=tuple(_block(trace) for trace in traces),
        warnings=tuple(service.warning for service in services if service is not Service.LIVE),
    )


def _block(trace: TraceSeen) -> TraceBlock:
    return TraceBlock(
        wanted=trace.wanted,
        why=trace.why.label,
        source=trace.source,
        outcome=trace.ended.label if trace.ended else "Not finished",
        status=f"{trace.status.value} {trace.status.label}",
        due=None if trace.ended else trace.due,
        finished=trace.finished,
        steps=tuple(_line(step) for step in trace.steps),
    )


def _line(step: StepSeen) -> StepLine:
    came_of = _CAME_OF[step.outcome]
    if step.outcome is OutcomeKind.MALFORMED and step.why in _MALFORMED:
        came_of = _MALFORMED[Malformation(step.why)]
    return StepLine(
        at=step.at,
        step=step.step.label,
        asked_by=_listed(step.asked_by),
        came_of=came_of,
        disagrees=_listed(step.disagrees),
    )


def _listed(words: Sequence[str]) -> str:
    """``family name, given name and date of birth``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
