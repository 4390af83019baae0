"""The day's work without a mouse: Tab, Enter, Space and what is typed."""

from __future__ import annotations

import re

import pytest
from django.utils.timezone import localdate
from playwright.sync_api import Locator, Page, expect

from connectcare.demo import PASSWORD
from region import people_of_note as note
from region.people_of_note import PersonOfNote
from tests.browser.axe import NARROW
from tests.browser.conftest import Visit
from tests.browser.journeys import CONNECT_CARE, FASTEST, HEARD_IT, REFERENCE
from tests.browser.keyboard import MOST_STOPS, tab_and_press, tab_and_type, tab_to

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
def test_a_nurse_opens_a_record_with_the_keyboard(visit: Visit, narrow: bool) -> None:
    nurse = visit(checked=False)
    page = nurse.page
    if narrow:
        page.set_viewport_size(NARROW)
    nurse.opens("/sign-in")
    when_they_sign_in(page, "ward-nurse")
    nurse.arrives("My residents")
    tab_and_press(page, "link", "Find a resident")
    nurse.arrives("Find a resident")
    when_they_find(page, note.IN_HOSPITAL)
    nurse.sees("1 resident found")
    tab_and_press(page, "button", f"Open record of {note.IN_HOSPITAL.name}")
    nurse.arrives("Shared care record")
    record = page.url.removeprefix(nurse.origin)
    when_they_skip_to_the_content(page)
    tab_and_press(page, "link", "Parts of this record")
    tab_to(page, page.locator("#parts a").first)
    nurse.opens(record).arrives("Shared care record")
    when_they_skip_to_the_content(page)
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


def test_an_attorney_asks_on_the_public_form_with_the_keyboard_and_without_scripts(
    visit: Visit,
) -> None:
    somebody = visit(checked=False, java_script_enabled=False)
    page, person = somebody.page, note.CHILD
    somebody.opens("/opt-out").arrives("Opt out of Connect Care, or back in")
    press(page, "Start now")
    somebody.arrives("What do you want to do?")
    choose(page, "Opt out of Connect Care")
    somebody.arrives("Who is this about?")
    choose(page, "Somebody I may decide for")
    somebody.arrives("About you")
    fill(page, "Your full name", "Someone Else")
    pick(page, "Someone with parental responsibility")
    fill(page, "What can you show us?", "Birth certificate")
    page.keyboard.press("Enter")
    somebody.arrives("What is their name?")
    fill(page, "Given name", person.given[0])
    fill(page, "Family name", person.family)
    page.keyboard.press("Enter")
    somebody.arrives("What is their date of birth?")
    born = person.birth_date
    for label, number in (("Day", born.day), ("Month", born.month), ("Year", born.year)):
        fill(page, label, str(number))
    page.keyboard.press("Enter")
    somebody.arrives("What is their NHS number?")
    fill(page, "NHS number (optional)", person.nhs_number)
    page.keyboard.press("Enter")
    somebody.arrives("How can we reach you?")
    fill(page, "Phone number", "020 7946 0009")
    page.keyboard.press("Enter")
    somebody.arrives("Check and send").sees("Someone Else", "Someone with parental responsibility")
    page.wait_for_timeout(FASTEST)
    press(page, "Send")
    somebody.arrives(re.compile("We have your request"))
    sent = REFERENCE.search(page.locator(".nhsuk-panel").inner_text())
    assert sent
    desk = visit(checked=False)
    desk.signs_in("desk").opens("/requests").arrives("Requests about choices")
    desk.follows(re.compile(f"^{sent.group()}")).arrives(f"Request {sent.group()}")
    desk.sees("Someone Else").sees_nothing_of("Opted out until verified")


def test_the_desk_enters_a_paper_form_with_the_keyboard(visit: Visit) -> None:
    desk = visit(checked=False)
    page, person = desk.page, note.DIABETIC
    desk.signs_in("desk").opens("/requests/paper").arrives("Enter paper forms")
    today, born = localdate(), person.birth_date
    for group, day in (("Date on the form", today), ("Date of birth of the resident", born)):
        dates = page.get_by_role("group", name=group)
        for label, number in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
            tab_to(page, dates.get_by_label(label, exact=True))
            page.keyboard.type(str(number))
        if group == "Date on the form":
            for option in ("To opt out", "The resident"):
                tab_and_press(page, "radio", option, "Space")
            tab_and_type(page, "Given name of the resident", " ".join(person.given))
            tab_and_type(page, "Family name of the resident", person.family)
    tab_and_press(page, "button", "Save and enter the next")
    desk.arrives("Enter paper forms").sees("Entered as CC-")


def test_a_social_worker_records_a_refusal_with_the_keyboard(visit: Visit) -> None:
    worker = visit(checked=False)
    page, person = worker.page, note.LONG_RECORD
    worker.signs_in("social-worker").arrives("My residents")
    worker.opens("/residents/find").arrives("Find a resident")
    when_they_find(page, person)
    tab_and_press(page, "link", f"Choices about sharing of {person.name}")
    worker.arrives("Choices about sharing")
    first = page.get_by_role("button", name=re.compile("^Record what they say about: .*social"))
    tab_to(page, first.first)
    page.keyboard.press("Enter")
    worker.arrives(re.compile("What do they say about"))
    pick(page, "Refuse")
    tab_and_press(page, "button", "Continue")
    worker.arrives("Who are they?")
    when_they_say_who_they_are(page, person)
    for question, option in (
        ("Whose decision is it?", "The resident"),
        ("Did someone else pass this on?", HEARD_IT),
    ):
        worker.arrives(question)
        pick(page, option)
        tab_and_press(page, "button", "Continue")
    worker.arrives("How did they tell you?")
    pick(page, "In person")
    page.keyboard.press("Enter")
    worker.arrives("Read back and confirm")
    tab_and_press(page, "button", "Confirm and record")
    worker.arrives("Choice recorded")


# Without scripts nothing can be asked of the page but what it shows: Tab goes on until the
# browser itself says that what is meant has the focus.


def tab(page: Page, target: Locator) -> None:
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if target.and_(page.locator(":focus")).count():
            return
    message = f"Tab does not reach {target}"
    raise AssertionError(message)


def fill(page: Page, label: str, text: str) -> None:
    tab(page, page.get_by_label(label, exact=True))
    page.keyboard.type(text)


def press(page: Page, name: str) -> None:
    tab(page, page.get_by_role("button", name=name, exact=True))
    page.keyboard.press("Enter")


def pick(page: Page, option: str) -> None:
    """Tab to the radio buttons, of which the browser stops at one, and go on by the arrows."""
    tab(page, page.get_by_role("radio"))
    page.keyboard.press("Space")
    target = page.get_by_role("radio", name=option, exact=True)
    for _ in range(MOST_STOPS):
        if target.is_checked():
            return
        page.keyboard.press("ArrowDown")
    message = f"The arrows do not reach {option}"
    raise AssertionError(message)


def choose(page: Page, option: str) -> None:
    pick(page, option)
    press(page, "Continue")


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
