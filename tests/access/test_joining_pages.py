"""The records officers' pages: joining two records, and taking one apart again."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from bs4 import BeautifulSoup
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from access.acting import Acting
from access.gate import Opened, open_record
from identity.merging import merge, separate
from identity.models import (
    Cause,
    Merge,
    Resident,
    WhySeparated,
)
from tests import factories
from tests.access.records_officer import HOW, NUMBER, OTHER, Officer, Region, _words, events, rows
from tests.conftest import AsLogin


def test_two_records_are_found_compared_checked_and_joined(
    region: Region, officer: Officer, again: Resident, as_login: AsLogin
) -> None:
    page = officer.gets("identity", again.public_id)
    assert "Somebody who cares for the resident" in page.get_text()
    page = officer.posts("find-other", again.public_id, status=200, nhs_number=NUMBER)
    (link,) = page.select(".app-result a")
    assert link["href"] == reverse("join-residents", args=[again.public_id, region.ruth.public_id])
    both = (again.public_id, region.ruth.public_id)
    page = officer.gets("join-residents", *both)
    assert rows(page)["NHS number"][2] == "Different"
    typed = {"stays": str(region.ruth.public_id), "cause": "duplicate", "words": HOW}
    page = officer.posts("join-residents", *both, status=200, **typed)
    assert page.h1.get_text() == "Check before you join these records"
    assert not Merge.objects.exists()
    officer.posts("join-residents", *both, checked="yes", **typed)
    made = Merge.objects.get()
    assert (made.survivor_id, made.merged_id) == (region.ruth.pk, again.pk)
    page = officer.gets("identity-merge", made.public_id)
    assert "1 NHS number" in page.get_text()
    # The old address, and the old number, lead to the one that stayed.
    assert "was joined with this one" in officer.gets("identity", again.public_id).get_text()
    found = officer.posts("find-resident", status=200, nhs_number=OTHER).get_text()
    assert "is an old one of this resident" in found
    assert [event.residents for event in events(as_login, "residents-merged")] == [
        [region.ruth.pk, again.pk]
    ]


def test_the_one_that_everybody_knows_must_stay(region: Region, officer: Officer) -> None:
    own = Resident.objects.get(pk=region.doubted.resident_id)
    page = officer.posts(
        "join-residents", own.public_id, region.ruth.public_id, status=200,
        stays=str(own.public_id), cause="duplicate", words=HOW, checked="yes",
    )  # fmt: skip
    assert "known to everybody must stay" in page.get_text()
    assert not Merge.objects.exists()


def test_two_verified_numbers_are_left_to_the_demographics_service(
    region: Region, officer: Officer
) -> None:
    other = factories.resident("Carter", "Ruth", birth_date=date(1941, 3, 2))
    both = (region.ruth.public_id, other.public_id)
    typed = {"stays": str(region.ruth.public_id), "words": HOW, "checked": "yes"}
    page = officer.posts("join-residents", *both, status=200, cause="duplicate", **typed)
    assert "ask the national back office" in page.get_text()
    officer.posts("join-residents", *both, cause="superseded", **typed)
    assert Merge.objects.get().cause == "superseded"


def test_the_old_address_of_a_joined_record_leads_to_the_one_that_stayed(
    region: Region, again: Resident, as_login: AsLogin
) -> None:
    merge(survivor=region.ruth.pk, merged=again.pk, cause=Cause.DUPLICATE)
    nurse = Client()
    with as_login("web"):
        nurse.force_login(region.nurse.staff)
        nurse.post(reverse("open-record"), {"resident": str(again.public_id)})
        answer = nurse.get(reverse("record", args=[again.public_id]))
    page = BeautifulSoup(answer.content, "html.parser")
    assert answer.status_code == 403
    assert page.h1.get_text() == "This record was joined with another"
    assert page.select_one("input[name=resident]")["value"] == str(region.ruth.public_id)
    stranger = factories.resident("Bello", nhs_number=None, known_to_all=False)
    hidden = factories.resident("Bello", nhs_number=None, known_to_all=False)
    merge(survivor=stranger.pk, merged=hidden.pk, cause=Cause.DUPLICATE)
    with as_login("web"):
        nurse.post(reverse("open-record"), {"resident": str(hidden.public_id)})
        assert nurse.get(reverse("record", args=[hidden.public_id])).status_code == 404


def test_taking_apart_lists_who_saw_what_and_what_was_said_in_between(
    region: Region, officer: Officer, again: Resident, as_login: AsLogin
) -> None:
    typed = {"stays": str(region.ruth.public_id), "cause": "duplicate", "words": HOW}
    officer.posts("join-residents", region.ruth.public_id, again.public_id, checked="yes", **typed)
    made = Merge.objects.get()
    with as_login("web"), transaction.atomic():
        opened = open_record(
            Acting.of(region.nurse),
            region.ruth.public_id,
            look=uuid4(),
            request_id=str(uuid4()),
        )
        assert isinstance(opened, Opened)
    factories.choice(region.ruth, by=region.adviser)
    page = officer.gets("take-apart", made.public_id)
    assert region.nurse.staff.name in page.get_text()
    # And which parts that let them see: what a nurse reads, and no safeguarding.
    assert "Diagnoses and problems" in _words(page)
    assert "Safeguarding" not in page.get_text()
    assert "1 choice was recorded" in page.get_text()
    assert "Enter" not in officer.posts("take-apart", made.public_id, status=200).h1.get_text()
    assert Merge.objects.get().undone_at is None
    officer.posts("take-apart", made.public_id, words=HOW)
    made.refresh_from_db()
    assert (made.undone_by_id, made.undone_words) == (region.officer.pk, HOW)
    page = officer.gets("identity-merge", made.public_id)
    assert "Taken apart again" in page.get_text()
    assert region.nurse.staff.name in page.get_text()
    officer.posts("take-apart", made.public_id, words=HOW)
    assert len(events(as_login, "residents-unmerged")) == 1


def test_a_later_join_is_taken_apart_first(
    region: Region, officer: Officer, again: Resident
) -> None:
    third = factories.resident("Carter", "R", birth_date=date(1941, 3, 2), nhs_number=None)
    for other in (again, third):
        officer.posts(
            "join-residents", region.ruth.public_id, other.public_id, checked="yes",
            stays=str(region.ruth.public_id), cause="duplicate", words=HOW,
        )  # fmt: skip
    first, second = Merge.objects.order_by("pk")
    page = officer.gets("identity-merge", first.public_id)
    assert page.select_one(f'a[href="{reverse("identity-merge", args=[second.public_id])}"]')
    page = officer.posts("take-apart", first.public_id, status=200, words=HOW)
    assert "A later join stands on this one" in page.get_text()


def test_who_is_kept_apart_is_told_of_to_nobody(
    region: Region, officer: Officer, again: Resident, as_login: AsLogin
) -> None:
    separate(former=again.pk, current=region.ruth.pk, why=WhySeparated.GENDER)
    both = (region.ruth.public_id, again.public_id)
    officer.gets("join-residents", *both, status=404)
    officer.posts(
        "join-residents", *both, status=404, checked="yes",
        stays=str(region.ruth.public_id), cause="duplicate", words=HOW,
    )  # fmt: skip
    with as_login("web"), connection.cursor() as cursor:
        cursor.execute(
            "select outcome from access.join_residents(%s, %s, %s, %s, 'duplicate', %s, %s)",
            [region.officer.staff_id, region.officer.pk, *both, HOW, uuid4()],
        )
        assert cursor.fetchone() == ("not-known",)


def test_who_may_not_be_known_of_is_compared_with_nobody(region: Region, as_login: AsLogin) -> None:
    own = Resident.objects.get(pk=region.doubted.resident_id)
    theirs = Officer(region.elsewhere, as_login)
    theirs.gets("identity", own.public_id, status=404)
    theirs.gets("join-residents", region.ruth.public_id, own.public_id, status=404)
    theirs.gets("find-other", own.public_id, status=404)
