"""The forms of lawful disclosures: to whom, what and why; the second officer's; and the end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils import timezone

from access.disclosures import MOST_RECIPIENTS, is_out_of_hours, last_day
from access.forms import StillThemForm, words_field
from access.grounds import CANNOT_WAIT, HINTS, Ground
from organisations.categories import Category
from ui.formatting import prose_date
from ui.forms import (
    CheckboxesField,
    CheckboxField,
    DateField,
    NhsForm,
    Option,
    RadioField,
    TextField,
)


class RecipientsForm(NhsForm):
    """To whom: search by name, tick, search again."""

    name = TextField(label="Find a colleague by name", width=20, max_length=100, required=False)
    recipients = CheckboxesField(
        label="Who needs to see it?",
        hint="It opens to these people alone, in these roles.",
        required=False,
    )

    def offer_people(self, people: Iterable[Option]) -> None:
        """The people who may be ticked: those chosen so far, and those found."""
        self.offer("recipients", people)

    def require_recipients(self) -> bool:
        """Whether enough people were ticked, and not too many; else the form says so."""
        count = len(self.cleaned_data.get("recipients", ()))
        if count == 0:
            found = self.fields["recipients"].choices  # type: ignore[attr-defined]  # of choices
            self.add_error(
                "recipients" if found else "name",
                "Select who needs to see it" if found else "Find a colleague by name, then tick",
            )
        elif count > MOST_RECIPIENTS:
            self.add_error("recipients", f"Select {MOST_RECIPIENTS} people or fewer")
        return not self.errors


class DisclosureForm(NhsForm):
    """What is disclosed, on which ground, and until when."""

    ground = RadioField(
        label="Which legal ground is it?",
        choices=[(ground, ground.label, HINTS[ground]) for ground in Ground],
        error="Select the legal ground",
    )
    words = words_field(
        "Say what you rely on",
        "The second officer reads this. Name the order, Act or case, and not where the person is.",
    )
    categories = CheckboxesField(
        label="Which parts of the record?",
        hint="Only those that are needed.",
        choices=[(str(int(category)), category.label) for category in Category],
        error="Select at least one part of the record",
    )
    until = DateField(label="Last day", hint="")
    on_call = CheckboxField(
        label="Open it at once: it cannot wait for a second officer",
        hint=(
            "Out of hours, for vital interests or safeguarding alone. It ends by itself unless "
            "another officer confirms it by the end of the next working day."
        ),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """With the last day that is allowed today, and acting alone only where it may be."""
        super().__init__(*args, **kwargs)
        now = timezone.now()
        self.latest = last_day(now)
        self.fields["until"].help_text = f"{prose_date(self.latest)} at the latest."
        if not is_out_of_hours(now):
            del self.fields["on_call"]

    def clean_until(self) -> date:
        """A day that has not gone by, and is not too late."""
        until: date = self.cleaned_data["until"]
        if until < timezone.localdate():
            self.add_error("until", "The last day must be today or later")
        elif until > self.latest:
            self.add_error("until", f"The last day must be {prose_date(self.latest)} or earlier")
        return until

    def clean(self) -> dict[str, Any]:
        """Acting alone is for what cannot wait."""
        given = super().clean() or self.cleaned_data
        if given.get("on_call") and given.get("ground") not in {*CANNOT_WAIT, None, ""}:
            named = " or ".join(ground.label.lower() for ground in CANNOT_WAIT)
            self.add_error("on_call", f"Only {named} may open it before it is confirmed")
        return given


class SureForm(StillThemForm):
    """What was signed in by once more, before a disclosure is proposed or confirmed."""


class EndForm(NhsForm):
    """Why a disclosure ends."""

    words = words_field("Say why it ends", "For example, that it is no longer needed.")
