"""Merge and un-merge: everything of both, at once, and back again row for row."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from access.acting import Acting
from access.gate import Opened, open_record, still_open
from access.models import RelationshipDue
from audit.models import Event
from consent.models import Kind
from identity.merging import (
    MergeOutcome,
    UnmergeOutcome,
    are_separated,
    merge,
    same_person,
    separate,
    survivor_of,
    unmerge,
)
from identity.models import (
    Cause,
    LinkQuestion,
    Merge,
    Resident,
    ResidentNhsNumber,
    SourcePerson,
    WhySeparated,
)
from organisations.categories import Category
from organisations.models import Membership, Organisation, Team
from records.actions import renew_due_relationships
from tests import factories
from tests.conftest import AsLogin

Connect = Callable[[str], psycopg.Connection]


@dataclass
class Twice:
    """Ruth, who was recorded twice: known by her practice, and again by a trust."""

    trust: Organisation
    practice: Organisation
    council: Organisation
    ward: Team
    nurse: Membership
    adviser: Membership
    ruth: Resident
    again: Resident

    @property
    def acting(self) -> Acting:
        return Acting.of(self.nurse)

    def join(self, **changes: Any) -> int:
        answer = merge(
            **{"survivor": self.ruth.pk, "merged": self.again.pk, "cause": Cause.DUPLICATE}
            | changes
        )
        assert answer.outcome == MergeOutcome.MERGED, answer
        assert answer.merge_id is not None
        return answer.merge_id


@pytest.fixture
def twice(database: object, as_login: AsLogin) -> Any:
    with as_login("pipeline"):
        trust = factories.organisation("Test trust", kind="nhs_trust")
        practice = factories.organisation("Test practice", kind="gp_practice")
        council = factories.organisation("Test council", kind="adult_social_care")
        for source in (trust, practice, council):
            factories.feed(source)
            for recipient in (trust, practice, council):
                if source != recipient:
                    factories.agreement(source, recipient)
        ward = factories.team(trust, "Cedar ward")
        nurse = factories.membership(at=trust, as_role="nurse", in_team=ward)
        adviser = factories.membership(at=council, as_role="contact-centre-adviser")
        ruth = factories.resident("Carter", "Ruth")
        again = factories.resident(
            "Carter", "Rut", nhs_number=None, known_to_all=False, interpreter_needed=True
        )
        with_practice = factories.source_person(ruth, practice)
        with_council = factories.source_person(again, council, link="alone")
        with_trust = factories.source_person(again, trust, link="in-doubt")
        for person in (with_practice, with_council, with_trust):
            factories.entry(person, Category.ALLERGIES, f"Allergy from {person.source.name}")
            factories.entry(person, Category.DIAGNOSES, f"Diagnosis from {person.source.name}")
        factories.relationship(ruth, trust, ward, kind="admission")
        factories.relationship(again, council, kind="caseload")
        LinkQuestion.objects.create(
            source_person=with_trust, reason="number-belongs-to-another", candidate=ruth
        )
        LinkQuestion.objects.create(
            source_person=with_practice, reason="source-says-same", candidate=again
        )
        LinkQuestion.objects.create(resident=again, reason="no-match")
        ResidentNhsNumber.objects.create(
            resident=again, number=factories.made_up_nhs_number(), status="02", said_by="carer"
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into access_alert (reference, kind, organisation_id, membership_id,"
                " resident_id, relationship_id, raised, outcome)"
                " select 'CC-A1', 'self-declared', organisation_id, %s, resident_id, id, now(), ''"
                " from access_carerelationship where resident_id = %s",
                [nurse.pk, again.pk],
            )
    with as_login("owner"), connection.cursor() as cursor:
        cursor.execute("set role connectcare_gate")
        cursor.execute(
            "insert into access_brokenglass (resident_id, membership_id, sitting, reason, words,"
            " began, ends_at) values (%s, %s, %s, '04', 'Unconscious on arrival.', now(),"
            " now() + interval '1 hour')",
            [again.pk, nurse.pk, uuid4()],
        )
    return Twice(trust, practice, council, ward, nurse, adviser, ruth, again)


#: What a merge is not to leave as it was: jobs, counters, the log of the merge itself.
NOT_COMPARED = {
    "access_relationshipdue",
    "access_opening",
    "access_glimpse",
    "audit_event",
    "identity_merge",
    "identity_residentepoch",
}


def dump(run_sql: Connect) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that names a resident, and the residents, as an administrator."""
    admin = run_sql("admin")
    tables = {
        name for (name,) in admin.execute("select table_name from identity_tableaboutresident")
    } - NOT_COMPARED | {"identity_resident"}
    found = {}
    for table in sorted(tables):
        rows = admin.execute(f"select to_jsonb(t) from {table} t").fetchall()
        found[table] = sorted((row for (row,) in rows), key=json.dumps)
    admin.rollback()
    assert sum(map(len, found.values())) >= 20, "too little was written to be believed"
    return found


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


# ── And back ────────────────────────────────────────────────────────────────────────────────


def test_a_merge_undone_leaves_every_row_as_it_was(
    twice: Twice, as_login: AsLogin, run_sql: Connect
) -> None:
    before = dump(run_sql)
    with as_login("pipeline"):
        made = twice.join()
        assert dump(run_sql) != before
        undone = unmerge(made, words="Two people after all.", by=twice.nurse.pk)
    assert undone == UnmergeOutcome.UNDONE
    assert dump(run_sql) == before
    with as_login("owner"):
        assert Event.objects.filter(action="residents-unmerged").count() == 1


def test_a_merge_undone_after_relationships_were_derived_anew_is_as_if_never_made(
    twice: Twice, as_login: AsLogin, run_sql: Connect
) -> None:
    """Again and again: what was left where the survivor had it already stops no later merge."""
    with as_login("pipeline"):
        Resident.objects.all().update(deceased=False)
        SourcePerson.objects.filter(source=twice.practice).update(registered_practice=True)
        RelationshipDue.objects.create(resident_id=twice.ruth.pk)
        RelationshipDue.objects.create(resident_id=twice.again.pk)
        renew_due_relationships()
        before = in_force(run_sql)
        for _ in range(3):
            made = twice.join()
            renew_due_relationships()
            assert unmerge(made, words="No.") == UnmergeOutcome.UNDONE
            renew_due_relationships()
    assert in_force(run_sql) == before


def in_force(run_sql: Connect) -> list[tuple[Any, ...]]:
    admin = run_sql("admin")
    rows = admin.execute(
        "select resident_id, organisation_id, kind, evidence from access_carerelationship"
        " where valid_until is null or valid_until > now() order by 1, 2, 3, 4"
    ).fetchall()
    admin.rollback()
    assert rows
    return rows


def test_what_came_in_between_stays_with_its_source_person(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        number = ResidentNhsNumber.objects.get(resident=twice.again).number
        made = twice.join()
        trust = SourcePerson.objects.get(source=twice.trust)
        factories.entry(trust, Category.DIAGNOSES, "Came while joined")
        by_number = factories.source_person(twice.ruth, twice.trust, nhs_number_sent=number)
        other = factories.source_person(twice.ruth, twice.trust)
        unmerge(made, words="No.")
        for person, whose in ((trust, twice.again), (by_number, twice.again), (other, twice.ruth)):
            person.refresh_from_db()
            assert person.resident_id == whose.pk
    with as_login("owner"), connection.cursor() as cursor:
        cursor.execute("set role connectcare_owner")
    assert entries_of(as_login, twice.again, "Came while joined") == 1


def entries_of(as_login: AsLogin, resident: Resident, display: str) -> int:
    with as_login("pipeline"), connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from records_entry where resident_id = %s and display = %s",
            [resident.pk, display],
        )
        (number,) = cursor.fetchone()
    return int(number)


def test_a_protection_is_kept_by_who_had_it_and_by_who_was_told_meanwhile(
    twice: Twice, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        Resident.objects.filter(pk=twice.again.pk).update(
            protection="R", deceased=True, deceased_on=date(2026, 1, 1)
        )
        made = twice.join()
        joined = Resident.objects.get(pk=twice.ruth.pk)
        assert (joined.protection, joined.deceased) == ("R", True)
        SourcePerson.objects.filter(source=twice.practice).update(said={"protection": "V"})
        unmerge(made, words="No.")
        ruth, again = (Resident.objects.get(pk=each.pk) for each in (twice.ruth, twice.again))
        assert (ruth.protection, ruth.deceased, ruth.deceased_on) == ("V", False, None)
        assert (again.protection, again.deceased) == ("R", True)


def test_a_later_merge_is_undone_first(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        first = twice.join()
        third = factories.resident("Carter", "R", nhs_number=None, known_to_all=False)
        second = twice.join(merged=third.pk)
        assert unmerge(first, words="No.") == UnmergeOutcome.LATER_FIRST
        assert unmerge(second, words="No.") == UnmergeOutcome.UNDONE
        assert unmerge(second, words="No.") == UnmergeOutcome.UNDONE_ALREADY
        assert unmerge(first, words="No.") == UnmergeOutcome.UNDONE
        assert unmerge(10**12, words="No.") == UnmergeOutcome.NOT_KNOWN


def test_a_chain_of_merges_is_one_person(twice: Twice, as_login: AsLogin, run_sql: Connect) -> None:
    before = dump(run_sql)
    with as_login("pipeline"):
        third = factories.resident("Carter", "R", nhs_number=None)
        before["identity_resident"] = dump(run_sql)["identity_resident"]
        before["identity_residentplace"] = dump(run_sql)["identity_residentplace"]
        first = twice.join()
        second = twice.join(survivor=third.pk, merged=twice.ruth.pk)
        assert same_person(twice.again.pk) == sorted([twice.ruth.pk, twice.again.pk, third.pk])
        assert survivor_of(twice.again.pk) == third.pk
        assert unmerge(first, words="No.") == UnmergeOutcome.LATER_FIRST
        assert unmerge(second, words="No.") == UnmergeOutcome.UNDONE
        assert unmerge(first, words="No.") == UnmergeOutcome.UNDONE
    assert dump(run_sql) == before


# ── Choices ─────────────────────────────────────────────────────────────────────────────────


def refusals(of: Resident) -> set[tuple[str, int | None]]:
    with connection.cursor() as cursor:
        cursor.execute("select kind, council_id from consent.refusals(%s, now())", [of.pk])
        return set(cursor.fetchall())


OPTED_OUT = {("connect-care", None)}


@pytest.mark.parametrize("who", ["ruth", "again"])
def test_the_strictest_choice_of_both_holds_at_once_and_not_after(
    twice: Twice, as_login: AsLogin, who: str
) -> None:
    other = "again" if who == "ruth" else "ruth"
    with as_login("pipeline"):
        factories.choice(getattr(twice, who), by=twice.adviser)
        factories.choice(
            getattr(twice, other),
            answer="consents",
            by=twice.adviser,
        )
        made = twice.join()
        assert refusals(twice.ruth) == OPTED_OUT
        unmerge(made, words="No.")
        assert refusals(getattr(twice, who)) == OPTED_OUT
        assert refusals(getattr(twice, other)) == set()


def test_an_opt_out_of_the_merged_one_closes_the_survivors_record_at_the_merge(
    twice: Twice, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        factories.choice(twice.again, by=twice.adviser)
        twice.join()
    with transaction.atomic():
        answer = open_record(
            twice.acting, twice.ruth.public_id, look=uuid4(), request_id=str(uuid4())
        )
    assert answer.decision is not None
    assert answer.decision.reason == "opted-out"


def test_what_is_said_after_a_merge_answers_for_both(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        factories.choice(twice.again, by=twice.adviser)
        twice.join()
        factories.choice(twice.ruth, answer="consents", by=twice.adviser)
        assert refusals(twice.ruth) == set()


def test_councils_and_kinds_are_asked_one_by_one(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        factories.choice(
            twice.again, Kind.SOCIAL_CARE_SHARING, council=twice.council, by=twice.adviser
        )
        twice.join()
        factories.choice(twice.ruth, answer="consents", by=twice.adviser)
        assert refusals(twice.ruth) == {("social-care-sharing", twice.council.pk)}


def test_a_refusal_said_while_joined_holds_for_both_until_each_is_asked_again(
    twice: Twice, as_login: AsLogin
) -> None:
    """It may have been either who said it."""
    with as_login("pipeline"):
        made = twice.join()
        factories.choice(twice.ruth, by=twice.adviser)
        unmerge(made, words="No.")
        assert refusals(twice.ruth) == refusals(twice.again) == OPTED_OUT
        factories.choice(twice.again, answer="consents", by=twice.adviser)
        assert refusals(twice.again) == set()
        assert refusals(twice.ruth) == OPTED_OUT


def test_an_agreement_said_while_joined_lifts_nothing_of_the_other_afterwards(
    twice: Twice, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        factories.choice(
            twice.again, by=twice.adviser, effective_from=timezone.now() - timedelta(days=2)
        )
        made = twice.join()
        factories.choice(twice.ruth, answer="consents", by=twice.adviser)
        assert refusals(twice.ruth) == set()
        unmerge(made, words="No.")
        assert refusals(twice.again) == OPTED_OUT


# ── Kept apart for ever ─────────────────────────────────────────────────────────────────────


def test_separated_records_are_never_joined_by_anyone(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        separate(former=twice.again.pk, current=twice.ruth.pk, why=WhySeparated.ADOPTION)
        separate(former=twice.ruth.pk, current=twice.again.pk, why=WhySeparated.ADOPTION)
        assert are_separated(twice.ruth.pk, twice.again.pk)
        answer = merge(survivor=twice.ruth.pk, merged=twice.again.pk, cause=Cause.SUPERSEDED)
        assert answer.outcome == MergeOutcome.SEPARATED
        moved = SourcePerson.objects.filter(source=twice.trust)
        with pytest.raises(IntegrityError, match="kept apart"):
            moved.update(resident=twice.ruth)
        with pytest.raises(IntegrityError, match="kept apart"):
            LinkQuestion.objects.create(
                resident=twice.ruth, reason="superseded-conflict", candidate=twice.again
            )
        proposing = LinkQuestion.objects.exclude(candidate=None)
        assert not proposing.exists(), "what proposed one for the other proposes nobody"
    with as_login("owner"):
        assert Event.objects.filter(action="residents-separated").count() == 1


def test_separation_reaches_everyone_who_is_one_person(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        third = factories.resident("Carter", "R", nhs_number=None, known_to_all=False)
        separate(former=twice.again.pk, current=third.pk, why=WhySeparated.GENDER)
        twice.join()
        assert are_separated(twice.ruth.pk, third.pk)
        answer = merge(survivor=twice.ruth.pk, merged=third.pk, cause=Cause.DUPLICATE)
        assert answer.outcome == MergeOutcome.SEPARATED


def test_two_who_are_one_cannot_be_separated(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        twice.join()
        with pytest.raises(IntegrityError, match="undo the merge"):
            separate(former=twice.again.pk, current=twice.ruth.pk, why=WhySeparated.ADOPTION)


def test_a_list_shows_the_current_one_of_a_pair_and_a_former_one_by_itself(
    twice: Twice, as_login: AsLogin
) -> None:
    with as_login("pipeline"), connection.cursor() as cursor:
        separate(former=twice.again.pk, current=twice.ruth.pk, why=WhySeparated.GENDER)
        third = factories.resident("Carter", "R")
        for asked, shown in (
            ([twice.again.pk, third.pk, twice.ruth.pk], [third.pk, twice.ruth.pk]),
            ([twice.again.pk, third.pk], [twice.again.pk, third.pk]),
            ([], []),
        ):
            cursor.execute("select identity.without_separated(%s::bigint[])", [asked])
            assert cursor.fetchone() == (shown,)
