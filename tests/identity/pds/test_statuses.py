"""What a number goes through while it is traced: queued, sent, answered; and babies, who wait."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from identity import bulk, wanting
from identity.models import NumberStatusChange, ResidentNhsNumber, SourcePerson, Trace
from identity.traces import Ended, Why
from tests import factories
from tests.identity.pds.town import Town, by_word_of_mouth, ruth, town

__all__ = ["town"]


def went_through(number: ResidentNhsNumber) -> list[str]:
    kept = NumberStatusChange.objects.filter(number=number).order_by("pk")
    return list(kept.values_list("status", flat=True))


def traced(town: Town, number: str, **held: Any) -> tuple[ResidentNhsNumber, Trace]:
    """A number that a carer gave for Ruth, traced."""
    known = town.send(ruth(town))
    given = by_word_of_mouth(known, number)
    wanting.given_numbers()
    return given, town.trace(known)


def test_nobody_has_it(town: Town) -> None:
    given, trace = traced(town, factories.made_up_nhs_number(7301))
    assert went_through(given) == ["02", "03", "06", "04"]
    assert trace.why == Why.GIVEN


def test_it_is_somebody_elses(town: Town) -> None:
    other = town.put(factories.made_up_nhs_number(7302), family="Other")
    given, _ = traced(town, other.number)
    assert went_through(given) == ["02", "03", "06", "05"]


def test_it_was_withdrawn(town: Town) -> None:
    (gone,) = town.world.stand_in.service.register.invalidated
    given, trace = traced(town, gone)
    assert went_through(given) == ["02", "03", "06", "05"]
    given.refresh_from_db()
    assert (given.ended_because, trace.ended) == ("invalidated", Ended.INVALIDATED)


def test_of_a_very_restricted_person_nothing_is_compared(town: Town) -> None:
    hidden = town.put(factories.made_up_nhs_number(7304), label="V")
    given, _ = traced(town, hidden.number)
    assert went_through(given) == ["02", "03", "06", "02"]


def test_it_may_not_be_sent(town: Town) -> None:
    town.allowed = False
    given, trace = traced(town, ruth(town).number)
    assert went_through(given) == ["02", "03", "02"]
    assert trace.ended == Ended.NOT_ALLOWED
    # It is not wanted again at once.
    assert wanting.given_numbers() == 0


def test_it_is_out_for_as_long_as_no_answer_comes(town: Town) -> None:
    tracer = town.tracer()
    town.send(ruth(town), of=town.trust)
    wanting.arrivals_and_changes()
    tracer.run_due()  # which has its token then
    known = town.send(ruth(town))
    given = by_word_of_mouth(known, ruth(town).number)
    wanting.given_numbers()
    town.world.fault(always="503")
    tracer.run_due(1)
    Trace.objects.update(due=timezone.now())
    tracer.run_due(1)
    assert went_through(given) == ["02", "03", "06"]


def test_a_verified_number_stays_verified_while_it_is_traced_again(town: Town) -> None:
    held = ruth(town)
    known = town.send(held, nhs_number=held.number)
    town.trace(known)
    live = ResidentNhsNumber.objects.get(resident=SourcePerson.objects.get().resident)
    Trace.objects.create(source_person=known, why=Why.OLD)
    town.trace(known)
    assert went_through(live) == ["01"]


# ── Babies ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("weeks", "waits"), [(1, True), (5, True), (7, False)])
def test_a_baby_is_traced_at_six_weeks(town: Town, weeks: int, waits: bool) -> None:
    born = timezone.localdate() - timedelta(weeks=weeks)
    baby = town.put(factories.made_up_nhs_number(7310), given=("Baby",), birth_date=born)
    known = town.send(baby)
    given = by_word_of_mouth(known, baby.number)
    assert wanting.given_numbers() == 1
    trace = Trace.objects.get()
    assert (trace.due > timezone.now()) is waits
    assert went_through(given) == ["02", "08" if waits else "03"]
    town.tracer().run_due()
    assert bool(town.world.asked.questions()) is not waits
    if waits:
        assert timezone.localdate(trace.due) == born + timedelta(weeks=6)
        # At six weeks.
        Trace.objects.update(due=timezone.now())
        town.tracer().run_due()
        assert went_through(given) == ["02", "08", "06", "01"]


def test_a_baby_who_is_sent_waits_and_no_bulk_trace_waits_for_them(town: Town) -> None:
    born = timezone.localdate() - timedelta(weeks=1)
    baby = town.put(factories.made_up_nhs_number(7311), given=("Baby",), birth_date=born)
    town.send(baby, nhs_number=baby.number)
    assert wanting.arrivals_and_changes() == 1
    assert Trace.objects.get().due > timezone.now()
    assert bulk.want(town.council, per_minute=300) == 0
    assert bulk.end() == 1


# ── Several questions at once ───────────────────────────────────────────────────────────────


def test_a_worker_has_several_questions_out_at_once(town: Town) -> None:
    """None is asked twice, none more than the limit, and a thread leaves no connection behind."""
    held = ruth(town)
    sent = [town.send(held, nhs_number=held.number) for _ in range(6)]
    wanting.arrivals_and_changes()
    assert town.tracer().run_due(4, at_once=3) == 4
    assert len(town.world.asked.questions()) == 4
    assert town.tracer().run_due(at_once=3) == 2
    assert Trace.objects.filter(ended=Ended.VERIFIED).count() == len(sent)
    for _ in range(100):  # PostgreSQL takes a moment to end who has gone
        if others() == 0:
            break
        time.sleep(0.1)
    assert others() == 0


def others() -> int:
    """How many connections of this login there are beside this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and usename = current_user and pid <> pg_backend_pid()"
        )
        (count,) = cursor.fetchone()
        return int(count)


def test_where_nobody_may_ask_all_at_once_stop(town: Town) -> None:
    for _ in range(8):
        town.send(ruth(town))
    wanting.arrivals_and_changes()
    town.world.server.flushall()
    assert town.tracer().run_due(at_once=3) <= 3
    assert Trace.objects.filter(delays=0).count() >= 5
