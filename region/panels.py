"""Results as a laboratory reports them: each under a report's heading, or under its own name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from region import model

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from region.model import Coded, Fact, LabReport, LabResult


@dataclass(frozen=True, slots=True)
class Panel:
    """Results that are reported together. ``head`` names them: the report, or the one result."""

    head: LabReport | LabResult
    results: tuple[LabResult, ...]

    @property
    def what(self) -> Coded:
        """What was asked for."""
        return self.head.what

    @property
    def recorded(self) -> datetime:
        """When it was reported."""
        return self.head.recorded

    @property
    def conclusion(self) -> str:
        """What the laboratory said of all of it."""
        return self.head.conclusion if isinstance(self.head, model.LabReport) else ""


def panels_of(facts: Sequence[Fact]) -> list[Panel]:
    """The panels among these facts. A form of messages has no result without a heading."""
    results = {each.key: each for each in facts if isinstance(each, model.LabResult)}
    found: list[Panel] = []
    headed: set[str] = set()
    for report in facts:
        if isinstance(report, model.LabReport):
            under = tuple(results[key] for key in report.results if key in results)
            found.append(Panel(report, under))
            headed |= set(report.results)
    found += [Panel(each, (each,)) for key, each in results.items() if key not in headed]
    return found
