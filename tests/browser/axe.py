"""Accessibility rules on the page that a browser shows: WCAG 2.2 A and AA, none broken.

The rules come with ``axe_playwright_python``; nothing is fetched.
"""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]


def assert_accessible(page: Page) -> None:
    """Fail with every broken rule and the elements that break it."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": _RULES}})
    broken = [
        f"{violation['id']}: {violation['help']}\n  "
        + "\n  ".join(node["html"] for node in violation["nodes"])
        for violation in found.response["violations"]
    ]
    assert broken == [], f"{page.url}\n" + "\n".join(broken)


def assert_no_sideways_scrolling(page: Page, width: int = 320) -> None:
    """Fail if the page itself scrolls sideways at a width in CSS pixels (WCAG 1.4.10)."""
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 900})
    needs = page.evaluate("document.documentElement.scrollWidth")
    if before is not None:
        page.set_viewport_size(before)
    assert needs <= width, f"{page.url} is {needs} pixels wide at {width}"
