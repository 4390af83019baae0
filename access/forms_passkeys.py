"""Forms of passkeys. What the authenticator answered is put in by the page's script."""

from __future__ import annotations

from django import forms

from ui.forms import NhsForm, PasswordField, TextField


def _password() -> PasswordField:
    return PasswordField(
        label="Your password",
        hint="To show that it is still you.",
        width=20,
        error="Enter your password",
    )


class AddPasskeyForm(NhsForm):
    """What the passkey is called, the password, and the authenticator's answer."""

    name = TextField(
        label="What do you call it?",
        hint="Such as “Work phone” or “Security key”.",
        width=20,
        max_length=60,
        error="Enter a name for the passkey",
    )
    password = _password()
    answer = forms.CharField(
        max_length=20_000,
        error_messages={"required": "Your browser made no passkey. Try again"},
    )


class RemovePasskeyForm(NhsForm):
    """The password, before a passkey is removed."""

    password = _password()
