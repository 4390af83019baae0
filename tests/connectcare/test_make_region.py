"""``make_region``: a region as files, of any size, without a database."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from region.make_region import MOST_RESIDENTS

TODAY = date(2026, 11, 22)


def make(out: Path, residents: int = 24) -> str:
    said = io.StringIO()
    call_command("make_region", residents=residents, out=out, seed=7, today=TODAY, stdout=said)
    return said.getvalue()


def test_it_says_how_each_delivery_is_given_in(tmp_path: Path) -> None:
    out = tmp_path / "region"
    lines = make(out).splitlines()
    assert f"--source RJ2 --format hl7v2 {out}/RJ2/hl7v2 " in "\n".join(lines)
    folders = {path.parent for path in out.rglob("*") if path.is_file()}
    assert len({line.partition("#")[0] for line in lines}) == len(lines)
    for line in lines:
        folder = Path(line.partition(" # ")[0].split()[-1])
        assert any(each.is_relative_to(folder) for each in folders)


def test_a_folder_that_holds_anything_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CommandError, match="Name another one"):
        make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("residents", [0, MOST_RESIDENTS + 1])
def test_a_number_that_there_cannot_be_is_refused(tmp_path: Path, residents: int) -> None:
    with pytest.raises(CommandError, match="500,000"):
        make(tmp_path / "out", residents)
