"""Persons as sources send them, and when one agrees with somebody who is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, ClassVar, Protocol

from identity.models import Protection, Sex
from identity.names import fold


class Named(Protocol):
    """Whoever has a name and a birth date: a person sent, a resident, what a source said."""

    @property
    def family_name(self) -> str: ...
    @property
    def given_names(self) -> str: ...
    @property
    def birth_date(self) -> date | None: ...


class PersonSent(Named, Protocol):
    """A person as a source sent them; ``feeds.mapped.MappedPerson`` is one."""

    @property
    def identifier(self) -> str: ...
    @property
    def version(self) -> datetime | None: ...
    @property
    def local_identifiers(self) -> tuple[str, ...]: ...
    @property
    def nhs_number(self) -> str | None: ...
    @property
    def nhs_number_status(self) -> str | None: ...
    @property
    def title(self) -> str: ...
    @property
    def sex(self) -> str: ...
    @property
    def deceased(self) -> bool: ...
    @property
    def deceased_on(self) -> date | None: ...
    @property
    def living(self) -> bool: ...
    @property
    def birth_date_part(self) -> str: ...
    @property
    def deceased_on_part(self) -> str: ...
    @property
    def address_lines(self) -> tuple[str, ...]: ...
    @property
    def postcode(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def practice_code(self) -> str | None: ...
    @property
    def language(self) -> str: ...
    @property
    def interpreter_needed(self) -> bool: ...
    @property
    def confidentiality(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Said:
    """Who a person is in the words of their source: what ``SourcePerson.said`` holds."""

    title: str = ""
    family_name: str = ""
    given_names: str = ""
    birth_date: date | None = None
    sex: str = Sex.UNKNOWN
    deceased: bool = False
    deceased_on: date | None = None
    address_lines: tuple[str, ...] = ()
    postcode: str = ""
    phone: str = ""
    practice_code: str = ""
    language: str = ""
    interpreter_needed: bool = False
    protection: str = Protection.UNRESTRICTED
    birth_date_part: str = ""
    deceased_on_part: str = ""
    #: What a source says is never more than an informal notice, and is not shown as one.
    death_notice: ClassVar[str] = ""

    @classmethod
    def by(cls, person: PersonSent) -> Said:
        """What a source sent of a person."""
        return cls(
            title=person.title,
            family_name=person.family_name,
            given_names=person.given_names,
            birth_date=person.birth_date,
            sex=person.sex if person.sex in Sex.values else Sex.UNKNOWN,
            deceased=says_dead(person),
            deceased_on=person.deceased_on,
            address_lines=tuple(person.address_lines),
            postcode=person.postcode,
            phone=person.phone,
            practice_code=person.practice_code or "",
            language=person.language,
            interpreter_needed=person.interpreter_needed,
            protection=_protection(person.confidentiality),
            birth_date_part="" if person.birth_date else person.birth_date_part,
            deceased_on_part="" if person.deceased_on else person.deceased_on_part,
        )

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Said:
        """What was kept of it."""
        return cls(
            **{
                **kept,
                "birth_date": _day(kept.get("birth_date")),
                "deceased_on": _day(kept.get("deceased_on")),
                "address_lines": tuple(kept.get("address_lines", ())),
            }
        )

    def as_json(self) -> dict[str, Any]:
        """For keeping: days as text."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in ((each.name, getattr(self, each.name)) for each in fields(self))
        }


def says_dead(person: PersonSent) -> bool:
    """Whether a source tells a death: in so many words, or by a date of it, be it partial."""
    return person.deceased or person.deceased_on is not None or person.deceased_on_part != ""


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _protection(sent: str | None) -> Protection:
    """``R`` or ``V`` as sent; anything else that is neither absent nor open counts as ``R``."""
    if not sent or sent in {"U", "N", "L", "M"}:
        return Protection.UNRESTRICTED
    return Protection(sent) if sent in Protection.values else Protection.RESTRICTED


def fingerprint(person: PersonSent) -> bytes:
    """A digest of all that a source said of a person, its version apart.

    A field that was added later counts only where something is said in it: else everybody whom a
    source has sent before would have changed with the release that reads it.
    """
    said: list[object] = [
        person.identifier, sorted(person.local_identifiers), person.nhs_number,
        person.nhs_number_status, person.title, person.family_name, person.given_names,
        person.birth_date, person.sex, person.deceased, person.deceased_on,
        person.address_lines, person.postcode, person.phone, person.practice_code,
        person.language, person.interpreter_needed, person.confidentiality,
    ]  # fmt: skip
    added_later = {
        "living": person.living,
        "birth_date_part": person.birth_date_part,
        "deceased_on_part": person.deceased_on_part,
    }
    said += [{name: value} for name, value in added_later.items() if value]
    return hashlib.sha256(json.dumps(said, default=str).encode()).digest()


def agrees(one: Named, other: Named) -> bool:
    """Whether two agree on birth date, family name and given name.

    A given name agrees with its initial, or with none; a twin's does not. Whatever else a name may
    be (a nickname, a name before a marriage) is for a person to decide.
    """
    return (
        one.birth_date is not None
        and one.birth_date == other.birth_date
        and fold(one.family_name) != ""
        and fold(one.family_name) == fold(other.family_name)
        and _given_agree(one.given_names, other.given_names)
    )


def _given_agree(one: str, other: str) -> bool:
    first, second = (fold(name.split(" ")[0]) for name in (one, other))
    return first.startswith(second) or second.startswith(first)


def identifies(one: Named) -> bool:
    """Whether a name and a birth date are there at all, so that a number has something to fit."""
    return one.birth_date is not None and fold(one.family_name) != ""
