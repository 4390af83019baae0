"""What every test stands on: a database of its own worker, real logins, real commits.

Tests of the walls commit for real: a test that runs inside one outer transaction would hide a
forgotten gate. So nothing here rolls back; what a test wrote is emptied after it.

``database`` is the fixture to ask for. Inside a test the default connection is the web's login;
``as_login("pipeline")`` and ``as_login("owner")`` change it for a block.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from connectcare.environment import Environment, Login
from launcher.provision import LOGINS, as_environment, passwords_in, provision
from tests.numbers_told import listening, numbers_in, words_of
from tests.scheduling import ByPlace

# How long an example takes says nothing about the code on a machine that does other things too.
hypothesis.settings.register_profile(
    "connect-care",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("connect-care")

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"

AsLogin = Callable[[str], AbstractContextManager[None]]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByPlace | None:
    """Keep together what must not be parted, where tests run in parallel."""
    return ByPlace(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def database_addresses(worker_id: str) -> Iterator[dict[str, str]]:
    """This worker's database: login → address, ``admin`` among them. Migrated, and empty."""
    admin = os.environ.get("DATABASE_ADMIN_URL")
    if not admin:
        pytest.exit("Run the tests through bin/test: it starts the servers that they need.", 4)
    name = f"connectcare_test_{worker_id}"
    addresses = provision(admin, name, passwords=passwords_in(os.environ))
    kept = {key: os.environ.get(key) for key in as_environment(addresses)}
    os.environ.update(as_environment(addresses))
    yield {**addresses, "admin": _of_database(admin, name)}
    for key, value in kept.items():
        if value is not None:
            os.environ[key] = value


def _of_database(address: str, name: str) -> str:
    return psycopg.conninfo.make_conninfo(address, dbname=name)


@pytest.fixture(scope="session")
def _migrated(
    database_addresses: dict[str, str], django_db_blocker: DjangoDbBlocker
) -> dict[str, str]:
    with django_db_blocker.unblock(), _as_login(Login.OWNER):
        call_command("migrate", verbosity=0)
    return database_addresses


@contextmanager
def _as_login(login: Login) -> Iterator[None]:
    """Make the default connection of this thread one of another login's."""
    before = connections["default"]
    wanted = {
        **settings.DATABASES["default"],
        **Environment().database(login),
        "ATOMIC_REQUESTS": login == Login.WEB,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
    wrapper = type(before)(
        {**{key: before.settings_dict[key] for key in before.settings_dict}, **wanted}, "default"
    )
    connections["default"] = wrapper
    try:
        yield
    finally:
        wrapper.close()
        connections["default"] = before


@pytest.fixture(scope="session")
def as_login() -> AsLogin:
    """``with as_login("pipeline"):`` the block's statements are another login's."""

    def change(login: str) -> AbstractContextManager[None]:
        return _as_login(Login(login))

    return change


@pytest.fixture
def database(
    _migrated: dict[str, str],
    empty_database: Callable[[], None],
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[dict[str, str]]:
    """The database, with the web's login as the default connection; emptied afterwards."""
    with django_db_blocker.unblock():
        with _as_login(Login.WEB):
            yield _migrated
        empty_database()


@pytest.fixture(scope="session")
def empty_database(_migrated: dict[str, str]) -> Callable[[], None]:
    """Deletes whatever tests wrote, for those who keep it for longer than one test."""
    return lambda: empty(_migrated["admin"])


_DELETES = """
    select string_agg(format('delete from %I.%I', schemaname, tablename), '; ') from pg_tables
    where schemaname = 'public'
      and tablename not in ('django_migrations', 'django_content_type', 'auth_permission',
                            'organisations_rulesepoch', 'identity_tableaboutresident',
                            'keeping_retentionrule', 'keeping_portalrule')
"""


def empty(admin: str) -> None:
    """Delete whatever was written to a database, by its administrator's address."""
    with psycopg.connect(admin, autocommit=True) as connection:
        # The audit and the choices refuse to be emptied by anyone who could do it in earnest.
        # (Deleting is several times quicker than truncating tables that are nearly empty.)
        connection.execute("set session_replication_role = replica")
        row = connection.execute(_DELETES).fetchone()
        assert row is not None
        connection.execute(row[0])


@pytest.fixture
def run_sql(database: dict[str, str]) -> Iterator[Callable[[str], psycopg.Connection]]:
    """``run_sql("web")`` opens a bare connection as a login (autocommit off), closed afterwards."""
    opened: list[psycopg.Connection] = []

    def connect(login: str) -> psycopg.Connection:
        assert login in {*LOGINS, "admin"}
        connection = psycopg.connect(database[login])
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of sample data beside the project, or a visible skip."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not beside the project")
    return folder


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches past this machine: a connection to anywhere else is refused loudly."""
    connect = socket.socket.connect

    def checked(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            host = str(address[0])
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError("a test reached past the loopback")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", checked)


@pytest.fixture(autouse=True)
def _no_warning_of_static_files() -> None:
    """WhiteNoise warns of a folder that is only there after collectstatic."""
    warnings.filterwarnings("ignore", message="No directory at", module="django")


@pytest.fixture(autouse=True)
def _nhs_numbers_are_told_in_one_form_and_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of every page, address, log line, task and e-mail of every test (numbers_told.py)."""
    request = Client.request

    def looked_at(self: Client, **asked: Any) -> Any:
        address = f"{asked.get('PATH_INFO', '')}?{asked.get('QUERY_STRING', '')}"
        assert numbers_in(address) == [], "an NHS number in an address"
        response = request(self, **asked)
        assert numbers_in(words_of(response)) == [], (
            f"an NHS number that ui.formatting did not write, on {asked.get('PATH_INFO')}"
        )
        return response

    monkeypatch.setattr(Client, "request", looked_at)
    with contextmanager(listening)() as ear:
        yield
    assert ear.heard == [], "somebody is told of in a log line, a task or an e-mail"
