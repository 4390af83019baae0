"""Mutants of the pure modules of ``access``: a few in every run, all with ``MUTANTS=all``."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.proof.mutants import MODULES, ROOT, mutants

#: Mutants that are tried in every run of the tests.
FEW = 4


def test_there_are_enough_mutants_to_mean_anything() -> None:
    for module in MODULES:
        assert len(list(mutants(module))) > 15, module


def test_mutants_are_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    every = os.environ.get("MUTANTS") == "all"
    done = subprocess.run(
        [sys.executable, "-m", "tests.proof.mutants", *([] if every else [str(FEW)])],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    with capsys.disabled():
        if every:
            sys.stdout.write(f"\n{done.stdout}")
    assert done.returncode == 0 or (not every and done.stdout.count("survived") == 1), done.stdout
