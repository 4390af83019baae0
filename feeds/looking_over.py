"""A look over a batch before anything of it is loaded: what would load, and what would be held.

It reads what loading reads and writes nothing. Where too little of a delivery fits the people whom
its source has, it stops for a person: a column that has shifted would make others of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from feeds.formats import FORMATS
from feeds.loading import PERSON_NOT_KNOWN, TWO_PEOPLE
from feeds.mapped import Held, Item, Mapped, MappedPerson, PassedOver
from feeds.models import Batch
from feeds.raw import read_delivery
from identity.models import SourcePerson
from identity.persons import Said, agrees, identifies
from organisations.models import Organisation

_CHUNK = 1000
#: Of fewer rows a share says little; what is held of them is seen on their page.
FEWEST_ROWS = 10
OTHERS = "Its person would become somebody else: the name or date of birth is another one."


@dataclass(slots=True)
class Findings:
    """Numbers of items: ``read`` is the sum of the others. ``held`` is by reason."""

    read: int = 0
    would_load: int = 0
    passed_over: int = 0
    held: Counter[str] = field(default_factory=Counter)

    @property
    def match(self) -> float:
        """The share that would load, of all that is not passed over; 1 where there is nothing."""
        looked_at = self.read - self.passed_over
        return self.would_load / looked_at if looked_at else 1.0

    def as_json(self, lowest_match: float) -> dict[str, Any]:
        """As it is kept with the batch."""
        return {
            "read": self.read,
            "would_load": self.would_load,
            "passed_over": self.passed_over,
            "held": dict(self.held),
            "match": round(self.match, 4),
            "lowest_match": lowest_match,
            "too_low": self.is_too_low(lowest_match),
        }

    def is_too_low(self, lowest_match: float) -> bool:
        """Whether a person has to look before it is loaded."""
        return self.read - self.passed_over >= FEWEST_ROWS and self.match < lowest_match


def is_looked_over(batch: Batch) -> bool:
    """Whether a batch is of a form that is looked over, and nobody has decided about it yet."""
    begun = batch.delivery_done or batch.items_done
    form = FORMATS[batch.feed.format]
    return form.lowest_match is not None and batch.decided is None and not begun


def lowest_match(batch: Batch) -> float:
    """The share under which a batch stops, by its mapping file."""
    lowest = FORMATS[batch.feed.format].lowest_match
    return lowest(batch.mapping.text if batch.mapping else "") if lowest is not None else 0.0


def look_over(batch: Batch) -> Findings:
    """Read all of a batch, and say what would become of it."""
    look = _Look(batch.feed.organisation)
    for delivery in batch.deliveries.all():
        items = iter(read_delivery(batch, delivery))
        while chunk := list(islice(items, _CHUNK)):
            look.at(chunk)
    return look.findings()


class _Look:
    """Goes through items; remembers whom they are of."""

    def __init__(self, source: Organisation) -> None:
        self._source = source
        self._found = Findings()
        self._brought: dict[str, str] = {}
        self._waiting: Counter[tuple[str, str]] = Counter()

    def at(self, items: list[Item]) -> None:
        """Look at a chunk."""
        known = self._known(items)
        for item in items:
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
                case Mapped(entries=entries) if entries:
                    first = entries[0]
                    self._waiting[(first.person or "", _digits(first.person_nhs_number))] += 1
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
        return self._found

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
