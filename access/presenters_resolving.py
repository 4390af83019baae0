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
from access.resolving import Question, QuestionLine, Stands
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


#: What is said of a source person who shares a record, where it is to be decided about two.
_SHARED = (
    "What the source sent is part of this resident’s record, with what others sent: everything "
    "in it is joined or kept apart together."
)
_DOUBTED = (
    "What the source sent is in doubt in a record that others have sent to as well. Nothing is "
    "decided for that record here: settle first whether they belong in it."
)


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """A question in words. ``standing``: what to know of the record before it is decided."""

    question: Question
    title: str
    words: str
    standing: str
    one: Details
    other: Details | None
    rows: list[Row]
    may_retry: bool
    current_choices: list[tuple[str, str]] = field(default_factory=list)

    @property
    def compared(self) -> tuple[UUID, UUID | None]:
        """Subject and candidate as the page shows them."""
        candidate = self.question.candidate
        return self.question.subject.id, candidate.id if candidate else None

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
    """A question with its subject, and with the candidate where somebody is proposed.

    The subject is whoever is joined, or kept apart: one source's person in its own words, but the
    resident where what others sent would go with it.
    """
    asked = ASKED[question.reason]
    candidate = question.candidate
    elsewhere = candidate is not None and not question.in_place
    shared = elsewhere and question.stands is Stands.WITH_OTHERS
    one = (
        of_side(question.subject, "This resident")
        if question.said is None or shared
        else of_said(question, question.said, "As sent")
    )
    doubted = question.stands is Stands.IN_DOUBT and (elsewhere or asked.candidates)
    other = of_side(candidate, "May be this resident") if candidate else None
    return QuestionPage(
        question=question,
        title=question.reason.label,
        words=asked.words,
        standing=_SHARED if shared else _DOUBTED if doubted else "",
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
