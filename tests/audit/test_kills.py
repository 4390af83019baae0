"""Whatever is killed around an opening, nothing was shown of which there is no event.

A process opens a record as a browser's click does and says what left it; it, or its connection at
the server, is killed at some moment of that. ``AUDIT_KILLS`` says how often.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest
from django.db import connections

from audit.models import Event
from organisations.categories import Category
from tests.records.conftest import Ward, ward

__all__ = ["ward"]

KILLS = int(os.environ.get("AUDIT_KILLS", "10"))
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


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_nothing_is_shown_of_which_there_is_no_event(ward: Ward, run_sql: Connect) -> None:
    ward.entry(ward.person(ward.practice), Category.MEDICATIONS, SHOWN.decode())
    admin = run_sql("admin")
    admin.autocommit = True
    connections["default"].close()
    draw = random.Random(11)
    began = time.monotonic()
    pid, reading = start(ward)
    os.waitpid(pid, 0)
    usual = time.monotonic() - began
    shown = [os.read(reading, 16)]
    os.close(reading)
    assert shown[0], "a process that is let alone shows the record"
    ends: Counter[str] = Counter()
    for number in range(KILLS):
        pid, reading = start(ward)
        time.sleep(draw.uniform(0, 1.2 * usual))
        if number % 2:
            end_backends(admin)
        else:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        said = os.read(reading, 16)
        os.close(reading)
        ends[f"{'connection' if number % 2 else 'process'}: {'shown' if said else 'nothing'}"] += 1
        if said:
            shown.append(said)
    with ward.as_login("owner"):
        events = set(
            Event.objects.filter(action="opening", outcome="done").values_list("request", flat=True)
        )
    assert {UUID(bytes=each) for each in shown} <= events, ends
    print(dict(ends), "with events:", len(events))  # noqa: T201 - for whoever runs it by hand
