"""The reference of an alert: all that its notice says. ``AL-`` and eight characters."""

from __future__ import annotations

import secrets

from consent.references import ALPHABET, check_character

PREFIX = "AL-"
_BODY = 7


def new_reference() -> str:
    """A reference that nobody can guess, with the check character that choices' have."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_BODY))
    return f"{PREFIX}{body}{check_character(body)}"
