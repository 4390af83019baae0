"""Whom a held item is about: enough to count people, and to see which items are of one."""

from __future__ import annotations

import hashlib

import msgspec

from feeds.formats.fhir_r4.delivery import ADDRESS
from feeds.mapped import Item, Mapped, Snapshot
from feeds.models import Batch

_PERSON = "Patient"


class _Reference(msgspec.Struct):
    reference: str = ""


class _Resource(msgspec.Struct, rename="camel"):
    """What a resource says of its person, whatever else is wrong with it."""

    resource_type: str = ""
    id: str = ""
    subject: _Reference | None = None
    patient: _Reference | None = None


_DECODE = msgspec.json.Decoder(_Resource).decode


def person_of(item: Item) -> str:
    """The source's own identifier of an item's person; empty where it cannot be told."""
    match item.outcome:
        case Mapped(person=person) if person is not None:
            return person.identifier
        case Mapped() as mapped:
            return next((whose for whose, _ in mapped.whose() if whose), "")
        case Snapshot(person=person):
            return person
    raw = item.raw.lstrip()
    if not raw.startswith((b"{", b"<")):  # of a message or a row the id is its person's
        return item.resource_id and f"{_PERSON}/{item.resource_id.removeprefix(f'{_PERSON}/')}"
    if raw.startswith(b"<"):
        return ""
    try:
        said = _DECODE(item.raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    if said.resource_type == _PERSON:
        return f"{_PERSON}/{said.id}" if said.id else ""
    found = ADDRESS.search((said.subject or said.patient or _Reference()).reference)
    return f"{_PERSON}/{found[2]}" if found and found[1] == _PERSON else ""


def mark_of(item: Item, batch: Batch) -> bytes:
    """The same for all of a batch's items of one person, and of no use to anybody else."""
    person = person_of(item)
    if not person:
        return b""
    return hashlib.blake2b(person.encode(), digest_size=8, key=batch.public_id.bytes).digest()
