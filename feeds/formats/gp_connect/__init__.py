"""GP Connect Access Record: Structured, FHIR STU3: all that a practice holds of one person.

A bundle is a snapshot. Its entries carry the snapshot's own time as their version, so that a later
snapshot replaces an earlier one in whatever order they come, and what it has no more is retired.
A document search (a bundle without lists) is no snapshot, and retires nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO

import msgspec
from msgspec.structs import replace

from feeds.formats.fhir_r4.dates import read_when
from feeds.formats.fhir_r4.delivery import Delivery
from feeds.formats.fhir_r4.json_parts import document_parts
from feeds.formats.fhir_r4.resource import Part, items_of
from feeds.formats.fhir_r4.stream import LARGEST_DOCUMENT, Stream
from feeds.formats.gp_connect.as_r4 import AUTHORISATION, ISSUE, convert, laboratory_results
from feeds.mapped import Held, Item, Mapped, PassedOver, Snapshot

_FAULTS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def read(
    content: BinaryIO,
    *,
    name: str,
    source_kind: str = "",
    sensitive_codes: frozenset[str] = frozenset(),
) -> Iterator[Item]:
    """Read one structured record of at most 64 MiB and give each of its resources.

    Never raises for what it contains; what is not JSON is held as a whole.
    """
    del name
    document = Stream(content).rest(LARGEST_DOCUMENT)
    if document is None:
        yield Item("file", "", "", Held("one document of more than 64 MiB: send one for a person"))
        return
    if not document.strip():
        yield Item("file", "", "", Held("the file is empty"))
        return
    parts = list(document_parts(document))
    resources = {index: found for index, part in enumerate(parts) if (found := _resource(part))}
    taken = read_when(_taken_at(list(resources.values())))
    laboratory = laboratory_results(list(resources.values()))
    for index, resource in resources.items():
        part = parts[index]
        _settle(part, resource)
        part.raw = msgspec.json.encode(convert(resource, laboratory=laboratory))
    delivery = Delivery(source_kind=source_kind, sensitive_codes=sensitive_codes)
    owner, present, all_named = "", set[str](), True
    for item in items_of(parts, delivery):
        if isinstance(item.outcome, Mapped):
            owner = item.outcome.person.identifier if item.outcome.person else owner
            present.update(entry.identifier for entry in item.outcome.entries)
        elif item.resource_id:
            present.add(f"{item.resource_type}/{item.resource_id}")
        elif isinstance(item.outcome, Held):
            # What has no name may be anything that is held: nothing can be called absent.
            all_named = False
        yield _as_of(item, taken.instant) if taken is not None else item
    if owner and taken is not None and all_named:
        whole = Snapshot(owner, frozenset(present), taken.instant)
        yield Item("bundle", "Bundle", "", whole, is_wrapper=True)


def _as_of(item: Item, taken: datetime) -> Item:
    """The item with the snapshot's time as its version. It stands beside the resource, not in it:
    an identical snapshot of another day must change nothing.
    """
    if not isinstance(item.outcome, Mapped):
        return item
    person, entries = item.outcome.person, item.outcome.entries
    return replace(
        item,
        outcome=Mapped(
            person=person and dataclasses.replace(person, version=taken),
            entries=tuple(replace(entry, version=taken) for entry in entries),
        ),
    )


def _resource(part: Part) -> dict[str, Any] | None:
    if part.settled is not None:
        return None
    try:
        found = msgspec.json.decode(part.raw)
    except _FAULTS:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("resourceType"), str) else None


def _taken_at(resources: list[dict[str, Any]]) -> str:
    """When the snapshot was taken: the latest date of its lists, which are made with it."""
    dates = [
        date
        for resource in resources
        if resource["resourceType"] == "List" and isinstance(date := resource.get("date"), str)
    ]
    return max(dates, default="")


def _settle(part: Part, resource: dict[str, Any]) -> None:
    """What is deliberately not made into anything, beside what R4 passes over."""
    kind = resource["resourceType"]
    part.id = resource["id"][:255] if isinstance(resource.get("id"), str) else ""
    if kind == "MedicationRequest":
        part.kind = kind
        part.settled = PassedOver(ISSUE if resource.get("intent") == "order" else AUTHORISATION)
