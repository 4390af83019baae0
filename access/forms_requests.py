"""Forms of the desk: what became of a request, and requests that came on paper."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError

from consent.asking import Typed
from consent.requests import ForWhom, StepKind
from consent.vocabulary import THEMSELVES, Answer, DecidedBy
from identity.forms import nhs_number_from
from ui.forms import DateField, NhsForm, RadioField, TextAreaField, TextField


class OutcomeForm(NhsForm):
    """What became of a request, where no choice was recorded for it."""

    outcome = RadioField(
        label="What became of it?",
        error="Select what became of it",
        choices=[
            (StepKind.RING_BACK, "Ring them again", "It stays in the queue."),
            (
                StepKind.NOT_MATCHED,
                "Nobody found",
                "It leaves the queue, and is tried again when somebody new arrives.",
            ),
            (
                StepKind.NOT_VERIFIED,
                "Not theirs, or not verified",
                "It is settled. An opt-out that it began is taken back.",
            ),
        ],
    )
    words = TextAreaField(
        label="Note for the desk (optional)",
        hint="For example, when you rang. Nothing clinical.",
        required=False,
        rows=3,
        max_length=500,
    )


class PaperForm(NhsForm):
    """One paper form, as it is written."""

    written = DateField(label="Date on the form", in_past=True)
    wants = RadioField(
        label="What does it ask for?",
        error="Select what it asks for",
        choices=[(Answer.REFUSES, "To opt out"), (Answer.CONSENTS, "To opt back in")],
    )
    for_whom = RadioField(
        label="Who signed it?",
        error="Select who signed it",
        choices=[
            (ForWhom.SELF, "The resident"),
            (ForWhom.OTHER, "Somebody who may decide for them"),
        ],
    )
    asker_name = TextField(
        label="Their name, if somebody else signed", required=False, max_length=200
    )
    authority = RadioField(
        label="Why they may decide, if somebody else signed",
        required=False,
        choices=[(who, who.label) for who in DecidedBy if who not in THEMSELVES],
    )
    evidence = TextField(
        label="What was enclosed, if somebody else signed", required=False, max_length=300
    )
    given_name = TextField(label="Given name of the resident", width=20, max_length=120)
    family_name = TextField(label="Family name of the resident", width=20, max_length=120)
    birth_date = DateField(label="Date of birth of the resident", in_past=True)
    nhs_number = TextField(
        label="NHS number (optional)", required=False, width=20, inputmode="numeric", max_length=40
    )
    postcode = TextField(label="Postcode (optional)", required=False, width=10, max_length=12)
    phone = TextField(
        label="Phone number (optional)", required=False, width=20, inputmode="tel", max_length=30
    )

    def clean_nhs_number(self) -> str:
        """Its digits, or nothing."""
        text = self.cleaned_data["nhs_number"]
        return nhs_number_from(text).digits if text else ""

    def clean(self) -> dict[str, Any]:
        """Who signed for another is named, with why they may."""
        said = super().clean() or {}
        if said.get("for_whom") == ForWhom.OTHER:
            for name in ("asker_name", "authority"):
                if name in self.cleaned_data and not said[name]:
                    self.add_error(
                        name, ValidationError(f"Enter {str(self.fields[name].label).lower()}")
                    )
        return said

    def typed(self) -> Typed:
        """What is written about the resident; call it on a valid form."""
        said = self.cleaned_data
        another = said["for_whom"] == ForWhom.OTHER
        born: date = said["birth_date"]
        return Typed(
            family_name=said["family_name"],
            given_name=said["given_name"],
            birth_date=born,
            nhs_number=said["nhs_number"],
            postcode=said["postcode"],
            phone=said["phone"],
            asker_name=said["asker_name"] if another else "",
            authority=said["authority"] if another else "",
            evidence=said["evidence"] if another else "",
        )
