"""``bin/test``: every test, against servers of its own that are gone afterwards."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from launcher import ROOT, browser, frontend, openid_provider
from launcher.children import call, is_alive
from launcher.data import make_socket_folder
from launcher.errors import LauncherError
from launcher.given import others
from launcher.provision import LOGINS, variable
from launcher.servers import DATABASE, servers

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX = "connect-care-test-"
TEST_DATABASE = "connectcare_test"
WORKERS = 2


def main(arguments: list[str]) -> int:
    """Run pytest with these options in the tests' environment; return its exit code.

    The tests find in the environment: DATABASE_ADMIN_URL, DATABASE_<LOGIN>_URL of an empty
    database, REDIS_URL, TEST_CHROMIUM or TEST_CHROMIUM_ABSENT, TEST_OPENID_PROVIDER with TEST_NODE
    or TEST_OPENID_PROVIDER_ABSENT, and what the settings need.
    """
    for name in (variable(login) for login in LOGINS):  # of an installation, perhaps
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    frontend.install()
    found = browser.environment() | openid_provider.environment()
    _remove_leftovers()
    prefix = f"{PREFIX}{os.getpid()}-"
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    sockets = make_socket_folder(prefix)
    try:
        with servers(
            cluster=folder / "postgres",
            sockets=sockets,
            password_file=folder / "postgres.password",
            logs=folder / "logs",
            throw_away=True,
        ) as up:
            admin_url = up.admin_url or ""
            _refuse_installation(admin_url)
            environment = {
                **others(),
                **up.provision({}, TEST_DATABASE),
                **found,
                "CONNECTCARE_PROFILE": "test",
                "DATABASE_ADMIN_URL": admin_url,
                "REDIS_URL": up.redis_url,
                "SECRET_KEY": secrets.token_urlsafe(64),
                "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
            }
            frontend.collect(environment)
            command = [sys.executable, "-m", "pytest", *parallel(arguments), *arguments]
            return call(command, env=environment, cwd=ROOT, interactive=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(sockets, ignore_errors=True)


def _remove_leftovers() -> None:
    """Delete the folders of test runs that were killed; their servers ended with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and not is_alive(int(pid)) and folder.lstat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)


def parallel(arguments: Sequence[str]) -> list[str]:
    """Return the options for two workers, unless the caller decides otherwise.

    >>> parallel(["-n", "0"])
    []
    """
    for option, following in pairwise([*arguments, ""]):
        chosen = option.startswith(("-n", "--numprocesses", "--pdb", "--trace"))
        if chosen or option == "-pno:xdist" or (option == "-p" and following == "no:xdist"):
            return []
    return ["-n", str(WORKERS), "--dist", "loadgroup"]


def _refuse_installation(admin_url: str) -> None:
    """Never test on a server that holds an installation: the tests change its logins' passwords."""
    with psycopg.connect(admin_url) as connection:
        found = connection.execute(
            "SELECT FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone()
    if found is not None:
        msg = (
            f"The server in DATABASE_ADMIN_URL holds a database '{DATABASE}'. The tests would "
            "change its logins' passwords. Unset DATABASE_ADMIN_URL to test on a server made "
            "for the occasion."
        )
        raise LauncherError(msg)
