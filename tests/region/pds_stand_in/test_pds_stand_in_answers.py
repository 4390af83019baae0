"""The stand-in answers what the contract has, and what the published mock was seen to answer."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from region.make_region import people_and_homes
from region.pds_stand_in.people import Address, Held, Register, register_of
from region.pds_stand_in.service import BASE_PATH, Quota, Request, Service
from region.pds_stand_in.tokens import TokenService
from region.people_of_note import PEOPLE_OF_NOTE

BORN = date(2010, 10, 22)
SMITH = Held(
    number="9990001014", family="Smith", given=("Jane", "Ann"), birth_date=BORN, gender="female",
    title="Mrs", language="fr",
    addresses=(Address(("1 Boar Lane",), "LS1 6AE"), Address(("2",), "E1 6AN", "temp")),
    phones=(("home", "01632960587"),), email="jane@example.com", practice="Y12345",
    former_families=("Godsoe",), former_addresses=(Address(("9",), "DN17 4AA"),),
)  # fmt: skip
SMYTH = Held(
    number="9990001022", family="Smyth", given=("Jayne",), birth_date=BORN, gender="female",
    addresses=(Address(("1 Boar Lane",), "LS1 6AE"),),
)  # fmt: skip
SMYTHE = Held(
    number="9990001030", family="Smythe", given=("Janet",), birth_date=BORN, gender="female",
    label="R", addresses=(Address(("1",), "LS1 6AE"),), practice="Y12345",
    phones=(("home", "01632960588"),),
)  # fmt: skip
HEADERS = {
    "authorization": "Bearer good",
    "x-request-id": "60e0b220-8136-4ca5-ae46-1d97ef59d068",
    "x-correlation-id": "11C46F5F-CDEF-4865-94B2-0EE0EDCC26DA",
}


class AnyToken(TokenService):
    def accepts(self, token: str) -> bool:
        return token == "good"


@pytest.fixture
def service() -> Service:
    register = Register({each.number: each for each in (SMITH, SMYTH, SMYTHE)})
    return Service(register, AnyToken("ours", {}), Quota())


def ask(service: Service, path: str, method: str = "GET", **headers: str | None) -> Any:
    sent = {name: value for name, value in (HEADERS | headers).items() if value is not None}
    answer = service.answer(Request(method=method, target=f"{BASE_PATH}{path}", headers=sent))
    return answer.status, json.loads(answer.body), answer


def code(body: dict[str, Any]) -> str:
    found: str = body["issue"][0]["details"]["coding"][0]["code"]
    return found


def search(service: Service, *terms: str, **more: str) -> list[str]:
    """The numbers found, best first; ``many`` or the code of a refusal instead."""
    pairs = [tuple(term.split("=", 1)) for term in terms] + list(more.items())
    _, body, _ = ask(service, f"/Patient?{urlencode(pairs)}")
    if body["resourceType"] == "Bundle":
        return [entry["resource"]["id"] for entry in body.get("entry", [])]
    return [code(body)]


@pytest.mark.parametrize(
    "name",
    ["get_9000000000_bad_check_digit", "get_9111231130_not_found", "get_bearer_empty",
     "get_no_request_id", "search_no_birthdate", "search_too_many", "search_zero"],
)  # fmt: skip
def test_it_answers_as_the_published_mock_did(
    service: Service, shared_data: Path, name: str
) -> None:
    exchange = json.loads((shared_data / "pds" / "captured" / f"{name}.json").read_text())
    sent = {key.lower(): value for key, value in exchange["request"]["headers"].items()}
    # The mock takes requests without a token; the service does not.
    sent = {"authorization": "Bearer good", **sent}
    path = exchange["request"]["path"].replace("&gender=female", "")
    answer = service.answer(Request(method="GET", target=f"{BASE_PATH}{path}", headers=sent))
    body, expected = json.loads(answer.body), exchange["response"]
    assert answer.status == expected["status"]
    assert set(body) == set(expected["body"])
    if "issue" in body:
        for ours, theirs in zip(body["issue"], expected["body"]["issue"], strict=True):
            assert (ours["severity"], ours["code"]) == (theirs["severity"], theirs["code"])
        assert code(body) == code(expected["body"])


@pytest.mark.parametrize(
    ("headers", "method", "path", "status", "expected"),
    [
        ({"authorization": None}, "GET", "/Patient/9990001014", 401, "ACCESS_DENIED"),
        ({"authorization": ""}, "GET", "/Patient/9990001014", 401, "ACCESS_DENIED"),
        ({"authorization": "Basic good"}, "GET", "/Patient/9990001014", 401, "ACCESS_DENIED"),
        ({"authorization": "Bearer bad"}, "GET", "/Patient/9990001014", 401, "ACCESS_DENIED"),
        ({"x-request-id": None}, "GET", "/Patient/9990001014", 400, "MISSING_VALUE"),
        ({"x-request-id": "1234"}, "GET", "/Patient/9990001014", 400, "INVALID_VALUE"),
        ({}, "GET", "/Patient/", 400, "UNSUPPORTED_SERVICE"),
        ({}, "GET", "/Patient/abc", 400, "INVALID_RESOURCE_ID"),
        ({}, "GET", "/Coverage", 400, "UNSUPPORTED_REQUEST"),
        ({}, "PATCH", "/Patient/9990001014", 403, "INVALID_METHOD"),
        ({}, "POST", "/Patient", 403, "INVALID_METHOD"),
    ],
)
def test_what_it_refuses(
    service: Service, headers: dict[str, str | None], method: str, path: str, status: int,
    expected: str,
) -> None:  # fmt: skip
    found, body, _ = ask(service, path, method, **headers)
    assert (found, code(body)) == (status, expected)


def test_ids_are_mirrored(service: Service) -> None:
    _, _, answer = ask(service, "/Patient/9990001014")
    assert answer.headers["x-request-id"] == HEADERS["x-request-id"]
    assert answer.headers["ETag"] == 'W/"1"'


def test_a_retrieval_has_more_than_a_search(service: Service) -> None:
    _, whole, _ = ask(service, "/Patient/9990001014")
    assert [each["use"] for each in whole["address"]] == ["home", "temp"]
    assert "NHSCommunication" in str(whole["extension"])
    _, found, _ = ask(service, "/Patient?family=Smith&birthdate=2010-10-22")
    hit = found["entry"][0]["resource"]
    assert [each["use"] for each in hit["address"]] == ["home"]
    assert "NHSCommunication" not in str(hit)


@pytest.mark.parametrize("label", ["R", "V"])
def test_what_a_protected_person_does_not_show(service: Service, label: str) -> None:
    service.register.put(
        Held(number="9990001014", family="Smith", given=("Jane",), birth_date=BORN,
             gender="female", label=label, addresses=SMITH.addresses, phones=SMITH.phones,
             practice="Y12345", email="x@example.com")
    )  # fmt: skip
    _, body, _ = ask(service, "/Patient/9990001014")
    assert not {"address", "telecom", "generalPractitioner"} & set(body)
    assert ({"name", "birthDate"} <= set(body)) is (label == "R")


SMITH_BORN = ("family=Smith", "birthdate=eq2010-10-22")


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        (SMITH_BORN, ["9990001014"]),
        (("family=SMITH", "birthdate=2010-10-22"), ["9990001014"]),
        ((*SMITH_BORN, "given=Jane"), ["9990001014"]),
        ((*SMITH_BORN, "given=Jan*"), ["9990001014"]),
        ((*SMITH_BORN, "given=Ann"), ["9990001014"]),
        ((*SMITH_BORN, "given=An*"), []),  # a wildcard is for the first given name
        ((*SMITH_BORN, "gender=male"), []),
        ((*SMITH_BORN, "address-postalcode=LS1 6AE"), ["9990001014"]),
        ((*SMITH_BORN, "address-postalcode=ls16ae"), ["9990001014"]),
        ((*SMITH_BORN, "address-postalcode=LS*"), ["9990001014"]),
        ((*SMITH_BORN, "address-postalcode=E1 6AN"), []),  # not a home
        ((*SMITH_BORN, "general-practitioner=Y12345"), ["9990001014"]),
        ((*SMITH_BORN, "email=jane@example.com"), ["9990001014"]),
        ((*SMITH_BORN, "phone=0"), []),
        (("family=Smith", "birthdate=ge2010-01-01", "birthdate=le2010-12-31"), ["9990001014"]),
        (("family=Smith", "birthdate=ge2011-01-01"), []),
        (("family=Sm*", "birthdate=eq2010-10-22"), ["TOO_MANY_MATCHES"]),
        (("family=Sm*", "birthdate=eq2010-10-22", "_exact-match=true"), []),
        (("family=Godsoe", "birthdate=eq2010-10-22"), []),
        (("family=Godsoe", "birthdate=eq2010-10-22", "_history=true"), ["9990001014"]),
        ((*SMITH_BORN, "address-postalcode=DN17*"), []),
        ((*SMITH_BORN, "address-postalcode=DN17*", "_history=true"), ["9990001014"]),
        (("family=Smythe", "birthdate=eq2010-10-22"), ["9990001030"]),
        (("family=Smythe", "birthdate=eq2010-10-22", "address-postalcode=LS1 6AE"), []),
        (("family=Smythe", "birthdate=eq2010-10-22", "general-practitioner=Y12345"), []),
        (("family=Jane", "given=Smith", "birthdate=2010-10-22", "_fuzzy-match=true"),
         ["TOO_MANY_MATCHES"]),
        (("family=Smithe", "given=Jane", "birthdate=2010-10-23", "_fuzzy-match=true"), []),
    ],
)  # fmt: skip
def test_who_is_found(service: Service, terms: tuple[str, ...], found: list[str]) -> None:
    assert search(service, *terms) == found


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ((), "UNSUPPORTED_SERVICE"),
        (("gender=female",), "MISSING_VALUE"),
        (("family=Smith",), "MISSING_VALUE"),
        (("birthdate=2010-10-22",), "INVALID_SEARCH_DATA"),
        (("family=Smith", "birthdate=20101022"), "INVALID_VALUE"),
        (("family=Smith", "birthdate=2010-13-01"), "INVALID_VALUE"),
        ((*SMITH_BORN, "manufacturer=x"), "ADDITIONAL_PROPERTIES"),
        ((*SMITH_BORN, "_max-results=2"), "INVALID_VALUE"),
        ((*SMITH_BORN, "address-postcode=A", "address-postalcode=A"), "INVALID_SEARCH_DATA"),
        (("family=S*", "birthdate=2010-10-22"), "INVALID_SEARCH_DATA"),
        ((*SMITH_BORN, "_fuzzy-match=true"), "INVALID_SEARCH_DATA"),
        ((*SMITH_BORN, "given=Jan*", "_fuzzy-match=true"), "INVALID_SEARCH_DATA"),
    ],
)
def test_which_searches_it_refuses(service: Service, terms: tuple[str, ...], expected: str) -> None:
    assert search(service, *terms) == [expected]


def test_one_who_sounds_alike_is_found_fuzzily(service: Service) -> None:
    terms = ("given=Jaine", "birthdate=2010-10-22", "_fuzzy-match=true")
    for number in ("9990001022", "9990001030"):
        del service.register.people[number]
    assert search(service, "family=Smithe", *terms) == ["9990001014"]
    assert search(service, "family=Brown", *terms) == []


def test_the_quota_counts_a_rolling_window() -> None:
    quota = Quota(limit=2, window=60)
    assert [quota.passed(at) for at in (0, 30, 59.9, 60, 89, 90)] == [
        False, False, True, False, True, False
    ]  # fmt: skip


def test_a_quota_that_is_used_up_is_a_429(service: Service) -> None:
    service.quota = Quota(limit=1)
    assert ask(service, "/Patient/9990001014")[0] == 200
    status, body, answer = ask(service, "/Patient/9990001014")
    assert (status, code(body)) == (429, "TOO_MANY_REQUESTS")
    assert "Retry-After" not in answer.headers  # the service gives none


def test_the_register_holds_the_region() -> None:
    people = list(people_and_homes(2016, len(PEOPLE_OF_NOTE) + 20, date(2026, 11, 22)))
    register = register_of(people)
    assert {person.nhs_number for person, _ in people} <= set(register.people)
    assert all(number.startswith("999") for number in register.people)
    twins = [held for held in register.people.values() if held.family == "Johnson-Bell"]
    assert [twin.twin for twin in twins] == [True, True]
    for old, new in register.superseded.items():
        assert old not in register.people
        assert new in register.people
    assert not register.invalidated & set(register.people)
