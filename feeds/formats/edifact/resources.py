"""A report message as FHIR R4 resources, so that what becomes of a result is decided once.

The choices follow the bundles that NHS England's adaptor makes of such messages, but for times:
what has no zone is the clock on the laboratory's wall, in London.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from feeds.formats.edifact.report import Range, Report, Result, Specimen

Resource = dict[str, Any]

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
_VERIFICATION = (
    "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
)
_SNOMED = "http://snomed.info/sct"
#: Code lists of the messages: Read codes version 2 and SNOMED CT.
_LISTS = {"911": "http://read.info/readv2", "921": _SNOMED}
_SEXES = {"1": "male", "2": "female"}
#: UN/EDIFACT 6321, what a figure's comparator says.
_COMPARATORS = {"5": ">=", "6": ">", "7": "<", "8": "<="}
#: What is said of a result: above, below, outside; potentially abnormal.
_INTERPRETATIONS = {"HI": "H", "LO": "L", "OR": "A", "PA": "A"}
_STATUSES = {
    "UN": "unknown",
    "FI": "final",
    "VR": "final",
    "PR": "preliminary",
    "IN": "preliminary",
    "SU": "appended",
    "CO": "corrected",
    "CR": "corrected",
}
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
_FORMATS = {8: "{0}-{1}-{2}", 12: "{0}-{1}-{2}T{3}:{4}:00", 14: "{0}-{1}-{2}T{3}:{4}:{5}"}


def resources_of(report: Report, *, envelope: str) -> Iterator[Resource]:
    """The person, then the report, then each of its results.

    :param envelope: what names this message among all of its sender's. It stands for the person
        where the message has no identifier of one: then nobody else's report can be theirs.
    """
    person = _person_id(report, envelope)
    yield _patient(report, person)
    subject = {"reference": f"Patient/{person}"}
    owner = _id("report", person, report.reference or envelope)
    imaging = _is_imaging(report)
    yield _report(report, owner, subject, imaging=imaging)
    seen: dict[str, int] = {}
    for result in report.results:
        if imaging or _is_heading(result):
            continue
        which = result.code or result.display
        seen[which] = seen.get(which, 0) + 1
        identity = _id(owner, result.specimen, result.under, which, str(seen[which]))
        yield _observation(report, result, identity, subject)


def _id(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]


def _person_id(report: Report, envelope: str) -> str:
    subject = report.subject
    if subject.local_identifier:
        return _id("local", subject.local_identifier)
    if subject.nhs_number:
        # With the name and birth date: one wrong number must not make one person of two.
        told = f"{subject.family_name} {' '.join(subject.given_names)} {subject.born}"
        return _id("number", subject.nhs_number, told.casefold())
    return _id("message", envelope)


def _patient(report: Report, identity: str) -> Resource:
    subject = report.subject
    identifiers: list[Resource] = []
    if subject.local_identifier:
        identifiers.append({"system": "urn:edifact:local", "value": subject.local_identifier})
    if subject.nhs_number:
        # "OPI" says that it is the official number, and nothing of a trace.
        status = {"coding": [{"code": "02", "display": "Number present but not traced"}]}
        identifiers.append(
            {
                "system": NHS_NUMBER,
                "value": subject.nhs_number,
                "extension": [{"url": _VERIFICATION, "valueCodeableConcept": status}],
            }
        )
    name: Resource = {"use": "official", "family": subject.family_name}
    if subject.given_names:
        name["given"] = subject.given_names
    if subject.title:
        name["prefix"] = [subject.title]
    patient: Resource = {
        "resourceType": "Patient",
        "id": identity,
        "identifier": identifiers,
        "name": [name],
        "gender": _SEXES.get(subject.sex, "unknown"),
    }
    if born := _day(subject.born):
        patient["birthDate"] = born
    if subject.address or subject.postcode:
        patient["address"] = [{"line": list(subject.address), "postalCode": subject.postcode}]
    if sent := moment(report.sent):
        patient["meta"] = {"lastUpdated": sent}
    return patient


def _is_heading(result: Result) -> bool:
    said = (result.value, result.answer, result.answer_code, result.interpretation)
    return not any(said) and not result.words and not result.remarks


def _is_imaging(report: Report) -> bool:
    """Whether it reports on images: the radiology message, with words and no figures."""
    return report.kind == "NHS002" and not any(
        result.value or result.answer_code for result in report.results
    )


def _common(report: Report, subject: Resource, identity: str) -> Resource:
    made: Resource = {
        "id": identity,
        "status": _STATUSES.get(report.status, "unknown"),
        "subject": subject,
    }
    if sent := moment(report.sent):
        made["meta"] = {"lastUpdated": sent}
    if issued := moment(report.issued):
        made["issued"] = issued
    makers = [
        " ".join(part for part in (party.name or party.code,) if part) for party in report.makers
    ]
    if performers := [{"display": maker} for maker in makers if maker]:
        made["performer"] = performers
    return made


def _report(report: Report, identity: str, subject: Resource, *, imaging: bool) -> Resource:
    made: Resource = {"resourceType": "DiagnosticReport"} | _common(report, subject, identity)
    category = "imaging" if imaging else "laboratory"
    made["category"] = [{"coding": [{"code": category}]}]
    headings = [r.display or r.code for r in report.results if imaging or _is_heading(r)]
    named = headings or [r.display or r.code for r in report.results[:3]]
    made["code"] = {"text": ", ".join(filter(None, named)) or "Diagnostic studies report"}
    if done := _effective(report, None):
        made["effectiveDateTime"] = done
    said = [f"Clinical history: {' '.join(report.history)}"] if report.history else []
    for specimen in report.specimens.values():
        said += [f"{specimen.kind or 'Specimen'}: {remark}" for remark in specimen.remarks]
    if imaging:
        for result in report.results:
            said += [*result.words, *result.remarks]
    if said:
        made["conclusion"] = "\n".join(said)
    return made


def _observation(report: Report, result: Result, identity: str, subject: Resource) -> Resource:
    made: Resource = {"resourceType": "Observation"} | _common(report, subject, identity)
    made["category"] = [{"coding": [{"code": "laboratory"}]}]
    made["code"] = _coded(result.code, result.code_list, result.display)
    specimen = report.specimens.get(result.specimen) or _only(report)
    if done := _effective(report, specimen):
        made["effectiveDateTime"] = done
    if specimen is not None and specimen.kind:
        made["specimen"] = {"display": specimen.kind}
    notes = list(result.remarks)
    if result.answer or result.answer_code:
        made["valueCodeableConcept"] = _coded(result.answer_code, result.answer_list, result.answer)
        notes = result.words + notes
    elif result.value:
        made.update(_value(result))
        notes = result.words + notes
    elif result.words:
        made["valueString"] = "\n".join(result.words)
    if notes:
        made["note"] = [{"text": note} for note in notes]
    if result.interpretation:
        code = _INTERPRETATIONS.get(result.interpretation, "A")
        made["interpretation"] = [{"coding": [{"code": code}]}]
    if ranges := [_range(bound, result.unit) for bound in result.ranges]:
        made["referenceRange"] = ranges
    return made


def _only(report: Report) -> Specimen | None:
    specimens = list(report.specimens.values())
    return specimens[0] if len(specimens) == 1 else None


def _coded(code: str, code_list: str, display: str) -> Resource:
    concept: Resource = {}
    if code:
        coding = {"code": code}
        if code_list in _LISTS:
            coding["system"] = _LISTS[code_list]
        if display:
            coding["display"] = display
        concept["coding"] = [coding]
    if display:
        concept["text"] = display
    return concept


def _value(result: Result) -> Resource:
    number = _figure(result.value)
    if number is None:
        return {"valueString": " ".join(filter(None, (result.value, result.unit)))}
    quantity: Resource = {"value": number}
    if result.unit:
        quantity["unit"] = result.unit
    if result.comparator in _COMPARATORS:
        quantity["comparator"] = _COMPARATORS[result.comparator]
    return {"valueQuantity": quantity}


def _range(bound: Range, unit: str) -> Resource:
    made: Resource = {}
    for side, text in (("low", bound.low), ("high", bound.high)):
        number = _figure(text)
        if number is not None:
            made[side] = {"value": number} | (
                {"unit": bound.unit or unit} if bound.unit or unit else {}
            )
        elif text:
            made["text"] = f"{bound.low} to {bound.high}"
    return made


def _figure(text: str) -> Any:
    """A figure with the digits that were sent: ``0.50`` stays so."""
    return (
        msgspec.Raw(text.encode())
        if _NUMBER.fullmatch(text) and not _leads_with_zero(text)
        else None
    )


def _leads_with_zero(text: str) -> bool:
    """Whether JSON has no such number: ``+1``, ``007``."""
    digits = text.lstrip("-")
    return text.startswith("+") or (len(digits) > 1 and digits[0] == "0" and digits[1] != ".")


def _effective(report: Report, specimen: Specimen | None) -> str:
    """When it was taken (the first of several), or came in; else when it was reported."""
    taken = [specimen] if specimen is not None else list(report.specimens.values())
    times = sorted(filter(None, (moment(s.collected or s.received) for s in taken)))
    return (times[0] if times else "") or moment(report.done) or moment(report.issued)


def moment(text: str) -> str:
    """``CCYYMMDD[HHMM[SS]]`` as FHIR has it, without a zone; empty where it is no such thing."""
    pattern = _FORMATS.get(len(text))
    if pattern is None or not text.isdecimal():
        return ""
    parts = (text[:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:14])
    return pattern.format(*parts)


def _day(text: str) -> str:
    return moment(text[:8])
