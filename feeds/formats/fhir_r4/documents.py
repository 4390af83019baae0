"""Letters, reports and completed forms."""

from collections.abc import Iterator
from decimal import Decimal

from feeds.formats.fhir_r4.datatypes import (
    Attachment,
    CodeableConcept,
    Coding,
    Datatype,
    Period,
    Quantity,
    Reference,
    Resource,
)
from feeds.formats.fhir_r4.reading import Reading
from feeds.formats.fhir_r4.words import number_text, quantity_text, sentences, words
from feeds.mapped import EntryStatus, MappedEntry
from organisations.categories import Category

_STATUS = {
    "current": EntryStatus.CURRENT,
    "superseded": EntryStatus.PAST,
    "preliminary": EntryStatus.CURRENT,
    "final": EntryStatus.CURRENT,
    "amended": EntryStatus.CURRENT,
    "in-progress": EntryStatus.CURRENT,
    "completed": EntryStatus.CURRENT,
    "stopped": EntryStatus.CANCELLED,
    "entered-in-error": EntryStatus.ENTERED_IN_ERROR,
}
_DEEPEST_GROUP = 20


class Content(Datatype):
    """One form of a document."""

    attachment: Attachment | None = None


class DocumentContext(Datatype):
    """What the document is about."""

    period: Period | None = None


class DocumentReference(Resource, kw_only=True):
    """A document, held in the resource or elsewhere."""

    status: str | None = None
    doc_status: str | None = None
    type: CodeableConcept | None = None
    category: list[CodeableConcept] | None = None
    subject: Reference | None = None
    date: str | None = None
    author: list[Reference] | None = None
    custodian: Reference | None = None
    description: str | None = None
    content: list[Content] | None = None
    context: DocumentContext | None = None


class Section(Datatype):
    """A part of a composition."""

    title: str | None = None


class Composition(Resource, kw_only=True):
    """A document made of resources, such as a discharge summary."""

    status: str | None = None
    type: CodeableConcept | None = None
    subject: Reference | None = None
    date: str | None = None
    author: list[Reference] | None = None
    title: str | None = None
    custodian: Reference | None = None
    section: list[Section] | None = None


class Answer(Datatype):
    """One answer on a form."""

    value_boolean: bool | None = None
    value_decimal: Decimal | None = None
    value_integer: int | None = None
    value_date: str | None = None
    value_date_time: str | None = None
    value_time: str | None = None
    value_string: str | None = None
    value_uri: str | None = None
    value_coding: Coding | None = None
    value_quantity: Quantity | None = None
    value_reference: Reference | None = None
    item: "list[FormItem] | None" = None


class FormItem(Datatype):
    """A question or a group of questions."""

    text: str | None = None
    answer: list[Answer] | None = None
    item: "list[FormItem] | None" = None


class QuestionnaireResponse(Resource, kw_only=True):
    """A completed form."""

    status: str | None = None
    questionnaire: str | None = None
    subject: Reference | None = None
    authored: str | None = None
    author: Reference | None = None
    item: list[FormItem] | None = None


def map_document(resource: DocumentReference, reading: Reading) -> MappedEntry:
    """Map a document: its type is the display; its description and titles are the detail."""
    attachments = [c.attachment for c in resource.content or () if c.attachment is not None]
    titles = list(dict.fromkeys(a.title.strip() for a in attachments if a.title))
    kind = words(resource.type)
    description = (resource.description or "").strip()
    display = kind or description or (titles[0] if titles else "") or "Document"
    withdrawn = "entered-in-error" in (resource.status, resource.doc_status)
    period = resource.context.period if resource.context is not None else None
    date = reading.when("date", resource.date)
    made = next((a.creation for a in attachments if a.creation), None)
    return reading.entry(
        subject=resource.subject,
        category=Category.DOCUMENTS,
        status=EntryStatus.ENTERED_IN_ERROR
        if withdrawn
        else _STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=sentences(resource.status, resource.doc_status),
        concept=resource.type,
        display=display,
        effective=date
        or reading.when("content.attachment.creation", made)
        or reading.start("context.period", period),
        recorded=date,
        detail=sentences(*(text for text in (description, *titles) if text != display)),
        author=reading.called(resource.author[0]) if resource.author else None,
        place=reading.called(resource.custodian).name,
    )


def map_composition(resource: Composition, reading: Reading) -> MappedEntry:
    """Map a composition by its title; its sections stay in the resource."""
    sections = (section.title for section in resource.section or ())
    return reading.entry(
        subject=resource.subject,
        category=Category.DOCUMENTS,
        status=_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        concept=resource.type,
        display=(resource.title or "").strip() or words(resource.type),
        effective=reading.when("date", resource.date),
        detail=sentences(*sections),
        author=reading.called(resource.author[0]) if resource.author else None,
        place=reading.called(resource.custodian).name,
    )


def _answer_text(answer: Answer, reading: Reading) -> str:
    if answer.value_boolean is not None:
        return "Yes" if answer.value_boolean else "No"
    if answer.value_decimal is not None:
        return number_text(answer.value_decimal)
    if answer.value_integer is not None:
        return str(answer.value_integer)
    if answer.value_coding is not None:
        return (answer.value_coding.display or answer.value_coding.code or "").strip()
    if answer.value_quantity is not None:
        return quantity_text(answer.value_quantity)
    if answer.value_reference is not None:
        return reading.called(answer.value_reference).name
    moment = answer.value_date or answer.value_date_time or answer.value_time or ""
    return (answer.value_string or moment.replace("T", " ") or answer.value_uri or "").strip()


def _answers(items: list[FormItem] | None, reading: Reading, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST_GROUP:
        return
    for item in items or ():
        given = item.answer or []
        said = ", ".join(text for a in given if (text := _answer_text(a, reading)))
        if said:
            yield f"{(item.text or '').strip() or 'Answer'}: {said}"
        for answer in given:
            yield from _answers(answer.item, reading, depth + 1)
        yield from _answers(item.item, reading, depth + 1)


def map_form(resource: QuestionnaireResponse, reading: Reading) -> MappedEntry:
    """Map a completed form: the form's title where the delivery has it, and every answer."""
    form = (resource.questionnaire or "").partition("|")[0]
    named = reading.delivery.called(form) if form else None
    authored = reading.when("authored", resource.authored)
    return reading.entry(
        subject=resource.subject,
        category=Category.DOCUMENTS,
        status=_STATUS.get(resource.status or "", EntryStatus.UNKNOWN),
        source_status=resource.status,
        display=(named.name if named is not None else "") or "Completed form",
        effective=authored,
        recorded=authored,
        detail=sentences(*_answers(resource.item, reading)),
        author=reading.called(resource.author),
    )
