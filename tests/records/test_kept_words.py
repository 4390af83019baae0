"""What sources say is kept, and never told to whom it was not said: it is as if made anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from access.decision import SectionState
from access.facts import Source
from organisations.categories import Category
from organisations.selectors import Listed
from records import standings
from records.sections import SECTION_OF, SECTIONS
from records.selectors import Counts
from records.standings import StateLine, all_lines, lines_of

DAY = datetime(2026, 3, 3, 14, 2, tzinfo=UTC)
READER, OTHER = 1, 2


def _source(number: int) -> Source:
    return Source(
        number,
        f"Organisation {number}",
        "adult_social_care" if number == OTHER else "gp_practice",
        "",
        "020 7946 0000",
        frozenset(Category),
        frozenset(Category),
        None,
        DAY,
    )


def _asked(**changed: Any) -> tuple[Any, Counts, dict[int, Listed]]:
    """A decision as its words ask it, what came out, and the organisations as anyone knows them."""
    given: dict[str, Any] = {
        "reader": READER,
        "name": "Organisation 1",
        "sources": (_source(READER), _source(OTHER)),
        "state": SectionState.SHOWN,
        "shows": {(6, OTHER, "current"): 1, (6, READER, "current"): 1},
        "phone": "020 7946 0001",
    } | changed
    organisation = SimpleNamespace(id=given["reader"], name=given["name"])
    states = {READER: SectionState.SHOWN, OTHER: given["state"]}
    decision = SimpleNamespace(
        facts=SimpleNamespace(
            membership=SimpleNamespace(organisation=organisation), sources=given["sources"]
        ),
        sections=dict.fromkeys(Category, states),
    )
    listed = {number: Listed(participates=True, phone=given["phone"]) for number in states}
    return decision, Counts(given["shows"]), listed


def _others(**fields: Any) -> tuple[Source, Source]:
    return _source(READER), replace(_source(OTHER), **fields)


VARIED: list[dict[str, Any]] = [
    {},
    *({"state": state} for state in SectionState),
    *({"state": state, "shows": {}} for state in SectionState),
    {"shows": {(6, OTHER, "entered-in-error"): 1}},
    {"shows": {(6, READER, "past"): 1}},
    {"reader": OTHER, "name": "Organisation 2", "state": SectionState.NONE_RECORDED, "shows": {}},
    {"sources": _others(updated=DAY + timedelta(minutes=1))},
    {"sources": _others(late_since=DAY)},
    {"sources": _others(name="Another name")},
    {"sources": _others(duty_phone="020 7946 0009"), "shows": {}},
    {"phone": "020 7946 0008", "state": SectionState.UNAVAILABLE, "shows": {}},
]


def _anew(changed: dict[str, Any]) -> dict[Category, tuple[StateLine, ...]]:
    """Each section by itself, with nothing kept before it."""
    made = {}
    for section in SECTIONS:
        standings._said_by.cache_clear()
        made[section.category] = lines_of(section, *_asked(**changed))
    return made


def test_what_was_kept_for_one_page_is_said_on_no_other() -> None:
    standings._said_by.cache_clear()
    for _ in range(2):
        for changed in VARIED:
            kept = all_lines(*_asked(**changed))
            assert kept == _anew(changed), changed
            for before in VARIED:  # all of them are kept beside it when the next one is asked
                all_lines(*_asked(**before))


def test_another_state_is_said_in_other_words() -> None:
    section = SECTION_OF[Category.LAB_RESULTS]
    shown, not_for_role = (
        lines_of(section, *_asked(state=state, sources=_others(kind="gp_practice"), shows={}))
        for state in (SectionState.SHOWN, SectionState.NOT_FOR_ROLE)
    )
    assert {each.standing for each in shown} == {"none-sent"}
    assert {each.standing for each in not_for_role} == {"none-sent", "not-for-role"}
