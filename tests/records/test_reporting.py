"""Reports of wrong entries: through the opening that shows the entry, to its source alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.models import Resident, SourcePerson
from organisations.categories import Category
from organisations.models import Membership, StaffMember
from records import reporting
from records.models import Entry
from records.reported import EntryReport
from tests import factories
from tests.records.conftest import Ward, page_of, text_of

WORDS = "The person says that they never had it."
FOUND = "It was another person of the same name."


def client_of(membership: Membership) -> Client:
    client = Client()
    client.force_login(membership.staff)
    return client


@pytest.fixture
def officer(ward: Ward) -> Membership:
    with ward.as_login("pipeline"):
        made = factories.membership(at=ward.practice, as_role="records-officer")
        StaffMember.objects.filter(pk=made.staff_id).update(email="records@practice.example")
    return made


@pytest.fixture
def entry(ward: Ward) -> UUID:
    """An entry of the practice's that the ward's nurse is shown, with the record open."""
    made: UUID = ward.entry(
        ward.person(ward.practice), Category.DIAGNOSES, "Qzdiagnosis", identifier="condition-77"
    )
    ward.open()
    return made


def report(ward: Ward, entry: UUID, **fields: str) -> HttpResponse:
    address = reverse("report-entry", kwargs={"resident": ward.resident.public_id, "item": entry})
    return ward.client.post(address, {"what": "not-so", "words": WORDS, **fields})


def only(ward: Ward) -> EntryReport:
    with ward.as_login("pipeline"):
        return EntryReport.objects.get()


def answer(who: Membership, of: EntryReport, **fields: str) -> HttpResponse:
    return client_of(who).post(
        reverse("report", args=[of.public_id]), {"answer": "corrected", "words": FOUND, **fields}
    )


def events(run_sql: Callable[[str], psycopg.Connection], *actions: str) -> list[tuple[Any, ...]]:
    return (
        run_sql("admin")
        .execute(
            "select action, outcome, reason, resident_id is not null, detail::text"
            " from audit_event where action = any (%s) order by id",
            [list(actions)],
        )
        .fetchall()
    )


def test_from_the_entry_to_the_source_and_back(
    ward: Ward, entry: UUID, officer: Membership, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    item = page_of(ward.get("record-item", item=entry))
    way = item.find("a", string="Report that this entry is wrong")
    assert page_of(ward.client.get(way["href"])).h1.get_text() == "Report a wrong entry"
    sent = report(ward, entry)
    assert sent.status_code == 302
    shown = text_of(ward.client.get(sent["Location"]))
    assert "Reported as wrong" in shown
    assert "Its source has not answered yet." in shown
    made = only(ward)
    listed = text_of(client_of(officer).get(reverse("reports")))
    assert made.reference in listed
    assert "CARTER, Ruth (Mrs)" in listed
    one = text_of(client_of(officer).get(reverse("report", args=[made.public_id])))
    for part in ("What it says is not so", WORDS, "Nurse", "Test trust", "condition-77"):
        assert part in one
    assert "Qzdiagnosis" not in one, "the officer reads no record"
    assert answer(officer, made).status_code == 302
    told = text_of(ward.get("record-item", item=entry))
    assert "Corrected in our own system" in told
    assert FOUND in told
    assert "No report waits" in text_of(client_of(officer).get(reverse("reports")))
    answered = text_of(client_of(officer).get(reverse("reports") + "?show=answered"))
    assert made.reference in answered
    written = events(run_sql, "entry-reported", "report-answered")
    assert [(action, reason, whose) for action, _, reason, whose, _ in written] == [
        ("entry-reported", "not-so", True),
        ("report-answered", "corrected", True),
    ]
    assert not any(WORDS in detail or FOUND in detail for *_, detail in written)
    read = events(run_sql, "reports-read")
    assert {reason for _, _, reason, _, _ in read} == {"list", "one"}


def test_another_sources_officers_see_nothing_of_it(
    ward: Ward, entry: UUID, officer: Membership
) -> None:
    report(ward, entry)
    made = only(ward)
    with ward.as_login("pipeline"):
        other = factories.membership(at=ward.trust, as_role="records-officer")
    assert "No report waits" in text_of(client_of(other).get(reverse("reports")))
    assert client_of(other).get(reverse("report", args=[made.public_id])).status_code == 404
    assert answer(other, made).status_code == 404
    assert only(ward).answer == ""


def test_a_report_is_answered_once(ward: Ward, entry: UUID, officer: Membership) -> None:
    report(ward, entry)
    made = only(ward)
    assert answer(officer, made).status_code == 302
    again = answer(officer, made, answer="not-wrong")
    assert "Somebody has answered this report already" in text_of(again)
    assert only(ward).answer == "corrected"


def test_what_is_wrong_must_be_said_in_words(ward: Ward, entry: UUID, officer: Membership) -> None:
    for fields, told in (
        ({"what": ""}, "Select what is wrong"),
        ({"words": ""}, "Say what is wrong, and how you know"),
        ({"words": "No."}, "in 10 characters or more"),
    ):
        page = page_of(report(ward, entry, **fields))
        assert told in page.select_one(".nhsuk-error-summary").get_text()
    with ward.as_login("pipeline"):
        assert not EntryReport.objects.exists()
    report(ward, entry)
    page = page_of(answer(officer, only(ward), words="No."))
    assert "in 10 characters or more" in page.select_one(".nhsuk-error-summary").get_text()


def test_an_entry_that_is_not_shown_cannot_be_reported(ward: Ward, entry: UUID) -> None:
    kept = ward.entry(
        ward.person(ward.practice, identifier="SECOND"),
        Category.DIAGNOSES,
        "Kept at the source",
        sensitive=True,
    )
    for item in (kept, uuid4()):
        assert report(ward, item).status_code == 404
    with ward.as_login("pipeline"):
        assert not EntryReport.objects.exists()


def test_who_is_no_longer_shown_the_entry_is_not_shown_the_report(ward: Ward) -> None:
    council = ward.person(ward.council)
    entry = ward.entry(council, Category.SOCIAL_CARE_SERVICES, "Home support")
    ward.open()
    report(ward, entry)
    assert "Reported as wrong" in text_of(ward.get("record-item", item=entry))
    ward.refuse("social-care-sharing", ward.council)
    assert ward.get("record-item", item=entry).status_code == 404
    assert report(ward, entry).status_code == 404


def test_the_notice_names_nobody_and_goes_once(
    ward: Ward, entry: UUID, officer: Membership
) -> None:
    report(ward, entry)
    made = only(ward)
    with ward.as_login("pipeline"):
        mail.outbox.clear()
        assert reporting.reports_to_tell() == [made.pk]
        assert reporting.tell(made.pk)
        assert not reporting.tell(made.pk)
        assert reporting.reports_to_tell() == []
    (notice,) = mail.outbox
    assert notice.to == ["records@practice.example"]
    assert made.reference in notice.subject
    assert str(made.public_id) in notice.body
    for private in ("Carter", "Ruth", "Qzdiagnosis", WORDS, "condition-77", "Test trust"):
        assert private not in notice.subject + notice.body


def test_who_does_not_answer_is_reminded_every_week(
    ward: Ward, entry: UUID, officer: Membership
) -> None:
    report(ward, entry)
    made = only(ward)
    with ward.as_login("pipeline"):
        assert reporting.tell(made.pk)
        mail.outbox.clear()
        a_week_ago = timezone.now() - reporting.REMINDED_EVERY
        EntryReport.objects.update(notified=a_week_ago + timedelta(minutes=5))
        assert reporting.reports_to_tell() == []
        for _ in range(2):
            EntryReport.objects.update(notified=a_week_ago)
            assert reporting.reports_to_tell() == [made.pk]
            assert reporting.tell(made.pk)
            assert not reporting.tell(made.pk)
    assert len(mail.outbox) == 2
    assert "still waits" in mail.outbox[0].subject
    assert "has waited for an answer since" in mail.outbox[0].body
    for private in ("Carter", "Ruth", "Qzdiagnosis", WORDS, "condition-77", "Test trust"):
        assert private not in mail.outbox[0].body
    answer(officer, made)
    with ward.as_login("pipeline"):
        EntryReport.objects.update(notified=a_week_ago)
        assert reporting.reports_to_tell() == []


def test_without_an_officer_to_tell_it_waits(ward: Ward, entry: UUID, caplog: Any) -> None:
    report(ward, entry)
    with ward.as_login("pipeline"):
        assert not reporting.tell(only(ward).pk)
        assert reporting.reports_to_tell() == [only(ward).pk]
    assert "no records officer" in caplog.text


def test_of_who_opted_out_the_officer_is_told_no_word(
    ward: Ward, entry: UUID, officer: Membership
) -> None:
    report(ward, entry)
    ward.refuse("connect-care")
    one = text_of(client_of(officer).get(reverse("report", args=[only(ward).public_id])))
    assert WORDS not in one
    assert "Test trust" not in one
    assert "Not shown" in one


def test_a_protected_residents_report_says_neither_words_nor_where(
    ward: Ward, entry: UUID, officer: Membership
) -> None:
    report(ward, entry)
    with ward.as_login("pipeline"):
        Resident.objects.filter(pk=ward.resident.pk).update(protection="R")
    one = text_of(client_of(officer).get(reverse("report", args=[only(ward).public_id])))
    assert WORDS not in one
    assert "Test trust" not in one
    assert "A nurse" in one


def test_a_council_sees_no_report_of_who_objects_to_its_use_of_the_number(ward: Ward) -> None:
    entry = ward.entry(ward.person(ward.council), Category.SOCIAL_CARE_SERVICES, "Home support")
    ward.open()
    report(ward, entry)
    with ward.as_login("pipeline"):
        of_council = factories.membership(at=ward.council, as_role="records-officer")
    made = only(ward)
    assert made.reference in text_of(client_of(of_council).get(reverse("reports")))
    ward.refuse("nhs-number", ward.council)
    assert "No report waits" in text_of(client_of(of_council).get(reverse("reports")))
    assert client_of(of_council).get(reverse("report", args=[made.public_id])).status_code == 404


# ── The wall ────────────────────────────────────────────────────────────────────────────────


def row(ward: Ward, entry: UUID, **fields: Any) -> dict[str, Any]:
    key = ward.practice.pk * 64 + Category.DIAGNOSES * 2
    with ward.as_login("pipeline"):
        person = Entry.objects.values_list("source_person", flat=True).get(public_id=entry)
    return {
        "reference": "WE-TEST0001",
        "resident_id": ward.resident.pk,
        "source_id": ward.practice.pk,
        "source_person_id": person,
        "entry_public_id": entry,
        "grant_key": key,
        "category": int(Category.DIAGNOSES),
        "identifier": "condition-77",
        "what": "not-so",
        "words": WORDS,
        "membership_id": ward.nurse.pk,
        **fields,
    }


def test_without_an_opening_the_web_neither_writes_nor_reads_one(
    ward: Ward, entry: UUID, as_login: Any
) -> None:
    report(ward, entry)
    with as_login("web"), transaction.atomic():
        assert EntryReport.objects.count() == 0
    with pytest.raises(DatabaseError), as_login("web"), transaction.atomic():
        EntryReport.objects.create(**row(ward, entry))


@pytest.mark.parametrize(
    "wrong",
    [
        {"entry_public_id": uuid4},
        {"identifier": lambda: "another"},
        {"grant_key": lambda: 1},
        {"answer": lambda: "corrected"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_report_of_anything_but_what_is_shown_is_refused_by_the_database(
    ward: Ward, entry: UUID, monkeypatch: Any, wrong: dict[str, Callable[[], Any]]
) -> None:
    from records import views_reporting

    made = {name: make() for name, make in wrong.items()}

    def forged(*_: Any, **__: Any) -> Any:
        with pytest.raises(DatabaseError), transaction.atomic():
            EntryReport.objects.create(**row(ward, entry, **made))
        with transaction.atomic():
            return EntryReport.objects.create(**row(ward, entry))

    monkeypatch.setattr(views_reporting.reporting, "report_entry", forged)
    assert report(ward, entry).status_code == 302
    assert only(ward).words == WORDS


def test_the_web_changes_no_report(ward: Ward, entry: UUID, as_login: Any) -> None:
    report(ward, entry)
    with pytest.raises(DatabaseError), as_login("web"), connection.cursor() as cursor:
        cursor.execute("update records_entryreport set words = 'something else entirely'")
    with pytest.raises(DatabaseError), as_login("web"), connection.cursor() as cursor:
        cursor.execute("delete from records_entryreport")


def test_a_report_goes_with_its_entrys_source_person(
    ward: Ward, entry: UUID, officer: Membership
) -> None:
    """Two records that were one are taken apart: neither reads what was said of the other."""
    report(ward, entry)
    with ward.as_login("pipeline"):
        other = factories.resident(family_name="Okafor")
        SourcePerson.objects.filter(resident=ward.resident, source=ward.practice).update(
            resident=other
        )
    made = only(ward)
    assert made.resident_id == other.pk
    listed = text_of(client_of(officer).get(reverse("reports")))
    assert "OKAFOR" in listed
    assert "CARTER" not in listed
