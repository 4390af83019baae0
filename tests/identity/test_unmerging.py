"""Taking apart what was merged: row for row as it was, but for what changed since."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection

from access.models import RelationshipDue
from audit.models import Event
from identity.merging import (
    UnmergeOutcome,
    same_person,
    survivor_of,
    unmerge,
)
from identity.models import (
    Resident,
    ResidentNhsNumber,
    SourcePerson,
)
from organisations.categories import Category
from records.actions import renew_due_relationships
from tests import factories
from tests.conftest import AsLogin
from tests.identity.recorded_twice import (
    Connect,
    Twice,
    dump,
    without_a_row,
    write_everything_else,
)

# ── And back ────────────────────────────────────────────────────────────────────────────────


def test_a_merge_undone_leaves_every_row_as_it_was(
    twice: Twice, as_login: AsLogin, run_sql: Connect
) -> None:
    write_everything_else(twice, as_login, run_sql)
    before = dump(run_sql)
    assert without_a_row(before, twice, run_sql) == set(), (
        "write a row of these about Ruth in recorded_twice.py: a merge moves it and back"
    )
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
