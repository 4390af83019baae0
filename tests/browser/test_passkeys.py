"""A passkey at a browser, with the authenticator that Chromium has for such tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectcare.demo import PASSWORD
from tests.browser.conftest import WITH_PASSKEY
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_is_added_used_and_removed(portal: str, new_context: Callable[..., Any]) -> None:
    # A passkey is for a name, and not for a network address.
    gp = Visitor(new_context(), portal.replace("127.0.0.1", "localhost"))
    devices = gp.page.context.new_cdp_session(gp.page)
    devices.send("WebAuthn.enable")
    added = devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    device = added["authenticatorId"]

    gp.signs_in(WITH_PASSKEY).arrives("My residents")
    gp.opens("/your-sign-in").arrives("How you sign in")
    gp.presses("Add a passkey").arrives("Add a passkey")
    gp.types("What do you call it?", "Work phone").types("Your password", PASSWORD)
    gp.presses("Add a passkey").arrives("How you sign in").sees("Work phone")
    gp.presses("Sign out").arrives("Sign in to Connect Care")

    gp.follows("Sign in with a passkey").arrives("Sign in with a passkey")
    gp.presses("Use your passkey").arrives("My residents")
    gp.presses("Sign out").arrives("Sign in to Connect Care")

    gp.signs_in(WITH_PASSKEY).arrives("Sign in with a passkey").sees("Your password was right")
    unverified = {"authenticatorId": device, "isUserVerified": False}
    devices.send("WebAuthn.setUserVerified", unverified)
    gp.presses("Use your passkey").sees("Nothing came from your phone, key or computer")
    devices.send("WebAuthn.setUserVerified", {**unverified, "isUserVerified": True})
    gp.presses("Use your passkey").arrives("My residents")

    gp.opens("/your-sign-in").arrives("How you sign in")
    gp.follows("Remove Work phone").arrives("Remove the passkey “Work phone”")
    gp.types("Your password", PASSWORD).presses("Remove it").arrives("How you sign in")
    gp.sees("With your password alone.")
    assert gp.faults == []
