"""How fast deliveries are imported, against PostgreSQL's own COPY of the same rows.

    .venv/bin/python -m bench.imports --resources 29000 300000 --format fhir-r4 hl7v2

For each form and size: a database as production runs it (fsync on), whose server has been in use
(its memory was written once and its log has segments, for the import as for the copies after it), a
delivery written to a file, ``bin/manage import_feed`` as the pipeline's login in a process of its
own, and again with the same file. Then the rows that came of it are copied into an empty table like
``records_entry`` with all its indexes and constraints (``like … including all``; no foreign key,
row security or trigger), by a superuser; and once more with the foreign key, to see what it costs.
Of several such copies the fastest counts. An import's time is the batch's own, from the first item
to the last relationship derived; the time in which the bytes are taken in and sealed is told beside
it. Memory is the most that the worker and the process that maps ahead of it held, added up.

Fails where the ratio, the memory or the second time misses its bar.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.deliveries import WRITERS
from bench.world import ROOT, migrated, running

LEAST_RATIO = 0.4
MOST_MEBIBYTES = 300
_PIECE = 1 << 20
_REGISTER = """
    insert into organisations_organisation
        (ods_code, name, kind, participates, area, postcode, phone, duty_phone,
         out_of_hours_phone, state, valid_from)
    values ('RJ2', 'Bench trust', 'nhs_trust', true, '', '', '', '', '', 'active', '2020-01-01');
    insert into organisations_feed
        (organisation_id, format, categories, trusted_for_nhs_numbers, state, valid_from)
    select id, format, array(select generate_series(1, 15)), true, 'active', '2020-01-01'
    from organisations_organisation, unnest('{fhir-r4,hl7v2}'::text[]) format
    where ods_code = 'RJ2'
"""
#: More than the server's shared memory and its first segments of log, written once.
_IN_USE = """
    create table bench_in_use as
    select n, repeat(md5(n::text), 30) as words from generate_series(1, 300000) n
"""
_FOREIGN_KEY = """
    alter table bench_entry add foreign key (source_person_id, resident_id, source_id)
    references identity_sourceperson (id, resident_id, source_id) on update cascade
"""


@dataclass(frozen=True)
class Imported:
    """What one run of the command took."""

    counts: dict[str, Any]
    wall: float
    mebibytes: float

    @property
    def seconds(self) -> float:
        """The batch's own time."""
        return float(self.counts["seconds"])


@dataclass(frozen=True)
class Measured:
    """One form at one size. Times in seconds."""

    form: str
    rows: int
    megabytes: float
    first: Imported
    again: Imported
    copied: float
    copied_with_key: float

    @property
    def ratio(self) -> float:
        """The import's speed to COPY's."""
        return self.copied / self.first.seconds

    def missed(self) -> list[str]:
        """The bars that are missed."""
        found = []
        if self.ratio < LEAST_RATIO:
            found.append(f"ratio below {LEAST_RATIO}")
        if self.again.seconds >= self.first.seconds:
            found.append("second time no faster")
        if max(self.first.mebibytes, self.again.mebibytes) > MOST_MEBIBYTES:
            found.append(f"more than {MOST_MEBIBYTES} MiB")
        return found


def main() -> int:
    """Measure, print one table, and answer 1 where a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--resources", type=int, nargs="+", default=[29_000, 300_000], metavar="N")
    parser.add_argument("--format", nargs="+", choices=sorted(WRITERS), default=sorted(WRITERS))
    parser.add_argument("--copies", type=int, default=3, help="how often COPY is measured")
    options = parser.parse_args()
    measured = []
    for form in options.format:
        for entries in options.resources:
            measured.append(_measure(form, entries, options.copies))
            _print(measured[-1:])
    print()
    _print(measured)
    return 1 if any(each.missed() for each in measured) else 0


def _measure(form: str, entries: int, copies: int) -> Measured:
    with (
        tempfile.TemporaryDirectory(prefix="connect-care-bench-") as name,
        running(Path(name), durable=True) as up,
    ):
        folder = Path(name)
        addresses, environment = migrated(up)
        with psycopg.connect(addresses["admin"], autocommit=True) as admin:
            admin.execute(_REGISTER)
            delivery = folder / "delivery"
            made = WRITERS[form](delivery, entries)
            admin.execute(_IN_USE)
            admin.execute("drop table bench_in_use")
            admin.execute("checkpoint")
            first = _import(form, delivery, environment)
            rows = _one(admin, "select count(*) from records_entry")
            assert rows == made, f"{made} entries were delivered and {rows} are there"
            copied, with_key = _copies(admin, folder, copies)
            again = _import(form, delivery, environment)
            assert again.counts["unchanged"] == again.counts["read"], again.counts
            return Measured(
                form, rows, delivery.stat().st_size / 1e6, first, again, copied, with_key
            )


def _import(form: str, delivery: Path, environment: dict[str, str]) -> Imported:
    """Run the command, and watch its memory and that of its children."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [
            *(sys.executable, "manage.py", "import_feed", "--json"),
            *("--source", "RJ2", "--format", form, str(delivery)),
        ],
        cwd=ROOT,
        env={**os.environ, **environment, "CONNECTCARE_LOGIN": "pipeline"},
        stdout=subprocess.PIPE,
        text=True,
    )
    most: dict[int, int] = {}
    while process.poll() is None:
        for pid in _family(process.pid):
            with contextlib.suppress(OSError, StopIteration):
                most[pid] = max(most.get(pid, 0), _high_water(pid))
        time.sleep(0.2)
    said = process.communicate()[0]
    if process.returncode:
        sys.exit("The import failed; what it said stands above.")
    wall = time.perf_counter() - began
    return Imported(json.loads(said), wall, sum(most.values()) / 1024)


def _family(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                yield from _family(int(child))


def _high_water(pid: int) -> int:
    """The most memory that a process has held, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def _copies(admin: psycopg.Connection, folder: Path, times: int) -> tuple[float, float]:
    """The fastest COPY of the rows into a table like theirs: without and with the foreign key."""
    columns = _one(
        admin,
        "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute"
        " where attrelid = 'records_entry'::regclass and attnum > 0 and not attisdropped"
        " and attgenerated = ''",
    )
    rows = folder / "rows"
    select = f"select {columns} from records_entry order by id"
    with (
        rows.open("wb") as out,
        admin.cursor().copy(f"copy ({select}) to stdout") as pieces,
    ):
        for piece in pieces:
            out.write(piece)
    taken: dict[str, list[float]] = {"": [], _FOREIGN_KEY: []}
    for _ in range(times):
        for key, seconds in taken.items():
            admin.execute("create table bench_entry (like records_entry including all)")
            if key:
                admin.execute(key)
            admin.execute("checkpoint")
            began = time.perf_counter()
            with (
                rows.open("rb") as content,
                admin.cursor().copy(f"copy bench_entry ({columns}) from stdin") as copy,
            ):
                while piece := content.read(_PIECE):
                    copy.write(piece)
            seconds.append(time.perf_counter() - began)
            admin.execute("drop table bench_entry")
    rows.unlink()
    return min(taken[""]), min(taken[_FOREIGN_KEY])


def _one(connection: psycopg.Connection, statement: str) -> Any:
    found = connection.execute(statement).fetchone()
    return found[0] if found else None


def _print(measured: list[Measured]) -> None:
    print(
        f"{'form':8} {'entries':>9} {'MB':>6} {'rows/s':>7} {'COPY/s':>7} {'ratio':>6}"
        f" {'with key':>8} {'again/s':>8} {'taken in':>9} {'MiB':>5}  missed"
    )
    for each in measured:
        print(
            f"{each.form:8} {each.rows:9,} {each.megabytes:6.0f}"
            f" {each.rows / each.first.seconds:7,.0f} {each.rows / each.copied:7,.0f}"
            f" {each.ratio:6.2f} {each.copied_with_key / each.first.seconds:8.2f}"
            f" {each.rows / each.again.seconds:8,.0f}"
            f" {each.first.wall - each.first.seconds:7.1f} s"
            f" {max(each.first.mebibytes, each.again.mebibytes):5.0f}"
            f"  {', '.join(each.missed()) or 'nothing'}",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
