"""From the settings: where the journal lies, which keys sign and verify it, who reads events."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from audit.journal import Journal
from audit.notes import NotGenuine, Signer, Verifier


def journal() -> Journal:
    """The journal of this installation; it need not exist yet.

    :raises ImproperlyConfigured: if AUDIT_JOURNAL is not set.
    """
    if not settings.AUDIT_JOURNAL:
        raise ImproperlyConfigured(
            "Set AUDIT_JOURNAL to the folder of the audit's journal. The owner of the database "
            "must not be able to write there."
        )
    return Journal(Path(settings.AUDIT_JOURNAL))


def signer() -> Signer:
    """The key that seals; only the sealer has it.

    :raises ImproperlyConfigured: if AUDIT_KEY is not set, or is not a key.
    """
    try:
        seed = base64.urlsafe_b64decode(settings.AUDIT_KEY)
    except (binascii.Error, ValueError):
        seed = b""
    if len(seed) != 32:  # Ed25519
        raise ImproperlyConfigured(
            "Set AUDIT_KEY (or AUDIT_KEY_FILE) to the key that seals the audit: 32 random bytes in "
            "URL-safe base64. Keep it where the owner of the database cannot read it."
        )
    return Signer(seed)


def verifier() -> Verifier:
    """The key by which seals are checked: the one that is set, else that of the key that seals.

    :raises ImproperlyConfigured: if neither is set, or what is set is not one.
    """
    if not settings.AUDIT_VERIFIER:
        return signer().verifier
    try:
        return Verifier.parse(settings.AUDIT_VERIFIER)
    except NotGenuine as error:
        raise ImproperlyConfigured(f"AUDIT_VERIFIER: {error}") from error


def address() -> str:
    """The sealer's login at the database.

    :raises ImproperlyConfigured: if DATABASE_SEALER_URL is not set.
    """
    if not settings.AUDIT_DATABASE_URL:
        raise ImproperlyConfigured(
            "Set DATABASE_SEALER_URL (or DATABASE_SEALER_URL_FILE) to the sealer's address."
        )
    return str(settings.AUDIT_DATABASE_URL)
