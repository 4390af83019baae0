"""One probe: every wall and every door, as every reader; what comes back are counts."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from uuid import UUID, uuid4

from django.db import transaction

from access import restricted, watching
from access.acting import Acting
from access.decision import Decision
from access.reasons import EMERGENCY
from access.showing import SHOWING
from records.probing import doors, walls
from records.probing.as_web import as_web, undone
from records.probing.question import Question, Sample
from records.probing.readers import How, Reader, readers_of

log = logging.getLogger(__name__)

#: One look; answers what it was still shown.
Look = Callable[[], int]

DECISION = "decision"
KEYS = "keys-in-force"
ROWS = "row-security"
SELECTORS = "selectors"


def way_through(door: str) -> str:
    """How findings name a door."""
    return f"door:{door}"


@dataclass(slots=True)
class Findings:
    """What a probe found, in counts alone.

    ``asked`` is how many readers were asked as, way by way; ``shown`` what was still shown by each;
    ``faults`` what could not be asked.
    """

    readers: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)
    faults: int = 0

    @property
    def ways(self) -> int:
        """How many times it was looked: readers times the ways that each was asked in."""
        return self.asked.total()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A reader who could read but for the choice, and what is withheld from them."""

    reader: Reader
    acting: Acting
    decision: Decision
    withheld: set[int]
    all_withheld: bool


def ask(question: Question) -> Findings:
    """Look in every way, as every reader. By the pipeline's login, outside any opening."""
    findings = Findings()
    readers = readers_of(question.resident_id)
    with as_web():
        asked = [each for reader in readers if (each := _consider(question, reader)) is not None]
    findings.readers = len(asked)
    samples = [question.samples(each.withheld) for each in asked]
    referrals = question.referrals()
    for each, some in zip(asked, samples, strict=True):
        _note(findings, SELECTORS, transaction.atomic, partial(_selected, question, each, some))
    with as_web():
        for each, some in zip(asked, samples, strict=True):
            _look(question, each, some, referrals, findings)
    return findings


def _consider(question: Question, reader: Reader) -> _Asked | None:
    """What a reader would be granted but for the choice; ``None`` if they could not read anyway."""
    acting = Acting.of(reader.membership, sitting=uuid4())
    with undone():
        _make_way(question, reader, acting)
        decision, forged = walls.decided(acting, question.resident, glass=_by_glass(reader))
    organisation = acting.organisation_id
    disclosed = {int(category) for each in forged.disclosures for category in each.categories}
    withheld = {
        key
        for key in forged.keys
        if question.withholds(key, organisation) and key % 64 // 2 not in disclosed
    }
    if not withheld:
        return None
    whole = question.withholds_all_from(organisation) and not disclosed
    return _Asked(reader, acting, decision, withheld, whole)


def _look(
    question: Question,
    asked: _Asked,
    samples: list[Sample],
    referrals: list[UUID],
    findings: Findings,
) -> None:
    """Every way but the selectors, as one reader, each time in a transaction that is undone."""
    ways: dict[str, Look] = {
        DECISION: partial(_decided, question, asked),
        KEYS: partial(_keys, question, asked),
        ROWS: partial(_rows, question, asked),
    }
    for way, look in ways.items():
        _note(findings, way, undone, look)
    for door in sorted(SHOWING):
        addresses = partial(
            doors.addresses, door, question.resident, samples=samples, referrals=referrals
        )
        look = partial(_door, question, asked, samples, addresses)
        _note(findings, way_through(door), nullcontext, look)


def _note(
    findings: Findings, way: str, within: Callable[[], AbstractContextManager[None]], look: Look
) -> None:
    try:
        with within():
            shown = look()
    except Exception as error:  # noqa: BLE001 - whatever it is: it was not asked, which is counted
        findings.faults += 1
        # Its text may hold what it stumbled over, which is nobody's to read.
        log.warning("A probe could not ask %s: %s", way, type(error).__name__)
        return
    findings.asked[way] += 1
    if shown:
        findings.shown[way] += shown


def _selected(question: Question, asked: _Asked, samples: list[Sample]) -> int:
    return walls.selected(asked.decision, question.resident_id, asked.withheld, samples)


def _decided(question: Question, asked: _Asked) -> int:
    _make_way(question, asked.reader, asked.acting)
    decision, _ = walls.decided(asked.acting, question.resident)
    opens = asked.all_withheld and decision.is_open
    return walls.granted(decision, asked.withheld) or int(opens)


def _keys(question: Question, asked: _Asked) -> int:
    _forge(question, asked)
    return walls.keys_in_force(asked.withheld)


def _rows(question: Question, asked: _Asked) -> int:
    without = walls.rows(question.resident_id, asked.withheld)
    _forge(question, asked)
    return without + walls.rows(question.resident_id, asked.withheld)


def _forge(question: Question, asked: _Asked) -> None:
    _make_way(question, asked.reader, asked.acting)
    glass = _by_glass(asked.reader)
    _, forged = walls.decided(asked.acting, question.resident, glass=glass)
    walls.forge_opening(asked.acting, forged)


def _door(
    question: Question,
    asked: _Asked,
    samples: list[Sample],
    addresses: Callable[[], list[doors.Address]],
) -> int:
    shown = 0
    for address in addresses():
        with undone():
            _make_way(question, asked.reader, asked.acting)
            status, named = doors.shown_at(
                address, asked.acting, asked.reader.staff, question.resident, samples
            )
        answers = status == HTTPStatus.OK and address.opens
        opens = answers and (asked.all_withheld or address.is_an_entry)
        shown += named or int(opens)
    return shown


def _by_glass(reader: Reader) -> bool:
    return reader.how is How.BROKEN_GLASS


def _make_way(question: Question, reader: Reader, acting: Acting) -> None:
    """Say why, should the record be under watch, and break glass where there is no other way.

    So that neither stands before the choice. Undone with everything else.
    """
    watching.say_why(
        acting, question.resident, words="The proof of effect asks", request_id=str(uuid4())
    )
    if _by_glass(reader):
        restricted.break_glass(
            acting,
            question.resident,
            reason=EMERGENCY[0][0],
            words="The proof of effect asks",
            request_id=str(uuid4()),
        )
