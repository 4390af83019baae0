"""What privacy officers look at: who looked, who could, disclosures, what did not hold."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils.timezone import localdate

from connectcare.demo import PASSWORD
from consent.models import Choice
from consent.proofs import Outcome, ProbeResult, ProofIncident, Why
from organisations.models import StaffMember
from region import people_of_note as note
from tests.browser import journeys
from tests.browser.conftest import (
    Visit,
)
from tests.conftest import AsLogin

pytestmark = pytest.mark.browser

RECORD = "Shared care record"


def test_whether_a_choice_is_known_not_to_hold(visit: Visit, as_login: AsLogin) -> None:
    officer = visit()
    officer.signs_in("privacy").arrives("Alerts")
    officer.follows("Choices that did not hold").arrives("Choices that did not hold")
    officer.sees("No choice is known not to hold").pictures("incidents")
    made = given_a_choice_that_does_not_hold(as_login)
    officer.reloads().arrives("Choices that did not hold").follows(re.compile(f"^{made}"))
    officer.arrives(re.compile("^Incident IN-")).sees("Tell whoever runs Connect Care at once")
    officer.pictures("incident")


def given_a_choice_that_does_not_hold(as_login: AsLogin) -> str:
    """An incident, by its reference, as the proof of effect makes one."""
    with as_login("pipeline"):
        choice = Choice.objects.filter(answer="refuses").order_by("pk")[0]
        found = ProbeResult.objects.create(
            choice=choice,
            why=Why.RECORDED,
            elapsed=timedelta(seconds=1),
            readers=1,
            asked={"rows": 1},
            shown={"rows": 1},
            faults=0,
            outcome=Outcome.SHOWN,
        )
        made = ProofIncident.objects.create(reference="IN-QZ33QZ33", choice=choice, found=found)
    return made.reference


def test_who_could_see_a_part_of_a_record(visit: Visit) -> None:
    officer = visit()
    officer.signs_in("privacy").arrives("Alerts")
    journeys.find(officer, note.IN_HOSPITAL)
    officer.follows(re.compile("Who could see the record")).arrives("Who could see this?")
    officer.page.get_by_label("Part of the record").select_option("Social care services")
    officer.presses("Show who could see it").arrives("Who could see this?")
    officer.sees("Nurse, Cedar ward", "Admitted here", "Not said here")


def test_who_looked_at_a_record_and_at_whom_a_nurse_looked(visit: Visit, as_login: AsLogin) -> None:
    person = note.IN_HOSPITAL
    nurse, officer = visit(), visit()
    nurse.signs_in("ward-nurse").arrives("My residents")
    journeys.find(nurse, person)
    nurse.opens_record_of(person.name).arrives(RECORD)
    officer.signs_in("privacy").arrives("Alerts")
    journeys.find(officer, person)
    officer.follows(re.compile("Who looked at the record")).arrives("Who looked at this record?")
    officer.sees("Nurse", "Opened the summary", "They were admitted there").pictures("who-looked")
    officer.follows("Show as a timeline").arrives("Who looked at this record?")
    officer.pictures("who-looked-timeline")
    officer.follows(re.compile("^Who looked$")).arrives("Who looked")
    officer.presses("Find staff").arrives("Who looked").sees("Enter a part of the name")
    officer.types("Name of a member of staff", "Nobody").presses("Find staff")
    officer.arrives("Who looked").sees("Nobody of that name has worked at your organisation")
    with as_login("pipeline"):
        name = StaffMember.objects.get(username="ward-nurse").name
    officer.types("Name of a member of staff", name).presses("Find staff")
    officer.arrives("Who looked").pictures("looks")
    officer.follows(name).arrives(f"At whom {name} looked").sees(person.name)
    officer.pictures("looks-of-staff")


def test_a_resident_is_told_who_looked_and_asks(visit: Visit) -> None:
    person = note.IN_HOSPITAL
    nurse, officer = visit(), visit()
    nurse.signs_in("ward-nurse").arrives("My residents")
    journeys.find(nurse, person)
    nurse.opens_record_of(person.name).arrives(RECORD)
    officer.signs_in("privacy").arrives("Alerts")
    journeys.find(officer, person)
    officer.follows(re.compile("Tell the resident who looked"))
    officer.arrives("Tell a resident who looked").presses("Continue")
    officer.arrives("Tell a resident who looked").sees("Enter at least 3 details")
    officer.types("Family name", person.family).types("Given name", " ".join(person.given))
    for part, number in (
        ("Day", person.birth_date.day),
        ("Month", person.birth_date.month),
        ("Year", person.birth_date.year),
    ):
        officer.types(part, str(number))
    officer.types("NHS number", person.nhs_number).pictures("account-begin").presses("Continue")
    officer.arrives(re.compile("Who looked at your record, and why"))
    officer.sees("opened your summary", "because you were admitted there").pictures("account")
    officer.follows(re.compile("^Ask about this.*opened your summary")).arrives("Ask about a look")
    officer.presses("Send the question").arrives("Ask about a look").sees("There is a problem")
    officer.types("What do they ask about this?", "I was at home that day").pictures("account-ask")
    officer.presses("Send the question").arrives(re.compile("Who looked at your record, and why"))
    officer.sees("an answer is due by").follows("Alerts").arrives("Alerts")
    officer.sees("Resident’s question").follows(re.compile("^AL-|^WQ-"))
    officer.arrives(re.compile("Alert WQ-")).sees("I was at home that day", "An answer is due by")
    officer.pictures("alert-question")


def test_a_lawful_disclosure_from_the_first_officer_to_the_reader(visit: Visit) -> None:
    officer, second, nurse = visit(), visit(), visit()
    person = note.REFUSED_SOCIAL_CARE
    officer.signs_in("privacy")
    journeys.find(officer, person)
    officer.follows(re.compile("Propose a lawful disclosure"))
    officer.arrives("Propose a lawful disclosure Who needs to see this person’s record?")
    officer.presses("Find").arrives(re.compile("Who needs to see"))
    officer.sees("Enter a part of your colleague’s name")
    officer.types("Find a colleague by name", "Nobody").presses("Find")
    officer.arrives(re.compile("Who needs to see")).sees("No colleague of that name")
    officer.types("Find a colleague by name", "Obi").presses("Find")
    officer.arrives(re.compile("Who needs to see")).pictures("disclosure-who").ticks(
        "Grace Obi, Nurse, Cedar ward (older people), Queen Elizabeth Hospital, Woolwich"
    )
    officer.pictures("disclosure-who").presses("Continue")
    officer.arrives(re.compile("What is disclosed, and why")).presses("Continue")
    officer.arrives(re.compile("What is disclosed, and why"))
    officer.sees("Select the legal ground", "Enter last day")
    officer.chooses("Court order").ticks("Social care services")
    officer.types("Say what you rely on", "Order ZZ26C00001 of the family court.")
    for part, value in zip(("Day", "Month", "Year"), day_parts(), strict=True):
        officer.types(part, value)
    officer.presses("Continue").arrives(re.compile("Check what you propose"))
    officer.sees(
        "Grace Obi, Nurse, Cedar ward (older people)", "Order ZZ26C00001", "Social care services"
    )
    officer.pictures("disclosure-check")
    officer.types("Your password", PASSWORD).presses("Propose the disclosure")
    officer.arrives(re.compile("LD-")).sees("Waits for a second officer", "You proposed this.")
    second.signs_in("caldicott").follows("Disclosures").arrives("Lawful disclosures")
    second.pictures("disclosures").follows(re.compile("^LD-")).arrives(re.compile("LD-"))
    second.pictures("disclosure").presses("Confirm the disclosure").arrives(re.compile("LD-"))
    second.sees("Enter your password").types("Your password", PASSWORD)
    second.presses("Confirm the disclosure").arrives(re.compile("LD-")).sees("In force")
    nurse.signs_in("ward-nurse")
    journeys.find(nurse, person)
    nurse.opens_record_of(person.name).arrives(RECORD)
    nurse.sees("Opened by lawful disclosure").pictures("disclosed-record")
    second.types("Say why it ends", "The hearing is over.").presses("End the disclosure")
    second.arrives(re.compile("LD-")).sees("The hearing is over.")
    second.opens("/disclosures?show=over").arrives("Disclosures that are over")
    nurse.reloads().arrives("You cannot open this record")


def day_parts() -> tuple[str, str, str]:
    """A week from today, as it is typed."""
    day = localdate() + timedelta(days=7)
    return str(day.day), str(day.month), str(day.year)
