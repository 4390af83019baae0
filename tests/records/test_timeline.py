"""The record over the years: what is drawn is what the table says, and nothing is dropped."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from identity.models import Resident
from organisations.categories import Category
from records.selectors import Place
from records.timeline import BASE, Drawn, drawn_of
from records.windows import Reach, Span, Unit
from tests import factories
from tests.records.conftest import Ward, late, page_of, text_of

TODAY = date(2026, 11, 23)
REACH = Reach.of(date(2003, 5, 4), date(2026, 11, 20), TODAY)
NAMES = {"practice": "A practice", "trust": "A trust"}
LANES = {1: "practice", 2: "trust", 3: "trust"}


def drawn(*places: Place, span: Span = Span.ALL, at: str = "") -> Drawn:
    return drawn_of(places, REACH.window(span, at), lane_of=LANES, names=NAMES)


def place(source: int, year: int, entries: int, **said: Any) -> Place:
    unit = said.get("unit", Unit.YEAR)
    start = date(year, said.get("month", 1), said.get("day", 1))
    return Place(source, said.get("category", Category.LAB_RESULTS), unit, start, entries)


# ── Drawing and table ───────────────────────────────────────────────────────────────────────


def test_entries_of_one_lane_and_period_are_one_mark_and_one_row() -> None:
    found = drawn(
        place(2, 2010, 300), place(3, 2010, 200, category=Category.CONTACTS), place(1, 2012, 1)
    )
    (mark,) = found.marks["trust"]
    assert mark.entries == 500
    assert mark.words == "2010 (500 entries)"
    assert [(row.when, row.lane, row.entries) for row in found.rows] == [
        ("2012", "A practice", 1),
        ("2010", "A trust", 500),
    ]
    assert found.rows[1].what == (
        "Admissions, attendances and discharges: 200; Blood and other laboratory results: 300"
    )
    assert found.summary("trust") == "500 entries, all in 2010."
    assert found.summary("practice") == "1 entry, all in 2012."


def test_a_vague_date_is_an_outline_over_all_that_it_may_be() -> None:
    year = REACH.window(Span.YEAR, "2020")
    found = drawn(
        place(1, 2020, 2),
        place(1, 2020, 1, unit=Unit.MONTH, month=4),
        span=Span.YEAR,
        at="2020",
    )
    vague, exact = sorted(found.marks["practice"], key=lambda mark: not mark.vague)
    assert (vague.x, vague.width) == (0, 100)
    assert vague.y > BASE
    assert vague.words == "2020, month not known (2 entries)"
    assert 25 <= exact.x <= 33
    assert exact.width < 100 / len(year.periods)
    assert {row.when for row in found.rows} == {"2020, month not known", "Apr-2020"}


def test_a_higher_bar_is_more_and_one_entry_can_be_seen() -> None:
    marks = drawn(place(1, 2010, 1), place(1, 2011, 100), place(2, 2012, 500)).marks
    one, hundred = marks["practice"]
    (most,) = marks["trust"]
    assert 6 <= one.height < hundred.height < most.height
    assert {mark.y + mark.height for mark in (one, hundred, most)} == {BASE}


units = st.sampled_from([Unit.YEAR, Unit.MONTH, Unit.DAY])


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 2, 3]),
            st.sampled_from(Category),
            units,
            st.integers(0, 29),
            st.integers(1, 9999),
        )
    )
)
def test_the_figures_of_the_drawing_are_those_of_the_table(found: list[Any]) -> None:
    window = REACH.window(Span.MONTH, "2020-04")
    places = [
        Place(source, category, unit, unit.begin(date(2020, 4, 1) + timedelta(days=day)), n)
        for source, category, unit, day, n in found
    ]
    result = drawn_of(places, window, lane_of=LANES, names=NAMES)
    in_marks = Counter(
        {lane: sum(mark.entries for mark in marks) for lane, marks in result.marks.items()}
    )
    in_rows: Counter[str] = Counter()
    for row in result.rows:
        in_rows[next(key for key, name in NAMES.items() if name == row.lane)] += row.entries
    assert in_marks == in_rows
    assert result.entries == sum(each.entries for each in places) == in_rows.total()
    for mark in (mark for marks in result.marks.values() for mark in marks):
        assert 0 <= mark.x <= mark.x + mark.width <= 100.001
        assert mark.width > 0
        assert 0 <= mark.y <= mark.y + mark.height <= result.height


# ── The page ────────────────────────────────────────────────────────────────────────────────


def ask(ward: Ward, query: str = "") -> BeautifulSoup:
    address = reverse("timeline", kwargs={"resident": ward.resident.public_id})
    response = ward.client.get(address + query)
    assert response.status_code == 200
    return page_of(response)


def lanes_of(page: BeautifulSoup) -> dict[str, Counter[str]]:
    """Figures of the marks, by lane and the period that each is said to be in."""
    found = {}
    for lane in page.select(".timeline-lane"):
        found[lane.h3.get_text(strip=True)] = Counter(
            {
                mark.title.get_text().rpartition(" (")[0]: int(mark["data-entries"])
                for mark in lane.select("rect.timeline-mark")
            }
        )
    return found


def rows_of(page: BeautifulSoup) -> dict[str, Counter[str]]:
    """Figures of the table, likewise."""
    found: dict[str, Counter[str]] = {}
    for row in page.select(".timeline-table tbody tr"):
        when, who, entries, _ = (
            cell.get_text(strip=True).removesuffix(", closer") for cell in row.select("td")
        )
        found.setdefault(who, Counter())[when] += int(entries.replace(",", ""))
    return found


def listed(page: BeautifulSoup) -> set[str]:
    return {link["href"].rsplit("/", 1)[1] for link in page.select(".timeline-entries__name")}


@pytest.fixture
def years(ward: Ward) -> dict[str, Any]:
    """Entries over years, from two sources, some of them with a vague date or none."""
    practice, trust = ward.person(ward.practice), ward.person(ward.trust)

    def made(of: Any, category: Category, at: datetime | None, precision: str = "time") -> str:
        return str(ward.entry(of, category, "Sample", effective=at, effective_precision=precision))

    found = {
        "diagnosis": made(practice, Category.DIAGNOSES, datetime(2009, 1, 1, tzinfo=UTC), "year"),
        "admission": made(trust, Category.CONTACTS, datetime(2019, 6, 30, 23, 30, tzinfo=UTC)),
        "result": made(trust, Category.LAB_RESULTS, datetime(2019, 7, 2, 9, tzinfo=UTC)),
        "month": made(practice, Category.PROCEDURES, datetime(2019, 7, 1, tzinfo=UTC), "month"),
        "undated": made(practice, Category.ALLERGIES, None, ""),
    }
    ward.entry(practice, Category.DIAGNOSES, "Not so", status="entered-in-error")
    ward.open()
    return found


def test_the_page_draws_tells_and_lists_the_same(ward: Ward, years: dict[str, str]) -> None:
    for query in ("", "?over=5-years&at=2017", "?over=year&at=2019", "?over=month&at=2019-07"):
        page = ask(ward, query)
        drawn_there = {name: marks for name, marks in lanes_of(page).items() if marks}
        assert drawn_there == rows_of(page), query
    assert rows_of(ask(ward)) == {
        "Test practice": {"2009": 1, "2019": 1},
        "Test trust": {"2019": 2},
    }


def test_all_years_list_everything_and_say_what_has_no_date(
    ward: Ward, years: dict[str, str]
) -> None:
    page = ask(ward)
    assert listed(page) == set(years.values())
    assert "1 has no date: last in the list below" in " ".join(page.get_text(" ").split())
    assert page.select(".timeline-entries__name")[-1]["href"].endswith(years["undated"])
    assert page.title.get_text(strip=True) == "Timeline, 2009 to 2019 - Connect Care"


def test_days_are_those_of_london_and_a_vague_date_lies_in_all_of_its_periods(
    ward: Ward, years: dict[str, str]
) -> None:
    july = ask(ward, "?over=month&at=2019-07")
    assert listed(july) == {years["admission"], years["result"], years["month"]}
    assert rows_of(july) == {
        "Test trust": {"01-Jul-2019": 1, "02-Jul-2019": 1},
        "Test practice": {"Jul-2019, day not known": 1},
    }
    assert listed(ask(ward, "?over=month&at=2019-06")) == set()
    assert listed(ask(ward, "?over=month&at=2009-10")) == {years["diagnosis"]}
    assert rows_of(ask(ward, "?over=year&at=2009")) == {
        "Test practice": {"2009, month not known": 1}
    }


def test_it_is_narrowed_by_part_and_by_organisation(ward: Ward, years: dict[str, str]) -> None:
    contacts = ask(ward, "?part=contacts")
    assert listed(contacts) == {years["admission"]}
    assert list(lanes_of(contacts)) == ["Test trust"]
    assert "Test practice" in contacts.select_one(".timeline-silent").get_text()
    practice = ask(ward, "?source=test-practice&over=year&at=2019")
    assert listed(practice) == {years["month"]}
    assert practice.select_one("#source option[selected]").get_text(strip=True) == "Test practice"
    # What is asked for stays asked for.
    assert all(
        "source=test-practice" in link["href"] for link in practice.select(".timeline-ways a")
    )
    assert listed(ask(ward, "?part=nonsense&source=nobody&over=ever&page=x")) == set(years.values())


def test_many_entries_at_one_place_are_counted_and_all_are_listed(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    at = datetime(2024, 3, 5, 9, tzinfo=UTC)
    made = {
        str(ward.entry(practice, Category.MEASUREMENTS, "Weight", effective=at, value=n))
        for n in range(60)
    }
    ward.open()
    first, second = ask(ward, "?over=year&at=2024"), ask(ward, "?over=year&at=2024&page=2")
    assert lanes_of(first) == {"Test practice": {"Mar-2024": 60}}
    assert len(listed(first)) == 50
    assert listed(first) | listed(second) == made
    assert "page 2 of 2" in second.title.get_text()


def test_every_lane_says_where_it_stands(ward: Ward, years: dict[str, str]) -> None:
    page = ask(ward)
    for lane in page.select(".timeline-lane, .timeline-silent > li"):
        assert lane.select(".record-state"), lane
    council = next(
        lane for lane in page.select(".timeline-silent > li") if "Test council" in lane.get_text()
    )
    assert "There may still be support".lower() in council.get_text().lower()
    assert "020 7946 0123" in council.get_text().replace("\N{NO-BREAK SPACE}", " ")
    late(ward.feeds[ward.practice.pk], ward.as_login)
    lane = next(
        lane for lane in ask(ward).select(".timeline-lane") if "Test practice" in lane.get_text()
    )
    assert "nothing since" in lane.get_text()


def test_what_is_withheld_is_neither_drawn_nor_counted(ward: Ward, years: dict[str, str]) -> None:
    council = ward.person(ward.council)
    shown = ward.entry(council, Category.SOCIAL_CARE_SERVICES, "Home support")
    assert str(shown) in listed(ask(ward))
    ward.refuse("social-care-sharing", ward.council)
    page = ask(ward)
    assert str(shown) not in listed(page)
    assert "Test council" not in lanes_of(page)
    theirs = ward.entry(
        ward.person(ward.practice, whose=ward.another_resident()), Category.DIAGNOSES, "Theirs"
    )
    assert str(theirs) not in str(ask(ward))


def test_sources_of_a_protected_resident_share_a_lane_by_kind(
    ward: Ward, years: dict[str, str]
) -> None:
    with ward.as_login("pipeline"):
        second = factories.organisation("Other practice", kind="gp_practice")
        ward.feeds[second.pk] = factories.feed(second, categories=Category)
        factories.agreement(second, ward.trust, Category)
        Resident.objects.filter(pk=ward.resident.pk).update(protection="R")
    ward.entry(
        ward.person(second),
        Category.DIAGNOSES,
        "Asthma",
        effective=datetime(2019, 2, 2, 9, tzinfo=UTC),
    )
    page = ask(ward)
    assert rows_of(page)["A GP practice"] == {"2009": 1, "2019": 2}
    assert "practice-2" not in str(page)
    assert "Other practice" not in str(page)
    narrowed = ask(ward, "?source=a-gp-practice")
    assert list(lanes_of(narrowed)) == ["A GP practice"]


def test_a_long_record_takes_no_more_statements_than_a_short_one(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    ward.entry(practice, Category.LAB_RESULTS, "Sodium")
    ward.open()
    ask(ward)

    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            ask(ward)
        return len(seen)

    before = statements()
    for n in range(80):
        ward.entry(
            practice,
            Category.LAB_RESULTS,
            "Sodium",
            effective=datetime(1990 + n % 30, 1 + n % 12, 1, tzinfo=UTC),
        )
    assert statements() == before


def test_nothing_of_it_opens_without_a_look(ward: Ward) -> None:
    assert ward.get("timeline").status_code == 403
    ward.open()
    assert "No entries of these are shown" in text_of(ward.get("timeline"))
    other = reverse("timeline", kwargs={"resident": uuid4()})
    assert ward.client.get(other).status_code == 403
