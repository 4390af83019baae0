"""The portal's main job, from a delivery to a refusal that holds, as people meet it."""

from __future__ import annotations

from itertools import groupby

import pytest
from playwright.sync_api import expect

from audit.models import Action, Event
from identity.models import ResidentNhsNumber
from tests.browser import journeys
from tests.browser.conftest import Visit
from tests.browser.deliveries import (
    ALLERGY,
    CLINICAL_WORDS,
    DOSE,
    MEDICINE,
    PRACTICE_NAME,
    PROBLEM,
    REACTION,
    RESULT,
    SAFEGUARDING,
    STORY,
    record,
)
from tests.browser.visitor import Visitor
from tests.conftest import AsLogin

pytestmark = pytest.mark.browser

GP, ADVISER = "Dr Hannah Weiss", "Priya Nair"
RECORD = "Shared care record"
WITHHELD = "This record is not shared on Connect Care"
QUESTION = "What do they say about Connect Care as a whole?"


def test_from_a_delivery_to_a_refusal_that_holds(visit: Visit, as_login: AsLogin) -> None:
    support, gp, adviser = visit(), visit(), visit()
    given_a_delivery_that_the_worker_has_loaded(support)
    when_the_gp_finds_the_resident_and_opens_the_record(gp)
    then_the_gp_sees_what_the_role_may_see(gp)
    when_an_adviser_finds_the_resident(adviser)
    and_answers_the_questions_of_an_opt_out(adviser)
    then_nothing_is_recorded_yet(gp)
    when_the_effect_is_read_back(adviser)
    reference = and_confirmed(adviser)
    then_the_record_is_withheld_from_the_gp(gp)
    then_a_search_shows_no_place(gp)
    when_the_resident_opts_back_in(adviser, reference)
    then_the_gp_sees_the_record_again(gp)
    then_the_audit_tells_all_of_it(as_login)


def given_a_delivery_that_the_worker_has_loaded(support: Visitor) -> None:
    support.signs_in("support")
    journeys.give_in(support, "story.ndjson", record(STORY))
    journeys.watch_it_load(support)
    support.sees("Set aside", "These items were not loaded. Their neighbours were.")
    support.sees_nothing_of(STORY.family, STORY.number, *CLINICAL_WORDS)


def when_the_gp_finds_the_resident_and_opens_the_record(gp: Visitor) -> None:
    gp.signs_in("gp", at=PRACTICE_NAME)
    gp.finds(STORY.banner, family=STORY.family, born=STORY.born)
    gp.sees(STORY.number_shown, STORY.postcode)
    gp.opens_record_of(STORY.banner)


def then_the_gp_sees_what_the_role_may_see(gp: Visitor) -> None:
    gp.arrives(RECORD).sees(STORY.banner, "11-Apr-1952", STORY.number_shown, STORY.street)
    gp.sees(ALLERGY, REACTION, MEDICINE, DOSE, PROBLEM, RESULT, "1.94")
    expect(gp.page.locator(".record-block--medicines")).to_contain_text(MEDICINE)
    expect(gp.section("Medicines")).to_contain_text(f"From {PRACTICE_NAME}, updated")
    expect(gp.section("Safeguarding")).to_contain_text("Your role does not include safeguarding")
    gp.sees_nothing_of(SAFEGUARDING)


def when_an_adviser_finds_the_resident(adviser: Visitor) -> None:
    adviser.signs_in("adviser").finds(STORY.banner, family=STORY.family, born=STORY.born)
    expect(adviser.page.get_by_role("button", name="Open record")).to_have_count(0)
    adviser.sees_nothing_of(*CLINICAL_WORDS, STORY.street)


def and_answers_the_questions_of_an_opt_out(adviser: Visitor) -> None:
    journeys.begin_choice(adviser, STORY.banner, journeys.CONNECT_CARE)
    journeys.answer_all(adviser, QUESTION, "Opt out", STORY, relayed_by="Jo Oyelaran, daughter")
    adviser.sees_nothing_of(*CLINICAL_WORDS, STORY.street, STORY.postcode)


def then_nothing_is_recorded_yet(gp: Visitor) -> None:
    gp.reloads().arrives(RECORD).sees(MEDICINE)


def when_the_effect_is_read_back(adviser: Visitor) -> None:
    journeys.assert_read_back(adviser, "connect-care", "refuses")
    adviser.sees(
        "The resident opts out of Connect Care as a whole.",
        "Care goes on: nobody is refused care or support because of this, and letters,",
        "Jo Oyelaran, daughter",
    )
    adviser.pictures("read-back")


def and_confirmed(adviser: Visitor) -> str:
    reference = journeys.confirm(adviser)
    adviser.sees_nothing_of(*CLINICAL_WORDS, STORY.street, STORY.postcode)
    return reference


def then_the_record_is_withheld_from_the_gp(gp: Visitor) -> None:
    link = gp.page.get_by_role("link", name=MEDICINE).first.get_attribute("href")
    assert link is not None
    for path in (gp.page.url.removeprefix(gp.origin), link):
        answer = gp.page.goto(f"{gp.origin}{path}")
        assert answer is not None
        assert answer.status == 403
        gp.arrives(WITHHELD).sees("By choice.", "Use your own system.")
        gp.sees_nothing_of(
            *CLINICAL_WORDS, STORY.family, STORY.given, STORY.number_shown, STORY.number,
            STORY.street, STORY.postcode,
        )  # fmt: skip
    gp.pictures("withheld")


def then_a_search_shows_no_place(gp: Visitor) -> None:
    gp.finds(STORY.banner, family=STORY.family, born=STORY.born)
    gp.sees_nothing_of(STORY.postcode, STORY.street, *CLINICAL_WORDS)
    gp.opens_record_of(STORY.banner).arrives(WITHHELD)


def when_the_resident_opts_back_in(adviser: Visitor, reference: str) -> None:
    adviser.finds(STORY.banner, family=STORY.family, born=STORY.born)
    adviser.sees_nothing_of(STORY.postcode)
    journeys.begin_choice(adviser, STORY.banner, journeys.CONNECT_CARE)
    adviser.arrives(QUESTION).goes_back()
    adviser.sees("Opted out", reference)
    adviser.presses(f"Record what they say about: {journeys.CONNECT_CARE}")
    journeys.answer_all(adviser, QUESTION, "Agree, or opt back in", STORY, known=True)
    journeys.assert_read_back(adviser, "connect-care", "consents")
    assert journeys.confirm(adviser) != reference


def then_the_gp_sees_the_record_again(gp: Visitor) -> None:
    gp.finds(STORY.banner, family=STORY.family, born=STORY.born).sees(STORY.postcode)
    gp.opens_record_of(STORY.banner).arrives(RECORD).sees(ALLERGY, MEDICINE, PROBLEM)


def then_the_audit_tells_all_of_it(as_login: AsLogin) -> None:
    with as_login("pipeline"):
        resident = ResidentNhsNumber.objects.get(number=STORY.number).resident_id
    with as_login("sealer"):
        told = list(
            Event.objects.filter(
                resident_id=resident,
                action__in=[Action.OPENING, Action.REFUSAL, Action.CHOICE_RECORDED],
            )
            .order_by("id")
            .values_list("action", "outcome", "staff_name")
        )
    assert [event for event, _ in groupby(told)] == [
        (Action.OPENING, "done", GP),
        (Action.CHOICE_RECORDED, "done", ADVISER),
        (Action.REFUSAL, "refused", GP),
        (Action.CHOICE_RECORDED, "done", ADVISER),
        (Action.OPENING, "done", GP),
    ]
