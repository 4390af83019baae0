"""The forms of "Who looked": how far back, and which member of staff."""

from __future__ import annotations

from ui.forms import NhsForm, SelectField, TextField

#: Days, as an address has them, and their words. Ten years are everything.
PERIODS = (
    ("7", "The last 7 days"),
    ("30", "The last 30 days"),
    ("90", "The last 90 days"),
    ("365", "The last 12 months"),
    ("3650", "The last 10 years"),
)
USUAL_DAYS = "90"


class PeriodForm(NhsForm):
    """How far back to look."""

    days = SelectField(label="How far back", choices=PERIODS)


class StaffNameForm(NhsForm):
    """Whom to ask about, by a part of the name."""

    name = TextField(
        label="Name of a member of staff",
        hint="A part of it is enough. Those who have left are found as well.",
        width=20,
        min_length=2,
        max_length=100,
        error="Enter a part of the name",
        error_messages={"min_length": "Enter 2 letters or more of the name"},
    )
