"""``bin/test``: its options, and where it will not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from launcher import browser, given, testing
from launcher.errors import LauncherError
from launcher.servers import DATABASE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.launcher.clusters import Cluster


@pytest.mark.parametrize(
    "options",
    [
        ["-n0"],
        ["-n", "4"],
        ["--numprocesses=1"],
        ["-p", "no:xdist"],
        ["-pno:xdist"],
        ["-x", "--pdb"],
    ],
)
def test_the_caller_decides_about_workers(options: list[str]) -> None:
    assert testing.parallel(options) == []


@pytest.mark.parametrize("options", [[], ["-x", "tests/ui"], ["-k", "no", "-p", "no:randomly"]])
def test_two_workers_otherwise(options: list[str]) -> None:
    assert testing.parallel(options) == ["-n", "2", "--dist", "loadgroup"]


def test_a_server_with_an_installation_is_refused(cluster: Cluster) -> None:
    import psycopg

    testing._refuse_installation(cluster.admin_url)
    with psycopg.connect(cluster.admin_url, autocommit=True) as connection:
        connection.execute(f"create database {DATABASE}")
    with pytest.raises(LauncherError, match="change its logins' passwords"):
        testing._refuse_installation(cluster.admin_url)


def test_a_browser_that_does_not_run_is_said_loudly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = tmp_path / "chromium"
    stub.write_text("#!/bin/sh\necho 'install me' >&2\nexit 1\n")
    stub.chmod(0o755)
    monkeypatch.setenv("CHROME", str(stub))
    with pytest.raises(LauncherError, match="does not run as a browser"):
        browser.environment()


def test_a_browser_that_runs_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = tmp_path / "chromium"
    stub.write_text("#!/bin/sh\necho Chromium 156\n")
    stub.chmod(0o755)
    monkeypatch.delenv("CHROME", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert browser.environment() == {"TEST_CHROMIUM": str(stub)}


def test_without_any_browser_the_reason_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROME", raising=False)
    monkeypatch.setattr(browser, "NAMES", ())
    monkeypatch.setattr(browser, "APPLICATIONS", ())
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "/nonexistent")
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    found = browser.environment()
    assert set(found) == {"TEST_CHROMIUM_ABSENT"}
    assert "x86-64 Linux only" in found["TEST_CHROMIUM_ABSENT"]


def test_what_a_shell_holds_for_an_installation_reaches_no_demo_and_no_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "web_url"
    secret.write_text("postgresql://connectcare_web:word@server/connectcare\n")
    monkeypatch.setenv("DATABASE_WEB_URL_FILE", str(secret))
    monkeypatch.setenv("SECRET_KEY", "theirs")
    monkeypatch.setenv("EDITOR", "ed")
    found = given.others()
    assert found["EDITOR"] == "ed"
    assert not {"DATABASE_WEB_URL_FILE", "SECRET_KEY"} & set(found)
    assert given.value_of("DATABASE_WEB_URL") == secret.read_text().strip()
    secret.unlink()
    with pytest.raises(LauncherError, match="DATABASE_WEB_URL_FILE cannot be read"):
        given.value_of("DATABASE_WEB_URL")
