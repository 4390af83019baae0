"""Loading a batch: chunk by chunk, each a transaction of its own, resumable anywhere."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from django.db import DataError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from access import actions as access
from audit import actions as audit
from audit.models import Action
from feeds import absent, courses
from feeds.answers import ANSWER_OF_WHOM, take_answers
from feeds.boundary import LOOK, answer_requests, boundary_of, cut_out
from feeds.formats import FORMATS
from feeds.joined import join_records, replaced_in
from feeds.mapped import (
    Held,
    Item,
    Mapped,
    MappedEntry,
    MappedPerson,
    PassedOver,
    Snapshot,
    WholeExtract,
)
from feeds.models import (
    Batch,
    BatchState,
    Delivery,
    FullExtract,
    HeldContent,
    Hold,
    Outcome,
    Tally,
)
from feeds.raw import DeliveryStream, read_content, read_delivery
from feeds.sensitive import codes_kept_by_their_source
from identity import actions as identity
from identity.joining import SourceMerged
from identity.locks import lock
from identity.models import SourcePerson
from identity.sealed import seal, unseal
from organisations.models import Feed
from records import actions as records
from records import retiring

CHUNK_ITEMS = 1000
#: A chunk of fewer items has this many entries at most, and this many bytes of them, or a bit more.
CHUNK_ENTRIES = 4000
CHUNK_BYTES = 16 << 20

#: Held for want of the person; tried again when the whole batch has been read.
PERSON_NOT_KNOWN = "Its person is not known from this source yet."
TWO_PEOPLE = "It names its person by an id and an NHS number that are not one person's."
BY_NUMBER_ONLY = "It names its person by NHS number only; the source's own id is needed."
NOTHING_TO_SHOW = "Too little is said of it to show anything; correct it at the source."
REFUSED_BY_DATABASE = "It holds a value that cannot be stored; correct it at the source."


@dataclass(slots=True)
class _Result:
    """What became of a chunk: counts by (outcome, type, reason), and what was set aside."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    holds: list[tuple[Item, str]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    wrappers: int = 0

    def count(self, outcome: Outcome, item: Item, reason: str = "") -> None:
        self.counts[(outcome, item.resource_type, reason)] += 1

    def hold(self, item: Item, reason: str) -> None:
        self.count(Outcome.HELD, item, reason)
        self.holds.append((item, reason))

    def stop(self, item: Item) -> None:
        """Of somebody who objects: counted, and nothing of it kept."""
        self.count(Outcome.STOPPED, item)
        self.stopped.append(item.pointer)


class Loader:
    """Loads one batch. Held by its worker alone."""

    def __init__(self, batch: Batch, progress: Callable[[Batch], None]) -> None:
        self._batch = batch
        self._feed: Feed = batch.feed
        self._source = batch.feed.organisation
        self._progress = progress
        self._new_persons = False
        self._came: set[str] = set()
        self._newer: dict[str, FullExtract] = {}

    def run(self) -> None:
        """Load what is left, try again what lacked its person, and derive relationships."""
        with transaction.atomic():
            self._one_at_a_time()
            absent.begin(self._batch)
        deliveries = list(self._batch.deliveries.filter(position__gte=self._batch.delivery_done))
        for delivery in deliveries:
            self._deliver(delivery)
        self._try_held_again()
        self._retire_absent()
        while records.renew_due_relationships():
            self._beat()
        with transaction.atomic():
            self._one_at_a_time()
            cut_out(self._batch, self._source)
            answer_requests(self._batch, self._source, self._came)
            now = timezone.now()
            Batch.objects.filter(pk=self._batch.pk).update(
                state=BatchState.LOADED, finished=now, heartbeat=now
            )
            # A batch of which something was tried again may be older than the last one.
            Feed.objects.filter(pk=self._feed.pk).exclude(
                last_received__gte=self._batch.received
            ).update(last_received=self._batch.received)
            audit.record(
                Action.IMPORT_LOADED,
                organisation_id=self._source.pk,
                organisation_name=self._source.name,
                detail={
                    "batch": str(self._batch.public_id),
                    "counts": {
                        tally.outcome: tally.count
                        for tally in Tally.objects.filter(batch=self._batch)
                    },
                },
            )
        self._progress(Batch.objects.get(pk=self._batch.pk))

    def _deliver(self, delivery: Delivery) -> None:
        raw = DeliveryStream(delivery)
        items = read_delivery(self._batch, delivery, raw)
        done = self._batch.items_done
        for _ in islice(items, done):
            pass  # a former worker loaded these and said so in the same transaction
        before = self._bytes_before(delivery)
        for chunk in _chunks(items):
            self._load_chunk(delivery, chunk, first=done)
            done += len(chunk)
            self._note(items_done=done, done_bytes=before + raw.given_out)
        self._batch.items_done = 0
        self._note(
            items_done=0,
            delivery_done=delivery.position + 1,
            done_bytes=before + delivery.size,
        )

    def _bytes_before(self, delivery: Delivery) -> int:
        return sum(
            self._batch.deliveries.filter(position__lt=delivery.position).values_list(
                "size", flat=True
            )
        )

    def _note(self, **values: int) -> None:
        Batch.objects.filter(pk=self._batch.pk).update(heartbeat=timezone.now(), **values)
        self._progress(Batch.objects.get(pk=self._batch.pk))

    def _beat(self) -> None:
        Batch.objects.filter(pk=self._batch.pk).update(heartbeat=timezone.now())

    def _load_chunk(self, delivery: Delivery, items: list[Item], *, first: int) -> None:
        """One transaction: entries, tallies, holds, and how far the batch has got."""
        with transaction.atomic():
            self._one_at_a_time()
            result = self._apply(items, self._batch.brought_by)
            self._write(delivery, result)
            Batch.objects.filter(pk=self._batch.pk).update(
                items_done=first + len(items), wrappers=F("wrappers") + result.wrappers
            )

    def _one_at_a_time(self) -> None:
        """Batches of one source take turns, chunk by chunk: no two write one entry at once."""
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(7302, %s)", [self._source.pk % 2**31])

    def _apply(self, items: list[Item], batch_id: int) -> _Result:
        result = _Result()
        self._newer = absent.newer_than(self._batch)
        items = self._let_through(items, result)
        persons: dict[int, MappedPerson] = {}
        for position, item in enumerate(items):
            match item.outcome:
                case PassedOver(reason):
                    if item.is_wrapper:
                        result.wrappers += 1
                    else:
                        result.count(Outcome.PASSED_OVER, item, reason)
                case Held(reason):
                    result.hold(item, reason)
                case Snapshot() | WholeExtract():
                    result.wrappers += 1
                case Mapped(person=MappedPerson() as person):
                    persons[position] = person
        # Everyone whom the chunk names, so that nobody is joined with another while it loads.
        lock(
            source=self._source.pk,
            identifiers={person.identifier for person in persons.values()}
            | {entry.person for entry in _entries(items) if entry.person is not None}
            | replaced_in(items),
        )
        changed, refused = self._receive_persons(items, persons, result)
        changed |= self._join(items, result)
        items, told = courses.composed(
            items,
            source=self._source,
            compose=FORMATS[self._feed.format].compose,
            sensitive_codes=codes_kept_by_their_source(),
        )
        changed |= told
        _count_untold(items, changed, result)
        self._merge(items, changed, refused, result, batch_id)
        for item in items:
            if isinstance(item.outcome, Snapshot):
                self._retire(item.outcome, result, batch_id)
        return result

    def _let_through(self, items: list[Item], result: _Result) -> list[Item]:
        """What is not of somebody who objects to this council's use of the NHS number."""
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
        self._new_persons |= len(boundary.identifiers) > cases
        for position in sorted(stopped):
            result.stop(items[position])
        result.stopped += [
            f"{LOOK}{item.pointer}"
            for item in items
            if isinstance(item.outcome, PassedOver) and not item.is_wrapper
        ]
        return [item for position, item in enumerate(items) if position not in stopped]

    def _retire(self, snapshot: Snapshot, result: _Result, batch_id: int) -> None:
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

    def _retire_absent(self) -> None:
        """What a full extract of everybody does not have is no longer in the source's record."""
        if not absent.is_to_be_done(self._batch):
            return
        present = absent.present_of(self._batch)
        with transaction.atomic():
            self._one_at_a_time()
            self._add_to_tallies(absent.retire(self._batch, present), self._batch.pk)

    def _receive_persons(
        self, items: list[Item], persons: dict[int, MappedPerson], result: _Result
    ) -> tuple[set[int], set[int]]:
        """The positions of the persons that changed, and of those that are held for an answer."""
        persons = self._without_passing(persons)
        received = identity.receive_persons(
            list(persons.values()),
            source=self._source,
            trusted_for_numbers=self._feed.trusted_for_nhs_numbers,
        )
        self._came |= {person.identifier for person in persons.values()}
        access.relationships_are_due([one.resident_id for one in received if one.changed])
        self._new_persons |= any(one.changed for one in received)
        changed = {position for position, one in zip(persons, received, strict=True) if one.changed}
        answered = take_answers(persons, received, feed=self._feed)
        changed |= answered.recorded
        for position, reason in answered.refused.items():
            result.hold(items[position], reason)
        for position, item in enumerate(items):
            if position not in answered.refused and _is_person_alone(item):
                result.count(Outcome.LOADED if position in changed else Outcome.UNCHANGED, item)
        return changed, set(answered.refused)

    def _join(self, items: list[Item], result: _Result) -> set[int]:
        """Records that the source joined: one whose other half has not come yet waits for it."""
        answers = join_records(items, self._source)
        for position, answer in answers.items():
            if answer is SourceMerged.NOT_KNOWN:
                result.hold(items[position], PERSON_NOT_KNOWN)
            else:
                same = answer is SourceMerged.SAME
                result.count(Outcome.UNCHANGED if same else Outcome.LOADED, items[position])
        return {position for position, answer in answers.items() if answer is SourceMerged.MERGED}

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

    def _merge(
        self,
        items: list[Item],
        persons_changed: set[int],
        refused_answers: set[int],
        result: _Result,
        batch_id: int,
    ) -> None:
        known = self._known_persons(items)
        arrivals: list[records.Arrival] = []
        for position, item in enumerate(items):
            if not isinstance(item.outcome, Mapped) or not item.outcome.entries:
                continue
            if position in refused_answers:
                continue
            why_not = _why_held(item.outcome.entries, known)
            if why_not:
                result.hold(item, why_not)
                continue
            if self._is_older(item.outcome.entries, known):
                result.count(Outcome.UNCHANGED, item)
                continue
            arrivals.extend(
                records.Arrival(
                    position, entry, known[entry.person].pk, known[entry.person].resident_id
                )
                for entry in item.outcome.entries
                if entry.person is not None
            )
        refused: set[int] = set()
        written = self._merge_or_split(arrivals, refused, batch_id)
        for position in dict.fromkeys(arrival.position for arrival in arrivals):
            if position in refused:
                result.hold(items[position], REFUSED_BY_DATABASE)
            elif position in written or position in persons_changed:
                result.count(Outcome.LOADED, items[position])
            else:
                result.count(Outcome.UNCHANGED, items[position])

    def _is_older(self, entries: Iterable[MappedEntry], known: Mapping[str, SourcePerson]) -> bool:
        """Whether an item is of a snapshot older than the one that the person was loaded from.

        What it has and the newer one has not must not come back.
        """
        if absent.is_older(entries, self._newer):
            return True
        if not FORMATS[self._feed.format].whole_record:
            return False
        return any(
            entry.version is not None
            and (newest := known[entry.person].version) is not None
            and entry.version < newest
            for entry in entries
            if entry.person is not None
        )

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
                    made_of_all=FORMATS[self._feed.format].compose is not None,
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

    def _known_persons(self, items: list[Item]) -> dict[str, SourcePerson]:
        wanted = {entry.person for entry in _entries(items) if entry.person is not None}
        found = SourcePerson.objects.filter(source=self._source, identifier__in=wanted)
        return {person.identifier: person for person in found}

    def _write(self, delivery: Delivery, result: _Result) -> None:
        self._add_to_tallies(result.counts, self._batch.pk)
        self._take_out_later(delivery, result.stopped)
        for item, reason in result.holds:
            hold = Hold.objects.create(
                batch=self._batch,
                delivery=delivery,
                pointer=item.pointer,
                resource_type=item.resource_type,
                reason=reason,
            )
            HeldContent.objects.create(hold=hold, raw=seal(_bytes_of(item), purpose="hold"))

    @staticmethod
    def _take_out_later(delivery: Delivery, pointers: list[str]) -> None:
        """Remember where stands what was stopped, until the batch is read to its end."""
        if pointers:
            held = Delivery.objects.select_for_update().get(pk=delivery.pk)
            held.stopped = [*held.stopped, *pointers]
            held.save(update_fields=["stopped"])

    def _add_to_tallies(self, counts: Counter[tuple[str, str, str]], batch_id: int) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into feeds_tally (batch_id, outcome, resource_type, reason, count) "
                "values (%s, %s, %s, %s, %s) "
                "on conflict (batch_id, outcome, resource_type, reason) "
                "do update set count = feeds_tally.count + excluded.count",
                [(batch_id, *key, number) for key, number in sorted(counts.items())],
            )

    def _try_held_again(self) -> None:
        """Items whose person came later: the order of files and of deliveries does not matter.

        Looks at this batch's, and where persons arrived at every batch's of this feed; and at what
        of this batch somebody asked to be tried again.
        """
        by_itself = Q(reason__in=[PERSON_NOT_KNOWN, ANSWER_OF_WHOM])
        by_itself &= Q(batch__feed=self._feed) if self._new_persons else Q(batch=self._batch)
        asked = Q(batch=self._batch, asked_again__isnull=False)
        waiting = Hold.objects.filter(by_itself | asked, resolved=None)
        last = 0
        while True:
            with transaction.atomic():
                self._one_at_a_time()
                holds = list(
                    waiting.filter(pk__gt=last)
                    .select_related("delivery", "content")
                    .order_by("pk")[:CHUNK_ITEMS]
                )
                if not holds:
                    return
                last = holds[-1].pk
                for hold in holds:
                    self._try_again(hold)

    def _try_again(self, hold: Hold) -> None:
        raw = unseal(hold.content.raw, purpose="hold")
        items = [
            item
            for item in read_content(self._batch, io.BytesIO(raw), hold.pointer)
            if not item.is_wrapper
        ]
        result = self._apply(items, hold.batch_id)
        if result.holds or not items:
            self._still_held(hold, result.holds[0][1] if result.holds else hold.reason)
            return
        was = (Outcome.HELD, hold.resource_type, hold.reason)
        result.counts[was] -= 1
        self._add_to_tallies(result.counts, hold.batch_id)
        self._take_out_later(
            hold.delivery,
            [f"{LOOK if place.startswith(LOOK) else ''}{hold.pointer}" for place in result.stopped],
        )
        hold.delete()

    def _still_held(self, hold: Hold, reason: str) -> None:
        """It was tried again in vain: it is held for what stands in its way now."""
        kind = hold.resource_type
        if reason != hold.reason:
            counts = Counter({(str(Outcome.HELD), kind, reason): 1})
            counts[(Outcome.HELD, kind, hold.reason)] = -1
            self._add_to_tallies(counts, hold.batch_id)
        if reason != hold.reason or hold.asked_again is not None:
            Hold.objects.filter(pk=hold.pk).update(asked_again=None, reason=reason)


def _count_untold(items: list[Item], changed: set[int], result: _Result) -> None:
    """Items that told something of which nothing can be shown: held, unless it may be empty."""
    for position, item in enumerate(items):
        if not isinstance(item.outcome, Mapped) or item.outcome.entries:
            continue
        if any(not told.may_be_empty for told in item.outcome.told):
            result.hold(item, NOTHING_TO_SHOW)
        elif item.outcome.told:
            result.count(Outcome.LOADED if position in changed else Outcome.UNCHANGED, item)


def _is_person_alone(item: Item) -> bool:
    """Whether an item is a person, and neither entries nor anything else depends on it."""
    match item.outcome:
        case Mapped(person=MappedPerson(), entries=(), told=(), replaces=()):
            return True
        case _:
            return False


def _entries(items: Iterable[Item]) -> Iterator[MappedEntry]:
    for item in items:
        if isinstance(item.outcome, Mapped):
            yield from item.outcome.entries


def _why_held(entries: Iterable[MappedEntry], known: Mapping[str, SourcePerson]) -> str | None:
    """Why an item cannot be anybody's yet, if so."""
    for entry in entries:
        if entry.person is None:
            return BY_NUMBER_ONLY
        person = known.get(entry.person)
        if person is None:
            return PERSON_NOT_KNOWN
        said, sent = _digits(entry.person_nhs_number), _digits(person.nhs_number_sent)
        if said and sent and said != sent:
            return TWO_PEOPLE
    return None


def _digits(number: str | None) -> str:
    return "".join(letter for letter in number or "" if letter.isdigit())


def _bytes_of(item: Item) -> bytes:
    """A held item's bytes: as they were read, or the resource that its entry was made of."""
    if not item.raw and isinstance(item.outcome, Mapped) and item.outcome.entries:
        return item.outcome.entries[0].resource
    return item.raw


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Some items at a time: fewer where each has many entries, so that memory is bounded."""
    chunk: list[Item] = []
    weight = size = 0
    for item in items:
        chunk.append(item)
        size += len(item.raw)
        weight += 1
        if isinstance(item.outcome, Mapped) and len(item.outcome.entries) > 1:
            weight += len(item.outcome.entries) - 1
        if len(chunk) >= CHUNK_ITEMS or weight >= CHUNK_ENTRIES or size >= CHUNK_BYTES:
            yield chunk
            chunk, weight, size = [], 0, 0
    if chunk:
        yield chunk
