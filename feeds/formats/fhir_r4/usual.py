"""A usual result, mapped in one pass: most of what hospitals send.

Of a result's parts only its number, its times and its id differ from the one before; its test, its
category, its range and whose it is come again and again, byte for byte, and are worked out once.
A result that has more than the usual parts, or something wrong with it, is none of this module's:
it gets ``None``, and goes the whole way (:mod:`feeds.formats.fhir_r4.resource`). Whatever goes this
way would end alike on the whole one.
"""

import re
from decimal import Decimal
from functools import lru_cache

import msgspec

from feeds.formats.fhir_r4.datatypes import (
    ABSENT,
    Annotation,
    CodeableConcept,
    Quantity,
    Reference,
    Resource,
)
from feeds.formats.fhir_r4.delivery import ADDRESS, Delivery, Named
from feeds.formats.fhir_r4.reading import Reading, is_of_safeguarding
from feeds.formats.fhir_r4.results import STATUS, result_category, section_of
from feeds.formats.fhir_r4.storable import has_unstorable_number, is_plain_number
from feeds.formats.fhir_r4.values import ReferenceRange, interpretation_code, usual_range
from feeds.formats.fhir_r4.words import (
    notes_text,
    preferred_coding,
    quantity_text,
    unit_text,
    words,
)
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

#: What a line says of itself near its start, if it is a result, however it is spaced.
_IS_RESULT = re.compile(rb'"resourceType"\s*:\s*"Observation"')
_LOOKED_AT = 200
_LONGEST_ID = 255
_NOBODY = Named()
_FAULTS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _Meta(msgspec.Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    """Without labels: what has any is looked at in full."""

    last_updated: str | None = None
    version_id: msgspec.Raw = ABSENT
    profile: msgspec.Raw = ABSENT
    source: msgspec.Raw = ABSENT


class _Result(
    msgspec.Struct,
    rename="camel",
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
):
    """The usual parts of an Observation; what no mapper reads is among them, undecoded."""

    resource_type: str
    id: str
    meta: _Meta | None = None
    status: str | None = None
    category: msgspec.Raw = ABSENT
    code: msgspec.Raw = ABSENT
    subject: msgspec.Raw = ABSENT
    effective_date_time: str | None = None
    issued: str | None = None
    performer: msgspec.Raw = ABSENT
    value_quantity: Quantity | None = None
    value_string: str | None = None
    interpretation: msgspec.Raw = ABSENT
    reference_range: msgspec.Raw = ABSENT
    note: list[Annotation] | None = None
    specimen: Reference | None = None
    identifier: msgspec.Raw = ABSENT
    encounter: msgspec.Raw = ABSENT
    based_on: msgspec.Raw = ABSENT
    part_of: msgspec.Raw = ABSENT
    derived_from: msgspec.Raw = ABSENT
    method: msgspec.Raw = ABSENT
    device: msgspec.Raw = ABSENT
    language: msgspec.Raw = ABSENT


class _Test(msgspec.Struct, frozen=True):
    """What was measured: as it is called, and as it is coded."""

    display: str
    system: str
    code: str
    is_safeguarding: bool
    concept: CodeableConcept


class _Unusual(Exception):
    """Something that only the whole way deals with."""


_DECODE = msgspec.json.Decoder(_Result).decode
_DECODE_CONCEPT = msgspec.json.Decoder(CodeableConcept | None).decode
_DECODE_CONCEPTS = msgspec.json.Decoder(list[CodeableConcept] | None).decode
_DECODE_RANGES = msgspec.json.Decoder(list[ReferenceRange] | None).decode
_DECODE_REFERENCE = msgspec.json.Decoder(Reference | None).decode
_DECODE_REFERENCES = msgspec.json.Decoder(list[Reference] | None).decode


def is_result(line: bytes) -> bool:
    """Whether a line of NDJSON looks like a result, at its start, where its kind usually stands."""
    return _IS_RESULT.search(line, 0, _LOOKED_AT) is not None


def usual_result(
    raw: bytes, delivery: Delivery, *, has_short_numbers: bool = False
) -> tuple[str, MappedEntry] | None:
    """Map an Observation of the usual shape: its id, and its entry. ``None`` for any other.

    ``raw`` is JSON in UTF-8 that PostgreSQL can keep, but for its numbers, unless these are known
    to be short.
    """
    if delivery.addresses:  # of a bundle, whose references may lead elsewhere
        return None
    try:
        return _mapped(raw, delivery, has_short_numbers=has_short_numbers)
    except (_Unusual, *_FAULTS):
        return None


def _mapped(raw: bytes, delivery: Delivery, *, has_short_numbers: bool) -> tuple[str, MappedEntry]:
    result = _DECODE(raw)
    identity, meta, quantity = result.id, result.meta, result.value_quantity
    if result.resource_type != "Observation" or not identity or len(identity) > _LONGEST_ID:
        raise _Unusual
    test = _test(bytes(result.code))
    value, text, unit = None, "", ""
    if quantity is not None:
        value = quantity.value
        if value is None or not is_plain_number(value):
            raise _Unusual
        text, unit = quantity_text(quantity), unit_text(quantity)
    elif result.value_string is not None:
        text = result.value_string.strip()
    if not has_short_numbers and has_unstorable_number(raw):
        raise _Unusual
    low, high, range_text = _range(bytes(result.reference_range), unit)
    reading = Reading(resource=_NO_RESOURCE, raw=raw, identity=identity, delivery=delivery)
    when = reading.when
    effective = when("effectiveDateTime", result.effective_date_time)
    issued = when("issued", result.issued)
    effective = effective or issued
    performer = _performer(bytes(result.performer))
    if performer is None:
        author = _NOBODY
    elif performer.reference and performer.reference.startswith("#"):
        raise _Unusual
    else:
        author = reading.called(performer)
    version = when("meta.lastUpdated", meta.last_updated) if meta is not None else None
    status, notes = result.status, reading.notes
    return identity, MappedEntry(
        identifier=f"Observation/{identity}",
        person=_patient(bytes(result.subject)),
        category=Category.SAFEGUARDING
        if test.is_safeguarding
        else section_of(
            _category(bytes(result.category)),
            test.concept,
            has_specimen=result.specimen is not None,
        ),
        kind="Observation",
        status=STATUS.get(status or "", EntryStatus.UNKNOWN),
        display=test.display,
        resource=raw,
        version=version.instant if version is not None else None,
        effective=effective.instant if effective is not None else None,
        effective_precision=effective.precision if effective is not None else None,
        recorded=issued.instant if issued is not None else None,
        code_system=test.system,
        code=test.code,
        detail=notes_text(result.note) if result.note else "",
        source_status=status or "",
        value=value,
        value_text=text,
        unit=unit,
        range_low=low,
        range_high=high,
        range_text=range_text,
        interpretation=_interpretation(bytes(result.interpretation)),
        author=author.name,
        author_role=author.role,
        sensitive=bool(delivery.sensitive_codes) and reading.is_sensitive(),
        notes=tuple(dict.fromkeys(notes)) if notes else (),
    )


# ── What comes again and again ──────────────────────────────────────────────────────────────


class _NoResource(Resource):
    """Nothing: what is called by a reference to elsewhere needs no resource of its own."""


_NO_RESOURCE = _NoResource()


@lru_cache(maxsize=4096)
def _test(raw: bytes) -> _Test:
    concept = _DECODE_CONCEPT(raw) if raw else None
    display = words(concept)
    if concept is None or not display:
        raise _Unusual
    coding = preferred_coding(concept)
    return _Test(
        display,
        (coding.system or "") if coding is not None else "",
        (coding.code or "") if coding is not None else "",
        is_of_safeguarding(display),
        concept,
    )


@lru_cache(maxsize=512)
def _category(raw: bytes) -> Category | None:
    return result_category(_DECODE_CONCEPTS(raw)) if raw else None


@lru_cache(maxsize=512)
def _interpretation(raw: bytes) -> str:
    return interpretation_code(_DECODE_CONCEPTS(raw)) if raw else ""


@lru_cache(maxsize=4096)
def _range(raw: bytes, unit: str) -> tuple[Decimal | None, Decimal | None, str]:
    return usual_range(_DECODE_RANGES(raw) if raw else None, unit)


@lru_cache(maxsize=1024)
def _performer(raw: bytes) -> Reference | None:
    performers = _DECODE_REFERENCES(raw) if raw else None
    return performers[0] if performers else None


@lru_cache(maxsize=1024)
def _patient(raw: bytes) -> str:
    """``Patient/<id>``, where a reference says nothing else."""
    subject = _DECODE_REFERENCE(raw) if raw else None
    if subject is None or subject.identifier is not None or not subject.reference:
        raise _Unusual
    address = subject.reference
    found = ADDRESS.search(address)
    if "?" in address or found is None or found[1] != "Patient":
        raise _Unusual
    return f"Patient/{found[2]}"
