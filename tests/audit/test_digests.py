"""What an organisation is handed is checked by a verifier that knows nothing of ours."""

from __future__ import annotations

import base64
import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.digests import CannotBeShown, digests, slice_of
from audit.journal import Journal
from audit.models import Event
from audit.notes import Checkpoint, NotGenuine, Signer, split
from launcher import ROOT
from tests.audit.conftest import happen
from tests.audit.test_sealing import Connect, Seals, configured, tamper

VERIFIER = ROOT / "verifier" / "connectcare_verify.py"
OURS, THEIRS = 41, 42
TODAY = datetime.now(UTC).date()
BEFORE = TODAY - timedelta(days=1)


@dataclass
class Handed:
    """A folder with the verifier and what was handed over, and nothing else."""

    folder: Path
    key: str

    def write(self, name: str, content: str | dict[str, Any]) -> str:
        text = content if isinstance(content, str) else json.dumps(content)
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def check(self, *words: str) -> tuple[int, str]:
        """Run the verifier with a Python that finds `cryptography` and nothing of ours."""
        done = subprocess.run(
            [sys.executable, "-S", "-P", VERIFIER.name, "--key", self.key, *words],
            cwd=self.folder,
            env={"PYTHONPATH": str(self.folder / "libraries"), "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def handed(tmp_path: Path, signer: Signer) -> Handed:
    folder = tmp_path / "elsewhere"
    libraries = folder / "libraries"
    libraries.mkdir(parents=True)
    shutil.copy(VERIFIER, folder)
    for name in ("cryptography", "cffi", "_cffi_backend", "pycparser"):
        found = importlib.util.find_spec(name)
        if found is not None and found.origin is not None:
            origin = Path(found.origin)
            whole = origin.parent if origin.name == "__init__.py" else origin
            (libraries / whole.name).symlink_to(whole)
    probe = [sys.executable, "-S", "-P", "-c", "import django"]
    alone = subprocess.run(
        probe,
        cwd=folder,
        env={"PYTHONPATH": str(libraries)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No module named 'django'" in alone.stderr
    return Handed(folder, str(signer.verifier))


@pytest.fixture
def made(session: Any, journal: Journal, signer: Signer) -> Callable[[], dict[int, str]]:
    """Today's digests so far, by organisation."""

    def make() -> dict[int, str]:
        with session.transaction():
            found = digests(session, journal, signer, datetime.now(UTC).date())
            return {digest.organisation: note for digest, note in found}

    return make


@pytest.fixture
def cut(session: Any, journal: Journal, signer: Signer) -> Callable[..., dict[str, Any]]:
    """The slice of a digest."""

    def make(note: str, **since: str) -> dict[str, Any]:
        with session.transaction():
            return slice_of(session, journal, signer.verifier, note, **since)

    return make


def day_of_many(seal: Seals) -> None:
    """Events of two organisations and of none, sealed little by little."""
    for number in range(4):
        happen(3, organisation_id=OURS, organisation_name="Ours", detail={"é": number})
        happen(2, organisation_id=THEIRS, organisation_name="Theirs")
        happen(1)
        seal()


def a_day_passes(journal: Journal, signer: Signer) -> None:
    """Let everything that was sealed have been sealed a day earlier."""
    path = journal.logs()[0].checkpoints
    signed = []
    for note in split(path.read_text()):
        checkpoint = Checkpoint.parse(signer.verifier.text_of(note))
        earlier = replace(checkpoint, at=checkpoint.at - timedelta(days=1))
        signed.append(signer.sign(earlier.text()) + "\n")
    path.write_text("".join(signed))


def test_a_slice_is_shown_whole_and_the_log_only_grown(
    seal: Seals, made: Any, cut: Any, handed: Handed, journal: Journal, signer: Signer
) -> None:
    day_of_many(seal)
    yesterday = made()[OURS]
    a_day_passes(journal, signer)
    yesterday = signer.sign(signer.verifier.text_of(yesterday).replace(str(TODAY), str(BEFORE)))
    day_of_many(seal)
    happen(1)
    seal()
    today = made()[OURS]
    happen(2)
    seal()
    held = [handed.write("yesterday", yesterday), handed.write("today", today)]
    slices = [
        handed.write("slice-1", cut(yesterday)),
        handed.write("slice-2", cut(today, since=yesterday)),
    ]
    code, said = handed.check(*held, "--slice", slices[0], "--slice", slices[1])
    assert said.splitlines() == [
        f"{BEFORE}: 12 events were counted and signed",
        f"{TODAY}: 12 events were counted and signed",
        f"{BEFORE}: 12 events are here, whole and as sealed",
        f"{TODAY}: 12 events are here, whole and as sealed",
        f"{TODAY}: the log only grew since {BEFORE}",
    ]
    assert code == 0
    code, said = handed.check(held[1], "--slice", slices[1])
    assert (code, "an earlier digest that you were not sent" in said) == (1, True)
    code, said = handed.check(held[0], "--slice", slices[1])
    assert (code, "a digest that you were not sent" in said) == (1, True)


def test_a_log_that_was_written_anew_is_told(
    seal: Seals, made: Any, cut: Any, handed: Handed, journal: Journal, signer: Signer, run_sql: Any
) -> None:
    """Even by whoever has the key: an organisation holds what it was sent before."""
    day_of_many(seal)
    yesterday = made()[OURS].replace(str(TODAY), str(BEFORE))
    yesterday = signer.sign(yesterday.split("\n\n")[0] + "\n")
    tamper(
        run_sql, "update audit_event set reason = 'x' where id = (select min(id) from audit_event)"
    )
    shutil.rmtree(journal.path)
    a_new = seal()
    assert a_new == 24
    a_day_passes(journal, signer)
    day_of_many(seal)
    today = made()[OURS]
    # It says that it is the same log, and that it grew.
    text = signer.verifier.text_of(yesterday)
    log = signer.verifier.text_of(today).splitlines()[1]
    same = signer.sign("\n".join([text.splitlines()[0], log, *text.splitlines()[2:], ""]))
    found = cut(today, since=same)
    words = [handed.write("yesterday", same), handed.write("today", today), "--slice"]
    code, said = handed.check(*words, handed.write("slice", found))
    assert code == 1
    assert f"the log did not only grow since {BEFORE}" in said


def changed(found: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(json.dumps(found))
    change(copied)
    return copied


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a column": (lambda it: it["events"][3]["columns"].__setitem__(6, "x"), "not what was sealed"),
    "a null": (lambda it: it["events"][3]["columns"].__setitem__(13, None), "not what was sealed"),
    "left out": (lambda it: it["events"].pop(5), "12 events were counted, and 11 are here"),
    "twice": (lambda it: it["events"].append(it["events"][-1]), "out of order"),
    "order": (lambda it: it["events"].reverse(), "out of order"),
    "place": (lambda it: it["events"][0].__setitem__("position", 1), "not what was sealed"),
    "proof": (lambda it: it["events"][0]["proof"].pop(), "not what was sealed"),
    "theirs": (lambda it: it["events"][0]["columns"].__setitem__(11, "42"), "another organis"),
    "columns": (lambda it: it["events"][0]["columns"].pop(), "17 columns"),
    "growth": (lambda it: it["latest_proof"].pop(), "did not only grow"),
    "form": (lambda it: it.update(form="another"), "not a slice"),
    "events": (lambda it: it.pop("events"), "'events'"),
}


def test_whatever_is_changed_in_a_slice_does_not_hold(
    seal: Seals, made: Any, cut: Any, handed: Handed, signer: Signer
) -> None:
    module = importlib.util.spec_from_file_location("connectcare_verify", VERIFIER)
    assert module is not None
    assert module.loader is not None
    verifier = importlib.util.module_from_spec(module)
    module.loader.exec_module(verifier)
    day_of_many(seal)
    note = made()[OURS]
    happen(3)
    seal()
    found = cut(note)
    assert verifier.check_slice(found, handed.key)["events"] == "12"
    for change, words in CHANGES.values():
        with pytest.raises((verifier.DoesNotHold, KeyError), match=words):
            verifier.check_slice(changed(found, change), handed.key)
    with pytest.raises(verifier.DoesNotHold, match="not signed"):
        verifier.check_slice(found, str(Signer(b"x" * 32).verifier))
    for where in ("digest", "latest"):
        forged = changed(found, lambda it, where=where: it.update({where: "x" + it[where]}))
        with pytest.raises((verifier.DoesNotHold, ValueError)):
            verifier.check_slice(forged, handed.key)
    # A slice that leaves one out is not saved by a digest made for the purpose with another key.
    assert verifier.root([]) == base64.b64decode("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")


def test_the_days_events_are_counted_once_and_nobody_is_left_out(seal: Seals, made: Any) -> None:
    day_of_many(seal)
    said = {
        number: note.partition("events ")[2].partition("\n")[0] for number, note in made().items()
    }
    assert said == {OURS: "12", THEIRS: "8"}


def test_a_day_without_events_is_told_as_well(
    session: Any, seal: Seals, journal: Journal, signer: Signer
) -> None:
    day_of_many(seal)
    with session.transaction():
        found = list(digests(session, journal, signer, TODAY + timedelta(days=1)))
    assert [(digest.events, digest.since == digest.until) for digest, _ in found] == [
        (0, True),
        (0, True),
    ]
    with session.transaction(), pytest.raises(CannotBeShown, match="Nothing was sealed"):
        list(digests(session, journal, signer, date(2020, 1, 1)))


def test_nothing_is_made_of_events_that_were_tampered_with(
    seal: Seals, made: Any, cut: Any, run_sql: Connect
) -> None:
    day_of_many(seal)
    note = made()[OURS]
    tamper(run_sql, "delete from audit_event where id = (select max(id) from audit_event)")
    for make in (made, lambda: cut(note)):
        with pytest.raises(CannotBeShown, match="verify_audit"):
            make()
    tamper(run_sql, "update audit_event set reason = 'x' where organisation_id = 42")
    with pytest.raises(CannotBeShown, match="verify_audit"):
        cut(note)


def test_a_digest_that_we_did_not_sign_is_not_answered(seal: Seals, made: Any, cut: Any) -> None:
    day_of_many(seal)
    with pytest.raises(NotGenuine):
        cut(made()[OURS].replace("events 12", "events 11"))


def test_the_commands_write_what_the_verifier_reads(
    database: dict[str, str],
    tmp_path: Path,
    handed: Handed,
    monkeypatch: pytest.MonkeyPatch,
    as_login: Any,
) -> None:
    happen(5, organisation_id=OURS, organisation_name="Ours")
    with configured(database, tmp_path):
        call_command("seal_audit", "--once")
        with pytest.raises(CommandError, match="not over yet"):
            call_command("audit_digest", "--day", str(TODAY), "--out", str(handed.folder))
        tomorrow = datetime.now(UTC) + timedelta(days=1)

        class Tomorrow(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return tomorrow

        monkeypatch.setattr("audit.management.commands.audit_digest.datetime", Tomorrow)
        call_command("audit_digest", "--out", str(handed.folder))
        name = f"{TODAY}-organisation-{OURS}.digest"
        words = ["--digest", str(handed.folder / name), "--out", str(handed.folder / "slice")]
        call_command("audit_slice", *words, "--by", "Ms Dowd")
        with pytest.raises(CommandError, match="there already"):
            call_command("audit_slice", *words)
    with as_login("owner"):  # handing it over is a reading of the audit, and told as one
        read = Event.objects.get(action="audit-read")
    assert (read.reason, read.organisation_id, read.staff_name) == ("slice", OURS, "Ms Dowd")
    assert read.detail == {"day": str(TODAY), "events": 5}
    assert (handed.folder / "slice").stat().st_mode & 0o777 == 0o600
    code, said = handed.check(name, "--slice", "slice")
    assert code == 0, said
