"""``MDM`` events of a document: what each tells of it, and the DocumentReference that they make.

Fields follow HL7's published map of ``MDM_T02``: TXA names the document, OBX has its text. A
message without text (a change of status) takes none away; a replaced document is superseded. A file
in an OBX (data type ED) is read where it is plain text; any other is passed over, and the document
says which, how large it was, and that it is at its source.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from feeds.formats.hl7v2.messages import Message, Segment
from feeds.formats.hl7v2.results import person_name
from feeds.formats.hl7v2.times import instant, moment
from feeds.formats.hl7v2.visits import named, stamp
from feeds.mapped import Told

Resource = dict[str, Any]

#: Of one second: new, addendum, status, edited, replaced, cancelled.
_RANKS = {"T01": 1, "T02": 1, "T05": 2, "T06": 2, "T03": 3, "T04": 3, "T07": 4, "T08": 4}
_REPLACED, _CANCELLED = 5, 6
_TEXT = frozenset({"TX", "FT", "ST", ""})
#: What a file may be called in OBX-5.2 or OBX-5.3, and the words for it.
_CALLED = {
    "PDF": "a PDF",
    "RTF": "a word processor's document (RTF)",
    "HTML": "a web page",
    "XML": "an XML document",
    "JPEG": "a picture",
    "JPG": "a picture",
    "PNG": "a picture",
    "TIFF": "a picture",
    "TIF": "a picture",
    "IMAGE": "a picture",
    "DICOM": "images",
}
_PLAIN = frozenset({"", "PLAIN", "TEXT", "TXT", "ASCII"})


def told(message: Message, event: str, person: str) -> Iterator[Told]:
    """What a message tells of its document, and of the one that it replaces."""
    text, txa, evn = message.text, message.first("TXA"), message.first("EVN")
    number, by = text(txa, 12), text(txa, 12, 2)
    if not number:
        return
    recorded = instant(text(evn, 2)) or instant(text(message.header, 7)) or instant(text(txa, 8))
    rank = _RANKS.get(event, _CANCELLED if event == "T11" else _REPLACED)
    at = f"{stamp(recorded)}|{rank}"
    said: dict[str, tuple[str, Any]] = {"person": (at, person), "version": (at, stamp(recorded))}

    def say(name: str, value: str) -> None:
        if value:
            said[name] = (at, value)

    say("type", text(txa, 2, 2) or text(txa, 2))
    say("written", moment(text(txa, 4)) or moment(text(txa, 6)) or moment(text(txa, 8)))
    say("who", person_name(message, txa, 9) or person_name(message, txa, 5))
    say("completed", text(txa, 17).upper())
    say("secret", text(txa, 18).upper())
    words, files = _content(message)
    say("text", "\n".join(words))
    if files:
        said["files"] = (at, files)
    if event == "T11" or text(txa, 19).upper() == "CA":
        say("withdrawn", "yes")
    yield Told(f"DocumentReference/{named('document', by, number)}", person, said)
    parent, parent_by = text(txa, 13), text(txa, 13, 2)
    if event in ("T09", "T10") and parent and (parent, parent_by) != (number, by):
        replaced: dict[str, tuple[str, Any]] = {
            "person": (at, person),
            "version": (at, stamp(recorded)),
            "superseded": (at, "yes"),
        }
        identifier = f"DocumentReference/{named('document', parent_by, parent)}"
        yield Told(identifier, person, replaced)


def document(identifier: str, said: Mapping[str, Any]) -> Resource:
    """The DocumentReference that everything told so far makes."""
    status = "superseded" if said.get("superseded") else "current"
    if said.get("withdrawn"):
        status = "entered-in-error"
    made: Resource = {
        "resourceType": "DocumentReference",
        "id": identifier.partition("/")[2],
        "status": status,
        "type": {"text": said.get("type") or "Document"},
        "subject": {"reference": said["person"]},
    }
    if said.get("completed") in ("DI", "IP", "IN", "PA"):
        made["docStatus"] = "preliminary"
    if written := said.get("written"):
        made["date"] = written
    if who := said.get("who"):
        made["author"] = [{"display": who}]
    words = [said.get("text", ""), *(f"{_file(each)}." for each in said.get("files", ()))]
    if description := "\n".join(filter(None, words)):
        made["description"] = description
    return made


def notes_of(said: Mapping[str, Any]) -> tuple[str, ...]:
    """What was passed over of a document's files, for whoever looks after its feed."""
    return tuple(f"OBX-5: {each[0]} is not taken in" for each in said.get("files", ()))


def _file(found: list[str]) -> str:
    """A file that is not taken in, in words for a page."""
    called, size = found
    return f"Attached at the source, and not shown here: {called}{size and f' of {size}'}"


def _content(message: Message) -> tuple[list[str], list[list[str]]]:
    """The words of a document, and of each file that is not words what it is and how large."""
    words: list[str] = []
    files: list[list[str]] = []
    for obx in message.all("OBX"):
        kind = message.text(obx, 2).upper()
        if kind in _TEXT:
            words.append(message.whole(obx, 5))
        elif kind == "ED":
            said, file = _encapsulated(message, obx)
            words.append(said)
            files += [file] if file else []
        elif kind == "RP":
            files.append([_called(message, obx), ""])
    return list(filter(None, words)), files


def _encapsulated(message: Message, obx: Segment) -> tuple[str, list[str] | None]:
    """A file in an OBX (ED: source, type, subtype, encoding, data): its words, or what it is."""
    kind, subtype = message.text(obx, 5, 2).upper(), message.text(obx, 5, 3).upper()
    encoding, data = message.text(obx, 5, 4).upper(), message.text(obx, 5, 5)
    is_plain = subtype in _PLAIN and kind in ("TEXT", "TX", "FT", "")
    if encoding != "BASE64":
        return (data, None) if is_plain else ("", [_called(message, obx), ""])
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return "", [f"{_called(message, obx)} that cannot be read", ""]
    if is_plain:
        return content.decode("utf-8", errors="replace").replace("\x00", "").strip(), None
    return "", [_called(message, obx), f"{max(len(content) // 1024, 1)} KiB"]


def _called(message: Message, obx: Segment) -> str:
    """What a file is, in words of ours: what a sender writes there may be anything."""
    named = (message.text(obx, 5, part).upper() for part in (3, 2))
    return next((_CALLED[each] for each in named if each in _CALLED), "a file")
