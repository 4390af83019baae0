"""Deliveries and tracing, and the registry of who works where."""

from __future__ import annotations

import io
import re

import pytest
from joserfc.jwk import ECKey
from playwright.sync_api import expect

from access import effect_previews
from feeds import actions as feeds
from organisations.models import StaffMember
from tests import factories
from tests.browser.conftest import (
    Visit,
)
from tests.browser.deliveries import CROWD, PRACTICE, PRACTICE_NAME, ndjson, patient
from tests.conftest import AsLogin

pytestmark = pytest.mark.browser


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


@pytest.mark.parametrize("username", ["registry", "org-admin"])
def test_the_pages_of_the_registry(visit: Visit, username: str) -> None:
    administrator = visit()
    administrator.signs_in(username).arrives("Organisations")
    administrator.follows("Royal Borough of Greenwich (social care)")
    administrator.arrives("Royal Borough of Greenwich (social care)")
    if username == "org-admin":
        administrator.follows("Add a contact").arrives(re.compile("contact", re.IGNORECASE))
        administrator.presses("Save").arrives(re.compile("contact", re.IGNORECASE))
        administrator.sees("There is a problem").pictures("organisation-contact")
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
    administrator.arrives("Who joins?").sees("Enter the user name").pictures("staff-join")
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
    shown = first.page.get_by_role("group", name="What does it show?")
    shown.get_by_role("checkbox", name="Safeguarding").check()
    first.pictures("agreement").types("Say why", "To try it out")
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


def test_a_guardian_drafts_what_a_role_reads(visit: Visit) -> None:
    guardian = visit()
    guardian.signs_in("caldicott").follows("Roles").arrives("Roles")
    guardian.follows("Student").arrives("Role: Student")
    read = guardian.page.locator("form").get_by_role("checkbox", checked=False)
    read.first.check()
    guardian.types("Say why", "To try it out").presses("Save the change")
    guardian.arrives(re.compile("Student")).sees("You proposed this")
    guardian.pictures("guardians-draft").presses("Withdraw it")
    guardian.arrives(re.compile("Student")).sees("Withdrawn")


def test_a_system_that_opens_records_is_proposed_confirmed_and_ended(visit: Visit) -> None:
    first, second = visit(), visit()
    systems, key = "Systems that open records here", ECKey.generate_key("P-256", private=True)
    first.signs_in("registry").opens("/registry/systems").arrives(systems)
    first.sees("There are none.").presses("Propose it").arrives(systems).sees("There is a problem")
    first.page.get_by_label("Whose system is it?").select_option(index=1)
    first.types("Name of the system", "Ward system").types("Id of its key", "ward-1")
    first.types("Its public key", key.as_pem(private=False).decode()).presses("Propose it")
    first.arrives(systems).follows("Ward system").arrives("Ward system")
    first.sees("another administrator of the registry must confirm it")
    second.signs_in("registry-two").opens("/registry/systems").arrives(systems)
    second.sees("Waits for a second person").follows("Ward system").arrives("Ward system")
    second.presses("Confirm it").arrives("Ward system").sees("Confirmed by")
    second.pictures("launch-host").presses("End it now").arrives("Ward system").sees("Ended by")
    second.follows(systems).arrives(systems).sees("Ended")
