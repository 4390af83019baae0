"""Whether the events in the database are those that were sealed, and which differs first.

Only the journal and the verifier's key are trusted. Every signature is checked, every root is
worked out anew from the leaves (so each checkpoint is shown to begin with the one before), and
every event is read, hashed and compared with its leaf, in the order of sealing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import chain

from audit import encoding
from audit.encoding import AT, PUBLIC_ID, TRANSACTION, Connection
from audit.journal import Journal, Leaves, Log
from audit.merkle import Frontier
from audit.notes import Checkpoint, NotGenuine, Verifier
from audit.sealing import AS_FOUND, IN_ORDER, below, ceiling

Row = tuple[encoding.Values, bytes]

_MOVED = "its place in the order of events was changed"
TOLERANCE = timedelta(seconds=10)
"""How far the database's clock may have been set back without an event being called back-dated."""


class Kind(StrEnum):
    """What is wrong with an event, as far as it can be told."""

    CHANGED = "changed"
    MISSING = "missing"
    TRUNCATED = "truncated"
    INSERTED = "inserted"
    BACK_DATED = "back-dated"
    REORDERED = "reordered"
    JOURNAL = "journal"


@dataclass(frozen=True)
class Finding:
    """The first event that is not as it was sealed."""

    kind: Kind
    position: int | None
    """Its place in the log, from 0; None where it has none."""
    event: str
    """Its public id; empty where the journal itself is wrong."""
    words: str


@dataclass(frozen=True)
class Report:
    """What a verification saw. ``finding`` is None where everything is as it was sealed."""

    logs: int
    checkpoints: int
    sealed: int
    """Events of the last log that were compared and found to be as they were sealed."""
    waiting: int
    """Events that are not sealed yet."""
    lost: int
    """Sealed events that were not in a database from which a new log was begun."""
    finding: Finding | None


def verify(connection: Connection, journal: Journal, verifier: Verifier) -> Report:
    """Compare the journal with itself, then the last log with the database.

    The connection is one in a transaction of repeatable read that has just begun, as a login that
    may read events. Raises nothing for what is wrong with the events or the journal: that is the
    finding.
    """
    logs = journal.logs()
    checkpoints = 0
    lost = 0
    finding: Finding | None
    last: list[Checkpoint] = []
    for log in logs:
        before = last
        try:
            last = _genuine(log, verifier, before[-1] if before else None)
        except NotGenuine as error:
            finding = Finding(Kind.JOURNAL, None, "", f"{log.folder}: {error}")
            return Report(len(logs), checkpoints, 0, 0, lost, finding)
        checkpoints += len(last)
        if before:
            finding, gone = _carried_over(logs[log.number - 2], before[-1], log, last[0])
            lost += gone
            if finding:
                return Report(len(logs), checkpoints, 0, 0, lost, finding)
    if not last:
        return Report(len(logs), 0, 0, _count_all(connection), 0, None)
    with logs[-1].mapped() as leaves:
        comparing = _Comparing(connection, leaves, last)
        finding = comparing.first()
        waiting = 0
        if finding is None:
            waiting, finding = comparing.not_sealed()
    return Report(len(logs), checkpoints, comparing.matched, waiting, lost, finding)


def _genuine(log: Log, verifier: Verifier, before: Checkpoint | None) -> list[Checkpoint]:
    """The checkpoints of a log: each signed, grown from the one before, and of these leaves."""
    found: list[Checkpoint] = []
    frontier = Frontier()
    with log.mapped() as leaves:
        for number, note in enumerate(log.notes(), 1):
            each = Checkpoint.parse(verifier.text_of(note))
            last = found[-1] if found else None
            if last and not (
                each.origin == last.origin
                and each.cluster == last.cluster
                and each.boundary == last.boundary
                and each.continues == last.continues
                and each.size > last.size
                and each.horizon >= last.horizon
                and each.ceiling >= last.ceiling
            ):
                raise NotGenuine(f"checkpoint {number:,} does not follow the one before")
            if last is None and before is not None:
                named = f"{before.origin} {before.size} {before.root.hex()}"
                if each.continues != named:
                    raise NotGenuine("its first checkpoint does not name the last one before it")
            if each.size > len(leaves):
                raise NotGenuine(
                    f"leaves are missing: checkpoint {number:,} counts {each.size:,} and there are "
                    f"{len(leaves):,}"
                )
            for index in range(frontier.size, each.size):
                frontier.add(leaves.hash(index))
            if frontier.root() != each.root:
                since = last.size if last else 0
                raise NotGenuine(
                    f"the leaves {since:,} to {each.size - 1:,} are not those that checkpoint "
                    f"{number:,} signed"
                )
            found.append(each)
    if not found:
        raise NotGenuine("there is no checkpoint yet, or they are gone")
    return found


def _carried_over(
    old: Log, until: Checkpoint, new: Log, first: Checkpoint
) -> tuple[Finding | None, int]:
    """Compare an old log with what a new one found: what was changed first, how many were lost."""
    lost = 0
    with old.mapped() as before, new.mapped() as after:
        arrived = dict(after[index] for index in range(first.size))
        for index in range(until.size):
            identifier, sealed = before[index]
            found = arrived.get(identifier)
            if found is None:
                lost += 1
            elif found != sealed:
                words = f"changed between the logs {old.number} and {new.number}"
                name = encoding.shown(identifier)
                return Finding(Kind.CHANGED, index, name, words), lost
    return None, lost


class _Comparing:
    """One log against the database, event by event."""

    def __init__(
        self, connection: Connection, leaves: Leaves, checkpoints: list[Checkpoint]
    ) -> None:
        self._connection = connection
        self._leaves = leaves
        self._checkpoints = checkpoints
        self._last = checkpoints[-1]
        encoding.settle(connection)
        self._ceiling = ceiling(connection)
        self._dates = _Dates(checkpoints)
        self.matched = 0

    def first(self) -> Finding | None:
        """The first event, in the order of sealing, that is not as it was sealed."""
        rows = self._sealed()
        for values, found in rows:
            if self.matched < self._last.size and found == self._leaves.hash(self.matched):
                wrong = self._dates.wrong(self.matched, values)
                if not wrong:
                    self.matched += 1
                    continue
                _read_out(rows)
                return Finding(Kind.BACK_DATED, self.matched, _name(values), wrong)
            _read_out(rows)
            return self._told_apart(values)
        if self.matched < self._last.size:
            identifier, _ = self._leaves[self.matched]
            if self._whereabouts(identifier):
                return self._finding(Kind.REORDERED, identifier, _MOVED)
            rest = self._last.size - self.matched
            words = f"it and everything sealed after it is gone: {rest:,} of the log's events"
            return self._finding(Kind.TRUNCATED, identifier, words)
        return None

    def not_sealed(self) -> tuple[int, Finding | None]:
        """How many events wait to be sealed, and the first that cannot have come about so."""
        count = 0
        condition = f"transaction >= '{self._last.horizon}'::xid8 and id > {self._last.boundary}"
        for values in encoding.events(self._connection, condition, IN_ORDER):
            if int(values[TRANSACTION] or 0) > self._ceiling:
                words = "it is of a transaction that has not been"
                return count, Finding(Kind.INSERTED, None, _name(values), words)
            wrong = self._dates.too_early(values)
            if wrong:
                return count, Finding(Kind.BACK_DATED, None, _name(values), wrong)
            count += 1
        return count, None

    def _sealed(self) -> Iterator[Row]:
        last = self._last
        parts = [
            (below(last.horizon, since=0, boundary=last.boundary), IN_ORDER),
        ]
        if last.boundary:
            parts.insert(0, (f"id <= {last.boundary}", AS_FOUND))
        rows = (encoding.events(self._connection, *part) for part in parts)
        for values in chain.from_iterable(rows):
            yield values, encoding.leaf(values)

    def _told_apart(self, values: encoding.Values) -> Finding:
        """What is wrong where another event stands than the one that was sealed."""
        if self.matched == self._last.size:
            return self._stranger(values)
        identifier, sealed = self._leaves[self.matched]
        there = encoding.public_id(values)
        whereabouts = self._whereabouts(identifier)
        if there == identifier:
            if sealed in whereabouts:  # beside it, under its name
                return self._stranger(values)
            return self._finding(Kind.CHANGED, identifier, "it is not as it was sealed")
        if not whereabouts:
            renamed = list(values)
            renamed[PUBLIC_ID] = encoding.shown(identifier).encode()
            if encoding.leaf(renamed) == sealed:
                words = f"its public id was changed to {_name(values)}"
                return self._finding(Kind.CHANGED, identifier, words)
            return self._finding(Kind.MISSING, identifier, "it is gone")
        if sealed not in whereabouts:
            return self._finding(Kind.REORDERED, identifier, _MOVED)
        known = self._leaves.find(there)
        if known is None or not self.matched < known < self._last.size:
            return self._stranger(values)
        words = f"its place was changed: it stands before {encoding.shown(identifier)} now"
        return Finding(Kind.REORDERED, known, _name(values), words)

    def _whereabouts(self, identifier: bytes) -> list[bytes]:
        """The leaf hashes of the events that have this public id now."""
        condition = f"public_id = '{encoding.shown(identifier)}'"
        return [
            encoding.leaf(values) for values in encoding.events(self._connection, condition, "id")
        ]

    def _stranger(self, values: encoding.Values) -> Finding:
        """An event that was never sealed, among those that were."""
        text = (values[AT] or b"").decode()
        if text < _as_written(self._last, timedelta()):
            words = (
                f"it says that it is of {text}, when everything was sealed, and it was not there"
            )
            return Finding(Kind.BACK_DATED, self.matched, _name(values), words)
        words = "it was never sealed, and stands among events that were"
        return Finding(Kind.INSERTED, self.matched, _name(values), words)

    def _finding(self, kind: Kind, identifier: bytes, words: str) -> Finding:
        return Finding(kind, self.matched, encoding.shown(identifier), words)


class _Dates:
    """Whether an event's time fits the checkpoints between which its transaction was.

    A transaction that had not begun at a checkpoint cannot have written anything before it; and
    nothing can be of a later time than the checkpoint that sealed it.
    """

    def __init__(self, checkpoints: list[Checkpoint]) -> None:
        self._checkpoints = checkpoints
        self._begun = -1
        """The last checkpoint at which the transaction had not begun."""
        self._sealing = 0
        """The checkpoint that sealed the event."""
        self._earliest = ""
        self._latest = _as_written(checkpoints[0], TOLERANCE)

    def wrong(self, position: int, values: encoding.Values) -> str:
        """What is wrong with the time of the sealed event at a place; empty where nothing is."""
        if position < self._checkpoints[0].size and self._checkpoints[0].boundary:
            return ""  # of another cluster, whose transactions were counted otherwise
        while position >= self._checkpoints[self._sealing].size:
            self._sealing += 1
            self._latest = _as_written(self._checkpoints[self._sealing], TOLERANCE)
        text = (values[AT] or b"").decode()
        if text > self._latest:
            return f"it says that it is of {text}, after it was sealed"
        return self.too_early(values)

    def too_early(self, values: encoding.Values) -> str:
        """What is wrong with an event's time, its transaction being what it is. In log order."""
        transaction = int(values[TRANSACTION] or 0)
        following = self._begun + 1
        while (
            following < len(self._checkpoints)
            and self._checkpoints[following].ceiling < transaction
        ):
            self._begun = following
            self._earliest = _as_written(self._checkpoints[following], -TOLERANCE)
            following += 1
        text = (values[AT] or b"").decode()
        if text < self._earliest or not text.endswith("+00"):
            return f"it says that it is of {text}, before its transaction can have begun"
        return ""


def _as_written(checkpoint: Checkpoint, more: timedelta) -> str:
    """A checkpoint's time as PostgreSQL writes one: such texts compare as the times do."""
    return f"{checkpoint.at + more:%Y-%m-%d %H:%M:%S.%f}"


def _read_out(rows: Iterator[Row]) -> None:
    """Read the rest: to break off would end the transaction, and with it the snapshot."""
    for _ in rows:
        pass


def _name(values: encoding.Values) -> str:
    return (values[PUBLIC_ID] or b"").decode()


def _count_all(connection: Connection) -> int:
    rows = connection.execute("select count(*) from public.audit_event").fetchall()
    return int(rows[0][0])
