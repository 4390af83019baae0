"""An authenticator app, as a person has one: it knows a key and shows the code of the moment.

RFC 6238 with the defaults that every app has, written here from the RFC and not by the library
that the portal uses.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from datetime import datetime


def shown(key: str, at: datetime) -> str:
    """The six digits that an app shows."""
    secret = base64.b32decode(key.replace(" ", ""))
    counter = struct.pack(">Q", int(at.timestamp()) // 30)
    digest = hmac.new(secret, counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[start : start + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"
