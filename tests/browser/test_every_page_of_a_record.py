"""Finding somebody, their record, and why something is not shown."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from access.attempts import Attempt, AttemptKind
from organisations.categories import Category
from organisations.models import StaffMember
from region import people_of_note as note
from tests.browser import journeys
from tests.browser.conftest import (
    LEWISHAM_WORKER,
    SEARCHER,
    SEARCHES_PER_MINUTE,
    Visit,
)
from tests.browser.deliveries import CROWD, PRACTICE_NAME
from tests.conftest import AsLogin

pytestmark = pytest.mark.browser

RECORD = "Shared care record"
FIND = "Find a resident"


def test_every_answer_of_a_search(visit: Visit) -> None:
    gp = visit()
    gp.signs_in("gp", at=PRACTICE_NAME).arrives("My residents")
    gp.searches().arrives(FIND).sees("There is a problem")
    gp.sees("Enter an NHS number, or a family name and date of birth")
    gp.searches(number="QQ 12 34 56 C").arrives(FIND).sees("National Insurance number")
    gp.searches(family="Nobody", born=note.DIABETIC.birth_date).arrives(FIND)
    gp.sees("No resident found")
    gp.searches(family=CROWD[0].family, born=CROWD[0].born).arrives(FIND)
    gp.sees("Too many residents found", "More than 10 residents fit")
    gp.sees_nothing_of(*(each.banner for each in CROWD))
    twin = note.SAME_NAME_LEWISHAM
    gp.searches(family=twin.family, born=twin.birth_date).arrives(FIND).sees("2 residents found")
    gp.searches(number=f" {note.DIABETIC.nhs_number[:3]}-{note.DIABETIC.nhs_number[3:]} ")
    gp.arrives(FIND).sees("1 resident found", note.DIABETIC.name).pictures("find")
    for person, mark in ((note.DECEASED, "Died"), (note.PROTECTED, "Protected: address not shown")):
        journeys.find(gp, person)
        gp.arrives(FIND).sees(mark)


def test_who_fits_but_not_exactly_and_what_narrows(visit: Visit) -> None:
    gp, person = visit(), note.DIABETIC
    gp.signs_in("gp", at=PRACTICE_NAME)
    gp.searches(family=f"{person.family}-Smith", born=person.birth_date).arrives(FIND)
    gp.sees("1 resident found", person.name, "Not an exact match")
    gp.sees("Check: The family name is not the one you entered.")
    gp.page.get_by_text("Add a postcode or gender").click()
    gp.types("Postcode (optional)", "nowhere").types("Given name (optional)", "x").presses("Find")
    gp.arrives(FIND).sees("There is a problem", "Enter a postcode such as SW1A 2AA")
    gp.sees("Given name must have 2 letters or more")
    gp.types("Given name (optional)", "").types("Postcode (optional)", "SW1A 2AA")
    gp.presses("Find").arrives(FIND).sees("No resident found", "search without it too")
    gp.types("Postcode (optional)", "").chooses(
        "Male" if str(person.sex) == "female" else "Female"
    ).presses("Find")
    gp.arrives(FIND).sees("No resident found")


def test_an_adviser_finds_without_a_clinical_word(visit: Visit) -> None:
    adviser = visit()
    adviser.signs_in("adviser").arrives(FIND)
    journeys.find(adviser, note.WILL_OPT_OUT)
    adviser.arrives(FIND).sees("Choices about sharing")
    adviser.sees_nothing_of("Open record", *(category.label for category in Category))


def test_who_searches_too_often_is_told_what_to_do(visit: Visit, as_login: AsLogin) -> None:
    with as_login("owner"):
        who = StaffMember.objects.get(username=SEARCHER)
        Attempt.objects.bulk_create(
            Attempt(kind=AttemptKind.SEARCH, staff_id=who.pk) for _ in range(SEARCHES_PER_MINUTE)
        )
    gp = visit()
    gp.signs_in(SEARCHER).searches(family="Nobody", born=note.DIABETIC.birth_date)
    gp.arrives("You have searched too often").sees("Wait a minute, then search again.")


def test_no_address_holds_who_was_searched_for(visit: Visit) -> None:
    gp = visit(checked=False)
    gp.signs_in("gp", at=PRACTICE_NAME)
    journeys.find(gp, note.DIABETIC)
    assert gp.page.url == f"{gp.origin}/residents/find"
    gp.opens_record_of(note.DIABETIC.name).arrives(RECORD)
    assert re.fullmatch(rf"{gp.origin}/record/[0-9a-f-]{{36}}", gp.page.url)
    assert note.DIABETIC.family not in gp.page.title()


def test_a_record_its_sections_and_an_item(visit: Visit) -> None:
    gp = visit()
    gp.signs_in("gp", at=PRACTICE_NAME)
    journeys.find(gp, note.DIABETIC)
    gp.opens_record_of(note.DIABETIC.name).arrives(RECORD).sees("This record may be incomplete.")
    for section in gp.page.locator("section.record-section").all():
        expect(section.locator("li.record-state").first).to_be_visible()
    gp.pictures("record")
    gp.follows(re.compile("^All .*blood and other")).arrives("Blood and other laboratory results")
    gp.follows("Back to the record").arrives(RECORD)
    gp.page.locator("a.record-item__name", has_text="Metformin").first.click()
    gp.arrives(re.compile("Metformin")).sees("Two tablets twice a day")
    documents = gp.follows("Back to the record").arrives(RECORD).section("Documents")
    documents.locator("a.record-item__name").first.click()
    gp.arrives(re.compile(".+"))
    expect(gp.page.locator("pre")).to_be_visible()


def test_results_over_time_are_drawn(visit: Visit) -> None:
    gp = visit()
    gp.signs_in("gp", at=PRACTICE_NAME)
    journeys.find(gp, note.DIABETIC)
    gp.opens_record_of(note.DIABETIC.name).arrives(RECORD)
    gp.follows(re.compile("^All .*blood and other")).arrives("Blood and other laboratory results")
    gp.page.locator("a.record-item__name", has_text="Haemoglobin A1c").first.click()
    gp.arrives(re.compile("Haemoglobin A1c")).follows(re.compile(" over time$"))
    gp.arrives(re.compile("Haemoglobin A1c.* over time")).sees(
        "Latest", "before that", "All results"
    )
    expect(
        gp.page.get_by_role("img", name=re.compile("Haemoglobin A1c.* over time"))
    ).to_be_visible()
    gp.pictures("results-over-time")


def test_the_long_record_of_a_section_with_several_pages(visit: Visit) -> None:
    nurse = visit()
    nurse.signs_in("district-nurse")
    journeys.find(nurse, note.LONG_COMMUNITY_RECORD)
    nurse.opens_record_of(note.LONG_COMMUNITY_RECORD.name).arrives(RECORD)
    nurse.follows(re.compile("^All [0-9,]{3,}")).arrives(re.compile(".+"))
    nurse.page.get_by_role("link", name=re.compile("Next")).click()
    expect(nurse.page).to_have_title(re.compile("page 2 of"))
    nurse.arrives(re.compile(".+"))


def test_records_that_do_not_open_say_why(visit: Visit) -> None:
    gp = visit()
    gp.signs_in("gp", at=PRACTICE_NAME)
    journeys.find(gp, note.CHILD)
    gp.opens_record_of(note.CHILD.name).arrives("You cannot open this record")
    gp.sees_nothing_of("asthma", "peanut", note.CHILD.family)
    gp.opens("/record/019a0000-0000-7000-8000-000000000000").arrives("Open the record again")
    gp.presses("Open the record again").arrives("Page not found")
    worker = visit()
    worker.signs_in(LEWISHAM_WORKER)
    journeys.find(worker, note.OBJECTS_TO_NUMBER)
    worker.opens_record_of(note.OBJECTS_TO_NUMBER.name)
    worker.arrives("Your council may not look this person up here")
    worker.sees_nothing_of(note.OBJECTS_TO_NUMBER.family, "frail")


def test_why_something_is_not_shown_opens_without_leaving_the_page(visit: Visit) -> None:
    nurse = visit()
    nurse.signs_in("ward-nurse")
    journeys.find(nurse, note.IN_HOSPITAL)
    nurse.opens_record_of(note.IN_HOSPITAL.name).arrives(RECORD)
    services = nurse.section("Social care services")
    expect(services.get_by_text("Whom to ask").first).to_be_hidden()
    services.get_by_text("Why can’t I see this?").first.click()
    expect(services.get_by_text("Whom to ask").first).to_be_visible()
    nurse.arrives(RECORD)
