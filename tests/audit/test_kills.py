"""Whatever is killed around an opening, nothing was shown of which there is no event.

A process opens a record as a browser's click does and says what left it; it, its connection at the
server, or the whole server is killed at some moment of that, or as soon as something was shown.
``AUDIT_KILLS`` and ``AUDIT_SERVER_KILLS`` say how often.
"""

from __future__ import annotations

import os
import random
import select
import signal
import time
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from django.db import connections

from audit.models import Event
from organisations.categories import Category
from tests.conftest import AsLogin
from tests.own_database import own_database
from tests.records.conftest import Ward, make_ward, ward

__all__ = ["ward"]

KILLS = int(os.environ.get("AUDIT_KILLS", "10"))
SERVER_KILLS = int(os.environ.get("AUDIT_SERVER_KILLS", "4"))
SHOWN = b"Apixaban 5 mg tablets"

Connect = Callable[[str], psycopg.Connection]


def read_once(ward: Ward, told: int) -> None:
    """In a process of its own: open the record, then say under which request it was shown."""
    status = 1
    try:
        connections["default"].connection = None  # the parent's; this process makes its own
        response = ward.open()
        if SHOWN in response.content:
            os.write(told, UUID(response.wsgi_request.request_id).bytes)
        status = 0
    finally:
        os._exit(status)


def start(ward: Ward) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        read_once(ward, writing)
    os.close(writing)
    return pid, reading


def end_backends(admin: psycopg.Connection) -> None:
    admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'connectcare web' and backend_type = 'client backend'"
        " and datname = current_database()"
    )


def tried(ward: Ward, kill: Callable[[int], str], times: int) -> tuple[set[UUID], Counter[str]]:
    """The requests that showed a record, and how often one was shown though something was killed.

    :param kill: is given the process that opens, in turn at some moment of that and as soon as it
        has shown something; it says what it killed.
    """
    connections["default"].close()
    draw = random.Random(11)
    began = time.monotonic()
    pid, reading = start(ward)
    os.waitpid(pid, 0)
    usual = time.monotonic() - began
    alone = told(reading)
    assert alone, "a process that is let alone shows the record"
    shown = {UUID(bytes=alone)}
    ends: Counter[str] = Counter()
    for turn in range(times):
        pid, reading = start(ward)
        if turn % 4 < 2:
            time.sleep(draw.uniform(0, 1.2 * usual))
        else:
            select.select([reading], [], [])
        killed = kill(pid)
        os.waitpid(pid, 0)
        said = told(reading)
        ends[f"{killed}: {'shown' if said else 'nothing'}"] += 1
        if said:
            shown.add(UUID(bytes=said))
    return shown, ends


def told(reading: int) -> bytes:
    said = os.read(reading, 16)
    os.close(reading)
    return said


def with_events(ward: Ward) -> set[UUID]:
    with ward.as_login("owner"):
        return set(
            Event.objects.filter(action="opening", outcome="done").values_list("request", flat=True)
        )


def a_medicine(ward: Ward) -> None:
    ward.entry(ward.person(ward.practice), Category.MEDICATIONS, SHOWN.decode())


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_nothing_is_shown_of_which_there_is_no_event(ward: Ward, run_sql: Connect) -> None:
    a_medicine(ward)
    admin = run_sql("admin")
    admin.autocommit = True
    what = cycle(("process", "connection"))

    def kill(pid: int) -> str:
        killed = next(what)
        if killed == "process":
            os.kill(pid, signal.SIGKILL)
        else:
            end_backends(admin)
        return killed

    shown, ends = tried(ward, kill, KILLS)
    assert shown <= with_events(ward), ends
    print(dict(ends), "with events:", len(shown))  # noqa: T201 - for whoever runs it by hand


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_server_that_is_killed_has_the_event_of_what_was_shown(
    tmp_path: Path, database: object, as_login: AsLogin
) -> None:
    with (
        own_database(tmp_path, as_login, "connectcare_audit_kills") as own,
        as_login("web"),
    ):
        ward = make_ward(as_login)
        a_medicine(ward)

        def kill(_: int) -> str:
            own.kill()
            return "server"

        shown, ends = tried(ward, kill, SERVER_KILLS)
        assert shown <= with_events(ward), ends
        print(dict(ends), "with events:", len(shown))  # noqa: T201 - for whoever runs it by hand
