"""The one form by which residents are found."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from access.glimpses import Search
from identity.models import Sex
from identity.names import fold
from identity.nhs_number import InvalidNhsNumber, NhsNumber
from ui.forms import DateField, NhsForm, RadioField, TextField

_EXAMPLE = "such as 999 123 4567"
_LOOKS_NATIONAL_INSURANCE = (
    f"This looks like a National Insurance number. Enter an NHS number, {_EXAMPLE}"
)
_ONLY_NUMBERS = f"NHS number must only include numbers, {_EXAMPLE}"
_NATIONAL_INSURANCE = re.compile(r"[a-z]{2}[0-9]{6}[a-z]?", re.IGNORECASE | re.ASCII)
#: A postcode, or its first half: Royal Mail's patterns, GIR 0AA apart.
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?(?:[0-9][A-Z]{2})?", re.ASCII)
#: So many letters of a given name at least: one would list a family's names by the alphabet.
FEWEST_LETTERS = 2
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015./]+")


def nhs_number_from(text: str) -> NhsNumber:
    """The NHS number that somebody typed or pasted: spaces, dashes, full stops and slashes go.

    :raises ValidationError: in the NHS.UK words for what is wrong, never repeating what was typed.
    """
    plain = _SEPARATORS.sub("", text)
    if _NATIONAL_INSURANCE.fullmatch(plain):
        raise ValidationError(_LOOKS_NATIONAL_INSURANCE)
    if any(character.isalpha() for character in plain):
        raise ValidationError(_ONLY_NUMBERS)
    try:
        return NhsNumber.parse(plain, test_ranges=settings.NHS_NUMBER_TEST_RANGES)
    except InvalidNhsNumber as error:
        raise ValidationError(str(error)) from error


class FindResidentForm(NhsForm):
    """An NHS number, or a family name with a date of birth; the rest narrows."""

    nhs_number = TextField(
        label="NHS number",
        hint=f"10 digits, {_EXAMPLE}. You can paste it with spaces or dashes.",
        required=False,
        width=20,
        inputmode="numeric",
        max_length=40,
    )
    family_name = TextField(label="Family name", required=False, width=20, max_length=120)
    birth_date = DateField(
        label="Date of birth", hint="For example, 27 3 1941", required=False, in_past=True
    )
    given_name = TextField(
        label="Given name (optional)",
        hint="The first 2 letters are enough. Short forms such as Bill find William too.",
        required=False,
        width=20,
        max_length=120,
    )
    postcode = TextField(
        label="Postcode (optional)",
        hint="Such as SW1A 2AA, or its first half, SW1A. "
        "Some people are not found by a postcode. Leave it empty to find them.",
        required=False,
        width=10,
        max_length=12,
    )
    sex = RadioField(
        label="Gender (optional)",
        required=False,
        choices=[
            (Sex.FEMALE.value, Sex.FEMALE.label),
            (Sex.MALE.value, Sex.MALE.label),
            (Sex.OTHER.value, Sex.OTHER.label),
            ("", "Any"),
        ],
    )

    def clean_nhs_number(self) -> NhsNumber | None:
        """The number, if one was given."""
        text = self.cleaned_data["nhs_number"]
        return nhs_number_from(text) if text else None

    def clean_given_name(self) -> str:
        """The given name, long enough to be one."""
        name: str = self.cleaned_data["given_name"]
        if name and len(fold(name)) < FEWEST_LETTERS:
            raise ValidationError(
                f"Given name must have {FEWEST_LETTERS} letters or more, or be left empty"
            )
        return name

    def clean_postcode(self) -> str:
        """The postcode, or its first half, without spaces and in capitals."""
        code = "".join(self.cleaned_data["postcode"].split()).upper()
        if code and not _POSTCODE.fullmatch(code):
            raise ValidationError("Enter a postcode such as SW1A 2AA, or its first half")
        return code

    def clean(self) -> dict[str, Any]:
        """Either a number, or a family name with a date of birth; nobody browses."""
        given = super().clean() or {}
        if self.data.get("nhs_number", "").strip():
            return given
        family = given.get("family_name", "")
        if family and not fold(family):
            self.add_error("family_name", "Family name must include letters")
        elif "birth_date" not in self.errors:
            self._ask_for_the_other(family=bool(family), born=given.get("birth_date") is not None)
        elif not family:
            self.add_error("family_name", "Enter the family name")
        return given

    def _ask_for_the_other(self, *, family: bool, born: bool) -> None:
        if not family and not born:
            self.add_error("nhs_number", "Enter an NHS number, or a family name and date of birth")
        elif not family:
            self.add_error("family_name", "Enter the family name")
        elif not born:
            self.add_error("birth_date", "Enter the date of birth")

    def search(self) -> Search:
        """What to look for; call it on a valid form."""
        return Search(
            nhs_number=self.cleaned_data["nhs_number"],
            family_name=self.cleaned_data["family_name"],
            birth_date=self.cleaned_data["birth_date"],
            given_name=self.cleaned_data["given_name"],
            postcode=self.cleaned_data["postcode"],
            sex=self.cleaned_data["sex"],
        )
