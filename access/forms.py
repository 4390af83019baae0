"""The forms of signing in."""

from __future__ import annotations

from ui.forms import NhsForm, PasswordField, RadioField, TextField


class SignInForm(NhsForm):
    """User name and password. Which of the two was wrong is not said."""

    username = TextField(
        label="User name", width=20, autocomplete="username", error="Enter your user name"
    )
    password = PasswordField(label="Password", width=20, error="Enter your password")


class ChooseMembershipForm(NhsForm):
    """Which of one's memberships to act as."""

    membership = RadioField(
        label="Choose your role for now", error="Select the role that you work in now"
    )
