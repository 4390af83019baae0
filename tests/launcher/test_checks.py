"""The static checks on a fresh clone, where nothing is installed but the Python environment."""

from __future__ import annotations

from typing import Any

import pytest

from launcher import checks, children, frontend


def test_front_end_files_are_installed_before_any_check_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The deployment check warns, and so fails, where a folder of static files is missing."""
    happened: list[str] = []

    def call(command: list[str], **_: Any) -> int:
        happened.append(command[0].rpartition("/")[2] if "manage.py" not in str(command) else "run")
        return 0

    monkeypatch.setattr(frontend, "install", lambda: happened.append("installed"))
    monkeypatch.setattr(children, "call", call)

    assert checks.main(["deployment"]) == 0
    assert happened == ["installed", "run"]


def test_exit_code_is_that_of_the_first_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter([0, 3, 5])
    monkeypatch.setattr(frontend, "install", lambda: None)
    monkeypatch.setattr(children, "call", lambda *_, **__: next(codes))

    assert checks.main(["lint", "types", "layers"]) == 3
