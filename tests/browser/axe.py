"""Accessibility on the page that a browser shows: WCAG 2.2 A and AA, no rule broken.

The rules come with ``axe_playwright_python``; nothing is fetched.
"""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

#: A clinic's screen, and one of 1280 pixels enlarged four times (WCAG 1.4.10), or a telephone.
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 320, "height": 700}

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
#: What holds is not listed: that takes longer than finding it out.
_OPTIONS = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"]}


def assert_right_at_both_widths(page: Page) -> None:
    """Fail if the page breaks a rule, or scrolls sideways, at either width; ends at the wide."""
    for size in (NARROW, WIDE):
        page.set_viewport_size(size)
        assert_no_sideways_scrolling(page)
        assert_accessible(page)


def assert_accessible(page: Page) -> None:
    """Fail with every broken rule and the elements that break it."""
    found = Axe().run(page, options=_OPTIONS)
    broken = [
        f"{violation['id']}: {violation['help']}\n  "
        + "\n  ".join(node["html"] for node in violation["nodes"])
        for violation in found.response["violations"]
    ]
    assert broken == [], f"{_where(page)}\n" + "\n".join(broken)


def assert_no_sideways_scrolling(page: Page) -> None:
    """Fail if the page itself scrolls sideways, and say what sticks out."""
    width = page.evaluate("innerWidth")
    needs = page.evaluate("document.scrollingElement.scrollWidth")
    if needs > width:
        wide = page.evaluate(
            """width => [...document.body.querySelectorAll("*")]
                .filter(each => each.getBoundingClientRect().right > width)
                .slice(-5)
                .map(each => `${each.tagName} ${each.className}: ${each.textContent.trim()}`)""",
            width,
        )
        message = f"{_where(page)} is {needs} pixels wide:\n" + "\n".join(wide)
        raise AssertionError(message)


def _where(page: Page) -> str:
    size = page.viewport_size
    return f"{page.title()} ({page.url}) at {size['width'] if size else '?'}"
