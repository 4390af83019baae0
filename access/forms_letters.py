"""Forms about letters: how somebody is written to, and how a held letter was dealt with."""

from __future__ import annotations

from typing import Any

from consent.post import SETTLED_BY, HeldBecause, Post, ToldHow, UnsafeBecause
from ui.forms import NhsForm, RadioField


class HowToWriteForm(NhsForm):
    """How a resident may be written to, and why not where no letters are to be sent."""

    post = RadioField(
        label="How may we write to them?",
        choices=[
            (Post.STANDARD, Post.STANDARD.label),
            (Post.LARGE_PRINT, Post.LARGE_PRINT.label),
            (Post.DO_NOT_SEND, Post.DO_NOT_SEND.label, "Say why below. Letters are then held."),
        ],
        error="Choose how they may be written to",
    )
    because = RadioField(
        label="Why should no letters be sent?",
        hint="Only if you chose not to send letters. Do not write anything else down about it.",
        choices=UnsafeBecause.choices,
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """A reason where no letters are to be sent, and none otherwise."""
        given = super().clean() or self.cleaned_data
        if given.get("post") == Post.DO_NOT_SEND and not given.get("because"):
            self.add_error("because", "Choose why no letters should be sent")
        if given.get("post") != Post.DO_NOT_SEND:
            given["because"] = ""
        return given


class SettleForm(NhsForm):
    """How a letter that is held was dealt with; what is offered depends on why it is held."""

    how = RadioField(
        label="How was it dealt with?", choices=[], error="Choose how it was dealt with"
    )

    def __init__(self, *args: Any, why: HeldBecause, **kwargs: Any) -> None:
        """With the ways that are allowed for why it is held."""
        super().__init__(*args, **kwargs)
        self.offer("how", [(way.value, way.label) for way in SETTLED_BY[why]])

    @property
    def told(self) -> ToldHow:
        """What was chosen."""
        return ToldHow(self.cleaned_data["how"])
