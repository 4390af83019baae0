"""What is shown of who a resident is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from access.glimpses import Search
from identity.nhs_number import NhsNumber
from identity.presenters import count_found, person, result
from identity.selectors import ResidentSeen
from tests.factories import made_up_nhs_number
from tests.identity.acting import acting_with

TODAY = date(2026, 11, 22)
RUTH = ResidentSeen(
    id=1,
    public_id=UUID("019aa000-0000-7000-8000-000000000001"),
    title="Mrs",
    family_name="Carter",
    given_names="Ruth Anne",
    birth_date=date(1941, 12, 3),
    sex="Female",
    deceased=False,
    deceased_on=None,
    protected=False,
    nhs_number=made_up_nhs_number(1),
    nhs_number_status="01",
    address_lines=("1 Sample Street",),
    postcode="SE13 6LH",
    phone="",
    practice_code="",
    language="",
    interpreter_needed=False,
)


def test_a_person_is_shown_as_the_patient_banner_has_them() -> None:
    shown = person(RUTH, today=TODAY)
    assert shown.name == "CARTER, Ruth Anne (Mrs)"
    assert shown.born == "03-Dec-1941 (84y)"
    assert shown.sex == "Female"
    assert shown.nhs_number.replace("\u00a0", "") == RUTH.nhs_number
    assert shown.postcode == "SE13 6LH"


def test_a_number_that_is_kept_back_looks_like_one_that_nobody_knows() -> None:
    assert person(replace(RUTH, nhs_number=None), today=TODAY).nhs_number == "Not shown"


def test_the_age_of_the_dead_is_their_age_at_death() -> None:
    shown = person(replace(RUTH, deceased=True, deceased_on=date(2020, 12, 2)), today=TODAY)
    assert shown.born == "03-Dec-1941 (78y at death)"
    assert shown.died == "02-Dec-2020"


def test_no_age_is_guessed_where_the_date_of_death_is_not_known() -> None:
    shown = person(replace(RUTH, deceased=True), today=TODAY)
    assert shown.born == "03-Dec-1941"
    assert shown.died == "date not known"


def test_a_birth_date_that_nobody_knows_is_said() -> None:
    assert person(replace(RUTH, birth_date=None), today=TODAY).born == "Not recorded"


@pytest.mark.parametrize(
    ("search", "words"),
    [
        (Search(), []),
        (Search(family_name="cárter", given_name="ruth a", birth_date=date(1941, 12, 3)), []),
        (Search(family_name="Smith"), ["family name"]),
        (Search(given_name="Anne"), ["given name you entered"]),
        (Search(given_name="nn"), ["given name"]),
        (Search(birth_date=date(1941, 3, 12)), ["day and month of birth are"]),
        (Search(birth_date=date(1941, 12, 4)), ["date of birth"]),
        (Search(postcode="se13", sex="female"), []),
        (Search(postcode="SE136LH", sex="male"), ["gender"]),
        (Search(postcode="SE1"), ["postcode"]),
        (
            Search(family_name="Smith", given_name="Jo", birth_date=date(1999, 1, 1)),
            ["family name", "given name", "date of birth"],
        ),
    ],
)
def test_what_was_typed_beside_a_number_is_compared(search: Search, words: list[str]) -> None:
    number = NhsNumber.parse(RUTH.nhs_number or "", test_ranges=True)
    shown = result(RUTH, replace(search, nhs_number=number), acting_with())
    begun = [re.split(" is | the ", differs)[0] for differs in shown.differs]
    assert begun == [f"The {word}" for word in words]


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "No resident found"), (1, "1 resident found"), (10, "10 residents found")],
)
def test_the_count_is_a_sentence(count: int, words: str) -> None:
    assert count_found(count) == words
