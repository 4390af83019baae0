"""What a spreadsheet program would take for a formula is no formula."""

from __future__ import annotations

import pytest

from ui.spreadsheets import cell


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1"])
def test_what_could_begin_a_formula_is_quoted(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "case 1", "A-1", "9990009015"])
def test_anything_else_stays_as_it_is(text: str) -> None:
    assert cell(text) == text
