"""Write the page that says the rule, out of the rule itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from access import rules
from access.decision import Reason, SectionState
from access.described import sentence_of

PAGE = Path("docs") / "access-rules.md"

_HEAD = """\
# The rule: may this person see this, now, and why?

This page is written by `bin/manage describe_rules` out of `access/rules.py`; a test fails if the
two differ. Deny by default; a refusal beats every permission; a fact that is missing or
contradictory denies.

## Whether the record opens

Asked in this order; the first that does not hold is the reason that is shown and kept.

| rule | sentence |
|---|---|
"""
_SECTIONS = """
## What is shown of each category and source

Asked for every category of every source, in this order; the first that objects says where the
source stands. What the role, the agreement and the feed say comes first, so that nothing is told
of what was refused.

| rule | sentence | else the section says |
|---|---|---|
"""
_REST = """
## What is enforced beside it

| rule | sentence |
|---|---|
{grants}
| R7 | A resident protected by PDS (anything but `U`) shows no address, phone or GP practice: \
row security refuses the row (`access/sql/0002_walls.sql`). Of sources and workers the kind is \
shown, and no words that may say where (`identity/protected.py`, `docs/adr/0010`). |

Every statement that reads entries asks PostgreSQL again whether the membership, the relationship,
the choices and both epochs still stand (`access/sql/0029_quicker_wall.sql`, `docs/adr/0001`).

## Reason codes

{reasons}

## States of a section

{states}
"""


def page() -> str:
    """The whole page."""
    record = "".join(_row(rule) for rule in rules.RECORD_RULES)
    sections = "".join(_row(rule, _says(rule)) for rule in rules.SECTION_RULES)
    return (
        _HEAD
        + record
        + _SECTIONS
        + sections
        + _REST.format(
            grants=_row(rules.grants_of).rstrip("\n"),
            reasons=", ".join(f"`{reason}`" for reason in Reason) + ".",
            states=", ".join(f"`{state}`" for state in SectionState) + ".",
        )
    )


def _row(rule: Callable[..., Any], *more: str) -> str:
    sentence = sentence_of(rule)
    return "| " + " | ".join([sentence.rule, sentence.words, *more]) + " |\n"


def _says(rule: object) -> str:
    """The states that a rule's code names, so that the page cannot lag behind it."""
    source = inspect.getsource(rule)  # type: ignore[arg-type]  # a function
    return ", ".join(
        f"`{state}`" for state in SectionState if f"SectionState.{state.name}" in source
    )


class Command(BaseCommand):
    """``describe_rules``: writes ``docs/access-rules.md``."""

    help = __doc__ or ""

    def handle(self, **_options: Any) -> None:
        """Write the page."""
        (settings.BASE_DIR / PAGE).write_text(page(), encoding="utf-8")
        self.stdout.write(f"Wrote {PAGE}.")
