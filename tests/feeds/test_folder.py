"""A watched folder: whole files alone, each once in effect, and none lost or overwritten."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from feeds import actions, selectors
from feeds.folder import WatchedFolder
from feeds.models import Batch
from organisations.models import Feed
from tests.conftest import AsLogin
from tests.feeds.conftest import condition, ndjson, patient


@pytest.fixture
def folder(feed: Feed, tmp_path: Path) -> WatchedFolder:
    return WatchedFolder(tmp_path, feed)


def takes(folder: WatchedFolder, as_login: AsLogin) -> list[str]:
    with as_login("pipeline"):
        return [file.name for file, _ in folder.take_in()]


def test_a_file_is_taken_once_it_stands_still(folder: WatchedFolder, as_login: AsLogin) -> None:
    file = folder.path / "a.ndjson"
    file.write_bytes(ndjson(patient()))
    assert takes(folder, as_login) == []
    with file.open("ab") as more:
        more.write(ndjson(condition()))
    assert takes(folder, as_login) == [], "it has grown since"
    assert takes(folder, as_login) == ["a.ndjson"]
    assert list(folder.path.iterdir()) == [], "no record lies about"
    with as_login("pipeline"):
        loaded = actions.load(Batch.objects.get().pk)
        assert loaded is not None
        assert selectors.report(loaded).total("loaded") == 2


def test_the_oldest_comes_first(folder: WatchedFolder, as_login: AsLogin) -> None:
    for age, name in enumerate(("c", "a", "b")):
        file = folder.path / name
        file.write_bytes(ndjson(patient()))
        os.utime(file, (1_000_000 + age, 1_000_000 + age))
    takes(folder, as_login)
    assert takes(folder, as_login) == ["c", "a", "b"]


def test_what_somebody_is_writing_is_left(folder: WatchedFolder, as_login: AsLogin) -> None:
    for name in (".hidden", "a.part", "b.tmp", "c.filepart"):
        (folder.path / name).write_bytes(ndjson(patient()))
    (folder.path / "link").symlink_to(folder.path / ".hidden")
    (folder.path / "inner").mkdir()
    takes(folder, as_login)
    assert takes(folder, as_login) == []


def test_an_empty_file_is_put_aside_with_the_reason(
    folder: WatchedFolder, as_login: AsLogin
) -> None:
    for _ in range(2):
        (folder.path / "a.ndjson").touch()
        takes(folder, as_login)
        takes(folder, as_login)
    aside = sorted(entry.name for entry in (folder.path / "refused").iterdir())
    assert aside == ["a.2.ndjson", "a.2.ndjson.reason.txt", "a.ndjson", "a.ndjson.reason.txt"]
    assert "empty" in (folder.path / "refused" / "a.ndjson.reason.txt").read_text()


def test_whoever_is_killed_before_the_file_is_removed_doubles_nothing(
    folder: WatchedFolder, monkeypatch: Any, as_login: AsLogin
) -> None:
    file = folder.path / "a.ndjson"
    file.write_bytes(ndjson(patient(), condition()))
    takes(folder, as_login)
    with monkeypatch.context() as killed:
        killed.setattr(Path, "unlink", killed_here)
        with pytest.raises(KeyboardInterrupt):
            takes(folder, as_login)
    assert file.exists()
    again = WatchedFolder(folder.path, folder.feed)
    takes(again, as_login)
    assert takes(again, as_login) == ["a.ndjson"]
    with as_login("pipeline"):
        reports = [
            selectors.report(loaded)
            for batch in Batch.objects.order_by("pk")
            if (loaded := actions.load(batch.pk))
        ]
    assert [(one.total("loaded"), one.total("unchanged")) for one in reports] == [(2, 0), (0, 2)]


def killed_here(_: Path) -> None:
    raise KeyboardInterrupt


def test_a_file_that_cannot_be_taken_harms_no_other(
    folder: WatchedFolder, monkeypatch: Any, as_login: AsLogin
) -> None:
    """One vanishes, one may not be read, one is written to while it is read; the oldest first."""
    names = ("gone", "closed", "growing", "good", b"n\xe4me".decode(errors="surrogateescape"))
    for age, name in enumerate(names):
        file = folder.path / name
        file.write_bytes(ndjson(patient()))
        os.utime(file, (1_000_000 + age, 1_000_000 + age))
    takes(folder, as_login)
    opened = Path.open

    def opens(file: Path, *mode: Any, **options: Any) -> Any:
        if mode == ("rb",) and file.name == "gone":
            file.unlink()
        if mode == ("rb",) and file.name == "closed":
            raise PermissionError(13, "not for you")
        if mode == ("rb",) and file.name == "growing":
            with opened(file, "ab") as more:
                more.write(ndjson(condition()))
        return opened(file, *mode, **options)

    with monkeypatch.context() as nasty:
        nasty.setattr(Path, "open", opens)
        assert takes(folder, as_login) == list(names[3:])
    assert Batch.objects.count() == 2, "nothing is kept of what was still being written"
    reason = (folder.path / "refused" / "closed.reason.txt").read_text()
    assert reason == "The file cannot be read (PermissionError). Let Connect Care read it.\n"
    assert takes(folder, as_login) == [], "it has changed since the last look"
    assert takes(folder, as_login) == ["growing"]
    assert [entry.name for entry in folder.path.iterdir()] == ["refused"]


def test_a_file_that_cannot_be_removed_is_taken_once_and_told(
    folder: WatchedFolder, monkeypatch: Any, caplog: Any, as_login: AsLogin
) -> None:
    file = folder.path / "a.ndjson"
    file.write_bytes(ndjson(patient()))
    takes(folder, as_login)

    def refuses(_: Path) -> None:
        raise PermissionError(13, "not for you")

    with monkeypatch.context() as nasty:
        nasty.setattr(Path, "unlink", refuses)
        assert takes(folder, as_login) == ["a.ndjson"]
        assert "can be neither removed nor moved (PermissionError)" in caplog.text
        assert "a.ndjson" not in caplog.text, "a file's name may name a person"
        assert takes(folder, as_login) == []
    file.write_bytes(ndjson(patient(), condition()))
    takes(folder, as_login)
    assert takes(folder, as_login) == ["a.ndjson"], "another file of the same name is another one"


def test_a_batch_that_a_fault_stops_ends_no_watch(
    feed: Feed, tmp_path: Path, monkeypatch: Any, capsys: Any, as_login: AsLogin
) -> None:
    for age, name in enumerate(("bad", "good")):
        (tmp_path / name).write_bytes(ndjson(patient()))
        os.utime(tmp_path / name, (1_000_000 + age, 1_000_000 + age))
    loaded, away = actions.load, [1]

    def load(batch_id: int) -> Any:
        if batch_id == Batch.objects.order_by("pk")[0].pk:
            raise ValueError("Ruth Carter")
        return loaded(batch_id)

    def feed_of(*asked: str) -> Feed:
        if away:
            away.pop()
            raise OperationalError("host is down")
        return found(*asked)

    found = actions.feed_of
    monkeypatch.setattr(actions, "load", load)
    monkeypatch.setattr(actions, "feed_of", feed_of)
    given = ("--source", "RJ2", "--format", "fhir-r4", "--seconds", "0", "--looks", "3")
    with as_login("pipeline"):
        call_command("watch_folder", *given, str(tmp_path))
    said = capsys.readouterr()
    assert "1 items read" in said.out
    assert "A fault stopped batch" in said.err
    assert "ValueError" in said.err
    assert "The database is away (OperationalError)" in said.err
    assert "Carter" not in said.err


def test_the_command_takes_loads_and_keeps_if_told_to(
    feed: Feed, tmp_path: Path, capsys: Any, as_login: AsLogin
) -> None:
    (tmp_path / "a.ndjson").write_bytes(ndjson(patient()))
    given = ("--source", "RJ2", "--format", "fhir-r4", "--seconds", "0", "--keep")
    with as_login("pipeline"):
        call_command("watch_folder", *given, "--looks", "2", str(tmp_path))
        assert "1 items read" in capsys.readouterr().out
        with pytest.raises(CommandError, match="no folder"):
            call_command("watch_folder", *given, str(tmp_path / "nowhere"))
        Feed.objects.update(state="suspended")
        with pytest.raises(CommandError, match="has no fhir-r4 feed"):
            call_command("watch_folder", *given, str(tmp_path))
    assert (tmp_path / "taken" / "a.ndjson").exists()
