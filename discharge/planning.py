"""What the page for planning a discharge shows: one glance at home, support and whom to ring.

The entries are those that the record's own page shows, under the same decision; here they stand
together in the order of the questions that a ward asks.

Of each council of which no social care is shown the page says the same words, whatever the reason:
that there may still be support, and whom to ring by day and by night (:mod:`records.standings`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from access.decision import Decision
from access.facts import Source
from access.gate import Opened
from identity.selectors import ResidentSeen
from organisations.categories import SOCIAL_CARE, Category
from organisations.models import OrganisationKind
from organisations.selectors import Listed
from records.banner import Banner, Contact, banner_of, contact_of
from records.entries import EntrySeen
from records.items import ItemView, item_of
from records.sections import LIVE, SECTION_OF, Group
from records.selectors import Counts
from records.standings import StateLine, lines_of, named, whom_to_ring
from records.statuses import EntryStatus
from ui.formatting import LONDON, clinical_time

#: What the page reads: of these it shows whatever their sections show of their newest.
ABOUT = (
    Category.SOCIAL_CARE_SERVICES,
    Category.SOCIAL_CARE_ASSESSMENTS,
    Category.PEOPLE_INVOLVED,
    Category.ALERTS,
)
#: Whose entries from a council say that it gives support.
_SUPPORT = (*SOCIAL_CARE, Category.PEOPLE_INVOLVED)
_EQUIPMENT = "DeviceUseStatement"
_FAMILY = "RelatedPerson"
#: FHIR's words for a service that is paused, as a council pauses one for a stay in hospital.
_PAUSED = frozenset({"onhold", "on-hold", "suspended"})

Newest = Mapping[tuple[Category, str], list[EntrySeen]]
Belongs = Callable[[EntrySeen], bool]


@dataclass(frozen=True, slots=True)
class CouncilLine:
    """Whether social care of one council is shown, and whom to ring there.

    ``out_of_hours`` is empty where the council gave no number, and for protected residents.
    """

    name: str
    shows: bool
    ring: str
    out_of_hours: str


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """An item of the page; ``paused`` says that its source has stopped it for a time."""

    item: ItemView
    paused: bool


@dataclass(frozen=True, slots=True)
class PlanBlock:
    """The answer to one question: what holds now, and below it what is over.

    ``empty`` is said where nothing of it is shown now. ``more`` is how many stand only in the
    record's own section, which ``slug`` names.
    """

    slug: str
    title: str
    section: str
    items: tuple[PlannedItem, ...]
    over: tuple[PlannedItem, ...]
    empty: str
    more: int = 0


@dataclass(frozen=True, slots=True)
class WhereFrom:
    """Where every source stands in one section, as the record's page says it."""

    title: str
    lines: tuple[StateLine, ...]


@dataclass(frozen=True, slots=True)
class PlanningPage:
    """One glance at what matters for leaving hospital."""

    resident: UUID
    banner: Banner
    contact: Contact
    admission: tuple[ItemView, ...]
    councils: tuple[CouncilLine, ...]
    blocks: tuple[PlanBlock, ...]
    where_from: tuple[WhereFrom, ...]
    printed: str

    @property
    def social_care_is_shown(self) -> bool:
        """Whether any council's social care is shown."""
        return any(council.shows for council in self.councils)


def wanted_of(decision: Decision) -> list[tuple[Category, Group]]:
    """The groups to read: those of the page's categories that anything grants."""
    granted = {grant.category for grant in decision.grants}
    wanted = [
        (category, group)
        for category in ABOUT
        if category in granted
        for group in SECTION_OF[category].groups
    ]
    if Category.CONTACTS in granted:
        wanted.append((Category.CONTACTS, SECTION_OF[Category.CONTACTS].group("current")))
    return wanted


def planning_page(
    opened: Opened,
    who: ResidentSeen,
    newest: Newest,
    counts: Counts,
    *,
    listed: Mapping[int, Listed],
    out_of_hours: Mapping[int, str],
    by: str,
    at: datetime,
) -> PlanningPage:
    """The page, for a reader (named with role and organisation) at a moment.

    :param listed: organisations as anyone may know them, by id.
    :param out_of_hours: whom to ring at night, by organisation.
    """
    decision = opened.decision
    make = _Maker(newest, counts, {source.id: source for source in decision.facts.sources})
    return PlanningPage(
        resident=who.public_id,
        banner=banner_of(who, at.astimezone(LONDON).date()),
        contact=contact_of(who),
        admission=tuple(
            item_of(seen, make.sources)
            for seen in newest.get((Category.CONTACTS, "current"), [])
            if seen.contact_class == "inpatient" and seen.status == EntryStatus.CURRENT
        ),
        councils=tuple(
            sorted(
                (
                    _council(source, counts, out_of_hours)
                    for source in named(decision, listed)
                    if source.kind == OrganisationKind.ADULT_SOCIAL_CARE
                ),
                key=lambda council: not council.shows,  # what is shown stands first, then by name
            )
        ),
        blocks=make.blocks(),
        where_from=tuple(
            WhereFrom(
                SECTION_OF[category].title,
                lines_of(SECTION_OF[category], decision, counts, listed),
            )
            for category in ABOUT
        ),
        printed=f"Printed by {by} at {clinical_time(at)}. It may be incomplete, and it ages.",
    )


def _council(source: Source, counts: Counts, out_of_hours: Mapping[int, str]) -> CouncilLine:
    """What the page says of one council: by what is shown of it, and by nothing else."""
    return CouncilLine(
        name=source.name,
        shows=any(counts.of(category, LIVE, source.id) for category in _SUPPORT),
        ring=whom_to_ring(source),
        out_of_hours=""
        if source.by_kind
        else out_of_hours.get(source.id, "").replace(" ", "\N{NO-BREAK SPACE}"),
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    newest: Newest
    counts: Counts
    sources: Mapping[int, Source]

    def blocks(self) -> tuple[PlanBlock, ...]:
        """The page's questions, in its order."""
        services, people = Category.SOCIAL_CARE_SERVICES, Category.PEOPLE_INVOLVED
        return (
            self._block(
                "workers",
                "Social care team and worker",
                people,
                lambda seen: self._of_council(seen) and seen.kind != _FAMILY,
                "No social care worker is shown. There may be one: ring the council.",
            ),
            self._block(
                "services",
                "Social care services",
                services,
                lambda seen: seen.kind != _EQUIPMENT,
                "No social care service is shown. There may be some: ring the council.",
                counted=True,
            ),
            self._block(
                "equipment",
                "Equipment and adaptations",
                services,
                lambda seen: seen.kind == _EQUIPMENT,
                "No equipment is shown. There may be some: ring the council.",
            ),
            self._block(
                "assessments",
                "Social care assessments",
                Category.SOCIAL_CARE_ASSESSMENTS,
                lambda _: True,
                "No social care assessment is shown. There may be some: ring the council.",
                counted=True,
            ),
            self._block(
                "carers",
                "Family and carers",
                people,
                lambda seen: seen.kind == _FAMILY,
                "No relative or carer is shown. Ask the person who helps them.",
            ),
            self._block(
                "others",
                "Others involved in their care",
                people,
                lambda seen: not self._of_council(seen) and seen.kind != _FAMILY,
                "Nobody else is shown. There may be somebody: ask the person.",
                counted=True,
            ),
            self._block(
                "alerts",
                "Alerts",
                Category.ALERTS,
                lambda _: True,
                "No alert is shown. There may be some.",
                counted=True,
            ),
        )

    def _of_council(self, seen: EntrySeen) -> bool:
        return self.sources[seen.source_id].kind == OrganisationKind.ADULT_SOCIAL_CARE

    def _block(
        self,
        slug: str,
        title: str,
        category: Category,
        belongs: Belongs,
        empty: str,
        *,
        counted: bool = False,
    ) -> PlanBlock:
        """One block. What its section holds besides what was read is said once, where counted."""
        section = SECTION_OF[category]
        now, *over = section.groups
        read = sum(len(self.newest.get((category, group.slug), ())) for group in section.groups)
        return PlanBlock(
            slug=slug,
            title=title,
            section=section.slug,
            items=self._items(self.newest.get((category, now.slug), ()), belongs),
            over=tuple(
                item
                for group in over
                for item in self._items(self.newest.get((category, group.slug), ()), belongs)
            ),
            empty=empty,
            more=max(self.counts.of(category, LIVE) - read, 0) if counted else 0,
        )

    def _items(self, found: Iterable[EntrySeen], belongs: Belongs) -> tuple[PlannedItem, ...]:
        return tuple(
            PlannedItem(item_of(seen, self.sources), seen.source_status.lower() in _PAUSED)
            for seen in found
            if belongs(seen)
        )
