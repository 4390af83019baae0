"""Merging: everything of both, at once, whoever else writes at that moment."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from access.gate import Opened, open_record, still_open
from access.models import RelationshipDue
from audit.models import Event
from identity.merging import (
    MergeOutcome,
    UnmergeOutcome,
    merge,
    same_person,
    survivor_of,
    unmerge,
)
from identity.models import (
    Cause,
    LinkQuestion,
    Merge,
    ResidentNhsNumber,
)
from tests import factories
from tests.conftest import AsLogin
from tests.identity.recorded_twice import Connect, Twice, dump, refusals

# ── Merging ─────────────────────────────────────────────────────────────────────────────────


def test_a_merge_moves_everything_and_links_what_was_in_doubt(
    twice: Twice, as_login: AsLogin, run_sql: Connect
) -> None:
    with as_login("pipeline"):
        twice.join(by=twice.nurse.pk, words="Same address, same mother.")
    rows = dump(run_sql)
    for table in (
        "identity_sourceperson",
        "records_entry",
        "identity_residentnhsnumber",
        "access_carerelationship",
        "access_brokenglass",
        "access_alert",
    ):
        assert {row["resident_id"] for row in rows[table]} == {twice.ruth.pk}, table
        assert rows[table], table
    assert {row["link"] for row in rows["identity_sourceperson"]} == {"linked"}
    kept, empty = rows["identity_resident"]
    if kept["id"] != twice.ruth.pk:
        kept, empty = empty, kept
    assert (kept["known_to_all"], kept["interpreter_needed"]) == (True, True)
    assert empty["known_to_all"] is False
    questions = {row["reason"]: row for row in rows["identity_linkquestion"]}
    assert questions["number-belongs-to-another"]["settled"] is not None
    assert questions["source-says-same"]["settled"] is not None
    assert questions["no-match"]["settled"] is None
    assert questions["no-match"]["resident_id"] == twice.ruth.pk
    with as_login("owner"):
        event = Event.objects.get(action="residents-merged")
    assert event.staff_id == twice.nurse.staff_id
    assert sorted(event.residents) == sorted([twice.ruth.pk, twice.again.pk])
    with as_login("pipeline"):
        due = set(RelationshipDue.objects.values_list("resident_id", flat=True))
        assert due == {twice.ruth.pk, twice.again.pk}
        assert same_person(twice.again.pk) == sorted([twice.ruth.pk, twice.again.pk])
        assert survivor_of(twice.again.pk) == twice.ruth.pk


@pytest.mark.parametrize("taken_out", [False, True])
def test_whoever_is_in_doubt_where_they_are_is_in_doubt_in_the_joined_record(
    twice: Twice, as_login: AsLogin, taken_out: bool
) -> None:
    """Whether they belong in the one that is merged, joining it with another has not said."""
    with as_login("pipeline"):
        question = LinkQuestion.objects.get(reason="number-belongs-to-another")
        doubted = question.source_person
        assert doubted is not None
        question.reason, question.candidate = "disagrees-with-resident", twice.again
        if taken_out:
            question.settled, question.decision = timezone.now(), "different"
            question.split_due = True
        question.save()
        twice.join()
        doubted.refresh_from_db()
        question.refresh_from_db()
        assert (doubted.resident_id, doubted.link) == (twice.ruth.pk, "in-doubt")
        assert question.candidate_id == twice.ruth.pk


def test_numbers_that_meet_leave_one_live_and_none_lost(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        twice.join()
        live, past = ResidentNhsNumber.objects.order_by("-status", "pk")[::-1]
        assert (live.resident_id, live.status, live.valid_until) == (twice.ruth.pk, "01", None)
        assert (past.resident_id, past.ended_because) == (twice.ruth.pk, "merged")
        assert past.valid_until is not None


def test_a_verified_number_takes_the_place_of_one_that_is_not(
    twice: Twice, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        ResidentNhsNumber.objects.filter(resident=twice.ruth).update(status="02")
        verified = ResidentNhsNumber.objects.get(resident=twice.again)
        ResidentNhsNumber.objects.filter(pk=verified.pk).update(status="01", said_by="trace")
        made = twice.join()
        live = ResidentNhsNumber.objects.get(resident=twice.ruth, valid_until=None)
        assert live.number == verified.number
        assert unmerge(made, words="No.") == UnmergeOutcome.UNDONE
        assert ResidentNhsNumber.objects.filter(valid_until=None).count() == 2


def test_an_open_record_shows_nothing_after_the_merge(
    twice: Twice, as_login: AsLogin, run_sql: Connect
) -> None:
    with transaction.atomic():
        opened = open_record(
            twice.acting, twice.ruth.public_id, look=uuid4(), request_id=str(uuid4())
        )
        assert isinstance(opened, Opened)
        assert count_entries() == 2
        with as_login("pipeline"):
            twice.join()
        assert count_entries() == 0
        assert not still_open()


def count_entries() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from records_entry")
        (number,) = cursor.fetchone()
    return int(number)


def test_the_whole_record_opens_after_the_merge(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        twice.join()
    with transaction.atomic():
        opened = open_record(
            twice.acting, twice.ruth.public_id, look=uuid4(), request_id=str(uuid4())
        )
        assert isinstance(opened, Opened)
        assert count_entries() == 6
    with transaction.atomic():
        gone = open_record(
            twice.acting, twice.again.public_id, look=uuid4(), request_id=str(uuid4())
        )
        assert not isinstance(gone, Opened)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"survivor": "again"}, MergeOutcome.SAME),
        ({"merged": 10**12}, MergeOutcome.NOT_KNOWN),
        ({"survivor": "again", "merged": "ruth"}, MergeOutcome.KNOWN_ONE_STAYS),
    ],
)
def test_what_cannot_be_merged_is_not(
    twice: Twice, as_login: AsLogin, changes: dict[str, Any], outcome: MergeOutcome
) -> None:
    asked: dict[str, Any] = {
        "survivor": twice.ruth.pk,
        "merged": twice.again.pk,
        "cause": Cause.DUPLICATE,
    }
    asked |= {
        key: getattr(twice, value).pk if isinstance(value, str) else value
        for key, value in changes.items()
    }
    with as_login("pipeline"):
        assert merge(**asked).outcome == outcome
        assert not Merge.objects.exists()


def test_two_verified_numbers_are_two_people_until_the_demographics_service_says_otherwise(
    twice: Twice, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        ResidentNhsNumber.objects.filter(resident=twice.again).update(status="01", said_by="trace")
        asked = {"survivor": twice.ruth.pk, "merged": twice.again.pk}
        assert merge(**asked, cause=Cause.DUPLICATE).outcome == MergeOutcome.TWO_VERIFIED_NUMBERS
        assert merge(**asked, cause=Cause.SUPERSEDED).outcome == MergeOutcome.MERGED
        past = ResidentNhsNumber.objects.exclude(valid_until=None).get()
        assert past.ended_because == "superseded"


def test_who_was_merged_is_merged_no_further(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        twice.join()
        third = factories.resident("Carter", "R", nhs_number=None, known_to_all=False)
        again = merge(survivor=twice.again.pk, merged=third.pk, cause=Cause.DUPLICATE)
        assert again.outcome == MergeOutcome.MERGED_ALREADY
        assert (
            merge(survivor=twice.ruth.pk, merged=twice.again.pk, cause=Cause.DUPLICATE).outcome
            == MergeOutcome.SAME
        )


def test_nothing_new_is_anybodys_who_was_merged(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        twice.join()
        for write in (
            lambda: factories.source_person(twice.again, twice.practice),
            lambda: factories.relationship(twice.again, twice.trust, twice.ward),
            lambda: factories.choice(twice.again, by=twice.adviser),
            lambda: ResidentNhsNumber.objects.create(
                resident=twice.again, number=factories.made_up_nhs_number(), status="02"
            ),
        ):
            with pytest.raises(IntegrityError, match="part of another one"):
                write()


def test_a_merge_waits_for_what_is_being_written_about_either(
    twice: Twice, as_login: AsLogin
) -> None:
    """A choice that is being recorded for the merged one is not lost, and not overtaken."""
    about_to_commit, go_on = threading.Event(), threading.Event()
    refused: list[str] = []

    def record() -> None:
        try:
            with as_login("pipeline"), transaction.atomic():
                factories.choice(twice.again, by=twice.adviser)
                about_to_commit.set()
                go_on.wait(10)
        except IntegrityError as error:
            refused.append(str(error))

    writer = threading.Thread(target=record)
    writer.start()
    assert about_to_commit.wait(10)
    merger = threading.Thread(target=lambda: _join(twice, as_login))
    merger.start()
    merger.join(0.3)
    assert merger.is_alive(), "it waits"
    go_on.set()
    writer.join()
    merger.join()
    assert refused == []
    with as_login("pipeline"):
        assert refusals(twice.ruth) == {("connect-care", None)}


def _join(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        twice.join()


def test_two_merges_of_one_resident_at_one_instant_are_one(twice: Twice, as_login: AsLogin) -> None:
    barrier, answers = threading.Barrier(3), []

    def go() -> None:
        with as_login("pipeline"):
            barrier.wait()
            answers.append(
                merge(survivor=twice.ruth.pk, merged=twice.again.pk, cause=Cause.DUPLICATE).outcome
            )

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["merged", "same", "same"]
