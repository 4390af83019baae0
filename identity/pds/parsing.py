"""Reads the JSON of the Personal Demographics Service: FHIR R4 in, values out.

Tolerant of what the contract lets be absent and of what it may add; strict in the two things that
everything stands on, the NHS number and the protection. A date that cannot be read is absent.
"""

from __future__ import annotations

import msgspec

from identity.models import Protection, Sex
from identity.nhs_number import NhsNumber
from identity.pds.demographics import (
    Address,
    ContactPreference,
    Death,
    Demographics,
    Name,
    Period,
    Registration,
    Telecom,
)
from identity.vital import DeathNotice, PartialDate

_UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
_DEATH = f"{_UK_CORE}DeathNotificationStatus"
_COMMUNICATION = f"{_UK_CORE}NHSCommunication"
_PREFERENCE = f"{_UK_CORE}ContactPreference"
_REMOVAL = "https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration"
_NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
_ODS = "https://fhir.nhs.uk/Id/ods-organization-code"


class Unreadable(ValueError):
    """Not JSON, or not a resource that the contract has. The message quotes nothing."""


class Contradictory(ValueError):
    """The answer calls one person by two NHS numbers."""


class _Coding(msgspec.Struct):
    code: str | None = None


class _Concept(msgspec.Struct):
    coding: list[_Coding] | None = None


class _Period(msgspec.Struct):
    start: str | None = None
    end: str | None = None


class _Identifier(msgspec.Struct):
    system: str | None = None
    value: str | None = None
    period: _Period | None = None


class _Reference(msgspec.Struct):
    identifier: _Identifier | None = None


class _Extension(msgspec.Struct):
    url: str | None = None
    extension: list[_Extension] | None = None
    valueCodeableConcept: _Concept | None = None  # noqa: N815 - FHIR's own name
    valueBoolean: bool | None = None  # noqa: N815 - FHIR's own name
    valueString: str | None = None  # noqa: N815 - FHIR's own name


class _Name(msgspec.Struct):
    use: str | None = None
    family: str | None = None
    given: list[str | None] | None = None
    prefix: list[str | None] | None = None
    suffix: list[str | None] | None = None
    period: _Period | None = None


class _Address(msgspec.Struct):
    use: str | None = None
    text: str | None = None
    line: list[str | None] | None = None
    postalCode: str | None = None  # noqa: N815 - FHIR's own name
    period: _Period | None = None


class _Telecom(msgspec.Struct):
    system: str | None = None
    use: str | None = None
    value: str | None = None
    period: _Period | None = None


class _Contact(msgspec.Struct):
    telecom: list[_Telecom] | None = None
    period: _Period | None = None


class _Meta(msgspec.Struct):
    versionId: str | None = None  # noqa: N815 - FHIR's own name
    security: list[_Coding] | None = None


class _Patient(msgspec.Struct, tag_field="resourceType", tag="Patient"):
    id: str
    meta: _Meta
    identifier: list[_Identifier] | None = None
    name: list[_Name] | None = None
    gender: str | None = None
    birthDate: str | None = None  # noqa: N815 - FHIR's own name
    multipleBirthInteger: int | None = None  # noqa: N815 - FHIR's own name
    multipleBirthBoolean: bool | None = None  # noqa: N815 - FHIR's own name
    deceasedDateTime: str | None = None  # noqa: N815 - FHIR's own name
    address: list[_Address] | None = None
    telecom: list[_Telecom] | None = None
    contact: list[_Contact] | None = None
    generalPractitioner: list[_Reference] | None = None  # noqa: N815 - FHIR's own name
    extension: list[_Extension] | None = None


class _Entry(msgspec.Struct):
    # Its search.score is not read: nobody may be shown it, and nothing may stand on it.
    resource: _Patient


class _Bundle(msgspec.Struct, tag_field="resourceType", tag="Bundle"):
    total: int | None = None
    entry: list[_Entry] | None = None


class _Issue(msgspec.Struct):
    details: _Concept | None = None


class _OperationOutcome(msgspec.Struct, tag_field="resourceType", tag="OperationOutcome"):
    issue: list[_Issue] | None = None


_DECODER = msgspec.json.Decoder(_Patient | _Bundle | _OperationOutcome)


class Problem(msgspec.Struct, frozen=True):
    """An OperationOutcome: the code of its first issue that has one, else empty."""

    code: str


class Hits(msgspec.Struct, frozen=True):
    """A search's answer: how many, and the people themselves, best first."""

    total: int
    people: tuple[Demographics, ...]


def read(body: bytes, *, test_ranges: bool) -> Demographics | Hits | Problem:
    """Read one answer.

    :raises Unreadable: if it is not JSON, not one of the three resources, or lacks the protection.
    :raises identity.nhs_number.InvalidNhsNumber: if a person's number fails the check.
    :raises Contradictory: if a person has two numbers.
    """
    try:
        resource = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Its own words quote the place in the answer, and sometimes the answer.
        raise Unreadable("The answer is not a resource of the contract.") from None
    if isinstance(resource, _OperationOutcome):
        codes = [code for issue in resource.issue or () if (code := _code(issue.details))]
        return Problem(codes[0] if codes else "")
    if isinstance(resource, _Patient):
        return _person(resource, test_ranges=test_ranges)
    people = tuple(
        _person(entry.resource, test_ranges=test_ranges) for entry in resource.entry or ()
    )
    return Hits(len(people) if resource.total is None else resource.total, people)


def _person(patient: _Patient, *, test_ranges: bool) -> Demographics:
    numbers = {
        patient.id,
        *(
            each.value
            for each in patient.identifier or ()
            if each.system == _NHS_NUMBER and each.value
        ),
    }
    if len(numbers) > 1:
        raise Contradictory("The answer has two NHS numbers for one person.")
    extensions = {each.url: each for each in patient.extension or ()}
    language, interpreter = _communication(extensions.get(_COMMUNICATION))
    multiple = patient.multipleBirthBoolean
    if patient.multipleBirthInteger is not None:
        multiple = True
    return Demographics(
        number=NhsNumber.parse(patient.id, test_ranges=test_ranges),
        protection=_protection(patient.meta),
        version=patient.meta.versionId or "",
        names=tuple(map(_name, patient.name or ())),
        gender=Sex(patient.gender) if patient.gender in Sex.values else None,
        birth_date=_date(patient.birthDate),
        multiple_birth=multiple,
        death=_death(patient.deceasedDateTime, extensions.get(_DEATH)),
        addresses=tuple(map(_address, patient.address or ())),
        telecoms=tuple(_telecom(each) for each in patient.telecom or () if each.value),
        emergency_contacts=tuple(
            _telecom(each, contact.period)
            for contact in patient.contact or ()
            for each in contact.telecom or ()
            if each.value
        ),
        registration=_registration(patient.generalPractitioner),
        left=_said(extensions.get(_REMOVAL), "removalFromRegistrationCode"),
        language=language,
        interpreter_needed=interpreter,
        contact_preference=_preference(extensions.get(_PREFERENCE)),
    )


def _protection(meta: _Meta) -> Protection:
    """The security label. Without one that we know, showing an address would be a guess."""
    codes = [each.code for each in meta.security or ()]
    known = [Protection(code) for code in codes if code in Protection.values]
    if not codes or len(known) != len(codes):
        raise Unreadable("The answer has no security label that is known.")
    order = (Protection.UNRESTRICTED, Protection.RESTRICTED, Protection.VERY_RESTRICTED)
    return max(known, key=order.index)


def _name(name: _Name) -> Name:
    return Name(
        name.use or "", name.family or "", _texts(name.given), _texts(name.prefix),
        _texts(name.suffix), _period(name.period),
    )  # fmt: skip


def _address(address: _Address) -> Address:
    return Address(
        address.use or "", _texts(address.line), address.postalCode or "", address.text or "",
        _period(address.period),
    )  # fmt: skip


def _telecom(telecom: _Telecom, period: _Period | None = None) -> Telecom:
    return Telecom(
        telecom.system or "", telecom.use or "", telecom.value or "",
        _period(telecom.period or period),
    )  # fmt: skip


def _registration(practices: list[_Reference] | None) -> Registration | None:
    for practice in practices or ():
        held = practice.identifier
        if held and held.value and held.system in (None, _ODS):
            return Registration(held.value, _period(held.period))
    return None


def _death(when: str | None, extension: _Extension | None) -> Death | None:
    code = _said(extension, "deathNotificationStatus")
    notice = DeathNotice(code) if code in DeathNotice.values else None
    if when is None and notice is None:
        return None
    return Death(notice, _date(when))


def _communication(extension: _Extension | None) -> tuple[str | None, bool | None]:
    inner = {each.url: each for each in (extension.extension if extension else None) or ()}
    interpreter = inner.get("interpreterRequired")
    return (
        _said(extension, "language") or None,
        interpreter.valueBoolean if interpreter else None,
    )


def _preference(extension: _Extension | None) -> ContactPreference:
    inner = {each.url: each for each in (extension.extension if extension else None) or ()}
    times = inner.get("PreferredContactTimes")
    return ContactPreference(
        method=_said(extension, "PreferredContactMethod"),
        written_format=_said(extension, "PreferredWrittenCommunicationFormat"),
        times=(times.valueString if times else None) or "",
    )


def _said(extension: _Extension | None, url: str) -> str:
    """The code of a part of an extension; empty where there is none."""
    for part in (extension.extension if extension else None) or ():
        if part.url == url:
            return _code(part.valueCodeableConcept)
    return ""


def _code(concept: _Concept | None) -> str:
    codes = [each.code for each in (concept.coding if concept else None) or () if each.code]
    return codes[0] if codes else ""


def _period(period: _Period | None) -> Period:
    start = _date(period.start) if period else None
    end = _date(period.end) if period else None
    return Period(start.first() if start else None, end.last() if end else None)


def _date(text: str | None) -> PartialDate | None:
    try:
        return PartialDate.parse(text) if text else None
    except ValueError:
        return None


def _texts(texts: list[str | None] | None) -> tuple[str, ...]:
    return tuple(text for text in texts or () if text)
