"""A record over the years: a lane for each organisation, and the same figures in a table.

Entries are counted where they lie, never dropped: a mark stands for all entries of one source in
one period. What its source dates less precisely than the drawing does (a year alone) is a mark of
its own that is as long as it is vague. A lane's marks and the table's rows are made of the same
cells, so that their figures cannot differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import ClassVar

from organisations.categories import Category
from records.sections import SECTION_OF
from records.selectors import Place
from records.windows import CLOSER, WHOLE, Unit, Window
from ui.formatting import count

#: Bars stand on this line, in pixels from a lane's top; the highest leaves room above it.
BASE, HIGHEST, LOWEST = 44, 36, 6
#: What has no exact place lies below the line, each unit in a row of its own.
_VAGUE_ROWS: Mapping[Unit, int] = {Unit.YEAR: 53, Unit.QUARTER: 47, Unit.MONTH: 47}
_VAGUE_HEIGHT = 4
#: A bar leaves a gap to the next, as a share of its period.
_GAP = 0.15
#: Labels below the lanes at most; more would run into each other on a narrow screen.
_LABELS = 5
#: A label that begins further right than this would be cut off.
_LAST_LABEL = 88.0


@dataclass(frozen=True, slots=True)
class Cell:
    """All entries of one lane in one period, by category."""

    lane: str
    unit: Unit
    start: date
    by_category: tuple[tuple[Category, int], ...]

    @property
    def entries(self) -> int:
        """How many they are."""
        return sum(each for _, each in self.by_category)

    @property
    def when(self) -> str:
        """The period in words."""
        return self.unit.words(self.start)

    @property
    def what(self) -> str:
        """How many of each part of the record, in the order of its page."""
        order = list(SECTION_OF)
        return "; ".join(
            f"{SECTION_OF[category].title}: {count(entries)}"
            for category, entries in sorted(self.by_category, key=lambda one: order.index(one[0]))
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """A cell where it is drawn. ``x`` and ``width`` are hundredths of the lane, the rest pixels.

    ``vague`` is drawn as an outline below the line: its day is not known so exactly.
    """

    x: float
    width: float
    y: int
    height: int
    vague: bool
    entries: int
    when: str

    @property
    def words(self) -> str:
        """What it stands for."""
        return f"{self.when} ({_entries(self.entries)})"


@dataclass(frozen=True, slots=True)
class Label:
    """What stands below the lanes, and where, in hundredths of their width."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a period and a lane."""

    when: str
    closer: Window | None
    lane: str
    entries: int
    what: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything of a window: marks by lane, rows newest first, labels, and how many there are."""

    height: ClassVar[int] = 60
    base: ClassVar[int] = BASE

    marks: Mapping[str, tuple[Mark, ...]]
    rows: tuple[Row, ...]
    labels: tuple[Label, ...]
    entries: int
    most: int

    def total(self, lane: str) -> int:
        """Entries of one lane."""
        return sum(mark.entries for mark in self.marks.get(lane, ()))

    def summary(self, lane: str) -> str:
        """What a lane shows, in a sentence."""
        marks = self.marks.get(lane, ())
        if not marks:
            return "Nothing in this period."
        most = max(marks, key=lambda mark: mark.entries)
        total = self.total(lane)
        if len(marks) == 1:
            return f"{_entries(total)}, all in {most.when}."
        return f"{_entries(total)}; most in {most.when}: {count(most.entries)}."


def drawn_of(
    places: Iterable[Place],
    window: Window,
    *,
    lane_of: Mapping[int, str],
    names: Mapping[str, str],
) -> Drawn:
    """What a window shows.

    :param lane_of: the lane of each source, by the source's id.
    :param names: what each lane is called, in the order of the lanes.
    """
    cells = _cells(places, lane_of)
    most = max((cell.entries for cell in cells if cell.unit is window.unit), default=0)
    marks: dict[str, list[Mark]] = {}
    for cell in cells:
        marks.setdefault(cell.lane, []).append(_mark(cell, window, most))
    order = list(names)
    newest_first = sorted(
        cells,
        key=lambda cell: (-cell.start.toordinal(), _size(cell.unit), order.index(cell.lane)),
    )
    return Drawn(
        marks={lane: tuple(found) for lane, found in marks.items()},
        rows=tuple(
            Row(
                cell.when + _not_exact(cell, window),
                _closer(cell, window),
                names[cell.lane],
                cell.entries,
                cell.what,
            )
            for cell in newest_first
        ),
        labels=_labels(window),
        entries=sum(cell.entries for cell in cells),
        most=most,
    )


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{count(number)} entries"


def _cells(places: Iterable[Place], lane_of: Mapping[int, str]) -> list[Cell]:
    """Places of one lane and period together, in the order of time."""
    found: dict[tuple[str, Unit, date], Counter[Category]] = {}
    for place in places:
        key = (lane_of[place.source_id], place.unit, place.start)
        found.setdefault(key, Counter())[Category(place.category)] += place.entries
    return [
        Cell(lane, unit, start, tuple(by_category.items()))
        for (lane, unit, start), by_category in sorted(
            found.items(), key=lambda item: (item[0][2], _size(item[0][1]), item[0][0])
        )
    ]


def _size(unit: Unit) -> int:
    return list(Unit).index(unit)


def _mark(cell: Cell, window: Window, most: int) -> Mark:
    periods = window.periods
    ends = [*periods[1:], window.end]
    share = 100 / len(periods)
    begin = max(cell.start, window.start)
    end = min(cell.unit.after(cell.start), window.end)
    first = sum(1 for each in ends if each <= begin)
    last = sum(1 for each in periods if each < end)
    vague = cell.unit is not window.unit
    gap = 0 if vague else share * _GAP / 2
    height = _VAGUE_HEIGHT if vague else _height(cell.entries, most)
    return Mark(
        x=round(first * share + gap, 3),
        width=round((last - first) * share - 2 * gap, 3),
        y=_VAGUE_ROWS[cell.unit] if vague else BASE - height,
        height=height,
        vague=vague,
        entries=cell.entries,
        when=cell.when + _not_exact(cell, window),
    )


def _height(entries: int, most: int) -> int:
    """By the square root: one entry can be seen beside five hundred."""
    return LOWEST + round((HIGHEST - LOWEST) * sqrt(entries / most))


def _not_exact(cell: Cell, window: Window) -> str:
    return "" if cell.unit is window.unit else f", {window.unit.label} not known"


def _closer(cell: Cell, window: Window) -> Window | None:
    """What a period is looked at in, if that is closer than the window itself."""
    if cell.unit is not window.unit or cell.unit not in CLOSER:
        return None
    span = CLOSER[cell.unit]
    unit = WHOLE[span]
    start = unit.begin(cell.start)
    return Window(span, start, unit.after(start))


def _labels(window: Window) -> tuple[Label, ...]:
    periods = window.periods
    wanted: Sequence[int]
    match window.unit:
        case Unit.YEAR:
            step = next(each for each in (1, 2, 5, 10, 20, 50) if len(periods) / each <= _LABELS)
            wanted = [nth for nth, start in enumerate(periods) if start.year % step == 0] or [0]
        case Unit.QUARTER:
            wanted = range(0, len(periods), 4)
        case Unit.MONTH:
            wanted = range(0, len(periods), 3)
        case Unit.DAY:
            wanted = range(0, len(periods), 7)
    found = ((nth * 100 / len(periods), periods[nth]) for nth in wanted)
    return tuple(
        Label(round(at, 3), _label(window.unit, start)) for at, start in found if at <= _LAST_LABEL
    )


def _label(unit: Unit, start: date) -> str:
    match unit:
        case Unit.YEAR | Unit.QUARTER:
            return f"{start.year:04}"
        case Unit.MONTH:
            return unit.words(start)[:3]
        case Unit.DAY:
            return str(start.day)
