"""What is kept sealed at rest: AES-256-GCM with keys that can follow one another.

Raw deliveries, and what is typed about a resident before it is recorded.

A sealed value is ``version (1) · key id (4) · nonce (12) · ciphertext and tag``. The first of
``ENCRYPTION_KEYS`` seals; any of them opens, so a new key is put in front and the old one stays
until nothing is sealed with it.
"""

from __future__ import annotations

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_VERSION = b"\x01"
_KEY_ID = slice(1, 5)
_NONCE = slice(5, 17)
_BODY = slice(17, None)


class CannotBeOpened(Exception):
    """The key that sealed this is not among ``ENCRYPTION_KEYS``, or the bytes were changed."""


def seal(plain: bytes, *, purpose: str) -> bytes:
    """Encrypt; ``purpose`` is bound to the value, so that it opens for nothing else."""
    key = settings.ENCRYPTION_KEYS[0]
    nonce = os.urandom(12)
    return _VERSION + _key_id(key) + nonce + AESGCM(key).encrypt(nonce, plain, purpose.encode())


def unseal(sealed: bytes | memoryview, *, purpose: str) -> bytes:
    """Decrypt.

    :raises CannotBeOpened: if no key fits, or the bytes or the purpose are not those sealed.
    """
    value = bytes(sealed)
    for key in settings.ENCRYPTION_KEYS:
        if value[:1] == _VERSION and value[_KEY_ID] == _key_id(key):
            try:
                return AESGCM(key).decrypt(value[_NONCE], value[_BODY], purpose.encode())
            except InvalidTag as error:
                raise CannotBeOpened("The sealed bytes were changed.") from error
    raise CannotBeOpened("Add the key that sealed this to ENCRYPTION_KEYS.")


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"connectcare key id" + key).digest()[:4]
