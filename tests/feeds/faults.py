"""A pipeline on servers of its own, which can be killed, and sources that never stop sending."""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psycopg
import redis
from celery import Celery
from django.core.management import call_command
from django.db import InterfaceError, OperationalError

from connectcare import timetable
from connectcare.environment import Environment, Profile
from feeds import actions, deciding
from feeds.models import Batch, BatchState
from identity.models import SourcePerson
from launcher import ROOT
from launcher.data import make_socket_folder
from launcher.given import NAMES
from launcher.valkey import Valkey
from organisations.models import Feed
from tests import factories
from tests.conftest import AsLogin, empty
from tests.feeds.end_states import EndState, end_state
from tests.feeds.stories import Story
from tests.own_database import OwnDatabase

Answer = TypeVar("Answer")

WORKERS = 2
#: Within so many seconds everything gets on, whatever else the machine does.
_PATIENCE = 300.0
_LOST = (OperationalError, InterfaceError, psycopg.OperationalError)


@dataclass
class Pipeline:
    """Two workers, a PostgreSQL that survives being killed, and a broker."""

    folder: Path
    sockets: Path
    as_login: AsLogin
    seed: int
    happened: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    _workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """From nothing to workers that wait."""
        self._chance = random.Random(self.seed)
        self.database = OwnDatabase(self.folder, self.sockets, "connectcare_import_faults")
        addresses = self.database.start()
        self.valkey = Valkey(sockets=self.sockets, log=self.folder / "valkey.log")
        self.valkey.start()
        self.environment = {
            **{key: os.environ[key] for key in NAMES if key in os.environ},
            **addresses,
            "REDIS_URL": self.valkey.url,
            "CONNECTCARE_PROFILE": Profile.TEST,
            "CONNECTCARE_LOGIN": "pipeline",
            "DJANGO_SETTINGS_MODULE": "connectcare.settings",
        }
        # From here on this process's own logins are those of the database that will be killed.
        os.environ.update(self.environment)
        with self.as_login("owner"):
            call_command("migrate", verbosity=0)
        self._nudger = Celery("nudger", broker=Environment().broker(), set_as_current=False)
        self._nudger.conf.task_default_queue = timetable.ORDINARY_QUEUE
        for _ in range(WORKERS):
            self._workers.append(self._start_worker())

    def _start_worker(self) -> subprocess.Popen[bytes]:
        with (self.folder / "workers.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.feeds.fault_worker"],
                env={**os.environ, **self.environment},
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    # --- Faults ---------------------------------------------------------------------------------

    def kill_what_loads(self) -> None:
        """The process that does a worker's work, in the midst of it; another takes its place."""
        which = self._chance.randrange(WORKERS)
        pid = self._workers[which].pid
        with contextlib.suppress(OSError):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)

    def kill_a_worker(self) -> None:
        """A worker with all its processes: no time for anything; and it is started again."""
        which = self._chance.randrange(WORKERS)
        self._end(self._workers[which])
        self._workers[which] = self._start_worker()

    @staticmethod
    def _end(worker: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def kill_the_database(self) -> None:
        """The machine's power, for PostgreSQL."""
        self.database.kill()

    def restart_the_database(self) -> None:
        """An immediate shutdown, and a start."""
        self.database.restart()

    def end_the_databases_sessions(self) -> None:
        """Everyone who is connected is so no more."""
        with psycopg.connect(self.database.admin, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where usename = 'connectcare_pipeline'"
            )

    def empty_the_broker(self) -> None:
        """Everything that was only ever in Redis is gone."""
        with redis.Redis.from_url(self.valkey.url) as client:
            client.flushall()

    def faults(self) -> list[Callable[[], None]]:
        """What may happen; what costs little happens more often."""
        return [
            *(self.kill_what_loads,) * 4,
            self.kill_a_worker,
            self.kill_the_database,
            self.restart_the_database,
            *(self.end_the_databases_sessions,) * 2,
            *(self.empty_the_broker,) * 2,
        ]

    # --- Sources --------------------------------------------------------------------------------

    def tell(self, stories: tuple[Story, ...], *, faults: int) -> EndState:
        """Have all of it loaded from nothing, under so many faults at most; what it left."""
        empty(self.database.admin)
        left = faults
        self._trying(lambda: self._make_feeds(stories))
        deadline = time.monotonic() + _PATIENCE
        moment = self._moment()
        while not self._trying(lambda: self._give_in_what_is_due(stories)):
            assert time.monotonic() < deadline, "nobody is getting on"
            assert [each.poll() for each in self._workers] == [None] * WORKERS, self._told()
            with contextlib.suppress(redis.RedisError, OSError):
                self._nudger.send_task("feeds.tasks.sweep", expires=5)
            time.sleep(0.05)
            if left and time.monotonic() >= moment:
                fault = self._chance.choice(self.faults())
                fault()
                self.happened.append(fault.__name__)
                left -= 1
                moment, deadline = self._moment(), time.monotonic() + _PATIENCE
        state: list[EndState] = []
        self._trying(lambda: state.append(end_state()))
        return state[-1]

    def _told(self) -> str:
        """What the workers said last."""
        return (self.folder / "workers.log").read_text(errors="replace")[-2000:]

    def _moment(self) -> float:
        return time.monotonic() + self._chance.uniform(0.05, 1.0)

    def _trying(self, what: Callable[[], Answer]) -> Answer:
        """Do something in the database, which may be away."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                with self.as_login("pipeline"):
                    return what()
            except _LOST:
                assert time.monotonic() < deadline, "the database never came back"
                time.sleep(0.1)

    @staticmethod
    def _make_feeds(stories: tuple[Story, ...]) -> None:
        for number, story in enumerate(stories):
            if Feed.objects.filter(format=story.format).exists():
                continue
            code = f"Y0000{number}"
            body = factories.organisation("Source", kind=story.kind, code=code)
            feed = factories.feed(body, format=story.format)
            if story.mapping:
                deciding.keep_mapping(feed, story.mapping, by=None)

    @staticmethod
    def _give_in_what_is_due(stories: tuple[Story, ...]) -> bool:
        """Each source sends its next batch when the last one is loaded; whether all is."""
        done = True
        for story in stories:
            feed = Feed.objects.select_related("organisation").get(format=story.format)
            states = list(Batch.objects.filter(feed=feed).values_list("state", flat=True))
            assert set(states) <= {BatchState.RECEIVED, BatchState.LOADING, BatchState.LOADED}
            if any(state != BatchState.LOADED for state in states):
                done = False
            elif len(states) < len(story.batches):
                done = False
                if len(states) == 1:
                    _somebody_objects(feed)
                files = story.batches[len(states)]
                actions.receive(
                    [actions.File(f"{n}", io.BytesIO(one)) for n, one in enumerate(files)],
                    feed=feed,
                    by=None,
                )
        return done

    def stop(self) -> None:
        """Everything that was started."""
        for worker in self._workers:
            self._end(worker)
        if hasattr(self, "valkey"):
            self.valkey.stop()
        if hasattr(self, "database"):
            self.database.stop()


def _somebody_objects(feed: Feed) -> None:
    """Of a council one person objects to its use of their number, before its second batch."""
    if feed.format != "council-csv":
        return
    person = SourcePerson.objects.get(source=feed.organisation, identifier="Patient/P00005")
    if not person.resident.choices.exists():
        factories.choice(person.resident, "nhs-number", "refuses", council=feed.organisation)


@contextlib.contextmanager
def pipeline(folder: Path, as_login: AsLogin, seed: int) -> Iterator[Pipeline]:
    """A pipeline of one's own, gone in the end, and the environment as it was."""
    sockets = make_socket_folder("connect-care-imports-")
    made = Pipeline(folder, sockets, as_login, seed)
    before = dict(os.environ)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        for name in made.environment:
            os.environ.pop(name, None)
            if name in before:
                os.environ[name] = before[name]
        shutil.rmtree(sockets, ignore_errors=True)
