"""The forms of signing in, of opening what is restricted, and of reviewing alerts."""

from __future__ import annotations

from collections.abc import Mapping

from access.failed_proof_rows import ProofOutcome
from access.models import AlertKind, AlertOutcome
from access.reasons import AGREED, EMERGENCY, FEWEST_LETTERS, INVOLVED, MOST_LETTERS
from access.second_factor import By
from organisations.categories import Category
from ui.forms import NhsForm, PasswordField, RadioField, SelectField, TextAreaField, TextField


class SignInForm(NhsForm):
    """User name and password. Which of the two was wrong is not said."""

    username = TextField(
        label="User name", width=20, autocomplete="username", error="Enter your user name"
    )
    password = PasswordField(label="Password", width=20, error="Enter your password")


def code_field(label: str, hint: str) -> TextField:
    """Six digits of an authenticator app."""
    return TextField(
        label=label,
        hint=hint,
        width=10,
        inputmode="numeric",
        autocomplete="one-time-code",
        error="Enter the 6-digit code",
    )


class CodeForm(NhsForm):
    """The second step of signing in."""

    code = code_field(
        "Enter the code from your authenticator app", "6 digits. A new one comes every half minute."
    )


class RecoveryForm(NhsForm):
    """The second step without the app."""

    recovery = TextField(
        label="Enter one of your recovery codes",
        hint="12 letters and digits. Each code works once.",
        width=20,
        error="Enter a recovery code",
    )


class AddAppForm(NhsForm):
    """A code of the app that is being added; the password too, of who has signed in already."""

    code = code_field("Code from the app", "6 digits, from the app that you have just added.")
    password = PasswordField(
        label="Your password",
        hint="To show that it is still you.",
        width=20,
        error="Enter your password",
    )


class ShownCodeForm(NhsForm):
    """A code of the app that somebody has, to show that it is still they."""

    code = code_field("Code from your authenticator app", "6 digits, to show that it is still you.")


class ChooseMembershipForm(NhsForm):
    """Which of one's memberships to act as."""

    membership = RadioField(
        label="Choose your role for now", error="Select the role that you work in now"
    )


def words_field(label: str, hint: str) -> TextAreaField:
    """Words beside a reason: a few letters are none."""
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


class StillThemForm(NhsForm):
    """A form that asks once more for what was signed in by: the password, or the app's code."""

    password = PasswordField(
        label="Your password",
        hint="The one that you signed in with, to show that it is still you.",
        width=20,
        error="Enter your password",
    )

    def ask_by(self, by: By) -> None:
        """Ask for what somebody signed in by, unless it was shown on a page of its own before."""
        if by.shown_elsewhere:
            del self.fields["password"]
        if by is By.APP:
            self.fields["password"] = code_field(
                "Code from your authenticator app",
                "6 digits, to show that it is still you. Each code works once.",
            )

    def refuse(self, words: str) -> None:
        """Say that it could not be done, at the answer that was asked for if one was."""
        self.add_error("password" if "password" in self.fields else None, words)


class BreakGlassForm(StillThemForm):
    """The reason, the words, and what was signed in by once more."""

    reason = RadioField(
        label="Why must you see this record now?", choices=EMERGENCY, error="Select a reason"
    )
    words = words_field(
        "Say what has happened", "The privacy officer reads this. Do not copy the record here."
    )

    field_order = ("reason", "words", "password")


class InvolvedForm(NhsForm):
    """A staff member's own word of their involvement."""

    reason = RadioField(
        label="Why are you involved in their care?", choices=INVOLVED, error="Select a reason"
    )
    words = words_field(
        "Say what you do for them", "For example, who asked you to see them, and when."
    )


class AgreedForm(NhsForm):
    """That the resident agreed."""

    reason = RadioField(
        label="What did they agree to?", choices=AGREED, error="Select what they agreed to"
    )
    words = words_field("Say how they agreed", "For example, in what words, where and when.")


class ColleagueForm(NhsForm):
    """Whom to let in, by a part of their name."""

    name = TextField(
        label="Colleague’s name", width=20, max_length=100, error="Enter your colleague’s name"
    )


class LetInForm(NhsForm):
    """Which of the colleagues found, and why."""

    colleague = RadioField(label="Whom do you let in?", error="Select your colleague")
    words = words_field("Say why they need it", "For example, what you asked them to do.")


class ReviewForm(NhsForm):
    """What a privacy officer found."""

    outcome = RadioField(
        label="What did you find?",
        choices=(
            (AlertOutcome.CORRECT, "Correct use", "Closes the alert"),
            (AlertOutcome.NOT_CORRECT, "Not correct", "Closes the alert"),
            (AlertOutcome.INVESTIGATE, "I am investigating", "The alert stays in the list"),
            (
                AlertOutcome.ESCALATE,
                "Escalate",
                "Closes the alert here: say below to whom you handed it on",
            ),
        ),
        error="Select what you found",
    )
    words = words_field("Say how you know", "For example, what the appointment system shows.")


#: What may come of a case of its own kind; of every other, what stands in the form.
_OUTCOMES = {
    AlertKind.QUESTION: (
        (AlertOutcome.ANSWERED, "Answered", "The resident is told your words below"),
        (AlertOutcome.INVESTIGATE, "I am looking into it", "It stays in the list, as yours"),
        (AlertOutcome.ESCALATE, "Escalate", "Say below to whom you handed it on"),
    ),
    AlertKind.HELD_LINE: (
        (AlertOutcome.TOLD, "It may be told", "The resident is told it from now on"),
        (AlertOutcome.KEPT_BACK, "Keep it back", "Telling it would put somebody in danger"),
        (AlertOutcome.INVESTIGATE, "I am looking into it", "It is kept back meanwhile"),
    ),
}


def review_form(kind: AlertKind, data: Mapping[str, str] | None) -> ReviewForm:
    """The form of a review, with the outcomes of this kind of case."""
    form = ReviewForm(data)
    if kind in _OUTCOMES:
        form.offer("outcome", _OUTCOMES[kind])
        form.fields["outcome"].label = "What did you decide?"
        form.fields[
            "words"
        ].help_text = (
            "The resident is told these words if you answer. Name nobody and no detail of a record."
        )
    return form


class ProofForm(NhsForm):
    """What an officer found of a proof that failed."""

    outcome = RadioField(
        label="Where does it stand?",
        choices=(
            (ProofOutcome.INVESTIGATE, "I am looking into it", "It stays in the list, as yours"),
            (ProofOutcome.REPAIRED, "Repaired", "Once it was found to hold again. Closes it"),
            (ProofOutcome.ESCALATE, "Escalate", "Closes it here: say to whom you handed it on"),
        ),
        error="Select where it stands",
    )
    words = words_field("Say what was found and done", "Nobody’s name and nothing of a record.")


class CloseIncidentForm(NhsForm):
    """What was done about a choice that did not hold."""

    words = words_field(
        "Say what was wrong and what was done",
        "Nobody’s name and nothing of a record. The information commissioner may ask for it.",
    )


def _slug(category: Category) -> str:
    return category.name.lower().replace("_", "-")


class PartOfRecordForm(NhsForm):
    """Which part of a record is asked about."""

    category = SelectField(
        label="Part of the record",
        choices=tuple((_slug(each), each.label) for each in Category),
        error="Select a part of the record",
    )

    def category_asked(self) -> Category:
        """The category chosen; call it on a valid form."""
        slug = self.cleaned_data["category"]
        return next(each for each in Category if _slug(each) == slug)
