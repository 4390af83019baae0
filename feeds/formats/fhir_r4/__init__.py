"""FHIR R4 in every form in which it is delivered: JSON, NDJSON and XML, bundles and resources.

``read`` is the whole interface. It is a function of the bytes alone: it writes nothing, asks
nobody, and the same delivery always gives the same items.
"""

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import msgspec

from feeds.formats.fhir_r4 import json_parts, xml_parts
from feeds.formats.fhir_r4.delivery import Delivery, Named
from feeds.formats.fhir_r4.naming import named_in
from feeds.formats.fhir_r4.resource import (
    Heading,
    Part,
    item_of,
    items_of,
    items_of_document,
)
from feeds.formats.fhir_r4.stream import CHUNK, LARGEST_DOCUMENT, Stream
from feeds.formats.fhir_r4.usual import is_result, usual_result
from feeds.formats.other_forms import form_of
from feeds.mapped import Held, Item, Mapped

_LINES_LOOKED_AT = 6
#: Blanks, and what old systems fill a file's end with.
_NOTHING = b" \t\r\n\x00\x1a"
_MOST_NAMES = 200_000
_NAMING_KINDS = (b"Practitioner", b"Organization", b"Location", b"Medication", b"HealthcareService")


def read(
    content: BinaryIO,
    *,
    name: str,
    source_kind: str = "",
    sensitive_codes: frozenset[str] = frozenset(),
) -> Iterator[Item]:
    """Read one delivery and give each of its resources with what became of it.

    ``content`` may be a JSON bundle, resource or array of resources, NDJSON, or an XML bundle or
    resource; its form is found from the bytes, and ``name`` (a file name) is not looked at.
    ``source_kind`` is the kind of organisation that sends it (``gp_practice``, ``nhs_trust``,
    ``adult_social_care``, ``out_of_hours``), which decides where some resources belong.
    ``sensitive_codes`` are the codes of the national exclusion set.

    NDJSON of any length is read in bounded memory, and a bad line is held by itself. One JSON or
    XML document, or one line, may have up to 64 MiB. Never raises for what a delivery contains;
    what cannot be read is held with a reason that names no value.
    """
    del name
    stream = Stream(content)
    head = stream.head().lstrip()
    delivery = Delivery(source_kind=source_kind, sensitive_codes=sensitive_codes)
    if not head:
        # A long run of blanks is as empty as no bytes at all, unless something follows it.
        rest = stream.rest(LARGEST_DOCUMENT)
        if rest is None or rest.strip():
            yield _held("the first mebibyte is blank: send the file without it")
        else:
            yield _held("the file is empty")
        return
    if head.startswith(b"<"):
        yield from _whole(stream, delivery)
    elif _is_ndjson(stream):
        for kind, named in _names_ahead(content).items():
            delivery.named.setdefault(kind, named)
        yield from _lines(stream, delivery)
    elif head[:1] in (b"{", b"[") and b"\x00" not in head[:4]:
        yield from _whole(stream, delivery)
    else:
        reason = form_of(head) or "neither JSON nor XML: this importer reads FHIR R4 resources"
        yield _held(reason, stream.rest(LARGEST_DOCUMENT))


def _held(reason: str, raw: bytes | None = None) -> Item:
    return Item(
        pointer="file", resource_type="", resource_id="", outcome=Held(reason), raw=raw or b""
    )


def _is_resource_line(line: bytes) -> bool:
    """Whether a line is a whole resource by itself."""
    try:
        return msgspec.json.decode(line, type=Heading).resource_type is not None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def _is_ndjson(stream: Stream) -> bool:
    """Tell NDJSON from one JSON document by its first lines.

    NDJSON has several lines, and one of the first ones is a whole resource by itself. A document
    that is printed over several lines has none, unless it is an array, which starts with ``[``.
    """
    size = CHUNK
    start = stream.head(size)
    if start.lstrip().startswith(b"[") or start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    while len(start) == size < LARGEST_DOCUMENT and b"\n" not in start.lstrip():
        size *= 2  # a first line with a file in it may be long
        start = stream.head(size)
    head, exhausted = start.lstrip(), len(start) < size
    lines = [line for line in head.split(b"\n", 2 * _LINES_LOOKED_AT) if line.strip()]
    if len(lines) < 2:
        return False
    if head.startswith(b"{") and exhausted and not _is_resource_line(lines[0]):
        try:
            msgspec.json.decode(head, type=msgspec.Raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        else:
            return False
    return any(_is_resource_line(line) for line in lines[:_LINES_LOOKED_AT])


def _whole(stream: Stream, delivery: Delivery) -> Iterator[Item]:
    """Read one JSON or XML document."""
    content = stream.rest(LARGEST_DOCUMENT)
    if content is None:
        yield _held("one document of more than 64 MiB: send it as NDJSON, a resource on a line")
        return
    if content.lstrip().startswith(b"<"):
        parts = xml_parts.document_parts(content)
        del content  # let go of once it is split, before the first resource is mapped
        yield from items_of(parts, delivery)
    else:
        yield from items_of_document(content, json_parts.document_parts, delivery)


def _lines(stream: Stream, delivery: Delivery) -> Iterator[Item]:
    """Read NDJSON; names learned from a line serve the lines after it."""
    for number, line in enumerate(stream.lines(LARGEST_DOCUMENT), start=1):
        pointer = f"line {number}"
        if line is None:
            part = Part(pointer=pointer, settled=Held("one line of more than 64 MiB"))
            yield from items_of([part], delivery)
        elif line := line.strip(_NOTHING):
            if json_parts.is_one_resource(line):
                yield _one_resource(line, pointer, delivery)
            else:
                split = partial(json_parts.document_parts, pointer=pointer)
                yield from items_of_document(line, split, delivery)
            delivery.next_document()


def _one_resource(line: bytes, pointer: str, delivery: Delivery) -> Item:
    """A line's item, the short way where it is a usual result."""
    if is_result(line):
        found = usual_result(line, delivery)
        if found is not None:
            return Item(pointer, "Observation", found[0], Mapped(entries=(found[1],)))
    return item_of(Part(pointer=pointer, raw=line), delivery)


def _names_ahead(content: BinaryIO) -> dict[str, Named]:
    """Collect the names that stand anywhere in NDJSON, where it can be read twice.

    Otherwise a prescription on line 1 would not find the prescriber on line 2. At most 200,000
    names are kept.
    """
    names: dict[str, Named] = {}
    try:
        here = content.tell()
        content.seek(0)
    except (OSError, AttributeError, ValueError):
        return names
    for line in Stream(content).lines(LARGEST_DOCUMENT):
        if line is None or not any(kind in line for kind in _NAMING_KINDS):
            continue
        found = named_in(line)
        if found is not None and found[0] is not None and len(names) < _MOST_NAMES:
            names[found[0]] = found[1]
    content.seek(here)
    return names
