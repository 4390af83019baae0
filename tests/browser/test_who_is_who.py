"""The records officers' pages, and a number on a carer's word: each right at both widths."""

from __future__ import annotations

import re

import pytest

from region import people_of_note as note
from tests.browser.conftest import Visit
from tests.browser.deliveries import CROWD, PRACTICE_NAME, WITHOUT_SCRIPT
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

LIST = "Who is who"
QUESTION = re.compile("Number belongs to somebody else")
HOW = "I rang the hospital and compared the address."
CHECK = "Check before you join these records"


def test_a_question_is_looked_at_noted_and_settled(visit: Visit) -> None:
    officer = visit()
    officer.signs_in("records").arrives(LIST).sees("1 question", note.DOUBTFUL_LINK.family.upper())
    officer.pictures("who-is-who")
    officer.follows(re.compile("Number belongs")).arrives(QUESTION)
    officer.sees("Side by side", "Different").pictures("question")
    officer.presses("Continue").arrives(QUESTION).sees("Select what you have found")
    officer.presses("Add the note").arrives(QUESTION).sees("Write the note first")
    officer.types("Add a note", "I have asked the hospital.").presses("Add the note")
    officer.arrives(QUESTION).sees("I have asked the hospital.")
    officer.presses("Try again").arrives(QUESTION)
    says(officer, "They must never be shown together")
    officer.arrives("Never show these records together").presses("Keep them apart for ever")
    officer.arrives("Never show these records together").sees("Select why")
    officer.follows("Go back without doing this").arrives(QUESTION)
    says(officer, "They are the same person")
    officer.arrives(CHECK).sees("They differ", "Not the same: date of birth")
    officer.follows("Do not join them").arrives(QUESTION)
    says(officer, "They are different people")
    officer.arrives(QUESTION).sees("Settled")
    officer.follows("All questions").arrives(LIST).sees("No question waits.")
    officer.follows("Settled questions").arrives("Settled questions").sees("Different people")


def says(officer: Visitor, decision: str) -> None:
    officer.chooses(decision).types("Say how you know", HOW).presses("Continue")


def test_two_records_are_joined_and_taken_apart(visit: Visit) -> None:
    officer, gp = visit(), visit()
    one, other = CROWD[0], CROWD[1]
    gp.signs_in("gp", at=PRACTICE_NAME).arrives("My residents")
    gp.searches(number=other.number).arrives("Find a resident")
    gp.opens_record_of(other.banner).arrives("Shared care record")
    former = gp.page.url.removeprefix(gp.origin)
    officer.signs_in("records").arrives(LIST)
    officer.searches(number=one.number).sees(one.banner)
    officer.follows(re.compile("^Who this is")).arrives(re.compile("Who this resident is"))
    officer.presses("Join with another record").arrives(re.compile("Find the other record"))
    officer.types("NHS number", WITHOUT_SCRIPT.number).presses("Find")
    officer.arrives(re.compile("Find the other record")).sees("No other resident fits")
    officer.types("NHS number", other.number).presses("Find")
    officer.arrives(re.compile("Find the other record")).follows(re.compile("^Compare"))
    officer.arrives("Compare two records").presses("Continue")
    officer.arrives("Compare two records").sees("Select which record stays")
    officer.page.get_by_role("radio", name=re.compile("^Record A")).check()
    officer.chooses("One person was recorded twice").types("Say how you know", HOW)
    officer.presses("Continue").arrives(CHECK).presses("Join the two records")
    officer.arrives("Compare two records").sees("Both have a verified NHS number of their own")
    officer.chooses("One NHS number replaced the other").presses("Continue")
    officer.arrives(CHECK).presses("Join the two records")
    officer.arrives(re.compile("Joined record")).sees("1 NHS number", HOW).pictures("joined")
    then_whoever_had_the_former_record_is_led_to_the_joined_one(gp, former)
    officer.follows("Take the two records apart again")
    officer.arrives(re.compile("Take two records apart")).presses("Take the records apart")
    officer.arrives(re.compile("Take two records apart")).sees("Say how you know that they are")
    officer.types("Say how you know that they are two people", HOW)
    officer.presses("Take the records apart").arrives(re.compile("Joined record"))
    officer.sees("Taken apart again")


def then_whoever_had_the_former_record_is_led_to_the_joined_one(gp: Visitor, former: str) -> None:
    gp.opens(former).arrives("This record was joined with another")
    gp.presses("Open the joined record").arrives("Shared care record")


def test_a_number_that_somebody_gives_is_entered_as_not_verified(visit: Visit) -> None:
    person = note.WITHOUT_NUMBER
    officer = visit()
    officer.signs_in("records").arrives(LIST)
    officer.searches(number=CROWD[2].number).sees(CROWD[2].banner)
    address = officer.page.get_by_role("link", name=re.compile("^Who this is")).get_attribute(
        "href"
    )
    assert address is not None
    entering = address.replace("/identity", "/nhs-number")
    officer.opens(entering).arrives("Enter an NHS number").presses("Enter the number")
    officer.arrives("Enter an NHS number").sees("Select who gave it")
    officer.types("NHS number", person.nhs_number).chooses("The resident")
    officer.presses("Enter the number").arrives("Enter an NHS number")
    officer.sees("The record has a verified NHS number")
    officer.opens(f"{entering}/entered").arrives("NHS number entered")
