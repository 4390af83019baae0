"""What sources of every format send one after another: much of the same, and what changes it.

Each story begins with people and their entries; then come corrections, what was entered in error,
cancelled or is there no more, something older that comes late, something that cannot be read, and
something that is no part of the record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests import factories
from tests.feeds.conftest import condition, ndjson
from tests.feeds.conftest import patient as r4_patient
from tests.feeds.hl7v2_messages import bloods, message, sodium
from tests.feeds.test_council_csv import PERSON, SERVICE, table
from tests.feeds.test_edifact import message as edifact_message
from tests.feeds.test_edifact import sodium as edifact_sodium
from tests.feeds.test_gp_connect import allergy, observation, snapshot
from tests.feeds.test_hl7v2_visits import adt, visit

EARLY, LATE, LATER = "2026-01-01T10:00:00Z", "2026-02-01T10:00:00Z", "2026-03-01T10:00:00Z"
FULL = "[extract]\nfull = true\n"


@dataclass(frozen=True, slots=True)
class Story:
    """What one source sends: its batches, each of some files, in the order in which they come."""

    format: str
    kind: str
    batches: tuple[tuple[bytes, ...], ...]
    mapping: str = ""

    def __str__(self) -> str:
        return self.format


def stories(people: int, *, apart: bool = False) -> tuple[Story, ...]:
    """One of each format, about so many people.

    :param apart: nobody is known to two sources. Of one number with several birth dates it is the
        order of arrival that says whose it is: side by side two runs would differ.
    """
    who, far = range(1, people + 1), 1000 if apart else 0
    return (
        fhir_r4(who),
        gp_connect(who, far),
        council_csv(who, 2 * far),
        edifact(who, 3 * far),
        hl7v2(who, 4 * far),
    )


def given_name(number: int) -> str:
    """A made-up name that no two have: names agree, or not, by their letters."""
    return "Ruth " + "".join(chr(ord("a") + int(digit)) for digit in f"{number:04}")


def fhir_r4(who: range, numbers: int = 0) -> Story:
    """Lines of resources; corrected, entered in error, and an older version that comes late."""
    first: list[dict[str, Any]] = []
    then: list[dict[str, Any]] = []
    for number in who:
        one = r4_patient(f"p{number}", birthDate=f"1941-03-{number % 28 + 1:02}")
        one["identifier"][0]["value"] = factories.made_up_nhs_number(number + numbers)
        one["name"][0]["given"] = [given_name(number)]
        first += [one, condition(f"a{number}", f"p{number}"), condition(f"b{number}", f"p{number}")]
        if number % 2:
            code, at = {"text": "Severe asthma"}, {"lastUpdated": LATE}
            then.append(condition(f"a{number}", f"p{number}", code=code, meta=at))
        if not number % 3:
            wrong = {"coding": [{"code": "entered-in-error"}]}
            at = {"lastUpdated": LATE}
            then.append(condition(f"b{number}", f"p{number}", verificationStatus=wrong, meta=at))
        if not number % 5:
            older = {"lastUpdated": "2025-01-01T10:00:00Z"}
            then.append(condition(f"a{number}", f"p{number}", code={"text": "?"}, meta=older))
    odd = b'{"resourceType": "Basic", "id": "x"}\n{"resourceType": \n'
    lost = ndjson(condition("c1", "nobody"))
    return Story("fhir-r4", "nhs_trust", ((ndjson(*first) + odd,), (odd + ndjson(*then) + lost,)))


def gp_connect(who: range, numbers: int = 0) -> Story:
    """A snapshot of each, and a newer one without some of it; one older one comes late."""

    def of(number: int, *resources: dict[str, Any], taken: str) -> bytes:
        said = snapshot(*resources, taken=taken).replace(b'"P1"', f'"P{number}"'.encode())
        said = said.replace(b"Patient/P1", f"Patient/P{number}".encode())
        said = said.replace(b"9990000018", factories.made_up_nhs_number(number + numbers).encode())
        return said.replace(b'"Ruth"', json.dumps(given_name(number)).encode())

    def all_of(number: int, *, taken: str, without: str = "") -> bytes:
        found = [
            allergy(f"A{number}"),
            observation(f"B{number}", comment=f"As of {taken}"),
            observation(f"C{number}"),
        ]
        return of(number, *(one for one in found if one["id"] != without), taken=taken)

    first = tuple(all_of(number, taken=LATE) for number in who)
    then = tuple(
        all_of(number, taken=LATER, without=f"A{number}" if number % 2 else "") for number in who
    )
    late = tuple(all_of(number, taken=EARLY) for number in who if not number % 3)
    return Story("gp-connect", "gp_practice", (first, (*then, b"{"), late))


def council_csv(who: Iterable[int], numbers: int = 0) -> Story:
    """Full extracts: a new worker, a service that ended, people who are there no more."""

    def people(taken: str, worker: str) -> list[dict[str, str]]:
        return [
            PERSON
            | {
                "LA_Person_Unique_Identifier": f"P{number:05}",
                "NHS_Number": factories.made_up_nhs_number(number + numbers),
                "Given_Names": given_name(number),
                "Date_of_Birth": f"1950-01-{number % 28 + 1:02}",
                "Allocated_Worker": worker if number % 2 else "Sam Okafor",
                "Extract_Date": taken,
            }
            for number in who
        ]

    def events(taken: str, ended: str) -> list[dict[str, str]]:
        return [
            SERVICE
            | {
                "LA_Person_Unique_Identifier": f"P{number:05}",
                "NHS_Number": factories.made_up_nhs_number(number + numbers),
                "Event_End_Date": ended if not number % 4 else "",
                "Reporting_Period_End_Date": taken,
            }
            for number in who
        ]

    def but(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        return [row for at, row in enumerate(rows) if at % 7]

    odd = b",,\r\n" + SERVICE["LA_Person_Unique_Identifier"].encode() + b",x\r\n"
    first = (table(*people("30/06/2026", "Lee")), table(*events("2026-06-30", "")) + odd)
    then = (
        table(*but(people("31/07/2026", "Lee Adeyemi"))),
        table(*but(events("2026-07-31", "2026-07-20"))),
    )
    return Story("council-csv", "adult_social_care", (first, then, first), FULL)


def edifact(who: range, numbers: int = 0) -> Story:
    """Reports, and some of them corrected; one is cut off."""

    def report(number: int, value: str, **changed: Any) -> bytes:
        nhs = factories.made_up_nhs_number(number + numbers)
        person = [
            "S07+07",
            f"PNA+PAT+{nhs}:OPI+++SU:Carter+FO:{given_name(number)}+TI:Ms",
            "DTM+329:19410303:102",
            "PDI+2",
        ]
        results = edifact_sodium(value)
        return edifact_message(
            *results, reference=str(number), person=person, report=f"R{number}", **changed
        )

    first = b"\r\n".join(report(number, "136") for number in who)
    then = b"\r\n".join(report(number, "140", status="CO") for number in who if number % 2)
    then = then.replace(b"137:202603021800", b"137:202603031800")
    cut = report(1, "1")[:-60]
    return Story("edifact", "nhs_trust", ((first,), (cut + b"\r\n" + then,)))


def hl7v2(who: range, numbers: int = 0) -> Story:
    """Results and visits: corrected, deleted, discharged, cancelled, and not in their order."""

    def pid(number: int) -> str:
        nhs = factories.made_up_nhs_number(number + numbers)
        return (
            f"PID|1||M{number}^^^RJ2^MR~{nhs}^^^NHS^NH||Carter^{given_name(number)}^^^Ms^^L"
            "||19410303|2"
        )

    def of(number: int) -> dict[str, Any]:
        return {"person": pid(number)}

    def stay(number: int) -> str:
        return visit(admitted="20260302100000").replace("V1^^^RJ2", f"V{number}^^^RJ2")

    first, then = b"", b""
    for number in who:
        result = bloods(sodium(), filler=f"F{number}", **of(number))
        came = adt("A01", "100000", stay(number), **of(number))
        left = adt("A03", "150000", stay(number), **of(number))
        moved = adt("A02", "120000", stay(number).replace("T10", "T11"), **of(number))
        first += result + left
        then += came
        if number % 2:
            later = {"said": "20260303120000", "filler": f"F{number}", **of(number)}
            then += bloods(sodium("3", "C"), **later)
        if not number % 3:
            then += adt("A13", "160000", stay(number), **of(number)) + moved
        if not number % 4:
            then += adt("A11", "170000", stay(number), **of(number))
        if not number % 5:
            gone = {"said": "20260304120000", "filler": f"F{number}", **of(number)}
            then += bloods(sodium('""', "D"), **gone)
    odd = message("ORM^O01", "ORC|NW") + b"MSH|^~\\&|\r" + message("ADT^A01")
    return Story("hl7v2", "nhs_trust", ((first + odd,), (then,)))
