"""The page of a record over the years: what is asked for, lanes with where they stand, figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode
from uuid import UUID

from django.utils.text import slugify

from access.decision import Decision
from access.facts import Source
from access.gate import Opened
from identity.selectors import ResidentSeen
from organisations.categories import Category
from organisations.selectors import Listed
from records.banner import Banner, banner_of, printed_by
from records.entries import EntrySeen
from records.items import ItemView, item_of
from records.sections import PAGE, SECTION_OF, SECTIONS, Section, section_called
from records.selectors import Extent, Extents, Place, Within
from records.standings import LABELS, Standing, beside_name, lines_of, named
from records.timeline import Drawn, Label, Mark, Row, drawn_of
from records.windows import SPAN_TITLES, Reach, Span, Window, span_called
from ui.formatting import LONDON


@dataclass(frozen=True, slots=True)
class Lane:
    """An organisation, or a kind of them where the resident is protected. ``key`` names it in
    an address."""

    key: str
    name: str
    sources: tuple[Source, ...]

    @property
    def ids(self) -> frozenset[int]:
        """Its sources' ids."""
        return frozenset(source.id for source in self.sources)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for, as far as there is such a thing."""

    lanes: tuple[Lane, ...]
    section: Section | None
    lane: Lane | None
    reach: Reach
    window: Window
    extents: tuple[Extent, ...]

    @property
    def within(self) -> Within:
        """The same for selectors. All years are all time, the undated among it."""
        sections = [self.section] if self.section else SECTIONS
        lanes = [self.lane] if self.lane else self.lanes
        return Within(
            tuple(int(section.category) for section in sections),
            tuple(sorted(of for lane in lanes for of in lane.ids)),
            None if self.window.span is Span.ALL else self.window,
        )

    @property
    def everything(self) -> int:
        """Entries of all time, dated or not."""
        return sum(extent.entries for extent in self.extents)

    @property
    def undated(self) -> int:
        """Those of them without a date."""
        return sum(extent.undated for extent in self.extents)

    def listed(self, places: Sequence[Place]) -> int:
        """Entries that the window's list has."""
        if self.window.span is Span.ALL:
            return self.everything
        return sum(place.entries for place in places)

    def pages(self, places: Sequence[Place]) -> int:
        """Pages of that list: at least one, which may be empty."""
        return max(1, -(-self.listed(places) // PAGE))

    def query(self, window: Window | None = None, **more: str) -> str:
        """The part of an address that asks for the same in another window."""
        at = window or self.window
        said = {
            "over": str(at.span),
            "at": "" if at.span is Span.ALL else at.at,
            "part": self.section.slug if self.section else "",
            "source": self.lane.key if self.lane else "",
            **more,
        }
        return urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True, slots=True)
class LaneState:
    """Where a lane stands in some parts of the record; in one alone the parts are not named."""

    standing: Standing
    label: str
    said: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaneView:
    """A lane: its name, where it stands, and what is drawn in it."""

    key: str
    name: str
    states: tuple[LaneState, ...]
    total: int
    summary: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A link to another stretch of time; ``query`` is empty where there is none."""

    words: str
    query: str
    here: bool = False


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of the table, with the way to a closer look."""

    row: Row
    closer: str


@dataclass(frozen=True, slots=True)
class Listing:
    """An entry in the list below: the part of the record, and the item."""

    part: str
    item: ItemView


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """The timeline of one stretch of time."""

    resident: UUID
    banner: Banner
    asked: Asked
    sections: tuple[Section, ...]
    spans: tuple[Way, ...]
    earlier: Way
    later: Way
    drawn: tuple[LaneView, ...]
    silent: tuple[LaneView, ...]
    labels: tuple[Label, ...]
    rows: tuple[RowView, ...]
    entries: int
    most: int
    outside: int
    listings: tuple[Listing, ...]
    listed: int
    page: int
    pages: int
    printed: str

    @property
    def first(self) -> int:
        """The place of the first entry listed, from 1."""
        return (self.page - 1) * PAGE + 1 if self.listings else 0

    @property
    def last(self) -> int:
        """The place of the last entry listed."""
        return (self.page - 1) * PAGE + len(self.listings)


def asked_of(
    query: Mapping[str, str],
    decision: Decision,
    extents: Extents,
    listed: Mapping[int, Listed],
    *,
    today: date,
) -> Asked:
    """What an address asks for. What it names that there is not counts as not named."""
    lanes = _lanes(decision, extents, listed)
    section = section_called(query.get("part", ""))
    lane = next((each for each in lanes if each.key == query.get("source")), None)
    wanted = tuple(
        extent
        for extent in extents.of
        if (section is None or extent.category == section.category)
        and (lane is None or extent.source_id in lane.ids)
    )
    reach = Reach.of(
        min((each.first for each in wanted if each.first), default=None),
        max((each.last for each in wanted if each.last), default=None),
        today,
    )
    window = reach.window(span_called(query.get("over", "")), query.get("at", ""))
    return Asked(lanes, section, lane, reach, window, wanted)


def timeline_page(
    opened: Opened,
    who: ResidentSeen,
    asked: Asked,
    extents: Extents,
    places: Sequence[Place],
    entries: Iterable[EntrySeen],
    *,
    page: int,
    listed: Mapping[int, Listed],
    by: str,
    at: datetime,
) -> TimelinePage:
    """The timeline as pages show it, for a reader (named with role and organisation)."""
    window, reach = asked.window, asked.reach
    drawn = drawn_of(
        places,
        window,
        lane_of={source: lane.key for lane in asked.lanes for source in lane.ids},
        names={lane.key: lane.name for lane in asked.lanes},
    )
    states = _states(asked, opened.decision, extents, listed)
    shown = {extent.source_id for extent in asked.extents}
    lanes = [
        (
            LaneView(
                lane.key,
                lane.name,
                states[lane.key],
                drawn.total(lane.key),
                drawn.summary(lane.key),
                drawn.marks.get(lane.key, ()),
            ),
            bool(shown & lane.ids),
        )
        for lane in asked.lanes
        if asked.lane in (None, lane)
    ]
    sources = {source.id: source for source in opened.decision.facts.sources}
    dated = asked.everything - asked.undated
    return TimelinePage(
        resident=who.public_id,
        banner=banner_of(who, at.astimezone(LONDON).date()),
        asked=asked,
        sections=SECTIONS,
        spans=tuple(
            Way(
                SPAN_TITLES[span],
                asked.query(reach.around(window, span)),
                here=span is window.span,
            )
            for span in Span
        ),
        earlier=_way(asked, reach.earlier(window)),
        later=_way(asked, reach.later(window)),
        drawn=tuple(view for view, shows in lanes if shows),
        silent=tuple(view for view, shows in lanes if not shows),
        labels=drawn.labels,
        rows=_rows(asked, drawn),
        entries=drawn.entries,
        most=drawn.most,
        outside=dated - drawn.entries if window.span is Span.ALL else 0,
        listings=tuple(
            Listing(SECTION_OF[Category(seen.category)].title, item_of(seen, sources))
            for seen in entries
        ),
        listed=asked.listed(places),
        page=page,
        pages=asked.pages(places),
        printed=printed_by(by, at),
    )


def _rows(asked: Asked, drawn: Drawn) -> tuple[RowView, ...]:
    return tuple(RowView(row, asked.query(row.closer) if row.closer else "") for row in drawn.rows)


def _way(asked: Asked, window: Window | None) -> Way:
    return Way(window.words, asked.query(window)) if window else Way("", "")


def _lanes(decision: Decision, extents: Extents, listed: Mapping[int, Listed]) -> tuple[Lane, ...]:
    """A lane for each organisation that the record's page names, by name.

    Of a protected resident those of one kind share theirs: how many they are is not told.
    """
    with_entries = {extent.source_id for extent in extents.of}
    sources = {source.id: source for source in named(decision, listed)}
    sources |= {each.id: each for each in decision.facts.sources if each.id in with_entries}
    together: dict[tuple[str, int], list[Source]] = {}
    for source in sorted(sources.values(), key=lambda each: (each.name, each.id)):
        together.setdefault((source.name, 0 if source.by_kind else source.id), []).append(source)
    lanes: dict[str, Lane] = {}
    for (name, _), found in together.items():
        key = plain = slugify(name) or "organisation"
        nth = 1
        while key in lanes:
            nth += 1
            key = f"{plain}-{nth}"
        lanes[key] = Lane(key, name, tuple(found))
    return tuple(lanes.values())


def _states(
    asked: Asked, decision: Decision, extents: Extents, listed: Mapping[int, Listed]
) -> dict[str, tuple[LaneState, ...]]:
    """Where each lane stands, in the parts of the record that are asked for."""
    sections = [asked.section] if asked.section else SECTIONS
    lines = [
        (section, line)
        for section in sections
        for line in lines_of(section, decision, extents.counts, listed)
    ]
    found: dict[str, tuple[LaneState, ...]] = {}
    for lane in asked.lanes:
        said: dict[tuple[Standing, str], dict[str, None]] = {}
        for section, line in lines:
            for source in lane.sources:
                if source.id in line.sources:
                    words = beside_name(source, line.standing)
                    said.setdefault((line.standing, words), {})[section.title] = None
        # Opened by a disclosure, a source may show what no page else names.
        said = said or {(Standing.SHOWN, ""): {}}
        order = list(Standing)
        found[lane.key] = tuple(
            LaneState(standing, LABELS[standing], words, () if asked.section else tuple(titles))
            for (standing, words), titles in sorted(
                said.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
            )
        )
    return found
