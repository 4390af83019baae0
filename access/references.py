"""The reference of an alert or a disclosure: all that its notice says. Eight characters."""

from __future__ import annotations

import secrets

from consent.references import ALPHABET, check_character

PREFIX = "AL-"
DISCLOSURE_PREFIX = "LD-"
ACCOUNT_PREFIX = "WL-"
QUESTION_PREFIX = "WQ-"
_BODY = 7


def new_reference(prefix: str = PREFIX) -> str:
    """A reference that nobody can guess, with the check character that choices' have."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_BODY))
    return f"{prefix}{body}{check_character(body)}"
