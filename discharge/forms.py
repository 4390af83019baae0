"""The forms of a referral: what a ward asks for, and why a side ends it."""

from __future__ import annotations

from typing import Any

from access.reasons import FEWEST_LETTERS
from discharge.models import DeclinedBecause, Told, WithdrawnBecause
from discharge.referrals import Asked, StepSeen
from ui.forms import DateField, NhsForm, RadioField, SelectField, TextAreaField, TextField

MOST_LETTERS = 2000


class AskingForm(NhsForm):
    """What the ward asks for: when, what, whom to ring, and how the person has to do with it."""

    expected = DateField(
        label="When do you expect them to leave?",
        hint="Leave it empty if the day is not known yet. You can update it later.",
        required=False,
    )
    needs = TextAreaField(
        label="What support will they need, and what has changed?",
        hint="Washing, dressing, meals, moving about, nights, who helps at home. "
        "Only what the council’s team needs to know.",
        rows=6,
        min_length=FEWEST_LETTERS,
        max_length=MOST_LETTERS,
        spellcheck=True,
        error="Say what support they will need",
        error_messages={
            "min_length": f"Say what support they will need in {FEWEST_LETTERS} characters or more"
        },
    )
    phone = TextField(
        label="Whom to ring on the ward",
        hint="A number that somebody answers",
        width=20,
        inputmode="tel",
        min_length=5,
        max_length=30,
        error="Enter a telephone number of the ward",
        error_messages={"min_length": "Enter a telephone number of the ward"},
    )
    told = RadioField(
        label="Does the person know, and agree?",
        choices=tuple(Told.choices),
        error="Select whether the person knows and agrees",
    )

    def asked(self) -> Asked:
        """What was asked for, of a form that is valid."""
        given = self.cleaned_data
        return Asked(given["expected"], given["needs"], given["phone"], Told(given["told"]))


class ReferralForm(AskingForm):
    """The same, with the team that it goes to, which the view offers."""

    team = SelectField(label="Which council’s team?", error="Select the council’s team")
    field_order = ("team", "expected", "needs", "phone", "told")


class DeclineForm(NhsForm):
    """Why a team does not take a referral."""

    because = RadioField(
        label="Why can your team not take this?",
        hint="The ward reads the reason. There are no other words: ring the ward for more.",
        choices=tuple(DeclinedBecause.choices),
        error="Select why your team cannot take this",
    )


class WithdrawForm(NhsForm):
    """Why a ward takes a referral back."""

    because = RadioField(
        label="Why is it taken back?",
        choices=tuple(WithdrawnBecause.choices),
        error="Select why it is taken back",
    )


def as_initial(asked: StepSeen) -> dict[str, Any]:
    """What an update begins with: what was asked last."""
    return {"expected": asked.expected, "needs": asked.needs, "phone": asked.phone}
