"""Results over time: the drawing says what the table says, and units are never mixed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from organisations.categories import Category
from records.entries import EntrySeen
from records.trends import HEIGHT, WIDTH, Drawing, trend_of
from tests.records.conftest import Ward

DAY = datetime(2026, 1, 1, 9, tzinfo=UTC)


def result(value: str | None, day: int = 0, **said: Any) -> EntrySeen:
    empty = dict.fromkeys(EntrySeen._fields, "")
    given: dict[str, Any] = {
        **empty,
        "public_id": uuid4(),
        "category": int(Category.LAB_RESULTS),
        "source_id": 1,
        "status": "current",
        "effective": DAY + timedelta(days=day),
        "precision": "time",
        "ends": None,
        "recorded": None,
        "value": None if value is None else Decimal(value),
        "unit": "mmol/L",
        "range_low": None,
        "range_high": None,
        "negation": False,
        "notes": [],
        "received": DAY,
        "reported": False,
        **said,
    }
    return EntrySeen(**given)


def only(*entries: EntrySeen) -> Drawing:
    (drawing,) = trend_of(entries).drawings
    return drawing


def test_results_are_drawn_from_the_first_to_the_latest_whatever_their_order() -> None:
    drawing = only(result("5", 30), result("4", 0), result("6", 15))
    assert [point.x for point in drawing.points] == sorted(point.x for point in drawing.points)
    assert [point.words.split(": ")[1] for point in drawing.points] == [
        "4 mmol/L", "6 mmol/L", "5 mmol/L",
    ]  # fmt: skip
    highest, lowest = drawing.points[1], drawing.points[0]
    assert highest.y < lowest.y
    assert "3 results from 01-Jan-2026 to 31-Jan-2026" in drawing.summary
    assert "Latest 5 mmol/L, before that 6 mmol/L. Lowest 4, highest 6." in drawing.summary


def test_each_unit_has_a_drawing_of_its_own() -> None:
    trend = trend_of(
        [result("5", 1), result("6", 2), result("90", 3, unit="mg/dL"),
         result("95", 4, unit="mg/dL"), result("1", 5, unit="g/L")]
    )  # fmt: skip
    assert {one.unit: len(one.points) for one in trend.drawings} == {"mmol/L": 2, "mg/dL": 2}
    assert trend.not_drawn == 1


@pytest.mark.parametrize(
    "other",
    [
        result("5", value_text="<5 mmol/L"),
        result("5", value_text="> 5"),
        result(None, value_text="positive"),
        result("5", effective=None),
        result("5", precision="year"),
        result("5", precision="month"),
    ],
)
def test_what_has_no_figure_or_no_day_is_counted_and_not_drawn(other: EntrySeen) -> None:
    trend = trend_of([result("4", 1), other, result("5", 2)])
    assert len(trend.drawings[0].points) == 2
    assert trend.not_drawn == 1


def test_one_result_is_no_trend() -> None:
    assert trend_of([result("4")]).drawings == ()


def test_the_band_follows_the_range_that_came_with_each_result() -> None:
    narrow = {"range_low": Decimal(4), "range_high": Decimal(6)}
    wide = {"range_low": Decimal(3), "range_high": Decimal(8)}
    drawing = only(
        result("5", 0, **narrow), result("5", 1, **narrow), result("5", 2, **wide), result("5", 3)
    )
    first, second = drawing.bands
    assert first.x + first.width == pytest.approx(second.x)
    assert second.height > first.height
    assert second.x + second.width == pytest.approx(drawing.points[3].x)


def test_a_range_with_one_limit_goes_to_the_edge() -> None:
    drawing = only(result("5", 0, range_high=Decimal(6)), result("7", 1, range_high=Decimal(6)))
    (band,) = drawing.bands
    assert band.y + band.height == pytest.approx(max(tick.at for tick in drawing.scale))


def test_what_is_out_of_range_has_another_shape_and_words() -> None:
    drawing = only(
        result("5", 0), result("9", 1, interpretation="HH"), result("2", 2, range_low=Decimal(3))
    )
    assert [point.flag is not None for point in drawing.points] == [False, True, True]
    assert drawing.points[1].words.endswith("9 mmol/L, High, critically")


def pressure(said: str, day: int) -> EntrySeen:
    return result(None, day, value_text=said, unit="", category=int(Category.MEASUREMENTS))


def test_a_blood_pressure_is_two_figures_of_one_result() -> None:
    drawing = only(pressure("128/82 mmHg", 0), pressure("150/90 mmHg", 7))
    assert drawing.unit == "mmHg"
    assert [point.words for point in drawing.points] == [
        "01-Jan-2026: 128/82 mmHg", "01-Jan-2026: 128/82 mmHg",
        "08-Jan-2026: 150/90 mmHg", "08-Jan-2026: 150/90 mmHg",
    ]  # fmt: skip
    upper, lower = drawing.points[:2]
    assert upper.y < lower.y
    assert [(each.x, each.upper, each.lower) for each in drawing.between] == [
        (one.x, one.y, two.y)
        for one, two in zip(drawing.points[::2], drawing.points[1::2], strict=True)
    ]
    assert len(drawing.lines) == 2
    assert "Latest 150/90 mmHg, before that 128/82 mmHg." in drawing.summary
    assert (
        "Upper figure: lowest 128, highest 150; lower figure: lowest 82, highest 90."
        in drawing.summary
    )


@pytest.mark.parametrize("said", ["128/82", "128 mmHg", "<128/82 mmHg", "1/2 tablets", "refused"])
def test_what_is_no_blood_pressure_is_not_taken_for_one(said: str) -> None:
    assert trend_of([pressure(said, 0), pressure(said, 1)]).drawings == ()


def test_a_single_figure_and_a_blood_pressure_of_one_unit_are_not_mixed() -> None:
    trend = trend_of(
        [pressure("128/82 mmHg", 0), pressure("130/80 mmHg", 1),
         result("128", 2, unit="mmHg"), result("130", 3, unit="mmHg")]
    )  # fmt: skip
    assert sorted(len(one.points) for one in trend.drawings) == [2, 4]


def test_measurements_are_followed_over_time_from_their_own_page(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    of = {"code": "75367002", "code_system": "http://snomed.info/sct"}
    items = [
        ward.entry(practice, Category.MEASUREMENTS, "Blood pressure", value_text=said, **of)
        for said in ("128/82 mmHg", "140/88 mmHg")
    ]
    ward.open()
    assert "over time" in ward.get("record-item", item=items[0]).content.decode()
    page = BeautifulSoup(ward.get("results-over-time", item=items[0]).content, "html.parser")
    assert len(page.select("svg.record-trend__drawing circle")) == 4
    assert len(page.select("tbody tr")) == 2


figures = st.decimals(
    min_value=Decimal("-1e9"), max_value=Decimal("1e9"), allow_nan=False, places=4
)


@given(
    st.lists(st.tuples(figures, st.integers(0, 40_000)), min_size=2, max_size=40),
    st.none() | figures,
    st.none() | figures,
)
def test_everything_is_drawn_within_its_frame(
    results: list[tuple[Decimal, int]], low: Decimal | None, high: Decimal | None
) -> None:
    drawing = only(
        *(result(str(value), day, range_low=low, range_high=high) for value, day in results)
    )
    assert len(drawing.points) == len(results)
    assert 1 < len(drawing.scale) < 12
    for at in (tick.at for tick in drawing.scale):
        assert 0 <= at <= HEIGHT
    for point in drawing.points:
        assert 0 <= point.x <= WIDTH
        assert 0 <= point.y <= HEIGHT
    for band in drawing.bands:
        if low is None or high is None or low <= high:
            assert band.height >= 0
        assert band.width >= 0


def test_the_page_draws_and_lists_the_same_results_and_no_others(ward: Ward) -> None:
    practice, trust = ward.person(ward.practice), ward.person(ward.trust)
    said = {"unit": "mmol/L", "code": "1000731000000107", "code_system": "http://snomed.info/sct"}
    shown = [
        ward.entry(
            of, Category.LAB_RESULTS, name, value=value, value_text=f"{value} mmol/L", **said
        )
        for of, name, value in (
            (practice, "Serum potassium", "4.1"),
            (trust, "Potassium", "5.9"),
            (practice, "Potassium level", "4.6"),
        )
    ]
    gone = ward.entry(
        practice,
        Category.LAB_RESULTS,
        "Potassium",
        value="77777",
        status="entered-in-error",
        **said,
    )
    other = ward.entry(practice, Category.LAB_RESULTS, "Sodium", value="140", unit="mmol/L")
    ward.open()
    item = ward.get("record-item", item=shown[0])
    link = BeautifulSoup(item.content, "html.parser").find(
        "a", string=lambda s: "over time" in str(s)
    )
    assert link is not None
    page = ward.client.get(link["href"])
    assert page.status_code == 200
    soup = BeautifulSoup(page.content, "html.parser")
    named = {row.find("a")["href"].rsplit("/", 1)[1] for row in soup.select("tbody tr")}
    assert named == {str(one) for one in shown}
    assert "77777" not in soup.get_text()
    assert len(soup.select("svg circle, svg path")) == 3
    assert soup.find("svg")["role"] == "img"
    for item in (gone, uuid4()):
        assert ward.get("results-over-time", item=item).status_code == 404
    alone = ward.get("results-over-time", item=other)
    assert "There are no two results" in alone.content.decode()


def test_names_without_a_code_are_one_test_only_among_themselves(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    plain = [
        ward.entry(practice, Category.MEASUREMENTS, "Weight", value=value, unit="kg")
        for value in ("80", "82")
    ]
    coded = ward.entry(
        practice, Category.MEASUREMENTS, "Weight", value="81", unit="kg", code="27113001"
    )
    ward.open()
    page = ward.get("results-over-time", item=plain[0]).content.decode()
    assert str(plain[1]) in page
    assert str(coded) not in page


def test_another_persons_result_and_another_category_are_not_there(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    theirs = ward.entry(
        ward.person(ward.practice, whose=ward.another_resident()),
        Category.LAB_RESULTS,
        "Potassium",
        value="4",
    )
    diagnosis = ward.entry(practice, Category.DIAGNOSES, "Asthma")
    ward.open()
    for item in (theirs, diagnosis):
        assert ward.get("results-over-time", item=item).status_code == 404
