"""Where the keyboard stops on a page: each can be seen, and is large enough to be touched.

WCAG 2.2: 2.4.11 (what has the focus is not covered), 2.4.7 (it shows, in a reader's own colours
too, where shadows and backgrounds are gone) and 2.5.8 (24 pixels, unless in a sentence).
"""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.axe import NARROW, WIDE

#: A window that leaves little beside what is fixed at its top.
LOW = {"width": WIDE["width"], "height": 600}

_STOPS = (
    "main :is(a[href], button, select, summary, input:not([type=hidden]), textarea)"
    ":not([tabindex='-1'])"  # where no keyboard stops
)
#: A radio button or box is drawn by its label.
_SHOWN_OF = """const shownOf = each =>
    each.matches("[type=radio], [type=checkbox]") && each.labels.length ? each.labels[0] : each;"""
_TOO_SMALL = """return [...document.querySelectorAll(stops)]
    .filter(each => {
        const box = shownOf(each).getBoundingClientRect();
        const style = getComputedStyle(each);
        const inSentence = style.display === "inline" && each.closest("p, li, td, dd");
        return box.width && !inSentence && (box.width < 24 || box.height < 24);
    }).map(each => each.outerHTML.slice(0, 200));"""
_EACH_IN_TURN = """
    const had = document.activeElement, [x, y] = [scrollX, scrollY];
    const found = [...document.querySelectorAll(stops)].reverse().filter(each => {
        each.focus();
        return document.activeElement === each && isWrong(each);
    }).map(each => each.outerHTML.slice(0, 200));
    document.activeElement.blur();
    if (had !== document.body) {
        had.focus({preventScroll: true});
        if (document.activeElement !== had) {  // an error summary takes the focus only once
            had.tabIndex = -1;
            had.focus({preventScroll: true});
        }
    }
    scrollTo(x, y);
    return found;"""
_COVERED = f"""const isWrong = each => {{
        const box = shownOf(each).getBoundingClientRect();
        const hit = document.elementFromPoint(box.left + 4, box.top + box.height / 2);
        return box.width
            && !(hit && (each.contains(hit) || hit.contains(each) || hit.control === each));
    }};
    {_EACH_IN_TURN}"""
_UNSEEN = f"""
    const isOutlined = style => style.outlineStyle !== "none" && style.outlineWidth !== "0px";
    const isWrong = each => ![each, shownOf(each)].some(
        shown => [null, "::before"].some(part => isOutlined(getComputedStyle(shown, part))));
    {_EACH_IN_TURN}"""


def wrong_stops(page: Page) -> list[str]:
    """Stops that are covered or do not show when they have the focus, or are too small to touch.

    What had the focus has it again, and the window is the wide one.
    """
    wrong: list[str] = []
    for size in (NARROW, LOW):
        page.set_viewport_size(size)
        wrong += _found(page, "covered", _COVERED) + _found(page, "too small", _TOO_SMALL)
    page.set_viewport_size(WIDE)
    page.emulate_media(forced_colors="active")
    wrong += _found(page, "not outlined in forced colours", _UNSEEN)
    page.emulate_media(forced_colors="none")
    return wrong


def _found(page: Page, how: str, script: str) -> list[str]:
    found = page.evaluate(f"stops => {{ {_SHOWN_OF} {script} }}", _STOPS)
    wide = page.evaluate("innerWidth")
    return [f"{how} on {page.title()} at {wide}: {each}" for each in found]
