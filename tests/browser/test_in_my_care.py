"""From signing in to the right record and back: nurse, GP, out-of-hours clinician, officer."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from region import people_of_note as note
from tests.browser.conftest import Visit
from tests.browser.deliveries import PRACTICE_NAME

pytestmark = pytest.mark.browser

MINE = "My residents"
RECORD = "Shared care record"
WORDS = "The family says that this service stopped last year."
FOUND = "It ended in March, and is closed in our system now."


def test_a_ward_nurse_is_in_the_record_two_actions_after_signing_in(visit: Visit) -> None:
    nurse, person = visit(), note.IN_HOSPITAL
    nurse.signs_in("ward-nurse").arrives(MINE)
    nurse.sees("Admitted now", person.name, "That you see this list is recorded")
    assert nurse.page.locator(".record-banner, .app-person").count() == 0, "several people"
    nurse.pictures("my-residents")
    nurse.opens_record_of(person.name).arrives(RECORD)
    for title in ("Alerts and needs", "Allergies", "Current admission", "People involved"):
        expect(nurse.page.get_by_role("heading", level=3, name=title, exact=True)).to_be_visible()
    nurse.follows("Find in this record").arrives("Find in this record")
    nurse.types("Find in what is shown", "HIP").presses("Find").arrives("Find in this record")
    expect(nurse.page.locator("mark").first).to_have_text(re.compile("hip", re.IGNORECASE))
    assert "hip" not in nurse.page.url.casefold()
    nurse.pictures("find-in-record")
    nurse.types("Find in what is shown", "zzzz").presses("Find").arrives("Find in this record")
    nurse.sees("Nothing that is shown to you has all of these words")
    nurse.types("Find in what is shown", "").presses("Find").arrives("Find in this record")
    nurse.sees("There is a problem").follows("Back to the record").arrives(RECORD)
    nurse.follows("Print this record").arrives(RECORD).sees("That you print it is recorded.")


def test_a_gp_finds_what_two_sources_sent_together(visit: Visit) -> None:
    gp, person = visit(), note.DIABETIC
    gp.signs_in("gp", at=PRACTICE_NAME).arrives(MINE).sees("Find somebody else")
    gp.finds(person.name, family=person.family, born=person.birth_date)
    gp.opens_record_of(person.name).arrives(RECORD)
    alike = gp.page.locator(".record-block--allergies .record-alike").first
    expect(alike).to_contain_text("Likely the same: 2 entries, from different organisations")
    expect(alike.locator(".record-item")).to_have_count(2)


def test_an_out_of_hours_clinician_sees_who_contacted_them(visit: Visit) -> None:
    gp = visit()
    gp.signs_in("gp", at="SELDOC").arrives(MINE).sees("Find somebody else")


def test_a_wrong_entry_is_reported_and_answered(visit: Visit) -> None:
    nurse, officer, person = visit(), visit(), note.IN_HOSPITAL
    nurse.signs_in("ward-nurse").arrives(MINE).opens_record_of(person.name).arrives(RECORD)
    services = nurse.section("Social care services")
    services.locator("a.record-item__name").first.click()
    nurse.page.get_by_role("link", name="Report that this entry is wrong").wait_for()
    entry = nurse.page.url.removeprefix(nurse.origin)
    nurse.follows("Report that this entry is wrong").arrives("Report a wrong entry")
    nurse.presses("Send the report").arrives("Report a wrong entry").sees("Select what is wrong")
    nurse.pictures("report-entry").chooses("It is no longer so")
    nurse.types("Say what is wrong, and how you know", WORDS).presses("Send the report")
    nurse.sees("Reported as wrong", "Its source has not answered yet.")
    officer.signs_in("council-records").follows("Wrong entries")
    officer.arrives("Reports of wrong entries").sees(person.name).pictures("reports")
    officer.follows(re.compile("^WE-")).arrives(re.compile("^Report WE-")).sees(WORDS)
    officer.presses("Answer the report").arrives(re.compile("^Report WE-"))
    officer.sees("Select what you have found").pictures("report")
    officer.chooses("We have corrected it in our own system")
    officer.types("Say what you found", FOUND).presses("Answer the report")
    officer.arrives(re.compile("^Report WE-")).sees("Corrected in our own system")
    officer.opens("/reports").arrives("Reports of wrong entries")
    officer.opens("/reports?show=answered").arrives("Answered reports of wrong entries")
    nurse.opens(entry).sees("Corrected in our own system", FOUND)
