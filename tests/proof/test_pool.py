"""Many readers on few connections: nobody reads through what another transaction opened.

Sixteen threads, two connections, 10,000 transactions: through psycopg's pool in this process, and
through PgBouncer in transaction mode where its program is found.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, connections, transaction

from access import gate
from access.acting import Acting
from connectcare.environment import Login
from tests.proof.making import Size, make_world
from tests.proof.reference import visible
from tests.proof.worlds import NOW, Asked
from tests.proof.writing import acting, resident_id, write

THREADS = 16
CONNECTIONS = 2
SWITCHES = 10_000
#: Of the transactions of a thread: what each does.
DOES = ("open", "open", "nothing", "nothing", "roll back", "fail")


@dataclass
class Readers:
    """Who may ask what, and what they then see; what the threads met."""

    acting: dict[int, Acting]
    sees: dict[tuple[int, int], frozenset[int]]
    owner: dict[int, int]
    transactions: int = 0
    rows: int = 0
    backends: set[int] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Failed(Exception):
    """A request that breaks off with its record open."""


def _fail() -> None:
    raise Failed


@pytest.fixture
def readers(database: object, as_login: Any) -> Readers:
    world = make_world(Random(10), Size(bodies=5, members=10, residents=12, entries=3))
    write(world, as_login)
    return Readers(
        acting={member.id: acting(member.id, member.staff) for member in world.members},
        sees={
            (member.id, resident): frozenset(
                entry.id for entry in visible(world, Asked(member.staff, member.id, resident, NOW))
            )
            for member in world.members
            for resident in world.residents
        },
        owner={entry.id: entry.resident for entry in world.entries},
    )


def rows() -> frozenset[int]:
    with connection.cursor() as cursor:
        cursor.execute("select id from records_entry")
        return frozenset(number for (number,) in cursor.fetchall())


def one_transaction(readers: Readers, chance: Random) -> tuple[str, int, int]:
    """A transaction of one reader: a problem if there was one, its rows, its backend."""
    does = chance.choice(DOES)
    membership, resident = chance.choice(list(readers.sees))
    expected: frozenset[int] = frozenset()
    found: frozenset[int] = frozenset()
    try:
        with transaction.atomic():
            if before := rows():
                return f"{len(before)} rows before anything was opened", 0, 0
            if does != "nothing":
                gate.open_record(
                    readers.acting[membership],
                    resident_id(resident),
                    look=uuid4(),
                    request_id=str(uuid4()),
                )
                expected = readers.sees[membership, resident]
            found = rows()
            with connection.cursor() as cursor:
                cursor.execute("select pg_backend_pid()")
                (backend,) = cursor.fetchone()
            if does == "fail":
                _fail()
            if does == "roll back":
                transaction.set_rollback(True)
    except Failed:
        pass
    if chance.random() < 0.2 and (after := rows()):
        return f"{len(after)} rows after the transaction", 0, backend
    connection.close()  # gives it back to the pool
    if found != expected:
        strangers = {readers.owner[number] for number in found} - {resident}
        return f"{does}: {len(found ^ expected)} rows amiss, residents {strangers}", 0, backend
    return "", len(found), backend


def read(readers: Readers, settings: dict[str, Any], seed: int, times: int) -> None:
    """A thread: its own connection of Django's, which takes one of the pool's each time."""
    default = connections["default"]
    connections["default"] = type(default)({**default.settings_dict, **settings}, "default")
    chance = Random(seed)
    try:
        for _ in range(times):
            problem, found, backend = one_transaction(readers, chance)
            with readers.lock:
                readers.transactions += 1
                readers.rows += found
                readers.backends.add(backend)
                if problem:
                    readers.problems.append(problem)
    except Exception as error:  # noqa: BLE001 - a thread's failure must be the test's
        readers.problems.append(repr(error))
    finally:
        connections["default"].close()
        connections["default"] = default


def everybody(readers: Readers, settings: dict[str, Any]) -> None:
    threads = [
        threading.Thread(target=read, args=(readers, settings, seed, SWITCHES // THREADS))
        for seed in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert readers.problems == []
    assert readers.transactions == SWITCHES
    assert len(readers.backends) == CONNECTIONS
    assert readers.rows > SWITCHES / 2


def test_a_pool_of_two_connections_shows_nobody_anothers_record(readers: Readers) -> None:
    web = connections["default"].settings_dict
    pool = {"min_size": CONNECTIONS, "max_size": CONNECTIONS, "timeout": 60}
    settings = {**web, "CONN_MAX_AGE": 0, "OPTIONS": {**web["OPTIONS"], "pool": pool}}
    try:
        everybody(readers, settings)
    finally:
        type(connections["default"])(settings, "default").close_pool()


# ── PgBouncer ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def bouncer(database: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """PgBouncer in transaction mode in front of the web's login; its port on the loopback."""
    program = os.environ.get("TEST_PGBOUNCER") or shutil.which("pgbouncer")
    if not program:
        pytest.skip("pgbouncer is not on the PATH (TEST_PGBOUNCER names it)")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    folder = tmp_path_factory.mktemp("pgbouncer")
    web = psycopg.conninfo.conninfo_to_dict(database[Login.WEB])
    given = " ".join(f"{key}={value}" for key, value in web.items() if key != "sslmode")
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\nportal = {given}\n"
        "[pgbouncer]\npool_mode = transaction\nauth_type = any\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nunix_socket_dir =\n"
        f"default_pool_size = {CONNECTIONS}\nmax_client_conn = 100\n"
        "ignore_startup_parameters = extra_float_digits,options\n",
        encoding="utf-8",
    )
    command = [program, str(settings)]
    if (
        getpass.getuser() == "root"
    ):  # which PgBouncer refuses to be, and nobody else's is the socket
        command = ["unshare", "--user", *command]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(child, port, folder / "log")
        yield port
    finally:
        child.terminate()
        child.wait(10)


def _wait(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(100):
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert child.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError("PgBouncer does not listen")


def test_pgbouncer_in_transaction_mode_shows_nobody_anothers_record(
    bouncer: int, readers: Readers
) -> None:
    web = connections["default"].settings_dict
    settings = {
        **web,
        "HOST": "127.0.0.1",
        "PORT": bouncer,
        "NAME": "portal",
        "CONN_MAX_AGE": None,
        # As PREPARED_STATEMENTS=no does, since a PgBouncer before 1.21 keeps none.
        "OPTIONS": {**web["OPTIONS"], "prepare_threshold": None},
    }
    everybody(readers, settings)
