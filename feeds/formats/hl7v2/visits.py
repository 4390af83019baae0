"""``ADT`` events of a visit: what each tells of it, and the Encounter that all of them make.

A message tells some things of its visit, each with the time for which it says so; of every thing
the latest counts (:class:`feeds.mapped.Told`). So a visit is the same whatever order its messages
come in. Where somebody is, and of what class, is ordered by when it happened (EVN-6, then EVN-2).
That a visit was opened, ended or cancelled is ordered by when it was recorded (EVN-2): a cancel
repeats the time of what it cancels, or an older one, and must come after it.
Fields follow HL7's published maps of PV1 and PV2 to Encounter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from feeds.formats.fhir_r4.reading import PLANNED_END, RESPONSIBLE_TEAM, TEAM_CODE
from feeds.formats.hl7v2.messages import Message, Segment
from feeds.formats.hl7v2.results import person_name
from feeds.formats.hl7v2.times import instant, moment
from feeds.mapped import Told

Resource = dict[str, Any]

#: What an event says of the visit as a whole.
_OPENED = {
    "A05": "planned",
    "A14": "planned",
    "A01": "arrived",
    "A02": "arrived",
    "A03": "arrived",
    "A04": "arrived",
    "A06": "arrived",
    "A07": "arrived",
    "A13": "arrived",
    "A11": "cancelled",
    "A27": "cancelled",
    "A38": "cancelled",
}
#: Of one second, what opens a visit comes first, then what ends it, then what cancels either.
_RANKS = {"A05": 1, "A01": 2, "A04": 2, "A03": 4, "A13": 5, "A12": 5, "A11": 6, "A38": 6, "A27": 6}
_OTHERS = 3
#: Events that cannot be understood without a visit; the others may be of a person alone.
NEED_VISIT = frozenset({*_OPENED, "A12", "A17", "A45"})
_CLASSES = {
    "I": "IMP",
    "IP": "IMP",
    "INPATIENT": "IMP",
    "B": "IMP",
    "D": "IMP",
    "DC": "IMP",
    "DAY CASE": "IMP",
    "E": "EMER",
    "ED": "EMER",
    "AE": "EMER",
    "EMERGENCY": "EMER",
    "O": "AMB",
    "OP": "AMB",
    "R": "AMB",
    "OUTPATIENT": "AMB",
    "H": "HH",
    "P": "PRENC",
}
_WORDS = {
    "IMP": "Inpatient stay",
    "PRENC": "Inpatient stay",
    "EMER": "Emergency department attendance",
    "AMB": "Outpatient contact",
    "HH": "Home visit",
}


def stamp(at: datetime | None) -> str:
    """A time that sorts as text; one that is not known sorts first."""
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at is not None else ""


def visit_id(message: Message, pv1: Segment, pid: Segment) -> str:
    """The visit's number with who gave it: PV1-19, else PV1-50, else PID-18; empty without one."""
    for segment, number in ((pv1, 19), (pv1, 50), (pid, 18)):
        if value := message.text(segment, number):
            return named("visit", message.text(segment, number, 4), value)
    return ""


def named(what: str, given_by: str, value: str) -> str:
    """An identifier that can be read: ``visit|<who gave it>|<number>``."""
    return quote(f"{what}|{given_by}|{value}", safe="|:^&~")[:250]


def told(message: Message, event: str, person: str, pv1: Segment) -> Told | None:
    """What a message tells of its visit; ``None`` where it names none."""
    identifier = visit_id(message, pv1, message.first("PID"))
    if not identifier:
        return None
    text, evn, pv2 = message.text, message.first("EVN"), message.first("PV2")
    recorded = instant(text(evn, 2)) or instant(text(message.header, 7)) or instant(text(evn, 6))
    occurred = instant(text(evn, 6)) or recorded
    rank = _RANKS.get(event, _OTHERS)
    happened = f"{stamp(occurred)}|{stamp(recorded)}|{rank}"
    written = f"{stamp(recorded)}|{rank}"
    said: dict[str, tuple[str, Any]] = {
        "person": (written, person),
        "version": (written, stamp(recorded)),
    }

    def say(name: str, at: str, value: Any) -> None:
        if value:
            said[name] = (at, value)

    say("class", happened, _CLASSES.get(text(pv1, 2).upper(), ""))
    say("place", happened, place(message, pv1, 3))
    say("team", happened, text(pv1, 3))
    say("service", happened, text(pv1, 10, 2) or text(pv1, 10))
    say("who", happened, person_name(message, pv1, 7) or person_name(message, pv1, 9))
    say("why", written, text(pv2, 3, 2))
    say("from", written, text(pv1, 14, 2))
    say("begins", written, moment(text(pv1, 44)))
    say("opened", written, _OPENED.get(event, ""))
    if event in ("A01", "A04"):
        say("came", written, moment(text(evn, 6)) or moment(text(evn, 2)))
    if leaves := text(pv2, 9):
        say("leaves", written, moment(leaves))
    elif pv2[9:10] == ['""']:
        said["leaves"] = (written, "")  # it is not expected any longer
    if event in ("A05", "A14"):
        say("expected", written, moment(text(pv2, 8)))
    if event == "A03":
        ended = moment(text(pv1, 45)) or moment(text(evn, 6)) or moment(text(evn, 2))
        said["ends"] = (written, ended)
        said["to"] = (written, text(pv1, 36, 2))
    elif event in ("A01", "A13"):
        # Open again, or for the first time: whatever end was told before is none.
        said["ends"] = said["to"] = (written, "")
    elif event in ("A08", "A02"):
        say("ends", written, moment(text(pv1, 45)))
    return Told(f"Encounter/{identifier}", person, said)


def place(message: Message, segment: Segment, number: int) -> str:
    """A ward with its bed, from a PL; the site where it is named beside them.

    The ward as it is described (PL-9), else by its code (PL-1).
    """
    ward = message.text(segment, number, 9) or message.text(segment, number)
    bed = message.text(segment, number, 3)
    site = message.text(segment, number, 4, 2)
    return ", ".join(dict.fromkeys(filter(None, (ward, bed and f"bed {bed}", site))))


def _when(kind: str, said: Mapping[str, Any]) -> tuple[str, str, str]:
    """(begin, end, status).

    An outpatient attendance is over when it has begun: trusts send no end of one.
    """
    begins = said.get("begins") or said.get("came") or said.get("expected") or ""
    ends = said.get("ends") or ""
    opened = said.get("opened")
    if kind == "AMB" and opened == "arrived" and not ends:
        ends = begins
    if opened == "cancelled":
        return begins, ends, "cancelled"
    if ends:
        return begins, ends, "finished"
    return begins, ends, "planned" if opened == "planned" else "in-progress"


def responsible_team(said: Mapping[str, Any]) -> Resource:
    """The team of the place, by the place's code: wards and clinics are teams in the registry."""
    if not (team := said.get("team")):
        return {}
    value = {"system": TEAM_CODE, "value": team}
    return {"extension": [{"url": RESPONSIBLE_TEAM, "valueIdentifier": value}]}


def encounter(identifier: str, said: Mapping[str, Any]) -> Resource:
    """The Encounter that everything told so far makes."""
    kind = said.get("class", "")
    begins, ends, status = _when(kind, said)
    made: Resource = {
        "resourceType": "Encounter",
        "id": identifier.partition("/")[2],
        "status": status,
        "subject": {"reference": said["person"]},
    }
    if kind:
        made["class"] = {"code": kind}
    service = said.get("service", "")
    words = ", ".join(filter(None, (_WORDS.get(kind, "Contact"), service)))
    made["type"] = [{"text": words}]
    period = {name: at for name, at in (("start", begins), ("end", ends)) if at}
    if period:
        made["period"] = period
    if where := said.get("place"):
        made["location"] = [{"location": {"display": where}}]
    made |= responsible_team(said)
    if (leaves := said.get("leaves")) and status in ("planned", "in-progress"):
        planned = {"url": PLANNED_END, "valueDateTime": leaves}
        made["extension"] = [*made.get("extension", []), planned]
    if who := said.get("who"):
        made["participant"] = [{"individual": {"display": who}}]
    if why := said.get("why"):
        made["reasonCode"] = [{"text": why}]
    stay = {}
    if source := said.get("from"):
        stay["admitSource"] = {"text": source}
    if to := said.get("to"):
        stay["dischargeDisposition"] = {"text": to}
    if stay:
        made["hospitalization"] = stay
    return made
