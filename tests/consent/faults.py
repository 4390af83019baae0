"""The portal on servers of its own, which can be killed; and advisers who never give up."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import redis

from connectcare.environment import Profile
from consent.effects import VERSION
from launcher import MANAGE, ROOT
from launcher.children import Child
from launcher.data import Data, make_socket_folder
from launcher.demo import processes, wait_until_ready
from launcher.given import NAMES
from launcher.provision import as_environment, passwords_in, provision
from launcher.valkey import Valkey
from tests.factories import PASSWORD
from tests.launcher.clusters import make_cluster

#: So many tries at one step, with a short wait between them, outlast every restart.
_TRIES = 600
_WAIT = 0.1
#: A fault; 400 too, where the session could not be written once the answer was made.
_INTERRUPTED = frozenset({400, 500, 502, 503, 504})
#: Seconds within which three advisers get on by a few answers, whatever else the machine does.
_PATIENCE = 120.0


@dataclass
class Portal:
    """A web process, a PostgreSQL that survives being killed, and a broker."""

    folder: Path
    sockets: Path
    web: Child = field(init=False, repr=False)

    def start(self) -> None:
        """From nothing to a page that answers."""
        self.cluster = make_cluster(self.folder, self.sockets, throw_away=False)
        self.cluster.postgres.start()
        self.valkey = Valkey(sockets=self.sockets, log=self.folder / "valkey.log")
        self.valkey.start()
        addresses = provision(
            self.cluster.admin_url, "connectcare_faults", passwords=passwords_in({})
        )
        self.admin = psycopg.conninfo.make_conninfo(
            self.cluster.admin_url, dbname="connectcare_faults"
        )
        self.environment = {
            **{name: os.environ[name] for name in NAMES if name in os.environ},
            **as_environment(addresses),
            "REDIS_URL": self.valkey.url,
            "CONNECTCARE_PROFILE": Profile.TEST,
        }
        self._run("owner", str(MANAGE), "migrate", "--verbosity", "0")
        self.port = _free_port()
        self.data = Data(self.folder / "data")
        self._start_web()

    def make_advisers(self, count: int) -> list[dict[str, str]]:
        """Who takes calls, and about whom."""
        made: list[dict[str, str]] = json.loads(
            self._run("pipeline", "-m", "tests.consent.fault_world", str(count))
        )
        return made

    def _run(self, login: str, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            env={
                **os.environ,
                **self.environment,
                "CONNECTCARE_LOGIN": login,
                "DJANGO_SETTINGS_MODULE": "connectcare.settings",
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _start_web(self) -> None:
        (self.web,) = [
            child
            for child in processes(self.data, self.environment, self.port)
            if child.name == "web"
        ]
        self.web.start()
        wait_until_ready(self.port, [self.web])

    # --- Faults ---------------------------------------------------------------------------------

    def kill_the_web(self) -> None:
        """No time for anything: the process and its workers are gone, and come back."""
        assert self.web.pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.web.pid, signal.SIGKILL)
        self.web.stop()
        self._start_web()

    def stop_the_database(self) -> None:
        """The machine's power, for PostgreSQL: it recovers from what it wrote down."""
        child = self.cluster.postgres._child
        assert child is not None
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.stop()
        self.cluster.postgres.start()
        wait_until_ready(self.port, [self.web])

    def end_the_databases_sessions(self) -> None:
        """What a restart of PostgreSQL does to everyone who is connected."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where usename = 'connectcare_web'"
            )

    def empty_the_broker(self) -> None:
        """Everything that was only ever in Redis is gone."""
        with redis.Redis.from_url(self.valkey.url) as client:
            client.flushall()

    def faults(self) -> list[Callable[[], None]]:
        """What may happen."""
        return [
            self.kill_the_web,
            self.stop_the_database,
            self.end_the_databases_sessions,
            self.empty_the_broker,
        ]

    def stop(self) -> None:
        """Everything that was started."""
        for part in ("web", "valkey"):
            if hasattr(self, part):
                getattr(self, part).stop()
        if hasattr(self, "cluster"):
            self.cluster.postgres.stop()


@contextlib.contextmanager
def portal(folder: Path) -> Iterator[Portal]:
    """A portal of one's own, gone in the end."""
    sockets = make_socket_folder("connect-care-faults-")
    made = Portal(folder, sockets)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(sockets, ignore_errors=True)
        shutil.rmtree(folder / "postgres", ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Adviser(threading.Thread):
    """Records one choice after another: each is pressed on until the portal has acknowledged it.

    ``acknowledged`` maps the draft to the choice that the portal said it had become.
    """

    def __init__(self, origin: str, who: dict[str, str], over: threading.Event) -> None:
        super().__init__(daemon=True)
        self._origin = origin
        self._who = who
        self._over = over
        self.acknowledged: dict[str, str] = {}
        self.answered = 0
        self.interrupted = 0
        self.fault: BaseException | None = None
        self._client = httpx.Client(base_url=origin, timeout=30)

    def run(self) -> None:
        """Until it is over; what went wrong beyond interruptions is kept."""
        try:
            self._sign_in()
            answers = ["refuses", "consents"]
            while not self._over.is_set():
                self._record(answers[len(self.acknowledged) % 2])
        except BaseException as fault:  # noqa: BLE001 - told by the test's thread
            self.fault = fault
        finally:
            self._client.close()

    def _sign_in(self) -> None:
        for _ in range(_TRIES):
            self._get("/sign-in")
            answer = self._post("/sign-in", username=self._who["username"], password=PASSWORD)
            if answer.status_code == http.client.FOUND:
                return
        raise AssertionError("nobody could sign in")

    def _record(self, answer: str) -> None:
        begun = self._post(
            f"/residents/{self._who['resident']}/choices/record", kind="connect-care"
        )
        draft = begun.headers["location"].split("/")[2]
        at = f"/choices/{draft}"
        self._post(f"{at}/answer", answer=answer)
        self._post(f"{at}/identity", **self._details())
        self._post(f"{at}/decided-by", decided_by="resident")
        self._post(f"{at}/relayed-by", relayer="nobody")
        self._post(f"{at}/channel", channel="phone")
        confirmed = self._post(f"{at}/check", words=VERSION)
        where = confirmed.headers["location"].split("/")
        assert where[-1] == "recorded", confirmed.headers["location"]
        assert draft not in self.acknowledged
        self.acknowledged[draft] = where[-2]

    def _details(self) -> dict[str, str]:
        return {
            "family_name": "Carter",
            "given_name": self._who["given"],
            "birth_date-day": "3",
            "birth_date-month": "3",
            "birth_date-year": "1941",
            "nhs_number": self._who["number"],
        }

    def _get(self, path: str) -> httpx.Response:
        return self._until_answered(lambda: self._client.get(path))

    def _post(self, path: str, **data: str) -> httpx.Response:
        """Send a form until an answer comes; an answer that is lost is asked for again."""

        def send() -> httpx.Response:
            token = self._client.cookies.get("csrf", "")
            return self._client.post(path, data={"csrfmiddlewaretoken": token, **data})

        return self._until_answered(send)

    def _until_answered(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        for _ in range(_TRIES):
            with contextlib.suppress(httpx.HTTPError):
                answer = ask()
                if answer.status_code not in _INTERRUPTED:
                    assert answer.status_code in (http.client.OK, http.client.FOUND), answer.url
                    self.answered += 1
                    return answer
            self.interrupted += 1
            time.sleep(_WAIT)
        raise AssertionError("the portal never came back")


def choices_in(portal: Portal) -> list[dict[str, Any]]:
    """Every choice with its draft and its events, as an administrator of the database sees them."""
    with psycopg.connect(portal.admin, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(
            "select c.public_id::text, c.submission::text as draft, d.made::text,"
            " (select count(*) from audit_event e where e.action = 'choice-recorded'"
            "  and (e.detail ->> 'choice')::bigint = c.id) as events"
            " from consent_choice c left join consent_choicedraft d on d.id = c.submission"
            " order by c.id"
        ).fetchall()


def events_of_choices(portal: Portal) -> int:
    """How often the audit says that a choice was recorded."""
    with psycopg.connect(portal.admin) as connection:
        row = connection.execute(
            "select count(*) from audit_event where action = 'choice-recorded'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def inject(portal: Portal, advisers: list[Adviser], times: int, chance: random.Random) -> list[str]:
    """So many faults at random moments of their calls; what they were.

    A moment is a number of answers since the last fault, and a part of a second: somewhere between
    the first question of a choice and its confirmation.
    """
    happened = []
    for _ in range(times):
        wanted = sum(each.answered for each in advisers) + chance.randint(1, 15)
        deadline = time.monotonic() + _PATIENCE
        while sum(each.answered for each in advisers) < wanted:
            assert all(each.is_alive() for each in advisers), [each.fault for each in advisers]
            assert time.monotonic() < deadline, "nobody is getting on"
            time.sleep(0.005)
        time.sleep(chance.uniform(0.0, 0.05))
        fault = chance.choice(portal.faults())
        fault()
        happened.append(fault.__name__)
    return happened
