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
import statistics
import time

from playwright.sync_api import Page

from bench.keyboard import PASSWORD, Typist, add_options, browser
from region import people_of_note as note

PEOPLE = (note.WILL_OPT_OUT, note.DIABETIC, note.IN_HOSPITAL, note.LONG_COMMUNITY_RECORD)
HEARD_IT = "No, I heard it from the person whose decision it is"
_WORDS_A_MINUTE = 150


def sign_in(page: Page, origin: str) -> None:
    """Not part of a call."""
    page.goto(f"{origin}/sign-in")
    page.get_by_label("User name").fill("adviser")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1, name="Find a resident").wait_for()


def call(adviser: Typist, origin: str, person: note.PersonOfNote) -> tuple[float, int, str]:
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
    add_options(parser)
    parser.add_argument(
        "--rounds", type=int, default=len(PEOPLE), choices=range(1, len(PEOPLE) + 1)
    )
    options = parser.parse_args()
    measured = []
    with browser() as started:
        for number in range(options.rounds):
            context = started.new_context(locale="en-GB")
            page = context.new_page()
            sign_in(page, options.origin)
            adviser = Typist(page, options.seconds_per_key, options.seconds_per_page)
            seconds, words, answer = call(adviser, options.origin, PEOPLE[number])
            measured.append(seconds)
            print(
                f"{answer:<22} {seconds:6.1f} s  {adviser.pages} pages  {adviser.keys} keys"
                f"  (+ {60 * words / _WORDS_A_MINUTE:.0f} s to read out {words} words)"
            )
            context.close()
    print(f"median {statistics.median(measured):.1f} s, at {options.seconds_per_key} s a key")


if __name__ == "__main__":
    main()
