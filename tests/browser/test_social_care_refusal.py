"""A refusal to share social care information: it cannot be told from there being none."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from region import people_of_note as note
from tests.browser import journeys
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

PATIENT = note.IN_HOSPITAL
GREENWICH = "Royal Borough of Greenwich (social care)"
#: A council that never knew the patient.
LEWISHAM = "London Borough of Lewisham (adult social care)"
NUMBER = re.compile(r"ring (?:\d|\s|&nbsp;)+")
SECTIONS = ("Social care services", "Social care assessments", "People involved")


def test_a_refusal_looks_like_nothing_there(visit: Visit) -> None:
    nurse, worker = visit(), visit()
    before = given_a_nurse_who_sees_what_support_there_is(nurse)
    when_the_social_worker_records_the_refusal(worker)
    then_the_nurse_sees_what_would_show_if_there_were_none(nurse, before)
    then_the_councils_own_social_worker_still_sees_it(worker, before)
    when_the_resident_agrees_again(worker)
    then_the_nurse_sees_the_support_again(nurse, before)


def given_a_nurse_who_sees_what_support_there_is(nurse: Visitor) -> list[str]:
    nurse.signs_in("ward-nurse")
    nurse.finds(PATIENT.name, family=PATIENT.family, born=PATIENT.birth_date)
    nurse.opens_record_of(PATIENT.name).arrives("Shared care record")
    services = nurse.section("Social care services")
    expect(services).to_contain_text(f"From {GREENWICH}, updated")
    named = services.locator(".record-item__name").evaluate_all(
        "links => links.map(each => each.firstChild.textContent)"
    )
    assert named
    return list(named)


def when_the_social_worker_records_the_refusal(worker: Visitor) -> None:
    worker.signs_in("social-worker")
    record_social_care(worker, "Refuse", "refuses")


def then_the_nurse_sees_what_would_show_if_there_were_none(
    nurse: Visitor, before: list[str]
) -> None:
    nurse.reloads().arrives("Shared care record")
    for title in SECTIONS:
        refused, never_known = line_of(nurse, title, GREENWICH), line_of(nurse, title, LEWISHAM)
        assert "There may still be support: ring" in refused
        assert without_names(refused, GREENWICH) == without_names(never_known, LEWISHAM)
    services = nurse.section("Social care services")
    for name in before:
        expect(services).not_to_contain_text(name)
    expect(nurse.page.get_by_role("main")).not_to_contain_text("refus")
    expect(nurse.page.get_by_role("main")).not_to_contain_text(f"From {GREENWICH}")


def then_the_councils_own_social_worker_still_sees_it(worker: Visitor, before: list[str]) -> None:
    worker.finds(PATIENT.name, family=PATIENT.family, born=PATIENT.birth_date)
    worker.opens_record_of(PATIENT.name).arrives("Shared care record")
    expect(worker.section("Social care services")).to_contain_text(before[0])
    expect(worker.section("Blood and other laboratory results")).to_contain_text(
        "Not for your role"
    )


def when_the_resident_agrees_again(worker: Visitor) -> None:
    record_social_care(worker, "Agree", "consents", known=True)


def then_the_nurse_sees_the_support_again(nurse: Visitor, before: list[str]) -> None:
    nurse.reloads().arrives("Shared care record")
    expect(nurse.section("Social care services")).to_contain_text(before[0])


def record_social_care(worker: Visitor, answer: str, code: str, *, known: bool = False) -> None:
    worker.finds(PATIENT.name, family=PATIENT.family, born=PATIENT.birth_date)
    journeys.begin_choice(worker, PATIENT.name, journeys.SOCIAL_CARE)
    question = "What do they say about sharing their social care information?"
    journeys.answer_all(worker, question, answer, PATIENT, known=known)
    journeys.assert_read_back(worker, "social-care-sharing", code, council=GREENWICH)
    journeys.confirm(worker)


def line_of(nurse: Visitor, title: str, council: str) -> str:
    """What a section says of one council: the whole line's HTML."""
    line = nurse.section(title).locator("li.record-state").filter(has_text=council)
    expect(line).to_have_count(1)
    return str(line.evaluate("each => each.outerHTML"))


def without_names(line: str, council: str) -> str:
    """The line without what names the council: its name and its number."""
    return NUMBER.sub("ring …", line.replace(council, "…"))
