"""Whom a held item is about: people are counted, and never named."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from feeds import presenters, selectors
from feeds.affected import person_of
from feeds.formats import FORMATS
from feeds.mapped import Held
from feeds.models import Hold
from tests.feeds import hl7v2_messages as hl7
from tests.feeds.conftest import Deliver, condition, ndjson, patient


def held_of(form: str, content: bytes) -> list[str]:
    return [
        person_of(item)
        for item in FORMATS[form].read(io.BytesIO(content), name="")
        if isinstance(item.outcome, Held)
    ]


@pytest.mark.parametrize(
    ("form", "content", "whose"),
    [
        ("fhir-r4", json.dumps(condition(id=7)), ""),
        ("fhir-r4", json.dumps(condition(onsetDateTime=7)), "Patient/p1"),
        ("fhir-r4", json.dumps(patient(name="Carter")), "Patient/p1"),
        ("fhir-r4", '{"resourceType": "Condition", "subject": 5', ""),
        ("hl7v2", hl7.message("ADT^A01").decode(), "Patient/RJ2|40001"),
        ("hl7v2", hl7.message("ADT^A01", person="").decode(), ""),
        (
            "council-csv",
            "LA_Person_Unique_Identifier,Event_Type\r\nP1,Service\r\n",
            "Patient/P1",
        ),
    ],
)
def test_the_person_of_a_held_item(form: str, content: str, whose: str) -> None:
    assert held_of(form, content.encode()) == [whose]


def test_people_are_counted_and_not_named(deliver: Deliver, as_login: Any) -> None:
    faulty = [condition(f"c{n}", person, onsetDateTime=7) for n, person in enumerate("aab")]
    report = deliver(ndjson(*faulty, condition("x", "nobody"), {"resourceType": "Patient"}))
    with as_login("web"):
        rows = presenters.hold_rows(selectors.holds(report.batch))
        assert [row.person for row in rows] == [1, 1, 2, 3]
        assert selectors.people_of_holds(report.batch) == (3, 0)
        marks = [bytes(mark) for mark in Hold.objects.values_list("whose", flat=True)]
    assert all(len(mark) == 8 for mark in marks)
