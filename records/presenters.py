"""What the pages of a record show, as plain values that templates only lay out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from uuid import UUID

from access.decision import Decision
from access.facts import Source
from access.gate import Opened
from identity.selectors import ResidentSeen
from organisations.categories import Category
from organisations.selectors import Listed
from records.banner import Banner, Contact, banner_of, contact_of, printed_by
from records.documents import DocumentPart
from records.entries import EntrySeen
from records.items import Alike, ItemView, item_of
from records.likely_same import groups_of
from records.overview import NEEDS, Block, needs_of, overview_of
from records.report_words import ReportView, report_views
from records.reporting import ReportTold
from records.sections import LIVE, PAGE, SECTION_OF, SECTIONS, Group, Section
from records.selectors import MEASURED, MOST_RESULTS, Counts, EntryWhole, Glance
from records.standings import StateLine, UnlabelledSection, all_lines, headline, lines_of
from records.trends import Trend, has_figures, trend_of
from ui.formatting import LONDON, clinical_time, count

Newest = Mapping[tuple[Category, str], list[EntrySeen]]


@dataclass(frozen=True, slots=True)
class GroupView:
    """Items shown together. ``total`` is how many there are, here or on pages of their own.

    Those that are likely the same (:mod:`records.likely_same`) make one of its ``groups``.
    """

    slug: str
    title: str
    groups: tuple[Alike, ...]
    total: int

    @property
    def items(self) -> tuple[ItemView, ...]:
        """Every item that is shown here, one after the other."""
        return tuple(item for alike in self.groups for item in alike)

    @property
    def shown(self) -> int:
        """How many items are shown here."""
        return sum(map(len, self.groups))

    @property
    def goes_on(self) -> bool:
        """Whether there are more than are shown here."""
        return self.total > self.shown


@dataclass(frozen=True, slots=True)
class SectionView:
    """One section. It always says, for every source, where it stands."""

    slug: str
    title: str
    total: int
    groups: tuple[GroupView, ...]
    errors: str
    lines: tuple[StateLine, ...]

    def __post_init__(self) -> None:
        """Refuse a section that says nothing."""
        if not self.lines:
            raise UnlabelledSection(f"{self.slug} says nothing of any source.")

    @property
    def headline(self) -> str:
        """How many are shown, and the state that a reader must know first."""
        shown = f"{count(self.total)} shown to you" if self.total else "none shown"
        told = headline(self.lines)
        return f"{shown}, {told}" if told else shown


@dataclass(frozen=True, slots=True)
class RecordPage:
    """The whole record."""

    resident: UUID
    banner: Banner
    contact: Contact
    overview: tuple[Block, ...]
    sections: tuple[SectionView, ...]
    printed: str

    @property
    def entries_shown(self) -> int:
        """How many entries the sections show; the overview shows them once more."""
        return sum(len(group.items) for section in self.sections for group in section.groups)


@dataclass(frozen=True, slots=True)
class GroupLink:
    """A way to another group of the same section."""

    slug: str
    title: str
    total: int
    here: bool


@dataclass(frozen=True, slots=True)
class SectionPage:
    """One page of one group of one section."""

    resident: UUID
    banner: Banner
    section: SectionView
    group: GroupView
    links: tuple[GroupLink, ...]
    page: int
    pages: int
    printed: str

    @property
    def first(self) -> int:
        """The place of the first item shown, from 1."""
        return (self.page - 1) * PAGE + 1 if self.group.items else 0

    @property
    def last(self) -> int:
        """The place of the last item shown."""
        return (self.page - 1) * PAGE + len(self.group.items)


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Everything about one entry: its fields in words, and its documents."""

    resident: UUID
    banner: Banner
    section: Section
    item: ItemView
    fields: tuple[tuple[str, str], ...]
    parts: tuple[DocumentPart, ...]
    reports: tuple[ReportView, ...]
    is_measured: bool
    printed: str


@dataclass(frozen=True, slots=True)
class TrendPage:
    """The results of one test: the drawings, and every one of them as a list has it."""

    resident: UUID
    banner: Banner
    section: Section
    what: str
    trend: Trend
    items: tuple[ItemView, ...]
    is_all: bool
    printed: str


def wanted_of(decision: Decision, *, on_paper: bool = False) -> tuple[tuple[Category, Group], ...]:
    """What to read for a record's page: groups of the categories that anything grants.

    Each with ``most`` as many as are shown of it: on screen, in the overview or in its section;
    what neither shows is not read.
    """
    return _wanted(frozenset({grant.category for grant in decision.grants}), on_paper)


#: Sets of categories that a process keeps what they want of: a role's and an agreement's.
MOST_WANTED = 128


@lru_cache(maxsize=MOST_WANTED)
def _wanted(granted: frozenset[Category], on_paper: bool) -> tuple[tuple[Category, Group], ...]:  # noqa: FBT001 - of a cache's key
    wanted = [
        (section.category, group, group.most if on_paper else _needed(section, group))
        for section in SECTIONS
        if section.category in granted
        for group in section.groups
    ]
    return tuple((category, replace(group, most=most)) for category, group, most in wanted if most)


def _needed(section: Section, group: Group) -> int:
    return max(group.first, NEEDS.get((section.category, group.slug), 0))


def record_page(
    opened: Opened,
    who: ResidentSeen,
    newest: Newest,
    counts: Counts,
    *,
    glance: Glance,
    listed: Mapping[int, Listed],
    by: str,
    at: datetime,
    on_paper: bool = False,
) -> RecordPage:
    """The record's page, for a reader (named with role and organisation) at a moment.

    :param on_paper: whether sections show their newest items, though the overview may as well.
    :param listed: organisations as anyone may know them, by id: which may be named, and their
        numbers.
    :raises UnlabelledSection: if any section or source would be left without words.
    """
    alike = partial(_alike, opened, _sources(opened.decision))
    lines = all_lines(opened.decision, counts, listed)
    totals = {
        (section.category, group.slug): counts.of(section.category, group.statuses)
        for section in SECTIONS
        for group in section.groups
    }
    sections = tuple(
        SectionView(
            slug=section.slug,
            title=section.title,
            total=counts.of(section.category, LIVE),
            groups=tuple(
                GroupView(
                    slug=group.slug,
                    title=group.title,
                    groups=alike(
                        newest.get((section.category, group.slug), [])[
                            : group.most if on_paper else group.first
                        ]
                    ),
                    total=totals[section.category, group.slug],
                )
                for group in section.groups
            ),
            errors=_errors(counts.errors(section.category)),
            lines=lines[section.category],
        )
        for section in SECTIONS
    )
    return RecordPage(
        resident=who.public_id,
        banner=banner_of(who, at.astimezone(LONDON).date()),
        contact=contact_of(who),
        overview=overview_of(newest, totals, lines, alike, glance=glance, needs=needs_of(who)),
        sections=sections,
        printed=printed_by(by, at),
    )


def pages_of(section: Section, group: Group, counts: Counts) -> int:
    """How many pages a group takes: at least one, which may be empty."""
    return max(1, -(-counts.of(section.category, group.statuses) // PAGE))


def section_page(
    opened: Opened,
    who: ResidentSeen,
    section: Section,
    group: Group,
    found: list[EntrySeen],
    counts: Counts,
    *,
    page: int,
    listed: Mapping[int, Listed],
    by: str,
    at: datetime,
) -> SectionPage:
    """One page of a section, as :func:`record_page` shows its newest."""
    totals = {each.slug: counts.of(section.category, each.statuses) for each in section.groups}
    return SectionPage(
        resident=who.public_id,
        banner=banner_of(who, at.astimezone(LONDON).date()),
        section=SectionView(
            slug=section.slug,
            title=section.title,
            total=counts.of(section.category, LIVE),
            groups=(),
            errors=_errors(counts.errors(section.category)),
            lines=lines_of(section, opened.decision, counts, listed),
        ),
        group=GroupView(
            group.slug,
            group.title,
            _alike(opened, _sources(opened.decision), found),
            totals[group.slug],
        ),
        links=tuple(
            GroupLink(each.slug, each.title, totals[each.slug], here=each is group)
            for each in section.groups
        ),
        page=page,
        pages=pages_of(section, group, counts),
        printed=printed_by(by, at),
    )


def item_page(
    opened: Opened,
    who: ResidentSeen,
    whole: EntryWhole,
    *,
    reports: Sequence[ReportTold],
    by: str,
    at: datetime,
) -> ItemPage:
    """All that came with one entry, in words, and its reports. Empty fields are left out."""
    seen = whole.seen
    item = item_of(seen, _sources(opened.decision))
    fields = (
        ("When", item.when),
        ("Status", item.status),
        ("Value", item.value),
        ("High or low", f"{item.flag.symbol} {item.flag.words}" if item.flag else ""),
        ("Range", item.normal),
        ("Details", item.detail),
        ("Notes", " ".join(item.notes)),
        ("From", item.source),
        ("By", item.author),
        ("Place", item.place),
        ("Phone", item.phone),
        ("Recorded by its source", clinical_time(seen.recorded)),
        ("Received by Connect Care", clinical_time(seen.received)),
    )
    return ItemPage(
        resident=who.public_id,
        banner=banner_of(who, at.astimezone(LONDON).date()),
        section=SECTION_OF[Category(seen.category)],
        item=item,
        fields=tuple((label, words) for label, words in fields if words),
        parts=whole.parts,
        reports=report_views(reports),
        is_measured=seen.category in MEASURED and has_figures(seen),
        printed=printed_by(by, at),
    )


def trend_page(
    opened: Opened, who: ResidentSeen, results: list[EntrySeen], *, by: str, at: datetime
) -> TrendPage:
    """The results of one test, newest first, drawn and listed."""
    sources = _sources(opened.decision)
    items = tuple(item_of(seen, sources) for seen in results)
    return TrendPage(
        resident=who.public_id,
        banner=banner_of(who, at.astimezone(LONDON).date()),
        section=SECTION_OF[Category(results[0].category)],
        what=items[0].what,
        trend=trend_of(results),
        items=items,
        is_all=len(results) < MOST_RESULTS,
        printed=printed_by(by, at),
    )


def _sources(decision: Decision) -> dict[int, Source]:
    return {source.id: source for source in decision.facts.sources}


def _alike(
    opened: Opened, sources: Mapping[int, Source], found: Sequence[EntrySeen]
) -> tuple[Alike, ...]:
    """What is shown of entries, those that are likely the same together."""
    return tuple(
        tuple(item_of(seen, sources) for seen in group)
        for group in groups_of(found, by_name=not opened.redaction.protected)
    )


def _errors(entries: int) -> str:
    """Of shown sources alone: an entry that may not be shown is not counted either."""
    if not entries:
        return ""
    if entries == 1:
        return "1 entry that its source marked as entered in error is not shown."
    return f"{count(entries)} entries that their sources marked as entered in error are not shown."
