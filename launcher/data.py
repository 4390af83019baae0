"""The folder of a demo: what says that it is ours, who holds it, and what is kept in it."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import ROOT
from launcher.errors import LauncherError
from launcher.private import read_env, write_env, write_private

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKER = ".connect-care-data"
LONGEST_SOCKET_FOLDER = 70
"""Bytes: with ``/.s.PGSQL.5432.lock`` behind it, a path must stay below some 100."""


@dataclass(frozen=True)
class Holder:
    """Who uses the folder now: the process, which command it is, and its port if it has one."""

    pid: int
    command: str
    port: int | None = None


class Data:
    """A folder of ours; ``path`` need not exist yet.

    Raises LauncherError where it exists, holds something, and is not marked as ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._refuse_strange_folder()

    @classmethod
    def default(cls) -> Data:
        """The folder named in CONNECTCARE_DATA, else ``var/demo`` in this checkout."""
        return cls(Path(os.environ.get("CONNECTCARE_DATA") or ROOT / "var" / "demo"))

    @property
    def credentials(self) -> Path:
        """The file with the addresses of the database logins."""
        return self.path / "credentials.env"

    @property
    def running(self) -> Path:
        """The file with the environment of a demo that is up; absent otherwise."""
        return self.path / "running.env"

    @property
    def prepared(self) -> Path:
        """The file that names the code for which the demo's database was last prepared."""
        return self.path / "prepared"

    def log(self, name: str) -> Path:
        """The log file of one process."""
        return self.path / "logs" / f"{name}.log"

    @contextlib.contextmanager
    def held(self, command: str, *, port: int | None = None, wait: bool = False) -> Iterator[None]:
        """Hold the folder for one command; its lock goes with the process, however that ends.

        Raises LauncherError if another holds it, unless told to wait.
        """
        self._make()
        with (self.path / "lock").open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise LauncherError(self._in_use()) from None
            self.running.unlink(missing_ok=True)  # of a launcher that was killed
            lock.truncate(0)
            lock.write(json.dumps(asdict(Holder(os.getpid(), command, port))))
            lock.flush()
            yield
            lock.truncate(0)

    def holder(self) -> Holder | None:
        """Return who holds the folder, if anyone does."""
        try:
            lock = (self.path / "lock").open("r+", encoding="utf-8")
        except FileNotFoundError:
            return None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                return None
            try:
                return Holder(**json.loads(lock.read()))
            except (ValueError, TypeError):  # it is just writing its name
                return Holder(0, "another command")

    def reset(self) -> None:
        """Delete everything in the folder but its lock and marker. The caller holds it."""
        self._refuse_strange_folder()
        shutil.rmtree(self._recorded_sockets() or self.path / "none", ignore_errors=True)
        for entry in self.path.iterdir():
            if entry.name in {MARKER, "lock"}:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def sockets(self) -> Path:
        """Return a short 0700 folder for sockets, the same one as before where it still stands.

        The data may lie too deep for a socket's path, so it is made in the temporary folder.
        """
        recorded = self._recorded_sockets()
        if recorded is not None:
            for left in recorded.iterdir():  # by servers that were killed; we hold the folder
                left.unlink()
            return recorded
        made = make_socket_folder()
        write_private(self.path / "sockets", f"{made}\n")
        return made

    def temporary(self) -> Path:
        """Return an empty 0700 folder for what the processes keep for a moment only.

        It may hold deliveries, which are not for the system's temporary folder.
        """
        folder = self.path / "temporary"
        shutil.rmtree(folder, ignore_errors=True)  # what killed processes left
        folder.mkdir(mode=0o700)
        return folder

    def secrets(self) -> dict[str, str]:
        """Return the site's secret key and encryption keys, made once and kept."""
        kept = self.path / "secrets.env"
        if not kept.exists():
            key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            write_env(kept, {"SECRET_KEY": secrets.token_urlsafe(64), "ENCRYPTION_KEYS": key})
        return read_env(kept)

    def sealing(self) -> dict[str, str]:
        """Return where the audit's journal lies, and the key that seals it, made once and kept."""
        kept = self.path / "audit.key"
        if not kept.exists():
            write_private(kept, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        return {"AUDIT_JOURNAL": str(self.path / "audit-journal"), "AUDIT_KEY_FILE": str(kept)}

    def _in_use(self) -> str:
        holder = self.holder() or Holder(0, "another command")
        place = f", at http://127.0.0.1:{holder.port}" if holder.port else ""
        return (
            f"{holder.command} is already running with {self.path} (pid {holder.pid}{place}). "
            "Stop it first, or name another folder with --data."
        )

    def _make(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        marker = self.path / MARKER
        if not marker.exists():
            self._refuse_strange_folder()
            self.path.chmod(0o700)
            marker.write_text(
                "Made by Connect Care. --reset may delete everything here.\n", encoding="utf-8"
            )

    def _refuse_strange_folder(self) -> None:
        if not self.path.exists() or (self.path / MARKER).is_file():
            return
        if not self.path.is_dir() or any(self.path.iterdir()):
            msg = (
                f"{self.path} is there and was not made by Connect Care (it has no {MARKER}). "
                "Name a new or empty folder with --data."
            )
            raise LauncherError(msg)

    def _recorded_sockets(self) -> Path | None:
        """The folder used before, if it is still a private one of ours."""
        try:
            folder = Path((self.path / "sockets").read_text(encoding="utf-8").strip())
            status = folder.lstat()
        except OSError:
            return None
        private = stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o700
        return folder if private and status.st_uid == os.geteuid() else None


def make_socket_folder(prefix: str = "connect-care-") -> Path:
    """Make a new 0700 folder with a path short enough for sockets."""
    temporary = Path(tempfile.gettempdir()).resolve()
    if len(os.fsencode(temporary)) > LONGEST_SOCKET_FOLDER:
        temporary = Path("/tmp").resolve()  # noqa: S108 - mkdtemp makes a private folder inside
    return Path(tempfile.mkdtemp(prefix=prefix, dir=temporary))
