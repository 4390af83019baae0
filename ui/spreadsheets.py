"""CSV for people who open it with a spreadsheet program."""

from __future__ import annotations

#: What a spreadsheet program takes for the beginning of a formula.
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(text: str) -> str:
    """A text as a cell that is never a formula: what could begin one has an apostrophe before it.

    (OWASP, "CSV Injection".)
    """
    return f"'{text}" if text.lstrip(" ").startswith(_BEGINS_FORMULA) else text
