"""A JSON document into its resources: a bundle (bundles within it too), an array, or one alone."""

from collections.abc import Iterator, Sequence

import msgspec

from feeds.formats.fhir_r4.datatypes import ABSENT
from feeds.formats.fhir_r4.resource import WRAPPER, Part, decoding_reason
from feeds.formats.fhir_r4.storable import LOST_CHARACTER, without_unstorable_characters
from feeds.mapped import Held, PassedOver

_DEEPEST_BUNDLE = 8
_NOTHING = (b"", b"null")
_FAULTS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _Top(msgspec.Struct, rename="camel"):
    resource_type: msgspec.Raw = ABSENT
    id: msgspec.Raw = ABSENT
    entry: msgspec.Raw = ABSENT


class _Request(msgspec.Struct):
    method: str | None = None
    url: str | None = None


class _Entry(msgspec.Struct, rename="camel"):
    full_url: str | None = None
    resource: msgspec.Raw = ABSENT
    request: _Request | None = None


class _Bundle(msgspec.Struct, rename="camel"):
    entry: list[_Entry] = []


_TOP = msgspec.json.Decoder(_Top)
_BUNDLE = msgspec.json.Decoder(_Bundle)
_ENTRY = msgspec.json.Decoder(_Entry)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)


def _join(pointer: str, step: str) -> str:
    return f"{pointer}.{step}" if pointer else step


def _text(raw: msgspec.Raw) -> str:
    try:
        return _TEXT.decode(raw) if bytes(raw) else ""
    except _FAULTS:
        return ""


def without_resource(method: str | None) -> PassedOver | Held:
    """Say what becomes of a bundle entry that holds no resource."""
    if (method or "").upper() == "DELETE":
        return Held("the source asks to delete a resource: look whether it should be withdrawn")
    return PassedOver("a bundle entry that holds no resource")


def is_one_resource(content: bytes) -> bool:
    """Whether a line is one resource in UTF-8, of which nothing must be split off or replaced.

    It may be none, or not what it seems: only a decoder tells.
    """
    if content[:1] != b"{" or b"Bundle" in content:
        return False
    if b"\\" in content and without_unstorable_characters(content)[0] is not content:
        return False
    if content.isascii():
        return True
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def document_parts(content: bytes, pointer: str = "") -> Iterator[Part]:
    """Split a whole JSON document (UTF-8, no byte order mark) into parts.

    What cannot be split is one held part, with the byte offset of the fault where there is one.
    """
    if not content.isascii():
        try:
            content.decode()
        except UnicodeDecodeError as error:
            reason = f"not valid UTF-8 text (byte {error.start}): send it as UTF-8"
            yield Part(pointer=pointer or "file", raw=content, settled=Held(reason))
            return
    cleaned, lost = without_unstorable_characters(content)
    if pointer and cleaned is content and content[:1] == b"{" and b"Bundle" not in content:
        yield Part(pointer=pointer, raw=content)  # the usual line, spared one pass over its bytes
        return
    for part in _split(cleaned, content, pointer):
        if lost and LOST_CHARACTER in part.raw:
            part.notes = ("some characters could not be kept and were replaced",)
        yield part


def _split(cleaned: bytes, content: bytes, pointer: str) -> Iterator[Part]:
    if cleaned.lstrip()[:1] == b"[":
        try:
            members = _LIST.decode(cleaned)
        except _FAULTS as error:
            yield _fault(pointer, content, error)
            return
        if not members:
            yield Part(pointer=pointer or "file", raw=content, settled=Held("the list is empty"))
        for index, member in enumerate(members):
            yield from _parts(bytes(member), f"{pointer}[{index}]", None, 0)
        return
    yield from _parts(cleaned, pointer, None, 0)


def _fault(pointer: str, raw: bytes, error: Exception) -> Part:
    reason = f"not valid JSON: {decoding_reason(error)}"
    return Part(pointer=pointer or "file", raw=raw, settled=Held(reason))


def _parts(raw: bytes, pointer: str, full_url: str | None, depth: int) -> Iterator[Part]:
    """Give one resource as a part, or a bundle as its wrapper and its entries."""
    try:
        top = _TOP.decode(raw)
    except msgspec.ValidationError:
        fault = Held("not a FHIR resource: expected a JSON object")
        yield Part(pointer=pointer or "file", raw=raw, settled=fault)
        return
    except _FAULTS as error:
        yield _fault(pointer, raw, error)
        return
    if _text(top.resource_type) != "Bundle":
        yield Part(pointer=pointer or "resource", raw=raw, full_url=full_url)
        return
    wrapper = Part(
        pointer=pointer or "bundle",
        kind="Bundle",
        id=_text(top.id)[:255],
        settled=PassedOver(WRAPPER),
        is_wrapper=True,
    )
    if depth > _DEEPEST_BUNDLE:
        wrapper.settled, wrapper.raw = Held("bundles within bundles, too deep to be read"), raw
        yield wrapper
        return
    entries = _entries(raw, top.entry)
    if entries is None:
        wrapper.settled, wrapper.raw = Held("$.entry: expected a list"), raw
    yield wrapper
    for index, entry in enumerate(entries or ()):
        here = _join(pointer, f"entry[{index}]")
        if isinstance(entry, Part):
            entry.pointer = here
            yield entry
            continue
        inner = bytes(entry.resource)
        if inner in _NOTHING:
            method = entry.request.method if entry.request is not None else None
            raw_entry = msgspec.json.encode({"request": entry.request})
            yield Part(pointer=here, raw=raw_entry, settled=without_resource(method))
        elif b"Bundle" not in inner:  # the usual entry, spared one pass over its bytes
            yield Part(pointer=here, raw=inner, full_url=entry.full_url)
        else:
            yield from _parts(inner, here, entry.full_url, depth + 1)


def _entries(bundle: bytes, entry: msgspec.Raw) -> Sequence[_Entry | Part] | None:
    """Split a bundle's entries; an ill-formed one is a held part. None where they are no list."""
    try:
        return _BUNDLE.decode(bundle).entry
    except _FAULTS:
        pass
    try:
        members = _LIST.decode(entry)
    except _FAULTS:
        return [] if bytes(entry) in _NOTHING else None
    entries: list[_Entry | Part] = []
    for member in members:
        try:
            entries.append(_ENTRY.decode(member))
        except _FAULTS as error:
            reason = f"not a bundle entry: {decoding_reason(error)}"
            entries.append(Part(pointer="", raw=bytes(member), settled=Held(reason)))
    return entries
