"""One way to show dates, times, ages, names, numbers and NHS numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ui import formatting as f

SUMMER = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # half past midnight in London, the day after


def test_clinical_dates_have_the_month_in_letters() -> None:
    assert f.clinical_date(date(2026, 3, 3)) == "03-Mar-2026"
    assert f.clinical_date(date(2026, 3, 3), "month") == "Mar-2026"
    assert f.clinical_date(date(2026, 3, 3), "year") == "2026"
    assert f.clinical_date(None) == "Not recorded"


def test_moments_are_shown_in_london() -> None:
    assert f.clinical_date(SUMMER) == "02-Jul-2026"
    assert f.clinical_time(SUMMER) == "02-Jul-2026 00:30"
    assert f.clinical_time(SUMMER, "day") == "02-Jul-2026"
    assert f.clinical_time(None) == "Not recorded"
    assert f.prose_date(SUMMER) == "2 July 2026"
    assert f.prose_time(SUMMER) == "2 July 2026 at 00:30"


@pytest.mark.parametrize(
    ("born", "shown"),
    [
        (date(1941, 3, 3), "84y"),
        (date(2008, 3, 2), "18y"),
        (date(2008, 3, 3), "17y 11m"),
        (date(2024, 3, 2), "2y 0m"),
        (date(2024, 3, 3), "23m"),
        (date(2025, 3, 2), "12m"),
        (date(2026, 2, 2), "4w 0d"),
        (date(2026, 2, 3), "27d"),
        (date(2026, 3, 2), "0d"),
        (date(2026, 3, 3), "Not known"),
        (None, "Not known"),
    ],
)
def test_ages_are_as_the_patient_banner_has_them(born: date | None, shown: str) -> None:
    assert f.age(born, date(2026, 3, 2)) == shown


def test_an_nhs_number_does_not_break() -> None:
    assert f.nhs_number("9990000000") == "999\u00a0000\u00a00000"
    assert f.nhs_number(None) == f.nhs_number("") == "Not known"


def test_an_nhs_number_that_is_not_verified_says_so() -> None:
    assert f.nhs_number("9990000000", verified=False) == ("999\u00a0000\u00a00000 (not verified)")


def test_the_family_name_is_in_capitals() -> None:
    assert f.banner_name("Carter", "Ruth", "Mrs") == "CARTER, Ruth (Mrs)"
    assert f.banner_name("", "") == "NOT KNOWN, Not known"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0.5", "0.5"), ("1.50", "1.5"), ("100", "100"), ("100.00", "100"), ("1E+2", "100")],
)
def test_figures_have_a_leading_zero_and_no_trailing_ones(value: str, shown: str) -> None:
    assert f.number(Decimal(value)) == shown


def test_counts_and_sizes() -> None:
    assert f.number(None) == ""
    assert f.count(28989) == "28,989"
    assert [f.size(value) for value in (999, 3700, 3_700_000)] == ["999 bytes", "4 kB", "3.7 MB"]


def test_no_other_module_formats_a_date() -> None:
    root = Path(__file__).resolve().parents[2]
    apps = ("access", "consent", "feeds", "identity", "organisations", "records", "ui")
    guilty = [
        str(file.relative_to(root))
        for app in apps
        for file in (root / app).rglob("*.py")
        if ".strftime(" in file.read_text(encoding="utf-8")
    ]
    assert guilty == []
