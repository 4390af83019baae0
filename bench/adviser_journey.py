"""How long an adviser takes to record a choice, by keyboard alone, at a person's speed.

Against a running demo (``bin/demo``)::

    .venv/bin/python -m bench.adviser_journey --origin http://127.0.0.1:8000 --rounds 7

Each round is one call about another resident: from the empty search to the reference number. Who
has opted out opts back in. Every key takes ``--seconds-per-key`` (0.2 is 60 words a minute), and
each new page ``--seconds-per-page`` to be looked at. Reading the effect out to the resident is not
in it: its words are counted, and told at 150 words a minute.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import unicodedata
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page, sync_playwright

from region import people_of_note as note

PEOPLE = (note.WILL_OPT_OUT, note.DIABETIC, note.IN_HOSPITAL, note.LONG_COMMUNITY_RECORD)
PASSWORD = "connect-care-demo"  # the demo's, which is public (connectcare/demo.py)
HEARD_IT = "No, I heard it from the person whose decision it is"
_MOST_TABS = 60
_WORDS_A_MINUTE = 150


@dataclass
class Adviser:
    """Hands on a keyboard: every key counts, and takes its time."""

    page: Page
    per_key: float
    per_page: float
    keys: int = 0
    pages: int = 0
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
        """Enter sends the form; the next page is looked at."""
        self.press("Enter")
        self.arrive(heading)

    def arrive(self, heading: str) -> None:
        self.page.get_by_role("heading", level=1, name=heading, exact=True).wait_for()
        self.pages += 1
        self.seen.append(heading)
        time.sleep(self.per_page)


def sign_in(page: Page, origin: str) -> None:
    """Not part of a call."""
    page.goto(f"{origin}/sign-in")
    page.get_by_label("User name").fill("adviser")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1, name="Find a resident").wait_for()


def call(adviser: Adviser, origin: str, person: note.PersonOfNote) -> tuple[float, int, str]:
    """One call; its seconds, how many words are read back, and what was said."""
    page, born = adviser.page, person.birth_date
    page.goto(f"{origin}/residents/find")
    begun = time.monotonic()
    adviser.arrive("Find a resident")
    adviser.fill("NHS number", person.nhs_number)
    adviser.go_on("Find a resident")
    adviser.tab_to(page.get_by_role("link", name="Choices about sharing of").first)
    adviser.go_on("Choices about sharing")
    opted_out = page.get_by_text("Opted out", exact=True).count() > 0
    answer = "Agree, or opt back in" if opted_out else "Opt out"
    adviser.tab_to(page.get_by_role("button", name="Record what they say about: Connect Care"))
    adviser.go_on("What do they say about Connect Care as a whole?")
    adviser.choose(answer)
    adviser.go_on("Who are they?")
    adviser.fill("Family name", person.family)
    adviser.fill("Given name", person.given[0])
    for label, number in (("Day", born.day), ("Month", born.month), ("Year", born.year)):
        adviser.fill(label, str(number))
    adviser.fill("NHS number", person.nhs_number)
    adviser.go_on("Whose decision is it?")
    adviser.choose("The resident")
    adviser.go_on("Did someone else pass this on?")
    adviser.choose(HEARD_IT)
    adviser.go_on("How did they tell you?")
    adviser.choose("Phone")
    adviser.go_on("Read back and confirm")
    words = len(page.locator(".app-read-back").inner_text().split())
    adviser.tab_to(page.get_by_role("button", name="Confirm and record"))
    adviser.go_on("Choice recorded")
    return time.monotonic() - begun, words, answer


def main() -> None:
    """Measure, and print one line a round and the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--origin", default="http://127.0.0.1:8000")
    parser.add_argument(
        "--rounds", type=int, default=len(PEOPLE), choices=range(1, len(PEOPLE) + 1)
    )
    parser.add_argument("--seconds-per-key", type=float, default=0.2)
    parser.add_argument("--seconds-per-page", type=float, default=1.0)
    options = parser.parse_args()
    measured = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=os.environ.get("TEST_CHROMIUM") or "/usr/bin/chromium",
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        for number in range(options.rounds):
            context = browser.new_context(locale="en-GB")
            page = context.new_page()
            sign_in(page, options.origin)
            adviser = Adviser(page, options.seconds_per_key, options.seconds_per_page)
            seconds, words, answer = call(adviser, options.origin, PEOPLE[number])
            measured.append(seconds)
            print(
                f"{answer:<22} {seconds:6.1f} s  {adviser.pages} pages  {adviser.keys} keys"
                f"  (+ {60 * words / _WORDS_A_MINUTE:.0f} s to read out {words} words)"
            )
            context.close()
        browser.close()
    print(f"median {statistics.median(measured):.1f} s, at {options.seconds_per_key} s a key")


if __name__ == "__main__":
    main()
