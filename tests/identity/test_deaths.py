"""Deaths by their notice, and births and deaths of which no day is known, as they are held."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from identity.merging import merge, unmerge
from identity.models import Cause, DeathNotice, LinkQuestion, LinkState, Resident, SaidBy
from identity.selectors import resident
from tests import factories
from tests.identity.recorded_twice import Connect
from tests.identity.test_receiving import RUTH, Sources, sources

__all__ = ["sources"]

FORMAL = {
    "deceased": True,
    "deceased_on": date(2026, 5, 4),
    "death_notice": DeathNotice.FORMAL,
    "death_said_by": SaidBy.TRACE,
}
DIED = replace(RUTH, deceased=True, deceased_on=date(2026, 5, 5))


def later(person: Any, month: int, **changed: Any) -> Any:
    """The same person in a newer version."""
    return replace(person, version=datetime(2026, month, 1, tzinfo=UTC), **changed)


def held() -> tuple[bool, date | None, str, str, str]:
    one = Resident.objects.get()
    return (
        one.deceased, one.deceased_on, one.deceased_on_part, one.death_notice, one.death_said_by
    )  # fmt: skip


ALIVE = (False, None, "", "", "")
INFORMALLY = (True, date(2026, 5, 5), "", "1", "feed")


# ── On a source's word ──────────────────────────────────────────────────────────────────────


def test_a_source_tells_a_death_informally(sources: Sources) -> None:
    sources.send(sources.practice, RUTH)
    sources.send(sources.trust, DIED)
    assert held() == INFORMALLY


def test_a_month_of_death_is_kept_until_a_day_is_known(sources: Sources) -> None:
    sources.send(sources.trust, replace(RUTH, deceased=True, deceased_on_part="2026-05"))
    assert held() == (True, None, "2026-05", "1", "feed")
    sources.send(sources.trust, later(DIED, 6))
    assert held() == INFORMALLY
    sources.send(sources.practice, replace(RUTH, deceased=True, deceased_on_part="2026"))
    assert held() == INFORMALLY


def test_what_the_registrar_told_no_source_changes(sources: Sources) -> None:
    sources.send(sources.trust, RUTH)
    Resident.objects.update(**FORMAL)
    sources.send(sources.practice, DIED)
    sources.send(sources.trust, later(DIED, 6))
    sources.send(sources.trust, later(RUTH, 7, living=True))
    assert held() == (True, date(2026, 5, 4), "", "2", "trace")


def test_a_source_gives_a_date_to_an_informal_notice_that_has_none(sources: Sources) -> None:
    sources.send(sources.trust, RUTH)
    Resident.objects.update(deceased=True, death_notice="1", death_said_by="trace")
    sources.send(sources.practice, DIED)
    assert held() == (True, date(2026, 5, 5), "", "1", "trace")
    sources.send(sources.trust, later(DIED, 6, deceased_on=date(2026, 5, 6)))
    assert held() == (True, date(2026, 5, 5), "", "1", "trace")


def test_a_withdrawn_death_is_not_believed_of_who_said_it_before(sources: Sources) -> None:
    sources.send(sources.trust, DIED)
    Resident.objects.update(deceased=False, deceased_on=None, death_notice="U", death_said_by="")
    sources.send(sources.trust, later(DIED, 6, phone="020 7946 0000"))
    assert held() == (False, None, "", "U", "")
    # Said anew, it is another death notice.
    sources.send(sources.trust, later(RUTH, 7))
    sources.send(sources.trust, later(DIED, 8))
    assert held() == INFORMALLY


def test_a_source_takes_back_its_own_word_in_so_many_words(sources: Sources) -> None:
    sources.send(sources.trust, DIED)
    sources.send(sources.trust, later(RUTH, 6, phone="020 7946 0000"))
    assert held() == INFORMALLY, "saying nothing takes nothing back"
    sources.send(sources.trust, later(DIED, 7))
    sources.send(sources.trust, later(RUTH, 8, living=True))
    assert held() == ALIVE


def test_a_source_does_not_take_back_what_another_says(sources: Sources) -> None:
    sources.send(sources.trust, DIED)
    sources.send(sources.practice, DIED)
    sources.send(sources.trust, later(RUTH, 6, living=True))
    assert held() == INFORMALLY


def test_a_source_does_not_take_back_the_word_of_the_demographics_service(
    sources: Sources,
) -> None:
    sources.send(sources.trust, DIED)
    Resident.objects.update(death_said_by="trace")
    sources.send(sources.trust, later(RUTH, 6, living=True))
    assert held()[0]


# ── Whatever writes it ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wrong",
    [
        {"death_notice": "1"},
        {"deceased": False, "deceased_on": None},
        {"death_notice": ""},
    ],
)
def test_a_formal_death_ends_by_a_withdrawal_alone(sources: Sources, wrong: dict[str, Any]) -> None:
    one = factories.resident(**FORMAL)
    with pytest.raises(IntegrityError, match="by a withdrawal alone"), transaction.atomic():
        Resident.objects.filter(pk=one.pk).update(**wrong)
    Resident.objects.filter(pk=one.pk).update(deceased=False, deceased_on=None, death_notice="U")
    assert held() == (False, None, "", "U", "")


def test_a_death_that_does_not_say_how_it_is_known_is_informal(sources: Sources) -> None:
    factories.resident(deceased=True)
    assert held() == (True, None, "", "1", "feed")


@pytest.mark.parametrize(
    "wrong",
    [
        {"birth_date_part": "1941"},
        {"birth_date": None, "birth_date_part": "1941-13"},
        {"birth_date": None, "birth_date_part": "41"},
        {"deceased": True, "deceased_on_part": "2026-00"},
    ],
)
def test_a_date_is_a_day_or_a_part_of_one(sources: Sources, wrong: dict[str, Any]) -> None:
    one = factories.resident()
    with pytest.raises(IntegrityError, match="is_a_day_or_a_part"), transaction.atomic():
        Resident.objects.filter(pk=one.pk).update(**wrong)


# ── Births ──────────────────────────────────────────────────────────────────────────────────


def test_a_year_of_birth_is_kept_and_links_nobody(sources: Sources) -> None:
    sources.send(sources.practice, RUTH)
    partial = replace(RUTH, birth_date=None, birth_date_part="1941-03")
    other = sources.send(sources.trust, partial)
    assert (other.link, other.resident.birth_date_part) == (LinkState.IN_DOUBT, "1941-03")
    assert LinkQuestion.objects.get().reason == "number-belongs-to-another"
    again = sources.send(sources.trust, later(RUTH, 6))
    assert again.link == LinkState.LINKED


def test_a_day_takes_the_place_of_its_year(sources: Sources) -> None:
    alone = replace(RUTH, nhs_number=None, birth_date=None, birth_date_part="1941")
    assert sources.send(sources.trust, alone).resident.birth_date_part == "1941"
    whole = sources.send(sources.trust, later(alone, 6, birth_date=RUTH.birth_date))
    assert (whole.resident.birth_date, whole.resident.birth_date_part) == (RUTH.birth_date, "")
    # And a later one that knows less takes nothing away.
    less = sources.send(sources.trust, later(alone, 7))
    assert (less.resident.birth_date, less.resident.birth_date_part) == (RUTH.birth_date, "")


# ── Merges ──────────────────────────────────────────────────────────────────────────────────


def two(**of_the_merged: Any) -> tuple[Resident, Resident]:
    return (
        factories.resident(),
        factories.resident(nhs_number=None, known_to_all=False, **of_the_merged),
    )


def death_of(one: Resident) -> tuple[bool, date | None, str, str]:
    one.refresh_from_db()
    return one.deceased, one.deceased_on, one.death_notice, one.death_said_by


FORMALLY = (True, date(2026, 5, 4), "2", "trace")
LIVES = (False, None, "", "")


def test_the_formal_death_of_both_holds_and_goes_back_with_a_merge(sources: Sources) -> None:
    ruth, again = two(**FORMAL)
    Resident.objects.filter(pk=ruth.pk).update(deceased=True, deceased_on=date(2026, 5, 9))
    made = merge(survivor=ruth.pk, merged=again.pk, cause=Cause.DUPLICATE)
    assert death_of(ruth) == FORMALLY
    assert made.merge_id is not None
    unmerge(made.merge_id, words="No.")
    assert death_of(ruth) == (True, date(2026, 5, 9), "1", "feed")
    assert death_of(again) == FORMALLY


def test_a_death_that_goes_back_leaves_nothing_behind(sources: Sources) -> None:
    ruth, again = two(**FORMAL)
    made = merge(survivor=ruth.pk, merged=again.pk, cause=Cause.DUPLICATE)
    assert death_of(ruth) == FORMALLY
    assert made.merge_id is not None
    unmerge(made.merge_id, words="No.")
    assert death_of(ruth) == LIVES


def test_a_formal_notice_that_came_while_they_were_joined_stays(sources: Sources) -> None:
    ruth, again = two(deceased=True, deceased_on=date(2026, 5, 9))
    made = merge(survivor=ruth.pk, merged=again.pk, cause=Cause.DUPLICATE)
    assert death_of(ruth) == (True, date(2026, 5, 9), "1", "feed")
    Resident.objects.filter(pk=ruth.pk).update(**FORMAL)
    assert made.merge_id is not None
    unmerge(made.merge_id, words="No.")
    assert death_of(ruth) == FORMALLY
    assert death_of(again) == (True, date(2026, 5, 9), "1", "feed")


def test_a_withdrawal_outlives_a_merge_and_what_a_source_says_still(sources: Sources) -> None:
    known = sources.send(sources.trust, DIED)
    ruth = known.resident
    Resident.objects.update(deceased=False, deceased_on=None, death_notice="U", death_said_by="")
    again = factories.resident(nhs_number=None, known_to_all=False)
    made = merge(survivor=ruth.pk, merged=again.pk, cause=Cause.DUPLICATE)
    assert death_of(ruth) == (False, None, "U", "")
    assert made.merge_id is not None
    unmerge(made.merge_id, words="No.")
    assert death_of(ruth) == (False, None, "U", "")


def as_noted_before(run_sql: Connect, merge_id: int) -> None:
    """As a merge noted its fields before notices of death were kept."""
    admin = run_sql("admin")
    for noted, whose in (("before", "survivor"), ("before", "merged"), ("after", "survivor")):
        admin.execute(
            f"update identity_merge set {noted} = jsonb_set({noted}, array[%(whose)s],"
            f" ({noted} -> %(whose)s) - 'death' || jsonb_build_object("
            f" 'deceased', {noted} -> %(whose)s -> 'death' -> 'deceased',"
            f" 'deceased_on', {noted} -> %(whose)s -> 'death' -> 'deceased_on')) where id = %(id)s",
            {"whose": whose, "id": merge_id},
        )
    admin.commit()


def test_a_death_that_came_with_an_older_merge_goes_back_too(
    sources: Sources, run_sql: Connect
) -> None:
    ruth, again = two(deceased=True, deceased_on=date(2026, 5, 5))
    made = merge(survivor=ruth.pk, merged=again.pk, cause=Cause.DUPLICATE)
    assert made.merge_id is not None
    as_noted_before(run_sql, made.merge_id)
    assert death_of(ruth) == (True, date(2026, 5, 5), "1", "feed")
    unmerge(made.merge_id, words="No.")
    assert death_of(ruth) == LIVES
    assert death_of(again) == (True, date(2026, 5, 5), "1", "feed")


def test_a_formal_notice_stays_when_an_older_merge_is_undone(
    sources: Sources, run_sql: Connect
) -> None:
    ruth, again = two(deceased=True, deceased_on=date(2026, 5, 4))
    made = merge(survivor=ruth.pk, merged=again.pk, cause=Cause.DUPLICATE)
    assert made.merge_id is not None
    as_noted_before(run_sql, made.merge_id)
    Resident.objects.filter(pk=ruth.pk).update(**FORMAL)
    unmerge(made.merge_id, words="No.")
    assert death_of(ruth) == FORMALLY


@pytest.mark.parametrize(
    ("holds", "says", "then"),
    [
        ({}, {"deceased_on": date(2026, 5, 5)}, (True, date(2026, 5, 5), "")),
        ({}, {"deceased_on_part": "2026-05"}, (True, None, "2026-05")),
        ({"deceased": True}, {"deceased_on": date(2026, 5, 5)}, (True, date(2026, 5, 5), "")),
        (
            {"deceased": True, "deceased_on_part": "2026"},
            {"deceased_on": date(2026, 5, 5)},
            (True, date(2026, 5, 5), ""),
        ),
        (
            {"deceased": True, "deceased_on_part": "2026"},
            {"deceased_on_part": "2026-05"},
            (True, None, "2026-05"),
        ),
        (
            {"deceased": True, "deceased_on_part": "2026-04"},
            {"deceased_on_part": "2026"},
            (True, None, "2026-04"),
        ),
        (
            {"deceased": True, "deceased_on": date(2026, 5, 9)},
            {"deceased_on": date(2026, 5, 5)},
            (True, date(2026, 5, 9), ""),
        ),
        (
            {"deceased": True, "death_notice": "2", "death_said_by": "trace"},
            {"deceased_on": date(2026, 5, 5)},
            (True, None, ""),
        ),
        ({"death_notice": "U"}, {"deceased_on": date(2026, 5, 5)}, (False, None, "")),
    ],
)
def test_a_date_that_a_source_says_is_kept_when_a_merge_is_undone(
    sources: Sources,
    run_sql: Connect,
    holds: dict[str, Any],
    says: dict[str, Any],
    then: tuple[bool, date | None, str],
) -> None:
    known = sources.send(sources.trust, replace(RUTH, deceased=True, **says))
    Resident.objects.filter(pk=known.resident_id).update(
        **{
            "deceased": False, "deceased_on": None, "deceased_on_part": "", "death_notice": "",
            "death_said_by": "",
        } | holds
    )  # fmt: skip
    again = factories.resident(nhs_number=None, known_to_all=False)
    made = merge(survivor=known.resident_id, merged=again.pk, cause=Cause.DUPLICATE)
    assert made.merge_id is not None
    unmerge(made.merge_id, words="No.")
    assert held_by(known.resident_id) == then


def held_by(resident: int) -> tuple[bool, date | None, str]:
    one = Resident.objects.get(pk=resident)
    return one.deceased, one.deceased_on, one.deceased_on_part


def test_what_is_read_has_all_that_is_known(sources: Sources) -> None:
    one = factories.resident(
        birth_date=None, birth_date_part="1941", deceased=True, deceased_on_part="2026-05"
    )
    seen = resident(one.pk)
    assert seen is not None
    assert (seen.birth_date_part, seen.deceased_on_part, seen.death_notice) == (
        "1941", "2026-05", "1",
    )  # fmt: skip
