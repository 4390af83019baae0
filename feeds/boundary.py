"""The boundary of a council: what it sends of a person who objects to its use of the NHS number.

Nothing of it is loaded or kept, the raw bytes included. Whose it is, is told by the council's own
case number: the identifiers under which the person was known before the objection, or under which
they came since with an NHS number that is theirs. What was loaded before stays where it is and is
withheld (rule R3.4); so does the raw delivery that it came in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from consent.models import Choice
from consent.selectors import objectors
from consent.standing import one_person
from feeds.mapped import Held, Item, Mapped, MappedPerson, Snapshot
from feeds.models import Batch, BatchState, Chunk, Delivery, ExtractRequest, StoppedCase
from feeds.raw import keep_piece
from identity.models import ResidentNhsNumber, SourcePerson
from identity.sealed import unseal
from organisations.models import Organisation, OrganisationKind

CHUNK_BYTES = 1_048_576
#: A shorter number of a case would be found in places where it means something else.
_SHORTEST = 4
#: Marks a place in a delivery that nothing was made of: it goes if it names somebody who objects.
LOOK = "?"
_OF_BUNDLE = re.compile(r"entry\[\d+\]|bundle")
#: ``line 4``, ``lines 4-6`` (a row of CSV with line ends in it), ``line 4.entry[2]``.
_OF_LINES = re.compile(r"lines? (\d+)(?:-(\d+))?(?![\d-])")
_SPACES = re.compile(rb"[\s\-]+")


@dataclass(slots=True)
class Boundary:
    """What may not pass, as it is at this statement: by identifier, case number and NHS number."""

    source: int
    identifiers: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    _words: re.Pattern[bytes] | None = None

    def __bool__(self) -> bool:
        return bool(self.identifiers or self.numbers)

    def stops(self, item: Item) -> bool:
        """Whether an item is of somebody who objects. A new case number of theirs is noted."""
        match item.outcome:
            case Mapped(person=MappedPerson() as person) if self._is_theirs(person):
                return True
            case Mapped() as mapped:
                return any(
                    person in self.identifiers or _digits(number) in self.numbers
                    for person, number in mapped.whose()
                )
            case Snapshot(person=person):
                return person in self.identifiers
            case Held():
                return self.mentions(item.raw)
            case _:
                return False

    def mentions(self, raw: bytes) -> bool:
        """Whether bytes that nobody could map name somebody who objects."""
        if self._words is None:
            words = [*self.identifiers, *(word.partition("|")[2] for word in self.identifiers)]
            escaped = [re.escape(word.encode()) for word in set(words) if len(word) >= _SHORTEST]
            self._words = re.compile(
                rb"(?<![\w])(?:" + b"|".join(escaped or [rb"(?!)"]) + rb")(?![\w.\-])"
            )
        if self._words.search(raw):
            return True
        joined = _SPACES.sub(b"", raw)
        return any(number.encode() in joined for number in self.numbers)

    def _is_theirs(self, person: MappedPerson) -> bool:
        known = [person.identifier, *person.local_identifiers]
        whose = next((self.identifiers[each] for each in known if each in self.identifiers), None)
        if whose is None:
            whose = self.numbers.get(_digits(person.nhs_number))
        if whose is None:
            return False
        for each in known:
            self.note(each, whose)
        return True

    def note(self, identifier: str, resident: int) -> None:
        """Keep an identifier under which somebody who objects came."""
        if identifier in self.identifiers:
            return
        self.identifiers[identifier] = resident
        self._words = None
        StoppedCase.objects.get_or_create(
            source_id=self.source, identifier=identifier, defaults={"resident_id": resident}
        )


def boundary_of(source: Organisation) -> Boundary:
    """What of a source may not pass now. Empty for whoever is no council."""
    boundary = Boundary(source.pk)
    if source.kind != OrganisationKind.ADULT_SOCIAL_CARE:
        return boundary
    whose = objectors(source.pk)
    if not whose:
        return boundary
    persons = SourcePerson.objects.filter(source=source, resident__in=whose)
    for identifier, local, resident in persons.values_list(
        "identifier", "local_identifiers", "resident"
    ):
        boundary.identifiers |= dict.fromkeys([identifier, *local], resident)
    boundary.identifiers |= dict(
        StoppedCase.objects.filter(source=source, resident__in=whose).values_list(
            "identifier", "resident"
        )
    )
    boundary.numbers = dict(
        ResidentNhsNumber.objects.filter(resident__in=whose, valid_until=None).values_list(
            "number", "resident"
        )
    )
    return boundary


# ── The raw bytes ───────────────────────────────────────────────────────────────────────────


def cut_out(batch: Batch, source: Organisation) -> None:
    """Take what was stopped out of the raw deliveries of this feed that are loaded.

    Call it in a transaction. Lines of NDJSON and entries of one JSON bundle go by themselves; of
    any other form the whole file is no longer kept, because nothing less would be sure.
    """
    waiting = Delivery.objects.filter(batch__feed=batch.feed_id).exclude(stopped=[])
    waiting = waiting.filter(batch=batch) | waiting.filter(batch__state=BatchState.LOADED)
    boundary = boundary_of(source)
    for delivery in waiting.distinct():
        keep_bytes(delivery, without(bytes_of(delivery), delivery.stopped, boundary))
        Delivery.objects.filter(pk=delivery.pk).update(stopped=[])


def bytes_of(delivery: Delivery) -> bytes:
    """The raw bytes that are kept of a delivery, unsealed."""
    chunks = Chunk.objects.filter(delivery=delivery).order_by("position")
    return b"".join(
        unseal(chunk, purpose="delivery") for chunk in chunks.values_list("content", flat=True)
    )


def keep_bytes(delivery: Delivery, content: bytes) -> None:
    """Keep these bytes of a delivery, sealed, in place of those that were kept."""
    Chunk.objects.filter(delivery=delivery).delete()
    for position, start in enumerate(range(0, len(content), CHUNK_BYTES)):
        keep_piece(delivery, position, content[start : start + CHUNK_BYTES])


def without(content: bytes, pointers: Iterable[str], boundary: Boundary) -> bytes:
    """A delivery's bytes without what stands at these places, or names somebody who objects.

    A place that begins with :data:`LOOK` is only to be looked at.
    """
    places = {pointer.removeprefix(LOOK) for pointer in pointers}
    gone = {pointer for pointer in pointers if not pointer.startswith(LOOK)}
    if any(_OF_LINES.match(place) for place in places):
        if any(place.startswith("row ") for place in gone):
            return b""
        lines = content.split(b"\n")
        out = _lines_at(gone)
        for first, last in (_span(place) for place in places):
            if boundary.mentions(b"\n".join(lines[first - 1 : last])):
                out |= set(range(first, last + 1))
        return b"\n".join(
            line
            for number, line in enumerate(lines, start=1)
            if number not in out and not boundary.mentions(line)
        )
    if not gone and not boundary.mentions(content):
        return content
    entries = _entries_of(content)
    if entries is None or not all(_OF_BUNDLE.fullmatch(place) for place in places):
        return b""
    document, members = entries
    document["entry"] = [
        entry
        for number, entry in enumerate(members)
        if f"entry[{number}]" not in gone and not boundary.mentions(_bytes(entry))
    ]
    return _bytes(document)


def _entries_of(content: bytes) -> tuple[dict[str, Any], list[Any]] | None:
    """A JSON bundle and its entries; ``None`` where it is anything else."""
    try:
        document = json.loads(content)
    except ValueError:
        return None
    members = document.get("entry") if isinstance(document, dict) else None
    return (document, members) if isinstance(members, list) else None


def _bytes(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _span(place: str) -> tuple[int, int]:
    """The first and the last line of a place in a file of lines; (1, 0) of any other."""
    found = _OF_LINES.match(place)
    return (int(found[1]), int(found[2] or found[1])) if found else (1, 0)


def _lines_at(places: Iterable[str]) -> set[int]:
    """The numbers of the lines on which these places stand."""
    return {number for first, last in map(_span, places) for number in range(first, last + 1)}


def _digits(number: str | None) -> str:
    return "".join(letter for letter in number or "" if letter in "0123456789")


# ── Asking for what was stopped ─────────────────────────────────────────────────────────────


def answer_requests(batch: Batch, source: Organisation, persons: Iterable[str]) -> None:
    """A batch that brings the persons whose objection ended answers the request for an extract."""
    for request in ExtractRequest.objects.filter(
        source=source, answered=None, due__lte=batch.received
    ):
        theirs = SourcePerson.objects.filter(
            source=source,
            identifier__in=list(persons),
            resident__in=_one_person(request.choice_id),
        )
        if theirs.exists():
            ExtractRequest.objects.filter(pk=request.pk).update(answered=batch)


def _one_person(choice_id: int) -> list[int]:
    return one_person(Choice.objects.values_list("resident_id", flat=True).get(pk=choice_id))
