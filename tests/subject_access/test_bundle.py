"""The machine-readable pack holds to FHIR's published model, whatever the sources sent."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from fhir.resources.R4B.bundle import Bundle
from organisations.categories import Category
from subject_access import bundle, paper
from subject_access.held import ChoiceHeld, HeldEntry, PersonHeld

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
RUTH = PersonHeld(
    public_id="0190c1de-0000-7000-8000-000000000001",
    family_name="Carter",
    given_names="Ruth Mary",
    birth_date=date(1941, 3, 3),
    sex="female",
    numbers=("9990000018",),
    address=("1 Made-up Road", ""),
    postcode="SE13 6LH",
    phone="020 7946 0001",
)


def entry(**changed: Any) -> HeldEntry:
    of = {
        "public_id": "0190c1de-0000-7000-8000-000000000002",
        "category": int(Category.DIAGNOSES),
        "sensitive": False,
        "certain": True,
        "status": "current",
        "effective": AT,
        "ends": None,
        "recorded": None,
        "display": "Asthma <mild> & seasonal",
        "detail": "",
        "code_system": "http://snomed.info/sct",
        "code": "195967001",
        "value": "5.4000000000",
        "value_text": "",
        "unit": "mmol/L",
        "range_text": "4 to 6",
        "interpretation": "",
        "author": "Dr Made-up",
        "author_role": "",
        "place": "",
        "negation": False,
        "notes": ["Seen in clinic"],
        "identifier": "c-1",
        "resource": {},
    }
    return HeldEntry(**{**of, **changed})


CONDITION = {
    "resourceType": "Condition",
    "id": "c-1",
    "subject": {"reference": "Patient/1"},
    "code": {"text": "Asthma"},
}


def resources(*entries: HeldEntry) -> list[dict[str, Any]]:
    choice = ChoiceHeld("CC-1", "Connect Care", "", "Refuses", AT, "The resident", "By phone")
    made = [
        bundle.patient(RUTH),
        *(each for one in entries for each in bundle.of_entry(one, RUTH, "Test practice")),
        bundle.of_choice(choice, RUTH),
        bundle.of_look("A nurse at Test trust opened your summary.", AT),
    ]
    whole = json.loads(bundle.bundle(made, at=AT))
    Bundle.model_validate(whole)
    return [each["resource"] for each in whole["entry"]]


def test_what_came_as_a_resource_is_handed_on_as_it_came() -> None:
    assert CONDITION in resources(entry(resource=CONDITION))


def test_what_is_no_valid_resource_is_handed_on_whole_in_a_binary() -> None:
    broken = {**CONDITION, "onsetDateTime": {"not": "a time"}}
    kinds = {each["resourceType"]: each for each in resources(entry(resource=broken))}
    assert json.loads(b64decode(kinds["Binary"]["data"])) == broken
    assert "Asthma &lt;mild&gt; &amp; seasonal" in kinds["Basic"]["text"]["div"]


def test_what_came_in_another_format_is_said_in_words() -> None:
    (basic,) = [each for each in resources(entry()) if each["resourceType"] == "Basic"]
    assert "5.4 mmol/L; range 4 to 6" in basic["text"]["div"]
    assert basic["author"]["display"] == "Test practice"


def test_a_person_of_whom_little_is_known_is_a_valid_patient() -> None:
    nobody = PersonHeld("0190c1de-0000-7000-8000-000000000003", "", "", None, "", (), (), "", "")
    assert bundle.is_valid(bundle.patient(nobody))


def test_a_resource_of_our_own_that_does_not_hold_is_not_handed_out() -> None:
    with pytest.raises(ValidationError):
        bundle.bundle([{"resourceType": "Patient", "birthDate": "third of March"}], at=AT)


def test_on_paper_a_character_that_no_font_has_costs_no_pack() -> None:
    said = paper.content(
        "SA-1",
        sender="Test trust",
        person=RUTH,
        by_source=[("Test practice", [entry(display="Asthma \U0001f600")])],
        choices=[],
        looks=[],
        at=AT,
    )
    assert paper.as_pdf(said, large_print=False).startswith(b"%PDF")
