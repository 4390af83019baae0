"""Every answer is exactly one outcome, and a status alone decides nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.models import Protection, Sex
from identity.nhs_number import NhsNumber
from identity.pds.comparing import Evidence, Field, Held, Verdict
from identity.pds.outcomes import (
    Delay,
    Disagreeing,
    Malformation,
    Malformed,
    NotNow,
    OneMatch,
    OutcomeKind,
    Restricted,
    Superseded,
    read_retrieval,
    read_search,
)
from tests.identity.pds.answers import body, bundle, patient, problem

ASKED = NhsNumber.parse("9990001014", test_ranges=True)
HELD = Held("Patel", "Rajesh", date(1967, 9, 2), Sex.MALE, "SE13 1CI")
SAME = {
    "name": [{"use": "usual", "family": "Patel", "given": ["Rajesh"]}],
    "gender": "male",
    "birthDate": "1967-09-02",
}


def retrieved(status: int, resource: dict[str, Any] | bytes, *, test_ranges: bool = True) -> Any:
    content = resource if isinstance(resource, bytes) else body(resource)
    return read_retrieval(
        status, content, asked=ASKED, held=HELD, by=Evidence.NUMBER, test_ranges=test_ranges
    )


def searched(status: int, resource: dict[str, Any] | bytes) -> Any:
    content = resource if isinstance(resource, bytes) else body(resource)
    return read_search(status, content, test_ranges=True)


@pytest.mark.parametrize(
    ("status", "resource", "kind"),
    [
        (200, patient(**SAME), OutcomeKind.AGREEING),
        (200, patient(**{**SAME, "birthDate": "1970-01-01"}), OutcomeKind.DISAGREEING),
        (200, patient(**{**SAME, "birthDate": "1967-02-09"}), OutcomeKind.DISAGREEING),
        (200, patient(), OutcomeKind.DISAGREEING),
        (200, patient("9990001022", **SAME), OutcomeKind.SUPERSEDED),
        (200, patient("9990001022", label="R", **SAME), OutcomeKind.SUPERSEDED),
        (200, patient(label="R", **SAME), OutcomeKind.RESTRICTED),
        (200, patient(label="V"), OutcomeKind.VERY_RESTRICTED),
        (404, problem("INVALIDATED_RESOURCE"), OutcomeKind.INVALIDATED),
        (404, problem("RESOURCE_NOT_FOUND"), OutcomeKind.NONE),
        (404, problem("UNSUPPORTED_REQUEST"), OutcomeKind.MALFORMED),
        (404, b"<html>no such page</html>", OutcomeKind.MALFORMED),
        (404, patient(**SAME), OutcomeKind.MALFORMED),
        (400, problem("INVALID_RESOURCE_ID"), OutcomeKind.MALFORMED),
        (200, problem("TOO_MANY_MATCHES"), OutcomeKind.MALFORMED),
        (200, bundle(patient(**SAME)), OutcomeKind.MALFORMED),
        (200, b"{", OutcomeKind.MALFORMED),
        (200, b"", OutcomeKind.MALFORMED),
        (200, b"\xff\xfe", OutcomeKind.MALFORMED),
        (302, b"", OutcomeKind.MALFORMED),
        (401, problem("ACCESS_DENIED"), OutcomeKind.NOT_NOW),
        (403, problem("INVALID_METHOD"), OutcomeKind.NOT_NOW),
        (408, problem("UNABLE_TO_CALL_SERVICE"), OutcomeKind.NOT_NOW),
        (429, problem("TOO_MANY_REQUESTS"), OutcomeKind.NOT_NOW),
        (500, b"", OutcomeKind.NOT_NOW),
        (502, b"<html>", OutcomeKind.NOT_NOW),
        (503, problem("SERVICE_UNAVAILABLE"), OutcomeKind.NOT_NOW),
    ],
)
def test_a_retrieval(status: int, resource: Any, kind: OutcomeKind) -> None:
    assert retrieved(status, resource).kind is kind


@pytest.mark.parametrize(
    ("status", "resource", "kind"),
    [
        (200, bundle(patient(**SAME)), OutcomeKind.ONE),
        (200, bundle(patient(label="R", **SAME)), OutcomeKind.ONE),
        (200, bundle(), OutcomeKind.NONE),
        (200, problem("TOO_MANY_MATCHES"), OutcomeKind.MANY),
        (200, bundle(patient(), patient("9990001022")), OutcomeKind.MANY),
        (200, bundle(patient(), total=2), OutcomeKind.MANY),
        (200, bundle(total=1), OutcomeKind.MALFORMED),
        (200, problem(None), OutcomeKind.MALFORMED),
        (200, patient(**SAME), OutcomeKind.MALFORMED),
        (200, bundle(patient("9000000015")), OutcomeKind.MALFORMED),
        (404, problem("RESOURCE_NOT_FOUND"), OutcomeKind.MALFORMED),
        (400, problem("TOO_MANY_MATCHES"), OutcomeKind.MALFORMED),
        (400, problem("INVALID_SEARCH_DATA"), OutcomeKind.MALFORMED),
        (429, problem("TOO_MANY_REQUESTS"), OutcomeKind.NOT_NOW),
        (403, problem("INVALID_VALUE"), OutcomeKind.NOT_NOW),
    ],
)
def test_a_search(status: int, resource: Any, kind: OutcomeKind) -> None:
    assert searched(status, resource).kind is kind


def test_what_disagrees_is_named_without_its_values() -> None:
    outcome = retrieved(200, patient(**{**SAME, "birthDate": "1967-02-09"}))
    assert isinstance(outcome, Disagreeing)
    assert outcome.comparison.verdict is Verdict.INEXACT
    assert [field for field, found in outcome.comparison.fields if found == "agrees inexactly"] == [
        Field.BIRTH_DATE
    ]
    assert "Patel" not in repr(outcome)


def test_a_superseded_number_brings_the_record_that_replaced_it() -> None:
    outcome = retrieved(200, patient("9990001022", label="R", **SAME))
    assert isinstance(outcome, Superseded)
    assert outcome.asked == ASKED
    assert outcome.demographics.number.digits == "9990001022"
    assert outcome.demographics.protection == Protection.RESTRICTED
    assert outcome.comparison.verdict is Verdict.AGREEING
    assert "9990001" not in repr(outcome)


def test_a_restricted_answer_is_compared_all_the_same() -> None:
    outcome = retrieved(200, patient(label="R", **{**SAME, "birthDate": "1950-01-01"}))
    assert isinstance(outcome, Restricted)
    assert outcome.comparison.verdict is Verdict.DISAGREEING


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        (patient("9000000015"), Malformation.NUMBER_FAILS_CHECK),
        ({**patient(), "identifier": patient("9990001022")["identifier"]},
         Malformation.NUMBER_FAILS_CHECK),
        ({**patient(), "meta": {}}, Malformation.UNREADABLE),
        (patient(label="REDACTED"), Malformation.UNREADABLE),
        (bundle(), Malformation.UNEXPECTED),
    ],
)  # fmt: skip
def test_why_an_answer_is_malformed(resource: dict[str, Any], why: Malformation) -> None:
    assert retrieved(200, resource) == Malformed(why)


def test_a_number_for_made_up_people_is_none_where_people_are_real() -> None:
    assert retrieved(200, patient(**SAME), test_ranges=False) == Malformed(
        Malformation.NUMBER_FAILS_CHECK
    )


@pytest.mark.parametrize(
    ("status", "why"),
    [(401, Delay.ACCESS_REFUSED), (429, Delay.RATE), (408, Delay.DOWN), (504, Delay.DOWN)],
)
def test_why_there_is_no_answer_now(status: int, why: Delay) -> None:
    assert retrieved(status, b"") == NotNow(why)
    assert searched(status, b"") == NotNow(why)


def test_a_hit_has_no_score() -> None:
    outcome = searched(200, bundle(patient(**SAME)))
    assert isinstance(outcome, OneMatch)
    assert not [name for name in dir(outcome.demographics) if "score" in name]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
fields = st.sampled_from(
    ["name", "meta", "id", "gender", "birthDate", "address", "extension", "generalPractitioner",
     "telecom", "contact", "identifier", "deceasedDateTime", "resourceType"]
)  # fmt: skip


@given(st.dictionaries(fields, json_values, max_size=4), st.sampled_from([200, 400, 404, 500]))
def test_no_answer_whatsoever_raises(oddities: dict[str, Any], status: int) -> None:
    answer = {**patient(**SAME), **oddities}
    assert retrieved(status, answer).kind in OutcomeKind
    assert searched(status, bundle(answer)).kind in OutcomeKind


@given(st.binary(max_size=40), st.integers(100, 599))
def test_no_bytes_whatsoever_raise(content: bytes, status: int) -> None:
    assert retrieved(status, content).kind in OutcomeKind
    assert searched(status, content).kind in OutcomeKind
