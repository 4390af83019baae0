"""The short way of usual results ends as the whole way does, for whatever is sent."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from feeds.formats.fhir_r4.delivery import Delivery, Named
from feeds.formats.fhir_r4.json_parts import document_parts, is_one_resource
from feeds.formats.fhir_r4.resource import items_of
from feeds.formats.fhir_r4.usual import is_result, usual_result
from feeds.mapped import Mapped, MappedEntry

USUAL: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o1",
    "meta": {"versionId": "1", "lastUpdated": "2026-10-01T09:00:00Z", "profile": ["p"]},
    "status": "final",
    "category": [{"coding": [{"code": "laboratory"}]}],
    "code": {"coding": [{"system": "s", "code": "K", "display": "Potassium"}], "text": "K"},
    "subject": {"reference": "Patient/p1"},
    "encounter": {"reference": "Encounter/e1"},
    "effectiveDateTime": "2026-09-30T08:15:00+01:00",
    "issued": "2026-09-30T09:15:00+01:00",
    "performer": [{"display": "Dr A Rastall"}],
    "valueQuantity": {"value": 4.1, "unit": "mmol/L", "code": "mmol/L"},
    "interpretation": [{"coding": [{"code": "N"}]}],
    "referenceRange": [{"low": {"value": 3.5, "unit": "mmol/L"}, "high": {"value": 5.3}}],
}
_LEFT_OUT = object()
_OF_ANY: list[Any] = [_LEFT_OUT, None, 7, "x", [], {}, [None], [7]]
#: What a part may be beside the usual: more of it, less of it, and what is wrong.
VARIANTS: dict[str, list[Any]] = {
    "resourceType": ["Observation"],
    "id": ["", "x" * 256, "a\u00e9", "a\\b", "a\nb"],
    "meta": [
        {"lastUpdated": "2026-10-01T09:00:00"},
        {"lastUpdated": "no day"},
        {"lastUpdated": "2026"},
        {"lastUpdated": None},
        {"security": [{"code": "R"}]},
        {"security": [{"system": "…ActCode", "code": "HIV"}], "lastUpdated": "2026-10-01"},
        {"tag": [{"code": "t"}], "source": "urn:x"},
        {"extension": []},
    ],
    "status": ["amended", "entered-in-error", "no such", ""],
    "category": [
        [{"coding": [{"code": "vital-signs"}]}],
        [{"text": "Imaging"}],
        [{"coding": [{"code": "unheard of"}]}],
    ],
    "code": [
        {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
        {"text": "Safeguarding concern"},
        {"coding": [{"code": "SECRET"}], "text": "Secret"},
        {"coding": [{"code": 5}]},
        {"text": "  "},
    ],
    "subject": [
        {"reference": "https://x.example/fhir/Patient/p2/_history/3"},
        {"reference": "Patient/p1", "display": "Somebody"},
        {"reference": "Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018"},
        {"reference": "urn:uuid:0f0f0f0f-0000-4000-8000-000000000000"},
        {"reference": "Group/g1"},
        {"reference": "#p"},
        {"identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}},
        {
            "reference": "Patient/p1",
            "identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"},
        },
    ],
    "effectiveDateTime": ["2026-09", "2026-09-30", "2026-02-30", "2026-09-30T08:15", ""],
    "issued": ["2026-09-30T09:15:00", "never"],
    "performer": [
        [{"reference": "Practitioner/d1"}],
        [{"reference": "Practitioner/d1", "display": "Dr B"}],
        [{"reference": "PractitionerRole/secret"}],
        [{"reference": "Practitioner/nobody"}],
        [{"reference": "#d1"}],
        [{"display": " "}, {"display": "Second"}],
    ],
    "valueQuantity": [
        {"value": 4.10, "comparator": "<", "unit": "%"},
        {"value": 1e30, "unit": "x"},
        {"value": -0.0},
        {"unit": "mmol/L"},
        {"value": "4"},
        {"value": 5, "unit": "mm[Hg]", "code": "mm[Hg]"},
    ],
    "valueString": [" Positive ", "l'eau \u00e9", "a\tb\\c"],
    "valueBoolean": [True],
    "valueCodeableConcept": [{"text": "Growth"}],
    "interpretation": [[{"text": "High"}], [{"coding": [{"display": "High"}]}]],
    "referenceRange": [
        [{"text": "up to 5"}],
        [{"low": {"value": 3.5, "unit": "g/L"}}],
        [{"low": {"value": 1}, "appliesTo": [{"text": "women"}]}, {"high": {"value": 9}}],
        [{"low": {"value": "3"}}],
    ],
    "note": [[{"text": "Haemolysed. "}], [{"text": None}, {"text": "b"}]],
    "specimen": [{"display": "Blood"}, {"reference": "Specimen/s1"}],
    "component": [[{"code": {"text": "Systolic"}, "valueQuantity": {"value": 120}}]],
    "bodySite": [{"text": "Arm"}],
    "contained": [[{"resourceType": "Practitioner", "id": "d1", "name": [{"text": "Dr C"}]}]],
    "extension": [[{"url": "u", "valueString": "v"}]],
    "modifierExtension": [[{"url": "u"}]],
    "text": [{"status": "generated", "div": "<div>x</div>"}],
    "basedOn": [[{"reference": "ServiceRequest/r1"}]],
    "device": [{"display": "Analyser", "value": 7}],
    "unheardOf": [{"value": 7}],
}


def delivery() -> Delivery:
    known = Delivery(source_kind="nhs_trust", sensitive_codes=frozenset({"SECRET"}))
    known.learn("Practitioner/d1", Named(name="Dr D", role="Registrar"), lasts=True)
    secret = Named(name="Dr E", codes=frozenset({"SECRET"}))
    known.learn("PractitionerRole/secret", secret, lasts=True)
    return known


def short(raw: bytes) -> MappedEntry | None:
    if not is_one_resource(raw):
        return None
    found = usual_result(raw, delivery())
    return found[1] if found is not None else None


def whole(raw: bytes) -> Any:
    (item,) = items_of(document_parts(raw, "line 1"), delivery())
    return item.outcome


def changed(**parts: Any) -> bytes:
    resource = {**USUAL, **parts}
    return json.dumps({k: v for k, v in resource.items() if v is not _LEFT_OUT}).encode()


def assert_alike(raw: bytes) -> bool:
    entry = short(raw)
    if entry is None:
        return False
    assert whole(raw) == Mapped(entries=(entry,)), raw
    return True


def test_a_usual_result_goes_the_short_way() -> None:
    raw = changed()
    assert is_result(raw)
    assert assert_alike(raw)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("performer", [{"reference": "Practitioner/d1"}]),
        ("issued", "2026-09-30T09:15:00"),
        ("valueQuantity", _LEFT_OUT),
        ("valueString", "Positive"),
        ("note", [{"text": "Haemolysed."}]),
        ("specimen", {"display": "Blood"}),
        ("code", {"coding": [{"code": "SECRET"}], "text": "Secret"}),
    ],
)
def test_so_does_one_with(part: str, value: Any) -> None:
    assert assert_alike(changed(**{part: value}))


@pytest.mark.parametrize("part", sorted(VARIANTS))
def test_each_part_ends_alike_both_ways(part: str) -> None:
    for value in [*VARIANTS[part], *_OF_ANY]:
        assert_alike(changed(**{part: value}))


def test_parts_of_any_kind_together_end_alike_both_ways() -> None:
    draw = random.Random(27)
    taken = 0
    for _ in range(3000):
        parts = draw.sample(sorted(VARIANTS), draw.randint(1, 4))
        taken += assert_alike(
            changed(**{part: draw.choice([*VARIANTS[part], *_OF_ANY]) for part in parts})
        )
    assert taken > 100


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        changed().replace(b'"K"', b'"\xff"'),
        changed()[:-1],
        changed() + b"}",
        changed().replace(b"4.1", b"4e99999"),
        changed().replace(b"Encounter/e1", b"\\ud800"),
        changed(resourceType=_LEFT_OUT),
        changed(resourceType="Patient"),
        changed().replace(b'"Encounter/e1"', b"1e99999"),
        changed().replace(b"{", b'{"resourceType":"Bundle",', 1),
    ],
)
def test_what_is_broken_is_left_to_the_whole_way(raw: bytes) -> None:
    assert short(raw) is None
