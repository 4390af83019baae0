"""The page that says the rule is the rule's own words."""

from __future__ import annotations

from pathlib import Path

from access.management.commands.describe_rules import PAGE, page
from access.rules import RECORD_RULES, SECTION_RULES

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_rules_say() -> None:
    written = (ROOT / PAGE).read_text(encoding="utf-8")
    assert written == page(), "write it again: bin/manage describe_rules"


def test_every_rule_has_an_id_of_its_own() -> None:
    ids = [(rule.__doc__ or "").split()[0] for rule in (*RECORD_RULES, *SECTION_RULES)]
    assert len(ids) == len(set(ids))
    assert all(number.startswith("R") for number in ids)
