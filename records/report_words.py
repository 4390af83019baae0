"""What stands beside an entry that was reported as wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from records.reporting import ReportTold
from ui.formatting import clinical_time


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report beside its entry: what was said to be wrong, and what became of it."""

    reference: str
    said: str
    became: str
    words: str


def report_views(reports: Sequence[ReportTold]) -> tuple[ReportView, ...]:
    """The reports of an entry, in their order."""
    return tuple(
        ReportView(
            reference=each.reference,
            said=f"{each.what.label}. Reported {clinical_time(each.at)}.",
            became=(
                f"{each.answer.label}, its source says: {clinical_time(each.answered_at)}."
                if each.answer
                else "Its source has not answered yet."
            ),
            words=each.answer_words,
        )
        for each in reports
    )
