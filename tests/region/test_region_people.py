"""The people of the region: their numbers, homes, and what sources call them."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import nhs_number
import pytest

from region import people_of_note
from region.chance import Chance
from region.make_region import MISTAKEN_COUNCIL, make_region
from region.nhs_number import check_digit, figures_of, make_nhs_number
from region.organisations import (
    BOROUGHS,
    DEFAULT_ORGANISATIONS,
    TEAMS,
    Organisation,
    RegionOrganisations,
    SourceKind,
    TeamKind,
)
from region.people_of_note import PEOPLE_OF_NOTE
from region.places import NEVER_INWARD

if TYPE_CHECKING:
    from region.model import Region

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def region() -> Region:
    return make_region(7, 320, TODAY)


def test_check_digit_of_the_published_example():
    assert check_digit("401023213") == 7


def test_check_digit_that_would_be_ten_is_none():
    assert any(check_digit(f"9990001{number:02d}") is None for number in range(100))


@pytest.mark.parametrize("nine", ["", "12345678", "1234567890", "12345678x"])
def test_check_digit_refuses_what_is_not_nine_digits(nine):
    with pytest.raises(ValueError, match="nine digits"):
        check_digit(nine)


def test_made_numbers_skip_those_taken():
    first = make_nhs_number(Chance("same"), set())
    assert make_nhs_number(Chance("same"), {figures_of(first)}) != first


def test_numbers_are_valid_unique_and_begin_999(region):
    numbers = [each.nhs_number for each in region.people]
    assert len(set(numbers)) == len(numbers) >= 320
    for number in numbers:
        assert number.startswith("999")
        assert number != "9999999999"
        assert nhs_number.is_valid(number)


def test_same_seed_makes_the_same_region(region):
    again = make_region(7, 320, TODAY)
    assert again == region
    assert make_region(8, 40, TODAY).people != make_region(9, 40, TODAY).people


def test_region_that_grows_keeps_its_residents(region):
    fewer = make_region(7, 120, TODAY)
    assert fewer.people == region.people[: len(fewer.people)]


def test_every_resident_has_a_practice_of_the_borough(region):
    practices = {each.code: each.borough for each in region.organisations.practices}
    assert all(practices[each.practice] == each.borough for each in region.people)
    assert set(BOROUGHS) == {each.borough for each in region.people}
    known = {(each.source, each.person) for each in region.source_people}
    assert all((each.practice, each.key) in known for each in region.people)


def test_all_organisations_hold_records(region):
    expected = {each.code for each in region.organisations.all()}
    assert {each.source for each in region.source_people} == expected
    assert {each.source for each in region.facts} == expected


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_shares_of_residents_known_to_each_kind_of_source(seed):
    region = make_region(seed, 320, TODAY)
    organisations = region.organisations
    known = Counter()
    for each in region.source_people:
        kind = organisations.kind_of(each.source)
        known[each.source if kind is SourceKind.NHS_TRUST else kind] += 1
    residents = len(region.people)
    assert 0.5 < known["RJ2"] / residents < 0.72
    assert 0.17 < known["RPG"] / residents < 0.35
    assert 0.12 < known[SourceKind.ADULT_SOCIAL_CARE] / residents < 0.28
    assert 0.1 < known[SourceKind.OUT_OF_HOURS] / residents < 0.22


def test_names_are_such_as_break_systems(region):
    families = {each.family for each in region.people}
    assert any("'" in each for each in families)
    assert any("-" in each for each in families)
    assert any(" " in each for each in families)
    assert any(not each.isascii() for each in families)
    assert any(not each.given for each in region.people)


def test_addresses_and_telephones_are_nobodys(region):
    for each in region.households:
        inward = each.address.postcode.split()[1]
        assert re.fullmatch(rf"\d[{NEVER_INWARD}]{{2}}", inward)
        assert re.fullmatch(r"020 7946 0\d{3}", each.phone)
    for person in region.people:
        assert re.fullmatch(r"(07700 900\d{3})?", person.mobile)
    assert all(re.fullmatch(r"020 7946 0\d{3}", each.phone) for each in TEAMS)


def test_people_of_note_are_there_whatever_the_seed(region):
    other = make_region(99, 1, TODAY)
    for note in PEOPLE_OF_NOTE:
        for each in (region, other):
            person = each.person(note.key)
            assert (person.nhs_number, person.birth_date) == (note.nhs_number, note.birth_date)
            assert (person.family, person.borough) == (note.family, note.borough)
            assert note.story


def test_confusable_people_differ_in_number_only_where_they_look_the_same():
    one, other = people_of_note.SAME_NAME_LEWISHAM, people_of_note.SAME_NAME_GREENWICH
    assert (one.name, one.birth_date) == (other.name, other.birth_date)
    assert one.nhs_number != other.nhs_number


def test_one_source_disagrees_about_a_birth_date(region):
    note = people_of_note.DOUBTFUL_LINK
    dates = {each.source: each for each in region.source_people if each.person == note.key}
    assert dates["RJ2"].birth_date == note.wrong_birth_date != note.birth_date
    assert dates["RJ2"].nhs_number == note.nhs_number
    assert {each.birth_date for code, each in dates.items() if code != "RJ2"} == {note.birth_date}


def test_one_source_lacks_the_number(region):
    note = people_of_note.WITHOUT_NUMBER
    numbers = {each.source: each.nhs_number for each in region.source_people
               if each.person == note.key}  # fmt: skip
    assert numbers.pop("SEL01") is None
    assert set(numbers.values()) == {note.nhs_number}


def test_a_council_has_two_people_with_a_wrong_birth_date(region):
    wrong = [
        each
        for each in region.source_people
        if each.source == MISTAKEN_COUNCIL
        and each.birth_date != region.person(each.person).birth_date
    ]
    with_number, without = wrong
    assert (with_number.verification, without.nhs_number) == ("02", None)
    assert with_number.nhs_number == region.person(with_number.person).nhs_number
    for each in wrong:
        assert each.birth_date not in {person.birth_date for person in region.people}


def test_local_numbers_are_unique_at_a_source(region):
    local = [(each.source, each.local_id) for each in region.source_people]
    assert len(set(local)) == len(local)


def test_teams_have_unique_codes_of_known_organisations():
    codes = [each.code for each in TEAMS]
    assert len(set(codes)) == len(codes)
    known = {each.code for each in DEFAULT_ORGANISATIONS.all()}
    assert {each.organisation for each in TEAMS} == known
    assert all(each.code.startswith(f"{each.organisation}-") for each in TEAMS)
    assert {each.kind for each in TEAMS} == set(TeamKind)


def test_organisations_can_be_replaced():
    organisations = RegionOrganisations(
        practices=tuple(Organisation(f"X{n}", f"Practice {n}", b) for n, b in enumerate(BOROUGHS)),
        acute_trust=Organisation("AAA", "Acute"),
        community_trust=Organisation("CCC", "Community"),
        councils=tuple(Organisation(f"L{n}", f"Council {n}", b) for n, b in enumerate(BOROUGHS)),
        out_of_hours=(Organisation("OOH", "Out of hours", "Lewisham"),),
    )
    region = make_region(3, 30, TODAY, organisations)
    assert {each.source for each in region.facts} <= {each.code for each in organisations.all()}


def test_unknown_codes_and_boroughs_are_refused():
    with pytest.raises(LookupError, match="no organisation"):
        DEFAULT_ORGANISATIONS.kind_of("ZZZ")
    with pytest.raises(LookupError, match="no council"):
        DEFAULT_ORGANISATIONS.council_of("Camden")
    assert DEFAULT_ORGANISATIONS.out_of_hours_of("Bexley") is None
