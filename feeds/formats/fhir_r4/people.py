"""The patient: one source's idea of a person."""

from dataclasses import dataclass
from datetime import date

import msgspec

from feeds.formats.fhir_r4.datatypes import (
    Address,
    CodeableConcept,
    ContactPoint,
    Datatype,
    Extension,
    HumanName,
    Identifier,
    Reference,
    Resource,
)
from feeds.formats.fhir_r4.dates import part_of_date, read_day, read_when
from feeds.formats.fhir_r4.delivery import NHS_NUMBER_SYSTEMS, ODS_SYSTEMS, Delivery
from feeds.formats.fhir_r4.outcomes import CannotMapError
from feeds.formats.fhir_r4.words import best_name, best_phone, words
from feeds.mapped import MappedPerson

_VERIFICATION = "NHSNumberVerificationStatus"
_INTERPRETER = "interpreterrequired"
_SEXES = frozenset({"male", "female", "other", "unknown"})


class Communication(Datatype):
    """A language that the person speaks."""

    language: CodeableConcept | None = None
    preferred: bool | None = None
    extension: list[Extension] | None = None


class Patient(Resource, kw_only=True):
    """A person as a source knows them."""

    active: bool | None = None
    name: list[HumanName] | None = None
    telecom: list[ContactPoint] | None = None
    gender: str | None = None
    birth_date: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None
    address: list[Address] | None = None
    communication: list[Communication] | None = None
    general_practitioner: list[Reference] | None = None


def _is_current(identifier: Identifier) -> bool:
    ended = identifier.period is not None and identifier.period.end is not None
    return identifier.use != "old" and not ended


def _identifiers(patient: Patient) -> list[Identifier]:
    """Decode the identifiers strictly: a person must not lose one because it is ill-formed."""
    if not bytes(patient.identifier):
        return []
    try:
        return msgspec.json.decode(patient.identifier, type=list[Identifier])
    except msgspec.MsgspecError as error:
        raise CannotMapError("identifier: not a list of identifiers") from error


def _nhs_number(identifiers: list[Identifier], notes: list[str]) -> tuple[str | None, str | None]:
    """Choose the NHS number with its verification status; two that disagree give none."""
    sent = [
        identifier
        for identifier in identifiers
        if identifier.system in NHS_NUMBER_SYSTEMS and identifier.value and _is_current(identifier)
    ]
    if len({(identifier.value or "").replace(" ", "") for identifier in sent}) > 1:
        notes.append("identifier: several NHS numbers that disagree, none taken")
        return None, None
    if not sent:
        return None, None
    status = None
    for extension in sent[0].extension or ():
        concept = extension.value_codeable_concept
        if extension.url and _VERIFICATION in extension.url and concept and concept.coding:
            status = concept.coding[0].code
    return sent[0].value, status


def _local_identifiers(identifiers: list[Identifier]) -> tuple[str, ...]:
    return tuple(
        f"{identifier.system or ''}|{identifier.value}"
        for identifier in identifiers
        if identifier.value and identifier.system not in NHS_NUMBER_SYSTEMS
    )


def _address(addresses: list[Address] | None) -> tuple[tuple[str, ...], str]:
    """Choose where the person lives now: (lines, postcode)."""
    order = {"home": 0, None: 1, "temp": 2, "billing": 3, "work": 4}
    lived = [
        address
        for address in addresses or ()
        if address.use != "old" and not (address.period and address.period.end)
    ]
    if not lived:
        return (), ""
    best = min(lived, key=lambda a: (a.type == "postal", order.get(a.use, 5)))
    parts = [*(best.line or ()), best.city, best.district]
    lines = tuple(dict.fromkeys(part.strip() for part in parts if part and part.strip()))
    if not lines and best.text:
        lines = (best.text.strip(),)
    return lines, " ".join((best.postal_code or "").upper().split())


def _practice(references: list[Reference] | None, delivery: Delivery) -> str | None:
    """Find the ODS code of the registered practice."""
    for reference in references or ():
        identifier = reference.identifier
        if identifier is not None and identifier.system in ODS_SYSTEMS and identifier.value:
            return identifier.value
        named = delivery.called(reference.reference) if reference.reference else None
        if named is not None and named.ods_code:
            return named.ods_code
    return None


def _says_interpreter(extensions: list[Extension] | None, depth: int = 0) -> bool:
    for extension in extensions or ():
        if (
            extension.url
            and extension.url.lower().endswith(_INTERPRETER)
            and extension.value_boolean is True
        ):
            return True
        if depth < 3 and _says_interpreter(extension.extension, depth + 1):
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Dates:
    """A person's birth and death as they were sent."""

    born: date | None
    born_part: str
    dead: bool
    died: date | None
    died_part: str


def _birth_and_death(patient: Patient, notes: list[str]) -> _Dates:
    birth, death = patient.birth_date or "", patient.deceased_date_time or ""
    born, died = read_day(birth), read_day(death)
    for name, text, day in (("birthDate", birth, born), ("deceasedDateTime", death, died)):
        if text and day is None:
            words = "not a whole date, kept as it is" if part_of_date(text) else "no such date"
            notes.append(f"{name}: {words}" + ("" if part_of_date(text) else ", left out"))
    return _Dates(
        born=born,
        born_part=part_of_date(birth),
        dead=bool(patient.deceased_boolean) or bool(death),
        died=died,
        died_part=part_of_date(death),
    )


def map_patient(patient: Patient, identity: str, delivery: Delivery) -> MappedPerson:
    """Map a patient. Dates that are not whole are kept as such, those that do not exist left out.

    Both are noted.

    ``Patient.active`` false is noted, not taken as an error: R4 has no such status, and systems
    use it for people whom they no longer see.
    """
    notes: list[str] = []
    identifiers = _identifiers(patient)
    number, number_status = _nhs_number(identifiers, notes)
    name = best_name(patient.name) or HumanName()
    given = " ".join(part.strip() for part in name.given or () if part and part.strip())
    family = (name.family or "").strip()
    if not given and not family:
        family = (name.text or "").strip()
    lines, postcode = _address(patient.address)
    languages = patient.communication or []
    spoken = next((c for c in languages if c.preferred), languages[0] if languages else None)
    gender = (patient.gender or "unknown").lower()
    if gender not in _SEXES:
        notes.append("gender: not one of FHIR's four, taken as unknown")
        gender = "unknown"
    if patient.active is False:
        notes.append("active: the source no longer uses this record")
    version = None
    if patient.meta is not None and patient.meta.last_updated:
        version = read_when(patient.meta.last_updated)
        if version is None:
            notes.append("meta.lastUpdated: no such date, left out")
    labels = patient.meta.security if patient.meta is not None else None
    dates = _birth_and_death(patient, notes)
    return MappedPerson(
        identifier=identity,
        version=version.instant if version is not None else None,
        local_identifiers=_local_identifiers(identifiers),
        nhs_number=number,
        nhs_number_status=number_status,
        title=" ".join(part.strip() for part in name.prefix or () if part and part.strip()),
        family_name=family,
        given_names=given,
        birth_date=dates.born,
        birth_date_part=dates.born_part,
        sex=gender,
        deceased=dates.dead,
        deceased_on=dates.died,
        deceased_on_part=dates.died_part,
        living=patient.deceased_boolean is False and not patient.deceased_date_time,
        address_lines=lines,
        postcode=postcode,
        phone=best_phone(patient.telecom),
        practice_code=_practice(patient.general_practitioner, delivery),
        language=words(spoken.language) if spoken is not None else "",
        interpreter_needed=_says_interpreter(patient.extension)
        or any(_says_interpreter(c.extension) for c in languages),
        confidentiality=next(
            (c.code for c in labels or () if c.system and "Confidentiality" in c.system), None
        ),
        notes=tuple(notes),
    )
