"""Partial dates, periods, and which of several names and addresses is the one."""

from __future__ import annotations

from datetime import date

import pytest

from identity.models import Protection
from identity.nhs_number import NhsNumber
from identity.pds.demographics import (
    Address,
    Demographics,
    Name,
    Period,
    Registration,
    Telecom,
)
from identity.vital import PartialDate

TODAY = date(2026, 11, 22)
PAST, FUTURE = Period(end=date(2025, 1, 1)), Period(start=date(2027, 1, 1))


def person(**said: object) -> Demographics:
    return Demographics(
        number=NhsNumber("9990001014"), protection=Protection.UNRESTRICTED, **said  # type: ignore[arg-type]  # any field
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "first", "last", "exact"),
    [
        ("2012", date(2012, 1, 1), date(2012, 12, 31), False),
        ("2012-02", date(2012, 2, 1), date(2012, 2, 29), False),
        ("2012-02-29", date(2012, 2, 29), date(2012, 2, 29), True),
        ("2012-02-29T23:59:59+01:00", date(2012, 2, 29), date(2012, 2, 29), True),
    ],
)
def test_a_partial_date(text: str, first: date, last: date, exact: bool) -> None:
    found = PartialDate.parse(text)
    assert (found.first(), found.last()) == (first, last)
    assert found.exact() == (first if exact else None)
    assert found.can_be(first)
    assert not found.can_be(date(2013, 1, 1))


@pytest.mark.parametrize(
    "text", ["", "12", "2012-13", "2013-02-29", "2012-2-1", "0000", "２０１２", "2012-01-01 10:00"]
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a FHIR date|no such day"):
        PartialDate.parse(text)


def test_the_usual_name_in_force_comes_first() -> None:
    names = (
        Name("nickname", "A", period=Period()),
        Name("usual", "B", period=PAST),
        Name("usual", "C", period=Period(start=date(2025, 1, 2))),
        Name("usual", "D", period=FUTURE),
    )
    assert person(names=names).name(TODAY) == names[2]
    assert person(names=names[:2]).name(TODAY) == names[1]
    assert person(names=names[:1]).name(TODAY) is None


def test_letters_go_to_the_address_for_letters_then_the_temporary_one_then_home() -> None:
    home, temporary, letters = Address("home"), Address("temp"), Address("billing")
    assert person(addresses=(home, temporary, letters)).for_letters(TODAY) is letters
    assert person(addresses=(home, temporary)).for_letters(TODAY) is temporary
    assert person(addresses=(home, Address("temp", period=PAST))).for_letters(TODAY) is home
    assert person(addresses=(home, Address("billing", period=FUTURE))).for_letters(TODAY) is home
    assert person(addresses=(Address("home", period=PAST),)).for_letters(TODAY) is None
    assert person(addresses=(temporary,)).home(TODAY) is None


@pytest.mark.parametrize(
    ("registration", "practice"),
    [
        (Registration("G85001"), "G85001"),
        (Registration("G85001", PAST), None),
        (Registration("V81997"), None),
        (None, None),
    ],
)
def test_the_practice(registration: Registration | None, practice: str | None) -> None:
    assert person(registration=registration).practice(TODAY) == practice


def test_a_mobile_comes_before_the_number_at_home() -> None:
    home, mobile = Telecom("phone", "home", "1"), Telecom("phone", "mobile", "2")
    work, mail = Telecom("phone", "work", "3"), Telecom("email", "home", "4")
    assert person(telecoms=(mail, work, home, mobile)).phone(TODAY) == "2"
    assert person(telecoms=(mail, work, home)).phone(TODAY) == "1"
    assert person(telecoms=(mail, Telecom("phone", "home", "1", PAST))).phone(TODAY) is None
