"""GP Connect Access Record: Structured, FHIR STU3: all that a practice holds of one person.

A bundle is a snapshot. Its entries carry the snapshot's own time as their version, so that a later
snapshot replaces an earlier one in whatever order they come, and what it has no more is retired.
A document search (a bundle without lists) is no snapshot, and retires nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO

import msgspec
from msgspec.structs import replace

from feeds.formats.fhir_r4.dates import read_when
from feeds.formats.fhir_r4.delivery import Delivery
from feeds.formats.fhir_r4.json_parts import document_parts
from feeds.formats.fhir_r4.resource import Part, items_of_document
from feeds.formats.fhir_r4.stream import LARGEST_DOCUMENT, Stream
from feeds.formats.gp_connect.as_r4 import AUTHORISATION, ISSUE, convert, laboratory_results
from feeds.formats.other_forms import form_of
from feeds.mapped import Held, Item, Mapped, PassedOver, Snapshot

_FAULTS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_SEVERAL = "it names several patients, so that nothing can be called absent: send one for each"


class _Outline(msgspec.Struct, rename="camel"):
    """What has to be known of every resource before the first one is mapped."""

    resource_type: str
    id: Any = None
    date: Any = None
    related: Any = None
    result: Any = None


_OUTLINE = msgspec.json.Decoder(_Outline)


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
    if document.lstrip()[:1] not in (b"{", b"["):
        other = form_of(document[:64]) or "no JSON: this importer reads GP Connect's records"
        yield Item("file", "", "", Held(other), raw=document)
        return
    taken, laboratory = _looked_over(document)
    delivery = Delivery(source_kind=source_kind, sensitive_codes=sensitive_codes)
    owners, present, all_named = set[str](), set[str](), True
    for item in items_of_document(document, partial(_parts, laboratory=laboratory), delivery):
        if isinstance(item.outcome, Mapped):
            if item.outcome.person:
                owners.add(item.outcome.person.identifier)
            present.update(entry.identifier for entry in item.outcome.entries)
        elif item.resource_id:
            present.add(f"{item.resource_type}/{item.resource_id}")
        elif isinstance(item.outcome, Held):
            # What has no name may be anything that is held: nothing can be called absent.
            all_named = False
        yield _as_of(item, taken) if taken is not None else item
    if taken is None or not owners:
        return
    if len(owners) > 1:
        yield Item("bundle", "Bundle", "", Held(_SEVERAL))
    elif all_named:
        whole = Snapshot(owners.pop(), frozenset(present), taken)
        yield Item("bundle", "Bundle", "", whole, is_wrapper=True)


def _looked_over(document: bytes) -> tuple[datetime | None, frozenset[str]]:
    """When the snapshot was taken, and which observations are a laboratory's.

    It was taken at the latest time of its lists, which are made with it. Little of a document is
    kept in memory beside it: the resources are decoded once more where they are mapped.
    """
    times: list[datetime] = []
    reports: list[dict[str, Any]] = []
    for part in document_parts(document):
        try:
            one = _OUTLINE.decode(part.raw) if part.settled is None else None
        except _FAULTS:
            continue
        if one is None:
            continue
        if one.resource_type == "List" and isinstance(one.date, str):
            times += [when.instant] if (when := read_when(one.date)) is not None else []
        elif one.related or one.result:
            said = {"related": one.related, "result": one.result}
            reports.append({"resourceType": one.resource_type, "id": one.id, **said})
    return max(times, default=None), laboratory_results(reports)


def _parts(document: bytes, laboratory: frozenset[str]) -> Iterator[Part]:
    """Each resource as R4 has it."""
    for part in document_parts(document):
        if (resource := _resource(part)) is not None:
            _settle(part, resource)
            part.raw = msgspec.json.encode(convert(resource, laboratory=laboratory))
        yield part


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


def _settle(part: Part, resource: dict[str, Any]) -> None:
    """What is deliberately not made into anything, beside what R4 passes over."""
    kind = resource["resourceType"]
    part.id = resource["id"][:255] if isinstance(resource.get("id"), str) else ""
    if kind == "MedicationRequest":
        part.kind = kind
        part.settled = PassedOver(ISSUE if resource.get("intent") == "order" else AUTHORISATION)
