"""The public form: what it asks, what it tells nobody, and what it survives."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from consent.asking import Typed
from consent.models import Choice, ChoiceRequest
from identity.models import Resident
from public import so_far, views_form
from tests import factories
from tests.conftest import AsLogin
from tests.public.filling_in import ADDRESS, ANSWERS, Form

_OF_THE_MOMENT = re.compile(rb'CC-[0-9A-Z]{8}|nonce="[^"]*"')


@pytest.fixture(autouse=True)
def _nobody_is_too_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views_form, "_FASTEST", timedelta(0))


@pytest.fixture
def resident(database: dict[str, str], as_login: AsLogin) -> Resident:
    with as_login("pipeline"):
        factories.resident("Bystander")
        return factories.resident("Carter", nhs_number="9990001014")


def test_one_question_a_page_and_the_request_at_the_end(
    resident: Resident, as_login: AsLogin
) -> None:
    form = Form().begins()
    headings = [form.heading]
    headings += [
        form.sends(
            **(each | ({"nhs_number": "999 000 1014"} if "nhs_number" in each else {}))
        ).heading
        for each in ANSWERS
    ]
    assert headings == [
        "What do you want to do?",
        "Who is this about?",
        "What is your name?",
        "What is your date of birth?",
        "What is your NHS number?",
        "How can we reach you?",
        "Check and send",
    ]
    assert "Your Connect Care record closes." in form.words
    assert "999 000 1014" in form.words
    form.sends("send")
    assert form.heading.startswith("We have your request")
    with as_login("pipeline"):
        request = ChoiceRequest.objects.get()
        choice = Choice.objects.get()
        assert request.reference in form.words
        assert (choice.resident_id, choice.reference) == (resident.pk, request.reference)
        typed = Typed.opened(request.sealed, request.submission)
        assert (typed.family_name, typed.phone) == ("Carter", "020 7946 0003")


def test_for_another_asks_by_what_authority_and_holds_for_nobody(
    resident: Resident, as_login: AsLogin
) -> None:
    form = Form().begins().sends(wants="refuses").sends(for_whom="other")
    assert form.heading == "About you"
    form.sends(asker_name="Ada", authority="", evidence="")
    assert "Select why you may decide for them" in form.words
    form.sends(asker_name="Ada Bright", authority="attorney", evidence="Registered power")
    assert form.heading == "What is their name?"
    form.answers(*ANSWERS[2:4]).sends(nhs_number="9990001014").sends(phone="020 7946 0003")
    assert "Ada Bright" in form.words
    form.sends("send")
    assert "Nothing changes yet." in form.words
    with as_login("pipeline"):
        assert ChoiceRequest.objects.get().for_whom == "other"
        assert not Choice.objects.exists()


def test_it_says_nothing_of_whether_somebody_is_known(
    resident: Resident, as_login: AsLogin
) -> None:
    """The same bytes, and the same statements: whoever is known, opted out already, or nobody."""
    seen = []
    for number, family in (
        ("9990001014", "Carter"),
        ("9990001014", "Carter"),
        ("9990009015", "Carter"),
        ("9990001014", "Nobody"),
    ):
        form = Form().fills_in(number=number, family_name=family)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            form.sends("send")
        statements = tuple(each["sql"].split("(")[0] for each in asked.captured_queries)
        body = _OF_THE_MOMENT.sub(b"", form.response.content)
        headers = tuple(
            (name, re.sub(r"nonce-\S+", "", value))
            for name, value in sorted(form.response.headers.items())
        )
        seen.append((form.response.status_code, headers, body, statements))
    assert len(set(seen)) == 1
    with as_login("pipeline"):
        assert Choice.objects.count() == 1


def test_nothing_typed_is_in_an_address_a_cookie_or_in_clear() -> None:
    state = so_far.SoFar.nothing().with_answers({"family_name": "Carter"})
    sealed = state.sealed()
    assert "Carter" not in sealed
    opened = so_far.opened(sealed)
    assert opened is not None
    assert opened.answers == {"family_name": "Carter"}
    assert so_far.opened(sealed[:-4] + "AAAA") is None
    assert so_far.opened("none of ours") is None
    with override_settings(PUBLIC_FORM_MINUTES=0):
        assert so_far.opened(sealed) is None


@pytest.mark.usefixtures("database")
def test_back_and_change_keep_what_was_answered() -> None:
    form = Form().fills_in()
    form.sends("back")
    assert form.heading == "How can we reach you?"
    assert form.page.xpath("//input[@name='phone']/@value") == ["020 7946 0003"]
    form.sends(phone="", postcode="")
    assert "Enter a phone number or a postcode" in form.words
    form.sends(phone="020 7946 0004", postcode="")
    form.sends("birth-date")
    assert form.page.xpath("//input[@name='birth_date-year']/@value") == ["1941"]
    form.sends(**ANSWERS[3])
    assert form.heading == "Check and send"
    assert "020 7946 0004" in form.words
    form.sends("for-whom").sends(for_whom="other")
    assert form.heading == "About you"


@pytest.mark.usefixtures("database")
def test_nobody_skips_a_question() -> None:
    form = Form().begins()
    form.sends("send")
    assert form.heading == "What do you want to do?"
    form.sends("check", wants="refuses")
    assert form.heading == "Who is this about?"


def test_a_form_sent_twice_is_one_request(resident: Resident, as_login: AsLogin) -> None:
    form = Form().fills_in()
    page = form.page
    first = form.sends("send").words
    form.page = page
    assert form.sends("send").words == first
    with as_login("pipeline"):
        assert ChoiceRequest.objects.count() == 1


@pytest.mark.usefixtures("database")
def test_a_program_is_stopped_and_a_person_is_not_lost(
    as_login: AsLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = Form().fills_in()
    form.sends("send", website="buy")
    assert "Leave the last box empty" in form.words
    monkeypatch.setattr(views_form, "_FASTEST", timedelta(hours=1))
    form.sends("send")
    assert "Check your answers below, then send them" in form.words
    with as_login("pipeline"):
        assert not ChoiceRequest.objects.exists()
    monkeypatch.setattr(views_form, "_FASTEST", timedelta(0))
    assert form.sends("send").heading.startswith("We have your request")


@pytest.mark.usefixtures("database")
def test_what_is_too_long_is_not_read() -> None:
    form = Form().begins()
    form.sends(wants="x" * 30_000)
    assert form.response.status_code == 413


@pytest.mark.usefixtures("database")
def test_a_thousand_posts_from_one_address_keep_ten_and_others_are_served(
    as_login: AsLogin,
) -> None:
    flood = Form(REMOTE_ADDR="2001:db8::1").fills_in()
    page, kept = flood.page, []
    for nth in range(1000):
        # Each as if begun anew, from another address of the same network.
        state = so_far.opened(page.xpath("//input[@name='so_far']/@value")[0])
        assert state is not None
        fresh = so_far.SoFar.nothing()
        posted: Any = flood.client.post(
            ADDRESS,
            {
                "go": "send",
                "so_far": so_far.SoFar(
                    fresh.submission, fresh.reference, state.begun, state.step, state.answers
                ).sealed(),
            },
            REMOTE_ADDR=f"2001:db8::{nth + 1:x}",
        )
        kept.append(posted.status_code)
    assert kept == [200] * 10 + [429] * 990
    other = Form(REMOTE_ADDR="192.0.2.7").fills_in().sends("send")
    assert other.heading.startswith("We have your request")
    with as_login("pipeline"):
        assert ChoiceRequest.objects.count() == 11
