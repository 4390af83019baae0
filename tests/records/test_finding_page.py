"""Finding words in an open record: what is shown and nothing else, and nothing in an address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from bs4 import BeautifulSoup
from django.http import HttpResponse
from django.urls import reverse

from identity.models import Resident
from organisations.categories import Category
from records import views_finding
from records.sections import PAGE
from tests.records.conftest import Ward, page_of, text_of


def find(ward: Ward, words: str, **more: str) -> HttpResponse:
    address = reverse("find-in-record", kwargs={"resident": ward.resident.public_id})
    return ward.client.post(address, {"words": words, **more})


def names(page: BeautifulSoup) -> list[str]:
    return [each.get_text().partition(",")[0].strip() for each in page.select(".record-item__name")]


def given_entries(ward: Ward) -> None:
    practice, council = ward.person(ward.practice), ward.person(ward.council)
    ward.entry(practice, Category.DIAGNOSES, "Sjögren’s syndrome", detail="Dry eyes")
    ward.entry(
        practice, Category.MEDICATIONS, "Metformin", author="Dr Eve Ito", notes=["With food"]
    )
    ward.entry(practice, Category.DIAGNOSES, "Wrong metformin", status="entered-in-error")
    ward.entry(practice, Category.DIAGNOSES, "Kept metformin", sensitive=True)
    ward.entry(council, Category.SOCIAL_CARE_SERVICES, "Home support", status="past")
    ward.open()


def test_what_is_shown_is_found_whatever_its_case_and_accents(ward: Ward) -> None:
    given_entries(ward)
    page = page_of(find(ward, "SJOGREN dry"))
    assert [each.get_text() for each in page.select("mark")] == ["Sjögren", "Dry"]
    assert "1 entry has these words" in page.get_text()
    assert "Diagnoses and problems" in page.select_one(".record-item__source").get_text()
    for words, found in (
        ("metformin", "Metformin"),
        ("ito", "Metformin"),
        ("food", "Metformin"),
        ("test council", "Home support"),
        ("support", "Home support"),
    ):
        assert names(page_of(find(ward, words))) == [found], words


def test_errors_of_sources_and_what_stays_with_its_source_are_not_found(ward: Ward) -> None:
    given_entries(ward)
    assert names(page_of(find(ward, "wrong"))) == []
    assert names(page_of(find(ward, "kept"))) == []
    assert "Nothing that is shown to you has all of these words" in text_of(find(ward, "kept"))


def test_what_is_refused_is_not_found_from_the_next_request_on(ward: Ward) -> None:
    given_entries(ward)
    assert names(page_of(find(ward, "support"))) == ["Home support"]
    ward.refuse("social-care-sharing", ward.council)
    assert names(page_of(find(ward, "support"))) == []


def test_of_a_protected_resident_only_what_is_shown_is_looked_through(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    ward.entry(practice, Category.CONTACTS, "Elm clinic", author="Dr Eve Ito", place="Elm House")
    ward.open()
    assert len(names(page_of(find(ward, "elm")))) == 1
    with ward.as_login("pipeline"):
        Resident.objects.filter(pk=ward.resident.pk).update(protection="R")
    for words in ("elm", "ito", "house", "test practice"):
        assert names(page_of(find(ward, words))) == [], words
    assert len(names(page_of(find(ward, "contact")))) == 1


def test_words_stand_in_no_address_and_no_event(
    ward: Ward, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    given_entries(ward)
    response = find(ward, "metformin")
    page = page_of(response)
    form = page.select_one("form.record-find")
    assert form["method"] == "post"
    assert not any("metformin" in (link.get("href") or "") for link in page.select("a"))
    rows = run_sql("admin").execute("select row_to_json(e)::text from audit_event e").fetchall()
    assert rows
    assert not any("metformin" in row.casefold() for (row,) in rows)


def test_pages_of_what_was_found_are_asked_for_in_a_form(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    for nth in range(PAGE + 2):
        ward.entry(practice, Category.LAB_RESULTS, f"Potassium {nth:03}")
    ward.open()
    first = page_of(find(ward, "potassium"))
    assert len(names(first)) == PAGE
    assert f"{PAGE + 2} entries have these words, page 1 of 2" in first.get_text()
    button = first.select_one(".record-find__pages button")
    second = page_of(find(ward, "potassium", page=button["value"]))
    assert len(names(second)) == 2
    assert not set(names(first)) & set(names(second))
    assert len(names(page_of(find(ward, "potassium", page="999")))) == 2
    assert len(names(page_of(find(ward, "potassium", page="x")))) == PAGE


def test_nothing_or_a_letter_is_asked_for_again(ward: Ward) -> None:
    ward.open()
    for words, told in (
        ("", "Enter a word to find"),
        ("a", "Enter a word of 2 letters or more"),
        ("x" * 101, "must be 100 characters or fewer"),
    ):
        response = find(ward, words)
        page = page_of(response)
        assert told in page.select_one(".nhsuk-error-summary").get_text()
        assert page.title.get_text(strip=True).startswith("Error: ")


def test_without_a_look_or_a_relationship_nothing_is_found(ward: Ward) -> None:
    given_entries(ward)
    other = ward.another_resident(cared_for=False)
    address = reverse("find-in-record", kwargs={"resident": other.public_id})
    assert ward.client.post(address, {"words": "metformin"}).status_code == 403
    ward.open(other)
    refused = ward.client.post(address, {"words": "metformin"})
    assert refused.status_code == 403
    assert "metformin" not in refused.content.decode()


def test_the_record_leads_to_the_form(ward: Ward) -> None:
    ward.open()
    way = page_of(ward.get()).find("a", string="Find in this record")
    form = page_of(ward.client.get(way["href"])).select_one("form.record-find")
    assert form.select_one("input[name=words]")
    assert form.select_one("label").get_text(strip=True) == "Find in what is shown"


def test_what_closes_meanwhile_is_asked_for_again_without_the_words(
    ward: Ward, monkeypatch: Any
) -> None:
    given_entries(ward)
    made = views_finding.found_page

    def meanwhile(*given: Any, **named: Any) -> Any:
        ward.refuse("social-care-sharing", ward.council)
        return made(*given, **named)

    monkeypatch.setattr(views_finding, "found_page", meanwhile)
    response = find(ward, "support")
    assert response.status_code == 303
    assert response["Location"] == reverse(
        "find-in-record", kwargs={"resident": ward.resident.public_id}
    )
