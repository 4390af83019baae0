"""Only what PDS says changes what is held."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.models import Protection, SaidBy, Sex
from identity.nhs_number import NhsNumber
from identity.pds.demographics import (
    Address,
    Death,
    Demographics,
    Name,
    Period,
    Registration,
    Telecom,
)
from identity.pds.renewing import Particulars, renewed
from identity.vital import DeathNotice, PartialDate

TODAY = date(2026, 11, 22)
NOTHING = Demographics(number=NhsNumber("9990001014"), protection=Protection.UNRESTRICTED)
HELD = Particulars(
    title="Mrs", family_name="Campbell", given_names="Ruth Ann", birth_date=date(1945, 1, 30),
    sex=Sex.FEMALE, language="so", interpreter_needed=True, address_lines=("1 Kiln Meadow",),
    postcode="DA7 1CI", phone="020 7946 0001", practice_code="G83001",
)  # fmt: skip


def test_an_answer_that_says_nothing_changes_nothing() -> None:
    assert renewed(HELD, NOTHING, day=TODAY) == HELD
    dead = replace(HELD, deceased=True, deceased_on=TODAY)
    assert renewed(dead, NOTHING, day=TODAY) == dead


def test_what_is_said_is_held() -> None:
    said = replace(
        NOTHING,
        names=(Name("usual", "Grant", ("Ruth",)),),
        birth_date=PartialDate.parse("1945-01-31"),
        gender=Sex.OTHER,
        addresses=(Address("home", ("2 Ropemaker Gardens", "Erith"), "DA8 2CI"),),
        telecoms=(Telecom("phone", "mobile", "07700 900001"),),
        registration=Registration("G83002"),
        language="q4",
        interpreter_needed=False,
    )
    assert renewed(HELD, said, day=TODAY) == Particulars(
        title="Mrs", family_name="Grant", given_names="Ruth", birth_date=date(1945, 1, 31),
        sex=Sex.OTHER, language="q4", interpreter_needed=False,
        address_lines=("2 Ropemaker Gardens", "Erith"), postcode="DA8 2CI",
        phone="07700 900001", practice_code="G83002",
    )  # fmt: skip


@pytest.mark.parametrize("label", [Protection.RESTRICTED, Protection.VERY_RESTRICTED])
def test_protection_leaves_the_place_as_it_is(label: Protection) -> None:
    said = replace(
        NOTHING,
        protection=label,
        addresses=(Address("home", ("2 Ropemaker Gardens",), "DA8 2CI"),),
        registration=Registration("G83002"),
    )
    assert renewed(HELD, said, day=TODAY) == replace(HELD, protection=label)


def test_protection_ends_when_pds_says_so() -> None:
    assert renewed(replace(HELD, protection=Protection.RESTRICTED), NOTHING, day=TODAY) == HELD


def test_partial_and_unknown_never_replace_what_is_known() -> None:
    said = replace(NOTHING, birth_date=PartialDate.parse("1945-01"), gender=Sex.UNKNOWN)
    assert renewed(HELD, said, day=TODAY) == HELD


def test_what_is_no_longer_in_force_is_not_taken() -> None:
    past = Period(end=date(2025, 1, 1))
    said = replace(
        NOTHING,
        addresses=(Address("home", ("2 Ropemaker Gardens",), "DA8 2CI", period=past),),
        registration=Registration("G83002", past),
    )
    assert renewed(HELD, said, day=TODAY) == HELD


INFORMAL, FORMAL, WITHDRAWN = DeathNotice.INFORMAL, DeathNotice.FORMAL, DeathNotice.WITHDRAWN


@pytest.mark.parametrize(
    ("death", "day", "part", "notice"),
    [
        (Death(FORMAL, PartialDate.parse("2026-11-01")), "2026-11-01", "", FORMAL),
        (Death(INFORMAL, PartialDate.parse("2026-11-01")), "2026-11-01", "", INFORMAL),
        (Death(None, PartialDate.parse("2026-11-01")), "2026-11-01", "", INFORMAL),
        # A part that the day held lies in says less; one that it does not lie in takes its place.
        (Death(INFORMAL, PartialDate.parse("2026")), "2026-10-31", "", INFORMAL),
        (Death(FORMAL, PartialDate.parse("2026-09")), None, "2026-09", FORMAL),
        (Death(FORMAL, None), "2026-10-31", "", FORMAL),
        (Death(WITHDRAWN, None), None, "", WITHDRAWN),
        (Death(WITHDRAWN, PartialDate.parse("2026-11-01")), None, "", WITHDRAWN),
    ],
)
def test_a_death_that_a_source_told_after_a_notice(
    death: Death, day: str | None, part: str, notice: DeathNotice
) -> None:
    held = replace(
        HELD,
        deceased=True,
        deceased_on=date(2026, 10, 31),
        death_notice=INFORMAL,
        death_said_by=SaidBy.FEED,
    )
    after = renewed(held, replace(NOTHING, death=death), day=TODAY)
    dead = notice != WITHDRAWN
    assert after == replace(
        held,
        deceased=dead,
        deceased_on=date.fromisoformat(day) if day else None,
        deceased_on_part=part,
        death_notice=notice,
        death_said_by=SaidBy.TRACE if dead else "",
    )


def test_an_informal_notice_never_takes_the_place_of_a_formal_one() -> None:
    told = Death(FORMAL, PartialDate.parse("2026-10"))
    formal = renewed(HELD, replace(NOTHING, death=told), day=TODAY)
    assert (formal.deceased_on, formal.deceased_on_part) == (None, "2026-10")
    for notice in (INFORMAL, None):
        later = Death(notice, PartialDate.parse("2026-11-01"))
        assert renewed(formal, replace(NOTHING, death=later), day=TODAY) == formal
    alive = renewed(formal, replace(NOTHING, death=Death(WITHDRAWN, None)), day=TODAY)
    assert (alive.deceased, alive.death_notice) == (False, WITHDRAWN)


def test_a_part_of_a_birth_date_is_held_where_no_day_is() -> None:
    said = replace(NOTHING, birth_date=PartialDate.parse("1945-01"))
    unknown = replace(HELD, birth_date=None)
    part = renewed(unknown, said, day=TODAY)
    assert (part.birth_date, part.birth_date_part) == (None, "1945-01")
    whole = replace(NOTHING, birth_date=PartialDate.parse("1945-01-30"))
    assert renewed(part, whole, day=TODAY) == HELD


texts = st.text(max_size=4)
answers = st.builds(
    Demographics,
    number=st.just(NOTHING.number),
    protection=st.sampled_from(Protection),
    names=st.lists(st.builds(Name, st.just("usual"), texts, st.tuples(texts))).map(tuple),
    gender=st.none() | st.sampled_from(Sex),
    addresses=st.lists(
        st.builds(
            Address,
            st.sampled_from(["home", "temp"]),
            st.lists(texts.filter(bool), max_size=2).map(tuple),
            texts,
        ),
        max_size=2,
    ).map(tuple),
)


@given(answers)
def test_nothing_that_is_held_is_ever_blanked(said: Demographics) -> None:
    after = renewed(HELD, said, day=TODAY)
    for each in fields(Particulars):
        # A new home without a postcode has none: the former one's would be a lie.
        if getattr(HELD, each.name) and each.name != "postcode":
            assert getattr(after, each.name)
    assert after.postcode or after.address_lines != HELD.address_lines
