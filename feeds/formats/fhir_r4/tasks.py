"""Tasks that hand a person over: a referral to a team, such as a discharge team's to a council's.

Every other task is a step of work for staff; what was done arrives as a resource of its own.
"""

import msgspec

from feeds.formats.fhir_r4.datatypes import (
    Annotation,
    CodeableConcept,
    Datatype,
    Period,
    Reference,
    Resource,
)
from feeds.formats.fhir_r4.outcomes import NotPartOfRecordError
from feeds.formats.fhir_r4.reading import Reading
from feeds.formats.fhir_r4.words import SNOMED, notes_text, sentences, words
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

#: SNOMED CT: patient referral, referral to a service, referral to social services.
_REFERRALS = frozenset({"3457005", "306206005", "306238000"})
#: https://hl7.org/fhir/R4/valueset-task-status.html. Whoever is asked has it until it is settled.
_STATUS = {
    "draft": EntryStatus.PLANNED,
    "requested": EntryStatus.CURRENT,
    "received": EntryStatus.CURRENT,
    "accepted": EntryStatus.CURRENT,
    "ready": EntryStatus.CURRENT,
    "in-progress": EntryStatus.CURRENT,
    "on-hold": EntryStatus.CURRENT,
    "completed": EntryStatus.PAST,
    "failed": EntryStatus.PAST,
    "rejected": EntryStatus.CANCELLED,
    "cancelled": EntryStatus.CANCELLED,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}


class Restriction(Datatype):
    """For whom fulfilment is sought."""

    recipient: list[Reference] | None = None


class Task(Resource, kw_only=True):
    """A task."""

    status: str | None = None
    intent: str | None = None
    priority: str | None = None
    code: CodeableConcept | None = None
    description: str | None = None
    focus: Reference | None = None
    for_: Reference | None = msgspec.field(default=None, name="for")
    authored_on: str | None = None
    execution_period: Period | None = None
    requester: Reference | None = None
    owner: Reference | None = None
    location: Reference | None = None
    reason_code: CodeableConcept | None = None
    note: list[Annotation] | None = None
    restriction: Restriction | None = None


def map_task(resource: Task, reading: Reading) -> MappedEntry:
    """Map a referral: coded as one, or the carrying out of a request by a team that it names.

    Raises ``NotPartOfRecordError`` for every other task.
    """
    sought = resource.restriction.recipient if resource.restriction is not None else None
    named = [*([resource.owner] if resource.owner is not None else ()), *(sought or ())]
    sent_to = reading.sent_to(named)
    coded = _is_coded_referral(resource.code)
    if not coded and not (_is_of_request(resource.focus, reading) and all(sent_to)):
        raise NotPartOfRecordError(
            "a step of work for staff; what was done arrives as a resource of its own"
        )
    status = _STATUS.get(resource.status or "", EntryStatus.UNKNOWN)
    if status is EntryStatus.CURRENT and resource.intent in ("proposal", "plan", "option"):
        status = EntryStatus.PLANNED
    described = (resource.description or "").strip()
    display = (words(resource.code) if coded else "") or described or "Referral"
    to_whom = ", ".join(t for t in (reading.called(reference).name for reference in named) if t)
    reason = words(resource.reason_code)
    authored = reading.when("authoredOn", resource.authored_on)
    return reading.entry(
        subject=resource.for_,
        category=Category.APPOINTMENTS,
        status=status,
        source_status=resource.status,
        concept=resource.code if coded else None,
        display=display,
        effective=authored or reading.start("executionPeriod", resource.execution_period),
        ends=reading.end("executionPeriod", resource.execution_period),
        recorded=authored,
        detail=sentences(
            described if described != display else "",
            f"Reason: {reason}" if reason else "",
            f"To: {to_whom}" if to_whom else "",
            resource.priority if resource.priority in ("urgent", "asap", "stat") else "",
            notes_text(resource.note),
        ),
        author=reading.called(resource.requester),
        place=reading.called(resource.location).name,
        sent_to=sent_to,
    )


def _is_coded_referral(code: CodeableConcept | None) -> bool:
    return code is not None and any(
        coding.system == SNOMED and coding.code in _REFERRALS for coding in code.coding or ()
    )


def _is_of_request(focus: Reference | None, reading: Reading) -> bool:
    if focus is None:
        return False
    target = reading.delivery.target(focus.reference) if focus.reference else None
    return focus.type == "ServiceRequest" or (target or "").startswith("ServiceRequest/")
