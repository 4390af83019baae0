"""The forms of keeping and deleting."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from access.forms import words_field
from keeping.models import HoldReason
from ui.forms import CheckboxesField, DateField, NhsForm, RadioField, TextField

#: The Records Management Code lets a controller extend by no more.
MOST_YEARS = 20


class ChooseForm(NhsForm):
    """Which shares are decided about."""

    shares = CheckboxesField(
        label="Which do you decide about?", error="Select what you decide about", required=False
    )


class KeepForm(NhsForm):
    """Until when shares are kept for longer, and why."""

    until = DateField(
        label="Date to keep it until",
        hint="It is on this list again after that day. For example, 31 3 2031",
        error="Enter the date to keep it until",
    )
    words = words_field(
        "Say why it is kept for longer",
        "The law, or what it is still needed for. Names nobody, and nothing of the record.",
    )

    def clean_until(self) -> date:
        """A day to come that the law allows."""
        until: date = self.cleaned_data["until"]
        today = timezone.localdate()
        if until <= today:
            raise ValidationError("Date to keep it until must be in the future")
        if until.year - today.year >= MOST_YEARS:
            raise ValidationError(
                f"Date to keep it until must be less than {MOST_YEARS} years from now"
            )
        return until


class HoldForm(NhsForm):
    """What is held, and why."""

    reason = RadioField(
        label="Why may nothing be destroyed?",
        choices=HoldReason.choices,
        error="Select why nothing may be destroyed",
    )
    words = words_field("Say what it is for", "For example, the name of the inquiry. Names nobody.")
    reach = RadioField(
        label="What is held?",
        choices=(
            ("all", "Everything that your organisation has here"),
            ("person", "One person"),
        ),
        error="Select what is held",
    )
    identifier = TextField(
        label="Your system’s identifier of the person",
        hint="If you hold one person. As it is written on the review list, not the NHS number.",
        required=False,
        max_length=200,
        width=20,
    )

    def clean(self) -> dict[str, Any] | None:
        """One person is named; everything names nobody."""
        given = super().clean()
        if given and given.get("reach") == "person" and not given.get("identifier"):
            self.add_error("identifier", "Enter your system’s identifier of the person")
        if given and given.get("reach") == "all":
            given["identifier"] = ""
        return given
