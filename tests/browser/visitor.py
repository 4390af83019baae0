"""Somebody at a browser: what they do, what they see, and what must never happen meanwhile."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import date
from typing import Self

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    expect,
)

from connectcare.demo import PASSWORD
from launcher import ROOT
from tests.browser.axe import WIDE, assert_right_at_both_widths
from tests.browser.made_from import HEADER
from tests.browser.stops import wrong_stops
from tests.numbers_told import numbers_in

#: Patience with a machine that does other things as well, in milliseconds.
PATIENCE = 20_000

expect.set_options(timeout=PATIENCE)

#: The templates of every page that was examined.
EXAMINED_TEMPLATES: set[str] = set()
#: The sets of templates of which a page was walked through, stop by stop.
_WALKED: set[frozenset[str]] = set()
#: Pages found right already, each as :func:`_looks` tells them apart.
_EXAMINED: set[bytes] = set()
_OF_THE_MOMENT = re.compile(
    r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"'
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)

PICTURES = ROOT / "docs" / "pictures"
#: Tall enough for what each is a picture of.
PICTURE_SIZES = ((320, 1100), (1280, 1300))


class Visitor:
    """One person at one browser.

    ``checked`` has each page that they arrive at examined at both widths. ``faults`` collects
    what went wrong unseen: errors of scripts and of the content security policy, parts of a page
    that failed, requests to another host.
    """

    def __init__(self, context: BrowserContext, origin: str, *, checked: bool = True) -> None:
        self.origin = origin
        self.checked = checked
        self.faults: list[str] = []
        #: Buttons pressed and links followed.
        self.acted = 0
        self._made_from: set[str] = set()
        context.set_default_timeout(PATIENCE)
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        self.page: Page = context.new_page()
        self.page.set_viewport_size(WIDE)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:")):
            self.faults.append(f"a request to another host: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self._made_from.clear()  # what is swapped into a page adds to what it was made from
        self._made_from.update(response.headers.get(HEADER.casefold(), "").split())
        if response.status >= 400 and not response.request.is_navigation_request():
            self.faults.append(f"{response.status} for a part of a page: {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        # A page that is answered with 403 or 404 is said so here too; see _answered.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    # --- What they do -----------------------------------------------------------------------

    def opens(self, path: str) -> Self:
        """Type an address."""
        self.page.goto(f"{self.origin}{path}")
        return self

    def reloads(self) -> Self:
        """Ask for the same page again."""
        self.page.reload()
        return self

    def goes_back(self) -> Self:
        """Go back to the page before, once this one has wholly come.

        By the page's own history: a browser's tool that is asked for it while Chromium still
        swaps pages answers that the page is not attached.
        """
        self.page.wait_for_load_state()
        with self.page.expect_navigation():
            self.page.evaluate("() => { setTimeout(() => history.back(), 0) }")
        return self

    def presses(self, name: str | re.Pattern[str], *, within: Locator | None = None) -> Self:
        """Press a button."""
        self.acted += 1
        (within or self.page).get_by_role("button", name=name, exact=True).click()
        return self

    def follows(self, name: str | re.Pattern[str]) -> Self:
        """Follow a link, the first of that name."""
        self.acted += 1
        self.page.get_by_role("link", name=name).first.click()
        return self

    def types(self, label: str, text: str) -> Self:
        """Fill in a field."""
        self.page.get_by_label(label, exact=True).fill(text)
        return self

    def chooses(self, option: str) -> Self:
        """Choose one of a question's answers."""
        self.page.get_by_role("radio", name=option, exact=True).check()
        return self

    def ticks(self, option: str) -> Self:
        """Tick one of a question's boxes."""
        self.page.get_by_role("checkbox", name=option, exact=True).check()
        return self

    def signs_in(self, username: str, *, password: str = PASSWORD, at: str = "") -> Self:
        """Sign in; who holds several roles acts ``at`` one of the places."""
        self.opens("/sign-in").types("User name", username).types("Password", password)
        self.presses("Sign in")
        if at:
            self.arrives("Choose your role for now").acts_at(at)
        return self

    def acts_at(self, place: str) -> Self:
        """Choose the role that one has at a place."""
        offered = self.page.locator(".nhsuk-radios__item").filter(has_text=place)
        offered.get_by_role("radio").check()
        return self.presses("Continue")

    def searches(
        self, *, family: str = "", born: date | None = None, given: str = "", number: str = ""
    ) -> Self:
        """Fill in the search and press Find."""
        self.opens("/residents/find").arrives("Find a resident")
        self.types("NHS number", number).types("Family name", family)
        self.types("Given name (optional)", given)
        if born:
            self.types("Day", str(born.day)).types("Month", str(born.month))
            self.types("Year", str(born.year))
        return self.presses("Find")

    def finds(self, banner: str, *, family: str, born: date, given: str = "") -> Self:
        """Search for somebody, who is the only one found."""
        self.searches(family=family, born=born, given=given).arrives("Find a resident")
        self.sees("1 resident found").sees(banner)
        return self

    def opens_record_of(self, banner: str) -> Self:
        """Press the button beside somebody found."""
        return self.presses(f"Open record of {banner}")

    # --- What they see ----------------------------------------------------------------------

    def arrives(self, heading: str | re.Pattern[str]) -> Self:
        """The page has this heading, its title fits, and nothing of it is out of order."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(self.page).to_have_title(re.compile(r".+ - Connect Care$"))
        expect(self.page.locator("main")).to_have_count(1)
        assert numbers_in(self.page.url) == [], "an NHS number in an address"
        assert numbers_in(self.page.inner_text("body")) == [], "an NHS number without its spaces"
        if self.checked:
            if (looks := _looks(self.page)) not in _EXAMINED:
                assert_right_at_both_widths(self.page)
                _EXAMINED.add(looks)
            made_from = frozenset(self._made_from)
            if made_from not in _WALKED:
                self.faults += wrong_stops(self.page)
                _WALKED.add(made_from)
            EXAMINED_TEMPLATES.update(made_from)
        return self

    def sees(self, *words: str) -> Self:
        """All of these are on the page, and shown."""
        for each in words:
            expect(self.page.get_by_text(each).filter(visible=True).first).to_be_visible()
        return self

    def sees_nothing_of(self, *words: str) -> Self:
        """None of these is anywhere in what was sent, shown or not."""
        sent = self.page.content().casefold()
        found = [each for each in words if each.casefold() in sent]
        assert found == [], f"{self.page.url} holds {found}"
        return self

    def header(self) -> Locator:
        """The band on top of every page."""
        return self.page.get_by_role("banner")

    def section(self, title: str) -> Locator:
        """A section of a record by its title, without what follows the title."""
        heading = self.page.get_by_role("heading", level=2, name=re.compile(f"^{re.escape(title)}"))
        return self.page.locator("section.record-section").filter(has=heading)

    def pictures(self, name: str) -> Self:
        """Keep a picture of what is seen at both widths, if TAKE_PICTURES asks for it."""
        if os.environ.get("TAKE_PICTURES"):
            PICTURES.mkdir(parents=True, exist_ok=True)
            for width, height in PICTURE_SIZES:
                self.page.set_viewport_size({"width": width, "height": height})
                self.page.screenshot(path=PICTURES / f"{name}-{width}.png")
            self.page.set_viewport_size(WIDE)
        return self


def _looks(page: Page) -> bytes:
    """What tells two pages apart: all that was sent but what is new with every request."""
    return hashlib.sha256(_OF_THE_MOMENT.sub("", page.content()).encode()).digest()
