"""The pages and states that no story passes: each right at both widths, in words that help."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils.timezone import localdate
from playwright.sync_api import expect

from access import effect_previews
from audit import actions as audit
from audit.models import Action
from connectcare.demo import PASSWORD
from consent import letters, reconciling
from feeds import actions as feeds
from organisations.categories import Category
from organisations.models import StaffMember
from region import people_of_note as note
from region.people_of_note import PersonOfNote
from tests import factories
from tests.browser import journeys
from tests.browser.conftest import (
    LEWISHAM_WORKER,
    NO_ROLE,
    RECEPTIONIST,
    SEARCHER,
    SEARCHES_PER_MINUTE,
    Visit,
)
from tests.browser.deliveries import CROWD, PRACTICE, PRACTICE_NAME, ndjson, patient
from tests.browser.visitor import Visitor
from tests.conftest import AsLogin

pytestmark = pytest.mark.browser

RECORD = "Shared care record"
FIND = "Find a resident"
CONNECT_CARE_QUESTION = "What do they say about Connect Care as a whole?"


def given_found(who: Visitor, person: PersonOfNote) -> None:
    who.finds(
        person.name,
        family=person.family,
        born=person.birth_date,
        given=" ".join(person.given),
    )


# --- Finding ------------------------------------------------------------------------------------


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
        given_found(gp, person)
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
    given_found(adviser, note.WILL_OPT_OUT)
    adviser.arrives(FIND).sees("Choices about sharing")
    adviser.sees_nothing_of("Open record", *(category.label for category in Category))


def test_who_searches_too_often_is_told_what_to_do(visit: Visit, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        who = StaffMember.objects.get(username=SEARCHER)
        for _ in range(SEARCHES_PER_MINUTE):
            audit.record(Action.SEARCH, reason="name", staff_id=who.pk)
    gp = visit()
    gp.signs_in(SEARCHER).searches(family="Nobody", born=note.DIABETIC.birth_date)
    gp.arrives("You have searched too often").sees("Wait a minute, then search again.")


def test_no_address_holds_who_was_searched_for(visit: Visit) -> None:
    gp = visit(checked=False)
    gp.signs_in("gp", at=PRACTICE_NAME)
    given_found(gp, note.DIABETIC)
    assert gp.page.url == f"{gp.origin}/residents/find"
    gp.opens_record_of(note.DIABETIC.name).arrives(RECORD)
    assert re.fullmatch(rf"{gp.origin}/record/[0-9a-f-]{{36}}", gp.page.url)
    assert note.DIABETIC.family not in gp.page.title()


# --- Records ------------------------------------------------------------------------------------


def test_a_record_its_sections_and_an_item(visit: Visit) -> None:
    gp = visit()
    gp.signs_in("gp", at=PRACTICE_NAME)
    given_found(gp, note.DIABETIC)
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
    given_found(gp, note.DIABETIC)
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
    given_found(nurse, note.LONG_COMMUNITY_RECORD)
    nurse.opens_record_of(note.LONG_COMMUNITY_RECORD.name).arrives(RECORD)
    nurse.follows(re.compile("^All [0-9,]{3,}")).arrives(re.compile(".+"))
    nurse.page.get_by_role("link", name=re.compile("Next")).click()
    expect(nurse.page).to_have_title(re.compile("page 2 of"))
    nurse.arrives(re.compile(".+"))


def test_records_that_do_not_open_say_why(visit: Visit) -> None:
    gp = visit()
    gp.signs_in("gp", at=PRACTICE_NAME)
    given_found(gp, note.CHILD)
    gp.opens_record_of(note.CHILD.name).arrives("You cannot open this record")
    gp.sees_nothing_of("asthma", "peanut", note.CHILD.family)
    gp.opens("/record/019a0000-0000-7000-8000-000000000000").arrives("Open the record again")
    gp.presses("Open the record again").arrives("Page not found")
    worker = visit()
    worker.signs_in(LEWISHAM_WORKER)
    given_found(worker, note.OBJECTS_TO_NUMBER)
    worker.opens_record_of(note.OBJECTS_TO_NUMBER.name)
    worker.arrives("Your council may not look this person up here")
    worker.sees_nothing_of(note.OBJECTS_TO_NUMBER.family, "frail")


# --- Choices that did not hold ------------------------------------------------------------------


def test_where_no_choice_is_known_not_to_hold(visit: Visit) -> None:
    officer = visit()
    officer.signs_in("privacy").arrives("Alerts")
    officer.follows("Choices that did not hold").arrives("Choices that did not hold")
    officer.sees("No choice is known not to hold").pictures("incidents")


# --- Who could see what -------------------------------------------------------------------------


def test_who_could_see_a_part_of_a_record(visit: Visit) -> None:
    officer = visit()
    officer.signs_in("privacy").arrives("Alerts")
    given_found(officer, note.IN_HOSPITAL)
    officer.follows(re.compile("Who could see the record")).arrives("Who could see this?")
    officer.page.get_by_label("Part of the record").select_option("Social care services")
    officer.presses("Show who could see it").arrives("Who could see this?")
    officer.sees("Nurse, Cedar ward", "Admitted here", "Not said here")


def test_who_looked_at_a_record_and_at_whom_a_nurse_looked(visit: Visit, as_login: AsLogin) -> None:
    person = note.IN_HOSPITAL
    nurse, officer = visit(), visit()
    nurse.signs_in("ward-nurse").arrives("My residents")
    given_found(nurse, person)
    nurse.opens_record_of(person.name).arrives(RECORD)
    officer.signs_in("privacy").arrives("Alerts")
    given_found(officer, person)
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
    given_found(nurse, person)
    nurse.opens_record_of(person.name).arrives(RECORD)
    officer.signs_in("privacy").arrives("Alerts")
    given_found(officer, person)
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
    given_found(officer, person)
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
    given_found(nurse, person)
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


def test_why_something_is_not_shown_opens_without_leaving_the_page(visit: Visit) -> None:
    nurse = visit()
    nurse.signs_in("ward-nurse")
    given_found(nurse, note.IN_HOSPITAL)
    nurse.opens_record_of(note.IN_HOSPITAL.name).arrives(RECORD)
    services = nurse.section("Social care services")
    expect(services.get_by_text("Whom to ask").first).to_be_hidden()
    services.get_by_text("Why can’t I see this?").first.click()
    expect(services.get_by_text("Whom to ask").first).to_be_visible()
    nurse.arrives(RECORD)


# --- Choices ------------------------------------------------------------------------------------


def test_every_turn_of_the_journey_of_a_choice(visit: Visit) -> None:
    worker, person = visit(), note.LONG_COMMUNITY_RECORD
    worker.signs_in("social-worker")
    given_found(worker, person)
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
    given_found(worker, person)
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
    given_found(worker, person)
    worker.follows(f"Choices about sharing of {person.name}").arrives("Choices about sharing")
    worker.presses(re.compile("^Take back CC-")).arrives("Why is it taken back?")
    worker.chooses("Whoever decides asked for it").presses("Continue")
    worker.arrives("Whose decision is it?").chooses("The resident").presses("Continue")
    worker.arrives("Did someone else pass this on?").chooses(journeys.HEARD_IT)
    worker.presses("Continue").arrives("How did they tell you?").chooses("Phone")
    worker.presses("Continue").arrives("Read back and confirm").sees("is taken back")
    journeys.confirm(worker)


# --- Deliveries ---------------------------------------------------------------------------------


def test_a_delivery_is_followed_without_loading_the_page_again(
    visit: Visit, as_login: AsLogin
) -> None:
    support = visit()
    support.signs_in("support").arrives("Deliveries")
    support.presses("Give in a delivery").presses("Give in and load")
    support.arrives("Give in a delivery").sees("There is a problem")
    with as_login("pipeline"):
        file = feeds.File("again.ndjson", io.BytesIO(ndjson([patient(each) for each in CROWD])))
        batch = feeds.receive([file], feed=feeds.feed_of(PRACTICE, "fhir-r4"), by=None)
    support.opens(f"/deliveries/{batch.public_id}").arrives(re.compile("^Delivery from"))
    expect(support.page.locator("#batch .nhsuk-tag")).to_have_text("Received, waiting to be loaded")
    support.page.evaluate("window.notLoadedAgain = true")
    with as_login("pipeline"):
        feeds.load(batch.pk)
    expect(support.page.locator("#batch .nhsuk-tag")).to_have_text("Loaded")
    assert support.page.evaluate("window.notLoadedAgain") is True
    support.arrives(re.compile("^Delivery from"))


def test_deliveries_are_listed_by_day(visit: Visit) -> None:
    support = visit()
    support.signs_in("support").arrives("Deliveries")
    by_day = support.page.get_by_role("table", name="Came by itself, last 14 days")
    by_day.get_by_role("link").first.click()
    support.arrives(re.compile("^Deliveries of ")).presses("Filter")
    support.arrives(re.compile("^Deliveries of "))
    support.opens("/deliveries?feed=&day-day=32&day-month=6&day-year=2026").arrives("Deliveries")
    support.sees("There is a problem")


def test_a_councils_csv_is_looked_over_and_what_is_held_tried_again(
    visit: Visit, as_login: AsLogin
) -> None:
    support = visit()
    with as_login("pipeline"):
        council = factories.feed(
            factories.organisation("Made-up council", kind="adult_social_care", code="LBX01"),
            format="council-csv",
        )
        file = feeds.File("own.csv", io.BytesIO(EXTRACT))
        batch = feeds.receive([file], feed=council, by=None, preview_first=True)
        feeds.load(batch.pk)
    support.signs_in("support").opens(f"/deliveries/{batch.public_id}")
    support.arrives(re.compile("^Delivery from")).sees("Nothing of it has been loaded.")
    support.presses("Load it")
    with as_login("pipeline"):
        feeds.load(batch.pk)
    support.opens(f"/deliveries/{batch.public_id}").arrives(re.compile("^Delivery from"))
    support.follows("Try them again, or note that they were put right")
    support.arrives(re.compile("^Held items from")).sees("Sharing_Answer: neither")
    support.page.locator("input[type=file]").set_input_files(
        {"name": "m.toml", "mimeType": "text/plain", "buffer": b"[column]"}
    )
    support.presses("Try all again").arrives(re.compile("^Held items from"))
    support.sees("There is a problem")
    support.presses("It was put right at the source").arrives(re.compile("^Held items from"))
    support.sees("Nothing is held of this delivery.")


EXTRACT = (
    b"LA_Person_Unique_Identifier,Family_Name,Date_of_Birth,Sharing_Answer\r\n"
    b"P70001,Carter,03/03/1941,Not asked\r\n"
    b"P70002,Carter,04/04/1942,perhaps\r\n"
)


def test_a_source_is_traced_and_watched(visit: Visit, as_login: AsLogin) -> None:
    support = visit()
    support.signs_in("support").follows("Tracing").arrives("Tracing")
    support.sees("Nobody has asked for a source to be traced.")
    support.presses("Trace everybody of a source").presses("Trace them")
    support.arrives("Trace everybody of a source").sees("There is a problem")
    support.page.get_by_label("Whose people?").select_option(label=PRACTICE_NAME)
    support.presses("Trace them")
    support.arrives("Tracing").sees(PRACTICE_NAME, "Waiting to begin")
    support.follows("See how far it is now").arrives("Tracing")


# --- The registry, and what everybody may see ---------------------------------------------------


@pytest.mark.parametrize("username", ["registry", "org-admin"])
def test_the_pages_of_the_registry(visit: Visit, username: str) -> None:
    administrator = visit()
    administrator.signs_in(username).arrives("Organisations")
    administrator.follows("Royal Borough of Greenwich (social care)")
    administrator.arrives("Royal Borough of Greenwich (social care)")
    administrator.opens("/registry/staff").arrives("Staff")
    administrator.opens("/registry/roles").arrives("Roles")
    administrator.opens("/registry/history").arrives("History of the registry")
    administrator.pictures("registry-history")
    administrator.opens("/registry/recertify").arrives("Confirm roles")
    if username == "registry":
        administrator.opens("/registry/refresh").arrives("Compare with the national directory")
        administrator.presses("Compare").arrives("Compare with the national directory")
        administrator.sees("Select a file").pictures("registry-refresh")


def test_a_joiner_a_mover_and_a_leaver_of_ones_own_organisation(visit: Visit) -> None:
    administrator, joiner = visit(), "joiner.of.the.browser"
    administrator.signs_in("org-admin").follows("Staff").arrives("Staff")
    administrator.follows("Somebody joins").arrives("Who joins?").presses("Continue")
    administrator.arrives("Who joins?").sees("Enter user name").pictures("staff-join")
    administrator.types("User name", joiner).types("Full name (of somebody new)", "Jo Joiner")
    administrator.presses("Continue").arrives(re.compile("Which role\\?")).pictures("staff-role")
    administrator.page.get_by_label("Role", exact=True).select_option("Social worker")
    administrator.presses("Continue").arrives(re.compile("Which role\\?")).sees("Say why")
    administrator.types("Say why", "Begins in the north team").presses("Continue")
    administrator.arrives("Check before it counts").pictures("staff-check")
    administrator.presses("Give the role").arrives("Jo Joiner").sees("In force")
    administrator.presses(re.compile("^Change role, team or dates"))
    administrator.arrives(re.compile("Which role\\?"))
    administrator.page.get_by_label("Role", exact=True).select_option("Privacy officer")
    administrator.types("Say why", "Takes the post").presses("Continue")
    administrator.arrives("Check before it counts").sees("This role takes two people.")
    administrator.presses("Propose it").arrives("Jo Joiner").sees("Waits for a second person")
    administrator.pictures("staff-person")
    administrator.follows("Proposals").arrives("Proposals")
    administrator.follows("Privacy officer for Jo Joiner")
    administrator.arrives(re.compile("Privacy officer for Jo Joiner"))
    administrator.sees("another administrator must confirm it")
    registry = visit()
    registry.signs_in("registry").follows("Proposals").arrives("Proposals")
    registry.pictures("proposals").follows("Privacy officer for Jo Joiner")
    registry.arrives(re.compile("Privacy officer for Jo Joiner")).pictures("proposal")
    registry.presses("Confirm it")
    registry.arrives(re.compile("Privacy officer for Jo Joiner")).sees("Confirmed")
    administrator.opens("/registry/staff").arrives("Staff").follows("Jo Joiner")
    administrator.arrives("Jo Joiner").follows("End roles now")
    administrator.arrives(re.compile("End roles now")).types("Say why", "Has left")
    administrator.pictures("staff-end").presses("End these roles")
    administrator.arrives("Jo Joiner").sees("Why: Has left")


def test_a_change_of_sharing_is_drafted_with_its_effect(visit: Visit, as_login: AsLogin) -> None:
    first, second = visit(), visit()
    first.signs_in("registry").follows("Sharing").arrives("Who shows what to whom")
    first.pictures("sharing").follows(re.compile("what Oxleas NHS Foundation Trust shows London"))
    first.arrives(re.compile("^What Oxleas NHS Foundation Trust shows London Borough"))
    first.pictures("agreement").ticks("Safeguarding").types("Say why", "To try it out")
    first.presses("Save the change").arrives(re.compile("Oxleas NHS Foundation Trust shows"))
    with as_login("pipeline"):
        for draft in effect_previews.wanting_effect():
            effect_previews.compute(draft)
    second.signs_in("registry-two").follows("Proposals").arrives("Proposals")
    second.follows(re.compile("^Oxleas NHS Foundation Trust shows"))
    second.arrives(re.compile("Oxleas NHS Foundation Trust shows")).sees(
        "openings of records since"
    )
    second.pictures("draft").presses("Withdraw it")
    second.arrives(re.compile("Oxleas NHS Foundation Trust shows")).sees("Withdrawn")
    second.follows("Roles").arrives("Roles").follows("Nurse").arrives("Role: Nurse")
    second.pictures("role")


def test_staff_of_another_organisation_are_not_found(visit: Visit, as_login: AsLogin) -> None:
    administrator = visit(checked=False)
    with as_login("pipeline"):
        nurse = StaffMember.objects.get(username="ward-nurse")
    administrator.signs_in("org-admin").arrives("Organisations")
    administrator.opens(f"/registry/staff/{nurse.public_id}").arrives("Page not found")
    administrator.opens(f"/registry/staff/{nurse.public_id}/end").arrives("Page not found")
    administrator.opens("/registry/staff").arrives("Staff").sees_nothing_of(nurse.name)


def test_a_file_of_staff_is_shown_before_it_counts(visit: Visit) -> None:
    administrator = visit()
    administrator.signs_in("org-admin").opens("/registry/staff/upload")
    administrator.arrives("Upload a file of staff")
    administrator.page.locator("input[type=file]").set_input_files(
        {"name": "staff.csv", "mimeType": "text/csv", "buffer": STAFF_FILE}
    )
    administrator.types("Say why", "New rota").presses("See what would come of it")
    administrator.arrives(re.compile("What would come of it")).pictures("staff-file")
    administrator.sees("Gets the role", "No such role", "1 of 2 lines cannot be done.")


STAFF_FILE = (
    b"user_name,name,role\r\nfile.one,File One,Social worker\r\nfile.two,File Two,Astronaut\r\n"
)


def test_what_anybody_may_read_is_reached_from_where_staff_sign_in(visit: Visit) -> None:
    somebody = visit()
    somebody.opens("/sign-in").arrives("Sign in to Connect Care")
    somebody.page.context.clear_cookies()
    for words, heading in (
        ("What Connect Care is", "What Connect Care is"),
        ("What is shared", "What is shared"),
        ("Your choices", "Your choices"),
        ("Privacy notice", "Connect Care privacy notice"),
        ("Policies open to inspection", "Policies open to inspection"),
        ("Accessibility statement", "Accessibility statement"),
    ):
        footer = somebody.page.get_by_role("contentinfo")
        footer.get_by_role("link", name=words, exact=True).click()
        somebody.arrives(heading).pictures(f"public-{heading.split()[-1].lower()}")
        somebody.follows("Show this page in large print").arrives(heading)
        somebody.follows("Show this page in ordinary print").arrives(heading)
    somebody.opens("/policies?size=large").follows(re.compile("^The rules by which"))
    somebody.arrives("The rules of access").sees("R3.1").pictures("public-rules-large")
    assert somebody.page.context.cookies() == []


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


def test_pages_for_whoever_comes_to_them(visit: Visit) -> None:
    somebody = visit()
    somebody.opens("/participating-organisations")
    somebody.arrives("Organisations that take part in Connect Care")
    somebody.sees("Oxleas NHS Foundation Trust")
    somebody.opens("/no-such-page").arrives("Page not found")
    somebody.opens("/sign-in").arrives("Sign in to Connect Care")
    somebody.page.context.clear_cookies()
    somebody.presses("Sign in").arrives("This form has expired")
    somebody.signs_in(NO_ROLE).arrives("You do not have a role")
    receptionist = visit()
    receptionist.signs_in(RECEPTIONIST).arrives("Nothing to do here yet")
    receptionist.opens("/residents/find").arrives("You cannot open this page")


def test_whoever_is_locked_out_is_told_what_to_do(visit: Visit) -> None:
    somebody = visit()
    for _ in range(settings.SIGN_IN_TRIES[0] - 1):
        somebody.signs_in("nobody-of-that-name-here", password="not-the-password")
        somebody.arrives("Sign in to Connect Care").sees("Check your user name and password")
    somebody.signs_in("nobody-of-that-name-here", password="not-the-password")
    somebody.arrives("You cannot sign in for now")
    somebody.presses("Try again").arrives("Sign in to Connect Care")


# --- Letters ------------------------------------------------------------------------------------


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
    given_found(adviser, person)
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
