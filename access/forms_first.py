"""The form of the first sign-in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from organisations.models import StaffMember
from ui.forms import NhsForm, PasswordField


class FirstPasswordForm(NhsForm):
    """A first password, twice."""

    password = PasswordField(
        label="Password",
        hint="12 characters or more. Three words that do not belong together are a good one.",
        width=20,
        autocomplete="new-password",
        error="Enter a password",
    )
    again = PasswordField(
        label="The same password again",
        width=20,
        autocomplete="new-password",
        error="Enter the same password again",
    )

    def __init__(self, *args: Any, of: StaffMember, **options: Any) -> None:
        """Declare whose password it is to be."""
        super().__init__(*args, **options)
        self.of = of

    def clean(self) -> dict[str, Any]:
        """Both are the same, and it is not one that is guessed."""
        given = super().clean() or self.cleaned_data
        password, again = given.get("password"), given.get("again")
        if password and again and password != again:
            self.add_error("again", "The two passwords differ. Enter both again")
        elif password:
            try:
                validate_password(password, self.of)
            except ValidationError as error:
                self.add_error("password", error)
        return given
