"""What the Personal Demographics Service and a source say of who is one person."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from audit.models import Event
from identity.joining import SourceMerged, Superseded, merge_source_persons, supersede_number
from identity.merging import merge, separate, unmerge
from identity.models import (
    Cause,
    LinkQuestion,
    Merge,
    ResidentNhsNumber,
    SourcePerson,
    WhySeparated,
)
from identity.nhs_number import NhsNumber
from tests import factories
from tests.conftest import AsLogin

OLD, NEW = (
    NhsNumber.parse(factories.made_up_nhs_number(nth), test_ranges=True) for nth in (51, 52)
)


@pytest.fixture(autouse=True)
def _as_pipeline(database: object, as_login: AsLogin) -> Any:
    with as_login("pipeline"):
        yield


def numbers() -> dict[str, tuple[int, str, str]]:
    return {
        row.number: (row.resident_id, row.status, row.ended_because)
        for row in ResidentNhsNumber.objects.all()
    }


# ── Replaced numbers ────────────────────────────────────────────────────────────────────────


def test_a_new_number_that_is_nobodys_takes_the_old_ones_place(as_login: AsLogin) -> None:
    ruth = factories.resident(nhs_number=OLD.digits)
    assert supersede_number(ruth, old=OLD, new=NEW) == Superseded.REPLACED
    assert numbers() == {
        OLD.digits: (ruth.pk, "01", "superseded"),
        NEW.digits: (ruth.pk, "01", ""),
    }
    assert supersede_number(ruth, old=OLD, new=NEW) == Superseded.NOT_THEIRS
    with as_login("owner"):
        assert Event.objects.get(action="number-changed").resident_id == ruth.pk


def test_a_new_number_of_somebody_who_agrees_joins_the_two_and_stays() -> None:
    ruth = factories.resident(nhs_number=OLD.digits)
    again = factories.resident(nhs_number=NEW.digits)
    assert supersede_number(ruth, old=OLD, new=NEW) == Superseded.MERGED
    made = Merge.objects.get()
    assert (made.survivor_id, made.merged_id, made.cause) == (again.pk, ruth.pk, Cause.SUPERSEDED)
    assert numbers() == {
        OLD.digits: (again.pk, "01", "superseded"),
        NEW.digits: (again.pk, "01", ""),
    }
    unmerge(made.pk, words="No.")
    assert numbers() == {OLD.digits: (ruth.pk, "01", ""), NEW.digits: (again.pk, "01", "")}


def test_a_new_number_of_somebody_who_differs_is_a_question() -> None:
    ruth = factories.resident(nhs_number=OLD.digits)
    other = factories.resident("Bello", nhs_number=NEW.digits)
    assert supersede_number(ruth, old=OLD, new=NEW) == Superseded.CONFLICT
    assert supersede_number(ruth, old=OLD, new=NEW) == Superseded.CONFLICT
    question = LinkQuestion.objects.get()
    assert (question.resident_id, question.candidate_id) == (ruth.pk, other.pk)
    assert question.reason == "superseded-conflict"
    assert numbers()[OLD.digits] == (ruth.pk, "05", "")
    assert not Merge.objects.exists()


def test_a_new_number_of_who_is_kept_apart_joins_nobody_and_asks_nobody() -> None:
    ruth = factories.resident(nhs_number=OLD.digits)
    current = factories.resident(nhs_number=NEW.digits)
    separate(former=ruth.pk, current=current.pk, why=WhySeparated.GENDER)
    assert supersede_number(ruth, old=OLD, new=NEW) == Superseded.SEPARATED
    assert not LinkQuestion.objects.exists()
    assert not Merge.objects.exists()


def test_who_was_merged_meanwhile_is_asked_under_the_survivor() -> None:
    ruth = factories.resident(nhs_number=OLD.digits)
    again = factories.resident(nhs_number=None, known_to_all=False)
    merge(survivor=ruth.pk, merged=again.pk, cause=Cause.DUPLICATE)
    assert supersede_number(again, old=OLD, new=NEW) == Superseded.REPLACED
    assert numbers()[NEW.digits][0] == ruth.pk


# ── A source's own merges ───────────────────────────────────────────────────────────────────


def test_last_nights_unknown_male_joins_who_he_turned_out_to_be() -> None:
    trust = factories.organisation()
    ruth = factories.resident("Carter", "John")
    unknown = factories.resident(
        "Unknown", "Male", birth_date=date(1900, 1, 1), nhs_number=None, known_to_all=False
    )
    stays = factories.source_person(ruth, trust, identifier="MRN1")
    left = factories.source_person(unknown, trust, identifier="MRN2", link="alone")
    asked = {"source": trust, "prior": "MRN2", "surviving": "MRN1"}
    assert merge_source_persons(**asked) == SourceMerged.MERGED
    assert merge_source_persons(**asked) == SourceMerged.SAME
    left.refresh_from_db()
    assert (left.resident_id, left.replaced_by_id, left.link) == (ruth.pk, stays.pk, "linked")
    made = Merge.objects.get()
    assert made.cause == Cause.SOURCE_MERGED
    unmerge(made.pk, words="A69: moved back.")
    left.refresh_from_db()
    assert left.resident_id == unknown.pk


def test_the_known_one_stays_whichever_way_round_the_source_says_it() -> None:
    trust = factories.organisation()
    ruth = factories.resident()
    alone = factories.resident(nhs_number=None, known_to_all=False)
    factories.source_person(ruth, trust, identifier="MRN1")
    factories.source_person(alone, trust, identifier="MRN2", link="alone")
    answer = merge_source_persons(source=trust, prior="MRN1", surviving="MRN2")
    assert answer == SourceMerged.MERGED
    assert Merge.objects.get().survivor_id == ruth.pk


@pytest.mark.parametrize("known", [True, False])
def test_a_source_joins_nobody_on_whom_others_depend(known: bool) -> None:
    trust, practice = factories.organisation(), factories.organisation(kind="gp_practice")
    ruth, other = factories.resident(), factories.resident(nhs_number=None, known_to_all=known)
    factories.source_person(ruth, trust, identifier="MRN1")
    left = factories.source_person(other, trust, identifier="MRN2")
    if not known:
        factories.source_person(other, practice, link="alone")
    answer = merge_source_persons(source=trust, prior="MRN2", surviving="MRN1")
    assert answer == SourceMerged.ASKED
    question = LinkQuestion.objects.get()
    assert (question.source_person_id, question.candidate_id) == (left.pk, ruth.pk)
    assert not Merge.objects.exists()


def test_records_that_were_not_sent_yet_are_not_known() -> None:
    trust = factories.organisation()
    factories.source_person(factories.resident(), trust, identifier="MRN1")
    for prior, surviving in (("MRN1", "MRN9"), ("MRN9", "MRN1"), ("MRN1", "MRN1")):
        answer = merge_source_persons(source=trust, prior=prior, surviving=surviving)
        assert answer == SourceMerged.NOT_KNOWN
    assert not SourcePerson.objects.exclude(replaced_by=None).exists()
