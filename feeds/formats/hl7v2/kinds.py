"""What becomes of each kind of message: the one table from MSH-9 to what reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from feeds.formats.fhir_r4.delivery import Delivery
from feeds.formats.fhir_r4.json_parts import is_one_resource
from feeds.formats.fhir_r4.resource import Part, item_of
from feeds.formats.fhir_r4.usual import usual_result
from feeds.formats.hl7v2 import appointments, clinical, documents, results, visits
from feeds.formats.hl7v2.messages import Message, Segment
from feeds.formats.hl7v2.people import prior_identifier, read_person
from feeds.formats.hl7v2.times import instant
from feeds.mapped import (
    LONGEST_NAME,
    EntryStatus,
    Held,
    Item,
    Mapped,
    MappedEntry,
    MappedPerson,
    PassedOver,
    Snapshot,
    Told,
)

Resource = dict[str, Any]

NOT_OF_RECORD = "a kind of message that is not part of the record here"
_NOBODY = "PID-3: the message names nobody"
_NO_RESULT = "OBX: neither a result nor an order is in it"
_NO_PID = "PID: no segment says whom the message is about; see that each segment ends with CR"
_NAME_TOO_LONG = f"PID-5: longer than {LONGEST_NAME} characters"


class Speaks(StrEnum):
    """What a kind of message says of its person.

    A message of another system (a laboratory's, say) names the person in passing: it introduces
    whom nobody knows, and changes nobody's name or address.
    """

    FOR_PERSON = "for the person"
    IN_PASSING = "in passing"
    JOINED = "that another record is theirs"
    DELETED = "that there is no such person"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message: what it says of the person, and what it tells beside."""

    speaks: Speaks
    results: bool = False
    tells: Callable[[Message, str, str], Iterable[Told]] | None = None
    needs: str = ""  # why it is held, where it tells nothing


def _visit(message: Message, event: str, person: str) -> Iterator[Told]:
    found = visits.told(message, event, person, message.first("PV1"))
    if found is not None:
        yield found


def _moved(message: Message, event: str, person: str) -> Iterator[Told]:
    """A45: each visit that became another person's, by its ``PV1``, else by MRG-5."""
    visits_of: list[Segment] = message.all("PV1")
    if not visits_of:
        prior = [mrg[5] for mrg in message.all("MRG") if len(mrg) > 5]
        visits_of = [["PV1", *[""] * 18, number] for number in prior]
    for pv1 in visits_of:
        found = visits.told(message, event, person, pv1)
        if found is not None:
            yield found


def _appointment(message: Message, event: str, person: str) -> Iterator[Told]:
    found = appointments.told(message, event, person)
    if found is not None:
        yield found


_NO_VISIT = "PV1-19: the visit has no number; send it there, or in PV1-50 or PID-18"


def _admission(event: str) -> Kind:
    return Kind(
        Speaks.FOR_PERSON, tells=_visit, needs=_NO_VISIT if event in visits.NEED_VISIT else ""
    )


_JOINS = Kind(Speaks.JOINED)
_DOCUMENT = Kind(
    Speaks.IN_PASSING, tells=documents.told, needs="TXA-12: the document has no number"
)
_BOOKING = Kind(Speaks.FOR_PERSON, tells=_appointment, needs="SCH-2: no number")
_LIST = Kind(Speaks.IN_PASSING)
_RESULTS = Kind(Speaks.IN_PASSING, results=True)

#: By MSH-9.1^MSH-9.2.
KINDS: dict[str, Kind] = {
    **dict.fromkeys(("ORU^R01", "ORU^R30", "ORU^R31", "ORU^R32", "ORU^W01"), _RESULTS),
    **{
        f"ADT^{event}": _admission(event)
        for event in (
            *("A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A11", "A12", "A13"),
            *("A14", "A17", "A27", "A28", "A31", "A38"),
        )
    },
    "ADT^A29": Kind(Speaks.DELETED),
    "ADT^A40": _JOINS,
    "ADT^A47": _JOINS,
    "ADT^A45": Kind(Speaks.IN_PASSING, tells=_moved, needs=_NO_VISIT),
    "ADT^A60": _LIST,
    **{f"SIU^{event}": _BOOKING for event in ("S12", "S13", "S14", "S15", "S16", "S17", "S26")},
    **{f"MDM^T{number:02}": _DOCUMENT for number in range(1, 12)},
    **dict.fromkeys(("PPR^PC1", "PPR^PC2", "PPR^PC3"), _LIST),
}
#: Kinds that are read and not made into anything, with the reason that is counted.
PASSED_OVER = {
    "ORM": "an order; its results arrive as messages of their own",
    "OML": "an order; its results arrive as messages of their own",
    "OMG": "an order; its results arrive as messages of their own",
    "ORR": "an answer to an order",
    "ORL": "an answer to an order",
    "ACK": "an acknowledgement",
}


def kind_of(message: Message) -> str:
    """``ADT^A01``: the message's code and its event, from MSH-9, else EVN-1."""
    header = message.header
    code, event = message.text(header, 9).upper(), message.text(header, 9, 2).upper()
    if not event and "_" in code:
        code, _, event = code.partition("_")
    if not event:
        event = message.text(message.first("EVN"), 1).upper()
    return f"{code}^{event}" if event else code


def items_of_message(
    message: Message, pointer: str, source_kind: str, sensitive_codes: frozenset[str]
) -> Iterator[Item]:
    """The items of one message: one for each person whom it names."""
    name = kind_of(message)
    shown = name if name.replace("^", "").isalnum() and len(name) <= 20 else "Message"
    kind = KINDS.get(name)
    if kind is None:
        reason = PASSED_OVER.get(name.partition("^")[0], NOT_OF_RECORD)
        yield Item(pointer, shown, "", PassedOver(reason))
        return
    people = groups(message)
    event = name.partition("^")[2]
    for number, group in enumerate(people, start=1):
        where = pointer if len(people) == 1 else f"{pointer}, PID {number}"
        delivery = Delivery(source_kind=source_kind, sensitive_codes=sensitive_codes)
        yield from _items(kind, event, group, where, shown, delivery)


def _items(
    kind: Kind, event: str, group: Message, pointer: str, shown: str, delivery: Delivery
) -> Iterator[Item]:
    speaks = kind.speaks is Speaks.FOR_PERSON
    person = read_person(
        group,
        group.first("PID"),
        group.first("PD1"),
        version=said_at(group) if speaks else None,
        in_passing=not speaks,
    )
    if person is None:
        reason = _NOBODY if len(group.first("PID")) > 1 else _NO_PID
        yield Item(pointer, shown, "", Held(reason), raw=group.raw)
        return
    if person.name_is_too_long:
        yield Item(pointer, shown, person.identifier, Held(_NAME_TOO_LONG), raw=group.raw)
        return
    if kind.speaks is Speaks.DELETED:
        yield _deleted(group, person, pointer, shown)
        return
    told = tuple(kind.tells(group, event, person.identifier)) if kind.tells else ()
    listed = clinical.lists(group, person.identifier) if speaks else {}
    replaces = _prior(group, person) if kind.speaks is Speaks.JOINED else ()
    missing = kind.needs if kind.tells and not told else ""
    if kind.results and not (group.all("OBR") or group.all("OBX")):
        missing = _NO_RESULT
    if kind.speaks is Speaks.JOINED and not replaces:
        missing = "MRG-1: the message does not say which record is joined with this one"
    if missing:
        yield Item(pointer, shown, person.identifier, Held(missing), raw=group.raw)
        return
    if kind.results:
        resources = results.resources_of(group, person=person.identifier)
    elif replaces:
        resources = iter(())
    else:
        resources = clinical.resources_of(
            group, person.identifier, event=event, listed=frozenset(listed)
        )
    told += tuple(listed.values())
    entries, faults = _entries(resources, delivery, person)
    for where, reason in faults:
        yield Item(f"{pointer}, {where}", shown, person.identifier, Held(reason), raw=group.raw)
    if entries or told or not faults:
        mapped = Mapped(person, tuple(entries), told, replaces)
        yield Item(pointer, shown, "", mapped, raw=group.raw)


def _deleted(group: Message, person: MappedPerson, pointer: str, shown: str) -> Item:
    """The source has no such person (A29): what it sent of them until then is retired."""
    taken = said_at(group)
    if taken is None:
        return Item(pointer, shown, "", Held("EVN-2: it does not say when"), raw=group.raw)
    return Item(pointer, shown, "", Snapshot(person.identifier, frozenset(), taken), raw=group.raw)


def _prior(group: Message, person: MappedPerson) -> tuple[str, ...]:
    """Whom the source joined with this person: each ``MRG`` of the group but the person's own."""
    found = (prior_identifier(group, mrg, person.identifier) for mrg in group.all("MRG"))
    return tuple(dict.fromkeys(one for one in found if one and one != person.identifier))


_MAKERS: dict[str, Callable[[str, Mapping[str, Any]], Resource]] = {
    "Encounter": visits.encounter,
    "Appointment": appointments.appointment,
    "DocumentReference": documents.document,
}


def compose(
    identifier: str,
    said: Mapping[str, Any],
    *,
    source_kind: str = "",
    sensitive_codes: frozenset[str] = frozenset(),
) -> tuple[MappedEntry, ...]:
    """The entry of a visit, an appointment or a document, of everything told of it so far.

    Of a list (of allergies, of diagnoses) an entry for each: what is on it no more is retired.
    """
    delivery = Delivery(source_kind=source_kind, sensitive_codes=sensitive_codes)
    what = identifier.partition("/")[0]
    if what in clinical.LISTS:
        return tuple(_listed(said, delivery))
    resource = _MAKERS[what](identifier, said)
    meta: Resource = {}
    if version := said.get("version"):
        meta["lastUpdated"] = version
    if said.get("secret") in ("R", "V", "UWM", "PR"):
        meta["security"] = [{"code": "R"}]
    resource["meta"] = meta
    notes = documents.notes_of(said) if what == "DocumentReference" else ()
    part = Part(pointer="", raw=msgspec.json.encode(resource), notes=notes)
    item = item_of(part, delivery)
    return item.outcome.entries if isinstance(item.outcome, Mapped) else ()


def _listed(said: Mapping[str, Any], delivery: Delivery) -> Iterator[MappedEntry]:
    for resource, is_listed in clinical.listed_in(said):
        as_of = {"meta": {"lastUpdated": said["version"]}} if said.get("version") else {}
        part = Part(pointer="", raw=msgspec.json.encode({**resource, **as_of}))
        item = item_of(part, delivery)
        for entry in item.outcome.entries if isinstance(item.outcome, Mapped) else ():
            yield entry if is_listed else replace(entry, status=EntryStatus.RETIRED)


def _entries(
    told: Iterable[tuple[str, Resource]], delivery: Delivery, person: MappedPerson
) -> tuple[list[MappedEntry], list[tuple[str, str]]]:
    entries: list[MappedEntry] = []
    faults: list[tuple[str, str]] = []
    for where, resource in told:
        raw = msgspec.json.encode(resource)
        if resource["resourceType"] == "Observation" and is_one_resource(raw):
            # results.py makes a number of at most 15 digits on either side of its point.
            usual = usual_result(raw, delivery, has_short_numbers=True)
            if usual is not None:
                entries.append(usual[1])
                continue
        item = item_of(Part(pointer=where, raw=raw), delivery)
        match item.outcome:
            case Mapped(entries=made):
                entries += made
            case Held(reason):
                faults.append((item.pointer, reason))
            case _:
                pass
    if entries:
        # The loader looks whether number and NHS number are one person's: once a message is enough.
        entries[0] = replace(entries[0], person_nhs_number=person.nhs_number)
    return entries, faults


def said_at(message: Message) -> Any:
    """When the sender recorded it: EVN-2, else the message's own time, else when it occurred."""
    event = message.first("EVN")
    for segment, number in ((event, 2), (message.header, 7), (event, 6)):
        if (found := instant(message.text(segment, number))) is not None:
            return found
    return None


def groups(message: Message) -> list[Message]:
    """The message cut at each ``PID``, the head before each; itself where it names one person."""
    starts = [at for at, segment in enumerate(message.segments) if segment[0] == "PID"]
    if len(starts) < 2:
        return [message]
    head = message.segments[: starts[0]]
    ends = [*starts[1:], len(message.segments)]
    cut = [[*head, *message.segments[start:end]] for start, end in zip(starts, ends, strict=True)]
    return [
        Message(_written(message, each), each, message.signs, list(message.notes)) for each in cut
    ]


def _written(message: Message, segments: list[Segment]) -> bytes:
    """Segments as text again, for what is held."""
    sign = message.signs.field
    lines = [sign.join(segments[0][:1] + segments[0][2:])]
    lines += [sign.join(segment) for segment in segments[1:]]
    return "\r".join(lines).encode()
