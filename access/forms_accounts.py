"""The forms of telling a resident who looked."""

from __future__ import annotations

from access.forms import words_field
from access.forms_looked import PERIODS, USUAL_DAYS
from consent.forms import IdentityForm
from ui.forms import NhsForm, SelectField


class AccountForm(IdentityForm):
    """Who asks, as they say it, and how far back they want to be told."""

    days = SelectField(label="How far back do they want to be told?", choices=PERIODS)

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Three months are what is asked for most."""
        super().__init__(*args, **kwargs)
        self.initial.setdefault("days", USUAL_DAYS)


class QuestionForm(NhsForm):
    """What the resident asks of one line."""

    words = words_field(
        "What do they ask about this?", "In their words. The privacy officer reads this."
    )


class HoldLineForm(NhsForm):
    """Why a line is held from the resident's account."""

    words = words_field(
        "Say whom it would put in danger, and how",
        "Only privacy officers read this. Nothing of the record.",
    )


class ReleaseForm(NhsForm):
    """Why a line that was kept back is told from now on."""

    words = words_field("Say why it may be told now", "For example, what has changed.")
