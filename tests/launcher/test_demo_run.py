"""The whole demo, as somebody who tries it out meets it: ready, killed, ready again, stopped."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from launcher import ROOT
from launcher.children import is_alive
from launcher.data import Data, Holder
from launcher.demo import _digest_of_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def demo(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A demo that is ready, with the line that says so."""
    words = ["-m", "launcher", "demo", "--data", str(folder), "--port", str(port)]
    # A small region, in which much happens.
    words += ["--residents", "24", "--pace", "0.5"]
    log = folder.with_suffix(".log")
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=kept,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            line = ""
            for line in process.stdout:
                if "is ready at" in line:
                    break
            assert "is ready at" in line, log.read_text(encoding="utf-8")
            yield process, line
        finally:
            process.kill()


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 30
    while any(is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(is_alive(pid) for pid in pids)


def happens(folder: Path, words: str) -> bool:
    """Whether the day, of either start, says so before long."""
    return _comes(lambda: any(words in log.read_text() for log in (folder / "logs").glob("day*")))


def loaded(folder: Path) -> bool:
    """Whether the region is loaded before long."""
    kept = folder / "loaded.json"
    return _comes(lambda: kept.exists() and json.loads(kept.read_text())["is_all"])


def _comes(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 120
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.2)
    return is_so()


def test_a_demo_is_ready_survives_a_kill_and_stops_without_a_trace(tmp_path: Path) -> None:
    folder, port = tmp_path / "demo", free_port()
    prepared_for = _digest_of_code()
    ready = f"Connect Care is ready at http://127.0.0.1:{port}\n"

    with demo(folder, port) as (process, line):
        assert line == ready
        data = Data(folder)
        assert data.holder() == Holder(process.pid, "bin/demo", port)
        first = [int(pid) for pid in json.loads((folder / "children.json").read_text())]
        # The servers, the stand-in, the portal's five, and the sources' five.
        assert len(first) == 13
        assert status(port, "/health/ready") == 200
        assert status(port, "/sign-in") == 200
        process.kill()

    with demo(folder, port) as (process, line):
        assert line == ready
        log = folder.with_suffix(".log").read_text(encoding="utf-8")
        # Prepared once for the same code; a checkout that is being edited prepares again.
        assert "Making the demo region" not in log or _digest_of_code() != prepared_for
        assert gone(first)
        second = [int(pid) for pid in json.loads((folder / "children.json").read_text())]
        sockets = Path((folder / "sockets").read_text().strip())
        assert sockets.is_dir()
        assert happens(folder, "ADT A01: somebody comes to Cedar ward")
        assert loaded(folder)
        assert status(port, "/health/ready") == 200, "a process that has done its work may end"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130

    assert gone(second)
    assert data.holder() is None
    assert not sockets.exists()
    assert not data.running.exists()
    with pytest.raises(ConnectionRefusedError):
        status(port, "/health/ready")
    shutil.rmtree(folder)  # a database is too large to be kept with the traces of a test
