"""Requests from the public form: for whom they hold at once, and that they are tried again."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from access import gate
from audit.models import Event
from consent.asking import Outcome, Typed
from consent.beyond_doubt import Asked, Held, holds_for
from consent.models import Choice, ChoiceRequest, RequestStep
from identity.models import Resident, ResidentNhsNumber
from identity.names import fold
from tests import factories
from tests.conftest import AsLogin
from tests.consent.asking_by_form import BORN, hand_in
from tests.consent.conftest import World, acting

TODAY = date(2026, 11, 22)


def opted_out(resident: Resident) -> bool:
    """What every wall asks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from consent.refusals(%s, statement_timestamp())"
            " where kind = 'connect-care')",
            [resident.pk],
        )
        return bool(cursor.fetchone()[0])


ASKED = Asked("refuses", "self", "9990000018", BORN, "carter")
FITS = Held(1, "9990000018", BORN, "carter")


def test_it_holds_for_the_one_who_fits() -> None:
    assert holds_for(ASKED, [FITS], today=TODAY) == 1


@pytest.mark.parametrize(
    "asked",
    [
        Asked("consents", "self", "9990000018", BORN, "carter"),
        Asked("refuses", "other", "9990000018", BORN, "carter"),
        Asked("refuses", "self", "", BORN, "carter"),
        Asked("refuses", "self", "9990000018", BORN, ""),
        Asked("refuses", "self", "9990000018", date(1941, 3, 4), "carter"),
        Asked("refuses", "self", "9990000018", BORN, "carterer"),
    ],
)
def test_it_holds_for_nobody_else(asked: Asked) -> None:
    assert holds_for(asked, [FITS], today=TODAY) is None


def test_two_who_fit_are_doubt() -> None:
    other = Held(2, "9990000018", BORN, "carter")
    assert holds_for(ASKED, [FITS, other], today=TODAY) is None


def test_a_child_is_asked_by_somebody() -> None:
    for born, holds in ((date(2010, 11, 22), True), (date(2010, 11, 23), False)):
        asked = Asked("refuses", "self", "9990000018", born, "carter")
        held = Held(1, "9990000018", born, "carter")
        assert (holds_for(asked, [held], today=TODAY) == 1) is holds


def test_the_database_holds_for_the_same(world: World, as_login: AsLogin) -> None:
    """Every combination of what may differ, each against a resident of its own."""
    turns = product(
        ("refuses", "consents"),
        ("self", "other"),
        ("theirs", "another", "none"),
        ("theirs", "another"),
        ("Théo-Carter", "Carter"),
        (1, 2),
    )
    compared = 0
    for nth, (wants, for_whom, number, born, family, how_many) in enumerate(turns):
        theirs = factories.made_up_nhs_number()
        name = f"Theo Carter {'abcdefghijklmnopqrstuvwxyz'[nth % 26] * (nth // 26 + 1)}"
        with as_login("pipeline"):
            held = [factories.resident(name, nhs_number=None) for _ in range(how_many)]
            for each in held:
                ResidentNhsNumber.objects.create(resident=each, number=theirs, status="02")
        typed = {
            "theirs": theirs,
            "another": factories.made_up_nhs_number(),
            "none": "",
        }[number]
        day = BORN if born == "theirs" else BORN + timedelta(days=1)
        said = name.replace("Theo Carter", family)
        outcome, _ = hand_in(
            typed,
            wants=wants,
            for_whom=for_whom,
            born=day,
            family=said,
            address=str(nth).encode(),
        )
        assert outcome is Outcome.RECEIVED
        expected = holds_for(
            Asked(wants, for_whom, typed, day, fold(said)),
            [Held(each.pk, theirs, BORN, fold(name)) for each in held],
            today=timezone.localdate(),
        )
        with as_login("pipeline"):
            for each in held:
                assert opted_out(each) is (each.pk == expected), (wants, for_whom, number)
        compared += expected is not None
    assert compared == 1


def test_an_opt_out_of_oneself_is_a_choice_that_every_wall_counts(
    world: World, as_login: AsLogin
) -> None:
    outcome, reference = hand_in(world.number)
    assert outcome is Outcome.RECEIVED
    with as_login("pipeline"):
        choice = Choice.objects.get()
        assert opted_out(world.resident)
        assert (choice.provisional, choice.recorded_by, choice.channel) == (
            True,
            None,
            "online",
        )
        assert choice.reference == reference
        assert RequestStep.objects.get().kind == "held"
    with as_login("owner"):
        written = Event.objects.filter(action="choice-recorded").get()
        assert written.resident_id == world.resident.pk
        assert "Carter" not in str(written.detail)


def test_a_form_sent_twice_is_one_request(world: World, as_login: AsLogin) -> None:
    submission = uuid4()
    assert hand_in(world.number, submission=submission)[0] is Outcome.RECEIVED
    assert hand_in(world.number, submission=submission)[0] is Outcome.RECEIVED
    with as_login("pipeline"):
        assert ChoiceRequest.objects.count() == 1
        assert Choice.objects.count() == 1


def test_a_second_request_is_not_stacked(world: World, as_login: AsLogin) -> None:
    hand_in(world.number)
    hand_in(world.number)
    with as_login("pipeline"):
        assert ChoiceRequest.objects.count() == 2
        assert Choice.objects.count() == 1


def test_what_was_typed_is_sealed(world: World, as_login: AsLogin) -> None:
    hand_in(world.number, given="Philippa")
    with as_login("pipeline"):
        row = ChoiceRequest.objects.values().get()
        assert not any(text in str(row) for text in ("Carter", "Philippa", world.number, "7946"))
        typed = Typed.opened(row["sealed"], row["submission"])
        assert (typed.given_name, typed.birth_date) == ("Philippa", BORN)


def test_finding_nobody_leaves_nothing_but_the_request(world: World, as_login: AsLogin) -> None:
    """As much is done, and undone: nobody else is opted out, and no event says so."""
    assert hand_in(factories.made_up_nhs_number())[0] is Outcome.RECEIVED
    with as_login("pipeline"):
        assert ChoiceRequest.objects.count() == 1
        assert Choice.objects.count() == RequestStep.objects.count() == 0
    with as_login("owner"):
        assert [each.action for each in Event.objects.all()] == ["choice-requested"]


@pytest.mark.usefixtures("world")
def test_the_web_can_read_nothing_of_it(run_sql) -> None:
    hand_in()
    for table in ("consent_choicerequest", "consent_requeststep", "consent.request_secret"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run_sql("web").execute(f"select * from {table}")


def test_nothing_of_it_changes(world: World, run_sql) -> None:
    hand_in(world.number)
    for table in ("consent_choicerequest", "consent_requeststep"):
        for change in (f"delete from {table}", f"update {table} set id = id"):
            with pytest.raises(psycopg.Error):
                run_sql("admin").execute(change)


def test_the_first_opening_after_arrival_is_withheld(world: World, as_login: AsLogin) -> None:
    number = factories.made_up_nhs_number()
    hand_in(number, family="Newcomer")
    with as_login("pipeline"), transaction.atomic():
        come = factories.resident("Newcomer", nhs_number=number)
        known = factories.resident("Neighbour")
        for each in (come, known):
            factories.source_person(each, world.trust)
            factories.relationship(each, world.trust)
        # In the very transaction in which they arrive.
        assert opted_out(come)
    reader = acting(world.nurse)
    for each, reason in ((come, "opted-out"), (known, None)):
        with transaction.atomic():
            answer = gate.open_record(reader, each.public_id, look=uuid4(), request_id=str(uuid4()))
            assert (answer.reason if reason else None) == reason
            assert isinstance(answer, gate.Refused if reason else gate.Opened)


def test_a_number_that_comes_later_is_enough(world: World, as_login: AsLogin) -> None:
    number = factories.made_up_nhs_number()
    hand_in(number, family="Later")
    with as_login("pipeline"):
        resident = factories.resident("Later", nhs_number=None)
        assert not opted_out(resident)
        ResidentNhsNumber.objects.create(resident=resident, number=number, status="01")
        assert opted_out(resident)


def test_a_name_or_birth_date_put_right_is_enough(world: World, as_login: AsLogin) -> None:
    number = factories.made_up_nhs_number()
    hand_in(number, family="Wright")
    with as_login("pipeline"):
        resident = factories.resident("Right", nhs_number=number, birth_date=date(1950, 1, 1))
        resident.family_name = "Wright"
        resident.save()
        assert not opted_out(resident)
        resident.birth_date = BORN
        resident.save()
        assert opted_out(resident)


def test_what_was_verified_since_is_not_overruled(world: World, as_login: AsLogin) -> None:
    number = factories.made_up_nhs_number()
    hand_in(number, family="Decided")
    with as_login("pipeline"):
        resident = factories.resident("Decided", nhs_number=None)
        factories.choice(resident, answer="consents")
        ResidentNhsNumber.objects.create(resident=resident, number=number, status="01")
        assert not opted_out(resident)


def test_another_request_holds_once_the_first_was_not_theirs(
    world: World, as_login: AsLogin
) -> None:
    hand_in(world.number)
    hand_in(world.number)
    with as_login("pipeline"):
        first = Choice.objects.get()
        factories.choice(
            world.resident,
            answer="withdrawn",
            withdraws=first,
            withdrawn_because="not-verified",
            decided_by="",
            identity_checked=[],
        )
        assert opted_out(world.resident)
        assert Choice.objects.filter(provisional=True).count() == 2
        second = Choice.objects.filter(provisional=True).latest("pk")
        factories.choice(
            world.resident,
            answer="withdrawn",
            withdraws=second,
            withdrawn_because="not-verified",
            decided_by="",
            identity_checked=[],
        )
        assert not opted_out(world.resident)


@override_settings(REQUESTS_PER_ADDRESS=3, REQUESTS_PER_HOUR=5)
def test_one_address_is_bounded_and_others_are_served(world: World, as_login: AsLogin) -> None:
    outcomes = [hand_in(family=f"Many {nth}")[0] for nth in range(30)]
    assert outcomes == [Outcome.RECEIVED] * 3 + [Outcome.TOO_MANY_HERE] * 27
    assert hand_in(world.number, address=b"elsewhere")[0] is Outcome.RECEIVED
    with as_login("pipeline"):
        assert ChoiceRequest.objects.count() == 4
        assert opted_out(world.resident)
    assert hand_in(address=b"a third")[0] is Outcome.RECEIVED
    assert hand_in(address=b"a fourth")[0] is Outcome.TOO_MANY
