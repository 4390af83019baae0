"""One resource in the mapper's hands, and the making of an entry from it.

What every mapper needs and none should repeat lies here: whose it is, dates with their notes,
display names of authors and places, the responsible team, sensitivity, and safeguarding words.
"""

import re
from decimal import Decimal
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from feeds.formats.fhir_r4.datatypes import CodeableConcept, Period, Reference, Resource
from feeds.formats.fhir_r4.dates import When, read_when
from feeds.formats.fhir_r4.delivery import (
    NHS_NUMBER_SYSTEMS,
    ODS_SYSTEMS,
    Delivery,
    Named,
    conditional_identifier,
)
from feeds.formats.fhir_r4.naming import ContainedPerson, named_in
from feeds.formats.fhir_r4.outcomes import CannotMapError, NotPartOfRecordError
from feeds.formats.fhir_r4.words import preferred_coding
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

RESPONSIBLE_TEAM = "https://connectcare.example/StructureDefinition/responsible-team"
#: R5's Encounter.plannedEndDate as R4 carries it, where HL7's map of PV2-9 puts it.
PLANNED_END = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate"
TEAM_CODE = "https://connectcare.example/Id/team"

#: meta.security codes of v3-Confidentiality that let an entry be shared in the ordinary way:
#: unrestricted, low, moderate, normal. Every other one of that system marks it as sensitive.
_ORDINARY = frozenset({"U", "L", "M", "N"})
#: Labels of v3-ActCode that say nothing about who may read (NOPAT: do not tell the patient yet).
_NOT_ABOUT_READERS = frozenset({"NOPAT"})

#: Words that put an entry among safeguarding whatever kind of resource says them: the audience
#: is narrower there, so a doubtful one belongs there.
_SAFEGUARDING = ("safeguard", "child protection", "child at risk", "adult at risk")

_CODE = re.compile(rb'"code"\s*:\s*"([^"\\]*)"')


#: What FHIR allows as a subject beside a patient, and the reason that is counted.
_OTHER_SUBJECTS = {
    kind: f"about a {kind}, not about a patient"
    for kind in (
        "Device",
        "Group",
        "HealthcareService",
        "Location",
        "Medication",
        "Organization",
        "Practitioner",
        "Procedure",
        "Substance",
    )
}


class Measured(msgspec.Struct, frozen=True):
    """The promoted value of a result, as ``MappedEntry`` describes the fields."""

    value: Decimal | None = None
    value_text: str = ""
    unit: str = ""
    range_low: Decimal | None = None
    range_high: Decimal | None = None
    range_text: str = ""
    interpretation: str = ""


@lru_cache(maxsize=8)
def _as_written(codes: frozenset[str]) -> frozenset[bytes]:
    return frozenset(code.encode() for code in codes)


@lru_cache(maxsize=8192)
def is_of_safeguarding(display: str) -> bool:
    """Whether what an entry is called puts it among safeguarding."""
    lowered = display.lower()
    return any(word in lowered for word in _SAFEGUARDING)


_NOT_MEASURED = Measured()
_UNNAMED = Named()


class _ContainedId(msgspec.Struct):
    id: str | None = None


class Reading(msgspec.Struct):
    """One resource being mapped: its bytes, its identity and the delivery that it came in."""

    resource: Resource
    raw: bytes
    identity: str
    delivery: Delivery
    notes: list[str] = []
    related_codes: set[str] = set()

    def when(self, path: str, text: str | None) -> When | None:
        """Read a date; one that cannot be is left out with a note that names the field."""
        if not text:
            return None
        moment = read_when(text)
        if moment is None:
            self.notes.append(f"{path}: no such date, left out")
        elif moment.zone_assumed:
            self.notes.append(f"{path}: a time without a zone, read as London time")
        return moment

    def start(self, path: str, period: Period | None) -> When | None:
        """Read the start of a period."""
        return self.when(f"{path}.start", period.start) if period is not None else None

    def end(self, path: str, period: Period | None) -> When | None:
        """Read the end of a period."""
        return self.when(f"{path}.end", period.end) if period is not None else None

    def contained(self, reference: str) -> msgspec.Raw | None:
        """Give the contained resource behind ``#id``."""
        for raw in self.resource.contained or ():
            held = msgspec.json.decode(raw, type=_ContainedId)
            if held.id is not None and "#" + held.id == reference:
                return raw
        return None

    def called(self, reference: Reference | None) -> Named:
        """Give what a reference's target is called: the source's own display, else its resource."""
        if reference is None:
            return _UNNAMED
        found: Named | None = None
        if reference.reference:
            if reference.reference.startswith("#"):
                raw = self.contained(reference.reference)
                inside = named_in(raw) if raw is not None else None
                found = inside[1] if inside is not None else None
            else:
                found = self.delivery.called(reference.reference)
            if found is not None and found.leads_to:
                behind = self.delivery.named.get(found.leads_to)
                if behind is not None and not found.name:
                    found = replace(found, name=behind.name)
        if found is not None:
            self.related_codes |= found.codes
        if reference.display and (display := reference.display.strip()):
            if found is None:
                return Named(name=display)
            return replace(found, name=display)
        return found or _UNNAMED

    def whose(self, subject: Reference | None) -> tuple[str | None, str | None]:
        """Say whom a resource is about: (source's person, NHS number as sent).

        Raises ``CannotMapError`` where nobody is named, or in a way that leads to nobody, and
        ``NotPartOfRecordError`` where the subject is a group, a device or a place.
        """
        if subject is None:
            raise CannotMapError("no patient is named")
        number = None
        identifier = subject.identifier
        if identifier is not None and identifier.system in NHS_NUMBER_SYSTEMS:
            number = identifier.value
        if subject.reference:
            person = self._person(subject.reference)
            if person is not None:
                return person, number
            by_number = self._number_behind(subject.reference)
            number = number or by_number
        if number:
            return None, number
        if identifier is not None and identifier.system and identifier.value:
            known = self.delivery.addresses.get(
                f"Patient?identifier={identifier.system}|{identifier.value}"
            )
            if known is not None:
                return known, None
        raise CannotMapError(
            "the patient is named in a way that leads to nobody: send Patient/<id>, or the "
            "NHS number as the subject's identifier"
        )

    def _person(self, reference: str) -> str | None:
        """Resolve a reference to ``Patient/<id>``."""
        target = self.delivery.target(reference)
        if target is None:
            return None
        if target.startswith(("Patient/", "Patient?")):
            return target
        if target.startswith("urn:uuid:"):
            return "Patient/" + target.removeprefix("urn:uuid:")
        kind = target.partition("/")[0].partition("?")[0]
        if kind in _OTHER_SUBJECTS:
            raise NotPartOfRecordError(_OTHER_SUBJECTS[kind])
        return None

    def _number_behind(self, reference: str) -> str | None:
        """Find the NHS number where the patient is contained, or named by a search."""
        searched = conditional_identifier(reference)
        if searched is not None:
            return searched[1] if searched[0] in NHS_NUMBER_SYSTEMS else None
        if not reference.startswith("#"):
            return None
        raw = self.contained(reference)
        if raw is None:
            return None
        for identifier in msgspec.json.decode(raw, type=ContainedPerson).identifier or ():
            if identifier.system in NHS_NUMBER_SYSTEMS and identifier.value:
                return identifier.value
        return None

    def team(self) -> str | None:
        """Give the code of the team that the source names as responsible."""
        for extension in self.resource.extension or ():
            if extension.url == RESPONSIBLE_TEAM and extension.value_identifier is not None:
                return extension.value_identifier.value
        return None

    def sent_to(self, performers: list[Reference] | None) -> tuple[str, str]:
        """Give the ODS code and the team's code of whom a request is sent to, empty if unnamed.

        Both are logical references: a performer with an ODS code, one with a code of a team.
        """
        organisation = team = ""
        for performer in performers or ():
            identifier = performer.identifier
            if identifier is not None and identifier.system in ODS_SYSTEMS:
                organisation = organisation or (identifier.value or "").strip().upper()
            elif identifier is not None and identifier.system == TEAM_CODE:
                team = team or (identifier.value or "").strip()
        return organisation, team

    def is_sensitive(self) -> bool:
        """Whether a label or a code marks the resource as sensitive; doubt marks it too."""
        meta = self.resource.meta
        for label in (meta.security if meta is not None else None) or ():
            system, code = label.system or "", (label.code or "").strip().upper()
            if code in ("R", "V"):
                return True
            if "Confidentiality" in system and code not in _ORDINARY:
                return True
            if system.endswith("ActCode") and code not in _NOT_ABOUT_READERS:
                return True
        sensitive = self.delivery.sensitive_codes
        if not sensitive:
            return False
        if not sensitive.isdisjoint(self.related_codes):
            return True
        raw = self.raw
        if b"\\" in raw and b"\\u00" in raw:  # a code may be written with escapes
            raw = msgspec.json.encode(msgspec.json.decode(raw))
        return not _as_written(sensitive).isdisjoint(_CODE.findall(raw))

    def entry(
        self,
        *,
        subject: Reference | None,
        category: Category,
        status: EntryStatus,
        display: str,
        source_status: str | None = None,
        concept: CodeableConcept | None = None,
        effective: When | None = None,
        ends: When | None = None,
        recorded: When | None = None,
        detail: str = "",
        measured: Measured = _NOT_MEASURED,
        author: Named | None = None,
        place: str = "",
        phone: str = "",
        contact_class: str | None = None,
        sent_to: tuple[str, str] = ("", ""),
        negation: bool = False,
    ) -> MappedEntry:
        """Make the entry of this resource. ``display`` must be words: an empty one cannot be shown.

        Raises what ``whose`` raises, and ``CannotMapError`` for an empty display.
        """
        person, number = self.whose(subject)
        if not display:
            raise CannotMapError("neither words nor a code say what it is")
        coding = preferred_coding(concept)
        meta = self.resource.meta
        if meta is not None and meta.last_updated:
            version = self.when("meta.lastUpdated", meta.last_updated)
        else:
            version = None
        if is_of_safeguarding(display):
            category = Category.SAFEGUARDING
        return MappedEntry(
            identifier=self.identity,
            person=person,
            category=category,
            kind=type(self.resource).__name__,
            status=status,
            display=display,
            resource=self.raw,
            person_nhs_number=number,
            version=version.instant if version is not None else None,
            effective=effective.instant if effective is not None else None,
            effective_precision=effective.precision if effective is not None else None,
            ends=ends.instant if ends is not None else None,
            recorded=recorded.instant if recorded is not None else None,
            code_system=(coding.system or "") if coding is not None else "",
            code=(coding.code or "") if coding is not None else "",
            detail=detail,
            source_status=source_status or "",
            value=measured.value,
            value_text=measured.value_text,
            unit=measured.unit,
            range_low=measured.range_low,
            range_high=measured.range_high,
            range_text=measured.range_text,
            interpretation=measured.interpretation,
            author=author.name if author is not None else "",
            author_role=author.role if author is not None else "",
            place=place,
            phone=phone,
            contact_class=contact_class,
            team_code=self.team() if self.resource.extension else None,
            recipient_code=sent_to[0],
            recipient_team=sent_to[1],
            negation=negation,
            sensitive=self.is_sensitive(),
            notes=tuple(dict.fromkeys(self.notes)) if self.notes else (),
        )
