"""What is shown of a resident whom the Personal Demographics Service protects (rule R7).

Anything but ``U`` protects: where such a person is may be sought by whoever would harm them. So
nothing that says where they live, or which service or worker they go to, is shown to anybody; of
sources and workers the kind is. Whoever needs a team rings the privacy officer.

There is one redaction, :meth:`Redaction.of`. Every type that holds something of a resident's
record declares with :func:`of_protected` what becomes of each of its fields; a type that forgets
one cannot be made. Selectors give out what has been through it, so neither a presenter nor a
template ever has more. docs/adr/0010 says what counts as free text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from django.db.models import Model

from identity.models import Protection
from organisations.models import OrganisationKind

Value = TypeVar("Value")
Row = TypeVar("Row", bound=Model)
#: Makes what a protected resident's field shows out of the whole value and what names a place.
Make = Callable[[Any, "Known"], Any]

#: What stands where words were kept back.
KEPT_BACK = "Not shown: it may say where this person is."


class NotDeclared(TypeError):
    """A type does not say of each of its fields what a protected resident's shows."""


@dataclass(frozen=True, slots=True)
class _Declared:
    keep: frozenset[str]
    empty: frozenset[str]
    made: Mapping[str, Make]


_DECLARED: dict[type, _Declared] = {}


def of_protected(
    *, keep: Iterable[str], empty: Iterable[str] = (), **made: Make
) -> Callable[[type[Value]], type[Value]]:
    """Declare what a type of values shows of a protected resident, field by field.

    Values are dataclasses, named tuples or models. ``keep`` are fields that cannot say where
    anybody is: ids, codes, times, figures. ``empty`` come out empty; the others are made by a
    function of the whole value.

    :raises NotDeclared: unless every field is named, once.
    """
    declared = _Declared(frozenset(keep), frozenset(empty), made)

    def declare(of: type[Value]) -> type[Value]:
        named = [*declared.keep, *declared.empty, *declared.made]
        has = sorted(_fields_of(of))
        if sorted(named) != has:
            wrong = sorted(set(named) ^ set(has)) or ["a field named twice"]
            raise NotDeclared(
                f"{of.__qualname__}: say what becomes of {', '.join(wrong)} where the resident is "
                "protected (identity.protected.of_protected)."
            )
        _DECLARED[of] = declared
        return of

    return declare


@dataclass(frozen=True, slots=True)
class Known:
    """What is known to name a place or a worker: names, evened out, and codes of organisations."""

    names: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str], codes: Iterable[str] = ()) -> Known:
        """Of names as they are written."""
        return cls(_evened_out(names), frozenset(codes))

    def besides(self, *names: str) -> Known:
        """With what one item itself calls its author and its place."""
        return Known(self.names | _evened_out(names), self.codes)


@dataclass(frozen=True, slots=True)
class Redaction:
    """How values about one resident are shown. ``ring`` is how to reach the privacy officer."""

    protected: bool
    known: Known = Known()
    ring: str = ""

    def of(self, value: Value) -> Value:
        """The value as it may be shown: itself, or of a protected resident what was declared.

        :raises NotDeclared: if its type declares nothing.
        """
        declared = _DECLARED.get(type(value))
        if declared is None:
            raise NotDeclared(
                f"{type(value).__qualname__} does not say what it shows of a protected resident."
            )
        if not self.protected:
            return value
        changed = {name: _empty(getattr(value, name)) for name in declared.empty}
        changed |= {name: make(value, self.known) for name, make in declared.made.items()}
        if isinstance(value, Model):
            return _copy_with(value, changed)
        if isinstance(value, tuple):
            made: Value = value._replace(**changed)  # type: ignore[attr-defined]  # it has fields
            return made
        return replace(value, **changed)  # type: ignore[type-var]  # declared ones are dataclasses


def is_protected(code: str) -> bool:
    """Whether PDS's security code protects: all but ``U`` do, unknown ones among them."""
    return code != Protection.UNRESTRICTED


def _fields_of(of: type[Any]) -> list[str]:
    if issubclass(of, Model):
        return [field.name for field in of._meta.concrete_fields]  # noqa: SLF001 - documented name
    if issubclass(of, tuple):
        return list(of._fields)  # type: ignore[attr-defined]  # a named tuple's
    return [field.name for field in fields(of)]


def _copy_with(row: Row, changed: Mapping[str, Any]) -> Row:
    """A copy of a row for showing: the row itself, and what is saved, stay as they are."""
    shown = copy(row)
    for name, value in changed.items():
        setattr(shown, name, value)
    return shown


def _empty(value: Any) -> Any:
    return type(value)() if isinstance(value, (str, tuple, list)) else None


# ── Kinds instead of names ──────────────────────────────────────────────────────────────────

_ORGANISATIONS: Mapping[str, str] = {
    OrganisationKind.GP_PRACTICE: "A GP practice",
    OrganisationKind.NHS_TRUST: "An NHS trust",
    OrganisationKind.ADULT_SOCIAL_CARE: "An adult social care service",
    OrganisationKind.OUT_OF_HOURS: "An out-of-hours service",
}
_RELATIVES = (
    r"\b(mother|father|parent|wife|husband|spouse|partner|daughter|son|sister|brother|child"
    r"|aunt|uncle|niece|nephew|cousin|grand\w+|next of kin|relative|guardian)\b"
)
#: What a worker's role says, the narrower before the wider.
_WORKERS: tuple[tuple[str, str], ...] = (
    ("social work", "A social worker"),
    ("key ?worker", "A key worker"),
    ("support worker", "A support worker"),
    ("care co-?ordinator", "A care coordinator"),
    ("occupational therap", "An occupational therapist"),
    ("physio", "A physiotherapist"),
    ("speech", "A speech and language therapist"),
    ("psychiatr", "A psychiatrist"),
    ("psycholog", "A psychologist"),
    ("therap", "A therapist"),
    ("midwi", "A midwife"),
    ("health visitor", "A health visitor"),
    ("pharmac", "A pharmacist"),
    ("paramedic", "A paramedic"),
    ("dent", "A dentist"),
    ("radiograph", "A radiographer"),
    ("matron|nurs", "A nurse"),
    (r"\bgp\b|general pract", "A GP"),
    ("doctor|consultant|surgeon|registrar|physician|medical|radiologist|patholog", "A doctor"),
    (_RELATIVES, "A relative"),
    (r"\b(friend|neighbour)\b", "A friend or neighbour"),
    (r"\bcarer\b", "A carer"),
    ("manager", "A manager"),
    ("admin|clerk|reception|secretar", "An administrator"),
)


def kind_of_organisation(kind: str) -> str:
    """What stands for an organisation's name: ``A GP practice``."""
    return _ORGANISATIONS.get(kind, "An organisation")


def kind_of_worker(role: str) -> str:
    """What stands for a worker: ``A nurse``. The role's own words never come out."""
    folded = role.casefold()
    return next((kind for said, kind in _WORKERS if re.search(said, folded)), "A worker")


# ── Words that may say where ────────────────────────────────────────────────────────────────

#: A name shorter than this is in too many words.
_SHORTEST = 4
#: A British postcode, whole, with or without its space.
_POSTCODE = re.compile(r"\b[A-Z]{1,2}[0-9][A-Z0-9]?\s?[0-9][ABD-HJLNP-UW-Z]{2}\b", re.IGNORECASE)
#: A zero or a plus with eight digits or more, however they are spaced.
_TELEPHONE = re.compile(r"(?<![\d.])(?:\+\d|0)(?:[\s().-]{0,2}\d){8,}")
_TOKEN = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(
    r"[@]|https?:|\bwww\.|\b\d+[a-z]?,?\s+\w+(\s\w+)?\s+"
    r"(street|road|avenue|lane|close|drive|way|place|gardens|terrace|court|crescent|hill)\b",
    re.IGNORECASE,
)


def may_say_where(words: str, known: Known) -> bool:
    """Whether words hold what names a place or a worker, as far as that can be known.

    A name of the registry or of the item itself, an ODS code, a postcode, a telephone number, an
    address.
    """
    if not words:
        return False
    if any(pattern.search(words) for pattern in (_POSTCODE, _TELEPHONE, _ADDRESS)):
        return True
    if not known.codes.isdisjoint(_TOKEN.findall(words)):
        return True
    spaced = f" {_spaced(words)} "
    return any(f" {name} " in spaced for name in known.names)


def _spaced(words: str) -> str:
    return " ".join(_TOKEN.findall(words.casefold()))


def _evened_out(names: Iterable[str]) -> frozenset[str]:
    spaced = map(_spaced, names)
    return frozenset(name for name in spaced if len(name) >= _SHORTEST)
