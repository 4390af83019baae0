"""The record for paper: what its page shows, who prints it, and an event of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from django.urls import reverse

from identity.models import Resident
from organisations.categories import Category
from tests.records.conftest import Ward, page_of, text_of


def prints(run_sql: Callable[[str], psycopg.Connection]) -> list[tuple[Any, ...]]:
    return (
        run_sql("admin")
        .execute(
            "select resident_id, staff_id, look is not null, detail ->> 'entries'"
            " from audit_event where action = 'record-printed'"
        )
        .fetchall()
    )


def test_it_shows_what_the_page_shows_and_who_prints_it(
    ward: Ward, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    practice = ward.person(ward.practice)
    ward.entry(practice, Category.MEDICATIONS, "Metformin")
    ward.entry(practice, Category.DIAGNOSES, "Asthma")
    record = page_of(ward.open())
    assert prints(run_sql) == []
    way = record.find("a", string="Print this record")
    page = page_of(ward.client.get(way["href"]))
    shown = {link["href"] for link in record.select("a.record-item__name")}
    assert {link["href"] for link in page.select("a.record-item__name")} == shown
    assert "CARTER, Ruth (Mrs)" in page.select_one(".record-banner").get_text()
    printed = page.select_one(".record-banner .record-printed").get_text()
    assert f"Printed by {ward.nurse.staff.name}, Nurse, Test trust at " in printed
    assert prints(run_sql) == [(ward.resident.pk, ward.nurse.staff_id, True, "2")]
    assert page.select("main form") == [], "nothing to press is on paper"


def test_paper_about_a_protected_resident_does_not_say_where(ward: Ward) -> None:
    with ward.as_login("pipeline"):
        Resident.objects.filter(pk=ward.resident.pk).update(protection="R")
    ward.open()
    page = page_of(ward.get("print-record"))
    assert "Printed by a nurse at " in page.select_one(".record-printed").get_text()
    assert "Test trust" not in page.main.get_text()


def test_what_is_refused_is_neither_printed_nor_counted_as_printed(
    ward: Ward, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    ward.entry(ward.person(ward.practice), Category.DIAGNOSES, "Asthma")
    ward.open()
    ward.refuse("connect-care")
    response = ward.get("print-record")
    assert response.status_code == 403
    assert "Asthma" not in text_of(response)
    assert prints(run_sql) == []
    assert (
        ward.client.post(
            reverse("print-record", kwargs={"resident": ward.resident.public_id})
        ).status_code
        == 405
    )
