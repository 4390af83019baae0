"""What the desk's pages about requests show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from access.request_desk import OpenedRequest, Other, Step, Waiting
from consent.requests import ForWhom, RequestSource, StepKind
from consent.vocabulary import Answer, DecidedBy
from ui.formatting import nhs_number, prose_date, prose_time

_WANTS = {Answer.REFUSES.value: "Opt out", Answer.CONSENTS.value: "Opt back in"}


@dataclass(frozen=True, slots=True)
class Line:
    """One request of the queue."""

    id: UUID
    reference: str
    asks: str
    came: str
    age: str
    state: str
    held: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A label and its words."""

    label: str
    words: str


def line(waiting: Waiting, *, now: datetime) -> Line:
    """A request with how long it has waited."""
    return Line(
        id=waiting.id,
        reference=waiting.reference,
        asks=asks(waiting.wants, waiting.for_whom),
        came=RequestSource(waiting.source).label,
        age=age(waiting.received, now),
        state=_state(waiting.last, waiting.taken_by),
        held=waiting.held,
    )


def asks(wants: str, for_whom: str) -> str:
    """What is asked for, and for whom."""
    return f"{_WANTS[wants]}, for {ForWhom(for_whom).label.lower()}"


def age(since: datetime, now: datetime) -> str:
    """How long something has waited, in whole days or hours."""
    days = (now - since).days
    if days:
        return f"{days} day" if days == 1 else f"{days} days"
    hours = int((now - since).total_seconds() // 3600)
    return "less than an hour" if not hours else f"{hours} hour" if hours == 1 else f"{hours} hours"


def rows(asked: OpenedRequest) -> list[Row]:
    """What was asked for, and what was typed."""
    typed = asked.typed
    told = [
        Row("Asks", asks(asked.wants, asked.for_whom)),
        Row("Came by", RequestSource(asked.source).label),
        Row("Received", prose_time(asked.received)),
    ]
    if asked.written:
        told.append(Row("Date on the form", prose_date(asked.written)))
    told += [
        Row("Name", f"{typed.given_name} {typed.family_name}"),
        Row("Date of birth", prose_date(typed.birth_date)),
        Row("NHS number", nhs_number(typed.nhs_number) if typed.nhs_number else "Not given"),
        Row("Postcode", typed.postcode or "Not given"),
        Row("Phone number", typed.phone or "Not given"),
    ]
    if typed.asker_name:
        told += [
            Row("Asked by", typed.asker_name),
            Row("Why they may decide", str(DecidedBy(typed.authority).label)),
            Row("What they can show", typed.evidence or "Not said"),
        ]
    return told


def story(steps: tuple[Step, ...]) -> list[Row]:
    """What became of it, one after another."""
    return [
        Row(
            prose_time(step.at),
            ". ".join(
                part
                for part in (
                    f"{step.kind.label}{f', by {step.by}' if step.by else ''}",
                    step.note,
                )
                if part
            ),
        )
        for step in steps
    ]


def other(each: Other) -> Row:
    """Another request that may be of the same person."""
    return Row(each.reference, f"{_WANTS[each.wants]}, received {prose_time(each.received)}")


def conflict(asked: OpenedRequest) -> bool:
    """Whether another one that is not settled asks for the opposite."""
    return any(each.wants != asked.wants for each in asked.others)


def _state(last: str, by: str) -> str:
    if not last:
        return "New"
    kind = StepKind(last)
    return f"{kind.label} by {by}" if kind is StepKind.TAKEN and by else kind.label
