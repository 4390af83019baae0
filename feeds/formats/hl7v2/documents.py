"""``MDM`` events of a document: what each tells of it, and the DocumentReference that they make.

Fields follow HL7's published map of ``MDM_T02``: TXA names the document, OBX has its text. A
message without text (a change of status) takes none away; a replaced document is superseded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from feeds.formats.hl7v2.messages import Message
from feeds.formats.hl7v2.results import person_name
from feeds.formats.hl7v2.times import instant, moment
from feeds.formats.hl7v2.visits import named, stamp
from feeds.mapped import Told

Resource = dict[str, Any]

#: Of one second: new, addendum, status, edited, replaced, cancelled.
_RANKS = {"T01": 1, "T02": 1, "T05": 2, "T06": 2, "T03": 3, "T04": 3, "T07": 4, "T08": 4}
_REPLACED, _CANCELLED = 5, 6
_TEXT = frozenset({"TX", "FT", "ST", ""})


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
    lines = [obx for obx in message.all("OBX") if text(obx, 2).upper() in _TEXT]
    say("text", "\n".join(filter(None, (message.whole(obx, 5) for obx in lines))))
    if any(text(obx, 2).upper() in ("ED", "RP") for obx in message.all("OBX")):
        say("attached", "yes")
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
    words = [said.get("text", "")]
    if said.get("attached"):
        words.append("A document is attached at the source.")
    if description := "\n".join(filter(None, words)):
        made["description"] = description
    return made
