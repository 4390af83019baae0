"""How fast events are sealed and verified, and what the sealer costs those who write them.

    .venv/bin/python -m bench.sealing --events 1000000

One database, durable as in production. Events of usual shape are filled in by thousands; sealed in
one go, as after a stop; verified; sealed again a little at a time. Then writers, who do nothing but
write one event and commit, take turns of some seconds with the sealer running and stopped: the
figure is the median ratio of a turn with it to the turn without it beside it. A real opening does
more than that for each event, so its share is smaller: ``bench.sealing_openings`` measures those.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from audit.journal import Journal
from audit.notes import Signer
from audit.sealing import Sealer, open_session
from audit.verifying import verify
from bench.world import migrated, running

FILL = """
    insert into audit_event (action, outcome, reason, staff_id, staff_name, membership_id,
        role_code, organisation_id, organisation_name, resident_id, residents, look, request,
        detail)
    select 'opening', 'done', 'relationship', n %% 900, 'A Nurse of ' || n %% 900, n %% 900,
        'ward-nurse', n %% 10, 'An NHS Foundation Trust', n %% 5000, '{}', uuidv7(), uuidv7(),
        jsonb_build_object('opening', n, 'rules', 3, 'digest', md5(n::text),
            'granted', jsonb_build_array(n %% 7, 4, 5, 6), 'basis', 'admission')
    from generate_series(%s::int, %s::int) n
"""
WRITE = (
    "select audit.record('opening', 'done', 'relationship', 7, 'A Nurse', 7, 'ward-nurse', 3,"
    " 'An NHS Foundation Trust', 9, '{}', uuidv7(), uuidv7(), '{\"opening\": 1}')"
)
BATCH = 5000
LEAST_A_MINUTE = 1_000_000
#: Seconds before each turn.
REST = 6


def main() -> int:
    """Measure, print, and answer 1 where verification misses its bar."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--writers", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="connect-care-bench-") as name:
        folder = Path(name)
        with running(folder, durable=True) as up:
            addresses, environment = migrated(up)
            with psycopg.connect(addresses["owner"], autocommit=True) as owner:
                for start in range(0, options.events, BATCH):
                    owner.execute(FILL, [start + 1, min(options.events, start + BATCH)])
                owner.execute("analyze audit_event")
            a_minute = _seal_and_verify(addresses["sealer"], folder, options.events)
            cost(
                addresses,
                environment,
                folder,
                turns=options.turns,
                work=lambda: _write(addresses["web"], options.writers, options.seconds),
                of="events",
            )
    return 0 if a_minute >= LEAST_A_MINUTE else 1


def _seal_and_verify(address: str, folder: Path, events: int) -> float:
    journal, signer = Journal(folder / "journal"), Signer(b"k" * 32)
    with journal.held(), contextlib.closing(open_session(address)) as connection:
        began = time.perf_counter()
        count = Sealer(journal, signer, connection).seal()
        seconds = time.perf_counter() - began
        print(f"sealed {count:,} events in {seconds:.1f} s: {count / seconds:,.0f} a second")
        assert count == events
        began = time.perf_counter()
        with connection.transaction():
            report = verify(connection, journal, signer.verifier)
        seconds = time.perf_counter() - began
        assert report.finding is None
        assert report.sealed == events
    a_minute = events / seconds * 60
    print(f"verified {events:,} events in {seconds:.1f} s: {a_minute:,.0f} a minute", flush=True)
    return a_minute


def cost(
    addresses: dict[str, str],
    environment: dict[str, str],
    folder: Path,
    *,
    turns: int,
    work: Callable[[], float],
    of: str,
) -> None:
    """Do some work, now with the sealer running and now without; print what is left of its rate.

    :param folder: where the journal and its key are, or will be.
    :param work: takes some seconds, writes events, and answers how many a second of what.
    """
    key = folder / "key"
    key.write_text("a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=")
    environment = {
        **os.environ,
        **environment,
        "CONNECTCARE_LOGIN": "sealer",
        "AUDIT_JOURNAL": str(folder / "journal"),
        "AUDIT_KEY_FILE": str(key),
    }
    ratios, rates, lags = [], [], []
    for turn in range(turns):
        found = {}
        for sealing in (True, False) if turn % 2 else (False, True):
            with _sealer(environment) if sealing else _nothing():
                found[sealing] = work()
                if sealing:
                    lags.append(_until_sealed(addresses["backup"]))
        ratios.append(found[True] / found[False])
        rates.append(found[False])
    print(
        f"{statistics.median(rates):,.0f} {of} a second without the sealer; with it "
        f"{statistics.median(ratios):.3f} of that (median of {len(ratios)} pairs, "
        f"{min(ratios):.3f} to {max(ratios):.3f}); the last event was sealed "
        f"{statistics.median(lags):.1f} s after the work had stopped, {max(lags):.1f} at most"
    )


@contextlib.contextmanager
def _sealer(environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "manage.py", "seal_audit"], env=environment)
    time.sleep(REST)  # it starts and seals what the turn without it left
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@contextlib.contextmanager
def _nothing() -> Iterator[None]:
    """Rest as long as before a turn with the sealer, so that the disk has had the same rest."""
    time.sleep(REST)
    yield


def _write(address: str, writers: int, seconds: float) -> float:
    """Events a second of so many writers together."""
    counts: list[int] = []
    until = time.monotonic() + seconds

    def write() -> None:
        count = 0
        with psycopg.connect(address, autocommit=True) as connection:
            while time.monotonic() < until:
                connection.execute(WRITE)
                count += 1
        counts.append(count)

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def _until_sealed(address: str) -> float:
    began = time.monotonic()
    with psycopg.connect(address, autocommit=True) as connection:
        count = connection.execute("select count(*) from audit_event").fetchall()[0][0]
        while True:
            rows = connection.execute("select size from audit_seal").fetchall()
            if rows and rows[0][0] >= count:
                return time.monotonic() - began
            time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
