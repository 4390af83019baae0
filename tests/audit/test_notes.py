"""Signed notes: the published form, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audit.merkle import EMPTY_ROOT
from audit.notes import Checkpoint, NotGenuine, Signer, Verifier, split

CHECKPOINT = Checkpoint(
    origin="connectcare-audit/0123/1",
    size=0,
    root=EMPTY_ROOT,
    cluster="73",
    boundary=0,
    horizon=5,
    ceiling=6,
    at=datetime(2026, 11, 22, 9, 0, 0, 120, UTC),
)


@pytest.fixture
def signer() -> Signer:
    return Signer(b"k" * 32)


def test_what_is_signed_is_read_again(signer: Signer) -> None:
    note = signer.sign(CHECKPOINT.text())
    assert Checkpoint.parse(signer.verifier.text_of(note)) == CHECKPOINT
    assert note.splitlines()[:3] == [
        "connectcare-audit/0123/1",
        "0",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    ]
    assert note.splitlines()[-1].startswith("— connectcare-audit ")


def test_a_key_is_written_and_read_in_the_published_form(signer: Signer) -> None:
    assert Verifier.parse(str(signer.verifier)) == signer.verifier
    with pytest.raises(NotGenuine):
        Verifier.parse(str(signer.verifier).replace("connectcare", "disconnect"))


def test_a_changed_note_is_refused(signer: Signer) -> None:
    note = signer.sign(CHECKPOINT.text())
    changed = [
        note.replace("horizon 5", "horizon 4"),
        note.replace("\n0\n", "\n1\n"),
        note.replace("— connectcare-audit", "— somebody-else"),
        note.split("\n\n")[0] + "\n",
        "",
    ]
    for each in changed:
        with pytest.raises(NotGenuine):
            signer.verifier.text_of(each)


def test_another_key_is_refused(signer: Signer) -> None:
    note = Signer(b"x" * 32).sign(CHECKPOINT.text())
    with pytest.raises(NotGenuine, match="not signed by the key"):
        signer.verifier.text_of(note)


def test_a_text_that_could_be_taken_for_two_is_not_signed(signer: Signer) -> None:
    for text in ("no end", "one\n\ntwo\n"):
        with pytest.raises(ValueError, match="note"):
            signer.sign(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [("form connectcare-event/1", "form connectcare-event/2"), ("size", ""), ("\n0\n", "\n00\n")],
)
def test_a_checkpoint_has_one_form(old: str, new: str) -> None:
    text = CHECKPOINT.text().replace(old, new) if old in CHECKPOINT.text() else "nothing\n"
    with pytest.raises(NotGenuine):
        Checkpoint.parse(text)


def test_notes_lie_one_after_the_other(signer: Signer) -> None:
    notes = [signer.sign(CHECKPOINT.text()), signer.sign("another\n")]
    assert split("\n".join(notes) + "\n") == notes
