"""What anybody may read, and what whoever comes to the portal may meet."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from tests.browser.conftest import (
    NO_ROLE,
    RECEPTIONIST,
    Visit,
)

pytestmark = pytest.mark.browser


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


def test_a_form_that_was_left_too_long_or_is_too_much_is_not_read(visit: Visit) -> None:
    somebody = visit()
    for written, heading in (
        ("made up", "Please begin again"),
        ("x" * 21_000, "That was too long"),
    ):
        somebody.opens("/opt-out").arrives("Opt out of Connect Care, or back in")
        somebody.presses("Start now").arrives("What do you want to do?")
        somebody.page.evaluate(
            "written => { document.querySelector('[name=so_far]').value = written }", written
        )
        somebody.chooses("Opt out of Connect Care").presses("Continue").arrives(heading)


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
