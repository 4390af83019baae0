"""The resident's account "who looked at my record, and why": told after a check of who asks.

An account is begun by the gate with the check that it stands on, and never without. Its lines are
of every organisation, by role and never by name: it is the resident's own. A line that is held is
left out until an officer of whose staff looked has decided (docs/adr/0036).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from access.account_words import HeldBecause, held_because
from access.acting import Acting
from access.identity_calls import answer, ask, day
from access.identity_check import Claimed, Compared, digits
from access.looked import MOST_IN_FILE, Looks, LookSeen, looks_of
from access.models import AlertKind, AlertOutcome
from access.references import ACCOUNT_PREFIX, QUESTION_PREFIX, new_reference
from access.restricted import Answer
from identity.names import fold
from identity.protected import KEPT_BACK, is_protected

#: An answer is given within so many working days.
ANSWERED_WITHIN = 20


@dataclass(frozen=True, slots=True)
class Question:
    """What a resident asked of a line: its reference, when an answer is due, and the answer."""

    reference: str
    due: date
    answered: date | None
    answer: str


@dataclass(frozen=True, slots=True)
class Account:
    """The lines that may be told, the earliest first, and what was asked of them.

    ``resident`` is the resident's own id. ``cut`` says that there were more than can be told at
    once.
    """

    id: UUID
    reference: str
    resident: int
    since: datetime
    until: datetime
    lines: tuple[LookSeen, ...]
    questions: Mapping[UUID, tuple[Question, ...]]
    held: tuple[tuple[UUID, HeldBecause], ...]
    cut: bool


def begin(
    claimed: Claimed, resident: UUID, *, days: int, by: Acting, request_id: str
) -> tuple[Compared, UUID | None]:
    """Compare who somebody says that they are; an account of the days before only if it agrees."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select answer, account from access.begin_account(%s, %s, %s::uuid, %s, %s, %s,"
            " %s::date, %s, %s, %s, %s, %s)",
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
                days,
                new_reference(ACCOUNT_PREFIX),
            ],
        )
        answer, account = cursor.fetchone()
    return Compared(answer), account


def read(acting: Acting, account: UUID, *, how: str, request_id: str) -> Account | None:
    """An account, with all that may be told; ``None`` if not for the reader. It is audited."""
    raw = ask(
        "select access.read_account(%s, %s, %s, %s, %s, %s::uuid)::text",
        acting,
        account,
        MOST_IN_FILE,
        how,
        request_id,
    )
    if raw is None:
        return None
    found = looks_of(raw)
    held = {look.line: held_because(look) for look in found.lines}
    return Account(
        id=account,
        reference=raw["reference"],
        resident=raw["resident"],
        since=datetime.fromisoformat(raw["since"]),
        until=datetime.fromisoformat(raw["until"]),
        lines=_may_be_told(found, raw["lines"]),
        questions=_questions(raw["lines"], kept_back=is_protected(raw["protection"])),
        held=tuple((line, why) for line, why in held.items() if why is not None),
        cut=found.total > len(found.lines),
    )


def told_to_resident(text: str) -> tuple[LookSeen, ...]:
    """Of the gate's answer about every look, those that are told, the earliest first."""
    raw = json.loads(text)
    return _may_be_told(looks_of(raw), raw["lines"])


def _may_be_told(found: Looks, cases: Iterable[Mapping[str, Any]]) -> tuple[LookSeen, ...]:
    told, kept = _decided(cases)
    return tuple(
        look
        for look in reversed(found.lines)
        if look.line not in kept and (held_because(look) is None or look.line in told)
    )


def _decided(lines: Iterable[Mapping[str, Any]]) -> tuple[set[UUID], set[UUID]]:
    """Lines that officers have said may be told, and those that one holds: of both, held."""
    cases = [(UUID(each["line"]), each) for each in lines if each["kind"] == AlertKind.HELD_LINE]
    return (
        {line for line, each in cases if each["outcome"] == AlertOutcome.TOLD},
        {line for line, each in cases if each["outcome"] != AlertOutcome.TOLD},
    )


def hold_line(acting: Acting, resident: UUID, line: UUID, *, words: str, request_id: str) -> Answer:
    """Hold a line of who looked from the resident's account, at once and until it is decided.

    ``held`` with the case of the officers of whose staff looked, ``already``, ``own`` or
    ``not-known``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from access.hold_line(%s, %s, %s, %s, %s, %s, %s::uuid)",
            [
                acting.staff_id,
                acting.membership_id,
                resident,
                line,
                words,
                new_reference(),
                request_id,
            ],
        )
        return Answer(*cursor.fetchone())


def release_line(acting: Acting, alert: UUID, *, words: str, request_id: str) -> str:
    """Have a line told that was kept back: ``released``, or ``own``, ``not-kept-back``,
    ``not-known``.
    """
    return answer(
        "select access.release_line(%s, %s, %s, %s, %s::uuid)", acting, alert, words, request_id
    )


def hold(account: Account, *, by: Acting, request_id: str) -> list[int]:
    """Give each line that is held to the officers of whose staff looked; the new cases' ids."""
    raised = (
        _raise(account.id, AlertKind.HELD_LINE, line, by, request_id, rule=why)
        for line, why in account.held
    )
    return [case for case, _ in filter(None, raised)]


def question(
    account: UUID, line: UUID, words: str, *, due: date, by: Acting, request_id: str
) -> tuple[int, str] | None:
    """A resident's question about a line: its case and reference; ``None`` for no such line."""
    return _raise(account, AlertKind.QUESTION, line, by, request_id, words=words, due=due)


def _raise(
    account: UUID,
    kind: AlertKind,
    line: UUID,
    by: Acting,
    request_id: str,
    *,
    words: str = "",
    rule: str = "",
    due: date | None = None,
) -> tuple[int, str] | None:
    of_question = kind is AlertKind.QUESTION
    with connection.cursor() as cursor:
        cursor.execute(
            "select alert, reference from access.raise_of_account(%s, %s, %s, %s, %s, %s, %s,"
            " %s::date, %s, %s::uuid)",
            [
                by.staff_id,
                by.membership_id,
                account,
                kind,
                line,
                words,
                rule,
                due,
                new_reference(QUESTION_PREFIX) if of_question else new_reference(),
                request_id,
            ],
        )
        found = cursor.fetchone()
    return None if found is None else (int(found[0]), str(found[1]))


def _questions(
    lines: Iterable[Mapping[str, Any]], *, kept_back: bool
) -> dict[UUID, tuple[Question, ...]]:
    asked: dict[UUID, tuple[Question, ...]] = {}
    for each in lines:
        if each["kind"] == AlertKind.QUESTION:
            answer = each["answer"] or ""
            closed = each["closed"]
            question = Question(
                reference=each["reference"],
                due=day(each["due"]) or date.max,
                answered=datetime.fromisoformat(closed).date() if closed else None,
                answer=KEPT_BACK if answer and kept_back else answer,
            )
            line = UUID(each["line"])
            asked[line] = (*asked.get(line, ()), question)
    return asked
