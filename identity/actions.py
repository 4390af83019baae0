"""Writes of who residents are: source persons as they arrive, and what they are linked to.

A number alone never links. A source person is linked to a resident by a number that a trusted
source calls verified *and* that agrees with the resident on birth date and family name. Whatever
disagrees becomes a resident of its own with a question on the work list; nobody is guessed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from identity.models import (
    LinkQuestion,
    LinkState,
    NumberStatus,
    Protection,
    Resident,
    ResidentNhsNumber,
    ResidentPlace,
    Sex,
    SourcePerson,
)
from identity.names import fold
from identity.nhs_number import InvalidNhsNumber, NhsNumber
from organisations.models import Organisation, OrganisationKind


class PersonSent(Protocol):
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
    def family_name(self) -> str: ...
    @property
    def given_names(self) -> str: ...
    @property
    def birth_date(self) -> date | None: ...
    @property
    def sex(self) -> str: ...
    @property
    def deceased(self) -> bool: ...
    @property
    def deceased_on(self) -> date | None: ...
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
class Received:
    """What became of a person sent: whom they are now, and whether anything changed."""

    source_person_id: int
    resident_id: int
    changed: bool


def receive_persons(
    persons: Sequence[PersonSent], *, source: Organisation, trusted_for_numbers: bool
) -> list[Received]:
    """Take in persons of one source, in order, inside the transaction that is open.

    Two deliveries with one new person at the same instant make one resident: everything that could
    collide (the source's identifier, the NHS number) is locked first, in one order.

    :raises RuntimeError: if no transaction is open.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Receive persons inside a transaction: their locks last as long as it.")
    numbers = [_number(person) for person in persons]
    _lock(
        [
            *(f"person {source.pk} {person.identifier}" for person in persons),
            *(f"number {number.digits}" for number in numbers if number),
        ]
    )
    held = {
        known.identifier: known
        for known in SourcePerson.objects.select_related("resident").filter(
            source=source, identifier__in=[person.identifier for person in persons]
        )
    }
    answers = []
    for person, number in zip(persons, numbers, strict=True):
        known = held.get(person.identifier)
        if known is None:
            arrived = _Arrival(person, number, source, trusted_for_numbers).take_in()
            held[person.identifier] = arrived
            answers.append(Received(arrived.pk, arrived.resident_id, changed=True))
        else:
            changed = _renew(known, person, number, source)
            answers.append(Received(known.pk, known.resident_id, changed=changed))
    return answers


def _lock(names: Iterable[str]) -> None:
    keys = sorted(
        int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        for name in set(names)
    )
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("select pg_advisory_xact_lock(%s)", [key])


def _number(person: PersonSent) -> NhsNumber | None:
    if not person.nhs_number:
        return None
    try:
        return NhsNumber.parse(person.nhs_number, test_ranges=settings.NHS_NUMBER_TEST_RANGES)
    except InvalidNhsNumber:
        return None


def fingerprint(person: PersonSent) -> bytes:
    """A digest of all that a source said of a person, its version apart."""
    said = [
        person.identifier, sorted(person.local_identifiers), person.nhs_number,
        person.nhs_number_status, person.title, person.family_name, person.given_names,
        person.birth_date, person.sex, person.deceased, person.deceased_on,
        person.address_lines, person.postcode, person.phone, person.practice_code,
        person.language, person.interpreter_needed, person.confidentiality,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, default=str).encode()).digest()


def agrees(person: PersonSent, resident: Resident) -> bool:
    """Whether a person sent and a resident agree on birth date, family name and given name.

    A given name agrees with its initial, or with none; a twin's does not. Whatever else a name may
    be (a nickname, a name before a marriage) is for a person to decide.
    """
    return (
        person.birth_date is not None
        and person.birth_date == resident.birth_date
        and fold(person.family_name) != ""
        and fold(person.family_name) == resident.family_folded
        and _given_agree(person.given_names, resident.given_names)
    )


def _given_agree(one: str, other: str) -> bool:
    first, second = (fold(name.split(" ")[0]) for name in (one, other))
    return first.startswith(second) or second.startswith(first)


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A person whom their source has not sent before."""

    person: PersonSent
    number: NhsNumber | None
    source: Organisation
    trusted: bool

    def take_in(self) -> SourcePerson:
        """Link them, or make a resident of their own."""
        owner = self._owner()
        if owner is None:
            return self._alone()
        if agrees(self.person, owner):
            known = self._source_person(owner, LinkState.LINKED)
            _apply(self.person, owner, known)
            return known
        known = self._source_person(_new_resident(self.person), LinkState.IN_DOUBT)
        ask(known, "number-belongs-to-another", candidate=owner)
        return known

    def _verified(self) -> bool:
        return self.trusted and self.person.nhs_number_status == NumberStatus.VERIFIED

    def _owner(self) -> Resident | None:
        if self.number is None or not self._verified():
            return None
        live = (
            ResidentNhsNumber.objects.select_related("resident")
            .filter(number=self.number.digits, valid_until__isnull=True)
            .first()
        )
        return live.resident if live else None

    def _alone(self) -> SourcePerson:
        resident = _new_resident(self.person)
        known_by_number = (
            self.number is not None
            and self._verified()
            and resident.birth_date is not None
            and resident.family_folded != ""
        )
        if not known_by_number:
            return self._source_person(resident, LinkState.ALONE)
        assert self.number is not None  # noqa: S101 - known_by_number says so
        ResidentNhsNumber.objects.create(
            resident=resident,
            number=self.number.digits,
            status=NumberStatus.VERIFIED,
            given_by=self.source.pk,
        )
        resident.known_to_all = True
        resident.save(update_fields=["known_to_all"])
        return self._source_person(resident, LinkState.LINKED)

    def _source_person(self, resident: Resident, link: LinkState) -> SourcePerson:
        return SourcePerson.objects.create(
            source=self.source,
            identifier=self.person.identifier,
            local_identifiers=list(self.person.local_identifiers),
            resident=resident,
            link=link,
            nhs_number_sent=self.person.nhs_number or "",
            nhs_number_status_sent=self.person.nhs_number_status or "",
            version=self.person.version,
            fingerprint=fingerprint(self.person),
            registered_practice=_is_registered_practice(self.person, self.source),
        )


def _is_registered_practice(person: PersonSent, source: Organisation) -> bool:
    return source.kind == OrganisationKind.GP_PRACTICE and person.practice_code in {
        None,
        "",
        source.ods_code,
    }


def _new_resident(person: PersonSent) -> Resident:
    resident = Resident(
        title=person.title,
        family_name=person.family_name,
        given_names=person.given_names,
        birth_date=person.birth_date,
        sex=person.sex if person.sex in Sex.values else Sex.UNKNOWN,
        deceased=person.deceased or person.deceased_on is not None,
        deceased_on=person.deceased_on,
        language=person.language,
        interpreter_needed=person.interpreter_needed,
        protection=_protection(person) or Protection.UNRESTRICTED,
    )
    resident.save()
    ResidentPlace.objects.create(
        resident=resident,
        address_lines=list(person.address_lines),
        postcode=person.postcode,
        phone=person.phone,
        practice_code=person.practice_code or "",
    )
    return resident


def _protection(person: PersonSent) -> str | None:
    """``R`` or ``V`` as sent; anything else that is neither absent nor open counts as ``R``."""
    sent = person.confidentiality
    if not sent or sent in {"U", "N", "L", "M"}:
        return None
    return sent if sent in Protection.values else Protection.RESTRICTED


def _renew(
    known: SourcePerson, person: PersonSent, number: NhsNumber | None, source: Organisation
) -> bool:
    """A newer version of a person who is known; an older one, or the same, changes nothing."""
    digest = fingerprint(person)
    if bytes(known.fingerprint) == digest:
        return False
    if known.version and person.version and person.version < known.version:
        return False
    known.version = person.version or known.version
    known.fingerprint = digest
    known.local_identifiers = list(person.local_identifiers)
    known.nhs_number_sent = person.nhs_number or ""
    known.nhs_number_status_sent = person.nhs_number_status or ""
    known.registered_practice = _is_registered_practice(person, source)
    known.updated = timezone.now()
    resident = known.resident
    only_theirs = not SourcePerson.objects.filter(
        ~Q(pk=known.pk), resident=resident, link=LinkState.LINKED
    ).exists()
    if known.link == LinkState.LINKED and not only_theirs and not agrees(person, resident):
        known.link = LinkState.IN_DOUBT
        ask(known, "disagrees-with-resident", candidate=resident)
    known.save()
    if known.link != LinkState.IN_DOUBT:
        _apply(person, resident, known, only_theirs=only_theirs)
    if number and known.link == LinkState.LINKED:
        live = resident.nhs_numbers.filter(valid_until__isnull=True).first()
        if live and live.number != number.digits:
            ask(known, "number-changed", candidate=resident)
    return True


def _apply(
    person: PersonSent, resident: Resident, known: SourcePerson, *, only_theirs: bool = False
) -> None:
    """Let a newer person speak for the resident; what was not sent blanks nothing.

    Names, birth date and sex are the registered practice's to say once it has spoken, and anyone's
    before. A death, a protection and an interpreter are taken from any source that is linked.
    """
    practice_speaks = SourcePerson.objects.filter(
        resident=resident, registered_practice=True, link=LinkState.LINKED
    )
    speaks = (
        only_theirs
        or known.registered_practice
        or not practice_speaks.exclude(pk=known.pk).exists()
    )
    changed: list[str] = []

    def put(field: str, value: object) -> None:
        if value not in (None, "", ()) and getattr(resident, field) != value:
            setattr(resident, field, value)
            changed.append(field)

    if speaks:
        put("title", person.title)
        put("family_name", person.family_name)
        put("given_names", person.given_names)
        put("birth_date", person.birth_date)
        put("sex", person.sex if person.sex in Sex.values and person.sex != Sex.UNKNOWN else None)
        put("language", person.language)
    if person.deceased or person.deceased_on:
        put("deceased", value=True)
        put("deceased_on", person.deceased_on)
    if person.interpreter_needed:
        put("interpreter_needed", value=True)
    protection = _protection(person)
    if protection and resident.protection == Protection.UNRESTRICTED:
        put("protection", protection)
    if changed:
        resident.save(update_fields=changed)
    if speaks:
        _apply_place(person, resident)


def _apply_place(person: PersonSent, resident: Resident) -> None:
    place, _ = ResidentPlace.objects.get_or_create(resident=resident)
    place.address_lines = list(person.address_lines) or place.address_lines
    place.postcode = person.postcode or place.postcode
    place.phone = person.phone or place.phone
    place.practice_code = person.practice_code or place.practice_code
    place.save()


@transaction.atomic
def ask(known: SourcePerson, reason: str, *, candidate: Resident | None) -> None:
    """Put a disagreement on the work list, once."""
    LinkQuestion.objects.get_or_create(
        source_person=known, reason=reason, settled=None, defaults={"candidate": candidate}
    )
