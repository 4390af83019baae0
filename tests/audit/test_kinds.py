"""No kind of event is only promised: something in the house writes each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.models import Action
from launcher import ROOT

PARTS = sorted(
    path.parent.name for path in ROOT.glob("*/apps.py") if path.parent.name not in {"ui", "region"}
)


def sources(kind: str) -> Iterator[Path]:
    """What the parts of the house are written in, without what only lists the kinds."""
    for part in PARTS:
        for path in (ROOT / part).rglob(f"*.{kind}"):
            if "migrations" not in path.parts and path != ROOT / "audit" / "models.py":
                yield path


@pytest.fixture(scope="module")
def written() -> set[str]:
    """The kinds that Python records, and those that a function of the database names."""
    python = "".join(path.read_text(encoding="utf-8") for path in sources("py"))
    sql = "".join(path.read_text(encoding="utf-8") for path in sources("sql"))
    recorded = re.findall(r"\brecord\(\s*Action\.([A-Z_]+)", python)
    # A statement that the owner sends, of a database that answers nobody else.
    sent = re.findall(r"values \('([a-z-]+)'", python)
    return {str(Action[name]) for name in recorded} | {*sent, *re.findall(r"'([a-z-]+)'", sql)}


@pytest.mark.parametrize("action", list(Action))
def test_something_writes_each_kind_of_event(action: Action, written: set[str]) -> None:
    assert action in written
