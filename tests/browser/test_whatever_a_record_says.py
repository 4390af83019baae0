"""A record in each of its states, and a reader who has no part in the care, at a browser."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect
from pypdf import PdfReader

from connectcare.demo import PASSWORD
from identity.models import Resident, SourcePerson
from organisations.categories import Category
from organisations.models import Feed
from region import people_of_note as note
from tests import factories
from tests.browser import journeys
from tests.browser.conftest import EXAMINER, Visit
from tests.browser.deliveries import CROWD, PRACTICE, PRACTICE_NAME, NewPerson
from tests.browser.visitor import Visitor
from tests.conftest import AsLogin

pytestmark = pytest.mark.browser

RECORD = "Shared care record"
CLOSED = "You cannot open this record"
MINE = "My residents"
#: Of whom nothing was sent but that they are registered; nobody else's tests need them.
WITHOUT_ENTRIES, WITH_MANY = CROWD[8], CROWD[9]
HOSPITAL = "Lewisham and Greenwich NHS Trust"
ENTRIES = 20_000


# ── Who has no part in the care ─────────────────────────────────────────────────────────────


def test_an_out_of_hours_clinician_says_why_and_opens(visit: Visit) -> None:
    doctor, person = visit(), note.LEARNING_DISABILITY
    doctor.signs_in("gp", at="SELDOC").arrives(MINE)
    journeys.find(doctor, person)
    doctor.opens_record_of(person.name).arrives(CLOSED)
    doctor.sees_nothing_of("Epilepsy", person.family).pictures("no-part-in-care")
    doctor.follows("I am involved in this person’s care").arrives("You are involved in their care")
    doctor.presses("Record this and open").arrives("You are involved in their care")
    doctor.sees("There is a problem", "Select a reason").pictures("declare")
    doctor.chooses("The person came to us themselves")
    doctor.types("Say what you do for them", "He rang us an hour ago about a seizure.")
    doctor.presses("Record this and open").arrives(RECORD).sees("Epilepsy")
    expect(doctor.page.locator(".record-block--alerts")).to_contain_text("Reasonable adjustments")
    doctor.follows("Print this record").arrives(RECORD).sees("That you print it is recorded.")


def test_glass_is_broken_and_the_privacy_officer_looks_into_it(visit: Visit) -> None:
    nurse, officer, person = visit(), visit(), note.ON_CLOZAPINE
    nurse.signs_in("ward-nurse").arrives(MINE)
    journeys.find(nurse, person)
    nurse.opens_record_of(person.name).arrives(CLOSED)
    nurse.follows("The person agreed that I look at it").arrives("The person agreed")
    nurse.follows("Stop here: nothing is recorded").arrives("Find a resident")
    journeys.find(nurse, person)
    nurse.opens_record_of(person.name).arrives(CLOSED)
    nurse.follows("Open the record in an emergency")
    nurse.arrives("You are about to open this record in an emergency").pictures("emergency")
    nurse.presses("Continue to the reason").arrives("Reason for opening in an emergency")
    nurse.presses("Break the glass and open").arrives("Reason for opening in an emergency")
    nurse.sees("There is a problem", "Select a reason").pictures("break-glass")
    nurse.chooses("They cannot tell me, and it is in their best interests")
    nurse.types("Say what has happened", "Brought in unconscious by ambulance.")
    nurse.types("Your password", PASSWORD).presses("Break the glass and open")
    nurse.arrives(RECORD).sees("Opened in an emergency.", "Clozapine").pictures("broken-glass")
    officer.signs_in("privacy").arrives("Alerts").sees("Emergency opening")
    officer.follows(re.compile("^AL-")).arrives(re.compile("Alert AL-"))
    officer.presses("Record the review").arrives(re.compile("Alert AL-"))
    officer.sees("There is a problem").pictures("alert")


def test_a_colleague_is_let_in(visit: Visit) -> None:
    nurse, person = visit(), note.IN_HOSPITAL
    nurse.signs_in("ward-nurse").arrives(MINE).opens_record_of(person.name).arrives(RECORD)
    nurse.follows("Let a colleague in").arrives("Let a colleague in")
    nurse.presses("Find colleague").arrives("Let a colleague in").sees(
        "Enter your colleague’s name"
    )
    nurse.types("Colleague’s name", "Asante").presses("Find colleague")
    nurse.arrives("Let a colleague in").presses("Let them in").arrives("Let a colleague in")
    nurse.sees("Select your colleague").pictures("let-in")
    nurse.page.get_by_role("radio", name=re.compile("^Michael Asante")).check()
    nurse.types("Say why they need it", "He plans her discharge with us.").presses("Let them in")
    nurse.arrives("Your colleague may open the record").sees("could open it already")


# ── What there is to see ────────────────────────────────────────────────────────────────────


def test_a_protected_resident_is_marked_and_nothing_says_where(visit: Visit) -> None:
    gp, person = visit(), note.PROTECTED
    gp.signs_in("gp", at=PRACTICE_NAME).arrives(MINE)
    journeys.find(gp, person)
    gp.opens_record_of(person.name).arrives(RECORD).pictures("protected")
    gp.sees("Protected details.", "Address, phone and GP practice are not shown.")
    expect(gp.page.locator(".record-banner .record-mark")).to_have_text("Protected details")
    expect(gp.page.locator("main")).not_to_contain_text(PRACTICE_NAME)
    gp.follows("Timeline").arrives(re.compile("^Timeline"))
    expect(gp.page.locator("main")).not_to_contain_text(PRACTICE_NAME)


def test_who_died_is_told_apart_from_the_living(visit: Visit) -> None:
    nurse, examiner, person = visit(), visit(), note.DECEASED
    nurse.signs_in("district-nurse").arrives(MINE)
    journeys.find(nurse, person)
    nurse.opens_record_of(person.name).arrives(re.compile(".+")).sees_nothing_of("lung cancer")
    examiner.signs_in(EXAMINER).arrives(MINE)
    journeys.find(examiner, person)
    examiner.opens_record_of(person.name).arrives(RECORD).pictures("deceased")
    examiner.sees("Opened after the death of this person.", "age at death")
    expect(examiner.page.locator(".record-banner--died .record-mark")).to_have_text("Died")
    examiner.follows("Discharge planning: social care, equipment, carers, whom to ring")
    examiner.arrives("Discharge planning")


def test_a_record_without_entries_says_so_everywhere(visit: Visit) -> None:
    gp = visit()
    given_the_record_of(gp, WITHOUT_ENTRIES).pictures("no-information")
    gp.sees("Allergies not recorded", "This record may be incomplete.")
    for section in gp.page.locator("section.record-section").all():
        expect(section.locator("li.record-state").first).to_be_visible()
    gp.follows("Timeline").arrives(re.compile("^Timeline"))
    gp.sees("No entries of these are shown.")


def given_the_record_of(gp: Visitor, person: NewPerson) -> Visitor:
    gp.signs_in("gp", at=PRACTICE_NAME).arrives(MINE)
    gp.searches(number=person.number).arrives("Find a resident")
    return gp.opens_record_of(person.banner).arrives(RECORD)


def test_a_source_from_which_nothing_comes_is_named(visit: Visit, as_login: AsLogin) -> None:
    gp, person = visit(), note.DIABETIC
    gp.signs_in("gp", at=PRACTICE_NAME).arrives(MINE)
    journeys.find(gp, person)
    with nothing_from("RJ2", as_login):
        gp.opens_record_of(person.name).arrives(RECORD).pictures("source-down")
        results = gp.section("Blood and other laboratory results")
        expect(results).to_contain_text(f"{HOSPITAL}: nothing since")
        expect(results.get_by_role("heading", level=2)).to_contain_text("some sources late")
    gp.reloads().arrives(RECORD)
    expect(results).not_to_contain_text("nothing since")


@contextmanager
def nothing_from(ods_code: str, as_login: AsLogin) -> Iterator[None]:
    """Meanwhile nothing has come from any feed of an organisation for three days."""
    with as_login("pipeline"):
        feeds = Feed.objects.filter(organisation__ods_code=ods_code)
        before = list(feeds.values("pk", "expected_every", "last_received"))
        feeds.update(
            expected_every=timedelta(days=1), last_received=timezone.now() - timedelta(days=3)
        )
    try:
        yield
    finally:
        with as_login("pipeline"):
            for each in before:
                Feed.objects.filter(pk=each.pop("pk")).update(**each)


def test_a_record_of_20_000_entries_is_read_like_any_other(visit: Visit, as_login: AsLogin) -> None:
    given_many_entries(WITH_MANY, as_login)
    gp = visit()
    given_the_record_of(gp, WITH_MANY).pictures("many-entries")
    gp.follows(re.compile(f"^All {ENTRIES:,}")).arrives("Blood and other laboratory results")
    gp.page.get_by_role("link", name=re.compile("Next")).click()
    expect(gp.page).to_have_title(re.compile(f"page 2 of {ENTRIES // 50}"))
    gp.follows("Back to the record").arrives(RECORD)
    gp.follows("Timeline").arrives(re.compile("^Timeline")).sees(f"{ENTRIES:,} entries")
    gp.follows("Back to the record").arrives(RECORD)
    gp.follows("Find in this record").arrives("Find in this record")
    gp.types("Find in what is shown", f"potassium {ENTRIES - 1}").presses("Find")
    gp.arrives("Find in this record").sees("1 entry has these words")


def given_many_entries(person: NewPerson, as_login: AsLogin) -> None:
    """Results, an hour apart, as copies of one."""
    with as_login("pipeline"):
        whose = Resident.objects.get(nhs_numbers__number=person.number)
        made = factories.entry(
            SourcePerson.objects.get(resident=whose, source__ods_code=PRACTICE),
            Category.LAB_RESULTS,
            "Potassium",
            from_feed=Feed.objects.filter(organisation__ods_code=PRACTICE).order_by("pk")[0],
        )
        with connection.cursor() as cursor:
            factories.copy_entry(cursor, made, ENTRIES - 1, apart="1 hour")


# ── Few steps, one record at a time, and paper ──────────────────────────────────────────────


def test_the_right_record_is_three_actions_from_signing_in(visit: Visit) -> None:
    nurse, gp = visit(), visit()
    nurse.signs_in("ward-nurse").arrives(MINE)
    signed_in = nurse.acted
    nurse.opens_record_of(note.IN_HOSPITAL.name).arrives(RECORD)
    assert nurse.acted - signed_in == 1
    nurse.page.get_by_role("link", name="Social care services", exact=False).first.click()
    expect(nurse.section("Social care services")).to_be_in_viewport()
    gp.signs_in("gp").arrives("Choose your role for now")
    signed_in = gp.acted
    gp.acts_at(PRACTICE_NAME).arrives(MINE)
    gp.types("NHS number", note.DIABETIC.nhs_number).presses("Find").arrives("Find a resident")
    gp.opens_record_of(note.DIABETIC.name).arrives(RECORD)
    assert gp.acted - signed_in == 3


def test_a_practice_reads_its_registered_patients_by_name(visit: Visit) -> None:
    gp, person = visit(), note.DIABETIC
    gp.signs_in("gp", at=PRACTICE_NAME).arrives(MINE)
    gp.follows("All registered patients, by name").arrives("Registered patients")
    gp.pictures("registered").follows(re.compile("^Q$")).arrives("Registered patients")
    gp.sees("Nobody here has such a name").follows(re.compile("^P$"))
    gp.arrives("Registered patients")
    gp.opens_record_of(person.name).arrives(RECORD)


def test_another_record_closes_the_one_before(visit: Visit) -> None:
    gp, first, second = visit(), note.DIABETIC, note.SAME_NAME_LEWISHAM
    gp.signs_in("gp", at=PRACTICE_NAME).arrives(MINE)
    journeys.find(gp, first)
    gp.opens_record_of(first.name).arrives(RECORD)
    of_first = gp.page.url.removeprefix(gp.origin)
    gp.searches(number=second.nhs_number).arrives("Find a resident")
    gp.opens_record_of(second.name).arrives(RECORD).sees(second.family.upper())
    gp.opens(of_first).arrives("Open the record again")
    gp.sees_nothing_of(first.family, "Metformin")


def test_every_sheet_of_paper_says_whose_it_is(visit: Visit) -> None:
    nurse, person = visit(), note.IN_HOSPITAL
    nurse.signs_in("ward-nurse").arrives(MINE).opens_record_of(person.name).arrives(RECORD)
    nurse.follows("Print this record").arrives(RECORD)
    sheets = PdfReader(io.BytesIO(nurse.page.pdf(format="A4"))).pages
    assert len(sheets) > 2
    number = person.nhs_number
    for nth, sheet in enumerate(sheets, start=1):
        words = " ".join(sheet.extract_text().replace("\N{NO-BREAK SPACE}", " ").split())
        for told in (
            person.name,
            f"{number[:3]} {number[3:6]} {number[6:]}",
            "Printed by Grace Obi, Nurse",
            "It may be incomplete",
            f"Page {nth} of {len(sheets)}",
        ):
            assert told in words, f"sheet {nth} does not say {told}"
