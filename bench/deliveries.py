"""Deliveries of any size for the benchmarks, written as they are made: the same from the same seed.

Made-up people with 150 entries each (as in :mod:`bench.world`), whose resources have the shapes and
sizes of UK Core and whose messages are those of a trust's laboratory.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from identity.nhs_number import check_digit

ENTRIES_EACH = 150
_BEGIN = datetime(2021, 11, 1, 8, tzinfo=UTC)
_FAMILY = [
    "Adeyemi",
    "Bennett",
    "Carter",
    "Dhillon",
    "Evans",
    "Fraser",
    "Grant",
    "Hussain",
    "Jones",
]
_GIVEN = ["Aisha", "Brian", "Chloe", "David", "Esther", "Farah", "George", "Hana", "Ivan", "Joyce"]
_STREETS = ["High Street", "Lewisham Way", "Plumstead Road", "Broadway", "Station Road"]
#: (LOINC-like local code, words, unit, lowest, highest, decimals, usual from, usual to)
_TESTS = [
    ("NA", "Sodium", "mmol/L", 128, 150, 0, 133, 146),
    ("K", "Potassium", "mmol/L", 3, 6, 1, 3.5, 5.3),
    ("UREA", "Urea", "mmol/L", 2, 18, 1, 2.5, 7.8),
    ("CREA", "Creatinine", "umol/L", 40, 220, 0, 45, 84),
    ("EGFR", "Estimated GFR", "mL/min/1.73m2", 20, 90, 0, 60, 90),
    ("ALT", "Alanine aminotransferase", "U/L", 8, 120, 0, 10, 35),
    ("ALP", "Alkaline phosphatase", "U/L", 30, 210, 0, 30, 130),
    ("BILI", "Total bilirubin", "umol/L", 3, 40, 0, 3, 20),
    ("ALB", "Albumin", "g/L", 25, 50, 0, 35, 50),
    ("CRP", "C-reactive protein", "mg/L", 1, 160, 0, 0, 5),
    ("GLU", "Glucose", "mmol/L", 3, 22, 1, 3.9, 5.8),
]
_PROBLEMS = [
    ("195967001", "Asthma"),
    ("38341003", "Hypertension"),
    ("44054006", "Diabetes mellitus type 2"),
    ("84114007", "Heart failure"),
]
_MEDICINES = [
    ("319775004", "Aspirin 75mg tablets", "One to be taken each day"),
    ("322236009", "Paracetamol 500mg tablets", "One or two to be taken up to four times a day"),
    ("325072002", "Co-codamol 8mg/500mg tablets", "Two to be taken up to four times a day"),
]
Resource = dict[str, Any]


def write_fhir(path: Path, entries: int, seed: int = 1) -> int:
    """NDJSON: each person, then what is theirs; how many entries it makes."""
    draw = random.Random(seed)
    made = nth = 0
    with path.open("wb") as out:
        while made < entries:
            nth += 1
            out.write(_line(_patient(draw, nth)))
            for number in range(min(ENTRIES_EACH, entries - made)):
                out.write(_line(_KINDS[number % len(_KINDS)](draw, nth, number)))
                made += 1
    return made


def write_hl7v2(path: Path, entries: int, seed: int = 1) -> int:
    """A file of ORU^R01: each message a report of eleven results; how many entries it makes."""
    draw = random.Random(seed)
    made = nth = 0
    with path.open("wb") as out:
        while made < entries:
            nth += 1
            for number in range(ENTRIES_EACH // (len(_TESTS) + 1)):
                if made >= entries:
                    break
                out.write(_report(draw, nth, number))
                made += len(_TESTS) + 1
    return made


WRITERS: dict[str, Callable[[Path, int], int]] = {"fhir-r4": write_fhir, "hl7v2": write_hl7v2}


def _line(resource: Resource) -> bytes:
    return json.dumps(resource, separators=(",", ":")).encode() + b"\n"


def _nhs_numbers() -> Iterator[str]:
    for nine in range(999_000_000, 1_000_000_000):
        digit = check_digit(str(nine))
        if digit is not None:
            yield f"{nine}{digit}"


_ISSUED: list[str] = []
_LEFT = _nhs_numbers()


def _number(nth: int) -> str:
    """The nth person's NHS number, which begins with 999."""
    while len(_ISSUED) <= nth:
        _ISSUED.append(next(_LEFT))
    return _ISSUED[nth]


def _born(draw: random.Random) -> str:
    return f"{draw.randint(1930, 2005)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"


def _at(number: int, nth: int) -> datetime:
    return _BEGIN + timedelta(hours=number * 290 + nth % 200, minutes=nth % 60)


def _iso(moment: datetime) -> str:
    return moment.isoformat()


# ── FHIR R4 ─────────────────────────────────────────────────────────────────────────────────


def _coded(system: str, code: str, words: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": words}], "text": words}


def _snomed(code: str, words: str) -> Resource:
    return _coded("http://snomed.info/sct", code, words)


def _patient(draw: random.Random, nth: int) -> Resource:
    return {
        "resourceType": "Patient",
        "id": f"p{nth}",
        "meta": {"lastUpdated": "2026-10-01T09:00:00+00:00"},
        "identifier": [
            {
                "extension": [
                    {
                        "url": "https://fhir.hl7.org.uk/StructureDefinition/"
                        "Extension-UKCore-NHSNumberVerificationStatus",
                        "valueCodeableConcept": {"coding": [{"code": "01"}]},
                    }
                ],
                "system": "https://fhir.nhs.uk/Id/nhs-number",
                "value": _number(nth),
            },
            {"system": "https://trust.example/mrn", "value": f"{nth:08}"},
        ],
        "name": [
            {
                "use": "official",
                "family": f"{draw.choice(_FAMILY)}-{draw.choice(_FAMILY)}",
                "given": [draw.choice(_GIVEN)],
            }
        ],
        "telecom": [{"system": "phone", "value": f"020 7946 {draw.randint(0, 999):04}"}],
        "gender": draw.choice(["female", "male"]),
        "birthDate": _born(draw),
        "address": [
            {
                "use": "home",
                "line": [f"{draw.randint(1, 200)} {draw.choice(_STREETS)}"],
                "city": "London",
                "postalCode": "SE13 6LH",
            }
        ],
    }


def _headed(kind: str, nth: int, number: int) -> Resource:
    return {
        "resourceType": kind,
        "id": f"{kind.lower()}-{nth}-{number}",
        "meta": {
            "versionId": "1",
            "lastUpdated": _iso(_at(number, nth) + timedelta(hours=2)),
            "profile": [f"https://fhir.hl7.org.uk/StructureDefinition/UKCore-{kind}"],
        },
    }


def _observation(draw: random.Random, nth: int, number: int) -> Resource:
    code, words, unit, low, high, decimals, usual_from, usual_to = draw.choice(_TESTS)
    value = round(draw.uniform(low, high), decimals) if decimals else draw.randint(low, high)
    amount = {"unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    flag = "H" if value > usual_to else "L" if value < usual_from else "N"
    return {
        **_headed("Observation", nth, number),
        "identifier": [{"system": "https://trust.example/result", "value": f"{nth}-{number}"}],
        "status": "final",
        "category": [
            _coded(
                "http://terminology.hl7.org/CodeSystem/observation-category",
                "laboratory",
                "Laboratory",
            )
        ],
        "code": _coded("https://trust.example/tests", code, words),
        "subject": {"reference": f"Patient/p{nth}"},
        "encounter": {"reference": f"Encounter/encounter-{nth}-{number - number % 10}"},
        "effectiveDateTime": _iso(_at(number, nth)),
        "issued": _iso(_at(number, nth) + timedelta(hours=1)),
        "performer": [{"display": f"Dr {draw.choice(_GIVEN)} {draw.choice(_FAMILY)}"}],
        "valueQuantity": {"value": value, **amount},
        "interpretation": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/"
                        "v3-ObservationInterpretation",
                        "code": flag,
                    }
                ]
            }
        ],
        "referenceRange": [
            {"low": {"value": usual_from, **amount}, "high": {"value": usual_to, **amount}}
        ],
    }


def _condition(draw: random.Random, nth: int, number: int) -> Resource:
    return {
        **_headed("Condition", nth, number),
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "code": _snomed(*draw.choice(_PROBLEMS)),
        "subject": {"reference": f"Patient/p{nth}"},
        "onsetDateTime": _iso(_at(number, nth))[:10],
        "recordedDate": _iso(_at(number, nth)),
        "note": [{"text": "Seen in clinic; to be reviewed in six months, sooner if worse."}],
    }


def _medicine(draw: random.Random, nth: int, number: int) -> Resource:
    code, words, dose = draw.choice(_MEDICINES)
    return {
        **_headed("MedicationRequest", nth, number),
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": _coded("https://dmd.nhs.uk", code, words),
        "subject": {"reference": f"Patient/p{nth}"},
        "authoredOn": _iso(_at(number, nth)),
        "requester": {"display": f"Dr {draw.choice(_FAMILY)}"},
        "dosageInstruction": [{"text": dose}],
        "dispenseRequest": {"quantity": {"value": 28, "unit": "tablet"}},
    }


def _encounter(draw: random.Random, nth: int, number: int) -> Resource:
    begins = _at(number, nth)
    return {
        **_headed("Encounter", nth, number),
        "status": "finished",
        "class": {"code": draw.choice(["AMB", "IMP", "EMER"])},
        "type": [{"text": "Outpatient attendance"}],
        "subject": {"reference": f"Patient/p{nth}"},
        "period": {"start": _iso(begins), "end": _iso(begins + timedelta(hours=3))},
        "serviceProvider": {"display": "Bench trust"},
    }


def _procedure(draw: random.Random, nth: int, number: int) -> Resource:
    return {
        **_headed("Procedure", nth, number),
        "status": "completed",
        "code": _snomed("40701008", "Echocardiography"),
        "subject": {"reference": f"Patient/p{nth}"},
        "performedDateTime": _iso(_at(number, nth)),
        "performer": [{"actor": {"display": f"Dr {draw.choice(_FAMILY)}"}}],
    }


#: What a record consists of: mostly results.
_KINDS: list[Callable[[random.Random, int, int], Resource]] = [
    _encounter,
    *[_observation] * 4,
    _medicine,
    *[_observation] * 2,
    _condition,
    _procedure,
]


# ── HL7 v2 ──────────────────────────────────────────────────────────────────────────────────


def _pid(nth: int) -> str:
    """The nth person, the same in each message."""
    draw = random.Random(nth)
    name = f"{draw.choice(_FAMILY)}^{draw.choice(_GIVEN)}^^^^^L"
    born, sex = _born(draw).replace("-", ""), draw.choice("12")
    place = f"{draw.randint(1, 200)} High Street^^London^^SE13 6LH^^H"
    return f"PID|1||{nth:08}^^^RJ2^MR~{_number(nth)}^^^NHS^NH||{name}||{born}|{sex}|||{place}"


def _report(draw: random.Random, nth: int, number: int) -> bytes:
    taken = _at(number * 10, nth)
    said = f"{taken + timedelta(hours=3):%Y%m%d%H%M%S}"
    at = f"{taken:%Y%m%d%H%M%S}"
    order = f"OBR|1|P{nth}-{number}|L{nth}-{number}"
    lines = [
        f"MSH|^~\\&|LAB|RJ2|CC|CC|{said}||ORU^R01|{nth}-{number}|P|2.4",
        _pid(nth),
        f"ORC|RE|P{nth}-{number}|L{nth}-{number}",
        f"{order}|PROF^Biochemistry profile^L|||{at}{'|' * 15}{said}||CH|F",
    ]
    for place, (code, words, unit, low, high, decimals, usual_from, usual_to) in enumerate(_TESTS):
        value = round(draw.uniform(low, high), decimals) if decimals else draw.randint(low, high)
        flag = "H" if value > usual_to else "L" if value < usual_from else ""
        lines.append(
            f"OBX|{place + 1}|NM|{code}^{words}^L||{value}|{unit}|{usual_from}-{usual_to}|{flag}"
            f"|||F|||{at}"
        )
    return "\r".join(lines).encode() + b"\r"
