"""The environment: made again when the lock changes, through whatever mirror the machine names."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from launcher import ROOT, bootstrap

if TYPE_CHECKING:
    from pathlib import Path

LISTING = """\
global.index-url='https://mirror.example/simple'
global.extra-index-url='https://one.example/simple\\nhttps://two.example/simple'
install.trusted-host='mirror.example'
:env:.find-links='/opt/wheels /opt/more'
global.timeout='60'
not a line of pip
"""


def test_pip_settings_are_read() -> None:
    assert bootstrap.pip_settings(LISTING) == {
        "index-url": "https://mirror.example/simple",
        "extra-index-url": "https://one.example/simple https://two.example/simple",
        "trusted-host": "mirror.example",
        "find-links": "/opt/wheels /opt/more",
        "timeout": "60",
    }


@pytest.mark.parametrize(
    "listing",
    [
        "global.index-url='a'\ninstall.index-url='b'\n:env:.index-url='c'",
        ":env:.index-url='c'\ninstall.index-url='b'\nglobal.index-url='a'",
    ],
)
def test_pip_settings_the_environment_wins(listing: str) -> None:
    assert bootstrap.pip_settings(listing) == {"index-url": "c"}


def test_uv_takes_the_mirror_that_pip_has() -> None:
    env = bootstrap.uv_environment({"HOME": "/home/a"}, bootstrap.pip_settings(LISTING))
    assert env == {
        "HOME": "/home/a",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INSECURE_HOST": "mirror.example",
        "UV_FIND_LINKS": "/opt/wheels,/opt/more",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


@pytest.mark.parametrize("own", ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_CONFIG_FILE"])
def test_uv_keeps_an_index_of_its_own(own: str) -> None:
    given = {own: "mine"}
    assert bootstrap.uv_environment(given, bootstrap.pip_settings(LISTING)) == given


def test_uv_keeps_the_certificates_it_was_given() -> None:
    env = bootstrap.uv_environment({"SSL_CERT_FILE": "/mine.pem"}, {"cert": "/pips.pem"})
    assert env["SSL_CERT_FILE"] == "/mine.pem"


def test_the_environment_is_current_only_for_this_very_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements-dev.lock"
    lock.write_text("one==1\n")
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    monkeypatch.setattr(bootstrap, "LOCK", lock)
    monkeypatch.setattr(bootstrap, "PYTHON", python)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp")
    assert not bootstrap.is_current()
    (tmp_path / "stamp").write_text(bootstrap.fingerprint())
    assert bootstrap.is_current()
    lock.write_text("one==2\n")
    assert not bootstrap.is_current()
    lock.write_text("one==1\n")
    python.unlink()
    assert not bootstrap.is_current()


def test_an_old_python_is_told_what_is_needed(tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14", "python"):
        fake = tmp_path / name
        fake.write_text("#!/bin/sh\nexit 1\n")
        fake.chmod(0o755)
    done = subprocess.run(
        [ROOT / "bin" / "demo"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or later" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("script", ["demo", "provision", "check"])
def test_help_needs_no_set_up(script: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "bin" / script, "--help"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"usage: bin/{script}" in done.stdout
