"""A look over a batch before anything of it is loaded: what would load, and what would be held.

It reads what loading reads and writes nothing. Where too little of a delivery fits the people whom
its source has, it stops for a person: a column that has shifted would make others of them. Where it
is a snapshot and would retire an unusual share of what it replaces, it stops as well: it may have
been cut off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.conf import settings

from feeds import absent
from feeds.ahead import mapped_chunks
from feeds.applying import PERSON_NOT_KNOWN, TWO_PEOPLE
from feeds.formats import FORMATS
from feeds.mapped import Held, Item, Mapped, MappedPerson, PassedOver, Snapshot
from feeds.models import Batch
from identity.models import SourcePerson
from identity.persons import Said, agrees, identifies
from records import retiring

_CHUNK = 1000
#: Of fewer rows, or of fewer that would be retired, a share says little.
FEWEST_ROWS = 10
FEWEST_RETIRED = 10
OTHERS = "Its person would become somebody else: the name or date of birth is another one."


@dataclass(frozen=True, slots=True)
class Limits:
    """The shares at which a batch stops: of what would load, and of what would be retired."""

    lowest_match: float
    highest_retired: float


@dataclass(slots=True)
class Findings:
    """Numbers of items: ``read`` is the sum of the others. ``held`` is by reason.

    Beside them what would be retired: how many entries, and the highest share of any one snapshot
    that would retire more than a few.
    """

    read: int = 0
    would_load: int = 0
    passed_over: int = 0
    held: Counter[str] = field(default_factory=Counter)
    would_retire: int = 0
    retired_share: float = 0.0
    extract: list[dict[str, Any]] = field(default_factory=list)

    @property
    def match(self) -> float:
        """The share that would load, of all that is not passed over; 1 where there is nothing."""
        looked_at = self.read - self.passed_over
        return self.would_load / looked_at if looked_at else 1.0

    def retire(self, found: retiring.Retirement) -> None:
        """Take in what one snapshot would retire."""
        self.would_retire += found.absent
        if found.absent >= FEWEST_RETIRED:
            self.retired_share = max(self.retired_share, found.absent / found.held)

    def as_json(self, limits: Limits) -> dict[str, Any]:
        """As it is kept with the batch."""
        return {
            "read": self.read,
            "would_load": self.would_load,
            "passed_over": self.passed_over,
            "held": dict(self.held),
            "match": round(self.match, 4),
            "lowest_match": limits.lowest_match,
            "too_low": self.is_too_low(limits),
            "would_retire": self.would_retire,
            "retired_share": round(self.retired_share, 4),
            "highest_retired": limits.highest_retired,
            "retires_too_much": self.retires_too_much(limits),
            "extract": self.extract,
        }

    def is_too_low(self, limits: Limits) -> bool:
        """Whether so little would load that a person has to look first."""
        return self.read - self.passed_over >= FEWEST_ROWS and self.match < limits.lowest_match

    def retires_too_much(self, limits: Limits) -> bool:
        """Whether so much would be retired that a person has to look first."""
        return self.retired_share > limits.highest_retired


def is_looked_over(batch: Batch) -> bool:
    """Whether a batch is of a form that is looked over, and nobody has decided about it yet."""
    begun = batch.delivery_done or batch.items_done
    form = FORMATS[batch.feed.format]
    looked_at = form.lowest_match is not None or form.whole_record
    return looked_at and batch.decided is None and not begun


def limits_of(batch: Batch) -> Limits:
    """The shares at which a batch stops: by its mapping file, else as they are configured."""
    form = FORMATS[batch.feed.format]
    mapping = batch.mapping.text if batch.mapping else ""
    highest = form.highest_retired(mapping) if form.highest_retired is not None else None
    return Limits(
        lowest_match=form.lowest_match(mapping) if form.lowest_match is not None else 0.0,
        highest_retired=settings.HIGHEST_RETIRED if highest is None else highest,
    )


def look_over(batch: Batch) -> Findings:
    """Read all of a batch, and say what would become of it."""
    look = _Look(batch)
    for delivery in batch.deliveries.all():
        for items, _read in mapped_chunks(batch, delivery):
            look.at(items)
    return look.findings()


class _Look:
    """Goes through items; remembers whom they are of."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._source = batch.feed.organisation
        self._found = Findings()
        # Only a mapping file says that a delivery is a full extract.
        self._present = absent.Present(self._source) if batch.mapping_id else None
        self._brought: dict[str, str] = {}
        self._waiting: Counter[tuple[str, str]] = Counter()

    def at(self, items: list[Item]) -> None:
        """Look at a chunk."""
        known = self._known(items)
        if self._present is not None:
            self._present.take(items)
        for item in items:
            if isinstance(item.outcome, Snapshot):
                self._look_at_absent(item.outcome)
            if item.is_wrapper:
                continue
            self._found.read += 1
            match item.outcome:
                case PassedOver():
                    self._found.passed_over += 1
                case Held(reason):
                    self._found.held[reason] += 1
                case Mapped(person=MappedPerson() as person):
                    self._brought[person.identifier] = _digits(person.nhs_number)
                    held = known.get(person.identifier)
                    if held is not None and identifies(held) and not agrees(person, held):
                        self._found.held[OTHERS] += 1
                    else:
                        self._found.would_load += 1
                case Mapped() as mapped if (first := next(mapped.whose(), None)) is not None:
                    whose, number = first
                    self._waiting[(whose or "", _digits(number))] += 1
                case _:
                    self._found.would_load += 1

    def findings(self) -> Findings:
        """All that was found: now it is known who came."""
        waiting = iter(self._waiting.items())
        while chunk := list(islice(waiting, _CHUNK)):
            sent = self._numbers({person for (person, _), _ in chunk}) | self._brought
            for (person, number), count in chunk:
                if person not in sent:
                    self._found.held[PERSON_NOT_KNOWN] += count
                elif number and sent[person] and number != sent[person]:
                    self._found.held[TWO_PEOPLE] += count
                else:
                    self._found.would_load += count
        if self._present is not None and self._present.wholes:
            self._found.extract = absent.as_json(self._present)
            self._found.retire(absent.would_retire(self._batch, self._present))
        return self._found

    def _look_at_absent(self, snapshot: Snapshot) -> None:
        """What a snapshot of one person would retire; nothing if it is an older one."""
        person = SourcePerson.objects.filter(
            source=self._source, identifier=snapshot.person
        ).first()
        if person is None or (person.version is not None and snapshot.taken < person.version):
            return
        self._found.retire(
            retiring.would_retire(
                person,
                present=sorted(snapshot.present),
                taken=snapshot.taken,
                feed_id=self._batch.feed_id,
                batch_id=self._batch.brought_by,
            )
        )

    def _known(self, items: Iterable[Item]) -> dict[str, Said]:
        wanted = [person.identifier for person in _persons(items)]
        found = SourcePerson.objects.filter(source=self._source, identifier__in=wanted)
        return {known.identifier: Said.from_json(known.said) for known in found}

    def _numbers(self, wanted: set[str]) -> dict[str, str]:
        found = SourcePerson.objects.filter(source=self._source, identifier__in=wanted)
        return {
            identifier: _digits(number)
            for identifier, number in found.values_list("identifier", "nhs_number_sent")
        }


def _persons(items: Iterable[Item]) -> Iterator[MappedPerson]:
    for item in items:
        if isinstance(item.outcome, Mapped) and item.outcome.person is not None:
            yield item.outcome.person


def _digits(number: str | None) -> str:
    return "".join(letter for letter in number or "" if letter.isdigit())
