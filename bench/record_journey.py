"""How long a practitioner takes from the sign-in page to what they came for, by keyboard alone.

Against a running demo (``bin/demo``)::

    .venv/bin/python -m bench.record_journey --origin http://127.0.0.1:8000

Told apart: signing in (which a passkey or a card shortens), from there to the record, and how much
of it was waiting for pages. What each came for must stand in the window when the record is there,
or one key further. Actions are keys that lead to another page.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator

from bench.keyboard import PASSWORD, Typist, add_options, browser
from region import people_of_note as note
from region.people_of_note import PersonOfNote

MINE = "My residents"
RECORD = "Shared care record"
SEEN = "Find a resident"


@dataclass(frozen=True)
class Journey:
    """Who comes for what, and how they get there once they have signed in."""

    who: str
    username: str
    begins: str
    way: Callable[[Typist], None]
    came_for: str


def _record_of(typist: Typist, person: PersonOfNote, heading: str = RECORD) -> None:
    named = f"Open record of {person.name}"
    typist.tab_to(typist.page.get_by_role("button", name=named).first)
    typist.go_on(heading)


def _finds(typist: Typist, person: PersonOfNote) -> None:
    typist.fill("NHS number", person.nhs_number)
    typist.go_on(SEEN)


def _acts_at(typist: Typist, place: str) -> None:
    offered: Locator = typist.page.locator(".nhsuk-radios__item").filter(has_text=place)
    typist.tab_to(typist.page.get_by_role("radio").first)
    typist.press("Space")
    while not offered.get_by_role("radio").is_checked():
        typist.press("ArrowDown")
    typist.go_on(MINE)


def nurse(typist: Typist) -> None:
    """At 02:00: whoever is on the ward."""
    _record_of(typist, note.IN_HOSPITAL)


def gp(typist: Typist) -> None:
    """Of two roles: the practice's, and a patient by number."""
    _acts_at(typist, "Ladywell Green")
    _finds(typist, note.DIABETIC)
    _record_of(typist, note.DIABETIC)


def social_worker(typist: Typist) -> None:
    """Of the caseload, and on to what leaving hospital takes."""
    _record_of(typist, note.IN_HOSPITAL)
    typist.tab_to(typist.page.get_by_role("link", name="Discharge planning").first)
    typist.go_on("Discharge planning")


def out_of_hours(typist: Typist) -> None:
    """Somebody who rings, whom nothing connects with the service yet."""
    _acts_at(typist, "SELDOC")
    _finds(typist, note.LEARNING_DISABILITY)
    _record_of(typist, note.LEARNING_DISABILITY, "You cannot open this record")
    typist.tab_to(typist.page.get_by_role("link", name="I am involved in this person’s care"))
    typist.go_on("You are involved in their care")
    typist.tab_to(typist.page.get_by_role("radio").first)
    typist.press("Space")
    reason = typist.page.get_by_role("radio", name="The person came to us themselves")
    while not reason.is_checked():
        typist.press("ArrowDown")
    typist.tab_to(typist.page.get_by_label("Say what you do for them"))
    typist.type("He rang, a seizure.")
    typist.tab_to(typist.page.get_by_role("button", name="Record this and open"))
    typist.go_on(RECORD)


JOURNEYS = (
    Journey("ward nurse", "ward-nurse", MINE, nurse, "Allergies"),
    Journey("GP", "gp", "Choose your role for now", gp, "Current problems"),
    Journey("social worker", "social-worker", MINE, social_worker, "Adult social care"),
    Journey("out of hours", "gp", "Choose your role for now", out_of_hours, "Alerts and needs"),
)


def go(typist: Typist, origin: str, journey: Journey) -> None:
    """One journey, told in a line."""
    page = typist.page
    page.goto(f"{origin}/sign-in")
    begun = time.monotonic()
    typist.fill("User name", journey.username)
    typist.fill("Password", PASSWORD)
    typist.go_on(journey.begins)
    signed_in, pages, waited = time.monotonic(), typist.pages, typist.waited
    journey.way(typist)
    there = time.monotonic()
    shown = page.get_by_role("heading", name=journey.came_for).first
    in_sight = shown.evaluate("each => each.getBoundingClientRect().bottom < innerHeight")
    print(
        f"{journey.who:<14} signing in {signed_in - begun:5.1f} s, then {there - signed_in:5.1f} s:"
        f" {typist.pages - pages} actions, {typist.waited - waited:.1f} s of waiting;"
        f" {journey.came_for!r} {'in sight' if in_sight else 'further down'}"
    )


def main() -> None:
    """Each journey once, in a browser of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    options = parser.parse_args()
    with browser() as started:
        for journey in JOURNEYS:
            context = started.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
            go(
                Typist(context.new_page(), options.seconds_per_key, options.seconds_per_page),
                options.origin,
                journey,
            )
            context.close()


if __name__ == "__main__":
    main()
