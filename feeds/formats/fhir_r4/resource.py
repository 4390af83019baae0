"""The resources of one document, from bytes to items.

Two passes: the first decodes each part and learns addresses and names, the second maps. So a
prescription finds its prescriber wherever in the document they stand, and what is wrong with
one part stays with that part.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import msgspec

from feeds.formats.fhir_r4.datatypes import ABSENT, Resource
from feeds.formats.fhir_r4.delivery import Delivery, Named, identifiers_of, identity_of
from feeds.formats.fhir_r4.diagnoses import Condition
from feeds.formats.fhir_r4.naming import named_by
from feeds.formats.fhir_r4.outcomes import CannotMapError, NotPartOfRecordError
from feeds.formats.fhir_r4.people import Patient, map_patient
from feeds.formats.fhir_r4.reading import Reading
from feeds.formats.fhir_r4.storable import has_unstorable_number
from feeds.formats.fhir_r4.table import (
    DECODER,
    KINDS,
    MAPPERS,
    NAMING,
    PASSED_OVER,
    UNKNOWN_KIND,
)
from feeds.formats.fhir_r4.words import codes, words
from feeds.mapped import LONGEST_NAME, Held, Item, Mapped, PassedOver

TOO_DEEP = "nested too deeply to be read"
WRAPPER = "a bundle: its entries are counted one by one"
_LONGEST_ID = 255
_NAME_TOO_LONG = f"$.name: longer than {LONGEST_NAME} characters"
#: So many bytes of one document stay decoded from the first pass to the second. What comes after
#: them is decoded twice: all of a large document, decoded, takes several times its size.
_KEPT_DECODED = 4 << 20
#: Two of msgspec's words, of which it is clear what to do.
_CUT_OFF, _MORE_BEHIND = "Input data was truncated", "trailing characters"
_KIND_NAME = re.compile(r"[A-Z][A-Za-z]{1,40}")


class Part(msgspec.Struct):
    """One resource of a document as split off, not yet decoded.

    ``settled`` says what becomes of a part without a look at its content (a wrapper, an entry
    with no resource, a part that could not be split off).
    """

    pointer: str
    raw: bytes = b""
    full_url: str | None = None
    settled: PassedOver | Held | None = None
    kind: str = ""
    id: str = ""
    is_wrapper: bool = False
    notes: tuple[str, ...] = ()


class Heading(msgspec.Struct, rename="camel"):
    """What any resource says of itself."""

    resource_type: str | None = None
    id: msgspec.Raw = ABSENT


def decoding_reason(error: Exception) -> str:
    """Say why bytes could not be decoded: what and where, never a value.

    msgspec names expected and found types, a path and a byte offset, and echoes values only for
    enumerations and tags, which the caller rules out first.
    """
    if isinstance(error, RecursionError):
        return TOO_DEEP
    if isinstance(error, UnicodeDecodeError):
        return "not valid UTF-8 text"
    text = str(error)
    if text == _CUT_OFF:
        return "it is cut off before its end: send it again"
    if _MORE_BEHIND in text:
        return f"{text}: send one resource in a file, or one on each line (NDJSON)"
    if isinstance(error, msgspec.ValidationError):
        what, _, path = text.partition(" - at ")
        return f"{path.strip('`') or '$'}: {what.replace('`', '').replace(' | null', '').lower()}"
    return text


def _heading(raw: bytes) -> tuple[str, str]:
    """Read (resourceType, id), each empty where it is missing or is no such thing."""
    try:
        heading = msgspec.json.decode(raw, type=Heading)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", ""
    kind = heading.resource_type or ""
    try:
        identity = msgspec.json.decode(heading.id, type=str)[:_LONGEST_ID]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        identity = ""
    return (kind if _KIND_NAME.fullmatch(kind) else ""), identity


def _decode(part: Part) -> Resource | PassedOver | Held:
    """Decode one part into its own type, or say what becomes of it."""
    try:
        resource: Resource = DECODER.decode(part.raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        part.kind, part.id = _heading(part.raw)
        if part.kind in PASSED_OVER:
            return PassedOver(PASSED_OVER[part.kind])
        if part.kind and part.kind not in KINDS:
            return PassedOver(UNKNOWN_KIND)
        if not part.kind and isinstance(error, msgspec.ValidationError):
            return Held("$.resourceType: missing, or not the name of a FHIR resource")
        if isinstance(error, msgspec.ValidationError):
            return Held(decoding_reason(error))
        return Held(f"not valid JSON: {decoding_reason(error)}")
    part.kind, part.id = type(resource).__name__, (resource.id or "")[:_LONGEST_ID]
    if resource.id is not None and len(resource.id) > _LONGEST_ID:
        return Held("$.id: longer than 255 characters")
    return resource


def _learn(part: Part, resource: Resource, delivery: Delivery) -> str:
    """Note a resource's addresses and its name; returns its identity."""
    identity = identity_of(resource, raw=part.raw, full_url=part.full_url)
    if part.full_url:
        delivery.addresses[part.full_url] = identity
    if isinstance(resource, Patient):
        for identifier in identifiers_of(resource):
            if identifier.system and identifier.value:
                address = f"Patient?identifier={identifier.system}|{identifier.value}"
                delivery.addresses[address] = identity
    elif isinstance(resource, Condition):
        told = Named(name=words(resource.code), codes=frozenset(codes(resource.code)))
        delivery.learn(identity, told, lasts=False)
    elif isinstance(resource, NAMING):
        named = named_by(resource, delivery)
        if named is not None:
            delivery.learn(identity, named, lasts=True)
            url = getattr(resource, "url", None)
            if isinstance(url, str):
                delivery.addresses[url] = identity
    return identity


def _map(
    part: Part, resource: Resource, identity: str, delivery: Delivery
) -> Mapped | PassedOver | Held:
    reason = PASSED_OVER.get(part.kind)
    if reason is not None:
        return PassedOver(reason)
    if resource.modifier_extension:
        return Held("$.modifierExtension: changes the meaning in a way that is not understood here")
    try:
        if isinstance(resource, Patient):
            person = map_patient(resource, identity, delivery)
            return Held(_NAME_TOO_LONG) if person.name_is_too_long else Mapped(person=person)
        if has_unstorable_number(part.raw):
            return Held("a number is too large or too long to be kept")
        reading = Reading(
            resource=resource,
            raw=part.raw,
            identity=identity,
            delivery=delivery,
            notes=list(part.notes),
        )
        return Mapped(entries=(MAPPERS[type(resource)](resource, reading),))
    except CannotMapError as error:
        return Held(str(error))
    except NotPartOfRecordError as error:
        return PassedOver(str(error))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Held(f"in a contained resource: {decoding_reason(error)}")


def items_of(parts: Iterable[Part], delivery: Delivery) -> Iterator[Item]:
    """Turn the parts of one document into items, in their order."""
    looked_at: deque[tuple[Part, Resource | PassedOver | Held | None, str]] = deque()
    size = 0
    for part in parts:
        outcome, identity = _looked_at(part, delivery)
        size += len(part.raw)
        again = size > _KEPT_DECODED and isinstance(outcome, Resource)
        looked_at.append((part, None if again else outcome, identity))
    while looked_at:
        part, kept, identity = looked_at.popleft()
        yield _item(part, kept or _decode(part), identity, delivery)


def items_of_document(
    content: bytes, split: Callable[[bytes], Iterable[Part]], delivery: Delivery
) -> Iterator[Item]:
    """Turn a document into items, with little of a large one in memory beside its bytes.

    :param split: gives the document's parts, the same ones each time; of a large one it is asked
        twice, since the parts with what is known of each take as much again.
    """
    if len(content) <= _KEPT_DECODED:
        parts = split(content)
        del content
        yield from items_of(parts, delivery)
        return
    for part in split(content):
        _looked_at(part, delivery)
    for part in split(content):
        outcome = part.settled or _decode(part)
        identity = ""
        if isinstance(outcome, Resource):
            identity = identity_of(outcome, raw=part.raw, full_url=part.full_url)
        yield _item(part, outcome, identity, delivery)


def _looked_at(part: Part, delivery: Delivery) -> tuple[Resource | PassedOver | Held, str]:
    """The first pass over a part: decoded, with its identity; its names are learned."""
    outcome = part.settled or _decode(part)
    return outcome, _learn(part, outcome, delivery) if isinstance(outcome, Resource) else ""


def item_of(part: Part, delivery: Delivery) -> Item:
    """Turn the one part of a document into its item."""
    return _item(part, *_looked_at(part, delivery), delivery)


def _item(
    part: Part, outcome: Resource | PassedOver | Held, identity: str, delivery: Delivery
) -> Item:
    result = _map(part, outcome, identity, delivery) if isinstance(outcome, Resource) else outcome
    return Item(
        pointer=part.pointer,
        resource_type=part.kind,
        resource_id=part.id,
        outcome=result,
        raw=part.raw if isinstance(result, Held) else b"",
        is_wrapper=part.is_wrapper,
    )
