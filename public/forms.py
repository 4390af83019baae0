"""The questions of the public form: one a page."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from consent.requests import ForWhom
from consent.vocabulary import THEMSELVES, Answer, DecidedBy
from identity.forms import nhs_number_from
from ui.forms import DateField, NhsForm, RadioField, TextField


class WantsForm(NhsForm):
    """Out, or back in."""

    wants = RadioField(
        label="What do you want to do?",
        error="Select what you want to do",
        choices=[
            (
                Answer.REFUSES,
                "Opt out of Connect Care",
                "No health or social care information is shown on Connect Care.",
            ),
            (
                Answer.CONSENTS,
                "Opt back in to Connect Care",
                "Staff who are directly involved in care can see it again.",
            ),
        ],
    )


class ForWhomForm(NhsForm):
    """Whose record."""

    for_whom = RadioField(
        label="Who is this about?",
        hint="If you only help somebody to fill this in, answer as they would.",
        error="Select who this is about",
        choices=[
            (ForWhom.SELF, "Me"),
            (
                ForWhom.OTHER,
                "Somebody I may decide for",
                "For example, your child under 16, or somebody whose attorney you are.",
            ),
        ],
    )


class AskerForm(NhsForm):
    """Who asks for somebody else, and by what authority."""

    asker_name = TextField(
        label="Your full name", error="Enter your full name", max_length=200, autocomplete="name"
    )
    authority = RadioField(
        label="Why may you decide for them?",
        error="Select why you may decide for them",
        choices=[(who, who.label) for who in DecidedBy if who not in THEMSELVES],
    )
    evidence = TextField(
        label="What can you show us?",
        hint="For example, a birth certificate, or the reference of a power of attorney. We will "
        "ask to see it.",
        error="Enter what you can show us",
        max_length=300,
    )


class NameForm(NhsForm):
    """The name of the person whose record it is."""

    given_name = TextField(label="Given name", max_length=120, autocomplete="given-name")
    family_name = TextField(label="Family name", max_length=120, autocomplete="family-name")


class BirthDateForm(NhsForm):
    """Their date of birth."""

    birth_date = DateField(
        label="Date of birth",
        hint="For example, 27 3 1952",
        in_past=True,
    )

    def clean_birth_date(self) -> str:
        """In the form in which it goes on."""
        return str(self.cleaned_data["birth_date"].isoformat())


class NumberForm(NhsForm):
    """Their NHS number, if they know it."""

    nhs_number = TextField(
        label="NHS number (optional)",
        hint="10 digits, such as on a letter from the NHS or in the NHS App. Without it nothing "
        "changes until we have spoken to you.",
        required=False,
        width=20,
        inputmode="numeric",
        max_length=40,
    )

    def clean_nhs_number(self) -> str:
        """Its digits, or nothing."""
        text = self.cleaned_data["nhs_number"]
        return nhs_number_from(text).digits if text else ""


class ContactForm(NhsForm):
    """How whoever asks is reached."""

    phone = TextField(
        label="Phone number", required=False, width=20, inputmode="tel", max_length=30
    )
    postcode = TextField(label="Postcode", required=False, width=10, max_length=12)

    def clean(self) -> dict[str, Any]:
        """At least one of them."""
        given = super().clean() or {}
        if not self.errors and not given.get("phone") and not given.get("postcode"):
            raise ValidationError("Enter a phone number or a postcode")
        return given


class TrapForm(NhsForm):
    """A field that people do not see. Whoever fills it in is told, so that nobody is lost."""

    website = TextField(label="Leave this empty", required=False, max_length=200)

    def clean_website(self) -> str:
        """Nothing.

        :raises ValidationError: if there is something, as programs leave there.
        """
        if self.cleaned_data["website"]:
            raise ValidationError("Leave the last box empty, then send the form again")
        return ""
