"""A PostgreSQL of one test's own that is killed and comes back, and this process's logins to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from django.core.management import call_command

from launcher.data import make_socket_folder
from launcher.provision import as_environment, passwords_in, provision
from tests.conftest import AsLogin
from tests.launcher.clusters import Cluster, make_cluster


@dataclass
class OwnDatabase:
    """It writes to the disk before it says that something is committed, as an installation's."""

    folder: Path
    sockets: Path
    name: str
    cluster: Cluster = field(init=False)
    admin: str = field(init=False)

    def start(self) -> dict[str, str]:
        """From nothing to an empty database; the environment in which its logins are found."""
        self.cluster = make_cluster(self.folder, self.sockets, throw_away=False)
        self.cluster.postgres.start()
        addresses = provision(self.cluster.admin_url, self.name, passwords=passwords_in({}))
        self.admin = psycopg.conninfo.make_conninfo(self.cluster.admin_url, dbname=self.name)
        return as_environment(addresses)

    def kill(self) -> None:
        """The machine's power, for PostgreSQL: it recovers from what it wrote down."""
        self._end_with(signal.SIGKILL)

    def restart(self) -> None:
        """An immediate shutdown, and a start."""
        self._end_with(signal.SIGQUIT)

    def stop(self) -> None:
        """Gone, with all that it held."""
        if hasattr(self, "cluster"):
            self.cluster.postgres.stop()
        shutil.rmtree(self.folder / "postgres", ignore_errors=True)

    def _end_with(self, number: signal.Signals) -> None:
        child = self.cluster.postgres._child
        assert child is not None
        assert child.pid is not None
        os.kill(child.pid, number)
        child.stop()
        self.cluster.postgres.start()


@contextlib.contextmanager
def in_environment(environment: dict[str, str]) -> Iterator[None]:
    """This process's own logins are those of another database, until it is as it was."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextlib.contextmanager
def own_database(folder: Path, as_login: AsLogin, name: str) -> Iterator[OwnDatabase]:
    """One that is migrated; while it is there, every login of this process is one to it."""
    sockets = make_socket_folder("connect-care-own-")
    made = OwnDatabase(folder, sockets, name)
    try:
        with in_environment(made.start()):
            with as_login("owner"):
                call_command("migrate", verbosity=0)
            yield made
    finally:
        made.stop()
        shutil.rmtree(sockets, ignore_errors=True)
