"""What pages show of reports of wrong entries: to readers of the entry, and to its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.presenters import PersonShown, person
from identity.selectors import ResidentSeen
from records.banner import Banner, banner_of, printed_by
from records.items import ItemView
from records.reporting import PAGE_LENGTH, ReportSeen
from records.sections import SECTION_OF
from ui.formatting import LONDON, clinical_date, clinical_time


@dataclass(frozen=True, slots=True)
class ReportingPage:
    """The form of reporting one entry."""

    resident: UUID
    banner: Banner
    item: ItemView
    printed: str


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A report on the work list."""

    id: UUID
    reference: str
    what: str
    section: str
    name: str
    at: str
    answer: str


@dataclass(frozen=True, slots=True)
class ReportsPage:
    """A page of the work list."""

    lines: tuple[ReportLine, ...]
    answered: bool
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are: at least one, which may be empty."""
        return max(1, -(-self.total // PAGE_LENGTH))


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One report, as its source's officers see it. ``person`` is ``None`` if not to be seen."""

    id: UUID
    reference: str
    person: PersonShown | None
    rows: tuple[tuple[str, str], ...]
    is_answered: bool


def reporting_page(who: ResidentSeen, item: ItemView, *, by: str, at: datetime) -> ReportingPage:
    """The form's page, under the resident's banner."""
    return ReportingPage(
        who.public_id,
        banner_of(who, at.astimezone(LONDON).date()),
        item,
        printed_by(by, at),
    )


def reports_page(
    shown: list[ReportSeen],
    people: Mapping[int, ResidentSeen],
    *,
    answered: bool,
    total: int,
    page: int,
) -> ReportsPage:
    """The work list."""
    return ReportsPage(
        tuple(_line(each, people) for each in shown), answered=answered, total=total, page=page
    )


def report_page(report: ReportSeen, who: ResidentSeen | None) -> ReportPage:
    """One report in full."""
    by = ", ".join(part for part in (report.by, report.role, report.organisation) if part)
    rows = [
        ("What is wrong", report.what.label),
        ("In their words", report.words or "Not shown: the resident has opted out."),
        ("Reported by", by),
        ("Reported", clinical_time(report.at)),
        ("Part of the record", SECTION_OF[report.category].title),
        ("Date of the entry", clinical_date(report.effective)),
        ("What your system calls it", report.identifier),
    ]
    if report.answer:
        answered = f"{clinical_time(report.answered_at)} {report.answered_by}".strip()
        rows += [
            ("Answer", report.answer.label),
            ("What was found", report.answer_words),
            ("Answered", answered),
        ]
    return ReportPage(
        report.id,
        report.reference,
        person(who) if who else None,
        tuple(rows),
        is_answered=report.answer is not None,
    )


def _line(report: ReportSeen, people: Mapping[int, ResidentSeen]) -> ReportLine:
    who = people.get(report.resident)
    return ReportLine(
        id=report.id,
        reference=report.reference,
        what=report.what.label,
        section=SECTION_OF[report.category].title,
        name=person(who).name if who else "Not shown",
        at=clinical_time(report.answered_at if report.answer else report.at),
        answer=report.answer.label if report.answer else "",
    )
