"""The record over the years at a browser: swapped in place, and the same where no script runs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from region import people_of_note as note
from tests.browser.axe import assert_accessible
from tests.browser.conftest import Visit
from tests.browser.deliveries import PRACTICE_NAME
from tests.browser.stops import wrong_stops
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser

PATIENT = note.DIABETIC
TIMELINE = re.compile("^Timeline: ")
RECORD = "Shared care record"


def given_the_timeline(gp: Visitor) -> None:
    gp.signs_in("gp", at=PRACTICE_NAME)
    gp.finds(PATIENT.name, family=PATIENT.family, born=PATIENT.birth_date)
    gp.opens_record_of(PATIENT.name).arrives(RECORD).follows("Timeline").arrives(TIMELINE)


def test_the_timeline_from_all_years_to_one_month(visit: Visit) -> None:
    gp = visit()
    given_the_timeline(gp)
    gp.sees("The same in figures", PRACTICE_NAME).pictures("timeline")
    gp.page.evaluate("window.stayed = true")
    gp.follows("5 years").arrives(re.compile(r"^Timeline: \d{4} to \d{4}$"))
    gp.follows("1 year").arrives(re.compile(r"^Timeline: \d{4}$"))
    expect(gp.page.get_by_role("heading", level=1)).to_be_focused()
    assert "over=year" in gp.page.url
    gp.pictures("timeline-year")
    gp.page.locator(".timeline-table tbody a").first.click()
    gp.arrives(re.compile(r"^Timeline: [A-Z][a-z]{2}-\d{4}$"))
    gp.page.get_by_label("Part of the record").select_option("Safeguarding")
    gp.presses("Show").arrives(TIMELINE).sees("No entries of these are shown")
    assert gp.page.evaluate("window.stayed") is True, "no page was loaded meanwhile"
    assert gp.page.evaluate("Object.keys(localStorage).length") == 0


def test_the_timeline_without_scripts(visit: Visit) -> None:
    gp = visit(checked=False, java_script_enabled=False)
    given_the_timeline(gp)
    gp.follows("1 year").arrives(re.compile(r"^Timeline: \d{4}$"))
    gp.page.get_by_label("Part of the record").select_option("Measurements")
    gp.presses("Show").arrives(TIMELINE)
    assert "part=measurements" in gp.page.url
    gp.follows("Back to the record").arrives(RECORD)


def test_a_session_that_is_over_is_no_part_of_a_page(visit: Visit) -> None:
    gp = visit(checked=False)
    given_the_timeline(gp)
    gp.page.context.clear_cookies()
    gp.follows("1 year").arrives("Sign in to Connect Care")
    gp.sees_nothing_of(PATIENT.family)


def test_every_page_of_a_record_by_keyboard_in_forced_colours_and_by_touch(visit: Visit) -> None:
    gp = visit()
    given_the_timeline(gp)
    record = gp.page.url.removesuffix("/timeline")
    gp.page.goto(record)
    result = gp.page.locator("a.record-item__name", has_text="Haemoglobin A1c").first
    item = str(result.get_attribute("href"))
    pages = ("", "/timeline", "/timeline?over=year", "/results", "/people")
    for address in (
        *(record + page for page in pages),
        *(gp.origin + item + more for more in ("", "/over-time")),
    ):
        gp.page.goto(address)
        gp.arrives(re.compile(".+"))
        gp.page.emulate_media(forced_colors="active")
        assert_accessible(gp.page)
        gp.page.emulate_media(forced_colors="none")
        assert wrong_stops(gp.page) == []
