"""The forms of deciding who somebody is."""

from __future__ import annotations

from uuid import UUID

from django.forms import Form, UUIDField

from identity.forms import nhs_number_from
from identity.merges import Cause, WhySeparated
from identity.nhs_number import NhsNumber
from identity.numbers import SaidBy
from identity.questions import QuestionDecision
from ui.forms import NhsForm, RadioField, SelectField, TextAreaField, TextField

#: A few letters are no reason.
FEWEST_LETTERS, MOST_LETTERS = 10, 1000


def _words(label: str, hint: str) -> TextAreaField:
    return TextAreaField(
        label=label,
        hint=hint,
        rows=4,
        min_length=FEWEST_LETTERS,
        max_length=MOST_LETTERS,
        spellcheck=True,
        error=label,
        error_messages={"min_length": f"{label} in {FEWEST_LETTERS} characters or more"},
    )


_HOW = "For example, whom you asked, and what they compared. No clinical words."

#: What each decision is called where two are compared, and what it does.
DECISIONS = {
    QuestionDecision.SAME: (
        "They are the same person",
        "The two records are joined. You check it on the next page",
    ),
    QuestionDecision.DIFFERENT: (
        "They are different people",
        "The records stay apart",
    ),
    QuestionDecision.SEPARATE: (
        "They must never be shown together",
        "Only after an adoption, a change of gender, or for a person’s protection",
    ),
    QuestionDecision.CHECKED: (
        "I have dealt with it",
        "The question leaves the list. Nothing is changed here",
    ),
}


class DecideForm(NhsForm):
    """What is decided, of what the question allows, and how it is known."""

    decision = RadioField(label="What have you found?", error="Select what you have found")
    words = _words("Say how you know", _HOW)


class CandidateForm(Form):
    """Whom a button of the question's page proposes; empty for nobody."""

    candidate = UUIDField(required=False)


class ComparedForm(Form):
    """Whom a page compared, as its form sends them back."""

    subject = UUIDField(required=False)
    candidate = UUIDField(required=False)

    def whom(self) -> tuple[UUID | None, UUID | None]:
        """Both, each ``None`` where it is nobody, or nobody's id."""
        self.full_clean()
        return self.cleaned_data.get("subject"), self.cleaned_data.get("candidate")


class SeparateForm(NhsForm):
    """Why two records are kept apart for ever, and which of them is used from now on."""

    why = RadioField(
        label="Why must they never be shown together?",
        choices=WhySeparated.choices,
        error="Select why",
    )
    current = RadioField(
        label="Which record is used from now on?", error="Select which record is used from now on"
    )


class NoteForm(NhsForm):
    """A note for whoever looks at the question next."""

    note = TextAreaField(
        label="Add a note",
        hint="For example, whom you have asked and when they will answer. No clinical words.",
        rows=3,
        max_length=MOST_LETTERS,
        spellcheck=True,
        error="Write the note first",
    )


class JoinForm(NhsForm):
    """Which record stays, why, and how it is known."""

    stays = RadioField(
        label="Which record stays?",
        hint="Everything of the other one moves to it. Its name and address are shown.",
        error="Select which record stays",
    )
    cause = RadioField(
        label="Why are there two?",
        choices=(
            (Cause.DUPLICATE, "One person was recorded twice"),
            (
                Cause.SUPERSEDED,
                "One NHS number replaced the other",
                "Only if the Personal Demographics Service or the national back office says so",
            ),
        ),
        error="Select why there are two",
    )
    words = _words("Say how you know", _HOW)


class TakeApartForm(NhsForm):
    """How it is known that two joined records are two people's."""

    words = _words("Say how you know that they are two people", _HOW)


class GiveNumberForm(NhsForm):
    """A number, and on whose word."""

    nhs_number = TextField(
        label="NHS number",
        hint="10 digits, such as 999 123 4567. You can paste it with spaces or dashes.",
        width=20,
        inputmode="numeric",
        max_length=40,
    )
    said_by = RadioField(
        label="Who gave it?",
        choices=(
            (SaidBy.RESIDENT, "The resident"),
            (SaidBy.CARER, "Somebody who cares for them"),
        ),
        error="Select who gave it",
    )

    def clean_nhs_number(self) -> NhsNumber:
        """The number."""
        return nhs_number_from(self.cleaned_data["nhs_number"])


class TraceSourceForm(NhsForm):
    """Whose people are traced."""

    source = SelectField(
        label="Whose people?",
        hint="Sources that are being traced now are not listed.",
        error="Select a source",
    )
