"""What is asked of the audit, at many events: by resident, staff member, organisation and time.

    .venv/bin/python -m bench.audit_queries --sizes 1000000 50000000 --by-month 10000000

A database of each size, of events spread evenly over five years: 50 of a resident and one resident
of 5,000; 10,000 staff; ten organisations; one event in twenty is a list of ten residents. Filled
with its indexes taken off, which are made afterwards, as PostgreSQL advises for loads. Each
question is asked first as it comes (the cache is what filling left), then ten times about others:
the figure is the median of those, and of the smaller and the larger size in one run. ``--by-month``
makes a database whose events are in one table and, the same rows, in one with a part for each
month, and asks both. ``--explain`` prints the plans.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.world import migrated, running

AT_ONCE = 500_000
YEARS = 5
STAFF, ORGANISATIONS = 10_000, 10
HEAVY, HEAVY_EVENTS = 1, 5_000
FIRST_DAY = "2021-11-01"

FILL = """
    insert into audit_event (at, action, outcome, reason, staff_id, staff_name, membership_id,
        role_code, organisation_id, organisation_name, resident_id, residents, look, request,
        detail)
    select timestamptz '{first}' + n * (interval '{years} years' / {events}),
        case when n % 20 = 0 then 'search' else 'opening' end, 'done', 'relationship',
        hashint8(n * 7) & 8191, 'A Nurse', 1, 'ward-nurse', abs(hashint8(n)) % {organisations},
        'An NHS Foundation Trust',
        case when n % 20 = 0 then null when n % ({events} / {heavy_events}) = 1 then {heavy}
             else 2 + abs(hashint8(n * 3)) % ({events} / 50) end,
        case when n % 20 = 0 then array(select 2 + abs(hashint8(n * 5 + k)) % ({events} / 50)
                                        from generate_series(1, 10) k)::bigint[]
             else '{{}}' end,
        uuidv7(), uuidv7(), '{{"opening": 1, "rules": 3, "basis": "admission"}}'
    from generate_series({start}::bigint, {end}::bigint) n
"""


@dataclass(frozen=True)
class Question:
    """One thing that is asked. ``{n}`` in its SQL is another one each time, from 0."""

    name: str
    sql: str


_TABLE = "{table}"
QUESTIONS = (
    Question(
        "who looked at a resident, all five years",
        "select * from {table} where resident_id = 2 + ({n} * 7919) % ({events} / 50)"
        " order by at desc",
    ),
    Question(
        "in whose lists a resident was",
        "select * from {table} where residents <> '{{}}' and residents @>"
        " array[2 + ({n} * 7919) % ({events} / 50)]::bigint[]",
    ),
    Question(
        "who looked at a resident of 5,000 looks, a page of 50",
        f"select * from {_TABLE} where resident_id = {HEAVY} order by at desc"
        " limit 50 offset {n} * 50",
    ),
    Question(
        "at whom a staff member looked, a month",
        "select * from {table} where staff_id = {n} * 13 and at >= timestamptz '2024-03-01' +"
        " {n} * interval '1 month' and at < timestamptz '2024-04-01' + {n} * interval '1 month'"
        " order by at desc",
    ),
    Question(
        "an organisation's latest before a moment, a page of 50",
        "select * from {table} where organisation_id = {n} % 10 and at < timestamptz '2024-03-01' +"
        " {n} * interval '1 month' order by at desc limit 50",
    ),
    Question(
        "an organisation's day, counted by what was done",
        "select action, count(*) from {table} where organisation_id = {n} % 10 and at >="
        " timestamptz '2024-03-01' + {n} * interval '40 days' and at < timestamptz '2024-03-02' +"
        " {n} * interval '40 days' group by action",
    ),
    Question(
        "everybody's ten minutes",
        "select * from {table} where at >= timestamptz '2024-03-01' + {n} * interval '40 days' and"
        " at < timestamptz '2024-03-01 00:10' + {n} * interval '40 days' order by at",
    ),
)
TIMES = 10


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 50_000_000])
    parser.add_argument("--by-month", type=int, default=0, metavar="EVENTS")
    parser.add_argument("--folder", type=Path, help="where there is room; deleted afterwards")
    parser.add_argument("--explain", action="store_true")
    options = parser.parse_args()
    found = {}
    for events in options.sizes:
        with _filled(events, options.folder) as connection:
            found[events] = _asked(connection, "audit_event", events, explain=options.explain)
    _print([f"{events:,}" for events in options.sizes], list(found.values()))
    if options.by_month:
        events = options.by_month
        with _filled(events, options.folder) as connection:
            _by_month(connection)
            both = [
                _asked(connection, table, events, explain=options.explain)
                for table in ("audit_event", "event_by_month")
            ]
        _print([f"{events:,}, one table", "a part a month"], both)
    return 0


@contextlib.contextmanager
def _filled(events: int, folder: Path | None) -> Iterator[psycopg.Connection]:
    with (
        tempfile.TemporaryDirectory(prefix="connect-care-bench-", dir=folder) as name,
        running(Path(name), durable=False) as up,
    ):
        addresses, _environment = migrated(up)
        with psycopg.connect(addresses["owner"], autocommit=True) as owner:
            began = time.perf_counter()
            _fill(owner, events)
            seconds = time.perf_counter() - began
            size = owner.execute(
                "select pg_size_pretty(pg_table_size('audit_event')),"
                " pg_size_pretty(pg_indexes_size('audit_event'))"
            ).fetchall()[0]
            print(
                f"{events:,} events: {size[0]} and indexes of {size[1]}, {seconds:,.0f} s to fill"
            )
            yield owner


def _fill(owner: psycopg.Connection, events: int) -> None:
    owner.execute("alter table audit_event disable trigger user")
    owner.execute("set synchronous_commit = off")
    owner.execute("set maintenance_work_mem = '1GB'")
    indexes = owner.execute(
        "select indexname, indexdef from pg_indexes where tablename = 'audit_event'"
        " and indexname not in (select conname from pg_constraint)"
    ).fetchall()
    kept = owner.execute(
        "select conname, pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = 'audit_event'::regclass and contype in ('p', 'u', 'c')"
    ).fetchall()
    for name, _definition in kept:
        owner.execute(f'alter table audit_event drop constraint "{name}"'.encode())
    for name, _definition in indexes:
        owner.execute(f'drop index "{name}"'.encode())
    for start in range(1, events + 1, AT_ONCE):
        owner.execute(
            FILL.format(
                first=FIRST_DAY,
                years=YEARS,
                events=events,
                organisations=ORGANISATIONS,
                heavy=HEAVY,
                heavy_events=HEAVY_EVENTS,
                start=start,
                end=min(events, start + AT_ONCE - 1),
            ).encode()
        )
    for _name, definition in indexes:
        owner.execute(definition.encode())
    for name, definition in kept:
        owner.execute(f'alter table audit_event add constraint "{name}" {definition}'.encode())
    owner.execute("vacuum analyze audit_event")


def _by_month(owner: psycopg.Connection) -> None:
    """The same rows, in a table of a part for each month."""
    owner.execute(
        "create table event_by_month (like audit_event including defaults) partition by range (at)"
    )
    owner.execute(
        f"do $$ begin for month in 0..{YEARS * 12} loop execute format('create table %I partition"
        " of event_by_month for values from (%L) to (%L)', 'event_of_' || month,"
        f" timestamptz '{FIRST_DAY}' + month * interval '1 month',"
        f" timestamptz '{FIRST_DAY}' + (month + 1) * interval '1 month'); end loop; end $$".encode()
    )
    owner.execute("insert into event_by_month select * from audit_event")
    for (definition,) in owner.execute(
        "select indexdef from pg_indexes where tablename = 'audit_event'"
        " and indexname not in (select conname from pg_constraint)"
    ).fetchall():
        made = re.sub(r"INDEX (\S+) ON \S+ ", r"INDEX m_\1 ON event_by_month ", definition)
        owner.execute(made.replace("UNIQUE ", "").encode())
    owner.execute("vacuum analyze event_by_month")


def _asked(
    connection: psycopg.Connection, table: str, events: int, *, explain: bool
) -> list[tuple[float, float, float]]:
    """Of each question: the first time and the median in milliseconds, and rows of an answer."""
    connection.execute("set jit = off")
    found = []
    for question in QUESTIONS:
        times, rows = [], []
        for n in range(TIMES + 1):
            asked = question.sql.format(table=table, n=n, events=events).encode()
            began = time.perf_counter()
            rows.append(len(connection.execute(asked).fetchall()))
            times.append((time.perf_counter() - began) * 1000)
        found.append((times[0], statistics.median(times[1:]), statistics.median(rows)))
        if explain:
            plan = connection.execute(b"explain (analyze, buffers) " + asked).fetchall()
            print(f"\n{question.name} ({table}, {events:,})")
            print("\n".join(line for (line,) in plan), flush=True)
    return found


def _print(heads: list[str], columns: list[list[tuple[float, float, float]]]) -> None:
    print("\n| question | " + " | ".join(f"{head}: first, median, rows" for head in heads) + " |")
    print("|---" * (len(heads) + 1) + "|")
    for number, question in enumerate(QUESTIONS):
        cells = [
            f"{first:,.1f} ms, {median:,.1f} ms, {rows:,.0f}"
            for first, median, rows in (column[number] for column in columns)
        ]
        print(f"| {question.name} | " + " | ".join(cells) + " |")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
