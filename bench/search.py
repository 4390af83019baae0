"""Finding a resident, the audit included: how long it takes, how often a second, and as it grows.

    .venv/bin/python -m bench.search --sizes 10000 1000000 --seconds 6

"Selector" is a transaction of the web's login: the search with its count, audit event and glimpse,
then the residents as a page shows them, then the commit to disk. "Page" is the form sent by HTTP to
the production server by a person who signed in, and the whole answer read. Both sizes are measured
in one run, turn by turn; readers are processes of this machine and share it with the server.

The last column is the processor time of one search, of the portal and PostgreSQL together: unlike
the others it hardly depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import multiprocessing
import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import psycopg

from bench import processor
from bench.residents import PASSWORD, ROOT, STAFF, Residents, databases

READERS = (1, 8, 40)
KINDS = ("number", "name and birth date")
LEVELS = ("selector", "page")
HOST = "127.0.0.1"
WORKERS = 2
THREADS = 4


@dataclass(frozen=True)
class Turn:
    """What readers do for a while, each with people of its own."""

    level: str
    kind: str
    seconds: float
    staff: tuple[int, ...]
    first: int


@dataclass(frozen=True)
class Session:
    """Somebody who signed in: the cookies, and the token for the form."""

    cookies: str
    token: str


@dataclass(frozen=True)
class Reader:
    """A process that reads when it is told to."""

    pipe: Connection
    pid: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs=2, default=[10_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--levels", nargs="+", choices=LEVELS, default=LEVELS)
    parser.add_argument("--readers", type=int, nargs="+", default=READERS)
    options = parser.parse_args()
    began = time.perf_counter()
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(databases(*options.sizes))
        print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
        _set_up_django(made[0])
        _give_passwords(made)
        ports = [stack.enter_context(_served(one)) for one in made]
        sessions = [_sign_in(port) for port in ports]
        crews = [
            stack.enter_context(_crew(*each)) for each in zip(made, ports, sessions, strict=True)
        ]
        print(f"{STAFF} people signed in; {os.cpu_count()} processors", flush=True)
        _print_table(made, crews, options)


def _set_up_django(one: Residents) -> None:
    os.environ.update(one.environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "connectcare.settings"
    import django

    django.setup()


def _give_passwords(made: list[Residents]) -> None:
    from django.contrib.auth.hashers import make_password

    for one in made:
        with psycopg.connect(one.addresses["admin"], autocommit=True) as connection:
            connection.execute(
                "update organisations_staffmember set password = %s", [make_password(PASSWORD)]
            )


@contextlib.contextmanager
def _served(one: Residents) -> Iterator[int]:
    """The production server on a port of its own."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    words = ["granian", "--interface", "wsgi", "--host", HOST, "--port", str(port), "--no-ws"]
    words += ["--workers", str(WORKERS), "--blocking-threads", str(THREADS), "--log-level", "error"]
    server = subprocess.Popen(
        [sys.executable, "-m", *words, "connectcare.wsgi:application"],
        cwd=ROOT,
        env={**os.environ, **one.environment, "CONNECTCARE_LOGIN": "web", "ALLOWED_HOSTS": HOST},
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


def _sign_in(port: int) -> list[Session]:
    """Everyone, by the form with the password."""
    return [_sign_in_as(port, f"bench{nth}") for nth in range(1, STAFF + 1)]


def _sign_in_as(port: int, username: str) -> Session:
    browser = http.client.HTTPConnection(HOST, port)
    jar: dict[str, str] = {}

    def ask(method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        browser.request(
            method,
            path,
            urlencode(fields) if fields else None,
            {
                "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()),
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        answer = browser.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            jar[name] = value
        return answer.status, answer.read().decode()

    _, page = ask("GET", "/sign-in")
    signing_in = {"username": username, "password": PASSWORD, "next": ""}
    status, _ = ask("POST", "/sign-in", {**signing_in, "csrfmiddlewaretoken": _token(page)})
    assert status == 302, f"signing in was answered {status}"
    status, page = ask("GET", "/residents/find")
    assert status == 200, f"the search's page was answered {status}"
    browser.close()
    return Session("; ".join(f"{name}={value}" for name, value in jar.items()), _token(page))


def _token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None
    return found[1]


# ── Readers ─────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def _crew(one: Residents, port: int, sessions: list[Session]) -> Iterator[list[Reader]]:
    """As many readers of a database as are ever wanted, each waiting for its turn."""
    fork = multiprocessing.get_context("fork")
    readers: list[Reader] = []
    processes = []
    for _ in range(max(READERS)):
        ours, theirs = fork.Pipe()
        process = fork.Process(target=_read, args=(theirs, one, port, sessions), daemon=True)
        process.start()
        assert process.pid is not None
        readers.append(Reader(ours, process.pid))
        processes.append(process)
    try:
        yield readers
    finally:
        for reader, process in zip(readers, processes, strict=True):
            with contextlib.suppress(BrokenPipeError):  # it failed, and said so
                reader.pipe.send(None)
            process.join()


def _read(pipe: Connection, one: Residents, port: int, sessions: list[Session]) -> None:
    import dj_database_url
    from django.db import connections

    address = dj_database_url.parse(one.addresses["web"])
    connections["default"].settings_dict.update(address)
    browser = http.client.HTTPConnection(HOST, port)
    while (turn := pipe.recv()) is not None:
        spent: list[float] = []

        def search(nth: int, turn: Turn = turn) -> None:
            staff = turn.staff[nth % len(turn.staff)]
            if turn.level == "selector":
                _by_selector(one, turn.kind, nth, staff)
            else:
                _by_page(browser, one, turn.kind, nth, sessions[staff - 1])

        # Connected before the clock runs, as the portal's processes are.
        search(turn.first - 1)
        pipe.send("ready")
        pipe.recv()
        nth = turn.first
        until = time.perf_counter() + turn.seconds
        while (began := time.perf_counter()) < until:
            search(nth)
            spent.append((time.perf_counter() - began) * 1000)
            nth += 1
        pipe.send(spent)
        # Not kept: eighty readers wait, and the server has a hundred connections.
        connections.close_all()
        browser.close()


def _by_selector(one: Residents, kind: str, nth: int, staff: int) -> None:
    from django.db import transaction

    from access.glimpses import Search, find
    from identity.nhs_number import NhsNumber
    from identity.selectors import residents

    search = (
        Search(nhs_number=NhsNumber(one.number(nth)))
        if kind == "number"
        else Search(family_name=one.family(nth), birth_date=one.born(nth), given_name="Ruth")
    )
    with transaction.atomic():
        found = find(_acting(staff), search, request_id=str(uuid4()))
        seen = residents(found.residents)
    assert any(each.nhs_number == one.number(nth) for each in seen)


def _acting(staff: int) -> Any:
    from access.acting import Acting

    return Acting(
        staff_id=staff,
        staff_name="",
        membership_id=staff,
        organisation_id=1,
        organisation_name="",
        organisation_kind="nhs_trust",
        team_name="",
        role_code="nurse",
        role_name="Nurse",
        activities=frozenset(),
    )


def _by_page(
    browser: http.client.HTTPConnection, one: Residents, kind: str, nth: int, who: Session
) -> None:
    born = one.born(nth)
    typed = (
        {"nhs_number": one.number(nth)}
        if kind == "number"
        else {
            "family_name": one.family(nth),
            "birth_date-day": str(born.day),
            "birth_date-month": str(born.month),
            "birth_date-year": str(born.year),
            "given_name": "Ruth",
        }
    )
    browser.request(
        "POST",
        "/residents/find",
        urlencode({**typed, "csrfmiddlewaretoken": who.token}),
        {"Cookie": who.cookies, "Content-Type": "application/x-www-form-urlencoded"},
    )
    answer = browser.getresponse()
    body = answer.read()
    assert answer.status == 200, f"a search was answered {answer.status}"
    assert b'class="app-result' in body, body[-3000:]


# ── Figures ─────────────────────────────────────────────────────────────────────────────────


def _print_table(
    made: list[Residents], crews: list[list[Reader]], options: argparse.Namespace
) -> None:
    turns = options.turns
    seconds = options.seconds / turns
    head = "".join(f" | {one.count:>9,}: p50    p95 a second     cpu" for one in made)
    print(f"\n{'':9} {'by':20} {'readers':>7}{head} | growth of p95")
    for level in options.levels:
        for kind in KINDS:
            for readers in options.readers:
                spent, processors = _measure(made, crews, level, kind, readers, seconds, turns)
                cells = ""
                tails = []
                for times, used in zip(spent, processors, strict=True):
                    tail = statistics.quantiles(times, n=20)[-1]
                    tails.append(tail)
                    rate = len(times) / (seconds * turns)
                    each = used / len(times) * 1000
                    cells += (
                        f" | {statistics.median(times):14.1f} {tail:6.1f} {rate:8.0f} {each:7.1f}"
                    )
                growth = tails[1] / tails[0]
                print(f"{level:9} {kind:20} {readers:7}{cells} | {growth:6.2f}", flush=True)


def _measure(
    made: list[Residents],
    crews: list[list[Reader]],
    level: str,
    kind: str,
    readers: int,
    seconds: float,
    turns: int,
) -> tuple[list[list[float]], list[float]]:
    """Milliseconds of every search, and processor seconds of all, by database.

    The first turn of each warms it. Readers of pages are browsers, and no part of the portal.
    """
    spent: list[list[float]] = [[] for _ in made]
    used = [0.0 for _ in made]
    without = (
        frozenset(browser.pid for crew in crews for browser in crew)
        if level == "page"
        else frozenset()
    )
    for turn in range(turns + 1):
        order = list(range(len(made)))
        for which in order if turn % 2 else reversed(order):
            for nth, reader in enumerate(crews[which][:readers]):
                own = tuple(range(1 + nth, STAFF + 1, readers))
                first = 1 + turn * 100_000 + nth * 2_003
                reader.pipe.send(Turn(level, kind, seconds, own, first))
            for reader in crews[which][:readers]:
                reader.pipe.recv()
            before = processor.seconds(without=without)
            for reader in crews[which][:readers]:
                reader.pipe.send("go")
            times = [ms for reader in crews[which][:readers] for ms in reader.pipe.recv()]
            if turn:
                spent[which] += times
                used[which] += processor.seconds(without=without) - before
    return spent, used


if __name__ == "__main__":
    main()
