"""The form of a host system."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from access.launching import read_key
from ui.forms import NhsForm, SelectField, TextAreaField, TextField


class HostForm(NhsForm):
    """A host system: whose it is, what it is called, and its public key."""

    organisation = SelectField(label="Whose system is it?", error="Select an organisation")
    name = TextField(
        label="Name of the system",
        hint="As its users call it.",
        width=30,
        max_length=100,
        error="Enter the name of the system",
    )
    key_id = TextField(
        label="Id of its key",
        hint="The “kid” that its tokens name.",
        width=20,
        max_length=100,
        error="Enter the id of the key",
    )
    public_key = TextAreaField(
        label="Its public key",
        hint="As PEM. Never the private key: that stays in the system.",
        rows=8,
        max_length=4000,
        error="Enter the public key",
    )

    def clean_public_key(self) -> str:
        """The key, if it is a public one of a kind that is taken."""
        given = str(self.cleaned_data["public_key"]).strip()
        try:
            read_key(given)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return given
