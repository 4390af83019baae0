"""The records officers' work: who somebody is, joining two records, and taking one apart again.

Everything goes through functions of the gate (``access/sql/0014_resolving.sql``), which check the
membership, answer only for whom its organisation may know of, and write who was shown to the
audit. Nothing clinical comes out of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from access.acting import Acting
from identity.merges import Cause, WhySeparated
from identity.models import LinkState, Sex
from identity.nhs_number import NhsNumber
from identity.numbers import Ended, NumberStatus, SaidBy
from identity.persons import Said
from identity.protected import (
    KEPT_BACK,
    Redaction,
    kind_of_organisation,
    kind_of_worker,
    of_protected,
)
from identity.questions import QuestionDecision, QuestionReason
from organisations.models import OrganisationKind

PAGE_LENGTH = 25

#: What stands for who looked after a protected resident's identity.
AN_OFFICER = "A records officer"


def _kept_back(words: str) -> str:
    return KEPT_BACK if words else ""


def _an_officer(by: str) -> str:
    return AN_OFFICER if by else ""


@dataclass(frozen=True, slots=True)
class StatusSeen:
    """A status that a number had, and on whose word."""

    status: NumberStatus
    said_by: SaidBy
    at: datetime


@dataclass(frozen=True, slots=True)
class NumberSeen:
    """A number of a resident's, live or past. ``digits`` are for the one formatter."""

    digits: str
    status: NumberStatus
    said_by: SaidBy
    until: datetime | None
    ended_because: Ended | None
    history: tuple[StatusSeen, ...]


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """A source of a resident's record by its kind; the identifiers of one's own organisation."""

    kind: OrganisationKind
    link: LinkState
    identifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergeNamed:
    """A merge that a resident was part of."""

    id: UUID
    at: datetime
    cause: Cause
    undone_at: datetime | None


@of_protected(
    keep=(
        "resident",
        "id",
        "title",
        "family_name",
        "given_names",
        "birth_date",
        "sex",
        "deceased",
        "deceased_on",
        "protected",
        "known_to_all",
        "numbers",
        "sources",
        "merged",
    ),
    empty=("address_lines", "postcode", "phone"),
)
@dataclass(frozen=True, slots=True)
class Side:
    """Who a resident is, for comparing. ``numbers`` is ``None`` where they may not be shown."""

    resident: int
    id: UUID
    title: str
    family_name: str
    given_names: str
    birth_date: date | None
    sex: str
    deceased: bool
    deceased_on: date | None
    protected: bool
    known_to_all: bool
    address_lines: tuple[str, ...]
    postcode: str
    phone: str
    numbers: tuple[NumberSeen, ...] | None
    sources: tuple[SourceSeen, ...]
    merged: tuple[MergeNamed, ...]


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
    birth_date: date | None


@of_protected(
    keep=("at",),
    words=lambda note, _: _kept_back(note.words) if note.by else note.words,
    by=lambda note, _: _an_officer(note.by),
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
        "subject",
        "candidate",
        "notes",
    ),
    decided_by=lambda question, _: _an_officer(question.decided_by),
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
    subject: Side
    candidate: Side | None
    notes: tuple[Note, ...]


@of_protected(
    keep=("kind", "role", "first", "last", "pages"),
    staff=lambda saw, _: kind_of_worker(saw.role),
    organisation=lambda saw, _: kind_of_organisation(saw.kind),
)
@dataclass(frozen=True, slots=True)
class Saw:
    """Somebody who opened the joined record while it was joined."""

    staff: str
    organisation: str
    kind: str
    role: str
    first: datetime
    last: datetime
    pages: int


@of_protected(
    keep=(
        "id",
        "cause",
        "at",
        "undone_at",
        "survivor",
        "merged",
        "later",
        "moved",
        "choices_since",
        "declared_since",
        "seen",
    ),
    words=lambda merge, _: _kept_back(merge.words),
    by=lambda merge, _: _an_officer(merge.by),
    undone_by=lambda merge, _: _an_officer(merge.undone_by),
    undone_words=lambda merge, _: _kept_back(merge.undone_words),
)
@dataclass(frozen=True, slots=True)
class MergeInFull:
    """A merge with what hangs on it. ``later`` is a merge that stands on this one's result."""

    id: UUID
    cause: Cause
    words: str
    at: datetime
    by: str
    undone_at: datetime | None
    undone_by: str
    undone_words: str
    survivor: Side
    merged: Side
    later: UUID | None
    moved: Mapping[str, int]
    choices_since: int
    declared_since: int
    seen: tuple[Saw, ...]


# ── The work list ───────────────────────────────────────────────────────────────────────────


def questions(
    acting: Acting, *, settled: bool, page: int, request_id: str
) -> tuple[list[QuestionLine], int] | None:
    """A page of the questions for this officer, and how many there are; ``None`` if not theirs.

    Those that wait come oldest first, settled ones latest first.
    """
    answer = _ask(
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
    raw = _ask(
        "select access.read_question(%s, %s, %s, %s::uuid)::text", acting, question_id, request_id
    )
    if raw is None:
        return None
    subject = _side(raw["subject"])
    candidate = _side(raw["candidate"]) if raw["candidate"] else None
    shown = Redaction(protected=subject.protected or (candidate or subject).protected)
    found = Question(
        id=UUID(raw["id"]),
        reason=QuestionReason(raw["reason"]),
        raised=datetime.fromisoformat(raw["raised"]),
        settled=_moment(raw["settled"]),
        decision=QuestionDecision(raw["decision"]) if raw["decision"] else None,
        decided_by=raw["decided_by"],
        retry_asked=_moment(raw["retry_asked"]),
        split_due=raw["split_due"],
        source=raw["source"] or "",
        identifiers=tuple(raw["identifiers"] or ()),
        number_sent=raw["number_sent"],
        said=Said.from_json(raw["said"]) if raw["said"] else None,
        in_place=raw["in_place"],
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
    why: WhySeparated | None = None,
    current: str = "",
    request_id: str,
) -> str:
    """Settle a question: ``settled``, or why not (``access.decide_question`` says which).

    :param why: for ``SEPARATE`` only, as is ``current``: ``subject`` or ``candidate``, whichever
        record is used from now on.
    """
    return _answer(
        "select access.decide_question(%s, %s, %s, %s, %s, %s, %s, %s::uuid)",
        acting,
        question_id,
        decision,
        words,
        why,
        current,
        request_id,
    )


def note(
    acting: Acting, question_id: UUID, *, words: str = "", retry: bool = False, request_id: str
) -> str:
    """Note something about a question, or ask that it be tried again: ``noted``, or why not."""
    return _answer(
        "select access.note_question(%s, %s, %s, %s, %s, %s::uuid)",
        acting,
        question_id,
        words,
        retry,
        request_id,
    )


# ── Joining, and taking apart ───────────────────────────────────────────────────────────────


def identities(acting: Acting, residents: Sequence[UUID], *, request_id: str) -> list[Side] | None:
    """One resident, or two to be compared; ``None`` where one of them may not be known of.

    Whoever was merged is answered as whom they are now. Two who are kept apart are never shown
    together.
    """
    raw = _ask(
        "select access.read_identities(%s, %s, %s::uuid[], %s::uuid)::text",
        acting,
        [str(each) for each in residents],
        request_id,
    )
    return None if raw is None else [_side(each) for each in raw]


@dataclass(frozen=True, slots=True)
class Joined:
    """What came of joining: ``identity.merging.MergeOutcome`` has the outcomes."""

    outcome: str
    merge: UUID | None


def join(
    acting: Acting, *, survivor: UUID, merged: UUID, cause: Cause, words: str, request_id: str
) -> Joined:
    """Join two residents by this officer's decision."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from access.join_residents(%s, %s, %s, %s, %s, %s, %s::uuid)",
            [
                acting.staff_id,
                acting.membership_id,
                survivor,
                merged,
                cause,
                words,
                request_id,
            ],
        )
        outcome, made = cursor.fetchone()
    return Joined(outcome, made)


def merge_in_full(acting: Acting, merge: UUID, *, request_id: str) -> MergeInFull | None:
    """A merge with who saw the joined record; ``None`` where it is not to be known of."""
    raw = _ask("select access.read_merge(%s, %s, %s, %s::uuid)::text", acting, merge, request_id)
    if raw is None:
        return None
    survivor, merged = _side(raw["survivor"]), _side(raw["merged"])
    shown = Redaction(protected=survivor.protected or merged.protected)
    found = MergeInFull(
        id=UUID(raw["id"]),
        cause=Cause(raw["cause"]),
        words=raw["words"],
        at=datetime.fromisoformat(raw["at"]),
        by=raw["by"],
        undone_at=_moment(raw["undone_at"]),
        undone_by=raw["undone_by"],
        undone_words=raw["undone_words"],
        survivor=survivor,
        merged=merged,
        later=UUID(raw["later"]) if raw["later"] else None,
        moved=raw["moved"],
        choices_since=raw["choices_since"],
        declared_since=raw["declared_since"],
        seen=tuple(
            shown.of(
                Saw(
                    staff=one["staff"],
                    organisation=one["organisation"],
                    kind=one["kind"] or "",
                    role=one["role"],
                    first=datetime.fromisoformat(one["first"]),
                    last=datetime.fromisoformat(one["last"]),
                    pages=one["pages"],
                )
            )
            for one in raw["seen"]
        ),
    )
    return shown.of(found)


def take_apart(acting: Acting, merge: UUID, *, words: str, request_id: str) -> str:
    """Undo a merge: ``identity.merging.UnmergeOutcome`` has the outcomes."""
    return _answer(
        "select access.take_apart(%s, %s, %s, %s, %s::uuid)", acting, merge, words, request_id
    )


def now_known_as(acting: Acting, resident: UUID) -> UUID | None:
    """Whom a resident was joined with, for a reader who may know of that one; else ``None``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.now_known_as(%s, %s, %s)",
            [acting.staff_id, acting.membership_id, resident],
        )
        (now,) = cursor.fetchone()
    return None if now is None else UUID(str(now))


def give_number(
    acting: Acting, resident: UUID, *, number: NhsNumber, said_by: SaidBy, request_id: str
) -> str:
    """Enter a number on a resident's or carer's word. It stays unverified until it is traced.

    ``given``, or why not: ``not-known``, ``same``, ``verified-already``.
    """
    return _answer(
        "select access.give_number(%s, %s, %s, %s, %s, %s::uuid)",
        acting,
        resident,
        number.digits,
        said_by,
        request_id,
    )


def _ask(statement: str, acting: Acting, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, [acting.staff_id, acting.membership_id, *parameters])
        (answer,) = cursor.fetchone()
    return None if answer is None else json.loads(answer)


def _answer(statement: str, acting: Acting, *parameters: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement, [acting.staff_id, acting.membership_id, *parameters])
        (answer,) = cursor.fetchone()
    return str(answer)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _line(raw: Mapping[str, Any]) -> QuestionLine:
    return QuestionLine(
        id=UUID(raw["id"]),
        reason=QuestionReason(raw["reason"]),
        raised=datetime.fromisoformat(raw["raised"]),
        settled=_moment(raw["settled"]),
        decision=QuestionDecision(raw["decision"]) if raw["decision"] else None,
        retry_asked=_moment(raw["retry_asked"]),
        family_name=raw["family_name"],
        given_names=raw["given_names"],
        birth_date=_day(raw["birth_date"]),
    )


def _side(raw: Mapping[str, Any]) -> Side:
    place = raw["place"] or {}
    numbers = raw["numbers"]
    side = Side(
        resident=raw["resident"],
        id=UUID(raw["id"]),
        title=raw["title"],
        family_name=raw["family_name"],
        given_names=raw["given_names"],
        birth_date=_day(raw["birth_date"]),
        sex=Sex(raw["sex"]).label,
        deceased=raw["deceased"],
        deceased_on=_day(raw["deceased_on"]),
        protected=raw["protected"],
        known_to_all=raw["known_to_all"],
        address_lines=tuple(place.get("address_lines", ())),
        postcode=place.get("postcode", ""),
        phone=place.get("phone", ""),
        numbers=None if numbers is None else tuple(_number(one) for one in numbers),
        sources=tuple(
            SourceSeen(
                OrganisationKind(one["kind"]), LinkState(one["link"]), tuple(one["identifiers"])
            )
            for one in raw["sources"]
        ),
        merged=tuple(
            MergeNamed(
                UUID(one["id"]),
                datetime.fromisoformat(one["at"]),
                Cause(one["cause"]),
                _moment(one["undone_at"]),
            )
            for one in raw["merged"]
        ),
    )
    # The gate kept the place of a protected resident back already.
    return Redaction(protected=side.protected).of(side)


def _number(raw: Mapping[str, Any]) -> NumberSeen:
    return NumberSeen(
        digits=raw["number"],
        status=NumberStatus(raw["status"]),
        said_by=SaidBy(raw["said_by"]),
        until=_moment(raw["until"]),
        ended_because=Ended(raw["ended_because"]) if raw["ended_because"] else None,
        history=tuple(
            StatusSeen(
                NumberStatus(one["status"]),
                SaidBy(one["said_by"]),
                datetime.fromisoformat(one["at"]),
            )
            for one in raw["history"]
        ),
    )
