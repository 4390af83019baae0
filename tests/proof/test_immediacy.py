"""Whatever commits elsewhere holds for every statement that begins after it, at any moment.

500 random interleavings in every run; ``IMMEDIACY_ROUNDS=10000 bin/test
tests/proof/test_immediacy.py`` asks for more, ``IMMEDIACY_SEED`` for others.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import facts, gate
from access.acting import Acting
from connectcare.environment import Environment, Login
from notifications.models import Notice, NoticeKind, TeamMail
from notifications.tasks import tell_teams
from organisations.categories import Category
from organisations.models import StaffMember
from records import presenters, selectors
from records.sections import SECTIONS
from tests.proof.sittings import (
    ALL,
    CHANGES,
    DISCLOSED,
    DISCLOSED_CHANGES,
    Change,
    Ward,
    make_ward,
    statement,
)

ROUNDS = int(os.environ.get("IMMEDIACY_ROUNDS", "500"))
SEED = int(os.environ.get("IMMEDIACY_SEED", "1"))
READS = 4
#: Where a change may commit: before the transaction, in it, and after its last question.
POINTS = ("before", "begun", "facts", "opened", *(f"read {n}" for n in range(READS)), "asked")
#: From here on a change finds the record open.
OPEN_FROM = POINTS.index("opened")

Connect = Callable[[str], psycopg.Connection]


@dataclass
class Changer:
    """The second connection: begins a change when it is told to, and commits it when told to."""

    connection: psycopg.Connection
    ward: Ward
    change: Change
    point: str
    early: bool
    committed: bool = False

    def begin(self) -> None:
        """Some changes have begun long before they commit."""
        if self.early:
            self.connection.execute(statement(self.change.do, self.ward))

    def at(self, point: str) -> None:
        if point == self.point and not self.committed:
            if not self.early:
                self.connection.execute(statement(self.change.do, self.ward))
            self.connection.commit()
            self.committed = True

    def undo(self) -> None:
        assert self.committed, self.point
        self.connection.execute(statement(self.change.undo, self.ward))
        self.connection.commit()


@dataclass
class Seen:
    """What a sitting was shown, statement by statement: had the change committed, and the rows."""

    decided_after: bool = False
    opened: bool = False
    reads: list[tuple[bool, frozenset[str]]] = field(default_factory=list)
    leaves: bool = False
    asked_after: bool = False


@pytest.fixture
def ward(database: object, as_login: Any) -> Ward:
    with as_login("pipeline"):
        return make_ward()


@contextmanager
def hooked(
    owner: Any, name: str, before: str, after: str, at: Callable[[str], None]
) -> Iterator[None]:
    """While this lasts, a function lets the change happen before and after it."""
    whole = getattr(owner, name)

    def through(*given: Any, **named: Any) -> Any:
        at(before)
        answer = whole(*given, **named)
        at(after)
        return answer

    setattr(owner, name, through)
    try:
        yield
    finally:
        setattr(owner, name, whole)


def everything() -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute("select display from records_entry")
        return frozenset(display for (display,) in cursor.fetchall())


def every_page(opened: gate.Opened) -> frozenset[str]:
    """What paging through the record shows: each section, each of its groups."""
    found: set[str] = set()
    for section in SECTIONS:
        if section.slug in {"problems", "allergies"}:
            for group in section.groups:
                page = selectors.page_of(opened, section, group, 1)
                found |= {entry.display for entry in page}
    return frozenset(found)


def the_newest(opened: gate.Opened) -> frozenset[str]:
    wanted = [(section.category, group) for section in SECTIONS for group in section.groups]
    return frozenset(
        entry.display for found in selectors.newest(opened, wanted).values() for entry in found
    )


def counted(opened: gate.Opened) -> frozenset[str]:
    """A count tells as much as a row: some, or none."""
    return ALL if selectors.counts(opened).by_key else frozenset()


READERS: tuple[Callable[[gate.Opened], frozenset[str]], ...] = (
    lambda opened: everything(),
    every_page,
    the_newest,
    counted,
)


def sit(ward: Ward, changer: Changer, chance: Random) -> Seen:
    """Facts, decision, opening, pages, last question: as a request of the web makes them."""
    seen = Seen()
    changer.begin()
    changer.at("before")
    with transaction.atomic():
        changer.at("begun")
        seen.decided_after = changer.committed
        with hooked(facts, "read", "begun", "facts", changer.at):
            opened = gate.open_record(
                Acting.of(ward.nurse),
                ward.resident.public_id,
                look=uuid4(),
                request_id=str(uuid4()),
            )
        seen.opened = isinstance(opened, gate.Opened)
        changer.at("opened")
        for number in range(READS):
            after = changer.committed
            if isinstance(opened, gate.Opened):
                seen.reads.append((after, chance.choice(READERS)(opened)))
            else:
                seen.reads.append((after, everything()))
            changer.at(f"read {number}")
        seen.asked_after = changer.committed
        seen.leaves = gate.still_open()
        changer.at("asked")
    return seen


def check(seen: Seen, change: Change) -> None:
    """No statement begun after the commit returns a row, and nothing made before it leaves."""
    if seen.decided_after:
        # Everything was decided on the new facts: what is left, if anything, may be shown.
        assert seen.opened == seen.leaves == bool(change.left)
        for _, rows in seen.reads:
            assert rows in {change.left, ALL if change.left else frozenset()}
            # ALL is what a count says of any rows at all.
        return
    for after, rows in seen.reads:
        if after:
            assert rows == frozenset(), change.name
        else:
            assert rows == ALL or not seen.opened
    assert seen.leaves is (seen.opened and not seen.asked_after), change.name


def test_random_interleavings(ward: Ward, run_sql: Connect) -> None:
    interleave(ward, run_sql("pipeline"), CHANGES, Random(SEED), ROUNDS)


def test_random_interleavings_under_a_lawful_disclosure(ward: Ward, run_sql: Connect) -> None:
    """What was refused and disclosed is shown, and ends with the disclosure."""
    second = run_sql("admin")  # nobody else writes disclosures but the gate
    for before in DISCLOSED:
        second.execute(statement(before, ward))
    second.commit()
    interleave(ward, second, DISCLOSED_CHANGES, Random(SEED + 3), max(ROUNDS // 3, 150))


def interleave(
    ward: Ward,
    second: psycopg.Connection,
    changes: Sequence[Change],
    chance: Random,
    rounds: int,
) -> None:
    met = Counter[tuple[str, str]]()
    for _ in range(rounds):
        change, point = chance.choice(changes), chance.choice(POINTS)
        changer = Changer(second, ward, change, point, early=chance.random() < 0.5)
        try:
            check(sit(ward, changer, chance), change)
        finally:
            changer.at(point)
            changer.undo()
        met[change.name, point] += 1
    assert len({name for name, _ in met}) == len(changes)
    assert {point for _, point in met} == set(POINTS)


# ── The same by HTTP: what leaves ───────────────────────────────────────────────────────────

#: Functions of a request for a record's page, in its order, with the points around each.
STEPS = (
    (facts, "read", "begun", "facts"),
    (selectors, "first_seen", "opened", "read 0"),
    (selectors, "counts", "read 0", "read 1"),
    (presenters, "record_page", "read 2", "read 3"),
    (gate, "still_open", "read 3", "asked"),
)


def test_random_interleavings_with_requests(ward: Ward, run_sql: Connect) -> None:
    chance = Random(SEED + 1)
    second = run_sql("pipeline")
    client = Client()
    client.force_login(ward.nurse.staff)
    resident = {"resident": str(ward.resident.public_id)}
    page = reverse("record", args=[ward.resident.public_id])
    left = Counter[bool]()
    for _ in range(max(ROUNDS // 5, 50)):
        change, point = chance.choice(CHANGES), chance.choice(POINTS[1:])
        changer = Changer(second, ward, change, point, early=chance.random() < 0.5)
        client.force_login(ward.nurse.staff)
        assert client.post(reverse("open-record"), resident).status_code == 303
        changer.begin()
        with (
            hooked(*STEPS[0], changer.at),
            hooked(*STEPS[1], changer.at),
            hooked(*STEPS[2], changer.at),
            hooked(*STEPS[3], changer.at),
            hooked(*STEPS[4], changer.at),
        ):
            response = client.get(page)
        words = response.content.decode()
        shown = frozenset(display for display in ALL if display in words)
        changer.at(point)
        changer.undo()
        if point == "asked":
            assert response.status_code == 200
            assert shown == ALL
        elif point == "begun":
            assert shown == change.left, change.name
        else:
            assert response.status_code in {303, 403}, change.name
            assert shown == frozenset(), change.name
        left[bool(shown)] += 1
    assert min(left[True], left[False]) > 5


# ── The same in the background: a task that was queued before the change ─────────────────────

#: Where a change may commit while a task waits and runs: queued, begun, decided, done.
TASK_POINTS = ("queued", "begun", "facts", "sent")
#: What the message is of.
TOLD = "Diagnosis of practice"


@pytest.fixture
def _web_of_the_worker(settings: LazySettings, database: object) -> None:
    """A worker that asks as somebody is given the web's address beside its own."""
    settings.WEB_DATABASE = Environment().database(Login.WEB)


@pytest.mark.usefixtures("_web_of_the_worker")
def test_random_interleavings_with_queued_tasks(
    ward: Ward, run_sql: Connect, as_login: Any, mailoutbox: list[Any]
) -> None:
    """The task carries nothing that was decided before: it asks when it runs, as its reader.

    One that has asked sends words that are the same for all, and what they lead to asks anew.
    """
    chance = Random(SEED + 4)
    second = run_sql("pipeline")
    with as_login("pipeline"):
        StaffMember.objects.filter(pk=ward.nurse.staff_id).update(email="nurse@trust.example")
        key = 64 * ward.ids["practice"] + 2 * Category.DIAGNOSES
        Notice.objects.create(
            kind=NoticeKind.ASSESSMENT,
            resident=ward.resident,
            organisation_id=ward.ids["trust"],
            source_id=ward.ids["practice"],
            identifier="told",
            grant_key=key,
            happened=timezone.now(),
        )
    sent = Counter[bool]()
    for _ in range(max(ROUNDS // 5, 50)):
        change, point = chance.choice(CHANGES), chance.choice(TASK_POINTS)
        changer = Changer(second, ward, change, point, early=chance.random() < 0.5)
        mailoutbox.clear()
        with as_login("pipeline"):
            TeamMail.objects.update(told=None, wanted=timezone.now())
            changer.begin()
            changer.at("queued")
            with hooked(facts, "read_many", "begun", "facts", changer.at):
                tell_teams.apply().get()
        changer.at(point)
        is_left = TOLD in change.left
        assert len(mailoutbox) == (1 if point in ("facts", "sent") else is_left), change.name
        client = Client()
        client.force_login(ward.nurse.staff)
        inbox = client.get(reverse("inbox"))
        assert ("app-inbox-notice" in inbox.content.decode()) is is_left, change.name
        changer.undo()
        sent[bool(mailoutbox)] += 1
    assert min(sent[True], sent[False]) > 5


# ── The same by the clock: nobody waits for anybody ─────────────────────────────────────────


def test_races(ward: Ward, run_sql: Connect) -> None:
    """The change commits in a thread of its own, at no point that the reader knows.

    A statement whose own time is later than that of the commit's return began after it.
    """
    chance = Random(SEED + 2)
    second = run_sql("pipeline")
    raced = Counter[str]()
    for _ in range(max(ROUNDS // 5, 50)):
        change = chance.choice(CHANGES)
        # Which of the two came first is told by the epochs, not by clocks.
        before = _epochs(facts.read(**_asking(ward)))
        committed: list[datetime] = []
        delay = chance.random() * 0.012
        thread = threading.Thread(
            target=_change_after, args=(second, ward, change, delay, committed)
        )
        thread.start()
        reads: list[tuple[datetime, int]] = []
        opened = None
        with transaction.atomic():
            opened = gate.open_record(
                Acting.of(ward.nurse),
                ward.resident.public_id,
                look=uuid4(),
                request_id=str(uuid4()),
            )
            with connection.cursor() as cursor:
                for _ in range(12):
                    cursor.execute("select statement_timestamp(), count(*) from records_entry")
                    reads.append(cursor.fetchone())
                cursor.execute("select statement_timestamp(), access.still_open()")
                last, leaves = cursor.fetchone()
        thread.join()
        second.execute(statement(change.undo, ward))
        second.commit()
        (at,) = committed
        if opened.decision is None or _epochs(opened.decision.facts) != before:
            raced["decided after"] += 1
            continue
        assert {count for when, count in reads if when > at} <= {0}, change.name
        assert not (leaves and last > at), change.name
        raced["during" if any(when > at for when, _ in reads) else "after"] += 1
    assert raced["during"] > 5, raced


def _asking(ward: Ward) -> dict[str, Any]:
    return {
        "staff_id": ward.nurse.staff_id,
        "membership_id": ward.nurse.pk,
        "resident": ward.resident.public_id,
    }


def _epochs(known: facts.Facts) -> tuple[int, int | None]:
    return known.rules_epoch, known.resident_epoch


def _change_after(
    second: psycopg.Connection, ward: Ward, change: Change, delay: float, committed: list[datetime]
) -> None:
    time.sleep(delay)
    second.execute(statement(change.do, ward))
    second.commit()
    row = second.execute("select clock_timestamp()").fetchone()
    second.commit()
    assert row is not None
    committed.append(row[0])
