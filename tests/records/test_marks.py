"""An entry that was reported is marked wherever it is listed, for as long as it may be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from organisations.categories import Category
from organisations.models import Membership
from records.marks import is_marked
from records.models import Entry
from records.reported import EntryReport
from tests import factories
from tests.records.conftest import Ward, page_of
from tests.records.test_reporting import answer, only, report
from tests.records.test_trends import only as only_drawing
from tests.records.test_trends import result

MARK = "Reported as wrong"
TEST = "Qzserum sodium"


@pytest.fixture
def results(ward: Ward) -> tuple[UUID, UUID]:
    """Two results of one test from the practice, the record open; the second is reported."""
    person = ward.person(ward.practice)
    first, second = (
        ward.entry(
            person,
            Category.LAB_RESULTS,
            TEST,
            identifier=f"result-{nth}",
            value=Decimal(130 + nth),
            unit="mmol/L",
            effective=timezone.now() - timedelta(days=3 - nth),
        )
        for nth in range(2)
    )
    ward.open()
    return first, second


def marked_in(answered: HttpResponse) -> set[UUID]:
    """The entries that a page marks, by the links beside the marks."""
    found = set()
    for mark in page_of(answered).select(".record-item__reported"):
        assert MARK in mark.get_text()
        row = mark.find_parent(["li", "tr"])
        found.add(UUID(row.select_one("a[href*='/item/']")["href"].split("/")[-1]))
    return found


def lists(ward: Ward, of: UUID) -> dict[str, set[UUID]]:
    """What each page that lists entries marks."""
    find = reverse("find-in-record", kwargs={"resident": ward.resident.public_id})
    return {
        "record": marked_in(ward.get()),
        "section": marked_in(ward.get("record-section", category="results")),
        "timeline": marked_in(ward.get("timeline")),
        "trend": marked_in(ward.get("results-over-time", item=of)),
        "found": marked_in(ward.client.post(find, {"words": TEST})),
        "print": marked_in(ward.get("print-record")),
    }


def test_a_reported_entry_is_marked_wherever_it_is_listed(
    ward: Ward, results: tuple[UUID, UUID]
) -> None:
    first, second = results
    assert set().union(*lists(ward, first).values()) == set()
    report(ward, second)
    assert {page: marks for page, marks in lists(ward, first).items() if marks != {second}} == {}
    trend = page_of(ward.get("results-over-time", item=first))
    assert len(trend.select(".record-trend__reported")) == 1
    assert "Latest 131 mmol/L (reported as wrong), before that 130 mmol/L." in trend.get_text()


def test_the_plan_of_leaving_hospital_marks_it_too(ward: Ward) -> None:
    service = ward.entry(ward.person(ward.council), Category.SOCIAL_CARE_SERVICES, "Home support")
    ward.open()
    report(ward, service)
    assert marked_in(ward.get("discharge-planning")) == {service}


def test_the_mark_goes_when_it_is_not_wrong_or_has_been_put_right(
    ward: Ward, results: tuple[UUID, UUID]
) -> None:
    first, second = results
    with ward.as_login("pipeline"):
        officer: Membership = factories.membership(at=ward.practice, as_role="records-officer")
    report(ward, first)
    answer(officer, only(ward), answer="not-wrong")
    assert marked_in(ward.get()) == set()
    report(ward, second)
    with ward.as_login("pipeline"):
        again = EntryReport.objects.get(entry_public_id=second)
    answer(officer, again, answer="corrected")
    assert marked_in(ward.get()) == {second}, "what it has corrected has not come"
    with ward.as_login("pipeline"):
        Entry.objects.filter(resident_id=ward.resident.pk, public_id=second).update(
            received=again.at + timedelta(seconds=1)
        )
    assert marked_in(ward.get()) == set()


def test_who_is_not_shown_the_entry_hears_of_no_report(
    ward: Ward, results: tuple[UUID, UUID]
) -> None:
    report(ward, results[1])
    with ward.as_login("pipeline"):
        Entry.objects.filter(resident_id=ward.resident.pk, public_id=results[1]).update(
            sensitive=True
        )
        EntryReport.objects.filter(entry_public_id=results[1]).update(grant_key=1)
    ward.open()
    assert "eported as wrong" not in ward.get().content.decode()


def test_a_mark_is_of_its_entry_and_until_the_corrected_one_has_come() -> None:
    entry, at = uuid4(), datetime(2026, 1, 1, tzinfo=UTC)
    later = at + timedelta(seconds=1)
    unanswered = f'[["{entry}", null]]'
    corrected = f'[["{uuid4()}", null], ["{entry}", "2026-01-01T00:00:00+00:00"]]'
    assert is_marked(entry, later, unanswered)
    assert not is_marked(uuid4(), later, unanswered)
    assert is_marked(entry, at, corrected)
    assert not is_marked(entry, later, corrected)
    assert not is_marked(entry, at, None)


def test_a_drawing_crosses_out_what_was_reported() -> None:
    drawing = only_drawing(result("5", 30, reported=True), result("4", 0))
    assert [point.reported for point in drawing.points] == [False, True]
    assert drawing.reported
    assert drawing.points[1].words.endswith("5 mmol/L (reported as wrong)")
    assert not only_drawing(result("5", 30), result("4", 0)).reported
