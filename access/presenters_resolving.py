"""What the records officers' work list shows: questions, and both sides of each, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from access.presenters_sides import (
    Details,
    Row,
    Several,
    compare,
    named,
    of_said,
    of_side,
    side_by_side,
)
from access.resolving import Question, QuestionLine
from access.sides import Side
from identity.questions import ASKED
from identity.vital_words import partial_date
from ui import formatting


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the work list."""

    id: UUID
    reason: str
    name: str
    born: str
    age: str
    settled: datetime | None
    decision: str
    trying_again: bool


def line(one: QuestionLine, *, at: datetime) -> Line:
    """A question in the list."""
    return Line(
        id=one.id,
        reason=one.reason.label,
        name=formatting.banner_name(one.family_name, one.given_names),
        born=partial_date(one.born),
        age=_age(at - one.raised if at > one.raised else at - at),
        settled=one.settled,
        decision=one.decision.label if one.decision else "",
        trying_again=one.retry_asked is not None,
    )


def _age(waited: object) -> str:
    days = getattr(waited, "days", 0)
    if days == 0:
        return "Today"
    return f"{days} day{'' if days == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """A question in words."""

    question: Question
    title: str
    words: str
    one: Details
    other: Details | None
    rows: list[Row]
    may_retry: bool
    current_choices: list[tuple[str, str]] = field(default_factory=list)

    @property
    def alone(self) -> list[tuple[str, str]]:
        """The one side, where nobody is proposed."""
        return [(row.label, row.one) for row in self.rows]


@dataclass(frozen=True, slots=True)
class CandidatesShown:
    """Residents who may be the one whom a question is about: ``choices`` are their ids and names.

    ``headings`` is what each column is called.
    """

    headings: tuple[str, ...]
    rows: list[Several]
    choices: list[tuple[UUID, str]]


def candidates_shown(page: QuestionPage, sides: Sequence[Side]) -> CandidatesShown:
    """The subject beside each candidate."""
    shown = [of_side(side, f"Candidate {nth}") for nth, side in enumerate(sides, start=1)]
    return CandidatesShown(
        headings=(page.one.heading, *(each.heading for each in shown)),
        rows=side_by_side(page.one, shown) if shown else [],
        choices=[(side.id, named(each)) for side, each in zip(sides, shown, strict=True)],
    )


def question_page(question: Question) -> QuestionPage:
    """A question with its subject, and with the candidate where somebody is proposed."""
    asked = ASKED[question.reason]
    heading = "As sent" if question.said is not None else "This resident"
    one = (
        of_side(question.subject, heading)
        if question.said is None
        else of_said(question, question.said, heading)
    )
    candidate = question.candidate
    other = of_side(candidate, "May be this resident") if candidate else None
    return QuestionPage(
        question=question,
        title=question.reason.label,
        words=asked.words,
        one=one,
        other=other,
        rows=compare(one, other) if other else compare(one, one),
        may_retry=asked.retry and question.settled is None,
        current_choices=[
            ("subject", named(one)),
            ("candidate", named(other)),
        ]
        if other
        else [],
    )
