"""Applying items: whom they are of, and what of them is written, inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import DataError, transaction

from access import actions as access
from feeds import absent, courses
from feeds.answers import take_answers
from feeds.boundary import LOOK, boundary_of
from feeds.destroyed import stopped_among
from feeds.formats import FORMATS
from feeds.joined import join_records, replaced_in
from feeds.mapped import (
    Held,
    Item,
    Mapped,
    MappedPerson,
    PassedOver,
    ReadyEntry,
    Snapshot,
    WholeExtract,
)
from feeds.models import Batch, FullExtract, Outcome
from feeds.outcomes import Outcomes
from feeds.possible import with_possible_days
from feeds.ready import ready
from feeds.sensitive import codes_kept_by_their_source
from identity import actions as identity
from identity.joining import SourceMerged
from identity.locks import lock
from identity.models import SourcePerson
from records import actions as records
from records import retiring

#: Held for want of the person; tried again when the whole batch has been read.
PERSON_NOT_KNOWN = "Its person is not known from this source yet."
TWO_PEOPLE = "It names its person by an id and an NHS number that are not one person's."
BY_NUMBER_ONLY = "It names its person by NHS number only; the source's own id is needed."
NOTHING_TO_SHOW = "Too little is said of it to show anything; correct it at the source."
REFUSED_BY_DATABASE = "It holds a value that cannot be stored; correct it at the source."


class _Known(NamedTuple):
    """A source person as an entry's is looked up."""

    pk: int
    resident_id: int
    number_sent: str
    version: datetime | None


class Applier:
    """Applies the items of one batch; remembers who came.

    ``new_persons`` says whether any person is new or changed; ``came`` has whose persons came.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._feed = batch.feed
        self._source = batch.feed.organisation
        self._form = FORMATS[batch.feed.format]
        self._newer: dict[str, FullExtract] = {}
        self.new_persons = False
        self.came: set[str] = set()

    def apply(self, items: list[Item], batch_id: int) -> Outcomes:
        """Write what ready items say. Run in a transaction, in the source's turn."""
        result = Outcomes()
        self._newer = absent.newer_than(self._batch) if self._form.full_extracts else {}
        items = self._let_through(items, result)
        persons = self._sorted_out(items, result)
        # Everyone whom the chunk names, so that nobody is joined with another while it loads.
        people, replaced = people_of(items), replaced_in(items)
        lock(
            source=self._source.pk,
            identifiers={person.identifier for person in persons.values()} | people | replaced,
        )
        changed, refused = self._receive_persons(items, persons, result, batch_id)
        if replaced:
            changed |= self._join(items, result)
        made, told = courses.composed(
            items,
            source=self._source,
            compose=self._form.compose,
            sensitive_codes=codes_kept_by_their_source(),
        )
        changed |= told
        if made is not items:
            items = [ready(item) for item in made]
            _count_untold(items, changed, result)
            people = people_of(items)
        self._merge(items, people, changed, refused, result, batch_id)
        for item in items:
            if isinstance(item.outcome, Snapshot):
                self._retire(item.outcome, result, batch_id)
        return result

    def _let_through(self, items: list[Item], result: Outcomes) -> list[Item]:
        """What is not of somebody who objects to this council's use of the NHS number.

        Nor of a record that was destroyed when its time was over.
        """
        over = stopped_among(items, self._source.pk)
        for position in sorted(over):
            result.stop(items[position])
        if over:
            items = [item for position, item in enumerate(items) if position not in over]
        boundary = boundary_of(self._source)
        if not boundary:
            return items
        # Persons first: their number tells of a case number that is new.
        cases = len(boundary.identifiers)
        stopped = {
            position
            for position, item in enumerate(items)
            if isinstance(item.outcome, Mapped)
            and item.outcome.person is not None
            and boundary.stops(item)
        }
        stopped |= {position for position, item in enumerate(items) if boundary.stops(item)}
        self.new_persons |= len(boundary.identifiers) > cases
        for position in sorted(stopped):
            result.stop(items[position])
        result.stopped += [
            f"{LOOK}{item.pointer}"
            for item in items
            if isinstance(item.outcome, PassedOver) and not item.is_wrapper
        ]
        return [item for position, item in enumerate(items) if position not in stopped]

    @staticmethod
    def _sorted_out(items: list[Item], result: Outcomes) -> dict[int, MappedPerson]:
        """Count what makes nothing; the persons by their positions."""
        persons: dict[int, MappedPerson] = {}
        for position, item in enumerate(items):
            match item.outcome:
                case Mapped(person=person):
                    if person is not None:
                        persons[position] = person
                case PassedOver(reason):
                    if item.is_wrapper:
                        result.wrappers += 1
                    else:
                        result.count(Outcome.PASSED_OVER, item, reason)
                case Held(reason):
                    result.hold(item, reason)
                case Snapshot() | WholeExtract():
                    result.wrappers += 1
        return persons

    # ── Persons ─────────────────────────────────────────────────────────────────────────────

    def _receive_persons(
        self,
        items: list[Item],
        persons: dict[int, MappedPerson],
        result: Outcomes,
        batch_id: int,
    ) -> tuple[set[int], set[int]]:
        """The positions of the persons that changed, and of those that are held for an answer."""
        sent = persons
        received_on = self._batch.received.date()
        persons = {
            position: with_possible_days(person, received_on)
            for position, person in self._without_passing(persons).items()
        }
        received = identity.receive_persons(
            list(persons.values()),
            source=self._source,
            trusted_for_numbers=self._feed.trusted_for_nhs_numbers,
            given_in=batch_id,
        )
        self.came |= {person.identifier for person in persons.values()}
        access.relationships_are_due([one.resident_id for one in received if one.changed])
        self.new_persons |= any(one.changed for one in received)
        changed = {position for position, one in zip(persons, received, strict=True) if one.changed}
        answered = take_answers(persons, received, feed=self._feed)
        changed |= answered.recorded
        for position, reason in answered.refused.items():
            result.hold(items[position], reason)
        for position in sent:
            item = items[position]
            if _is_person_alone(item) and position not in answered.refused:
                result.count(Outcome.LOADED if position in changed else Outcome.UNCHANGED, item)
        return changed, set(answered.refused)

    def _without_passing(self, persons: dict[int, MappedPerson]) -> dict[int, MappedPerson]:
        """Without those whom another system only names: of whom their own one has spoken.

        Nobody is made of a number alone: without a name they wait until somebody introduces them.
        """
        passing = {person.identifier for person in persons.values() if person.in_passing}
        if not passing:
            return persons
        spoken_of = set(
            SourcePerson.objects.filter(
                source=self._source, identifier__in=passing, version__isnull=False
            ).values_list("identifier", flat=True)
        )
        return {
            position: person
            for position, person in persons.items()
            if not person.in_passing or (person.family_name and person.identifier not in spoken_of)
        }

    def _join(self, items: list[Item], result: Outcomes) -> set[int]:
        """Records that the source joined: one whose other half has not come yet waits for it."""
        answers = join_records(items, self._source)
        for position, answer in answers.items():
            if answer is SourceMerged.NOT_KNOWN:
                result.hold(items[position], PERSON_NOT_KNOWN)
            else:
                same = answer is SourceMerged.SAME
                result.count(Outcome.UNCHANGED if same else Outcome.LOADED, items[position])
        return {position for position, answer in answers.items() if answer is SourceMerged.MERGED}

    # ── Entries ─────────────────────────────────────────────────────────────────────────────

    def _merge(
        self,
        items: list[Item],
        people: set[str],
        persons_changed: set[int],
        refused_answers: set[int],
        result: Outcomes,
        batch_id: int,
    ) -> None:
        known = self._known_persons(people)
        arrivals: list[records.Arrival] = []
        may_be_older = bool(self._newer) or self._form.whole_record
        for position, item in enumerate(items):
            outcome = item.outcome
            if not isinstance(outcome, Mapped) or not outcome.ready or position in refused_answers:
                continue
            why_not = _why_held(outcome.ready, known)
            if why_not:
                result.hold(item, why_not)
                continue
            if may_be_older and self._is_older(outcome.ready, known):
                result.count(Outcome.UNCHANGED, item)
                continue
            for entry in outcome.ready:
                if entry.person is not None:
                    whose = known[entry.person]
                    arrivals.append(
                        records.Arrival(position, entry.row, whose.pk, whose.resident_id)
                    )
        refused: set[int] = set()
        written = self._merge_or_split(arrivals, refused, batch_id)
        for position in sorted(refused):
            result.hold(items[position], REFUSED_BY_DATABASE)
        came = {arrival.position for arrival in arrivals} - refused
        loaded = came & (written | persons_changed)
        result.count_all(Outcome.LOADED, [items[position] for position in loaded])
        result.count_all(Outcome.UNCHANGED, [items[position] for position in came - loaded])

    def _is_older(self, entries: tuple[ReadyEntry, ...], known: Mapping[str, _Known]) -> bool:
        """Whether an item is of before what holds now: a full extract, or a person's snapshot.

        What it has and the newer one has not must not come back.
        """
        if self._newer and absent.is_older((entry.row for entry in entries), self._newer):
            return True
        return self._form.whole_record and any(
            entry.row.version is not None
            and (newest := known[entry.person].version) is not None
            and entry.row.version < newest
            for entry in entries
            if entry.person is not None
        )

    def _known_persons(self, wanted: set[str]) -> dict[str, _Known]:
        found = SourcePerson.objects.filter(source=self._source, identifier__in=wanted)
        columns = found.values_list("identifier", "pk", "resident", "nhs_number_sent", "version")
        return {
            identifier: _Known(pk, resident, _digits(number), version)
            for identifier, pk, resident, number, version in columns
        }

    def _merge_or_split(
        self, arrivals: list[records.Arrival], refused: set[int], batch_id: int
    ) -> set[int]:
        """Merge; where PostgreSQL refuses a value, halve until the item that holds it is alone."""
        try:
            with transaction.atomic():
                return records.merge_entries(
                    arrivals,
                    source=self._source,
                    feed_id=self._feed.pk,
                    batch_id=batch_id,
                    made_of_all=self._form.compose is not None,
                )
        except DataError:
            positions = sorted({arrival.position for arrival in arrivals})
            if len(positions) == 1:
                refused.add(positions[0])
                return set()
            middle = positions[len(positions) // 2]
            left = [arrival for arrival in arrivals if arrival.position < middle]
            right = [arrival for arrival in arrivals if arrival.position >= middle]
            return self._merge_or_split(left, refused, batch_id) | self._merge_or_split(
                right, refused, batch_id
            )

    def _retire(self, snapshot: Snapshot, result: Outcomes, batch_id: int) -> None:
        """What a newer snapshot of a person does not have is no longer in the source's record."""
        person = SourcePerson.objects.filter(
            source=self._source, identifier=snapshot.person
        ).first()
        if person is None or (person.version is not None and snapshot.taken < person.version):
            return
        for kind in retiring.retire_absent(
            person,
            present=sorted(snapshot.present),
            taken=snapshot.taken,
            feed_id=self._feed.pk,
            batch_id=batch_id,
        ):
            result.counts[(Outcome.RETIRED, kind, "")] += 1


def _count_untold(items: list[Item], changed: set[int], result: Outcomes) -> None:
    """Items that told something of which nothing can be shown: held, unless it may be empty."""
    for position, item in enumerate(items):
        outcome = item.outcome
        if not isinstance(outcome, Mapped) or outcome.ready:
            continue
        if any(not told.may_be_empty for told in outcome.told):
            result.hold(item, NOTHING_TO_SHOW)
        elif outcome.told:
            result.count(Outcome.LOADED if position in changed else Outcome.UNCHANGED, item)


def _is_person_alone(item: Item) -> bool:
    """Whether an item is a person, and neither entries nor anything else depends on it."""
    match item.outcome:
        case Mapped(person=MappedPerson(), entries=(), told=(), replaces=(), ready=()):
            return True
        case _:
            return False


def people_of(items: Iterable[Item]) -> set[str]:
    """The source's own identifiers of those whose entries these are."""
    named = {
        entry.person
        for item in items
        if isinstance(item.outcome, Mapped)
        for entry in item.outcome.ready
    }
    return {each for each in named if each is not None}


def _why_held(entries: Iterable[ReadyEntry], known: Mapping[str, _Known]) -> str | None:
    """Why an item cannot be anybody's yet, if so."""
    for entry in entries:
        if entry.person is None:
            return BY_NUMBER_ONLY
        person = known.get(entry.person)
        if person is None:
            return PERSON_NOT_KNOWN
        if entry.person_nhs_number and person.number_sent:
            said = _digits(entry.person_nhs_number)
            if said and said != person.number_sent:
                return TWO_PEOPLE
    return None


def _digits(number: str) -> str:
    return "".join(letter for letter in number if letter.isdigit())
