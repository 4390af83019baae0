"""What becomes of each kind of message: the one table from MSH-9 to what reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from feeds.formats.fhir_r4.delivery import Delivery
from feeds.formats.fhir_r4.resource import Part, items_of
from feeds.formats.hl7v2 import results
from feeds.formats.hl7v2.messages import Message, Segment
from feeds.formats.hl7v2.people import read_person
from feeds.formats.hl7v2.times import instant
from feeds.mapped import Held, Item, Mapped, MappedEntry, MappedPerson, PassedOver

Resource = dict[str, Any]
Resources = Iterator[tuple[str, Resource]]

NOT_OF_RECORD = "a kind of message that is not part of the record here"
_NOBODY = "PID-3: the message names nobody"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message: what it tells beside the person, and whether it speaks for the person.

    A message of another system (a laboratory's, say) names the person in passing: it introduces
    whom nobody knows, and changes nobody's name or address.
    """

    tells: Callable[[Message, str], Resources]
    speaks: bool = False


def _results(message: Message, person: str) -> Resources:
    return results.resources_of(message, person=person)


#: By MSH-9.1, or MSH-9.1^MSH-9.2 where the event matters.
KINDS: dict[str, Kind] = {
    "ORU^R01": Kind(_results),
    "ORU^R30": Kind(_results),
    "ORU^R31": Kind(_results),
    "ORU^R32": Kind(_results),
    "ORU^W01": Kind(_results),
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
    for number, group in enumerate(people, start=1):
        where = pointer if len(people) == 1 else f"{pointer}, PID {number}"
        delivery = Delivery(source_kind=source_kind, sensitive_codes=sensitive_codes)
        yield from _items(kind, group, where, shown, delivery)


def _items(
    kind: Kind, group: Message, pointer: str, shown: str, delivery: Delivery
) -> Iterator[Item]:
    pid, pd1 = group.first("PID"), group.first("PD1")
    person = read_person(
        group, pid, pd1, version=said_at(group) if kind.speaks else None, in_passing=not kind.speaks
    )
    if person is None:
        yield Item(pointer, shown, "", Held(_NOBODY), raw=group.raw)
        return
    entries, faults = _entries(kind.tells(group, person.identifier), delivery, person)
    for where, reason in faults:
        yield Item(f"{pointer}, {where}", shown, "", Held(reason), raw=group.raw)
    if entries or not faults:
        mapped = Mapped(person=person, entries=tuple(entries))
        yield Item(pointer, shown, "", mapped, raw=group.raw)


def _entries(
    told: Iterable[tuple[str, Resource]], delivery: Delivery, person: MappedPerson
) -> tuple[list[MappedEntry], list[tuple[str, str]]]:
    parts = [Part(pointer=where, raw=msgspec.json.encode(resource)) for where, resource in told]
    entries: list[MappedEntry] = []
    faults: list[tuple[str, str]] = []
    for item in items_of(parts, delivery):
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
