"""Allergies: live, past, in error, none known, nothing said."""

from typing import Any

import pytest

from feeds.mapped import EntryStatus
from organisations.categories import Category
from tests.feeds.fhir_r4_samples import PATIENT, coded, entry, held, passed_over


def allergy(**fields: Any) -> dict[str, Any]:
    made = {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "clinicalStatus": coded("active"),
        "verificationStatus": coded("confirmed"),
        "code": coded("372687004", "Amoxicillin"),
        "patient": PATIENT,
        **fields,
    }
    return {name: value for name, value in made.items() if value is not None}


def test_reaction_criticality_and_words() -> None:
    result = entry(
        allergy(
            criticality="high",
            reaction=[{"manifestation": [{"text": "Urticarial rash"}], "severity": "mild"}],
            recordedDate="2024-03",
        )
    )
    assert result.category is Category.ALLERGIES
    assert result.status is EntryStatus.CURRENT
    assert not result.negation
    assert result.detail == "High risk of serious harm; Reaction: Urticarial rash (mild)"
    assert result.effective_precision == "month"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, EntryStatus.CURRENT),
        ({"clinicalStatus": None}, EntryStatus.CURRENT),
        ({"clinicalStatus": coded("inactive")}, EntryStatus.PAST),
        ({"clinicalStatus": coded("resolved")}, EntryStatus.PAST),
        ({"verificationStatus": coded("refuted")}, EntryStatus.PAST),
        ({"verificationStatus": coded("entered-in-error")}, EntryStatus.ENTERED_IN_ERROR),
        (
            {"clinicalStatus": None, "verificationStatus": coded("entered-in-error")},
            EntryStatus.ENTERED_IN_ERROR,
        ),
    ],
)
def test_status(fields: dict, status: EntryStatus) -> None:
    assert entry(allergy(**fields)).status is status


@pytest.mark.parametrize(
    "code",
    [
        coded("716186003", "No known allergy"),
        coded("160244002", "No known allergies"),
        coded("409137002", "No known drug allergy"),
        coded("428607008", "No known environmental allergy"),
        coded("429625007", "No known food allergy"),
        {"text": "No known allergies."},
        {"text": "NKDA"},
    ],
)
def test_none_known_is_a_statement(code: dict) -> None:
    assert entry(allergy(code=code)).negation


def test_text_beside_a_code_for_a_drug_is_no_statement_of_none() -> None:
    assert not entry(allergy(code={**coded("372687004"), "text": "NKDA"})).negation


def test_no_information_is_not_none_known() -> None:
    assert passed_over(allergy(code=coded("no-allergy-info"))) == (
        "says that there is no information on allergies"
    )


def test_degraded_code_shows_the_words_as_entered() -> None:
    degraded = {**coded("196461000000101", "Transfer-degraded drug allergy"), "text": "Septrin"}
    assert entry(allergy(code=degraded)).display == "Septrin"


def test_substance_of_the_reaction_names_it_where_no_code_does() -> None:
    resource = allergy(code=None, reaction=[{"substance": {"text": "Latex"}}])
    assert entry(resource).display == "Latex"
    assert held(allergy(code=None)) == "neither words nor a code say what it is"


def empty_list(reason: str, code: str = "886921000000105") -> dict[str, Any]:
    return {
        "resourceType": "List",
        "id": "l1",
        "status": "current",
        "mode": "snapshot",
        "code": coded(code),
        "subject": PATIENT,
        "emptyReason": coded(reason),
    }


def test_empty_list_of_allergies_that_says_nil_known() -> None:
    result = entry(empty_list("nilknown"))
    assert result.negation
    assert result.display == "No known allergies"
    assert result.category is Category.ALLERGIES


@pytest.mark.parametrize("reason", ["notasked", "unavailable", "no-content-recorded", "withheld"])
def test_other_empty_lists_say_nothing(reason: str) -> None:
    assert "does not say" in passed_over(empty_list(reason))


def test_nil_known_of_something_else_says_nothing_about_allergies() -> None:
    assert "does not say" in passed_over(empty_list("nilknown", code="933361000000108"))
