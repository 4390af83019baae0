"""A keyboard and nothing else: Tab to what is meant, and see that it shows where one is."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

#: Stops before the thing sought; a record has a few hundred links.
MOST_STOPS = 400

_HAS_FOCUS = "each => each === document.activeElement"
#: Whether some of what has the focus can be seen: nothing sticky lies over all of it (WCAG 2.4.11).
_IS_SEEN = """each => {
    const box = (each.labels?.[0] ?? each).getBoundingClientRect();
    return [0.1, 0.5, 0.9].some(part => {
        const x = box.left + box.width / 2, y = box.top + box.height * part;
        const hit = document.elementFromPoint(x, y);
        return hit && (each.contains(hit) || hit.contains(each) || hit.control === each);
    });
}"""
_SHOWS_FOCUS = """each => {
    const looks = element => {
        const style = getComputedStyle(element);
        const before = getComputedStyle(element, "::before");
        return [style.outline, style.boxShadow, style.backgroundColor, style.borderColor,
                before.boxShadow, before.outline].join();
    };
    const shown = [each, ...(each.labels ?? [])];
    const focused = shown.map(looks).join();
    each.blur();
    const blurred = shown.map(looks).join();
    each.focus();
    return focused !== blurred;
}"""


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus, and fail unless that can be seen."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if target.evaluate(_HAS_FOCUS):
            break
    else:
        message = f"Tab does not reach {target}"
        raise AssertionError(message)
    assert target.evaluate(_IS_SEEN), f"{target} has the focus and cannot be seen"
    assert target.evaluate(_SHOWS_FOCUS), f"{target} does not show that it has the focus"


def tab_and_type(page: Page, label: str, text: str) -> None:
    """Go to a field and type."""
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.type(text)


def tab_and_press(page: Page, role: str, name: str, key: str = "Enter") -> None:
    """Go to a button, link or radio button and press a key."""
    found = (
        page.get_by_role("link", name=name, exact=True).first
        if role == "link"
        else page.get_by_role("radio", name=name, exact=True)
        if role == "radio"
        else page.get_by_role("button", name=name, exact=True)
    )
    tab_to(page, found)
    page.keyboard.press(key)
