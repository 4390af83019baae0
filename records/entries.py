"""An entry as pages show it, and what of it is shown of a protected resident.

The redaction is :mod:`identity.protected`'s; here is what becomes of an entry's words. Free text
is what has no code behind it, and whatever a source writes beside a name: it is not shown. What an
entry is of (a medicine, an allergy, a diagnosis, a test) is, because care without it does harm,
unless it is seen to name a place. docs/adr/0010.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from identity.protected import KEPT_BACK, Known, kind_of_worker, may_say_where, of_protected
from organisations.categories import Category
from records.plain_words import is_plain

DETAIL_KEPT_BACK = "Details are not shown: they may say where this person is."
REST_KEPT_BACK = "The rest is not shown: it may say where this person is."

#: Their own names tell which service a person goes to: they are called by their kind.
_TELLS_WHERE = frozenset(
    {
        Category.CONTACTS,
        Category.APPOINTMENTS,
        Category.DOCUMENTS,
        Category.SOCIAL_CARE_SERVICES,
        Category.SOCIAL_CARE_ASSESSMENTS,
        Category.PEOPLE_INVOLVED,
    }
)
#: Written by hand unless a code says what they are.
_FREE_UNLESS_CODED = frozenset({Category.ALERTS, Category.SAFEGUARDING, Category.CARE_PLANS})

_CALLED: Mapping[Category, str] = {
    Category.APPOINTMENTS: "An appointment",
    Category.CONTACTS: "A contact",
    Category.DIAGNOSES: "A diagnosis or problem",
    Category.MEDICATIONS: "A medicine",
    Category.ALLERGIES: "An allergy or adverse reaction",
    Category.LAB_RESULTS: "A laboratory result",
    Category.MEASUREMENTS: "A measurement",
    Category.IMAGING: "An imaging report",
    Category.PROCEDURES: "A procedure or vaccination",
    Category.DOCUMENTS: "A document",
    Category.CARE_PLANS: "A care plan or decision",
    Category.SOCIAL_CARE_ASSESSMENTS: "A social care assessment",
    Category.SOCIAL_CARE_SERVICES: "A social care service",
    Category.PEOPLE_INVOLVED: "A worker",
    Category.ALERTS: "An alert",
    Category.SAFEGUARDING: "Safeguarding information",
}
_CONTACTS: Mapping[str, str] = {
    "inpatient": "An admission",
    "emergency": "An emergency attendance",
    "outpatient": "An outpatient attendance",
    "out_of_hours": "An out-of-hours contact",
}


def _display(entry: EntrySeen, known: Known) -> str:
    """What the entry is, by its name where that is safe, else by its kind."""
    category = Category(entry.category)
    if category is Category.PEOPLE_INVOLVED:
        return kind_of_worker(_role(entry))
    if category is Category.CONTACTS:
        return _CONTACTS.get(entry.contact_class, _CALLED[category])
    if category is Category.APPOINTMENTS and entry.kind in {"ServiceRequest", "Task"}:
        return "A referral"
    free = category in _FREE_UNLESS_CODED and not entry.code
    if free or category in _TELLS_WHERE or _says_where(entry, entry.display, known):
        return _CALLED[category]
    return entry.display


def _detail(entry: EntrySeen, known: Known) -> str:
    """The parts of the detail that are made of known words alone (a dose, a reaction)."""
    if not entry.detail:
        return ""
    if entry.category in _TELLS_WHERE:
        return DETAIL_KEPT_BACK
    parts = entry.detail.split("; ")
    safe = [part for part in parts if is_plain(part) and not _says_where(entry, part, known)]
    if len(safe) == len(parts):
        return entry.detail
    return "; ".join([*safe, REST_KEPT_BACK]) if safe else DETAIL_KEPT_BACK


def _value_text(entry: EntrySeen, known: Known) -> str:
    """The value in words; where a figure stands beside words that tell, the figure alone."""
    if entry.category in _TELLS_WHERE or _says_where(entry, entry.value_text, known):
        return "" if entry.value is not None or not entry.value_text else KEPT_BACK
    return entry.value_text


def _unit(entry: EntrySeen, known: Known) -> str:
    """The unit."""
    return _safe(entry, entry.unit, known)


def _range_text(entry: EntrySeen, known: Known) -> str:
    """The reference range in the source's words."""
    return _safe(entry, entry.range_text, known)


def _source_status(entry: EntrySeen, _known: Known) -> str:
    """The source's word for where the entry stands, if it is made of known words."""
    plain = is_plain(entry.source_status.replace("-", " "))
    return entry.source_status if plain and entry.category not in _TELLS_WHERE else ""


def _author_role(entry: EntrySeen, _known: Known) -> str:
    """The kind of worker, where there is one."""
    return kind_of_worker(_role(entry)) if entry.author_role or entry.author else ""


def _role(entry: EntrySeen) -> str:
    """What the source calls the role; some write it behind the name: ``Name, role``."""
    return entry.author_role or entry.author.partition(",")[2]


def _safe(entry: EntrySeen, words: str, known: Known) -> str:
    return "" if entry.category in _TELLS_WHERE or _says_where(entry, words, known) else words


def _says_where(entry: EntrySeen, words: str, known: Known) -> bool:
    return may_say_where(words, known.besides(entry.author, entry.place))


@of_protected(
    keep=(
        "public_id",
        "category",
        "source_id",
        "kind",
        "status",
        "effective",
        "precision",
        "ends",
        "recorded",
        "code",
        "value",
        "range_low",
        "range_high",
        "interpretation",
        "contact_class",
        "negation",
        "received",
        "reported",
    ),
    empty=("author", "place", "phone", "notes"),
    display=_display,
    detail=_detail,
    value_text=_value_text,
    unit=_unit,
    range_text=_range_text,
    source_status=_source_status,
    author_role=_author_role,
)
class EntrySeen(NamedTuple):
    """An entry as pages show it, without the resource that it came as.

    A tuple, because a page makes some hundred of them out of rows.
    ``effective`` counts as far as ``precision`` says (``year``, ``month``, ``day``, ``time``).
    ``reported`` says that a reader has reported it as wrong (:mod:`records.marks`).
    """

    public_id: UUID
    category: int
    source_id: int
    kind: str
    status: str
    source_status: str
    effective: datetime | None
    precision: str
    ends: datetime | None
    recorded: datetime | None
    code: str
    display: str
    detail: str
    value: Decimal | None
    value_text: str
    unit: str
    range_low: Decimal | None
    range_high: Decimal | None
    range_text: str
    interpretation: str
    author: str
    author_role: str
    place: str
    phone: str
    contact_class: str
    negation: bool
    notes: list[str]
    received: datetime
    reported: bool = False
