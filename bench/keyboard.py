"""Somebody at a keyboard, at a person's speed: every key takes its time, every page is looked at.

For benchmarks that count how long a journey takes (``bench.adviser_journey``,
``bench.record_journey``).
"""

from __future__ import annotations

import argparse
import os
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Locator, Page, sync_playwright

PASSWORD = "connect-care-demo"  # the demo's, which is public (connectcare/demo.py)
_MOST_TABS = 60


@dataclass
class Typist:
    """Hands on a keyboard: every key counts, and takes its time."""

    page: Page
    per_key: float
    per_page: float
    keys: int = 0
    pages: int = 0
    #: Seconds between a key that leads on and the page that it leads to.
    waited: float = 0.0
    seen: list[str] = field(default_factory=list)

    def press(self, key: str) -> None:
        time.sleep(self.per_key)
        self.page.keyboard.press(key)
        self.keys += 1

    def type(self, text: str) -> None:
        """As people type on a British keyboard: without accents, which are folded."""
        for letter in unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode():
            self.press(letter)

    def tab_to(self, target: Locator) -> None:
        for _ in range(_MOST_TABS):
            if target.evaluate("each => each === document.activeElement"):
                return
            self.press("Tab")
        raise SystemExit(f"Tab does not reach {target}")

    def fill(self, label: str, text: str) -> None:
        self.tab_to(self.page.get_by_label(label, exact=True))
        self.type(text)

    def choose(self, option: str) -> None:
        """Into the group with Tab, to the option with the arrow keys or Space."""
        first = self.page.get_by_role("radio").first
        self.tab_to(first)
        wanted = self.page.get_by_role("radio", name=option, exact=True)
        self.press("Space")
        while not wanted.is_checked():
            self.press("ArrowDown")

    def go_on(self, heading: str) -> None:
        """Enter sends the form or follows the link; the next page is looked at."""
        self.press("Enter")
        self.arrive(heading)

    def arrive(self, heading: str) -> None:
        pressed = time.monotonic()
        self.page.get_by_role("heading", level=1, name=heading, exact=True).wait_for()
        self.waited += time.monotonic() - pressed
        self.pages += 1
        self.seen.append(heading)
        time.sleep(self.per_page)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where the demo is, and how fast the person is."""
    parser.add_argument("--origin", default="http://127.0.0.1:8000")
    parser.add_argument("--seconds-per-key", type=float, default=0.2)
    parser.add_argument("--seconds-per-page", type=float, default=1.0)


@contextmanager
def browser() -> Iterator[Browser]:
    """The browser that the tests use."""
    with sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=os.environ.get("TEST_CHROMIUM") or "/usr/bin/chromium",
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        try:
            yield started
        finally:
            started.close()
