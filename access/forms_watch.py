"""The forms of records under watch."""

from __future__ import annotations

from access.forms import words_field
from ui.forms import NhsForm, RadioField


class WhyForm(NhsForm):
    """The one question before a record under watch opens."""

    words = words_field(
        "Say why you open this record now",
        "What you are doing for the person. The privacy officer of your organisation reads it.",
    )


class WatchForm(NhsForm):
    """Putting a record under watch."""

    words = words_field(
        "Say why it is to be watched",
        "Only privacy officers of your organisation read this. Nothing of the record.",
    )
    days = RadioField(
        label="For how long?",
        choices=(("7", "7 days"), ("30", "30 days"), ("90", "90 days")),
        error="Select for how long",
    )


class EndWatchForm(NhsForm):
    """Ending a watch before its time."""

    words = words_field("Say why it ends now", "For example, what has been found.")
