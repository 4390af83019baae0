"""Health says when the audit is not sealed as it should be, and that the record opens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.test import Client, override_settings

from connectcare.health import HELD_UP, NOT_SEALED
from launcher.data import Data
from launcher.demo import processes
from tests.audit.conftest import happen
from tests.audit.test_sealing import configured


def said() -> tuple[int, str | None]:
    with override_settings(EMAIL_HOST="mail.example"):
        response = Client().get("/health/ready")
    return response.status_code, response.json().get("sealing")


def test_of_sealing_that_runs_stalls_and_stops(
    database: dict[str, str], tmp_path: Path, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    assert said() == (200, NOT_SEALED)
    happen(1)
    with configured(database, tmp_path):
        call_command("seal_audit", "--once")
    assert said() == (200, None)
    for column, words in (("waiting_since", HELD_UP), ("looked_at", NOT_SEALED)):
        sealer = run_sql("sealer")
        sealer.execute(f"update audit_seal set {column} = now() - interval '3 minutes'")
        sealer.commit()
        assert said() == (200, words)


@pytest.mark.parametrize("name", ["AUDIT_JOURNAL", "AUDIT_KEY_FILE", "DATABASE_SEALER_URL"])
def test_in_the_demo_the_sealer_alone_is_given(tmp_path: Path, name: str) -> None:
    data = Data(tmp_path / "data")
    environment = {**data.sealing(), "DATABASE_SEALER_URL": "postgresql://nobody@127.0.0.1:1/none"}
    given = [child.name for child in processes(data, environment, 0) if name in (child.env or {})]
    assert given == ["sealer"]
    assert data.sealing() == data.sealing()
    assert (data.path / "audit.key").stat().st_mode & 0o777 == 0o600
