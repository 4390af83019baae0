"""The overview: what is next, what stands out, whom to ring; with its source, and never blank."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from django.utils import timezone

from identity.models import Resident
from organisations.categories import Category
from organisations.models import Role
from records.overview import MOST
from records.selectors import ABNORMAL_DAYS, MOST_COMING, RECENT_RESULTS
from tests.records.conftest import Ward, page_of

ABNORMAL = "High, low or abnormal results, last 12 months"


def blocks(page: BeautifulSoup) -> dict[str, Tag]:
    return {
        block.h3.get_text(strip=True): block
        for block in page.select("section#overview .record-block")
    }


def names(block: Tag) -> list[str]:
    return [
        each.get_text().partition(",")[0].strip() for each in block.select(".record-item__name")
    ]


def words(block: Tag) -> str:
    return " ".join(block.get_text(" ").split())


def days(count: float) -> datetime:
    return timezone.now() + timedelta(days=count)


def appointment(ward: Ward, person: Any, display: str, in_days: float, **fields: Any) -> None:
    given = {"status": "planned", "effective_precision": "time", **fields}
    ward.entry(person, Category.APPOINTMENTS, display, effective=days(in_days), **given)


def result(ward: Ward, person: Any, display: str, **fields: Any) -> None:
    ward.entry(person, Category.LAB_RESULTS, display, source_status="final", **fields)


def test_the_blocks_stand_in_their_order(ward: Ward) -> None:
    assert list(blocks(page_of(ward.open()))) == [
        "Alerts and needs",
        "Allergies",
        "Care plans and decisions in force",
        "Current admission",
        "Current medicines",
        "Current problems",
        ABNORMAL,
        "Latest results",
        "Coming appointments",
        "Recent contacts",
        "People involved",
    ]


def test_the_next_appointments_come_first_however_many_follow(ward: Ward) -> None:
    person = ward.person(ward.trust)
    for week in range(30, 0, -1):  # more than a section shows: its newest are the farthest away
        appointment(ward, person, f"Dialysis {week}", week * 7)
    appointment(ward, person, "Was cancelled", 1, status="cancelled")
    appointment(ward, person, "Is over", -1)
    coming = blocks(page_of(ward.open()))["Coming appointments"]
    assert names(coming) == [f"Dialysis {week}" for week in range(1, MOST_COMING + 1)]
    assert "Test trust" in words(coming)


def test_results_out_of_their_range_stand_out_though_newer_ones_are_normal(ward: Ward) -> None:
    person = ward.person(ward.practice)
    result(ward, person, "Flagged", interpretation="HH", value_text="9", effective=days(-100))
    result(ward, person, "Above", value=9, range_high=5, effective=days(-90))
    result(ward, person, "Below", value=1, range_low=2, effective=days(-80))
    result(ward, person, "Bound", value=9, value_text="<9", range_high=5, effective=days(-70))
    result(ward, person, "Said normal", value=9, range_high=5, interpretation="N")
    result(ward, person, "Old", interpretation="H", effective=days(-ABNORMAL_DAYS - 2))
    result(ward, person, "Wrong", interpretation="H", status="entered-in-error")
    for nth in range(RECENT_RESULTS):
        result(ward, person, f"Normal {nth}", value=3, range_high=5, effective=days(-nth))
    found = blocks(page_of(ward.open()))
    assert names(found[ABNORMAL]) == ["Below", "Above", "Flagged"]
    assert "▼ Low: below the range given" in words(found[ABNORMAL])
    assert "▲▲ High, critically" in words(found[ABNORMAL])
    assert names(found["Latest results"])[0] == "Said normal" or names(found["Latest results"])


def test_no_more_results_out_of_range_than_fit(ward: Ward) -> None:
    person = ward.person(ward.practice)
    for nth in range(RECENT_RESULTS + 3):
        result(ward, person, f"High {nth}", interpretation="H", effective=days(-nth))
    assert names(blocks(page_of(ward.open()))[ABNORMAL]) == [
        f"High {nth}" for nth in range(RECENT_RESULTS)
    ]


def test_what_speaking_with_them_takes_stands_with_the_alerts(ward: Ward) -> None:
    with ward.as_login("pipeline"):
        Resident.objects.filter(pk=ward.resident.pk).update(
            interpreter_needed=True, language="Somali"
        )
    alerts = blocks(page_of(ward.open()))["Alerts and needs"]
    assert "Interpreter needed: Somali" in words(alerts)
    assert "No alerts shown. There may be some." in words(alerts)


def test_every_item_has_its_source_its_authors_role_and_when(ward: Ward) -> None:
    person = ward.person(ward.practice)
    ward.entry(
        person, Category.MEDICATIONS, "Metformin", author="Dr Eve Ito", author_role="GP partner"
    )
    item = blocks(page_of(ward.open()))["Current medicines"].select_one(".record-item")
    assert "Test practice" in words(item)
    assert "Dr Eve Ito, GP partner" in words(item)
    assert item.select_one(".record-item__when p").get_text(strip=True)


def test_who_is_involved_has_how_to_reach_them(ward: Ward) -> None:
    person = ward.person(ward.council)
    ward.entry(
        person,
        Category.PEOPLE_INVOLVED,
        "Nadia Okoro",
        detail="Social worker",
        place="North locality",
        phone="020 7946 0456",
    )
    involved = words(blocks(page_of(ward.open()))["People involved"])
    for part in ("Nadia Okoro", "Social worker", "North locality", "020 7946 0456", "Test council"):
        assert part in involved


def test_a_block_without_items_says_why(ward: Ward) -> None:
    found = blocks(page_of(ward.open()))
    assert "No coming appointment shown. There may be some." in words(found["Coming appointments"])
    assert "No result that is high, low or abnormal shown." in words(found[ABNORMAL])
    with ward.as_login("pipeline"):
        Role.objects.filter(code="nurse").update(categories=[int(Category.ALLERGIES)])
    found = blocks(page_of(ward.open()))
    for title in ("Coming appointments", ABNORMAL, "Latest results", "Recent contacts"):
        assert "Your role does not include" in words(found[title]), title


@pytest.mark.parametrize("category", [Category.APPOINTMENTS, Category.LAB_RESULTS])
def test_what_is_sensitive_or_refused_is_in_no_block(ward: Ward, category: Category) -> None:
    practice, council = ward.person(ward.practice), ward.person(ward.council)
    with ward.as_login("pipeline"):
        ward.feeds[ward.council.pk].categories = sorted(Category)
        ward.feeds[ward.council.pk].save()
    for person, sensitive in ((practice, True), (council, False)):
        ward.entry(
            person,
            category,
            "Must not be told",
            sensitive=sensitive,
            status="planned" if category == Category.APPOINTMENTS else "past",
            effective=days(3) if category == Category.APPOINTMENTS else days(-3),
            interpretation="H",
        )
    assert "Must not be told" in page_of(ward.open()).get_text()
    ward.refuse("social-care-sharing", ward.council)
    assert "Must not be told" not in page_of(ward.get()).get_text()


def test_a_decision_in_force_stands_in_the_overview_however_old(ward: Ward) -> None:
    person = ward.person(ward.practice)
    ward.entry(person, Category.CARE_PLANS, "Not for resuscitation", effective=days(-2000))
    for nth in range(20):
        ward.entry(person, Category.CARE_PLANS, f"Plan {nth}", effective=days(-nth))
    assert names(blocks(page_of(ward.open()))["Care plans and decisions in force"])[-1] == (
        "Not for resuscitation"
    )


def test_what_is_not_shown_of_a_block_is_one_link_away(ward: Ward) -> None:
    person = ward.person(ward.practice)
    for nth in range(MOST + 2):
        ward.entry(person, Category.MEDICATIONS, f"Medicine {nth}", effective=days(-nth))
        ward.entry(person, Category.MEDICATIONS, f"Former {nth}", status="past")
    block = blocks(page_of(ward.open()))["Current medicines"]
    assert len(names(block)) == MOST
    more = block.select_one(".record-block__more a")
    assert words(more) == "2 more : current medicines"
    page = page_of(ward.client.get(more["href"]))
    assert f"1 to {MOST + 2} of {MOST + 2}, newest first" in words(page.main)
    assert "Former" not in words(page.main)
