"""Each wall asked by itself, so that none hides behind another that still stands.

- The **decision** withholds, whatever the database would do.
- **Keys in force**: an opening that a decision without the choice would have written grants nothing
  that is withheld. The database counts that by itself.
- **Rows**: not one comes out of the entry table, neither to such an opening nor without any.
- The **selectors** ask for granted keys alone, also for a login that row security does not hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone

from access import facts as facts_of
from access.acting import Acting
from access.decision import Decision
from access.gate import Opened
from access.possible_readers import with_glass
from access.rules import decide
from identity.protected import Redaction
from organisations.categories import Category
from records import selectors
from records.entries import EntrySeen
from records.probing.question import Sample
from records.sections import SECTION_OF, Group, Section
from records.selectors import Within
from records.windows import MOST_YEARS_AGO, MOST_YEARS_AHEAD, Span, Window


def decided(acting: Acting, resident: UUID, *, glass: bool = False) -> tuple[Decision, Decision]:
    """What the rule says now, and what it would say if the resident had said nothing.

    :param glass: the second with glass broken, though that may have been refused.
    """
    facts = facts_of.read(
        staff_id=acting.staff_id,
        membership_id=acting.membership_id,
        resident=resident,
        sitting=acting.sitting,
    )
    silent = replace(facts, refusals=frozenset())
    return decide(facts), decide(with_glass(silent) if glass and not facts.glasses else silent)


def granted(decision: Decision, withheld: set[int]) -> int:
    """How many withheld keys a decision grants."""
    return len(withheld.intersection(decision.keys))


def forge_opening(acting: Acting, forged: Decision) -> None:
    """Write the opening of a decision that knew of no choice, as the gate would.

    :raises ValueError: if the decision does not open.
    """
    facts, basis = forged.facts, forged.basis
    if basis is None or facts.resident is None:
        raise ValueError("Only a decision that opens can be forged.")
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.open_record(%s, %s, %s, %s, %s, %s::bigint[], %s, %s, %s::jsonb,"
            " %s::uuid, %s, %s::uuid, %s::bigint[], make_interval(secs => %s))",
            [
                acting.staff_id,
                acting.membership_id,
                facts.resident.id,
                uuid4(),
                basis.id,
                forged.keys,
                facts.resident_epoch,
                facts.rules_epoch,
                json.dumps({"purpose": "probe"}),
                uuid4(),
                basis.kind,
                acting.sitting,
                [disclosure.id for disclosure in forged.disclosures],
                facts.after_death.total_seconds(),
            ],
        )


def keys_in_force(withheld: set[int]) -> int:
    """How many withheld keys the database lets this transaction read."""
    with connection.cursor() as cursor:
        cursor.execute("select access.keys_in_force()")
        (keys,) = cursor.fetchone()
    return len(withheld.intersection(keys or ()))


def rows(resident_id: int, withheld: set[int]) -> int:
    """How many withheld rows come out of the entry table to this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from records_entry"
            " where resident_id = %s and grant_key = any (%s::bigint[])",
            [resident_id, sorted(withheld)],
        )
        (found,) = cursor.fetchone()
    return int(found)


def selected(
    decision: Decision, resident_id: int, withheld: set[int], samples: Sequence[Sample]
) -> int:
    """How many withheld entries the selectors answer for a decision, with row security away.

    By the pipeline's login, which it does not hold.
    """
    opened = Opened(decision, resident_id, uuid4(), Redaction(protected=False))
    asking = Asking(opened, withheld, samples)
    return sum(ask(asking) for ask in SELECTORS.values())


@dataclass(frozen=True, slots=True)
class Asking:
    """What the selectors are asked about, and what is not to be among their answers."""

    opened: Opened
    withheld: set[int]
    samples: Sequence[Sample]

    @property
    def wanted(self) -> set[UUID]:
        """The entries that are looked for."""
        return {sample.public_id for sample in self.samples}

    @property
    def groups(self) -> list[tuple[Section, Group]]:
        """Every group of the sections in which they would stand."""
        sections = {SECTION_OF[Category(sample.category)] for sample in self.samples}
        return [(section, group) for section in sections for group in section.groups]

    @property
    def of_pages(self) -> list[tuple[Category, Group]]:
        """The same as a page asks for their newest entries."""
        return [(section.category, group) for section, group in self.groups]

    @property
    def everything(self) -> Within:
        """All time of every category from every source that something is withheld of."""
        return Within(
            tuple(sorted({sample.category for sample in self.samples})),
            tuple(sorted({key // 64 for key in self.withheld})),
            None,
        )

    def withholds(self, category: int, source: int) -> int:
        """Whether a choice withholds a category of a source; sensitive or not, it is the same."""
        key = source * 64 + category * 2
        return int(bool(self.withheld.intersection((key, key + 1))))

    def among(self, entries: Iterable[EntrySeen]) -> int:
        """How many of these are looked for."""
        return sum(entry.public_id in self.wanted for entry in entries)


def _counts(asking: Asking) -> int:
    return sum(
        count * asking.withholds(category, source)
        for (category, source, _), count in selectors.counts(asking.opened).by_key.items()
    )


def _newest(asking: Asking) -> int:
    return sum(map(asking.among, selectors.newest(asking.opened, asking.of_pages).values()))


def _first_seen(asking: Asking) -> int:
    """As a page asks it now; and as if it had always been coming, so that it need not lie ahead."""
    shown = 0
    for at in (timezone.now(), datetime(1900, 1, 1, tzinfo=UTC)):
        newest, glance = selectors.first_seen(asking.opened, asking.of_pages, at)
        shown += sum(map(asking.among, newest.values()))
        shown += sum(
            asking.withholds(entry.category, entry.source_id)
            for entry in (*glance.coming, *glance.abnormal)
        )
    return shown


def _page_of(asking: Asking) -> int:
    return sum(
        asking.among(selectors.page_of(asking.opened, section, group, 1))
        for section, group in asking.groups
    )


def _entry(asking: Asking) -> int:
    return sum(selectors.entry(asking.opened, each) is not None for each in asking.wanted)


def _named(asking: Asking) -> int:
    return sum(selectors.named(asking.opened, each) is not None for each in asking.wanted)


def _matching(asking: Asking) -> int:
    return len(selectors.matching(asking.opened, lambda entry: entry.public_id in asking.wanted))


def _results_like(asking: Asking) -> int:
    return sum(len(selectors.results_like(asking.opened, each)) for each in asking.wanted)


def _extents(asking: Asking) -> int:
    return sum(
        extent.entries * asking.withholds(extent.category, extent.source_id)
        for extent in selectors.extents(asking.opened).of
    )


def _places(asking: Asking) -> int:
    """In all the years that are drawn of anybody."""
    this_year = timezone.localdate().year
    drawn = Window(
        Span.ALL,
        date(this_year - MOST_YEARS_AGO, 1, 1),
        date(this_year + MOST_YEARS_AHEAD + 1, 1, 1),
    )
    return sum(
        place.entries * asking.withholds(place.category, place.source_id)
        for place in selectors.places(asking.opened, asking.everything, drawn)
    )


def _entries_within(asking: Asking) -> int:
    return asking.among(selectors.entries_within(asking.opened, asking.everything, 1))


#: Every selector of entries by its name, and how many withheld ones it answers.
SELECTORS: dict[str, Callable[[Asking], int]] = {
    "counts": _counts,
    "newest": _newest,
    "first_seen": _first_seen,
    "page_of": _page_of,
    "entry": _entry,
    "named": _named,
    "matching": _matching,
    "results_like": _results_like,
    "extents": _extents,
    "places": _places,
    "entries_within": _entries_within,
}
