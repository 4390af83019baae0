"""The made-up region of a demo, and the processes that load it and go on sending."""

from __future__ import annotations

import json
import stat
from datetime import date
from pathlib import Path

import pytest

from launcher import sources as launched
from launcher.data import Data
from launcher.sources import MadeUpRegion, made_up_region, sources

REGION = MadeUpRegion(3000, date(2026, 11, 22))
LOGINS = ("WEB", "PIPELINE", "OWNER", "SEALER", "BACKUP")
ENVIRONMENT = {f"DATABASE_{login}_URL": f"postgresql://{login}" for login in LOGINS}
SECRETS = {"SECRET_KEY": "x", "ENCRYPTION_KEYS": "y", "PDS_API_KEY": "z", "AUDIT_KEY_FILE": "w"}


@pytest.fixture
def data(tmp_path: Path) -> Data:
    (tmp_path / "demo").mkdir()
    return Data(tmp_path / "demo")


def test_a_region_is_of_the_day_on_which_it_was_made(
    data: Data, capsys: pytest.CaptureFixture[str]
) -> None:
    first = made_up_region(data, 400)
    assert first.residents == 400
    kept = data.path / "region.json"
    kept.write_text(kept.read_text().replace(first.today.isoformat(), "2026-01-02"))
    assert made_up_region(data, 400) == MadeUpRegion(400, date(2026, 1, 2))
    assert capsys.readouterr().err == ""
    assert made_up_region(data, 3000).residents == 400, "what is loaded stays"
    assert "--reset" in capsys.readouterr().err


def test_a_region_of_an_earlier_version_is_left_as_it_is(
    data: Data, capsys: pytest.CaptureFixture[str]
) -> None:
    data.credentials.write_text("")
    assert made_up_region(data, 3000).residents == 0
    assert "earlier version" in capsys.readouterr().err
    assert not sources(data, {}, made_up_region(data, 3000), port=1, pace=None)


def test_each_has_the_logins_that_it_needs_and_a_source_none(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launched, "capture", lambda *_, **__: "ccfeed_made\n")
    found = {
        child.name: child
        for child in sources(data, ENVIRONMENT | SECRETS, REGION, port=8000, pace=15)
    }
    logins = {
        name: {key for key in child.env or {} if key.startswith("DATABASE_")}
        for name, child in found.items()
    }
    assert logins == {
        "load-region": {"DATABASE_PIPELINE_URL"},
        "mllp-RJ2": {"DATABASE_WEB_URL"},
        "mllp-RPG": {"DATABASE_WEB_URL"},
        "watched-folder": {"DATABASE_PIPELINE_URL"},
        "day": set(),
    }
    assert not set(SECRETS) & set(found["day"].env or {})
    assert [name for name, child in found.items() if child.may_end] == ["load-region"]
    keys = data.path / "day-keys.json"
    assert json.loads(keys.read_text()) == dict.fromkeys(("Y99901", "SEL01"), "ccfeed_made")
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert not [word for word in found["day"].command if "ccfeed" in str(word)]


def test_nothing_goes_on_being_sent_without_a_day(data: Data) -> None:
    found = sources(data, ENVIRONMENT, REGION, port=8000, pace=None)
    assert [child.name for child in found] == ["load-region"]
