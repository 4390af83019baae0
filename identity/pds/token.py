"""Access by signed JWT: an assertion of who we are, for a token that lasts some minutes.

The contract is that of NHS England's token service for application-restricted access: RS512, the
key's id in the header, ``aud`` the very address asked, ``jti`` never used twice, ``exp`` at most
five minutes ahead. It answers ``expires_in`` as a string. There is no refresh token.

A token is kept in the process's memory and nowhere else: whoever holds it may ask about anybody.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import jwt
import msgspec

from identity.pds.configuration import Configuration

_log = logging.getLogger(__name__)

#: Seconds for which an assertion is good; the service allows 300, and clocks differ.
_ASSERTION_LIFE = 240
#: A token is not used in its last seconds: at most so many, at most this part of its life.
_MARGIN, _MARGIN_PART = 30.0, 0.1
_OK = 200
_FAULTS_OF_ITS_OWN = frozenset({408, 429, *range(500, 600)})


class TokenRefused(Exception):
    """The token service does not let this installation in. Its operator has to look."""


class TokenNotNow(Exception):
    """The token service does not answer, or with a fault of its own."""


class _Granted(msgspec.Struct):
    access_token: str
    # The contract's are strings; other token services send numbers.
    expires_in: str | int = 0


class _Error(msgspec.Struct):
    error: str = ""
    error_description: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class _Kept:
    token: str
    until: float


class Tokens:
    """The token of one process: asked for once, by whoever needs it first, and kept until due."""

    def __init__(
        self,
        http: httpx.Client,
        configuration: Configuration,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._configuration, self._monotonic = http, configuration, monotonic
        self._lock = threading.Lock()
        self._kept: _Kept | None = None

    def current(self) -> str:
        """A token that is good for a while. Empty where the service asks for none.

        :raises TokenRefused: if the service will not give one.
        :raises TokenNotNow: if it cannot be asked now.
        """
        if not self._configuration.private_key:
            return ""
        with self._lock:  # the others wait here for the one that asks
            if self._kept is None or self._monotonic() >= self._kept.until:
                self._kept = self._ask()
            return self._kept.token

    def forget(self, token: str) -> None:
        """The service did not take this token: the next request gets another."""
        with self._lock:
            if self._kept is not None and self._kept.token == token:
                self._kept = None

    def _ask(self) -> _Kept:
        began = self._monotonic()
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(),
        }
        try:
            # httpx sets the content type to exactly what the service takes: any suffix is a 415.
            answer = self._http.post(self._configuration.token_url, data=form)
        except (httpx.HTTPError, OSError):
            raise TokenNotNow("The token service does not answer.") from None
        if answer.status_code in _FAULTS_OF_ITS_OWN:
            raise TokenNotNow("The token service has a fault of its own.")
        if answer.status_code != _OK:
            self._refused(answer)
        try:
            granted = msgspec.json.decode(answer.content, type=_Granted)
            life = max(0, int(granted.expires_in))
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            raise TokenNotNow("The token service's answer is none of the contract's.") from None
        return _Kept(granted.access_token, began + life - min(_MARGIN, life * _MARGIN_PART))

    def _assertion(self) -> str:
        ours, now = self._configuration, int(time.time())
        claims = {
            "iss": ours.api_key,
            "sub": ours.api_key,
            "aud": ours.token_url,
            "jti": str(uuid.uuid4()),
            "exp": now + _ASSERTION_LIFE,
        }
        return jwt.encode(claims, ours.private_key, algorithm="RS512", headers={"kid": ours.key_id})

    def _refused(self, answer: httpx.Response) -> None:
        try:
            said = msgspec.json.decode(answer.content, type=_Error)
        except (msgspec.DecodeError, UnicodeDecodeError):
            said = _Error()
        # No resident is ever named here, and its words tell the operator what to put right.
        _log.error(
            "The PDS token service refuses this installation: %d %.60r %.200r",
            answer.status_code, said.error, said.error_description,
        )  # fmt: skip
        raise TokenRefused("The token service refuses this installation; its log says why.")
