"""The checks that every page passes can fail: each finds what it is for."""

from __future__ import annotations

import pytest

from tests.browser.axe import NARROW, assert_accessible, assert_no_sideways_scrolling
from tests.browser.conftest import Visit
from tests.browser.keyboard import tab_to
from tests.browser.stops import wrong_stops

pytestmark = pytest.mark.browser

SIGN_IN = "Sign in to Connect Care"


def test_a_field_without_a_label_is_found(visit: Visit) -> None:
    page = visit().opens("/sign-in").arrives(SIGN_IN).page
    page.evaluate("document.querySelector('label[for=username]').remove()")
    with pytest.raises(AssertionError, match="label"):
        assert_accessible(page)


def test_what_sticks_out_is_found(visit: Visit) -> None:
    page = visit().opens("/sign-in").arrives(SIGN_IN).page
    page.set_viewport_size(NARROW)
    page.evaluate("document.querySelector('h1').textContent = 'long'.repeat(40)")
    page.evaluate("document.querySelector('h1').style.overflowWrap = 'normal'")
    with pytest.raises(AssertionError, match="pixels wide"):
        assert_no_sideways_scrolling(page)


def test_what_the_keyboard_does_not_reach_is_found(visit: Visit) -> None:
    page = visit().opens("/sign-in").arrives(SIGN_IN).page
    page.evaluate("document.querySelector('#username').tabIndex = -1")
    with pytest.raises(AssertionError, match="does not reach"):
        tab_to(page, page.locator("#username"))


def test_a_focus_that_does_not_show_is_found(visit: Visit) -> None:
    page = visit().opens("/sign-in").arrives(SIGN_IN).page
    page.evaluate(
        "for (const part of ['outline', 'box-shadow', 'border'])"
        " document.querySelector('#username').style.setProperty(part, 'none', 'important')"
    )
    with pytest.raises(AssertionError, match="does not show"):
        tab_to(page, page.locator("#username"))


def test_a_stop_that_is_covered_or_too_small_is_found(visit: Visit) -> None:
    page = visit().opens("/sign-in").arrives(SIGN_IN).page
    page.evaluate("document.querySelector('#username').style.width = '20px'")
    small = wrong_stops(page)
    assert small
    assert all("too small" in each and "username" in each for each in small)
    page.evaluate(
        """() => {
            const cover = document.body.appendChild(document.createElement("div"));
            Object.assign(cover.style, {position: "fixed", inset: "0", background: "white"});
        }"""
    )
    assert any("covered" in each for each in wrong_stops(page))


def test_a_focus_that_others_colours_do_not_show_is_found(visit: Visit) -> None:
    page = visit().opens("/sign-in").arrives(SIGN_IN).page
    page.evaluate(
        "document.querySelector('#username').style.setProperty('outline', 'none', 'important')"
    )
    (unseen,) = wrong_stops(page)
    assert "not outlined in forced colours" in unseen


def test_what_goes_wrong_unseen_is_found(visit: Visit) -> None:
    somebody = visit().opens("/sign-in").arrives(SIGN_IN)
    somebody.page.evaluate(
        """() => {
            document.head.append(Object.assign(document.createElement("script"), {text: "1"}));
            setTimeout(() => { throw new Error("a script's own"); }, 0);
            return fetch("/static/no-such-file.css");
        }"""
    )
    somebody.page.wait_for_timeout(300)
    found = "\n".join(somebody.faults)
    somebody.faults.clear()
    for words in ("Content Security Policy", "a script's own", "404 for a part of a page"):
        assert words in found
