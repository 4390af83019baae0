"""The keys by which a resident is found: what is typed and what is held meet, and no further."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from identity import names
from identity.names import family_keys, fold, given_keys, given_variants, search_keys, transposed

BORN = date(1941, 4, 3)


@pytest.mark.parametrize(
    ("held", "typed"),
    [
        ("Carter", "CARTER"),
        ("Núñez", "nunez"),
        ("O'Brien", "OBrien"),
        ("O’Brien", "O'Brien"),
        ("O'Brien", "O Brien"),
        ("O'Brien", "Brien"),
        ("D'Souza", "de Souza"),
        ("van der Berg", "Berg"),
        ("van der Berg", "Vanderberg"),
        ("de la Cruz", "Cruz"),
        ("Al-Hassan", "Hassan"),
        ("al Hassan", "El-Hassan"),
        ("McDonald", "MacDonald"),
        ("Mc Donald", "Macdonald"),
        ("MacDonald-Smith", "McDonald"),
        ("St John", "Saint John"),
        ("St. John", "StJohn"),
        ("St John-Mollusc", "St John"),
        ("Smith-Jones", "Jones"),
        ("Smith", "Smith-Jones"),
        ("García López", "Lopez"),
        ("Ødegård", "Odegard"),
        ("Weiß", "Weiss"),
    ],
)
def test_variants_of_a_family_name_meet_both_ways(held: str, typed: str) -> None:
    assert family_keys(held) & family_keys(typed)
    assert family_keys(typed) & family_keys(held)


@pytest.mark.parametrize(
    ("held", "typed"),
    [
        ("Carter", "Cart"),
        ("Carter", "Cartier"),
        ("Carter", "C"),
        ("Carter", "Car%"),
        ("Carter", "Car_er"),
        ("Carter", "*"),
        ("Carter", "Carter2"),
        ("O'Brien", "O"),
        ("van der Berg", "van"),
        ("van der Berg", "van der"),
        ("de Souza", "de Silva"),
        ("McDonald", "Donald"),
        ("St John", "St"),
        ("Macey", "Mcey"),
        ("J Smith", "J"),
        ("Smith-Jones", "Smithjo"),
    ],
)
def test_what_is_no_whole_word_of_a_name_does_not_meet_it(held: str, typed: str) -> None:
    assert not family_keys(held) & family_keys(typed)


@pytest.mark.parametrize("name", ["Le", "De", "O", "X", "van der", "Ng"])
def test_short_names_and_names_that_are_particles_are_found_whole(name: str) -> None:
    assert fold(name) in family_keys(name)


@pytest.mark.parametrize("nothing", ["", " ", "--", "'", "%", "_*"])
def test_without_a_letter_there_is_no_key(nothing: str) -> None:
    assert family_keys(nothing) == frozenset()
    assert search_keys(nothing, BORN) == []


@given(some.text(max_size=60))
def test_of_any_text_keys_are_few_folded_and_hold_the_whole(text: str) -> None:
    keys = family_keys(text)
    assert len(keys) <= 30
    assert all(key == fold(key) for key in keys)
    assert (fold(text) in keys) == bool(fold(text))


def test_a_key_holds_name_and_birth_date() -> None:
    assert search_keys("O'Brien", BORN) == ["brien -10500", "obrien -10500"]
    assert search_keys("O'Brien", BORN, transposed(BORN)) == [
        "brien -10530",
        "brien -10500",
        "obrien -10530",
        "obrien -10500",
    ]
    assert search_keys("O'Brien", None) == []


@pytest.mark.parametrize(
    ("born", "other"),
    [
        (date(1941, 4, 3), date(1941, 3, 4)),
        (date(1941, 3, 3), None),
        (date(1941, 3, 13), None),
        (date(2024, 2, 29), None),
        (date(2024, 12, 2), date(2024, 2, 12)),
    ],
)
def test_day_and_month_the_other_way_round(born: date, other: date | None) -> None:
    assert transposed(born) == other
    if other is not None:
        assert transposed(other) == born


# ── Given names ─────────────────────────────────────────────────────────────────────────────


def listed() -> list[str]:
    """Every name of the file that ships."""
    text = Path(names.__file__).with_name("given-names.txt").read_text(encoding="utf-8")
    return sorted({name for line in text.splitlines() for name in line.split("#")[0].split()})


def test_short_forms_stand_for_names_and_names_for_short_forms() -> None:
    found = listed()
    assert len(found) > 500
    for name in found:
        assert name == fold(name), "the file holds folded names"
        assert name in given_variants(name)
        for variant in given_variants(name):
            assert name in given_variants(variant), (name, variant)


def test_no_line_of_the_file_is_there_twice_or_alone() -> None:
    text = Path(names.__file__).with_name("given-names.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert all(len(line) == len(set(line)) > 1 for line in lines)
    assert all(first[0] <= second[0] for first, second in pairwise(lines)), "sorted by first name"
    assert len({line[0] for line in lines}) == len(lines)


@pytest.mark.parametrize(
    ("one", "other"),
    [("bill", "william"), ("peggy", "margaret"), ("mohammed", "muhammad"), ("liz", "elizabeth")],
)
def test_known_short_forms(one: str, other: str) -> None:
    assert other in given_variants(one)


def test_a_short_form_of_two_names_does_not_make_them_one() -> None:
    assert {"alexander", "alexandra"} < given_variants("alex")
    assert "alexandra" not in given_variants("alexander")


def test_a_name_that_is_not_listed_stands_for_itself() -> None:
    assert given_variants("zephaniah") == {"zephaniah"}


def test_given_names_are_taken_apart() -> None:
    assert given_keys("Mary-Ann  Zoë Mary") == ("mary", "ann", "zoe")
    assert given_keys(" - ") == ()
