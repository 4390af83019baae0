"""Problems, diagnoses and allergies: ``PRB``, ``DG1``, ``AL1`` and ``IAM`` as FHIR R4 resources.

``PRB`` and ``IAM`` say with an action code what is added, changed and deleted. ``AL1`` has none: it
is sent in snapshot mode (HL7 v2, chapter 2, "Snapshot mode"), so that in what a trust says of its
person the ``AL1`` of a message are all of that person's: what a later list has no more is there no
longer. A message without any says nothing of allergies; an ``AL1`` of HL7's null says that there
are none. So it is with the ``DG1`` of a visit, unless one of them says with an action code
(DG1-21) what is done with it alone.

Fields follow HL7's published maps of PRB and DG1 to Condition, AL1 and IAM to AllergyIntolerance.
The source's own number of a problem or allergy names it with its code (Epic sends one number for
several); without one, the code or words do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from feeds.formats.hl7v2.messages import Message, Segment
from feeds.formats.hl7v2.results import concept, person_name
from feeds.formats.hl7v2.times import instant, moment, stamped
from feeds.formats.hl7v2.visits import stamp, visit_id
from feeds.mapped import Told

Resource = dict[str, Any]
Resources = Iterator[tuple[str, Resource]]

_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_ALLERGY_CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
_ALLERGY_VERIFIED = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
#: Within one second a deletion comes last.
_PLAIN, _DELETED = 1, 9
#: How a person's list of allergies, and a visit's of diagnoses, are named among what messages tell.
ALLERGY_LIST, DIAGNOSIS_LIST = "AllergyList", "DiagnosisList"
LISTS = frozenset({ALLERGY_LIST, DIAGNOSIS_LIST})
_IS = "is:"
#: Table 0287: what is done with a problem. Linking and unlinking it changes nothing of it here.
_DELETES = frozenset({"DE", "D"})
_SEVERITIES = {"MI": "mild", "MO": "moderate", "SV": "severe"}


def resources_of(
    message: Message, person: str, *, event: str = "", listed: frozenset[str] = frozenset()
) -> Resources:
    """Everything clinical that a message of any kind has beside its results.

    :param listed: the segments that are told as a list (:func:`lists`).
    """
    visit = message.text(message.first("PV1"), 19)
    for number, segment in enumerate(message.segments):
        where = f"{segment[0]} {number}"
        if segment[0] in listed:
            continue
        match segment[0]:
            case "PRB":
                yield where, _problem(message, segment, person, event)
            case "DG1":
                yield where, _diagnosis(message, segment, person, visit)
            case "AL1" | "IAM":
                if found := _allergy(message, segment, person):
                    yield where, found
            case _:
                pass


def lists(message: Message, person: str) -> dict[str, Told]:
    """What the segments of a message tell as lists: all of a person's, or of their visit's.

    By the segment's name. Without any of a name nothing is told of it.
    """
    found = {"AL1": _allergy_list(message, person), "DG1": _diagnosis_list(message, person)}
    return {name: told for name, told in found.items() if told is not None}


def _allergy_list(message: Message, person: str) -> Told | None:
    segments = message.all("AL1")
    found = [one for each in segments if (one := _allergy(message, each, person))]
    return _list(message, segments, found, f"{ALLERGY_LIST}/{person}", person)


def _diagnosis_list(message: Message, person: str) -> Told | None:
    """The diagnoses of a visit that has a number, unless they say what is done with each."""
    segments = message.all("DG1")
    visit = visit_id(message, message.first("PV1"), message.first("PID"))
    if not visit or any(message.text(each, 21) for each in segments):
        return None
    number = message.text(message.first("PV1"), 19)
    stated = [each for each in segments if not _is_null(each)]
    found = [_diagnosis(message, each, person, number) for each in stated]
    found = [one for one in found if one["code"].get("text")]
    return _list(message, segments, found, f"{DIAGNOSIS_LIST}/{visit}", person)


def _is_null(segment: Segment) -> bool:
    return len(segment) > 3 and segment[3].strip() == '""'


def _list(
    message: Message, segments: list[Segment], found: list[Resource], identifier: str, person: str
) -> Told | None:
    """A list as it is told; ``None`` where nothing is said, neither what is on it nor null."""
    if not segments or not (found or all(map(_is_null, segments))):
        return None
    recorded = instant(message.text(message.first("EVN"), 2))
    recorded = recorded or instant(message.text(message.header, 7))
    at = stamp(recorded)
    said: dict[str, tuple[str, Any]] = {
        "version": (at, at),
        "listed": (at, sorted({one["id"] for one in found})),
        **{f"{_IS}{one['id']}": (at, one) for one in found},
    }
    return Told(identifier, person, said, may_be_empty=True)


def listed_in(said: Mapping[str, Any]) -> Iterator[tuple[Resource, bool]]:
    """What a list has had on it, and whether each still is."""
    for name, resource in said.items():
        if name.startswith(_IS):
            yield resource, resource["id"] in said["listed"]


def notes_after(message: Message, segment: Segment) -> list[Resource]:
    """The notes (NTE) that stand directly after a segment."""
    notes: list[Resource] = []
    at = next(i for i, each in enumerate(message.segments) if each is segment)
    for each in message.segments[at + 1 :]:
        if each[0] != "NTE":
            break
        if words := message.whole(each, 3):
            notes.append({"text": words})
    return notes


def _id(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]


def _said_at(message: Message, segment: Segment, number: int, *, deleted: bool) -> str:
    """The version: the segment's own time, else when the message was recorded."""
    return stamped(
        message.text(segment, number),
        message.text(message.first("EVN"), 2),
        message.text(message.header, 7),
        rank=_DELETED if deleted else _PLAIN,
    )


def _coded(code: str, system: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _condition(person: str, identity: str, *, deleted: bool, resolved: bool) -> Resource:
    made: Resource = {
        "resourceType": "Condition",
        "id": identity,
        "subject": {"reference": person},
        "clinicalStatus": _coded("resolved" if resolved else "active", _CLINICAL),
    }
    if deleted:
        made["verificationStatus"] = _coded("entered-in-error", _VERIFIED)
    return made


def _problem(message: Message, prb: Segment, person: str, event: str) -> Resource:
    text = message.text
    words = text(prb, 13, 2) or text(prb, 13)
    # PC3 is the event of a deletion: so is one without an action of its own.
    action = text(prb, 1).upper() or ("DE" if event == "PC3" else "")
    deleted = action in _DELETES or words.lower() == "deleted"
    code = text(prb, 3) or text(prb, 3, 2)
    resolved = bool(text(prb, 9)) or words.lower() in ("resolved", "inactive", "past")
    made = _condition(
        person, _id("problem", person, text(prb, 4), code), deleted=deleted, resolved=resolved
    )
    made["meta"] = {"lastUpdated": _said_at(message, prb, 2, deleted=deleted)}
    made["code"] = concept(message, prb, 3, otherwise="")
    for name, number in (("onsetDateTime", 16), ("abatementDateTime", 9), ("recordedDate", 7)):
        if when := moment(text(prb, number)):
            made[name] = when
    if notes := notes_after(message, prb):
        made["note"] = notes
    return made


def _diagnosis(message: Message, dg1: Segment, person: str, visit: str) -> Resource:
    text = message.text
    deleted = text(dg1, 21).upper() == "D"
    code = text(dg1, 3) or text(dg1, 3, 2) or text(dg1, 4)
    named = text(dg1, 20) or visit
    made = _condition(
        person, _id("diagnosis", person, named, code), deleted=deleted, resolved=False
    )
    made["meta"] = {"lastUpdated": _said_at(message, dg1, 19, deleted=deleted)}
    made["code"] = concept(message, dg1, 3, otherwise=text(dg1, 4))
    if not made["code"].get("text"):
        made["code"] = {"text": text(dg1, 4)}
    if when := moment(text(dg1, 5)):
        made["onsetDateTime"] = when
    if who := person_name(message, dg1, 16):
        made["asserter"] = {"display": who}
    return made


def _allergy(message: Message, segment: Segment, person: str) -> Resource | None:
    """An allergy; ``None`` where an empty line says nothing."""
    text = message.text
    is_iam = segment[0] == "IAM"
    code = concept(message, segment, 3, otherwise="")
    if not code.get("text"):
        return None
    deleted = is_iam and text(segment, 6).upper() == "D"
    substance = text(segment, 3) or text(segment, 3, 2)
    made: Resource = {
        "resourceType": "AllergyIntolerance",
        "id": _id("allergy", person, (text(segment, 7) if is_iam else "") or substance),
        "meta": {"lastUpdated": _said_at(message, segment, 13 if is_iam else 99, deleted=deleted)},
        "patient": {"reference": person},
        "code": code,
        "clinicalStatus": _coded("active", _ALLERGY_CLINICAL),
    }
    if deleted:
        made["verificationStatus"] = _coded("entered-in-error", _ALLERGY_VERIFIED)
    elif is_iam and text(segment, 17).upper() in ("I", "INACTIVE"):
        made["clinicalStatus"] = _coded("inactive", _ALLERGY_CLINICAL)
    if is_iam and "INTOL" in f"{text(segment, 9)} {text(segment, 9, 2)}".upper():
        made["type"] = "intolerance"
    if when := moment(text(segment, 11 if is_iam else 6)):
        made["onsetDateTime"] = when
    if is_iam and (when := moment(text(segment, 13))):
        made["recordedDate"] = when
    if is_iam and (who := person_name(message, segment, 14)):
        made["recorder"] = {"display": who}
    reaction = [
        {"text": words}
        for each in message.repetitions(segment, 5)
        if (words := message.piece(each, 2) or message.piece(each, 1)) and words != "Other"
    ]
    severity = text(segment, 4).upper()
    if reaction:
        made["reaction"] = [{"manifestation": reaction}]
        if severity in _SEVERITIES:
            made["reaction"][0]["severity"] = _SEVERITIES[severity]
    if severity in ("HIGH", "SV"):
        made["criticality"] = "high"
    return made
