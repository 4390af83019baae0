"""Traces that cannot be asked now, workers that die, and faults of every kind."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, connections, transaction
from django.utils import timezone

from identity import asking, tracing, wanting
from identity.models import (
    Trace,
    TraceStep,
)
from identity.pds.circuit import Circuit
from identity.pds.rate import RateLimit
from identity.traces import Ended, Step
from region.pds_stand_in.serving import Pace
from tests.identity.pds.test_rate import most_in_a_window
from tests.identity.pds.town import Town, ruth

pytestmark = pytest.mark.filterwarnings("error")


def test_where_nobody_may_ask_the_others_are_not_put_off(town: Town) -> None:
    for _ in range(3):
        town.send(ruth(town))
    wanting.arrivals_and_changes()
    town.world.server.flushall()
    assert town.tracer().run_due() == 1
    assert Trace.objects.filter(delays=0, due__lte=timezone.now()).count() == 2


# ── Not now, and workers that die ───────────────────────────────────────────────────────────


def test_not_now_loses_nothing_and_keeps_the_request_id(town: Town) -> None:
    known = town.send(ruth(town))
    wanting.arrivals_and_changes()
    before = Trace.objects.get()
    town.world.fault(always="503")
    town.tracer().run_due(1)
    after = Trace.objects.get()
    assert (after.asked_as, after.step, after.finished) == (before.asked_as, before.step, None)
    assert after.due > timezone.now()
    assert after.lease is None
    town.world.fault()
    Trace.objects.update(due=timezone.now())
    town.world.server.flushdb()
    from tests.identity.pds.conftest import may_begin

    may_begin(town.world.server)
    assert town.trace(known).ended == Ended.VERIFIED
    ids = {line["request_id"] for line in town.world.asked.lines("search")}
    assert ids == {str(before.asked_as)}


def test_a_worker_that_dies_leaves_a_lease_that_ends(town: Town) -> None:
    known = town.send(ruth(town))
    wanting.arrivals_and_changes()
    taken = tracing._take()
    assert taken is not None
    assert tracing._take() is None
    Trace.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert town.trace(known).ended == Ended.VERIFIED


def test_what_a_worker_brings_after_its_lease_changes_nothing(town: Town) -> None:
    town.send(ruth(town))
    wanting.arrivals_and_changes()
    slow = tracing._take()
    assert slow is not None
    Trace.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    town.tracer().run_due()
    before = list(Trace.objects.values()), TraceStep.objects.count()
    tracing._write(slow, asking.Question(Step.EXACT), None, town.world.client().service)
    assert (list(Trace.objects.values()), TraceStep.objects.count()) == before


def test_a_step_can_be_neither_changed_nor_deleted(town: Town) -> None:
    town.trace(town.send(ruth(town)))
    for statement in ("delete from identity_tracestep", "update identity_tracestep set why = 'x'"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


FAULTS = int(os.environ.get("TRACE_FAULTS", "20"))


LIMIT, WINDOW = 40, 1.0


def test_faults_lose_none_double_none_and_pass_no_rate(town: Town) -> None:
    """Workers on real sockets, faults at random, Redis emptied, leases that nobody gives back.

    More with ``TRACE_FAULTS=500``. Figures are the stand-in's own. Processes that are killed with
    their answer are in ``test_killed.py``.
    """
    people = [p for p in town.world.stand_in.service.register.people.values() if p.addresses]
    sent = [town.send(p) for p in people for _ in range(1 + FAULTS // 15)]
    wanting.arrivals_and_changes()
    town.world.stand_in.pace = Pace(slow=0.05, stalled=0.05)
    quota = town.world.stand_in.service.quota
    quota.limit, quota.window = LIMIT, WINDOW
    town.world.fault(share=0.3)
    done = threading.Event()
    settings = connections["default"].settings_dict

    def work() -> None:
        connections["default"].settings_dict = settings
        tracer = town.tracer(
            rate=RateLimit(town.world.server, name="test", limit=LIMIT, window=WINDOW, lease=4.0),
            circuit=Circuit(
                town.world.server, name="test", first_rest=0.05, longest_rest=0.2, probe=2
            ),
            sleep=lambda seconds: time.sleep(min(seconds, 0.05)),
        )
        while not done.is_set():
            if not tracer.run_due(5):
                Trace.objects.filter(finished__isnull=True).update(due=timezone.now())
                time.sleep(0.02)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    killed = 0
    try:
        until = time.monotonic() + 240 + 2 * FAULTS
        while Trace.objects.filter(finished__isnull=True).exists():
            assert time.monotonic() < until, "traces are left that nobody asks"
            faults = sum(line["fault"] is not None for line in town.world.asked.questions())
            if faults >= FAULTS:
                town.world.fault()
            if killed < FAULTS // 10 and tracing._take() is not None:
                # As one that died holding it: its lease runs out, and nobody gives it back.
                killed += 1
                Trace.objects.filter(leased_until__gt=timezone.now() + timedelta(minutes=5)).update(
                    leased_until=timezone.now() + timedelta(seconds=2)
                )
                town.world.server.flushall()
            time.sleep(0.05)
    finally:
        done.set()
        for worker in workers:
            worker.join()

    assert Trace.objects.count() == len(sent)
    asked = town.world.asked.questions()
    assert most_in_a_window([line["at"] for line in asked], WINDOW) <= LIMIT
    answered = TraceStep.objects.exclude(outcome="not-now").values_list("request", flat=True)
    assert len(set(answered)) == len(answered)
    traced = Trace.objects.filter(ended=Ended.VERIFIED).count()
    assert traced >= len(sent) // 2
    faults = sum(line["fault"] is not None for line in asked)
    assert faults >= FAULTS
    most = most_in_a_window([line["at"] for line in asked], WINDOW)
    print(  # noqa: T201 - the figures of a run by hand
        f"{len(sent)} traces, {len(asked)} requests, {faults} faults, {killed} leases lost "
        f"and Redis emptied as often: none lost, none answered twice, at most {most} "
        f"of {LIMIT} in {WINDOW:g} s."
    )
