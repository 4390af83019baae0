"""Likely duplicates: grouped by what they are of, never dropped, and never of one source alone."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest

from organisations.categories import Category
from records.entries import EntrySeen
from records.likely_same import groups_of
from tests.records.conftest import Ward, page_of
from tests.records.test_record_parts import seen

MORNING = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
EVENING = datetime(2026, 3, 3, 20, 0, tzinfo=UTC)
NEXT_DAY = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)


def medicine(source: int, display: str = "Metformin", **fields: Any) -> EntrySeen:
    return seen(category=Category.MEDICATIONS, source_id=source, display=display, **fields)


def shape(found: list[EntrySeen], **how: bool) -> list[int]:
    """How many stand together, group by group; and that every one is there once, in order."""
    groups = groups_of(found, **how)
    assert sorted(map(id, chain(*groups))) == sorted(map(id, found)), "nothing is dropped"
    assert [group[0] for group in groups] == [
        each for each in found if any(group[0] is each for group in groups)
    ], "each group stands where its first entry stood"
    return [len(group) for group in groups]


def test_the_same_substance_of_two_sources_is_one_group() -> None:
    assert shape([medicine(1), medicine(2)]) == [2]
    assert shape([medicine(1, "Aspirin"), medicine(1), medicine(3, "Codeine"), medicine(2)]) == [
        1,
        2,
        1,
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Metformin 500 mg tablets", "metformin 500mg Tablets"),
        ("Sjögren's syndrome", "SJOGRENS SYNDROME"),
        ("ﬁsh oil", "Fish-oil"),
    ],
)
def test_names_are_compared_by_their_letters(first: str, second: str) -> None:
    assert shape([medicine(1, first), medicine(2, second)]) == [2]


def test_codes_join_what_is_named_differently_and_names_what_has_no_code() -> None:
    found = [
        medicine(1, "Metformin", code="109081006"),
        medicine(2, "Metformin hydrochloride", code="109081006"),
        medicine(3, "metformin"),
    ]
    assert shape(found) == [3]
    assert shape(list(reversed(found))) == [3]


def test_what_one_source_sent_twice_is_left_as_it_sent_it() -> None:
    assert shape([medicine(1), medicine(1)]) == [1, 1]
    assert shape([medicine(1), medicine(1), medicine(2)]) == [3], "all three, once another has it"


def test_an_allergy_and_that_none_is_known_are_never_the_same() -> None:
    known = seen(category=Category.ALLERGIES, source_id=1, display="Penicillin", code="1")
    none = seen(
        category=Category.ALLERGIES, source_id=2, display="Penicillin", code="1", negation=True
    )
    assert shape([known, none]) == [1, 1]


def test_results_are_the_same_on_one_day_with_one_value() -> None:
    def result(source: int, value: str, at: datetime, **fields: Any) -> EntrySeen:
        return seen(source_id=source, value=Decimal(value), effective=at, code="2823-3", **fields)

    assert shape([result(1, "4.5", MORNING), result(2, "4.50", EVENING)]) == [2]
    assert shape([result(1, "4.5", MORNING), result(2, "4.6", MORNING)]) == [1, 1]
    assert shape([result(1, "4.5", MORNING), result(2, "4.5", NEXT_DAY)]) == [1, 1]
    vague = {"precision": "month"}
    assert shape([result(1, "4.5", MORNING, **vague), result(2, "4.5", MORNING, **vague)]) == [1, 1]


def test_an_operation_is_the_same_on_the_same_day_alone() -> None:
    def operation(source: int, at: datetime | None) -> EntrySeen:
        return seen(
            category=Category.PROCEDURES, source_id=source, display="Hip repair", effective=at
        )

    assert shape([operation(1, MORNING), operation(2, EVENING)]) == [2]
    assert shape([operation(1, MORNING), operation(2, NEXT_DAY)]) == [1, 1]
    assert shape([operation(1, None), operation(2, None)]) == [1, 1]


@pytest.mark.parametrize(
    "category",
    [Category.CONTACTS, Category.APPOINTMENTS, Category.SOCIAL_CARE_SERVICES],
)
def test_two_visits_of_one_day_are_two(category: Category) -> None:
    found = [seen(category=category, source_id=n, display="Visit", code="1") for n in (1, 2)]
    assert shape(found) == [1, 1]


def test_a_protected_residents_are_compared_by_code_alone() -> None:
    """Their names may stand for a kind: two workers of one kind are two workers."""
    workers = [
        seen(category=Category.PEOPLE_INVOLVED, source_id=n, display="A nurse", code="n")
        for n in (1, 2)
    ]
    assert shape(workers) == [2]
    assert shape(workers, by_name=False) == [1, 1]
    assert shape([medicine(1, code="7"), medicine(2, code="7")], by_name=False) == [2]


def test_a_page_shows_each_within_its_group_with_its_source(ward: Ward) -> None:
    for source, detail in ((ward.practice, "Twice a day"), (ward.trust, "Three times a day")):
        ward.entry(ward.person(source), Category.MEDICATIONS, "Metformin", code="7", detail=detail)
    page = page_of(ward.open())
    paper = page_of(ward.get("print-record"))
    for shown, where in ((page, "#overview"), (paper, "#overview"), (paper, "#medicines")):
        (group,) = shown.select(f"section{where} .record-alike")
        assert "Likely the same: 2 entries, from different organisations" in group.get_text(" ")
        assert len(group.select(".record-item")) == 2
        for words in ("Test practice", "Test trust", "Twice a day", "Three times a day"):
            assert words in group.get_text(" ")
    assert paper.select("section#medicines h3")[0].get_text() == "Current medicines (2)"
