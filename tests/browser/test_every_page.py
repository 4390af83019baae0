"""No template is left out: whatever a page can be made from was examined at both widths.

The pages themselves are visited by the rest of this folder. Their tests are in files by what they
are about (``test_every_page_…``) where no story passes them.
"""

from __future__ import annotations

import pytest

from launcher import ROOT
from tests.browser.visitor import EXAMINED_TEMPLATES

pytestmark = pytest.mark.browser

#: Templates of which no test here examines a page, and why.
NOT_EXAMINED: dict[str, str] = {
    "access/link_sign_in.jinja": "no provider answers here: tests/access/providers has one",
    "access/not_launched.jinja": "no other system sends anybody here",
    "access/not_signed_in.jinja": "no provider is configured here",
    "access/provider_links.jinja": "no provider is configured here",
    "access/still_them.jinja": "no provider answers here: tests/access/providers has one",
    "access/withheld_changing.jinja": "two transactions must meet, again and again",
    "public/form_too_many.jinja": "nobody sends too many forms",
}


def test_every_template_was_examined(whole_folder: bool) -> None:
    if not whole_folder:
        pytest.skip("only the whole of tests/browser visits every template")
    templates = {
        path.relative_to(ROOT / "templates").as_posix()
        for path in (ROOT / "templates").rglob("*")
        if path.is_file()
    }
    never = templates - EXAMINED_TEMPLATES
    assert "\n".join(sorted(never - set(NOT_EXAMINED))) == "", "examined by no test"
    assert "\n".join(sorted(set(NOT_EXAMINED) - never)) == "", "examined, or gone"
