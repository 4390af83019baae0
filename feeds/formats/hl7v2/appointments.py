"""``SIU`` events of an appointment: what each tells of it, and the Appointment that they make.

Each event tells what it sends (:class:`feeds.mapped.Told`); of every thing the latest message
counts, by its own time (MSH-7): scheduling has no EVN. Fields follow HL7's published map of
``SIU_S12``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from feeds.formats.hl7v2.messages import Message
from feeds.formats.hl7v2.results import person_name
from feeds.formats.hl7v2.times import instant, moment
from feeds.formats.hl7v2.visits import named, place, responsible_team, stamp
from feeds.mapped import Told

Resource = dict[str, Any]

_STATUSES = {
    "S12": "booked",
    "S13": "booked",
    "S15": "cancelled",
    "S16": "cancelled",
    "S17": "entered-in-error",
    "S26": "noshow",
}
#: SCH-25 (table 0278), for what changes without an event of its own.
_FILLED = {
    "PENDING": "pending",
    "WAITLIST": "waitlist",
    "BOOKED": "booked",
    "STARTED": "arrived",
    "ARRIVED": "arrived",
    "COMPLETE": "fulfilled",
    "COMPLETED": "fulfilled",
    "CANCELLED": "cancelled",
    "DC": "cancelled",
    "DELETED": "entered-in-error",
    "BLOCKED": "cancelled",
    "OVERBOOK": "booked",
    "NOSHOW": "noshow",
}
#: Of one second: booked, changed, not attended, cancelled, deleted.
_RANKS = {"S12": 1, "S14": 2, "S13": 3, "S26": 4, "S15": 5, "S16": 5, "S17": 6}
_MINUTES = {"", "MIN", "M", "MINUTES", "MINUTE"}
_LONGEST = 100_000


def told(message: Message, event: str, person: str) -> Told | None:
    """What a message tells of its appointment; ``None`` where it has no number."""
    text, sch = message.text, message.first("SCH")
    number, by = text(sch, 2), text(sch, 2, 2)
    if not number:
        number, by = text(sch, 1), text(sch, 1, 2)
    if not number:
        return None
    sent = instant(text(message.header, 7)) or instant(text(message.first("EVN"), 2))
    at = f"{stamp(sent)}|{_RANKS.get(event, 0)}"
    said: dict[str, tuple[str, Any]] = {"person": (at, person), "version": (at, stamp(sent))}

    def say(name: str, value: str) -> None:
        if value:
            said[name] = (at, value)

    ais, tq1 = message.first("AIS"), message.first("TQ1")
    begins = text(sch, 11, 4) or text(ais, 4) or text(tq1, 7) or text(message.first("AIL"), 6)
    ends = moment(text(sch, 11, 5)) or moment(text(tq1, 8)) or _after(message, begins)
    say("status", _STATUSES.get(event) or _FILLED.get(text(sch, 25).upper(), ""))
    say("begins", moment(begins))
    if begins:
        # A new time without an end has none of the old one's.
        said["ends"] = (at, ends)
    say("service", text(ais, 3, 2) or text(ais, 3, 5) or text(sch, 8, 2))
    say("why", text(sch, 7, 2))
    if event in ("S15", "S16"):
        say("cancelled", text(sch, 6, 2))
    say("place", place(message, message.first("AIL"), 3))
    say("team", text(message.first("AIL"), 3))
    say("who", person_name(message, message.first("AIP"), 3) or person_name(message, sch, 12))
    return Told(f"Appointment/{named('appointment', by, number)}", person, said)


def _after(message: Message, begins: str) -> str:
    """The end by a duration in minutes, from AIS-7 or SCH-9."""
    ais, sch = message.first("AIS"), message.first("SCH")
    for segment, number in ((ais, 7), (sch, 9)):
        long, unit = message.text(segment, number), message.text(segment, number + 1).upper()
        start = instant(begins)
        if start and long.isdecimal() and len(long) < 6 and unit in _MINUTES and int(long):
            ended: datetime = start + timedelta(minutes=int(long))
            return ended.isoformat()
    return ""


def appointment(identifier: str, said: Mapping[str, Any]) -> Resource:
    """The Appointment that everything told so far makes."""
    made: Resource = {
        "resourceType": "Appointment",
        "id": identifier.partition("/")[2],
        "status": said.get("status", "booked"),
    }
    people: list[Resource] = [{"actor": {"reference": said["person"], "type": "Patient"}}]
    if who := said.get("who"):
        people.append({"actor": {"display": who}})
    if where := said.get("place"):
        people.append({"actor": {"reference": "Location/place", "display": where}})
    made["participant"] = people
    for name, value in (("start", said.get("begins")), ("end", said.get("ends"))):
        if value:
            made[name] = value
    made |= responsible_team(said)
    if service := said.get("service"):
        made["serviceType"] = [{"text": service}]
    if why := said.get("why"):
        made["reasonCode"] = [{"text": why}]
    if cancelled := said.get("cancelled"):
        made["cancelationReason"] = {"text": cancelled}
    return made
