"""Signing in and out at a browser: what is asked, what the header tells, what is left behind."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from organisations.models import StaffMember
from region import people_of_note as note
from tests.browser.conftest import LEAVER, Visit
from tests.browser.deliveries import PRACTICE_NAME
from tests.browser.visitor import Visitor
from tests.conftest import AsLogin

pytestmark = pytest.mark.browser

PATIENT = note.DIABETIC
SIGN_IN = "Sign in to Connect Care"


def test_a_wrong_password_and_an_unknown_name_get_the_same_words(visit: Visit) -> None:
    somebody = visit()
    somebody.opens("/sign-in").arrives(SIGN_IN)
    somebody.presses("Sign in").arrives(SIGN_IN).sees("Enter your user name")
    told = []
    for username in ("gp", "nobody-of-that-name"):
        somebody.signs_in(username, password="not-the-password").arrives(SIGN_IN)
        summary = somebody.page.locator(".nhsuk-error-summary")
        expect(summary).to_be_focused()
        told.append(summary.inner_text())
        expect(somebody.page).to_have_title("Error: Sign in - Connect Care")
        expect(somebody.page.get_by_label("Password", exact=True)).to_have_value("")
    assert told[0] == told[1]
    assert "Check your user name and password" in told[0]


def test_who_holds_several_roles_chooses_one_and_the_header_says_it(visit: Visit) -> None:
    gp = visit()
    gp.signs_in("gp").arrives("Choose your role for now")
    gp.presses("Continue").arrives("Choose your role for now")
    gp.sees("Select the role that you work in now")
    gp.opens("/residents/find").arrives("Choose your role for now")
    gp.acts_at(PRACTICE_NAME).arrives("My residents")
    for words in ("Dr Hannah Weiss", "Doctor", PRACTICE_NAME):
        expect(gp.header()).to_contain_text(words)
    gp.opens("/participating-organisations").arrives("Organisations that take part in Connect Care")
    expect(gp.header()).to_contain_text("Dr Hannah Weiss")
    gp.follows("Change role").arrives("Choose your role for now").acts_at("SELDOC")
    gp.arrives("My residents")
    expect(gp.header()).to_contain_text("SELDOC")
    expect(gp.header()).not_to_contain_text(PRACTICE_NAME)


def test_nothing_is_left_behind_after_signing_out(visit: Visit) -> None:
    gp = visit(checked=False)
    given_an_open_record(gp, "gp")
    record = gp.page.url
    answer = gp.page.reload()
    assert answer is not None
    assert "no-store" in answer.headers["cache-control"]
    gp.presses("Sign out").arrives(SIGN_IN)
    gp.goes_back()
    gp.arrives(SIGN_IN).sees_nothing_of(PATIENT.family, "Metformin")
    gp.page.goto(record)
    gp.arrives(SIGN_IN).sees_nothing_of(PATIENT.family, "Metformin")


def test_a_new_sitting_does_not_go_on_in_the_record_of_the_last(visit: Visit) -> None:
    gp = visit()
    given_an_open_record(gp, "gp")
    record = gp.page.url.removeprefix(gp.origin)
    gp.presses("Sign out").arrives(SIGN_IN)
    gp.signs_in("gp", at=PRACTICE_NAME).arrives("My residents")
    gp.opens(record).arrives("Open the record again").sees_nothing_of(PATIENT.family, "Metformin")
    gp.presses("Open the record again").arrives("Shared care record")


def test_the_session_of_someone_suspended_ends_at_once(visit: Visit, as_login: AsLogin) -> None:
    leaver = visit(checked=False)
    given_an_open_record(leaver, LEAVER)
    with as_login("pipeline"):
        StaffMember.objects.filter(username=LEAVER).update(is_active=False)
    try:
        leaver.reloads().arrives(SIGN_IN).sees_nothing_of(PATIENT.family, "Metformin")
        leaver.signs_in(LEAVER).arrives(SIGN_IN).sees("Check your user name and password")
    finally:
        with as_login("pipeline"):
            StaffMember.objects.filter(username=LEAVER).update(is_active=True)


def given_an_open_record(who: Visitor, username: str) -> None:
    who.signs_in(username, at=PRACTICE_NAME if username == "gp" else "")
    who.finds(PATIENT.name, family=PATIENT.family, born=PATIENT.birth_date)
    who.opens_record_of(PATIENT.name).arrives("Shared care record").sees("Metformin")
