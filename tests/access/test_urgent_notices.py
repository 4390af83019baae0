"""A notice leaves while all other work is held up: real workers, and mail that really goes."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from kombu import Connection

from access import tasks
from access.acting import Acting
from access.models import Alert
from connectcare.environment import Environment
from feeds import actions as feeds
from feeds import tasks as loads
from launcher.data import Data
from launcher.demo import processes
from launcher.given import NAMES
from organisations.models import Feed, Membership, Organisation
from tests.access.test_alerts import officer  # noqa: F401 - a fixture
from tests.access.test_glass_gate import break_glass, stranger  # noqa: F401 - a fixture
from tests.brokers import database_of_our_own
from tests.mail_server import MailServer

BROKER_DATABASE = 8
#: Nothing is measured: it only bounds how long a failure takes. The promise is a minute.
PATIENCE = 60
#: What the demo's ordinary worker does at once.
AT_ONCE = 2


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    address = database_of_our_own(os.environ["REDIS_URL"], BROKER_DATABASE)
    monkeypatch.setenv("REDIS_URL", address)
    with redis.Redis.from_url(address) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def workers(
    database: object, broker: redis.Redis, mail_server: MailServer, tmp_path: Path
) -> Iterator[None]:
    environment = {name: os.environ[name] for name in NAMES if name in os.environ}
    environment |= {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(mail_server.port)}
    environment |= {"CONNECTCARE_ORIGIN": "https://portal.example", "CONNECTCARE_PROFILE": "demo"}
    children = [
        child
        for child in processes(Data(tmp_path / "data"), environment, port=0)
        if child.name in ("worker", "urgent-worker")
    ]
    assert len(children) == 2
    try:
        for child in children:
            child.start()
        yield
        assert all(child.is_running() for child in children)
    finally:
        for child in reversed(children):
            child.stop()


@pytest.fixture
def held_up(
    world: Any, as_login: Any, run_sql: Callable[[str], psycopg.Connection]
) -> Iterator[list[int]]:
    """Batches whose rows another transaction holds: who loads one waits for as long as this."""
    with as_login("pipeline"):
        feed = Feed.objects.get(organisation=Organisation.objects.get(pk=world.trust.pk))
        batches = [
            feeds.receive([feeds.File("none.ndjson", io.BytesIO(b""))], feed=feed, by=None).pk
            for _ in range(AT_ONCE + 1)
        ]
    holder = run_sql("pipeline")
    holder.execute("select from feeds_batch where id = any(%s) for update", [batches])
    yield batches
    holder.rollback()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.1)


def test_a_notice_leaves_while_every_other_worker_is_held_up(
    world: Any,
    stranger: Acting,  # noqa: F811 - the fixture
    officer: Membership,  # noqa: F811 - the fixture
    held_up: list[int],
    broker: redis.Redis,
    workers: None,
    mail_server: MailServer,
    as_login: Any,
    run_sql: Callable[[str], psycopg.Connection],
) -> None:
    watcher = run_sql("admin")
    watcher.autocommit = True

    def stuck() -> bool:
        """Whether each process of the ordinary worker waits, and more waits behind them."""
        row = watcher.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and application_name = 'connectcare pipeline' and wait_event_type = 'Lock'"
        ).fetchone()
        return row == (AT_ONCE,) and broker.llen("ordinary") == 1

    with Connection(Environment().broker()) as connection:
        for batch in held_up:
            loads.load.apply_async([batch], connection=connection)
        wait_until(stuck)

        nudged = break_glass(stranger, world.resident.public_id).alert
        tasks.notify.apply_async([nudged], connection=connection)
        first = mail_server.messages.get(timeout=PATIENCE)

        # Nobody is told of this one: the sweeper finds it.
        swept = break_glass(stranger, world.other.public_id).alert
        tasks.sweep_alerts.apply_async(connection=connection)
        second = mail_server.messages.get(timeout=PATIENCE)
        assert stuck()

    with as_login("pipeline"):
        references = [Alert.objects.get(pk=pk).reference for pk in (nudged, swept)]
    assert [message["Subject"] for message in (first, second)] == [
        f"Connect Care alert {reference}" for reference in references
    ]
    assert first["To"] == officer.staff.email
