"""Forms of signing in by a provider."""

from __future__ import annotations

from ui.forms import NhsForm, TextField


class LinkForm(NhsForm):
    """The code by which an administrator links somebody."""

    code = TextField(
        label="Code from your administrator",
        hint="12 letters and digits, such as abcd-efgh-jkmn.",
        width=20,
        max_length=30,
        error="Enter the code",
    )
