"""The overview: what a reader needs in the first seconds, made of the entries below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from identity.selectors import ResidentSeen
from organisations.categories import Category
from records.entries import EntrySeen
from records.items import Alike, ItemView, flag_of
from records.sections import ALL_THAT_MATTERS, SECTION_OF
from records.selectors import RECENT_RESULTS, Glance
from records.standings import Standing, StateLine, UnlabelledSection
from records.statuses import EntryStatus

#: Items of one block of the overview; alerts, allergies and decisions are not cut so soon.
MOST = 10
RECENT_CONTACTS = 3

#: What the overview reads of the newest of a group, at most.
NEEDS: Mapping[tuple[Category, str], int] = {
    (Category.ALERTS, "current"): ALL_THAT_MATTERS,
    (Category.ALLERGIES, "current"): ALL_THAT_MATTERS,
    (Category.CARE_PLANS, "current"): ALL_THAT_MATTERS,
    (Category.MEDICATIONS, "current"): MOST,
    (Category.DIAGNOSES, "current"): MOST,
    (Category.CONTACTS, "current"): MOST,
    (Category.CONTACTS, "past"): RECENT_CONTACTS,
    (Category.LAB_RESULTS, "all"): RECENT_RESULTS,
    (Category.PEOPLE_INVOLVED, "current"): MOST,
}

#: "No known …" of one kind of substance only: not that no allergy is known.
_PARTLY_NONE_KNOWN = frozenset(
    {
        "409137002",
        "429625007",
        "428607008",
        "428197003",
        "716220001",
        "716184000",
        "1003774007",
        "no-known-medication-allergies",
        "no-known-food-allergies",
        "no-known-environmental-allergies",
    }
)


class AllergyLabel(StrEnum):
    """The four things that may be said of allergies, and no others (PAB-0064)."""

    KNOWN = "Known allergies"
    NONE_KNOWN = "No known allergies"
    NOT_RECORDED = "Allergies not recorded"
    UNAVAILABLE = "Allergies unavailable"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the overview. ``empty`` says why it has no items, and is blank if it has.

    ``slug`` is the section that it comes from, ``group`` which of its groups; ``more`` how many
    items stand only there. ``needs`` are what staff must provide for before anything else. Items
    that are likely the same make one of its ``groups``.
    """

    title: str
    slug: str
    groups: tuple[Alike, ...]
    more: int
    empty: str
    label: str = ""
    needs: tuple[str, ...] = ()
    group: str = ""

    @property
    def items(self) -> tuple[ItemView, ...]:
        """Every item that is shown here, one after the other."""
        return tuple(item for alike in self.groups for item in alike)

    def __post_init__(self) -> None:
        """Refuse a block that would stand there blank."""
        if not self.groups and not self.empty.strip():
            raise UnlabelledSection(f"The overview's {self.slug} is empty and does not say why.")


def allergy_label(current: list[EntrySeen], lines: tuple[StateLine, ...]) -> AllergyLabel:
    """Which of the four labels holds.

    "None known" is a statement that some source made of all allergies. Without one, "not
    recorded" needs a source that could have told and was silent; else they are unavailable.
    """
    if any(not seen.negation for seen in current):
        return AllergyLabel.KNOWN
    if any(seen.negation and seen.code not in _PARTLY_NONE_KNOWN for seen in current):
        return AllergyLabel.NONE_KNOWN
    heard = {Standing.SHOWN, Standing.SHOWN_LATE, Standing.NONE_SENT}
    if any(line.standing in heard for line in lines):
        return AllergyLabel.NOT_RECORDED
    return AllergyLabel.UNAVAILABLE


_EXPLAINED = {
    AllergyLabel.NOT_RECORDED: (
        "No allergy is shown, and nothing shown says that none is known. Ask the person."
    ),
    AllergyLabel.UNAVAILABLE: "Allergies cannot be shown here. Ask the person.",
}


def needs_of(who: ResidentSeen) -> tuple[str, ...]:
    """What speaking with the resident takes: it stands with the alerts."""
    if not who.interpreter_needed:
        return ()
    return (f"Interpreter needed: {who.language or 'language not recorded'}",)


def overview_of(
    entries: Mapping[tuple[Category, str], list[EntrySeen]],
    totals: Mapping[tuple[Category, str], int],
    lines: Mapping[Category, tuple[StateLine, ...]],
    alike: Callable[[Sequence[EntrySeen]], tuple[Alike, ...]],
    *,
    glance: Glance,
    needs: tuple[str, ...],
) -> tuple[Block, ...]:
    """The blocks of the overview, in their order.

    :param alike: makes what is shown of entries, those that are likely the same together.
    """
    make = _Maker(entries, totals, lines, alike)
    abnormal = [seen for seen in glance.abnormal if flag_of(seen) is not None]
    return (
        replace(make.block("Alerts and needs", Category.ALERTS, "current"), needs=needs),
        make.allergies(),
        make.block("Care plans and decisions in force", Category.CARE_PLANS, "current"),
        make.admission(),
        make.block("Current medicines", Category.MEDICATIONS, "current"),
        make.block("Current problems", Category.DIAGNOSES, "current"),
        make.of(
            "High, low or abnormal results, last 12 months",
            Category.LAB_RESULTS,
            abnormal[:RECENT_RESULTS],
            noun="result that is high, low or abnormal",
        ),
        make.block("Latest results", Category.LAB_RESULTS, "all"),
        make.of(
            "Coming appointments", Category.APPOINTMENTS, glance.coming, noun="coming appointment"
        ),
        make.block("Recent contacts", Category.CONTACTS, "past"),
        make.block("People involved", Category.PEOPLE_INVOLVED, "current"),
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    entries: Mapping[tuple[Category, str], list[EntrySeen]]
    totals: Mapping[tuple[Category, str], int]
    lines: Mapping[Category, tuple[StateLine, ...]]
    alike: Callable[[Sequence[EntrySeen]], tuple[Alike, ...]]

    def block(self, title: str, category: Category, group: str, label: str = "") -> Block:
        """The newest entries of a group."""
        shown = self.entries.get((category, group), [])[: NEEDS[category, group]]
        total = self.totals.get((category, group), 0)
        more = max(total - len(shown), 0)
        return replace(self.of(title, category, shown, more=more, label=label), group=group)

    def admission(self) -> Block:
        """Where the resident is now: admissions and attendances that have not ended."""
        found = [
            seen
            for seen in self.entries.get((Category.CONTACTS, "current"), [])
            if seen.contact_class in ("inpatient", "emergency")
            and seen.status == EntryStatus.CURRENT
        ]
        return self.of("Current admission", Category.CONTACTS, found, noun="current admission")

    def allergies(self) -> Block:
        """Allergies under one of the four labels."""
        category = Category.ALLERGIES
        current = self.entries.get((category, "current"), [])
        label = allergy_label(current, self.lines[category])
        made = self.block("Allergies", category, "current", label)
        explained = _EXPLAINED.get(label)
        if made.groups or explained is None:
            return made
        return replace(made, empty=f"{explained} {made.empty}")

    def of(
        self,
        title: str,
        category: Category,
        shown: Sequence[EntrySeen],
        *,
        more: int = 0,
        noun: str = "",
        label: str = "",
    ) -> Block:
        """A block of these entries, or one that says why it has none."""
        section = SECTION_OF[category]
        return Block(
            title=title,
            slug=section.slug,
            groups=self.alike(shown),
            more=more,
            empty="" if shown else _why_empty(noun or section.noun, self.lines[category]),
            label=label,
        )


def _why_empty(noun: str, lines: tuple[StateLine, ...]) -> str:
    for line in lines:
        if line.standing is Standing.NOT_FOR_ROLE:
            return line.text
    return f"No {noun} shown. There may be some."
