"""Sealing: events are added to the journal within about a second of their commit.

The order is that of the transactions' ids, and what is sealed next is decided by the horizon:
below it every transaction has ended, so nothing can still appear there. It is never decided by the
event's id, which is given out before the commit: one that commits late would be passed over.

Transaction ids belong to one cluster of databases. On another one, or on one that was set back to
an earlier moment, the sealer refuses, and a new log is begun by hand (docs/audit-log.md).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import psycopg
from psycopg import IsolationLevel

from audit import encoding
from audit.encoding import TRANSACTION, Connection
from audit.journal import Journal, Writing
from audit.notes import KEY_NAME, Checkpoint, Signer

IN_ORDER = "transaction, id"
"""Of events that were sealed by the horizon."""
AS_FOUND = "id"
"""Of events that a new log found in the table."""


class Refused(Exception):
    """What the database holds cannot follow what was sealed; the message says what to do."""


class SetBack(Refused):
    """The database is another cluster's or of an earlier time: choices may be missing from it."""


@dataclass(frozen=True)
class Moment:
    """What one snapshot of the database says of transactions and of the events."""

    cluster: str
    horizon: int
    """Every transaction below it has ended."""
    at: datetime
    """By the database's clock, in UTC."""
    waiting_since: datetime | None
    """The time of the earliest event at or above the horizon; None where there is none."""


class Mirror(Protocol):
    """What is told of each look: the last checkpoint that was written, and the moment."""

    def __call__(self, written: Checkpoint, now: Moment, /) -> None:
        """Take note of one look."""


def open_session(address: str) -> Connection:
    """Connect as the sealer. Every transaction sees one snapshot.

    :raises psycopg.OperationalError: if the database does not answer.
    """
    connection = psycopg.connect(
        address, autocommit=True, application_name="connectcare sealer", connect_timeout=10
    )
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    return connection


def moment(connection: Connection, *, boundary: int = 0) -> Moment:
    """What the open transaction's snapshot says; fixes the session's settings for it.

    Events up to the id ``boundary`` are of another cluster and do not count as waiting.
    """
    encoding.settle(connection)
    rows = connection.execute(
        "select (select system_identifier::text from pg_control_system()),"
        " pg_snapshot_xmin(s)::text::bigint, clock_timestamp(),"
        " (select min(at) from public.audit_event where transaction >= pg_snapshot_xmin(s)"
        " and id > %s) from pg_current_snapshot() s",
        [boundary],
    ).fetchall()
    return Moment(*rows[0])


def ceiling(connection: Connection) -> int:
    """The number of this transaction: whatever has a higher one began later.

    (The upper bound of a snapshot is no such number: transactions that nobody has overtaken lie
    above it.)
    """
    rows = connection.execute("select pg_current_xact_id()::text::bigint").fetchall()
    return int(rows[0][0])


class Beside(Protocol):
    """Puts into the journal what lies beside the events; answers what a checkpoint says of it."""

    def __call__(self, connection: Connection, /) -> str:
        """Within the look's transaction, before its checkpoint is written."""


class Sealer:
    """Seals what has been committed since the last time. One for a journal."""

    def __init__(
        self,
        journal: Journal,
        signer: Signer,
        connection: Connection,
        mirror: Mirror | None = None,
        beside: Beside | None = None,
    ) -> None:
        """The caller holds the journal."""
        self._signer = signer
        self._connection = connection
        self._mirror = mirror
        self._beside = beside
        self._journal = journal
        self._writing = journal.writing(signer.verifier)
        self._followed = False

    def seal(self) -> int:
        """Seal every event below the horizon. Answers how many there were.

        :raises SetBack: if the database is another cluster's or of an earlier time, or the last
            event that was sealed is not there.
        :raises Refused: if that event is not as it was.
        """
        last = self._writing.last
        with self._connection.transaction():
            now = moment(self._connection, boundary=last.boundary if last else 0)
            if last is None:
                self._refuse_future()
                return self._add(now, None)
            if now.cluster != last.cluster or now.horizon < last.horizon:
                what = "another cluster" if now.cluster != last.cluster else "an earlier moment"
                raise SetBack(
                    f"The database is of {what} than the one that was sealed, so the numbers of "
                    "its transactions do not go on. If it was restored on purpose, stop whatever "
                    "writes, run replay_choices, then seal_audit --new-log."
                )
            if not self._followed:
                self._check_last()
                self._followed = True
            return self._add(now, last)

    def begin(self) -> int:
        """Begin a new log with everything that the table holds, in the order of ids.

        For a database that was restored or moved. Nothing may write meanwhile. The new log's first
        checkpoint names the last of the old one. Answers how many events were sealed.

        :raises Refused: if something writes.
        """
        before = self._writing.last
        with self._connection.transaction():
            now = moment(self._connection)
            if self._somebody_writes():
                raise Refused(
                    "Something writes to the database. Stop the web, the workers and the timer "
                    "first: where a new log begins must be beyond doubt."
                )
            rows = self._connection.execute(
                "select coalesce(max(id), 0) from public.audit_event"
            ).fetchall()
            self._writing = self._journal.writing(self._signer.verifier, new=before is not None)
            count = self._add(now, None, boundary=rows[0][0], continues=_named(before))
        self._followed = True
        return count

    def _add(
        self,
        now: Moment,
        last: Checkpoint | None,
        *,
        boundary: int = 0,
        continues: str = "",
    ) -> int:
        writing = self._writing
        if last is not None:
            boundary, continues = last.boundary, last.continues
        if last is None and boundary:
            condition, order = f"id <= {boundary}", AS_FOUND
        else:
            condition = below(now.horizon, since=last.horizon if last else 0, boundary=boundary)
            order = IN_ORDER
        choices = self._beside(self._connection) if self._beside else last.choices if last else ""
        before = writing.frontier.size
        horizon = last.horizon if last else 0
        try:
            for values in encoding.events(self._connection, condition, order):
                writing.add(encoding.public_id(values), encoding.leaf(values))
                if order == IN_ORDER:
                    horizon = int(values[TRANSACTION] or 0) + 1
            count = writing.frontier.size - before
            if count or last is None:
                checkpoint = Checkpoint(
                    origin=last.origin if last else _origin(continues, writing),
                    size=writing.frontier.size,
                    root=writing.frontier.root(),
                    cluster=now.cluster,
                    boundary=boundary,
                    horizon=horizon,
                    ceiling=ceiling(self._connection),
                    at=now.at,
                    continues=continues,
                    choices=choices,
                )
                writing.commit(checkpoint, self._signer.sign(checkpoint.text()))
        except BaseException:
            writing.rewind()
            raise
        self._journal.mark()
        if self._mirror is not None and writing.last is not None:
            self._mirror(writing.last, now)
        return count

    def _somebody_writes(self) -> bool:
        """Whether a transaction that has not ended has added an event."""
        rows = self._connection.execute(
            "select 1 from pg_locks where locktype = 'relation' and mode = 'RowExclusiveLock'"
            " and relation = 'public.audit_event'::regclass"
            " and database = (select oid from pg_database where datname = current_database())"
        ).fetchall()
        return bool(rows)

    def _refuse_future(self) -> None:
        rows = self._connection.execute(
            "select 1 from public.audit_event where transaction > %s::text::xid8 limit 1",
            [ceiling(self._connection)],
        ).fetchall()
        if rows:
            raise Refused(
                "The database holds events of transactions that have not been: it was restored "
                "from another cluster. Stop whatever writes, then run seal_audit --new-log."
            )

    def _check_last(self) -> None:
        last = self._writing.last
        if last is None or not last.size:
            return
        with self._writing.log.mapped() as leaves:
            identifier, sealed = leaves[last.size - 1]
        found = list(
            encoding.events(self._connection, f"public_id = '{encoding.shown(identifier)}'", "id")
        )
        if [encoding.leaf(values) for values in found] != [sealed]:
            words = (
                f"The last event that was sealed, {encoding.shown(identifier)}, is not in the "
                "database as it was. Run verify_audit to see what else was changed. If the "
                "database was restored on purpose, stop whatever writes, run replay_choices, then "
                "seal_audit --new-log."
            )
            raise Refused(words) if found else SetBack(words)


def below(horizon: int, *, since: int, boundary: int) -> str:
    """The SQL condition of the events of transactions from ``since`` to below ``horizon``."""
    return f"transaction >= '{since}'::xid8 and transaction < '{horizon}'::xid8 and id > {boundary}"


def _origin(continues: str, writing: Writing) -> str:
    installation = continues.split(" ", 1)[0].split("/")[1] if continues else secrets.token_hex(8)
    return f"{KEY_NAME}/{installation}/{writing.log.number}"


def _named(last: Checkpoint | None) -> str:
    return f"{last.origin} {last.size} {last.root.hex()}" if last else ""
