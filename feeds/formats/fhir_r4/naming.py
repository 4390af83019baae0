"""Resources that are nobody's record but give names to it: practitioners, places, medicines.

They are passed over as items, and read here so that an entry can say "Dr A Rastall" where the
source only wrote ``Practitioner/7``.
"""

import msgspec

from feeds.formats.fhir_r4.datatypes import (
    CodeableConcept,
    ContactPoint,
    Datatype,
    HumanName,
    Identifier,
    Reference,
    Resource,
)
from feeds.formats.fhir_r4.delivery import ODS_SYSTEMS, Delivery, Named, identifiers_of
from feeds.formats.fhir_r4.words import best_name, best_phone, codes, first_words, human_name, words


class Practitioner(Resource):
    """A member of staff."""

    name: list[HumanName] | None = None
    telecom: list[ContactPoint] | None = None


class PractitionerRole(Resource):
    """A member of staff at one organisation."""

    practitioner: Reference | None = None
    code: list[CodeableConcept] | None = None
    telecom: list[ContactPoint] | None = None


class Organization(Resource):
    """An organisation or a part of one."""

    name: str | None = None
    telecom: list[ContactPoint] | None = None


class Location(Resource):
    """A place."""

    name: str | None = None
    description: str | None = None


class HealthcareService(Resource):
    """A service that an organisation offers."""

    name: str | None = None
    type: list[CodeableConcept] | None = None


class Medication(Resource):
    """A medicine, where a prescription refers to one instead of naming it."""

    code: CodeableConcept | None = None


class DeviceName(Datatype):
    """One of a device's names."""

    name: str | None = None


class Device(Resource):
    """A device; who uses it is said elsewhere."""

    device_name: list[DeviceName] | None = None
    type: CodeableConcept | None = None
    model_number: str | None = None


class Questionnaire(Resource):
    """The form that answers belong to."""

    url: str | None = None
    title: str | None = None


_NAMING = msgspec.json.Decoder(
    Practitioner
    | PractitionerRole
    | Organization
    | Location
    | HealthcareService
    | Medication
    | Device
    | Questionnaire
)


def _practitioner(resource: Practitioner) -> Named:
    name = best_name(resource.name)
    return Named(name=human_name(name) if name else "", phone=best_phone(resource.telecom))


def _practitioner_role(resource: PractitionerRole, delivery: Delivery | None) -> Named:
    behind = resource.practitioner
    leads_to = ""
    if behind is not None and behind.reference and delivery is not None:
        leads_to = delivery.target(behind.reference) or ""
    return Named(
        name=((behind.display or "") if behind is not None else "").strip(),
        role=first_words(resource.code),
        phone=best_phone(resource.telecom),
        leads_to=leads_to,
    )


def _organization(resource: Organization) -> Named:
    ods = next(
        (i.value for i in identifiers_of(resource) if i.system in ODS_SYSTEMS and i.value), ""
    )
    return Named(
        name=(resource.name or "").strip(), phone=best_phone(resource.telecom), ods_code=ods
    )


def named_by(resource: Resource, delivery: Delivery | None = None) -> Named | None:
    """Say what a resource is called; None for a resource that names nothing."""
    match resource:
        case Practitioner():
            return _practitioner(resource)
        case PractitionerRole():
            return _practitioner_role(resource, delivery)
        case Organization():
            return _organization(resource)
        case Location():
            return Named(name=(resource.name or resource.description or "").strip())
        case HealthcareService():
            return Named(name=(resource.name or first_words(resource.type)).strip())
        case Medication():
            return Named(name=words(resource.code), codes=frozenset(codes(resource.code)))
        case Device():
            own = next((n.name for n in resource.device_name or () if n.name), "")
            return Named(
                name=own or words(resource.type) or (resource.model_number or ""),
                codes=frozenset(codes(resource.type)),
            )
        case Questionnaire():
            return Named(name=(resource.title or "").strip())
        case _:
            return None


def named_in(raw: bytes) -> tuple[str | None, Named] | None:
    """Decode one naming resource by itself: (its ``Type/id``, what it is called), else None."""
    try:
        resource = _NAMING.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return None
    named = named_by(resource)
    if named is None:
        return None
    return (f"{type(resource).__name__}/{resource.id}" if resource.id else None), named


class ContainedPerson(Datatype):
    """What is read of any contained resource before its kind is known."""

    id: str | None = None
    identifier: list[Identifier] | None = None
