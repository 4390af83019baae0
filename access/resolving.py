"""The records officers' work list: questions about who somebody is, and what is decided of them.

Everything goes through functions of the gate (``access/sql/0014_resolving.sql``, ``0031``,
``0032`` and ``0045``), which check the membership, answer only for whom its organisation may know
of, and write who was shown to the audit. Nothing clinical comes out of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from access.acting import Acting
from access.identity_calls import answer, ask, moment
from access.sides import Side, an_officer, kept_back, side_of
from identity.merges import WhySeparated
from identity.persons import Said
from identity.protected import Redaction, of_protected
from identity.questions import QuestionDecision, QuestionReason
from identity.vital import PartialDate

PAGE_LENGTH = 25
#: As many residents stand side by side with the one whom a question is about.
MOST_CANDIDATES = 4


class Stands(StrEnum):
    """How a source person stands in the resident's record that holds them."""

    ALONE = "alone"
    WITH_OTHERS = "with-others"
    #: In doubt among others: what is decided about them says nothing about that record.
    IN_DOUBT = "in-doubt"


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """A question in the list: who it is about, and how it stands."""

    id: UUID
    reason: QuestionReason
    raised: datetime
    settled: datetime | None
    decision: QuestionDecision | None
    retry_asked: datetime | None
    family_name: str
    given_names: str
    born: PartialDate | None


@of_protected(
    keep=("at",),
    words=lambda note, _: kept_back(note.words) if note.by else note.words,
    by=lambda note, _: an_officer(note.by),
)
@dataclass(frozen=True, slots=True)
class Note:
    """What somebody noted; ``by`` is empty for the system."""

    words: str
    by: str
    at: datetime


@of_protected(
    keep=(
        "id",
        "reason",
        "raised",
        "settled",
        "decision",
        "retry_asked",
        "split_due",
        "source",
        "identifiers",
        "number_sent",
        "said",
        "in_place",
        "stands",
        "subject",
        "candidate",
        "notes",
    ),
    decided_by=lambda question, _: an_officer(question.decided_by),
)
@dataclass(frozen=True, slots=True)
class Question:
    """A question with both sides. ``in_place``: the subject is the candidate's source person.

    ``said`` is who the subject is in the words of its source; ``None`` for a resident's question.
    ``source`` is the officer's own organisation, or empty.
    """

    id: UUID
    reason: QuestionReason
    raised: datetime
    settled: datetime | None
    decision: QuestionDecision | None
    decided_by: str
    retry_asked: datetime | None
    split_due: bool
    source: str
    identifiers: tuple[str, ...]
    number_sent: str
    said: Said | None
    in_place: bool
    stands: Stands
    subject: Side
    candidate: Side | None
    notes: tuple[Note, ...]


def questions(
    acting: Acting, *, settled: bool, page: int, request_id: str
) -> tuple[list[QuestionLine], int] | None:
    """A page of the questions for this officer, and how many there are; ``None`` if not theirs.

    Those that wait come oldest first, settled ones latest first.
    """
    answer = ask(
        "select access.read_questions(%s, %s, %s, %s, %s, %s::uuid)::text",
        acting,
        settled,
        PAGE_LENGTH,
        (page - 1) * PAGE_LENGTH,
        request_id,
    )
    if answer is None:
        return None
    return [_line(raw) for raw in answer["questions"]], answer["total"]


def question(acting: Acting, question_id: UUID, *, request_id: str) -> Question | None:
    """One question with both sides and its history; ``None`` where there is none for them."""
    raw = ask(
        "select access.read_question(%s, %s, %s, %s::uuid)::text", acting, question_id, request_id
    )
    if raw is None:
        return None
    subject = side_of(raw["subject"])
    candidate = side_of(raw["candidate"]) if raw["candidate"] else None
    shown = Redaction(protected=subject.protected or (candidate or subject).protected)
    found = Question(
        id=UUID(raw["id"]),
        reason=QuestionReason(raw["reason"]),
        raised=datetime.fromisoformat(raw["raised"]),
        settled=moment(raw["settled"]),
        decision=QuestionDecision(raw["decision"]) if raw["decision"] else None,
        decided_by=raw["decided_by"],
        retry_asked=moment(raw["retry_asked"]),
        split_due=raw["split_due"],
        source=raw["source"] or "",
        identifiers=tuple(raw["identifiers"] or ()),
        number_sent=raw["number_sent"],
        said=Said.from_json(raw["said"]) if raw["said"] else None,
        in_place=raw["in_place"],
        stands=Stands(raw["stands"]),
        subject=subject,
        candidate=candidate,
        notes=tuple(
            shown.of(Note(one["words"], one["by"], datetime.fromisoformat(one["at"])))
            for one in raw["notes"]
        ),
    )
    return shown.of(found)


def decide(
    acting: Acting,
    question_id: UUID,
    *,
    decision: QuestionDecision,
    words: str,
    compared: tuple[UUID | None, UUID | None],
    why: WhySeparated | None = None,
    current: str = "",
    request_id: str,
) -> str:
    """Settle a question: ``settled``, or why not (``access.decide_question`` says which).

    :param compared: subject and candidate whom the officer was shown; nothing is decided about
        anybody else. Only ``CHECKED`` is about nobody.
    :param why: for ``SEPARATE`` only, as is ``current``: ``subject`` or ``candidate``, whichever
        record is used from now on.
    """
    return answer(
        "select access.decide_question(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::uuid)",
        acting,
        question_id,
        decision,
        words,
        why,
        current,
        *compared,
        request_id,
    )


def note(
    acting: Acting, question_id: UUID, *, words: str = "", retry: bool = False, request_id: str
) -> str:
    """Note something about a question, or ask that it be tried again: ``noted``, or why not."""
    return answer(
        "select access.note_question(%s, %s, %s, %s, %s, %s::uuid)",
        acting,
        question_id,
        words,
        retry,
        request_id,
    )


def candidates(acting: Acting, question_id: UUID, *, request_id: str) -> tuple[Side, ...]:
    """Residents who may be the one whom a question is about that has no candidate, likelier first.

    Found by the name and birth date that are held, or by the number sent; none where the question
    is settled or is not this officer's. Everyone shown is audited.
    """
    raw = ask(
        "select access.read_candidates(%s, %s, %s, %s, %s::uuid)::text",
        acting,
        question_id,
        MOST_CANDIDATES,
        request_id,
    )
    return tuple(side_of(each) for each in raw or ())


def propose(acting: Acting, question_id: UUID, candidate: UUID | None, *, request_id: str) -> str:
    """Set a resident beside the one whom a question is about, or with ``None`` nobody any more.

    Nothing is decided by it. ``proposed``, or why not (``access.propose_candidate`` says which).
    """
    return answer(
        "select access.propose_candidate(%s, %s, %s, %s, %s::uuid)",
        acting,
        question_id,
        candidate,
        request_id,
    )


def _line(raw: Mapping[str, Any]) -> QuestionLine:
    return QuestionLine(
        id=UUID(raw["id"]),
        reason=QuestionReason(raw["reason"]),
        raised=datetime.fromisoformat(raw["raised"]),
        settled=moment(raw["settled"]),
        decision=QuestionDecision(raw["decision"]) if raw["decision"] else None,
        retry_asked=moment(raw["retry_asked"]),
        family_name=raw["family_name"],
        given_names=raw["given_names"],
        born=PartialDate.parse(raw["born"]) if raw["born"] else None,
    )
