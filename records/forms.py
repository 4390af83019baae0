"""The forms of a record's pages."""

from __future__ import annotations

from access.reasons import FEWEST_LETTERS as FEWEST_OF_A_REASON
from access.reasons import MOST_LETTERS as MOST_OF_A_REASON
from records.finding import FEWEST_LETTERS, MOST_LETTERS, words_of
from records.reported import ReportAnswer, WhatIsWrong
from ui.forms import NhsForm, RadioField, TextAreaField, TextField


def _reason(label: str, hint: str) -> TextAreaField:
    return TextAreaField(
        label=label,
        hint=hint,
        rows=4,
        min_length=FEWEST_OF_A_REASON,
        max_length=MOST_OF_A_REASON,
        spellcheck=True,
        error=label,
        error_messages={"min_length": f"{label} in {FEWEST_OF_A_REASON} characters or more"},
    )


class FindWordsForm(NhsForm):
    """Words to find in the record that is open."""

    words = TextField(
        label="Find in what is shown",
        hint="Such as metformin, or fall left hip",
        width=20,
        max_length=MOST_LETTERS,
        error_messages={"required": "Enter a word to find"},
    )

    def clean_words(self) -> str:
        """At least one word of two letters: one letter stands in nearly every entry."""
        typed = str(self.cleaned_data["words"])
        if not any(len(word) >= FEWEST_LETTERS for word in words_of(typed)):
            self.add_error("words", f"Enter a word of {FEWEST_LETTERS} letters or more")
        return typed


class ReportEntryForm(NhsForm):
    """What is wrong with an entry."""

    what = RadioField(
        label="What is wrong?", choices=WhatIsWrong.choices, error="Select what is wrong"
    )
    words = _reason(
        "Say what is wrong, and how you know",
        "The records staff of the organisation that sent it read this. "
        "Write nothing about other parts of the record.",
    )


class AnswerReportForm(NhsForm):
    """What the source found of a report."""

    answer = RadioField(
        label="What have you found?",
        choices=[
            (
                ReportAnswer.CORRECTED.value,
                "We have corrected it in our own system",
                "It changes here with your next delivery",
            ),
            (ReportAnswer.NOT_WRONG.value, "It is not wrong", "It stays as it is"),
        ],
        error="Select what you have found",
    )
    words = _reason(
        "Say what you found",
        "Everybody who is shown the entry is shown this. No clinical words.",
    )
