"""What a record's pages cost: the audit included, under the production server, and where it goes.

    .venv/bin/python -m bench.pages
    .venv/bin/python -m bench.pages --seconds 5 --readers 1 8 32 --pages record timeline

Each page is asked for by readers who have signed in and look at a record: one opening with its
event a page. Readers are processes of this machine and share it with the server, as PostgreSQL
does. Beside it stands a page that only runs the bare query (:mod:`bench.bare`), in the same
server; both follow each other in one run. "cpu" is the processor time of one page, of server and
PostgreSQL together, and hardly depends on what else the machine does.

The shares are of one process, page after page, by a clock at each part: medians.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench import processor
from bench.world import ROOT, World, world

HOST = "127.0.0.1"
WORKERS, THREADS = 2, 4
RECORDS: dict[str, Callable[[World, int], int]] = {
    "typical": World.typical_resident,
    "heavy": World.heavy_resident,
}
#: Records that each reader goes through, one after the other.
EACH = 4
WARM_UP, ROUNDS = 10, 60

MOST_RATIO = 3.0
"""The overview of a typical record to the bare query's page, in processor time."""
MOST_QUERIES = 12
"""Statements of an overview, whatever the record's size."""
FEWEST_OPENED = 150
"""Typical records opened in a second by eight readers, on two cores of their own."""


@dataclass(frozen=True)
class Asked:
    """One address with the session that may see it."""

    path: str
    cookie: str


@dataclass(frozen=True)
class Seen:
    """What some readers met within a while."""

    times: list[float]
    seconds: float
    cpu: float

    def __str__(self) -> str:
        p95 = statistics.quantiles(self.times, n=20)[-1] if len(self.times) > 1 else 0.0
        return (
            f"{statistics.median(self.times):8.1f} {p95:8.1f}"
            f" {len(self.times) / self.seconds:8.0f} {self.each:7.2f}"
        )

    @property
    def each(self) -> float:
        """Processor time of one page, in milliseconds."""
        return self.cpu * 1000 / len(self.times)


def main() -> int:
    """Measure, print, and answer 1 if a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--readers", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--pages", nargs="+", default=None, help="record, timeline, or sections")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the database here")
    options = parser.parse_args()
    with world(options.entries, keep=options.keep) as one:
        os.environ.update(
            one.environment,
            CONNECTCARE_LOGIN="web",
            ALLOWED_HOSTS=f"{HOST},testserver",
            DJANGO_SETTINGS_MODULE="connectcare.settings",
        )
        import django

        django.setup()
        return _measure(one, options)


def _measure(one: World, options: argparse.Namespace) -> int:
    from django.db import connections

    from records.sections import SECTIONS

    pages = options.pages or ["record", *(section.slug for section in SECTIONS), "timeline"]
    missed = _shares({record: _sessions(one, record, 1) for record in RECORDS}, pages)
    print(f"\n{'':10} {'page':24} {'readers':>7} {'p50 ms':>8} {'p95 ms':>8} {'a second':>8} "
          f"{'cpu ms':>7}   to bare")  # fmt: skip
    with (
        _served(one, "connectcare.wsgi:application", "web") as port,
        _served(one, "bench.bare:application", "pipeline") as bare_port,
    ):
        for record in RECORDS:
            # A look lasts a quarter of an hour.
            sessions = _sessions(one, record, max(options.readers) * EACH)
            connections.close_all()
            for page in pages:
                for readers in options.readers:
                    missed |= _line(sessions, record, page, readers, (port, bare_port), options)
    return missed


def _line(
    sessions: list[tuple[int, str, str]],
    record: str,
    page: str,
    readers: int,
    ports: tuple[int, int],
    options: argparse.Namespace,
) -> int:
    port, bare_port = ports
    query = "section" if page not in ("record", "timeline") else "whole"
    asked = [Asked(_path(public_id, page), cookie) for _, public_id, cookie in sessions]
    bare = [Asked(f"/{query}/{resident}", "") for resident, _, _ in sessions]
    beside = _read_for(bare_port, bare, readers, options.seconds / 2)
    seen = _read_for(port, asked, readers, options.seconds)
    ratio = seen.each / beside.each
    print(f"{record:10} {page:24} {readers:7} {seen}   {ratio:.1f}", flush=True)
    if (record, page, readers) != ("typical", "record", 8):
        return 0
    rate = len(seen.times) / seen.seconds
    for what, fails in (
        (f"{ratio:.1f} times the bare page; at most {MOST_RATIO}", ratio > MOST_RATIO),
        (f"{rate:.0f} opened a second; at least {FEWEST_OPENED}", rate < FEWEST_OPENED),
    ):
        print(f"{'':10} {'MISSED' if fails else 'met'}: {what}")
    return int(ratio > MOST_RATIO or rate < FEWEST_OPENED)


def _path(public_id: str, page: str) -> str:
    return f"/record/{public_id}" + ("" if page == "record" else f"/{page}")


# ── Sessions, and the server ────────────────────────────────────────────────────────────────


def _sessions(one: World, record: str, number: int) -> list[tuple[int, str, str]]:
    """Somebody signed in with a look at a record, so often: resident, public id, cookie."""
    import psycopg
    from django.conf import settings
    from django.test import Client

    from organisations.models import StaffMember

    staff = StaffMember.objects.get(pk=1)
    found = []
    with psycopg.connect(one.addresses["admin"]) as admin:
        for nth in range(number):
            resident = RECORDS[record](one, nth)
            row = admin.execute(
                "select public_id from identity_resident where id = %s", [resident]
            ).fetchone()
            assert row is not None
            client = Client()
            client.force_login(staff)
            opened = client.post("/record/open", {"resident": str(row[0])})
            assert opened.status_code == 303
            cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
            found.append((resident, str(row[0]), f"{settings.SESSION_COOKIE_NAME}={cookie}"))
    return found


@contextlib.contextmanager
def _served(one: World, application: str, login: str) -> Iterator[int]:
    """The production server on a port of its own."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    words = ["granian", "--interface", "wsgi", "--host", HOST, "--port", str(port), "--no-ws"]
    words += ["--workers", str(WORKERS), "--blocking-threads", str(THREADS), "--log-level", "error"]
    server = subprocess.Popen(
        [sys.executable, "-m", *words, application],
        cwd=ROOT,
        env={**os.environ, **one.environment, "CONNECTCARE_LOGIN": login},
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                socket.create_connection((HOST, port), 1).close()
                break
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait()


# ── Readers ─────────────────────────────────────────────────────────────────────────────────


def _read_for(port: int, asked: list[Asked], readers: int, seconds: float) -> Seen:
    """So many readers at once, each with records of its own."""
    fork = multiprocessing.get_context("fork")
    pipes: list[Connection] = []
    processes = []
    for nth in range(readers):
        ours, theirs = fork.Pipe()
        own = asked[nth * EACH : (nth + 1) * EACH]
        process = fork.Process(target=_read, args=(theirs, port, own, seconds), daemon=True)
        process.start()
        pipes.append(ours)
        processes.append(process)
    for pipe in pipes:
        assert pipe.recv() == "ready"
    without = frozenset(process.pid for process in processes if process.pid is not None)
    before, began = processor.seconds(without=without), time.perf_counter()
    for pipe in pipes:
        pipe.send("go")
    times = [each for pipe in pipes for each in pipe.recv()]
    took = time.perf_counter() - began
    used = processor.seconds(without=without) - before
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send("done")
        process.join()
    return Seen(times, took, used)


def _read(pipe: Connection, port: int, asked: list[Asked], seconds: float) -> None:
    browser = http.client.HTTPConnection(HOST, port)

    def ask(of: Asked) -> http.client.HTTPResponse:
        browser.request("GET", of.path, headers={"Cookie": of.cookie} if of.cookie else {})
        return browser.getresponse()

    def page(of: Asked) -> None:
        try:
            answer = ask(of)
        except http.client.RemoteDisconnected:  # it closed what was idle: as browsers do, anew
            browser.close()
            answer = ask(of)
        body = answer.read()
        assert answer.status == 200, f"{of.path} was answered {answer.status}: {body[:300]!r}"

    page(asked[0])
    pipe.send("ready")
    pipe.recv()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        page(asked[len(times) % len(asked)])
        times.append((time.perf_counter() - began) * 1000)
    pipe.send(times)
    pipe.recv()
    browser.close()


# ── Where it goes ───────────────────────────────────────────────────────────────────────────

PARTS = (
    "signed in",
    "facts",
    "decision",
    "opening and audit",
    "who",
    "query",
    "presenting",
    "rendering",
    "last question",
    "rest",
)


def _shares(sessions: dict[str, list[tuple[int, str, str]]], pages: list[str]) -> int:
    """Print statements and milliseconds of each part; 1 if an overview has too many statements."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    missed = 0
    print(f"{'':10} {'page':24} {'queries':>7} {'bytes':>8} {'all ms':>8}  " + "  ".join(PARTS))
    for record, readers in sessions.items():
        for page in pages:
            _, public_id, cookie = readers[0]
            client = Client()
            client.cookies[settings.SESSION_COOKIE_NAME] = cookie.partition("=")[2]
            path = _path(public_id, page)
            client.get(path)  # once a minute a page also notes that somebody is there
            with CaptureQueriesContext(connection) as captured:
                size = len(client.get(path).content)
                statements = len(captured)  # now: the next request forgets them
            parts: dict[str, list[float]] = defaultdict(list)
            with _clocked() as spent:
                for nth in range(-WARM_UP, ROUNDS):
                    spent.clear()
                    began = time.perf_counter()
                    assert client.get(path).status_code == 200
                    whole = (time.perf_counter() - began) * 1000
                    if nth >= 0:
                        parts["all"].append(whole)
                        for part, took in _apart(spent, whole).items():
                            parts[part].append(took)
            cells = "  ".join(f"{statistics.median(parts[part]):{len(part)}.2f}" for part in PARTS)
            print(
                f"{record:10} {page:24} {statements:7} {size:8}"
                f" {statistics.median(parts['all']):8.2f}  {cells}",
                flush=True,
            )
            if page == "record" and statements > MOST_QUERIES:
                print(f"{'':10} MISSED: {statements} statements; at most {MOST_QUERIES}")
                missed = 1
    return missed


def _apart(spent: dict[str, float], whole: float) -> dict[str, float]:
    """Parts without what lies within them."""
    opening = spent["gate"] - spent["facts"] - spent["decision"]
    found = {part: spent.get(part, 0.0) for part in PARTS} | {"opening and audit": opening}
    return found | {"rest": whole - sum(took for part, took in found.items() if part != "rest")}


@contextlib.contextmanager
def _clocked() -> Iterator[dict[str, float]]:
    """Milliseconds of each part of one page, added up."""
    from django.contrib.auth import middleware

    from access import facts, gate
    from records import presenters, selectors, views

    spent: dict[str, float] = defaultdict(float)

    def clocked(of: Any, name: str, part: str) -> Any:
        step = getattr(of, name)

        def run(*words: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return step(*words, **named)
            finally:
                spent[part] += (time.perf_counter() - began) * 1000

        return patch.object(of, name, run)

    with contextlib.ExitStack() as stack:
        for of, names, part in (
            (middleware, ("get_user",), "signed in"),  # the session, who it is, and as what
            (facts, ("read",), "facts"),
            (gate, ("decide",), "decision"),
            (gate, ("open_record",), "gate"),
            (gate, ("still_open",), "last question"),
            (views, ("resident_of", "listed_of", "reader_of"), "who"),
            (selectors, ("newest", "counts", "page_of", "extents", "places"), "query"),
            (selectors, ("entries_within",), "query"),
            (presenters, ("record_page", "section_page"), "presenting"),
            (views, ("timeline_page", "asked_of"), "presenting"),
            (views, ("render",), "rendering"),
        ):
            for name in names:
                stack.enter_context(clocked(of, name, part))
        yield spent


if __name__ == "__main__":
    sys.exit(main())
