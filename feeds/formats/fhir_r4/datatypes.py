"""FHIR R4 datatypes, as far as entries need them, decoded straight from bytes.

Fields that no mapper reads are not named: they are skipped at no cost and stay in the resource
that is kept with the entry. Attribute names are snake case; JSON has them in camel case.
Source: https://hl7.org/fhir/R4/datatypes.html.
"""

from decimal import Decimal

import msgspec

#: A field that is kept undecoded and was not sent (``Raw | None`` would refuse all but null).
ABSENT = msgspec.Raw()


class Datatype(msgspec.Struct, rename="camel", gc=False):
    """A FHIR datatype. Every field is optional, since real feeds leave anything out."""


class Period(Datatype):
    """From and to, either end open."""

    start: str | None = None
    end: str | None = None


class Coding(Datatype):
    """One code in one code system."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(Datatype):
    """A concept: words as entered, and codes that mean it."""

    coding: list[Coding] | None = None
    text: str | None = None


class Extension(Datatype):
    """An extension with the kinds of value that this importer reads."""

    url: str | None = None
    value_string: str | None = None
    value_code: str | None = None
    value_boolean: bool | None = None
    value_date_time: str | None = None
    value_coding: Coding | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_identifier: "Identifier | None" = None
    extension: "list[Extension] | None" = None


class Identifier(Datatype):
    """A business identifier: an NHS number, a hospital number, an ODS code."""

    use: str | None = None
    system: str | None = None
    value: str | None = None
    period: Period | None = None
    extension: list[Extension] | None = None


class Reference(Datatype):
    """A pointer to another resource, by address, by identifier, or by words alone."""

    reference: str | None = None
    type: str | None = None
    identifier: Identifier | None = None
    display: str | None = None


class Quantity(Datatype):
    """A measured amount. ``value`` keeps the digits that were sent."""

    value: Decimal | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Range(Datatype):
    """Low to high, either end open."""

    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Datatype):
    """One amount to another, such as a titre."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Annotation(Datatype):
    """A note."""

    text: str | None = None


class ContactPoint(Datatype):
    """A telephone number or other way to reach somebody."""

    system: str | None = None
    value: str | None = None
    use: str | None = None
    rank: int | None = None
    period: Period | None = None


class HumanName(Datatype):
    """A name. Arrays of primitives may hold null where an extension stands instead."""

    use: str | None = None
    text: str | None = None
    family: str | None = None
    given: list[str | None] | None = None
    prefix: list[str | None] | None = None
    period: Period | None = None


class Address(Datatype):
    """A postal address."""

    use: str | None = None
    type: str | None = None
    text: str | None = None
    line: list[str | None] | None = None
    city: str | None = None
    district: str | None = None
    postal_code: str | None = None
    period: Period | None = None


class Attachment(Datatype):
    """What is known of a document's content; the content itself stays in the resource."""

    content_type: str | None = None
    title: str | None = None
    creation: str | None = None


class Repeat(Datatype):
    """How often something is taken."""

    bounds_period: Period | None = None
    frequency: int | None = None
    frequency_max: int | None = None
    period: Decimal | None = None
    period_unit: str | None = None
    when: list[str | None] | None = None
    time_of_day: list[str | None] | None = None


class Timing(Datatype):
    """A schedule, structured or in words."""

    repeat: Repeat | None = None
    code: CodeableConcept | None = None


class DoseAndRate(Datatype):
    """How much is taken at a time."""

    dose_quantity: Quantity | None = None
    dose_range: Range | None = None
    rate_quantity: Quantity | None = None
    rate_ratio: Ratio | None = None
    rate_range: Range | None = None


class Dosage(Datatype):
    """One instruction of a prescription."""

    sequence: int | None = None
    text: str | None = None
    additional_instruction: list[CodeableConcept] | None = None
    patient_instruction: str | None = None
    timing: Timing | None = None
    as_needed_boolean: bool | None = None
    as_needed_codeable_concept: CodeableConcept | None = None
    site: CodeableConcept | None = None
    route: CodeableConcept | None = None
    method: CodeableConcept | None = None
    dose_and_rate: list[DoseAndRate] | None = None


class Meta(Datatype):
    """What the source says about this version of a resource."""

    last_updated: str | None = None
    security: list[Coding] | None = None


class Resource(
    msgspec.Struct, rename="camel", gc=False, tag_field="resourceType", tag=True, kw_only=True
):
    """What every resource may carry. A subclass's name is its ``resourceType``."""

    id: str | None = None
    meta: Meta | None = None
    identifier: msgspec.Raw = ABSENT
    contained: list[msgspec.Raw] | None = None
    extension: list[Extension] | None = None
    modifier_extension: list[msgspec.Raw] | None = None
