"""The forms of subject access."""

from __future__ import annotations

from access.forms import words_field
from consent.forms import IdentityForm
from subject_access.parts import Decision
from ui.forms import DateField, NhsForm, RadioField


class BeginForm(IdentityForm):
    """Who asks, as they say it, and when the request came in."""

    received = DateField(
        label="Date on which the request arrived",
        hint="The month to answer in begins on this day. For example, 23 11 2026",
        in_past=True,
    )


class DecideForm(NhsForm):
    """What becomes of a part that was set aside, and of what else waits for the same cause."""

    decision = RadioField(
        label="Is it handed out?",
        choices=(
            (Decision.INCLUDE, "Hand it out"),
            (Decision.LEAVE_OUT, "Leave it out", "The person is not told that there is anything"),
        ),
        error="Select whether it is handed out",
    )
    whole = RadioField(
        label="What do you decide about?",
        choices=(
            ("part", "This part alone"),
            ("source", "All from this source that waits for the same cause"),
        ),
        error="Select what you decide about",
    )
    words = words_field(
        "Say who advised you, and why it is so",
        "For serious harm, the health or social care professional whom you asked. "
        "Nothing of the record.",
    )


class ExtendForm(NhsForm):
    """Why the request takes longer than a month."""

    words = words_field(
        "Say why it takes longer",
        "It is complex, or one of several. Tell the person these words within the first month.",
    )
