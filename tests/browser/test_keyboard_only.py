"""The day's work without a mouse: Tab, Enter, Space and what is typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from connectcare.demo import PASSWORD
from region import people_of_note as note
from region.people_of_note import PersonOfNote
from tests.browser.axe import NARROW
from tests.browser.conftest import Visit
from tests.browser.journeys import CONNECT_CARE, HEARD_IT, REFERENCE
from tests.browser.keyboard import tab_and_press, tab_and_type, tab_to

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
def test_a_nurse_opens_a_record_with_the_keyboard(visit: Visit, narrow: bool) -> None:
    nurse = visit(checked=False)
    page = nurse.page
    if narrow:
        page.set_viewport_size(NARROW)
    nurse.opens("/sign-in")
    when_they_sign_in(page, "ward-nurse")
    nurse.arrives("Find a resident")
    when_they_find(page, note.IN_HOSPITAL)
    nurse.sees("1 resident found")
    tab_and_press(page, "button", f"Open record of {note.IN_HOSPITAL.name}")
    nurse.arrives("Shared care record")
    when_they_skip_to_the_content(page)
    tab_and_press(page, "link", "Overview")
    first = page.locator("a.record-item__name").first
    tab_to(page, first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Shared care record")
    tab_and_press(page, "link", "Back to the record")
    nurse.arrives("Shared care record")
    tab_and_press(page, "button", "Sign out")
    nurse.arrives("Sign in to Connect Care")


def test_every_stop_in_a_record_can_be_seen(visit: Visit) -> None:
    nurse = visit(checked=False)
    person = note.IN_HOSPITAL
    nurse.signs_in("ward-nurse")
    nurse.finds(person.name, family=person.family, born=person.birth_date)
    nurse.opens_record_of(person.name).arrives("Shared care record")
    nurse.page.set_viewport_size({"width": 1280, "height": 600})
    covered = nurse.page.evaluate(
        """() => {
            const stops = [...document.querySelectorAll("main a[href], main summary")];
            return stops.reverse().filter(stop => {
                stop.focus();
                const box = stop.getBoundingClientRect();
                const hit = document.elementFromPoint(box.left + 4, box.top + box.height / 2);
                return !(hit && (stop.contains(hit) || hit.contains(stop)));
            }).map(stop => stop.textContent.trim());
        }"""
    )
    assert covered == []


def test_an_adviser_records_an_opt_out_with_the_keyboard(visit: Visit) -> None:
    adviser = visit(checked=False)
    page, person = adviser.page, note.WILL_OPT_OUT
    adviser.opens("/sign-in")
    when_they_sign_in(page, "adviser")
    when_they_find(page, person)
    tab_and_press(page, "link", f"Choices about sharing of {person.name}")
    adviser.arrives("Choices about sharing")
    tab_and_press(page, "button", f"Record what they say about: {CONNECT_CARE}", "Space")
    adviser.arrives("What do they say about Connect Care as a whole?")
    tab_and_press(page, "radio", "Opt out", "Space")
    tab_and_press(page, "button", "Continue")
    adviser.arrives("Who are they?")
    when_they_say_who_they_are(page, person)
    for question, option in (
        ("Whose decision is it?", "The resident"),
        ("Did someone else pass this on?", HEARD_IT),
    ):
        adviser.arrives(question)
        tab_and_press(page, "radio", option, "Space")
        tab_and_press(page, "button", "Continue")
    adviser.arrives("How did they tell you?")
    tab_and_press(page, "radio", "Phone", "Space")
    page.keyboard.press("Enter")
    adviser.arrives("Read back and confirm")
    tab_and_press(page, "button", "Confirm and record")
    adviser.arrives("Choice recorded")
    assert REFERENCE.search(page.locator(".nhsuk-panel").inner_text())


def when_they_sign_in(page: Page, username: str) -> None:
    tab_and_type(page, "User name", username)
    tab_and_type(page, "Password", PASSWORD)
    page.keyboard.press("Enter")


def when_they_say_who_they_are(page: Page, person: PersonOfNote) -> None:
    born = person.birth_date
    for label, text in (
        ("Family name", person.family),
        ("Given name", person.given[0]),
        ("Day", str(born.day)),
        ("Month", str(born.month)),
        ("Year", str(born.year)),
        ("NHS number", person.nhs_number),
    ):
        tab_and_type(page, label, text)
    page.keyboard.press("Enter")


def when_they_find(page: Page, person: PersonOfNote) -> None:
    tab_and_type(page, "Family name", person.family)
    born = person.birth_date
    for label, number in (("Day", born.day), ("Month", born.month), ("Year", born.year)):
        tab_and_type(page, label, str(number))
    page.keyboard.press("Enter")


def when_they_skip_to_the_content(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#maincontent")).to_be_focused()
