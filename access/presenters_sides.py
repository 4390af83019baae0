"""People side by side, in words: for questions, joins, and who somebody is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from access.resolving import Question
from access.sides import NumberSeen, Side, SourceSeen
from identity.models import LinkState, Sex
from identity.names import fold, transposed
from identity.numbers import NumberStatus
from identity.persons import Said
from identity.protected import kind_of_organisation
from identity.vital import PartialDate, born
from identity.vital_words import Seen, death_date, death_known, partial_date
from ui import formatting

NOT_SHOWN = "Not shown"
_LINKS = {
    LinkState.LINKED: "",
    LinkState.ALONE: ", not joined with anybody",
    LinkState.IN_DOUBT: ", in doubt",
}


@dataclass(frozen=True, slots=True)
class Details:
    """One side of a comparison, each value as it is shown."""

    heading: str
    family_name: str
    given_names: str
    born: PartialDate | None
    sex: str
    died: str
    numbers: tuple[str, ...] | None
    past_numbers: tuple[str, ...] | None
    address: str
    postcode: str
    phone: str
    sources: tuple[str, ...]
    identifiers: tuple[str, ...]

    @property
    def name(self) -> str:
        """As the patient banner has it."""
        return formatting.banner_name(self.family_name, self.given_names)


def of_side(side: Side, heading: str) -> Details:
    """A resident."""
    live = None if side.numbers is None else [one for one in side.numbers if one.until is None]
    past = None if side.numbers is None else [one for one in side.numbers if one.until is not None]
    return Details(
        heading=heading,
        family_name=side.family_name,
        given_names=side.given_names,
        born=born(side),
        sex=side.sex,
        died=_died(side),
        numbers=None if live is None else tuple(_number(one) for one in live),
        past_numbers=None if past is None else tuple(_number(one) for one in past),
        address=_place(side, ", ".join(side.address_lines)),
        postcode=_place(side, side.postcode),
        phone=_place(side, side.phone),
        sources=_sources(side.sources),
        identifiers=_identifiers(name for source in side.sources for name in source.identifiers),
    )


def _place(side: Side, words: str) -> str:
    """Where a protected resident is, nobody is shown; that nobody knows it, would be untrue."""
    return NOT_SHOWN if side.protected else words


def of_said(question: Question, said: Said, heading: str) -> Details:
    """Whom a source describes."""
    number = (f"{formatting.nhs_number(question.number_sent)} (as it was sent)",)
    return Details(
        heading=heading,
        family_name=said.family_name,
        given_names=said.given_names,
        born=born(said),
        sex=Sex(said.sex).label,
        died=_died(said),
        numbers=number if question.number_sent else (),
        past_numbers=(),
        address=", ".join(said.address_lines),
        postcode=said.postcode,
        phone=said.phone,
        sources=(question.source,),
        identifiers=_identifiers(question.identifiers),
    )


def _died(of: Seen) -> str:
    if not of.deceased:
        return ""
    return ", ".join(filter(None, (death_date(of) or "Date not known", death_known(of))))


def _number(one: NumberSeen) -> str:
    shown = formatting.nhs_number(one.digits)
    words = "verified" if one.status is NumberStatus.VERIFIED else "not verified"
    if one.until is not None:
        words = one.ended_because.label.lower() if one.ended_because else "past"
    return f"{shown} ({words})"


def _identifiers(names: Iterable[str]) -> tuple[str, ...]:
    """A source's own numbers as its staff know them, without the systems that they belong to."""
    kept = list(names)
    local = [name.rpartition("|")[2] for name in kept if "|" in name]
    return tuple(dict.fromkeys(local or kept))


def _sources(sources: Iterable[SourceSeen]) -> tuple[str, ...]:
    named = (f"{kind_of_organisation(one.kind)}{_LINKS[one.link]}" for one in sources)
    return tuple(dict.fromkeys(named))


@dataclass(frozen=True, slots=True)
class Row:
    """One detail of both, and in words whether they agree."""

    label: str
    one: str
    other: str
    differs: str

    @property
    def is_difference(self) -> bool:
        """Whether the row is to be marked."""
        return self.differs not in {"", "Same"}


def compare(one: Details, other: Details) -> list[Row]:
    """Two people detail by detail; what neither has is left out."""
    return [row for row in _rows(one, other) if row.one or row.other]


@dataclass(frozen=True, slots=True)
class Several:
    """One detail of somebody, and of each who may be them, with whether it agrees."""

    label: str
    one: str
    others: tuple[Row, ...]


def side_by_side(one: Details, others: Sequence[Details]) -> list[Several]:
    """Somebody beside several others, detail by detail; what nobody has is left out."""
    each = zip(*(_rows(one, other) for other in others), strict=True)
    return [
        Several(rows[0].label, rows[0].one, rows)
        for rows in each
        if rows[0].one or any(row.other for row in rows)
    ]


def _rows(one: Details, other: Details) -> list[Row]:
    return [
        _row("Family name", one.family_name, other.family_name),
        _row("Given names", one.given_names, other.given_names),
        Row("Born", _day(one.born), _day(other.born), _birth_differs(one.born, other.born)),
        _row("Gender", one.sex, other.sex),
        _row("Died", one.died, other.died),
        _numbers_row(one, other),
        _list_row("Past NHS numbers", one.past_numbers, other.past_numbers),
        _row("Address", one.address, other.address),
        _row("Postcode", one.postcode, other.postcode),
        _row("Phone", one.phone, other.phone),
        _list_row("Known by", one.sources, other.sources),
        _list_row("Your numbers for them", one.identifiers, other.identifiers),
    ]


#: What makes two people two, where it differs.
_TELLING = {
    "Family name": "family name",
    "Given names": "given names",
    "Born": "date of birth",
    "Gender": "gender",
}


def telling(rows: Iterable[Row]) -> list[str]:
    """The details that differ and tell two people apart, for a warning before they are joined."""
    return [_TELLING[row.label] for row in rows if row.label in _TELLING and row.is_difference]


def _day(born: PartialDate | None) -> str:
    return partial_date(born) if born else ""


def _row(label: str, one: str, other: str) -> Row:
    return Row(label, one, other, _differs(one, other))


def _differs(one: str, other: str) -> str:
    if NOT_SHOWN in (one, other) or (not one and not other):
        return ""
    if not one or not other:
        return "Only one has it"
    return "Same" if fold(one) == fold(other) else "Different"


def _birth_differs(one: PartialDate | None, other: PartialDate | None) -> str:
    if one is None or other is None:
        return "" if one is other else "Only one has it"
    first, second = one.exact(), other.exact()
    if first is None or second is None:
        return "Not known to the day: may be the same" if one.can_be(other) else "Different"
    if first == second:
        return "Same"
    return "Day and month swapped" if transposed(first) == second else "Different"


def _list_row(label: str, one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> Row:
    """Lists are shown; whether they are the same says nothing."""
    shown = ["; ".join(each) if each is not None else NOT_SHOWN for each in (one, other)]
    return Row(label, shown[0], shown[1], "")


def _numbers_row(one: Details, other: Details) -> Row:
    row = _list_row("NHS number", one.numbers, other.numbers)
    if one.numbers is None or other.numbers is None:
        return row
    first, second = (
        {each.split(" (")[0] for each in side} for side in (one.numbers, other.numbers)
    )
    if not first and not second:
        return row
    differs = "Only one has it" if not first or not second else "Different"
    return Row(row.label, row.one, row.other, "Same" if first & second else differs)


def named(details: Details) -> str:
    """Somebody in one line, by what their side of the comparison is called."""
    born = _day(details.born) or "not known"
    return f"{details.heading}: {details.name}, born {born}"


@dataclass(frozen=True, slots=True)
class Who:
    """Who a resident is, in full: for the officer's page about one person."""

    side: Side
    details: Details
    rows: list[tuple[str, str]]
    numbers: list[tuple[str, list[str]]]
    merges: list[tuple[UUID, str]]


def who(side: Side) -> Who:
    """One resident with the history of their numbers and merges."""
    details = of_side(side, "")
    return Who(
        side=side,
        details=details,
        rows=[(row.label, row.one) for row in compare(details, details)],
        numbers=[
            (
                _number(one),
                [
                    f"{formatting.clinical_time(was.at)}: {was.status.label}. "
                    f"Said by: {was.said_by.label}"
                    for was in one.history
                ],
            )
            for one in side.numbers or ()
        ],
        merges=[
            (
                one.id,
                f"{formatting.clinical_time(one.at)}: {one.cause.label}"
                + (f". Undone {formatting.clinical_time(one.undone_at)}" if one.undone_at else ""),
            )
            for one in side.merged
        ],
    )
