"""Tests that must stay together do: the places are there, and xdist asks where they belong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from launcher import ROOT
from tests.scheduling import TOGETHER, group_of


@pytest.mark.parametrize("place", TOGETHER)
def test_every_place_is_there(place: str) -> None:
    assert (ROOT / place).exists()
    assert group_of(f"{place}::test_something") == TOGETHER[place]


def test_everything_else_runs_where_there_is_room() -> None:
    assert group_of("tests/access/test_gate.py::test_something") is None


def test_a_group_runs_on_one_worker(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "browser"
    folder.mkdir(parents=True)
    (tmp_path / "conftest.py").write_text(
        "from tests.conftest import pytest_xdist_make_scheduler\n", encoding="utf-8"
    )
    for name in ("one", "two"):
        (folder / f"test_{name}.py").write_text(
            "import pytest\n\n\n"
            "@pytest.mark.parametrize('n', range(4))\n"
            "def test(n, worker_id):\n    print(f'ran on {worker_id}')\n",
            encoding="utf-8",
        )
    options = ["-n", "2", "--dist", "loadgroup", "-rP", "--rootdir", str(tmp_path)]
    plugins = ["-p", "no:cacheprovider", "-p", "no:django", "-p", "no:playwright"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *plugins, "-c", "/dev/null", str(folder)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "8 passed" in done.stdout, done.stdout + done.stderr
    assert len({line for line in done.stdout.splitlines() if line.startswith("ran on")}) == 1
