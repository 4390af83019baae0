"""People involved in a resident's care: teams and their members, family and carers."""

from feeds.formats.fhir_r4.datatypes import (
    CodeableConcept,
    ContactPoint,
    Datatype,
    HumanName,
    Period,
    Reference,
    Resource,
)
from feeds.formats.fhir_r4.delivery import Named
from feeds.formats.fhir_r4.reading import Reading
from feeds.formats.fhir_r4.words import (
    all_words,
    best_name,
    best_phone,
    first_words,
    human_name,
    sentences,
)
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

_STATUS = {
    "proposed": EntryStatus.PLANNED,
    "active": EntryStatus.CURRENT,
    "suspended": EntryStatus.CURRENT,
    "inactive": EntryStatus.PAST,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}


class TeamMember(Datatype):
    """One member of a care team."""

    role: list[CodeableConcept] | None = None
    member: Reference | None = None
    on_behalf_of: Reference | None = None
    period: Period | None = None


class CareTeam(Resource, kw_only=True):
    """Those who care for one resident together."""

    status: str | None = None
    category: list[CodeableConcept] | None = None
    name: str | None = None
    subject: Reference | None = None
    period: Period | None = None
    participant: list[TeamMember] | None = None
    managing_organization: list[Reference] | None = None
    telecom: list[ContactPoint] | None = None


class RelatedPerson(Resource, kw_only=True):
    """A relative, carer or friend."""

    active: bool | None = None
    patient: Reference | None = None
    relationship: list[CodeableConcept] | None = None
    name: list[HumanName] | None = None
    telecom: list[ContactPoint] | None = None
    period: Period | None = None


def map_care_team(resource: CareTeam, reading: Reading) -> MappedEntry:
    """Map a team as one entry: its first member with role and phone, all members in words.

    One entry, not one for each member: a member who leaves must not leave an entry behind.
    """
    members: list[Named] = []
    for participant in resource.participant or ():
        reference = participant.member
        if reference is not None and reference.reference:
            target = reading.delivery.target(reference.reference)
            if target is not None and target.startswith("Patient/"):
                continue
        named = reading.called(reference)
        role = first_words(participant.role) or named.role
        if named.name or role:
            members.append(Named(name=named.name, role=role, phone=named.phone))
    first = members[0] if members else Named()
    listed = (": ".join(text for text in (m.role, m.name) if text) for m in members)
    phone = best_phone(resource.telecom) or first.phone
    display = (resource.name or "").strip() or all_words(resource.category) or first.role
    organisations = resource.managing_organization or []
    return reading.entry(
        subject=resource.subject,
        category=Category.PEOPLE_INVOLVED,
        status=_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=resource.category[0] if resource.category else None,
        display=display or first.name or "Care team",
        effective=reading.start("period", resource.period),
        ends=reading.end("period", resource.period),
        detail=sentences(*listed),
        author=first,
        place=reading.called(organisations[0]).name if organisations else "",
        phone=phone,
    )


def map_related_person(resource: RelatedPerson, reading: Reading) -> MappedEntry:
    """Map a relative or carer: name, relationship, telephone."""
    name = best_name(resource.name)
    who = human_name(name) if name is not None else ""
    relationship = all_words(resource.relationship)
    return reading.entry(
        subject=resource.patient,
        category=Category.PEOPLE_INVOLVED,
        status=EntryStatus.PAST if resource.active is False else EntryStatus.CURRENT,
        source_status="inactive" if resource.active is False else "",
        concept=resource.relationship[0] if resource.relationship else None,
        display=f"{who} ({relationship})" if who and relationship else who or relationship,
        effective=reading.start("period", resource.period),
        ends=reading.end("period", resource.period),
        author=Named(name=who, role=relationship),
        phone=best_phone(resource.telecom),
    )
