"""A session that ends at a browser: said beforehand, in every window, and nothing stays."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from region import people_of_note as note
from tests.browser.axe import assert_right_at_both_widths
from tests.browser.conftest import Visit
from tests.browser.keyboard import tab_to
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

SIGN_IN = "Sign in to Connect Care"
SIGNED_OUT = "You are signed out"
MINE, FIND = "My residents", "Find a resident"
PATIENT = note.DIABETIC
NEARLY, THE_REST = "12:30", "02:35"


def given_somebody_at_work(visit: Visit) -> Visitor:
    who = visit(checked=False)
    who.page.clock.install()
    who.signs_in("district-nurse").arrives(MINE).opens("/residents/find").arrives(FIND)
    return who


def the_dialog(page: Page) -> None:
    expect(page.get_by_role("dialog", name="You will soon be signed out")).to_be_visible()


def test_who_stays_loses_nothing_that_was_typed(visit: Visit) -> None:
    nurse = given_somebody_at_work(visit)
    nurse.types("Family name", "Half a na")
    nurse.page.clock.fast_forward(NEARLY)
    the_dialog(nurse.page)
    nurse.sees("You will be signed out in 3 minutes, because nothing was done here.")
    expect(nurse.page.get_by_role("button", name="Stay signed in")).to_be_focused()
    assert_right_at_both_widths(nurse.page)
    nurse.pictures("session-ends")
    tab_to(nurse.page, nurse.page.get_by_role("button", name="Sign out now"))
    with nurse.page.expect_response(re.compile("stay-signed-in")) as answer:
        nurse.page.keyboard.press("Escape")
    assert answer.value.ok
    expect(nurse.page.get_by_role("dialog")).to_be_hidden()
    expect(nurse.page.get_by_label("Family name", exact=True)).to_have_value("Half a na")
    expect(nurse.page.get_by_label("Family name", exact=True)).to_be_focused()
    nurse.page.clock.fast_forward("05:00")
    expect(nurse.page.get_by_role("dialog")).to_be_hidden()
    nurse.reloads().arrives(FIND)


def test_a_page_whose_time_is_over_shows_nothing_and_says_why(visit: Visit) -> None:
    nurse = given_somebody_at_work(visit)
    nurse.finds(PATIENT.name, family=PATIENT.family, born=PATIENT.birth_date)
    nurse.page.clock.fast_forward(NEARLY)
    the_dialog(nurse.page)
    nurse.page.clock.fast_forward(THE_REST)
    nurse.checked = True
    nurse.arrives(SIGNED_OUT).sees("Nothing was done for 15 minutes.").pictures("signed-out")
    nurse.sees_nothing_of(PATIENT.family)
    nurse.presses("Sign in").arrives(SIGN_IN)
    nurse.opens("/residents/find").arrives(SIGN_IN)


def test_a_change_of_user_clears_every_window(visit: Visit) -> None:
    nurse = visit()
    nurse.signs_in("district-nurse").arrives(MINE)
    other = nurse.page.context.new_page()
    other.goto(f"{nurse.origin}/residents/find")
    expect(other.get_by_role("heading", level=1)).to_have_text(FIND)
    nurse.presses("Change user").arrives(SIGN_IN).sees("Signed out.")
    expect(nurse.page.get_by_label("User name", exact=True)).to_have_value("")
    expect(other.get_by_role("heading", level=1)).to_have_text(SIGNED_OUT)
