"""An authenticator app at a browser: added, used at signing in, and done without by a code."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from connectcare.demo import PASSWORD
from tests.access.authenticator import shown
from tests.browser.conftest import WITH_APP, Visit
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

OWN = re.compile(r"Asha Bello\s*\(how you sign in\)")
CODE = "Enter the code from your authenticator app"


def the_app_shows(key: str, *, next_one: bool = False) -> str:
    """The code of now, or the one after, which is taken as well and was not taken before."""
    return shown(key, datetime.now(UTC) + timedelta(seconds=30 if next_one else 0))


def signs_out(gp: Visitor) -> None:
    gp.presses("Sign out").arrives("Sign in to Connect Care")


def test_an_app_is_added_used_and_done_without_by_a_code(visit: Visit) -> None:
    gp = visit()
    gp.signs_in(WITH_APP).arrives("My residents")
    gp.follows(OWN).arrives("How you sign in")
    gp.sees("With your password alone.")
    gp.presses("Add an authenticator app").arrives("Add an authenticator app")
    gp.presses("Add the app").arrives("Add an authenticator app")
    gp.sees("Enter the 6-digit code", "Enter your password")
    key = gp.page.locator(".app-key").inner_text()
    expect(gp.page.get_by_role("img", name="QR code of the key")).to_be_visible()
    gp.types("Code from the app", the_app_shows(key)).types("Your password", PASSWORD)
    gp.presses("Add the app").arrives("Keep your recovery codes")
    codes = gp.page.locator(".app-codes code").all_inner_texts()
    assert len(codes) == 10
    gp.presses("I have kept them").arrives("How you sign in").sees("10 recovery codes left")
    signs_out(gp)

    gp.signs_in(WITH_APP).arrives(CODE)
    gp.opens("/my-residents").arrives("Sign in to Connect Care")
    gp.opens("/sign-in/code").arrives(CODE)
    gp.presses("Sign in").arrives(CODE).sees("Enter the 6-digit code")
    gp.types(CODE, "000000").presses("Sign in").arrives(CODE)
    gp.sees("Check the code, or wait for the next one: each code works once")
    gp.types(CODE, the_app_shows(key, next_one=True)).presses("Sign in").arrives("My residents")
    signs_out(gp)

    gp.signs_in(WITH_APP).arrives(CODE)
    gp.follows("I do not have my app: use a recovery code")
    gp.arrives("Enter one of your recovery codes")
    gp.types("Enter one of your recovery codes", codes[0]).presses("Sign in")
    gp.arrives("My residents").follows(OWN).arrives("How you sign in")
    gp.sees("9 recovery codes left")
    gp.presses("Make new recovery codes").arrives("Make new recovery codes")
    gp.follows("Keep those that I have").arrives("How you sign in")
    gp.follows("Remove the app, or change to another").arrives("Remove your authenticator app")
    gp.follows("Keep it").arrives("How you sign in")
