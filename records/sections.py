"""The sections of a record: their order, their words, and what each shows apart.

Every category has one section, in the same order for every resident and reader, so that a reader
learns where things are.
"""

from __future__ import annotations

from dataclasses import dataclass

from organisations.categories import Category
from records.statuses import EntryStatus

#: What is going on or to come, as far as is known.
NOW = (EntryStatus.CURRENT, EntryStatus.PLANNED, EntryStatus.UNKNOWN)
_OVER = (EntryStatus.PAST, EntryStatus.CANCELLED)
#: What is ever shown as live. An entry that its source calls an error never is.
LIVE = (*NOW, *_OVER)

#: Newest items of a section on paper.
NEWEST = 10
#: The same on the record's page, below an overview that has what matters first.
GLIMPSED = 3
#: What harms if it is overlooked is not cut off at ten.
ALL_THAT_MATTERS = 50
#: Items on a page of one section.
PAGE = 50


@dataclass(frozen=True, slots=True)
class Group:
    """Items of a section that are shown together, newest first, apart from its others.

    ``slug`` names it in an address; ``title`` is empty where a section has only one. ``most`` is
    how many of them paper has, ``first`` how many the record's page has in their section: none
    where the overview shows them, or where they are over. The rest are one link away.
    """

    slug: str
    title: str
    statuses: tuple[str, ...]
    most: int = NEWEST
    first: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """One category as pages show it.

    ``noun`` completes "has sent no …"; ``status_matters`` says whether current and past are
    words for its items (a result is neither).
    """

    category: Category
    slug: str
    title: str
    noun: str
    groups: tuple[Group, ...]
    status_matters: bool = True

    def group(self, slug: str) -> Group:
        """The group of this name; the first for a name that is none."""
        return next((group for group in self.groups if group.slug == slug), self.groups[0])


def _all(first: int = GLIMPSED) -> tuple[Group, ...]:
    return (Group("all", "", LIVE, first=first),)


def _two(now: str, over: str, most: int = NEWEST, first: int = 0) -> tuple[Group, ...]:
    return (Group("current", now, NOW, most, first), Group("past", over, _OVER))


#: Every category once, in the order of the page.
SECTIONS: tuple[Section, ...] = (
    Section(
        Category.ALERTS,
        "alerts",
        "Alerts",
        "alerts",
        _two("Current alerts", "Past alerts", ALL_THAT_MATTERS),
    ),
    Section(
        Category.ALLERGIES,
        "allergies",
        "Allergies and adverse reactions",
        "allergies or adverse reactions",
        _two("Current", "Resolved or refuted", ALL_THAT_MATTERS),
    ),
    Section(
        Category.MEDICATIONS,
        "medicines",
        "Medicines",
        "medicines",
        _two("Current medicines", "Past medicines", ALL_THAT_MATTERS),
    ),
    Section(
        Category.DIAGNOSES,
        "problems",
        "Diagnoses and problems",
        "diagnoses or problems",
        _two("Current problems", "Past problems", ALL_THAT_MATTERS),
    ),
    Section(
        Category.CARE_PLANS,
        "care-plans",
        "Care plans and decisions",
        "care plans or decisions",
        _two("In force", "No longer in force", ALL_THAT_MATTERS),
    ),
    Section(
        Category.CONTACTS,
        "contacts",
        "Admissions, attendances and discharges",
        "admissions, attendances or discharges",
        _two("Current", "Past"),
    ),
    Section(
        Category.APPOINTMENTS,
        "appointments",
        "Appointments and referrals",
        "appointments or referrals",
        _two("Booked or open", "Past or cancelled"),
    ),
    Section(
        Category.LAB_RESULTS,
        "results",
        "Blood and other laboratory results",
        "laboratory results",
        _all(first=0),
        status_matters=False,
    ),
    Section(
        Category.MEASUREMENTS,
        "measurements",
        "Measurements",
        "measurements",
        _all(),
        status_matters=False,
    ),
    Section(
        Category.IMAGING, "imaging", "Imaging", "imaging reports", _all(), status_matters=False
    ),
    Section(
        Category.PROCEDURES,
        "procedures",
        "Procedures and vaccinations",
        "procedures or vaccinations",
        _all(),
        status_matters=False,
    ),
    Section(
        Category.DOCUMENTS, "documents", "Documents", "documents", _all(), status_matters=False
    ),
    Section(
        Category.SOCIAL_CARE_SERVICES,
        "social-care-services",
        "Social care services",
        "social care services",
        _two("Current services", "Past services", first=NEWEST),
    ),
    Section(
        Category.SOCIAL_CARE_ASSESSMENTS,
        "social-care-assessments",
        "Social care assessments",
        "social care assessments",
        _all(),
        status_matters=False,
    ),
    Section(
        Category.PEOPLE_INVOLVED,
        "people",
        "People involved",
        "people involved",
        _two("Involved now", "No longer involved"),
    ),
    Section(
        Category.SAFEGUARDING,
        "safeguarding",
        "Safeguarding",
        "safeguarding information",
        _two("Current", "Past", ALL_THAT_MATTERS, first=ALL_THAT_MATTERS),
    ),
)

SECTION_OF: dict[int, Section] = {section.category: section for section in SECTIONS}


def section_called(slug: str) -> Section | None:
    """The section of this name in an address, or ``None``."""
    return next((section for section in SECTIONS if section.slug == slug), None)
