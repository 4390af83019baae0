"""The comparison that stands between an answer and a verified number."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.models import Protection, Sex
from identity.nhs_number import NhsNumber
from identity.pds.comparing import (
    Agreement,
    Comparison,
    Evidence,
    Field,
    Held,
    Verdict,
    compare,
    normal_postcode,
)
from identity.pds.demographics import Address, Demographics, Name
from identity.vital import PartialDate

NUMBER = NhsNumber.parse("9990001014", test_ranges=True)
HELD = Held("Adeyemi-Clarke", "Dorothy May", date(1938, 3, 14), Sex.FEMALE, "SE9 1CI")
SAID = Demographics(
    number=NUMBER,
    protection=Protection.UNRESTRICTED,
    names=(Name("usual", "Adeyemi-Clarke", ("Dorothy", "May")),),
    gender=Sex.FEMALE,
    birth_date=PartialDate.parse("1938-03-14"),
    addresses=(Address("home", ("1 Kiln Meadow",), "SE9 1CI"),),
)


def named(family: str, *given: str, use: str = "usual") -> tuple[Name, ...]:
    return (Name(use, family, given),)


def judged(held: Held = HELD, said: Demographics = SAID, by: Evidence = Evidence.NUMBER) -> str:
    return compare(held, said, by=by).verdict


def born(text: str) -> Demographics:
    return replace(SAID, birth_date=PartialDate.parse(text))


@pytest.mark.parametrize("by", Evidence)
def test_the_same_person_agrees_in_every_field(by: Evidence) -> None:
    found = compare(HELD, SAID, by=by)
    assert found.verdict is Verdict.AGREEING
    assert found.with_(Agreement.AGREES) == tuple(Field)


@pytest.mark.parametrize(
    ("ours", "theirs", "agreement"),
    [
        ("ADEYEMI CLARKE", "Adeyemi-Clarke", Agreement.AGREES),
        ("O’Brien", "OBRIEN", Agreement.AGREES),
        ("Sørensen", "Sorensen", Agreement.AGREES),
        ("Martinez Lopez", "Martínez López", Agreement.AGREES),
        ("Clarke", "Adeyemi-Clarke", Agreement.INEXACT),
        ("Kaur Gill", "Gill", Agreement.INEXACT),
        ("MacDonald", "McDonald", Agreement.INEXACT),
        ("Berg", "van der Berg", Agreement.INEXACT),
        ("van der Berg", "van der Meer", Agreement.DISAGREES),
        ("Smith", "Jones", Agreement.DISAGREES),
        ("", "Smith", Agreement.UNSAID),
        ("Smith", "", Agreement.UNSAID),
    ],
)
def test_family_names(ours: str, theirs: str, agreement: Agreement) -> None:
    said = replace(SAID, names=named(theirs, "Dorothy"))
    found = compare(replace(HELD, family_name=ours), said, by=Evidence.NUMBER)
    assert found.of(Field.FAMILY_NAME) is agreement


@pytest.mark.parametrize(
    ("ours", "theirs", "agreement"),
    [
        ("Dorothy", "Dorothy May", Agreement.AGREES),
        ("Dorothy M", "Dorothy May", Agreement.AGREES),
        ("DOROTHY MAY", "Dorothy-May", Agreement.AGREES),
        ("", "", Agreement.AGREES),
        ("D", "Dorothy", Agreement.INEXACT),
        ("D. M.", "Dorothy May", Agreement.INEXACT),
        ("Chris", "Christopher", Agreement.INEXACT),
        ("Bill", "William", Agreement.INEXACT),
        ("William Ann", "Bill", Agreement.INEXACT),
        ("Mei Ling", "Mei Xian", Agreement.INEXACT),
        ("Ezra", "Micah", Agreement.DISAGREES),
        ("Jo", "Joseph", Agreement.DISAGREES),
        ("May", "Dorothy", Agreement.DISAGREES),
        ("", "Dorothy", Agreement.UNSAID),
        ("Dorothy", "", Agreement.UNSAID),
    ],
)
def test_given_names(ours: str, theirs: str, agreement: Agreement) -> None:
    said = replace(SAID, names=named("Adeyemi-Clarke", *theirs.split()))
    found = compare(replace(HELD, given_names=ours), said, by=Evidence.NUMBER)
    assert found.of(Field.GIVEN_NAMES) is agreement


@pytest.mark.parametrize(
    ("theirs", "agreement"),
    [
        ("1938-03-14", Agreement.AGREES),
        ("1938-03", Agreement.INEXACT),
        ("1938", Agreement.INEXACT),
        ("1938-04", Agreement.DISAGREES),
        ("1939", Agreement.DISAGREES),
        ("1938-03-15", Agreement.DISAGREES),
        ("1983-03-14", Agreement.DISAGREES),
    ],
)
def test_birth_dates(theirs: str, agreement: Agreement) -> None:
    found = compare(HELD, born(theirs), by=Evidence.NUMBER)
    assert found.of(Field.BIRTH_DATE) is agreement


def test_a_birth_date_with_day_and_month_exchanged_is_inexact() -> None:
    held = replace(HELD, birth_date=date(1938, 4, 3))
    found = compare(held, born("1938-03-04"), by=Evidence.NUMBER)
    assert found.of(Field.BIRTH_DATE) is Agreement.INEXACT
    assert found.verdict is Verdict.INEXACT


@pytest.mark.parametrize(
    ("said", "by_number", "by_search"),
    [
        (replace(SAID, addresses=()), "agreeing", "inexact"),
        (replace(SAID, addresses=(Address("home", (), "BR1 1AA"),)), "agreeing", "inexact"),
        (replace(SAID, addresses=(Address("home", (), "se91ci"),)), "agreeing", "agreeing"),
        (replace(SAID, gender=Sex.MALE), "inexact", "inexact"),
        (replace(SAID, gender=Sex.UNKNOWN), "agreeing", "agreeing"),
        (replace(SAID, gender=None), "agreeing", "agreeing"),
        (replace(SAID, birth_date=None), "inexact", "inexact"),
        (replace(SAID, names=()), "inexact", "inexact"),
        (replace(SAID, names=named("Adeyemi-Clarke", "Micah")), "disagreeing", "disagreeing"),
        (replace(SAID, names=named("Jones", "Dorothy")), "disagreeing", "disagreeing"),
        (born("1990-01-01"), "disagreeing", "disagreeing"),
    ],
)
def test_the_verdict(said: Demographics, by_number: str, by_search: str) -> None:
    assert judged(said=said, by=Evidence.NUMBER) == by_number
    assert judged(said=said, by=Evidence.SEARCH) == by_search


def test_a_former_name_is_for_a_person_to_judge() -> None:
    names = named("Smith", "Dorothy", "May") + named("Adeyemi-Clarke", "Dorothy", use="maiden")
    assert judged(said=replace(SAID, names=names)) == Verdict.INEXACT
    current = names + named("Adeyemi-Clarke", "Dorothy", use="temp")
    assert judged(said=replace(SAID, names=current)) == Verdict.AGREEING


def test_both_parts_must_agree_with_the_same_name() -> None:
    names = named("Adeyemi-Clarke", "Ruth") + named("Jones", "Dorothy", use="nickname")
    assert judged(said=replace(SAID, names=names)) == Verdict.DISAGREEING


def test_names_in_each_others_place_are_inexact() -> None:
    held = replace(HELD, family_name="Wai Yee", given_names="Chan")
    said = replace(SAID, names=named("Chan", "Wai", "Yee"))
    assert judged(held, said) == Verdict.INEXACT


def test_twins_are_two_people() -> None:
    ezra = Held("Johnson-Bell", "Ezra", date(2021, 8, 30), Sex.MALE, "SE9 1CI")
    micah = replace(SAID, names=named("Johnson-Bell", "Micah"), gender=Sex.MALE,
                    birth_date=PartialDate.parse("2021-08-30"))  # fmt: skip
    assert judged(ezra, micah) == Verdict.DISAGREEING
    emily = replace(micah, names=named("Johnson-Bell", "Emily"))
    assert judged(replace(ezra, given_names="E"), emily) == Verdict.INEXACT


@pytest.mark.parametrize("none", ["", "ZZ99 3VZ", "zz993wz"])
def test_a_postcode_that_stands_for_none_says_nothing(none: str) -> None:
    assert normal_postcode(none) == ""
    held = compare(replace(HELD, postcode=none), SAID, by=Evidence.SEARCH)
    assert held.of(Field.POSTCODE) is Agreement.UNSAID


names = st.text(max_size=12)
people = st.builds(
    Held, names, names, st.none() | st.dates(), st.sampled_from(Sex), st.text(max_size=8)
)


def as_said(held: Held) -> Demographics:
    day = held.birth_date
    return Demographics(
        number=NUMBER,
        protection=Protection.UNRESTRICTED,
        names=named(held.family_name, *held.given_names.split()),
        gender=held.sex,
        birth_date=PartialDate(day.year, day.month, day.day) if day else None,
        addresses=(Address("home", (), held.postcode),),
    )


@given(people, people, st.sampled_from(Evidence))
def test_agreeing_is_never_said_of_people_who_differ(one: Held, two: Held, by: Evidence) -> None:
    found: Comparison = compare(one, as_said(two), by=by)
    if found.verdict is Verdict.AGREEING:
        assert one.birth_date == two.birth_date is not None
        assert found.of(Field.FAMILY_NAME) is found.of(Field.GIVEN_NAMES) is Agreement.AGREES
        assert by is Evidence.NUMBER or found.of(Field.POSTCODE) is Agreement.AGREES
    if compare(one, as_said(two), by=Evidence.SEARCH).verdict is Verdict.AGREEING:
        assert compare(one, as_said(two), by=Evidence.NUMBER).verdict is Verdict.AGREEING


def test_a_comparison_holds_no_value() -> None:
    text = repr((HELD, SAID, compare(HELD, born("1990-01-01"), by=Evidence.NUMBER)))
    for value in ("Adeyemi", "Dorothy", "1938", "9990001014", "SE9"):
        assert value not in text
