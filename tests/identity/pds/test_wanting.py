"""Who is traced when: on arrival, on change, by schedule, for a letter, on request, by source."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from identity import bulk, tasks, tracing, wanting
from identity.models import (
    BulkTrace,
    LinkQuestion,
    LinkState,
    SourcePerson,
    Trace,
)
from identity.pds.client import PdsClient
from identity.selectors import verified_address
from identity.traces import Ended, Why
from tests.identity.pds.town import Town, ruth, steps

pytestmark = pytest.mark.filterwarnings("error")


def test_who_was_traced_is_not_traced_again_until_they_change(town: Town) -> None:
    known = town.send(ruth(town), birth_date=date(1900, 1, 1))
    town.trace(known)
    assert wanting.arrivals_and_changes() == 0
    SourcePerson.objects.filter(pk=known.pk).update(updated=timezone.now())
    assert wanting.arrivals_and_changes() == 1
    assert Trace.objects.latest("pk").why == Why.CHANGE


def test_the_old_and_the_unverified_are_traced_again_by_schedule(town: Town) -> None:
    known = town.send(ruth(town))
    town.trace(known)
    assert wanting.retraces(limit=10) == 0
    Trace.objects.update(finished=timezone.now() - timedelta(days=366))
    assert wanting.retraces(limit=10) == 1
    assert Trace.objects.latest("pk").why == Why.OLD


def test_who_came_long_ago_with_a_trusted_number_is_traced_at_last(town: Town) -> None:
    held = ruth(town)
    known = town.send(held, trusted=True, nhs_number=held.number, nhs_number_status="01")
    assert known.link == LinkState.LINKED
    assert wanting.retraces(limit=10) == 0
    SourcePerson.objects.update(updated=timezone.now() - timedelta(days=366))
    assert wanting.retraces(limit=10) == 1
    assert wanting.retraces(limit=10) == 0
    assert town.trace(known).why == Why.OLD


def test_whoever_was_verified_and_is_sent_otherwise_is_traced_again(town: Town) -> None:
    known = town.send(ruth(town))
    town.trace(known)
    assert wanting.retraces(limit=10) == 0
    SourcePerson.objects.filter(pk=known.pk).update(updated=timezone.now())
    assert wanting.retraces(limit=10) == 1
    trace = town.trace(known)
    # By the number that was verified: nobody is searched for who is known.
    assert (trace.why, steps(trace)) == (Why.CHANGE, [("number", "agreeing")])


def test_a_letter_without_an_address_has_its_resident_traced_once_a_while(town: Town) -> None:
    held = ruth(town)
    number = {"nhs_number": held.number, "nhs_number_status": "01"}
    known = town.send(held, of=town.trust, trusted=True, **number)
    town.send(held, trusted=True, **number)
    assert wanting.arrivals_and_changes() == 0
    assert verified_address(known.resident_id) is None
    assert wanting.address_of(known.resident_id) == 1
    assert wanting.address_of(known.resident_id) == 0
    trace = town.trace(known)
    assert (trace.why, trace.ended) == (Why.ADDRESS, Ended.VERIFIED)
    assert verified_address(known.resident_id) is not None
    assert wanting.address_of(known.resident_id) == 0
    Trace.objects.update(finished=timezone.now() - timedelta(days=31))
    assert wanting.address_of(known.resident_id) == 1


def test_nobody_is_traced_for_a_letter_who_is_not_known_beyond_doubt(town: Town) -> None:
    known = town.send(ruth(town))
    assert wanting.address_of(known.resident_id) == 0


def test_somebody_asks_to_try_again(town: Town) -> None:
    held = ruth(town)
    known = town.send(held, given_names="Somebody Else")
    town.trace(known)
    question = LinkQuestion.objects.get(source_person=known, settled__isnull=True)
    LinkQuestion.objects.filter(pk=question.pk).update(retry_asked=timezone.now())
    known.said["given_names"] = " ".join(held.given)
    known.save(update_fields=["said"])
    assert wanting.retries() == 1
    assert town.trace(known).ended == Ended.VERIFIED
    question.refresh_from_db()
    assert question.decision == "agrees-now"


def test_a_source_is_traced_as_a_whole_with_an_estimate(town: Town) -> None:
    for _ in range(3):
        town.send(ruth(town))
    assert bulk.want(town.council, per_minute=60) == 3
    assert bulk.want(town.council, per_minute=60) == 0
    count, left = wanting.time_left(town.council, per_minute=60)
    assert (count, left) == (3, timedelta(seconds=6))
    assert wanting.time_left(town.trust, per_minute=60)[0] == 0


def test_what_staff_asked_to_be_traced_is_begun_done_and_ended_by_workers(town: Town) -> None:
    held = ruth(town)
    waits, done = town.send(held), town.send(held, nhs_number=held.number)
    town.send(held, of=town.trust)
    wanting.arrivals_and_changes(limit=1)
    assert Trace.objects.get().source_person == waits
    wish = BulkTrace.objects.create(source=town.council)
    assert bulk.end() == 0
    assert bulk.begin(per_minute=300) == 1
    assert bulk.begin(per_minute=300) == 0
    wish.refresh_from_db()
    assert (wish.people, wish.questions, wish.per_minute) == (2, 4, 300)
    assert wish.begun is not None
    # Who waited already is counted, and keeps their place and reason.
    assert {trace.why for trace in wish.traces.all()} == {Why.ARRIVAL, Why.BULK}
    assert set(wish.traces.values_list("source_person", flat=True)) == {waits.pk, done.pk}
    assert bulk.end() == 0
    town.trace(waits)
    assert not wish.traces.filter(finished=None).exists()
    assert bulk.end() == 1
    wish.refresh_from_db()
    assert wish.finished is not None
    assert bulk.want(town.council, per_minute=300) == 2


def test_no_more_tasks_ask_at_once_than_the_rate_needs(
    town: Town, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(tasks.MOST_OUT):
        town.send(ruth(town))
    settings.PDS = town.world.configuration
    monkeypatch.setattr(PdsClient, "from_settings", town.world.client)
    wanting.arrivals_and_changes()
    held = [tracing._take() for _ in range(tasks.MOST_OUT - tasks.AT_ONCE + 1)]
    tasks.trace()
    assert town.world.asked.questions() == []
    # One of them has died, and its lease has ended.
    assert held[0] is not None
    Trace.objects.filter(pk=held[0].pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    tasks.trace()
    assert town.world.asked.questions() != []
