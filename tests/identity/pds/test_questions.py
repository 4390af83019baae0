"""Searches that the service takes, and as its specification advises."""

from __future__ import annotations

from datetime import date

import pytest

from identity.pds.questions import NotASearch, Search

BORN = date(1967, 9, 2)
PERSON = {"family": "Patel", "given": "Rajesh Kumar", "birth_date": BORN, "postcode": "se136lh"}


def test_the_first_search_is_exact() -> None:
    assert Search.for_exact(**PERSON).parameters() == [
        ("family", "Patel"),
        ("given", "Rajesh"),
        ("birthdate", "eq1967-09-02"),
        ("address-postalcode", "SE13 6LH"),
        ("_exact-match", "true"),
    ]


def test_the_second_is_as_the_specification_advises() -> None:
    assert Search.with_wildcards(**PERSON).parameters() == [
        ("family", "Patel"),
        ("given", "Raj*"),
        ("birthdate", "eq1967-09-02"),
        ("address-postalcode", "SE*"),
        ("_history", "true"),
    ]


def test_the_third_finds_protected_people() -> None:
    names = [name for name, _ in Search.with_wildcards(**PERSON).without_postcode().parameters()]
    assert "address-postalcode" not in names
    assert "general-practitioner" not in names


def test_short_names_have_no_wildcard() -> None:
    search = Search.with_wildcards(family="Ng", given="Jo", birth_date=BORN, postcode="")
    assert ("given", "Jo") in search.parameters()


@pytest.mark.parametrize(
    ("family", "given", "exact"),
    [("", "", False), (" ", "", False), ("P*", "", False), ("*", "", False), ("Patel", "R*", False),
     ("Pat*", "", True)],
)  # fmt: skip
def test_what_the_service_would_refuse_is_not_asked(family: str, given: str, exact: bool) -> None:
    with pytest.raises(NotASearch):
        Search(family=family, given=given, birth_date=BORN, exact=exact)


def test_an_asterisk_in_a_name_is_no_wildcard() -> None:
    search = Search.for_exact(family="Pat*el", given="*", birth_date=BORN, postcode="*")
    assert search.parameters()[0] == ("family", "Pat el")
    assert "*" not in str(search.parameters())
