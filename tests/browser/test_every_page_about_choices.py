"""Choices by every turn of their journey, the forms that ask for one, and the letters after."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from consent import letters, reconciling
from region import people_of_note as note
from region.people_of_note import PersonOfNote
from tests.browser import journeys
from tests.browser.conftest import (
    Visit,
)
from tests.browser.visitor import Visitor
from tests.conftest import AsLogin

pytestmark = pytest.mark.browser

FIND = "Find a resident"
CONNECT_CARE_QUESTION = "What do they say about Connect Care as a whole?"


def test_every_turn_of_the_journey_of_a_choice(visit: Visit) -> None:
    worker, person = visit(), note.LONG_COMMUNITY_RECORD
    worker.signs_in("social-worker")
    journeys.find(worker, person)
    journeys.begin_choice(worker, person.name, journeys.SOCIAL_CARE)
    when_nobody_could_be_asked(worker)
    recorded = worker.page.url
    worker.follows("All choices of this resident").arrives("Choices about sharing")
    worker.sees("Changed nothing", "Too unwell to be asked", "Last asked on")
    worker.presses(f"Record what they say about: {journeys.CONNECT_CARE}")
    when_the_details_differ(worker)
    when_an_attorney_decides(worker, person)
    then_a_second_one_is_not_stacked(worker, person)
    worker.page.goto(recorded)
    worker.arrives("Choice recorded")
    worker.opens("/choices/019a0000-0000-7000-8000-000000000000/check")
    worker.arrives("This has not been recorded")


def when_nobody_could_be_asked(worker: Visitor) -> None:
    question = "What do they say about sharing their social care information?"
    worker.arrives(question).presses("Continue").arrives(question).sees("Select what they say")
    worker.chooses("They could not be asked").presses("Continue")
    worker.arrives("Why could they not be asked?").chooses("Too unwell to be asked")
    worker.presses("Continue").arrives("How did you try to ask?").chooses("In person")
    worker.presses("Continue").arrives("Read back and confirm")
    worker.sees("Nothing is recorded yet.")
    journeys.confirm(worker)


def when_the_details_differ(worker: Visitor) -> None:
    worker.arrives(CONNECT_CARE_QUESTION).chooses("Opt out").presses("Continue")
    worker.arrives("Who are they?").pictures("who-are-they").presses("Continue")
    worker.arrives("Who are they?").sees("Enter at least 3 details.")
    journeys.say_who(worker, note.DIABETIC)
    worker.arrives("Who are they?").sees("These details do not all match what we hold")


def when_an_attorney_decides(worker: Visitor, person: PersonOfNote) -> None:
    journeys.say_who(worker, person)
    worker.arrives("Whose decision is it?")
    worker.chooses("A registered attorney for health and welfare").presses("Continue")
    asked = "Who decided, and how do you know that they may?"
    worker.arrives(asked).presses("Continue").arrives(asked)
    worker.sees("Enter the name of who decided", "Enter the evidence you have seen")
    worker.types("Their full name", "Maeve Fitzgerald")
    worker.types("What evidence have you seen?", "Registered power of attorney, seen today")
    assessed = "Who assessed that they cannot decide this, and when?"
    worker.presses("Continue").arrives(assessed).types(assessed, "Dr Imogen Hale, today")
    worker.presses("Continue").arrives("Did someone else pass this on?")
    worker.chooses("A carer").presses("Continue")
    named = "What is the name of who passed it on?"
    worker.arrives(named).types(named, "Ada Bright").presses("Continue")
    worker.arrives("How did they tell you?").chooses("In person").presses("Continue")
    worker.arrives("Read back and confirm").sees("Maeve Fitzgerald", "Ada Bright (a carer)")
    worker.follows("Change from when it holds").arrives("From when?")
    worker.chooses("From a later date").presses("Continue").arrives("From which date?")
    worker.types("Day", "1").types("Month", "1").types("Year", "2020").presses("Continue")
    worker.arrives("From which date?").sees("The date must be after today, and within a year")
    worker.page.get_by_role("link", name="Back", exact=True).click()
    worker.arrives("How did they tell you?").presses("Continue").arrives("From which date?")
    worker.opens(worker.page.url.removeprefix(worker.origin).replace("start-date", "start"))
    worker.arrives("From when?").chooses("From now").presses("Continue")
    worker.arrives("Read back and confirm").pictures("choice-check")
    worker.follows("Change what they say").arrives(CONNECT_CARE_QUESTION).presses("Continue")
    worker.arrives("Read back and confirm")
    journeys.confirm(worker)


def then_a_second_one_is_not_stacked(worker: Visitor, person: PersonOfNote) -> None:
    journeys.find(worker, person)
    journeys.begin_choice(worker, person.name, journeys.CONNECT_CARE)
    worker.arrives(CONNECT_CARE_QUESTION).chooses("Opt out").presses("Continue")
    worker.arrives("Whose decision is it?")
    worker.chooses("A registered attorney for health and welfare").presses("Continue")
    worker.arrives("This is already in force").follows("Change the answer")
    worker.arrives(CONNECT_CARE_QUESTION).chooses("Agree, or opt back in").presses("Continue")
    asked = "Who decided, and how do you know that they may?"
    worker.arrives(asked)
    worker.page.get_by_role("link", name="Back", exact=True).click()
    worker.arrives("Whose decision is it?").chooses("A named best-interests decider")
    worker.presses("Continue").arrives("This cannot be recorded so").pictures("choice-conflict")
    worker.sees("This was refused by: a registered attorney for health and welfare.")
    worker.follows("All choices of this resident").arrives("Choices about sharing")
    worker.sees("Begun and not finished").pictures("choices")
    worker.opens("/choices/unfinished").arrives("Choices not finished")
    worker.presses(re.compile("^Throw away")).arrives("Choices not finished")
    worker.sees("There is nothing that you began and did not finish.")
    worker.follows("Choices to ask again").arrives("Choices to ask again")
    journeys.find(worker, person)
    worker.follows(f"Choices about sharing of {person.name}").arrives("Choices about sharing")
    worker.presses(re.compile("^Take back CC-")).arrives("Why is it taken back?")
    worker.chooses("Whoever decides asked for it").presses("Continue")
    worker.arrives("Whose decision is it?").chooses("The resident").presses("Continue")
    worker.arrives("Did someone else pass this on?").chooses(journeys.HEARD_IT)
    worker.presses("Continue").arrives("How did they tell you?").chooses("Phone")
    worker.presses("Continue").arrives("Read back and confirm").sees("is taken back")
    journeys.confirm(worker)


def test_a_resident_opts_out_on_the_public_form(visit: Visit) -> None:
    somebody, person = visit(), note.PREGNANT
    somebody.opens("/your-choices").arrives("Your choices")
    somebody.follows("use the form to opt out or back in")
    somebody.arrives("Opt out of Connect Care, or back in").pictures("form-start")
    somebody.presses("Start now").arrives("What do you want to do?").presses("Continue")
    somebody.arrives("What do you want to do?").sees("Select what you want to do")
    somebody.chooses("Opt out of Connect Care").presses("Continue")
    somebody.arrives("Who is this about?").chooses("Somebody I may decide for")
    somebody.presses("Continue").arrives("About you").pictures("form-you").presses("Back")
    somebody.arrives("Who is this about?").chooses("Me").presses("Continue")
    somebody.arrives("What is your name?").types("Given name", " ".join(person.given))
    somebody.types("Family name", person.family).presses("Continue")
    born = person.birth_date
    somebody.arrives("What is your date of birth?").types("Day", str(born.day))
    somebody.types("Month", str(born.month)).types("Year", str(born.year)).presses("Continue")
    somebody.arrives("What is your NHS number?").types("NHS number (optional)", "12")
    somebody.presses("Continue").arrives("What is your NHS number?").sees("There is a problem")
    somebody.types("NHS number (optional)", person.nhs_number).presses("Continue")
    somebody.arrives("How can we reach you?").types("Phone number", "020 7946 0003")
    somebody.presses("Continue").arrives("Check and send").pictures("form-check")
    somebody.page.get_by_role("button", name="Change phone number").click()
    somebody.arrives("How can we reach you?").presses("Continue").arrives("Check and send")
    somebody.page.wait_for_timeout(journeys.FASTEST)
    somebody.presses("Send").arrives(re.compile("We have your request")).pictures("form-sent")
    assert somebody.page.url == f"{somebody.origin}/opt-out"
    assert somebody.page.context.cookies() == []
    desk = visit()
    desk.signs_in("desk").follows("Requests").arrives("Requests about choices")
    desk.sees("Opted out until verified").pictures("requests")
    desk.follows(re.compile("^CC-")).arrives(re.compile("^Request CC-"))
    desk.presses("Find who it is").arrives(re.compile("^Request CC-")).pictures("request")
    desk.presses("Note it").arrives(re.compile("^Request CC-")).sees("Select what became of it")
    desk.presses("Find who it is").arrives(re.compile("^Request CC-"))
    desk.presses(re.compile("^Verify and record for")).arrives("Who are they?")
    journeys.say_who(desk, person)
    desk.arrives("Whose decision is it?").chooses("The resident").presses("Continue")
    desk.arrives("Did someone else pass this on?").chooses(journeys.HEARD_IT)
    desk.presses("Continue").arrives("Read back and confirm")
    journeys.confirm(desk)
    desk.opens("/requests").arrives("Requests about choices").sees("No request waits.")


def test_the_desk_enters_paper_forms_one_after_another(visit: Visit) -> None:
    desk, person = visit(), note.DIABETIC
    desk.signs_in("desk").opens("/requests/paper").arrives("Enter paper forms")
    desk.pictures("paper").presses("Save and enter the next").arrives("Enter paper forms")
    desk.sees("There is a problem", "Select what it asks for")
    for _ in range(2):
        written = desk.page.get_by_role("group", name="Date on the form")
        for part, value in zip(("Day", "Month", "Year"), ("1", "11", "2026"), strict=True):
            written.get_by_label(part, exact=True).fill(value)
        born = desk.page.get_by_role("group", name="Date of birth of the resident")
        day = person.birth_date
        for part, value in zip(
            ("Day", "Month", "Year"), (day.day, day.month, day.year), strict=True
        ):
            born.get_by_label(part, exact=True).fill(str(value))
        desk.chooses("To opt back in").chooses("The resident")
        desk.types("Given name of the resident", " ".join(person.given))
        desk.types("Family name of the resident", person.family)
        desk.presses("Save and enter the next").arrives("Enter paper forms").sees("Entered as CC-")
    desk.opens("/requests").arrives("Requests about choices").sees("Paper form")


def make_letters(as_login: AsLogin) -> None:
    with as_login("pipeline"):
        for letter in letters.due():
            letters.look_at(letter)


def test_letters_are_printed_posted_and_dealt_with(visit: Visit, as_login: AsLogin) -> None:
    make_letters(as_login)
    adviser = visit()
    adviser.signs_in("adviser").arrives(FIND).follows("Letters").arrives("Letters")
    adviser.sees("There is no verified address", note.ONE_NAME.family.upper())
    adviser.pictures("letters")
    adviser.page.locator("main li a").first.click()
    adviser.arrives(re.compile("^What was recorded about your choice")).sees("What this allows")
    adviser.pictures("letter")
    with adviser.page.expect_download() as pdf:
        adviser.page.get_by_role("link", name="Download in large print (PDF)").click()
    assert pdf.value.suggested_filename.endswith("-large-print.pdf")
    adviser.follows("Letters").arrives("Letters")
    adviser.sees("Which of these have you posted?")
    with adviser.page.expect_download() as again:
        adviser.page.get_by_role("button", name="Download these again").click()
    assert again.value.suggested_filename.endswith(".zip")
    adviser.pictures("letters-to-post").presses("I have posted these")
    adviser.arrives("1 marked as posted").follows("Letters")
    adviser.arrives("Letters").sees("There is nothing to print", "There is nothing to post")
    adviser.follows(re.compile("^Letter without an address"))
    adviser.arrives(re.compile("^What was recorded")).sees("It has no address.")
    adviser.follows("Letters").arrives("Letters")
    held = adviser.page.get_by_role("link", name=re.compile("^Say that it was dealt with"))
    before = held.count()
    adviser.follows(re.compile("^Say that it was dealt with")).arrives(re.compile("Letter CC"))
    adviser.presses("It was dealt with").arrives(re.compile("Letter CC"))
    adviser.sees("There is a problem", "Choose how it was dealt with").pictures("letter-settle")
    adviser.chooses("Told on the phone").presses("It was dealt with").arrives("Letters")
    expect(held).to_have_count(before - 1)


def test_how_somebody_is_written_to(visit: Visit) -> None:
    adviser, person = visit(), note.LONG_RECORD
    adviser.signs_in("adviser").arrives(FIND)
    journeys.find(adviser, person)
    adviser.follows(f"Choices about sharing of {person.name}").arrives("Choices about sharing")
    adviser.sees("A letter confirms each choice.", "In standard print.")
    adviser.follows("Change how we write to them").arrives("How we write to them")
    adviser.chooses("Do not send letters").presses("Save").arrives("How we write to them")
    adviser.sees("There is a problem", "Choose why no letters should be sent")
    adviser.pictures("how-to-write")
    adviser.chooses("Somebody else may open their letters").presses("Save")
    adviser.arrives("Choices about sharing").sees("somebody else may open their letters")


def test_whether_choices_and_letters_agree(visit: Visit, as_login: AsLogin) -> None:
    officer = visit()
    officer.signs_in("privacy").arrives("Alerts")
    officer.follows("Whether choices, what is enforced and letters agree")
    officer.arrives("Choices recorded, enforced and confirmed")
    with as_login("pipeline"):
        run = reconciling.reconcile()
    officer.reloads().arrives("Choices recorded, enforced and confirmed")
    officer.sees("All agree" if run.agrees else "They do not agree")
    officer.page.get_by_text("How it is counted: Every refusal that was said").click()
    officer.pictures("reconciliation")
