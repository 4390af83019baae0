"""The officers' way: a record under watch, a line that is held, a request for all that is held."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.utils.timezone import localdate
from playwright.sync_api import Locator, expect

from access import failed_proofs
from access.failed_proof_rows import ProofKind
from keeping import retention
from organisations.categories import Category
from organisations.models import Organisation
from region import people_of_note as note
from subject_access import packing
from tests import factories
from tests.browser import journeys
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor
from tests.conftest import AsLogin

pytestmark = pytest.mark.browser

WATCHED = note.LONG_COMMUNITY_RECORD
ASKING = note.TWIN_MICAH
RECORD = "Shared care record"


def test_a_record_is_put_under_watch_opened_for_a_reason_and_taken_off(visit: Visit) -> None:
    officer, nurse = visit(), visit()
    officer.signs_in("privacy").arrives("Alerts")
    officer.follows("Records under watch").arrives("Records under watch")
    journeys.find(officer, WATCHED)
    officer.follows(re.compile("Who looked at the record")).arrives("Who looked at this record?")
    officer.follows("Put this record under watch").arrives("Put this record under watch")
    officer.presses("Put under watch").arrives("Put this record under watch")
    officer.sees("There is a problem", "Select for how long")
    officer.types("Say why it is to be watched", "She was on the local news").chooses("7 days")
    officer.pictures("watch-record").presses("Put under watch")
    officer.arrives("This record is under watch").pictures("watched-record")

    nurse.signs_in("district-nurse").arrives("My residents")
    journeys.find(nurse, WATCHED)
    nurse.opens_record_of(WATCHED.name).arrives("Say why you open this record")
    nurse.sees_nothing_of("insulin").presses("Open the record")
    nurse.arrives("Say why you open this record").sees("There is a problem")
    nurse.types("Say why you open this record now", "Her dressing is changed today")
    nurse.pictures("say-why").presses("Open the record").arrives(RECORD)

    officer.follows("Back").arrives("Records under watch").sees(WATCHED.name)
    officer.pictures("watches").follows(WATCHED.name).arrives("This record is under watch")
    officer.types("Say why it ends now", "The news have moved on").presses("End the watch")
    officer.arrives("Put this record under watch")


def test_a_line_is_held_from_the_account(visit: Visit) -> None:
    person = note.IN_HOSPITAL
    nurse, officer = visit(), visit()
    nurse.signs_in("ward-nurse").arrives("My residents")
    journeys.find(nurse, person)
    nurse.opens_record_of(person.name).arrives(RECORD)
    officer.signs_in("privacy").arrives("Alerts")
    journeys.find(officer, person)
    officer.follows(re.compile("Who looked at the record")).arrives("Who looked at this record?")
    officer.follows(re.compile("^Hold from the account")).arrives("Hold this line from the account")
    officer.presses("Hold it").arrives("Hold this line from the account").sees("There is a problem")
    officer.pictures("hold-line")
    words = "Her brother works on that ward"
    officer.types("Say whom it would put in danger, and how", words).presses("Hold it")
    officer.arrives("Who looked at this record?")
    second = visit()
    second.signs_in("caldicott").follows("Alerts").arrives("Alerts")
    held = second.page.get_by_role("row").filter(has_text="An officer holds it").last
    held.get_by_role("link").first.click()
    second.arrives(re.compile("Alert AL-")).sees(words).chooses("Keep it back")
    second.types("Say how you know", "He would learn of it").presses("Record the review")
    second.arrives(re.compile("Alert AL-")).follows("Release this line to the person")
    second.arrives("Release this line").pictures("release-line")
    second.types("Say why it may be told now", "He has moved away").presses("Release it")
    second.arrives(re.compile("Alert AL-")).sees("May be told")


def test_a_proof_that_failed_is_looked_into(visit: Visit, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        failed_proofs.failed(ProofKind.PROBE, "CC-MADE-UP")
    officer = visit()
    officer.signs_in("privacy").arrives("Alerts")
    officer.follows("Proofs that failed").arrives("Proofs that failed").pictures("failed-proofs")
    officer.follows(re.compile("^FP-")).arrives(re.compile("Failed proof FP-"))
    officer.presses("Record it").arrives(re.compile("Failed proof FP-")).sees("There is a problem")
    officer.pictures("failed-proof").chooses("Escalate")
    officer.types("Say what was found and done", "Handed to whoever runs the workers")
    officer.presses("Record it").arrives(re.compile("Failed proof FP-")).sees("Escalated")


def test_all_that_is_held_is_reviewed_made_and_fetched(visit: Visit, as_login: AsLogin) -> None:
    officer = visit()
    officer.signs_in("privacy").arrives("Alerts")
    officer.follows(re.compile("^Who looked$")).arrives("Who looked")
    officer.follows("Subject access requests").arrives("Subject access requests")
    journeys.find(officer, ASKING)
    officer.follows(re.compile("Who looked at the record")).arrives("Who looked at this record?")
    officer.follows("Begin a subject access request").arrives("Begin a subject access request")
    officer.presses("Begin the request").arrives("Begin a subject access request")
    officer.sees("There is a problem").types("Family name", ASKING.family)
    officer.types("Given name", " ".join(ASKING.given)).types("NHS number", ASKING.nhs_number)
    for group, parts in (
        ("Date of birth", _day(ASKING.birth_date)),
        ("Date on which the request arrived", _day()),
    ):
        field = officer.page.get_by_role("group", name=group)
        for part, value in zip(("Day", "Month", "Year"), parts, strict=True):
            field.get_by_label(part, exact=True).fill(value)
    officer.pictures("subject-access-begin").presses("Begin the request")
    officer.arrives(re.compile("SA-"))
    officer.follows("It takes longer than a month").arrives("It takes longer than a month")
    officer.presses("Extend").arrives("It takes longer than a month").sees("There is a problem")
    officer.follows("Back").arrives(re.compile("SA-"))
    waiting = officer.page.get_by_role("heading", name="Decide about these first")
    _works_until(officer, waiting, as_login)
    while waiting.count():
        officer.pictures("subject-access")
        officer.page.locator("main a[href*='/parts/']").first.click()
        officer.page.wait_for_url(re.compile("/parts/"))
        officer.arrives(re.compile(".+")).chooses("Hand it out")
        officer.chooses("All from this source that waits for the same cause")
        officer.types("Say who advised you, and why it is so", "The GP advised: nobody is harmed")
        officer.pictures("subject-access-decide").presses("Record the decision")
        officer.arrives(re.compile("SA-"))
    _works_until(officer, officer.page.get_by_text("It can be fetched once"), as_login)
    officer.pictures("subject-access-ready")
    with officer.page.expect_download() as download:
        officer.presses("Fetch the pack")
    assert download.value.suggested_filename.endswith(".zip")
    officer.reloads().arrives(re.compile("SA-")).sees("Connect Care has it no more")
    officer.follows("Back").arrives("Subject access requests").pictures("subject-accesses")
    expect(officer.page.get_by_text("Fetched", exact=True)).to_be_visible()


def test_what_is_due_is_held_kept_approved_and_confirmed(visit: Visit, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        trust = Organisation.objects.get(ods_code="RJ2")
        for nth in ("QZ-101", "QZ-102", "QZ-103"):
            person = factories.source_person(
                factories.resident("Quince", "Idris", nhs_number=None), trust, identifier=nth
            )
            factories.entry(person, Category.DIAGNOSES, "Gout", effective="2010-06-01T12:00Z")
        retention.list_due()
    officer, second = visit(), visit()
    officer.signs_in("privacy").follows("Keeping").arrives("Due to be destroyed")
    officer.sees("QZ-101", "Clock started 1 June 2010").sees_nothing_of("QUINCE", "Gout")
    officer.presses("Continue with the selected").arrives("Due to be destroyed")
    officer.sees("There is a problem").pictures("retention")
    officer.follows("How long things are kept").arrives("How long things are kept")
    officer.pictures("retention-schedule").follows("Due to be destroyed")
    officer.arrives("Due to be destroyed").follows("Holds").arrives("Holds")
    officer.presses("Begin a hold").arrives("Begin a hold").presses("Begin the hold")
    officer.arrives("Begin a hold").sees("There is a problem").chooses("Litigation")
    officer.types("Say what it is for", "A claim of 2026").chooses("One person")
    officer.types("Your system’s identifier of the person", "QZ-101").pictures("begin-hold")
    officer.presses("Begin the hold").arrives("Holds").sees("Person QZ-101")
    officer.pictures("retention-holds").follows("Due to be destroyed")
    officer.arrives("Due to be destroyed").presses("Continue with all on this page")
    officer.arrives("What becomes of these?").sees("On hold", "QZ-102")
    officer.presses(re.compile("^Keep .* for longer")).arrives("What becomes of these?")
    officer.sees("There is a problem").pictures("retention-decide")
    officer.presses(re.compile("^Approve the destruction of")).arrives("Due to be destroyed")
    second.signs_in("caldicott").follows("Keeping").arrives("Due to be destroyed")
    second.ticks("QZ-102").ticks("QZ-103").presses("Continue with the selected")
    second.arrives("What becomes of these?").pictures("retention-confirm")
    second.presses("Confirm the destruction of 2").arrives("Due to be destroyed")
    second.sees_nothing_of("QZ-103").follows("What was decided")
    second.arrives("Decided").sees("It goes next").pictures("retention-decided")
    second.presses("Stop the destruction of QZ-102").arrives("What becomes of this?")
    second.sees("Two officers agreed").pictures("retention-stop")
    until = second.page.get_by_role("group", name="Date to keep it until")
    for part, value in (("Day", "1"), ("Month", "6"), ("Year", str(localdate().year + 2))):
        until.get_by_label(part, exact=True).fill(value)
    second.types("Say why it is kept for longer", "A claim came in")
    second.presses("Keep 1 for longer").arrives("Due to be destroyed")
    second.follows("What was decided").arrives("Decided").sees("Kept until", "A claim came in")
    with as_login("pipeline"):
        assert "gone" in list(retention.destroy_confirmed())
    second.follows("What was destroyed").arrives("Destroyed").sees("What went", "1 entry")
    second.pictures("retention-gone").follows("Holds").arrives("Holds")
    second.follows(re.compile("End this hold.*A claim of 2026")).arrives("End this hold")
    second.pictures("end-hold").presses("End the hold").arrives("Holds").sees("Over")


def _works_until(officer: Visitor, shown: Locator, as_login: AsLogin) -> None:
    """What waits for the worker is done, here or by the worker itself, and the page says so."""
    for _ in range(200):
        with as_login("pipeline"):
            for row in packing.to_do():
                packing.prepare(row)
        officer.reloads().arrives(re.compile("SA-"))
        if shown.count():
            return
        officer.page.wait_for_timeout(500)
    expect(shown).to_be_visible()


def _day(day: date | None = None) -> tuple[str, str, str]:
    """A day, or today, as it is typed."""
    day = day or localdate()
    return str(day.day), str(day.month), str(day.year)
