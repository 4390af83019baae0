"""Tracing source persons against the stand-in: the ladder, what an answer settles, and faults."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection, connections, transaction
from django.utils import timezone

from audit.models import Action, Event
from consent import selectors as consent
from feeds.mapped import MappedPerson
from identity import asking, bulk, tasks, tracing, wanting
from identity.actions import receive_persons
from identity.models import (
    BulkTrace,
    LinkQuestion,
    LinkState,
    NumberStatus,
    NumberStatusChange,
    Protection,
    Resident,
    ResidentNhsNumber,
    SaidBy,
    SourcePerson,
    Trace,
    TraceStep,
    VerifiedAddress,
)
from identity.pds.circuit import Circuit
from identity.pds.client import PdsClient
from identity.pds.rate import RateLimit
from identity.selectors import verified_address
from identity.traces import Ended, Step, Why
from identity.tracing import Tracer
from organisations.models import Organisation
from region.pds_stand_in.people import Held
from region.pds_stand_in.serving import Pace
from tests import factories
from tests.identity.pds.conftest import World
from tests.identity.pds.test_rate import most_in_a_window

pytestmark = pytest.mark.filterwarnings("error")


class Town:
    """A council whose people arrive without a traced number."""

    def __init__(self, world: World, as_login: Any) -> None:
        self.world, self.as_login = world, as_login
        self.council = factories.organisation("Council", kind="adult_social_care", code="Y99951")
        self.trust = factories.organisation("Trust", kind="nhs_trust", code="Y99952")
        self.allowed = True

    def tracer(self, **differing: Any) -> Tracer:
        return Tracer(self.world.client(**differing), may_use_number=lambda *_: self.allowed)

    def send(
        self, held: Held, *, of: Organisation | None = None, trusted: bool = False, **changed: Any
    ) -> SourcePerson:
        """Somebody as PDS has them, but for what is changed; a number only where one is given."""
        home = held.addresses[0] if held.addresses else None
        said: dict[str, Any] = {
            "identifier": f"case {len(SourcePerson.objects.all())}",
            "version": datetime(2026, 1, 1, tzinfo=UTC),
            "family_name": held.family,
            "given_names": " ".join(held.given),
            "birth_date": held.birth_date,
            "sex": held.gender,
            "postcode": home.postcode if home else "",
            "address_lines": ("as the council has it",),
        }
        person = MappedPerson(**(said | changed))
        with transaction.atomic():
            (received,) = receive_persons(
                [person], source=of or self.council, trusted_for_numbers=trusted
            )
        return SourcePerson.objects.get(pk=received.source_person_id)

    def trace(self, known: SourcePerson) -> Trace:
        """Want it, and ask until it has ended."""
        wanting.arrivals_and_changes()
        tracer = self.tracer()
        for _ in range(8):
            tracer.run_due()
        known.refresh_from_db()
        return Trace.objects.filter(source_person=known).latest("pk")

    def events(self) -> list[Event]:
        """What the audit has of traces. The pipeline may write it and not read it."""
        with self.as_login("owner"):
            return list(Event.objects.filter(action=Action.TRACE_SENT).order_by("pk"))

    def put(self, number: str, **changed: Any) -> Held:
        """One more person at the stand-in."""
        said: dict[str, Any] = {
            "number": number,
            "family": "Quill",
            "given": ("Ann",),
            "birth_date": date(1950, 5, 5),
            "gender": "female",
            "addresses": (),
        }
        held = Held(**(said | changed))
        self.world.stand_in.service.register.put(held)
        return held


@pytest.fixture
def town(database: object, as_login: Any, world: World) -> Iterator[Town]:
    before = dict(world.stand_in.service.register.people)
    with as_login("pipeline"):
        yield Town(world, as_login)
    world.stand_in.service.register.people.clear()
    world.stand_in.service.register.people.update(before)


def ruth(town: Town) -> Held:
    """Anybody of the register with an address, open to everyone."""
    people = town.world.stand_in.service.register.people.values()
    return next(
        p for p in people if p.label == "U" and p.addresses and not p.died_on and not p.twin
    )


def steps(trace: Trace) -> list[tuple[str, str]]:
    return list(trace.steps.order_by("pk").values_list("step", "outcome"))


def questions(known: SourcePerson) -> list[str]:
    rows = LinkQuestion.objects.filter(source_person=known, settled__isnull=True)
    return list(rows.values_list("reason", flat=True))


# ── The ladder, and what it settles ─────────────────────────────────────────────────────────


def test_somebody_without_a_number_is_searched_retrieved_and_linked(town: Town) -> None:
    held = ruth(town)
    known = town.send(held)
    assert known.link == LinkState.ALONE

    trace = town.trace(known)

    assert trace.ended == Ended.VERIFIED
    assert steps(trace) == [("exact", "one"), ("verify", "agreeing")]
    number = ResidentNhsNumber.objects.get(resident=known.resident_id)
    assert (number.number, number.status, number.said_by) == (
        held.number, NumberStatus.VERIFIED, SaidBy.TRACE,
    )  # fmt: skip
    assert known.link == LinkState.LINKED
    assert known.resident.known_to_all
    assert NumberStatusChange.objects.filter(number=number, said_by=SaidBy.TRACE).exists()
    home = held.addresses[0]
    address = verified_address(known.resident_id)
    assert address is not None
    assert (address.lines, address.postcode) == (home.lines, home.postcode)


def test_a_number_that_was_sent_is_asked_for_first(town: Town) -> None:
    held = ruth(town)
    trace = town.trace(town.send(held, nhs_number=held.number, nhs_number_status="02"))
    assert steps(trace) == [("number", "agreeing")]
    assert trace.ended == Ended.VERIFIED


def test_two_sources_of_one_person_become_one_resident(town: Town) -> None:
    held = ruth(town)
    one, other = town.send(held), town.send(held, of=town.trust)
    assert one.resident_id != other.resident_id
    town.trace(one)
    other.refresh_from_db()
    assert other.resident_id == one.resident_id
    assert other.link == LinkState.LINKED


def test_a_number_of_somebody_else_goes_to_a_person(town: Town) -> None:
    held = ruth(town)
    known = town.send(held, nhs_number=held.number, nhs_number_status="02", family_name="Otherwise")
    trace = town.trace(known)
    assert trace.ended == Ended.TO_BE_DECIDED
    assert trace.steps.get().disagrees == ["family name"]
    assert questions(known) == ["trace-conflict"]
    assert known.link == LinkState.ALONE
    assert not ResidentNhsNumber.objects.exists()


def test_whoever_has_the_number_is_proposed_beside_whom_it_disagrees_with(town: Town) -> None:
    held = ruth(town)
    theirs = town.send(
        held, of=town.trust, nhs_number=held.number, nhs_number_status="01", trusted=True
    )
    known = town.send(held, nhs_number=held.number, birth_date=date(1931, 1, 1))
    town.trace(known)
    question = LinkQuestion.objects.get(source_person=known)
    assert (question.reason, question.candidate_id) == ("trace-conflict", theirs.resident_id)
    assert known.resident_id != theirs.resident_id
    # Once a person has said that they are two, nobody is asked again.
    LinkQuestion.objects.update(settled=timezone.now(), decision="different")
    Trace.objects.create(source_person=known, why=Why.UNVERIFIED)
    town.trace(known)
    assert questions(known) == []


def test_a_near_birth_date_is_near_and_not_enough(town: Town) -> None:
    held = town.put(factories.made_up_nhs_number(7001), birth_date=date(1950, 5, 6))
    known = town.send(held, nhs_number=held.number, birth_date=date(1950, 6, 5))
    assert town.trace(known).ended == Ended.TO_BE_DECIDED
    assert questions(known) == ["trace-conflict"]


def test_the_whole_ladder_is_climbed_and_then_a_person_asked(town: Town) -> None:
    nobody = Held(
        number="", family="Nobody", given=("No",), birth_date=date(1950, 1, 1), gender="male"
    )
    known = town.send(nobody, postcode="SE13 6LH")
    trace = town.trace(known)
    assert steps(trace) == [("exact", "none"), ("wildcards", "none"), ("name", "none")]
    assert trace.ended == Ended.NO_MATCH
    assert questions(known) == ["no-match"]
    assert known.link == LinkState.ALONE


def test_without_a_postcode_the_same_is_not_asked_twice(town: Town) -> None:
    nobody = Held(
        number="", family="Nobody", given=("No",), birth_date=date(1950, 1, 1), gender="male"
    )
    trace = town.trace(town.send(nobody))
    assert [step for step, _ in steps(trace)] == ["exact", "name"]


def test_a_protected_person_is_found_by_name_and_stays_without_place(town: Town) -> None:
    held = town.put(factories.made_up_nhs_number(7002), label="R", family="Hidden")
    known = town.send(held, postcode="SE13 6LH", nhs_number=held.number)
    trace = town.trace(known)
    assert trace.ended == Ended.VERIFIED
    known.resident.refresh_from_db()
    assert known.resident.protection == Protection.RESTRICTED
    assert verified_address(known.resident_id) is None
    assert not VerifiedAddress.objects.exists()


def test_several_people_go_to_a_person(town: Town) -> None:
    for nth in (7003, 7004):
        town.put(factories.made_up_nhs_number(nth), family="Twain")
    known = town.send(
        Held(
            number="", family="Twain", given=("Ann",), birth_date=date(1950, 5, 5), gender="female"
        )
    )
    assert town.trace(known).ended == Ended.MANY
    assert questions(known) == ["many-matches"]


def test_an_unknown_number_and_a_search_that_finds_another_disagree(town: Town) -> None:
    held = ruth(town)
    unknown = factories.made_up_nhs_number(7999)
    known = town.send(held, nhs_number=unknown)
    trace = town.trace(known)
    assert steps(trace) == [("number", "none"), ("exact", "one"), ("verify", "agreeing")]
    assert trace.ended == Ended.TO_BE_DECIDED
    assert questions(known) == ["trace-conflict"]
    assert known.link == LinkState.ALONE


def test_a_superseded_number_gives_way_to_the_new_one(town: Town) -> None:
    old, new = factories.made_up_nhs_number(7005), factories.made_up_nhs_number(7006)
    held = town.put(new)
    town.world.stand_in.service.register.superseded[old] = new
    known = town.send(held, nhs_number=old, nhs_number_status="01", trusted=True)
    assert known.link == LinkState.LINKED
    Trace.objects.create(source_person=known, why=Why.OLD)
    trace = town.trace(known)
    del town.world.stand_in.service.register.superseded[old]
    assert trace.ended == Ended.VERIFIED
    live = ResidentNhsNumber.objects.get(resident=known.resident_id, valid_until__isnull=True)
    assert live.number == new
    assert ResidentNhsNumber.objects.filter(number=old, ended_because="superseded").exists()


def test_an_invalidated_number_is_used_no_more(town: Town) -> None:
    (withdrawn,) = town.world.stand_in.service.register.invalidated
    held = Held(number="", family="Gone", given=("Al",), birth_date=date(1950, 1, 1), gender="male")
    known = town.send(held, nhs_number=withdrawn, nhs_number_status="01", trusted=True)
    Trace.objects.create(source_person=known, why=Why.OLD)
    assert town.trace(known).ended == Ended.INVALIDATED
    number = ResidentNhsNumber.objects.get(number=withdrawn)
    assert number.ended_because == "invalidated"
    assert questions(known) == ["invalidated"]


def test_too_little_to_ask_by_is_asked_of_nobody(town: Town) -> None:
    known = town.send(ruth(town), birth_date=None)
    assert town.trace(known).ended == Ended.NOT_ENOUGH
    assert town.world.asked.questions() == []


def test_absent_fields_blank_nothing(town: Town) -> None:
    held = town.put(factories.made_up_nhs_number(7007), family="Bare", addresses=())
    known = town.send(held, nhs_number=held.number, phone="020 7946 0000", postcode="SE13 6LH")
    town.trace(known)
    place = Resident.objects.get(pk=known.resident_id).place
    assert (place.phone, place.postcode) == ("020 7946 0000", "SE13 6LH")


def test_a_death_is_taken_and_its_withdrawal_too(town: Town) -> None:
    number = factories.made_up_nhs_number(7008)
    held = town.put(number, died_on=date(2026, 3, 3), death_notice="1")
    known = town.send(held, nhs_number=number)
    town.trace(known)
    known.resident.refresh_from_db()
    assert known.resident.deceased_on == date(2026, 3, 3)
    town.put(number, died_on=date(2026, 3, 3), death_notice="U")
    Trace.objects.create(source_person=known, why=Why.OLD)
    town.trace(known)
    known.resident.refresh_from_db()
    assert not known.resident.deceased


def by_word_of_mouth(known: SourcePerson, number: str) -> ResidentNhsNumber:
    """As staff enter a number that a carer gives."""
    return ResidentNhsNumber.objects.create(
        resident=known.resident,
        number=number,
        status=NumberStatus.NOT_TRACED,
        said_by=SaidBy.CARER,
        given_by=known.source_id,
    )


def test_a_number_that_a_carer_gave_is_verified_once_it_is_traced(town: Town) -> None:
    held = ruth(town)
    known = town.send(held)
    given = by_word_of_mouth(known, held.number)
    assert wanting.given_numbers() == 1
    assert wanting.given_numbers() == 0
    trace = town.trace(known)
    assert (trace.why, steps(trace)) == (Why.GIVEN, [("number", "agreeing")])
    live = ResidentNhsNumber.objects.get(resident=known.resident_id)
    assert (live.pk, live.status, live.said_by) == (given.pk, "01", SaidBy.TRACE)
    said = live.history.order_by("pk").values_list("status", "said_by")
    assert list(said) == [("02", "carer"), ("03", "carer"), ("06", "carer"), ("01", "trace")]
    assert known.link == LinkState.LINKED
    assert wanting.given_numbers() == 0


def test_a_carers_number_of_somebody_else_is_to_be_resolved(town: Town) -> None:
    other = town.put(factories.made_up_nhs_number(7009), family="Other")
    known = town.send(ruth(town))
    given = by_word_of_mouth(known, other.number)
    wanting.given_numbers()
    assert town.trace(known).ended == Ended.TO_BE_DECIDED
    given.refresh_from_db()
    assert (given.status, given.valid_until) == (NumberStatus.TO_BE_RESOLVED, None)
    assert questions(known) == ["trace-conflict"]
    assert known.link == LinkState.ALONE


def test_a_carers_number_that_nobody_has_is_not_replaced_without_a_person(town: Town) -> None:
    known = town.send(ruth(town))
    given = by_word_of_mouth(known, factories.made_up_nhs_number(7998))
    wanting.given_numbers()
    trace = town.trace(known)
    assert steps(trace) == [("number", "none"), ("exact", "one"), ("verify", "agreeing")]
    given.refresh_from_db()
    assert (given.status, given.valid_until) == (NumberStatus.NO_MATCH, None)
    assert questions(known) == ["trace-conflict"]


def test_a_number_given_for_who_is_linked_is_traced_by_who_wrote_it_down(town: Town) -> None:
    """Linked by a person's decision, two sources, no number until now."""
    held = ruth(town)
    one = town.send(held, of=town.trust)
    other = town.send(held)
    SourcePerson.objects.filter(pk=other.pk).update(resident=one.resident, link="linked")
    SourcePerson.objects.filter(pk=one.pk).update(link="linked")
    other.refresh_from_db()
    by_word_of_mouth(other, held.number)
    wanting.given_numbers()
    assert Trace.objects.get().source_person == other
    town.trace(other)
    live = ResidentNhsNumber.objects.get(resident=one.resident_id)
    assert (live.status, live.said_by) == ("01", SaidBy.TRACE)


# ── Who asks, and when ──────────────────────────────────────────────────────────────────────


def test_an_objection_is_asked_about_at_the_moment_of_sending(town: Town) -> None:
    known = town.send(ruth(town))
    town.allowed = False
    trace = town.trace(known)
    assert trace.ended == Ended.NOT_ALLOWED
    assert town.world.asked.questions() == []
    assert town.events() == []


def test_an_objection_stops_a_trace_that_runs(town: Town) -> None:
    known = town.send(ruth(town))
    wanting.arrivals_and_changes()
    tracer = town.tracer()
    tracer.run_due(1)
    town.allowed = False
    tracer.run_due()
    trace = Trace.objects.get()
    assert steps(trace) == [("exact", "one"), ("verify", "not-sent")]
    known.refresh_from_db()
    assert known.link == LinkState.ALONE


def test_the_choice_itself_stops_it(town: Town) -> None:
    known = town.send(ruth(town))
    assert consent.may_trace(known.resident_id, town.council.pk)


def test_every_question_is_audited_before_it_is_sent(town: Town) -> None:
    known = town.send(ruth(town))
    trace = town.trace(known)
    events = town.events()
    assert [event.request for event in events] == [
        step.request for step in trace.steps.order_by("pk")
    ]
    assert {event.organisation_id for event in events} == {town.council.pk}
    assert {event.reason for event in events} == {Why.ARRIVAL}
    asked = [line["request_id"] for line in town.world.asked.questions()]
    assert asked == [str(event.request) for event in events]
    told = str([event.detail for event in events]) + str(list(TraceStep.objects.values()))
    held = ruth(town)
    for canary in (held.number, held.family, held.addresses[0].postcode):
        assert canary not in told


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
    """Workers on real sockets, faults at random, Redis emptied, workers killed in mid-question.

    More with ``TRACE_FAULTS=500``. Figures are the stand-in's own.
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
        f"{len(sent)} traces, {len(asked)} requests, {faults} faults, {killed} workers lost in "
        f"mid-question and Redis emptied as often: none lost, none answered twice, at most {most} "
        f"of {LIMIT} in {WINDOW:g} s."
    )
