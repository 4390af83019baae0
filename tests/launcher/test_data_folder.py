"""A demo's folder: nothing that is not ours is touched, and one command holds it at a time."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from launcher import ROOT
from launcher.data import LONGEST_SOCKET_FOLDER, Data, Holder
from launcher.errors import LauncherError
from launcher.private import read_env, write_env

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def demo(*options: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "launcher", "demo", *options],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(LauncherError, match="was not made by Connect Care"):
        Data(tmp_path)
    done = demo("--reset", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "was not made by Connect Care" in done.stderr
    assert (tmp_path / "thesis.doc").read_text() == "years of work"


def test_reset_deletes_what_the_folder_holds_and_follows_no_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    data = Data(tmp_path / "demo")
    with data.held("a test"):
        data.secrets()
        sockets = data.sockets()
        (data.path / "logs").mkdir()
        (data.path / "logs" / "web.log").touch()
        (data.path / "link").symlink_to(elsewhere)
        data.reset()
        assert {path.name for path in data.path.iterdir()} == {".connect-care-data", "lock"}
    assert not sockets.exists()
    assert (elsewhere / "kept").exists()


def test_only_one_holds_it_and_the_other_is_told_who(tmp_path: Path) -> None:
    data = Data(tmp_path / "demo")
    assert data.holder() is None
    with data.held("bin/demo", port=8123):
        assert data.holder() == Holder(os.getpid(), "bin/demo", 8123)
        done = demo("--data", str(data.path), "--port", "8124")
        assert done.returncode == 1
        assert f"already running with {data.path} (pid {os.getpid()}" in done.stderr
        assert "http://127.0.0.1:8123" in done.stderr
    assert data.holder() is None


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path, taken_port: int) -> None:
    done = demo("--data", str(tmp_path / "demo"), "--port", str(taken_port))
    assert done.returncode == 1
    assert f"Port {taken_port} is taken" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "demo" / "postgres").exists()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    done = demo(f"--port={port}")
    assert done.returncode == 2
    assert "not a port" in done.stderr


def test_secrets_are_made_once_for_the_owner_s_eyes_only(tmp_path: Path) -> None:
    data = Data(tmp_path / "demo")
    with data.held("a test"):
        first = data.secrets()
        assert first == data.secrets()
        assert set(first) == {"SECRET_KEY", "ENCRYPTION_KEYS"}
        assert len(first["SECRET_KEY"]) >= 50
        kept = data.path / "secrets.env"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert stat.S_IMODE(data.path.stat().st_mode) == 0o700


def test_sockets_are_private_and_short_and_what_was_left_in_them_goes(tmp_path: Path) -> None:
    data = Data(tmp_path / ("deep-" * 30) / "demo")
    with data.held("a test"):
        folder = data.sockets()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER + 40
        (folder / "left.sock").touch()
        assert data.sockets() == folder
        assert list(folder.iterdir()) == []
        folder.chmod(0o755)  # as if another had made it
        other = data.sockets()
        assert other != folder
        data.reset()
        folder.rmdir()


def test_temporary_files_are_private_and_gone_with_the_next_start(tmp_path: Path) -> None:
    data = Data(tmp_path / "demo")
    with data.held("a test"):
        folder = data.temporary()
        (folder / "delivery.ndjson").write_text("{}")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert list(data.temporary().iterdir()) == []


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    values = {"ONE": "plain", "TWO": "a b'c\"d$e\\f=g#h", "THREE": ""}
    write_env(tmp_path / "some.env", values)
    assert read_env(tmp_path / "some.env") == values
    shell = subprocess.run(
        ["sh", "-c", '. "$0"; printf %s "$TWO"', tmp_path / "some.env"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shell.stdout == values["TWO"]
