"""Results of one test over time: a drawing for each unit, and a table of everything.

Units are never mixed: each has a drawing of its own. Drawn is what has a figure and a day; a bound
(``<5``), words, or a result without a date stands in the table alone, and the page says how many.
A blood pressure is two figures in one: both are drawn, with a line between them.
Geometry is in the drawing's own units, so that it can be drawn at any width.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import ClassVar
from uuid import UUID

from records.entries import EntrySeen
from records.items import COMPARATORS, Flag, flag_of, normal_range
from ui.formatting import LONDON, clinical_date, number

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 88, 16, 16, 36
#: As precise as this is a day; a year or a month is none.
_DAYS = frozenset({"day", "time"})
#: Steps between the lines of a scale, times a power of ten.
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_LINES = 4
#: As the formats write a blood pressure: the upper figure, the lower, the unit.
_PAIR = re.compile(
    r"([0-9]{1,3}(?:\.[0-9]+)?)/([0-9]{1,3}(?:\.[0-9]+)?) ?(mm\[?Hg\]?)", re.IGNORECASE
)

Figures = tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One result where it is drawn. ``flag`` is drawn by its shape, not by colour alone.

    One that was ``reported`` as wrong is struck through.
    """

    x: float
    y: float
    public_id: UUID
    words: str
    flag: Flag | None
    reported: bool


@dataclass(frozen=True, slots=True)
class Band:
    """The reference range while it was the same: a rectangle behind the points."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of a scale, and what stands beside it."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Between:
    """The line between the two figures of one result."""

    x: float
    upper: float
    lower: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that is drawn of one unit. ``summary`` says the same in words."""

    width: ClassVar[int] = WIDTH
    height: ClassVar[int] = HEIGHT
    left: ClassVar[int] = LEFT
    right: ClassVar[int] = WIDTH - RIGHT

    unit: str
    points: tuple[Point, ...]
    bands: tuple[Band, ...]
    scale: tuple[Tick, ...]
    days: tuple[Tick, ...]
    lines: tuple[str, ...]
    between: tuple[Between, ...]
    summary: str

    @property
    def reported(self) -> bool:
        """Whether any point was reported as wrong."""
        return any(point.reported for point in self.points)


@dataclass(frozen=True, slots=True)
class Trend:
    """The drawings of a test, each unit's, and how many of its results are drawn in none."""

    drawings: tuple[Drawing, ...]
    not_drawn: int


def trend_of(entries: Sequence[EntrySeen]) -> Trend:
    """The drawings of results of one test, in any order. A unit with one result is not drawn."""
    by_unit: dict[tuple[str, int], list[EntrySeen]] = {}
    for entry in entries:
        if has_figures(entry) and entry.effective is not None and entry.precision in _DAYS:
            key = (_unit(entry), len(_figures(entry)))
            by_unit.setdefault(key, []).append(entry)
    drawn = {key: found for key, found in by_unit.items() if len(found) > 1}
    drawings = tuple(_drawing(unit, found) for (unit, _), found in drawn.items())
    return Trend(drawings, len(entries) - sum(map(len, drawn.values())))


def has_figures(entry: EntrySeen) -> bool:
    """Whether a result is a figure, or the two of a blood pressure, that could be drawn."""
    return bool(_figures(entry))


def _figures(entry: EntrySeen) -> Figures:
    """The figure; of a blood pressure the upper and the lower one; of a bound or words none."""
    if entry.value is not None:
        bound = entry.value_text.strip().startswith(COMPARATORS)
        return () if bound else (entry.value,)
    pair = _PAIR.fullmatch(entry.value_text.strip())
    return (Decimal(pair[1]), Decimal(pair[2])) if pair else ()


def _unit(entry: EntrySeen) -> str:
    if entry.value is not None:
        return entry.unit.strip()
    pair = _PAIR.fullmatch(entry.value_text.strip())
    return "mmHg" if pair else ""


def _said(entry: EntrySeen) -> str:
    """The figures with their unit."""
    return f"{'/'.join(map(number, _figures(entry)))} {_unit(entry)}".rstrip()


def _told(entry: EntrySeen) -> str:
    """The same, and that it was reported as wrong."""
    return f"{_said(entry)} (reported as wrong)" if entry.reported else _said(entry)


def _drawing(unit: str, entries: Iterable[EntrySeen]) -> Drawing:
    # Of one moment the order is by id, so that a page drawn twice is the same.
    ordered = sorted(entries, key=lambda one: (_moment(one), str(one.public_id)))
    values = [value for one in ordered for value in _figures(one)]
    limits = [
        limit for one in ordered for limit in (one.range_low, one.range_high) if limit is not None
    ]
    low, high, step = _scale(min(values + limits), max(values + limits))
    first, last = _moment(ordered[0]), _moment(ordered[-1])

    def x(at: datetime) -> float:
        whole = (last - first) / timedelta(seconds=1)
        share = (at - first) / timedelta(seconds=1) / whole if whole else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(value: Decimal) -> float:
        share = float((value - low) / (high - low))
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    points = tuple(
        Point(x(_moment(one)), y(value), one.public_id, _words(one), flag_of(one), one.reported)
        for one in ordered
        for value in _figures(one)
    )
    series = len(_figures(ordered[0]))
    lines = int((high - low) / step)
    return Drawing(
        unit=unit,
        points=points,
        bands=tuple(_bands(ordered, x, y, low, high)),
        scale=tuple(
            Tick(y(low + step * line), number(low + step * line)) for line in range(lines + 1)
        ),
        days=_days(first, last),
        lines=tuple(
            " ".join(f"{point.x},{point.y}" for point in points[nth::series])
            for nth in range(series)
        ),
        between=tuple(
            Between(upper.x, upper.y, lower.y)
            for upper, lower in zip(points[::2], points[1::2], strict=True)
        )
        if series > 1
        else (),
        summary=_summary(ordered),
    )


def _scale(least: Decimal, most: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """From, to and step of a scale of round figures around these values."""
    span = most - least or abs(most) or Decimal(1)
    size = Decimal(10) ** (span / _LINES).adjusted()
    step = next(size * each for each in _STEPS if size * each * _LINES >= span)
    low = (least / step).to_integral_value(ROUND_FLOOR) * step
    high = (most / step).to_integral_value(ROUND_CEILING) * step
    return low, high if high > low else low + step, step


def _bands(
    ordered: Sequence[EntrySeen],
    x: Callable[[datetime], float],
    y: Callable[[Decimal], float],
    low: Decimal,
    high: Decimal,
) -> Iterable[Band]:
    """One band for each stretch in which the range was the same; from its first day to the next."""
    starts = [
        at for at, one in enumerate(ordered) if at == 0 or _range(one) != _range(ordered[at - 1])
    ]
    for place, start in enumerate(starts):
        bottom, top = _range(ordered[start])
        if bottom is None and top is None:
            continue
        after = starts[place + 1] if place + 1 < len(starts) else len(ordered)
        left = x(_moment(ordered[start])) if place else float(LEFT)
        right = x(_moment(ordered[after])) if after < len(ordered) else float(WIDTH - RIGHT)
        upper, lower = y(high if top is None else top), y(low if bottom is None else bottom)
        yield Band(left, upper, round(right - left, 1), round(lower - upper, 1))


def _range(entry: EntrySeen) -> tuple[Decimal | None, Decimal | None]:
    return entry.range_low, entry.range_high


def _days(first: datetime, last: datetime) -> tuple[Tick, ...]:
    """The first day and the last, at the two ends; of one day alone it is in the middle."""
    if first == last:
        return (Tick((LEFT + WIDTH - RIGHT) / 2, clinical_date(first)),)
    return (Tick(LEFT, clinical_date(first)), Tick(WIDTH - RIGHT, clinical_date(last)))


#: How the figures of a result are called, by how many they are.
_NAMES = {1: ("Lowest",), 2: ("Upper figure: lowest", "lower figure: lowest")}


def _summary(ordered: Sequence[EntrySeen]) -> str:
    latest, before = ordered[-1], ordered[-2]
    normal = normal_range(latest)
    series = list(zip(*map(_figures, ordered), strict=True))
    extremes = [
        f"{name} {number(min(values))}, highest {number(max(values))}"
        for name, values in zip(_NAMES[len(series)], series, strict=True)
    ]
    return (
        f"{len(ordered)} results from {clinical_date(_moment(ordered[0]))} to "
        f"{clinical_date(_moment(latest))}. Latest {_told(latest)}, before that {_told(before)}. "
        f"{'; '.join(extremes)}." + (f" Range given with the latest: {normal}." if normal else "")
    )


def _words(entry: EntrySeen) -> str:
    flag = flag_of(entry)
    said = f"{clinical_date(_moment(entry))}: {_told(entry)}"
    return f"{said}, {flag.words}" if flag else said


def _moment(entry: EntrySeen) -> datetime:
    assert entry.effective is not None  # noqa: S101 - what cannot be drawn was left out
    return entry.effective.astimezone(LONDON)
