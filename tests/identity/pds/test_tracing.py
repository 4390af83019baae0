"""Tracing: the ladder, what becomes of each answer, and what may be sent at all."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from identity import wanting
from identity.models import (
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
from identity.selectors import verified_address
from identity.traces import Ended, Why
from region.pds_stand_in.people import Held
from tests import factories
from tests.identity.pds.town import Town, by_word_of_mouth, questions, ruth, steps

pytestmark = pytest.mark.filterwarnings("error")


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
