"""What is asked of an OpenID provider: its addresses, its keys, and tokens for a code.

Time limits at every step; what it publishes is kept for an hour, and its keys are asked for anew
where a token names one that is not among them. No token, code or claim reaches a log.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import httpx
import msgspec
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from access.providers.answers import NotAccepted
from access.providers.configuration import Provider

Wanted = TypeVar("Wanted")

#: Seconds for each step of a request: finding the address, sending, waiting, reading.
TIME_LIMIT: Final = httpx.Timeout(5.0, connect=3.0)
#: What a provider publishes is kept for so many seconds.
KEPT: Final = 3600.0
#: A provider that did not answer is not asked for so many seconds, so that nobody waits in a row.
NOT_ASKED: Final = 5.0
#: Keys are asked for anew at most so often, whatever tokens name.
KEYS_ANEW_EVERY: Final = 30.0
ASSERTION_LIFE: Final = 120
_DISCOVERY: Final = "/.well-known/openid-configuration"
_FORM: Final = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded",
}
_OK: Final = 200
_FAULTS_OF_ITS_OWN: Final = frozenset({408, 429, *range(500, 600)})


class Unavailable(Exception):
    """The provider does not answer, or with a fault of its own."""


class Published(msgspec.Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""


class Tokens(msgspec.Struct, frozen=True):
    """What a code was exchanged for."""

    id_token: str
    access_token: str

    def __repr__(self) -> str:
        return "Tokens(…)"


@dataclass(slots=True)
class _Kept:
    published: Published
    keys: KeySet
    at: float
    keys_at: float


class Client:
    """Asks one provider. One of each in a process: what it keeps is shared."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._kept: _Kept | None = None
        self._failed_at: float | None = None
        self._lock = threading.Lock()
        self._http = httpx.Client(timeout=TIME_LIMIT, follow_redirects=False)

    def address(self, *, back: str, state: str, nonce: str, verifier: str, again: bool) -> str:
        """Where somebody is sent to sign in.

        :param back: the address that they are sent back to.
        :param again: they sign in there anew, whatever session they have.
        :raises Unavailable: if the provider cannot be asked now.
        """
        more = {"acr_values": self.provider.ask_for} if self.provider.ask_for else {}
        if again:
            more |= {"prompt": "login"}
        return str(
            prepare_grant_uri(
                self._now().published.authorization_endpoint,
                self.provider.client_id,
                "code",
                redirect_uri=back,
                scope=" ".join(self.provider.scopes),
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
                **more,
            )
        )

    def exchange(self, code: str, *, back: str, verifier: str) -> Tokens:
        """The tokens for a code.

        :raises Unavailable: if the provider cannot be asked now.
        :raises NotAccepted: ``code`` if it gives none for it.
        """
        endpoint = self._now().published.token_endpoint
        body = prepare_token_request(
            "authorization_code", redirect_uri=back, code=code, code_verifier=verifier
        )
        address, headers, body = self._as_ourselves(endpoint).prepare(
            "POST", endpoint, dict(_FORM), body
        )
        answer = self._ask("POST", address, headers=headers, content=body)
        if answer.status_code != _OK:
            raise NotAccepted("code")
        try:
            return msgspec.json.decode(answer.content, type=Tokens)
        except msgspec.DecodeError:
            raise Unavailable from None

    def claims_of(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """A token's header and claims, if this provider signed it. What they say is not looked at.

        :raises Unavailable: if its keys cannot be had now.
        :raises NotAccepted: ``token`` if it did not.
        """
        kept = self._now()
        for keys in (kept.keys, None):
            try:
                read = jwt.decode(
                    token,
                    keys or self._keys_anew(kept),
                    algorithms=list(self.provider.token_algorithms),
                )
            except (JoseError, ValueError, TypeError):
                continue
            return dict(read.header), dict(read.claims)
        raise NotAccepted("token")

    def user_info(self, access_token: str, *, subject: str) -> Mapping[str, Any]:
        """What the provider says of somebody who signed in: of that subject and of nobody else.

        :raises Unavailable: if it cannot be asked now.
        :raises NotAccepted: ``token`` if it answers of somebody else, or refuses.
        """
        answer = self._ask(
            "GET",
            self._now().published.userinfo_endpoint,
            headers={"Authorization": f"Bearer {access_token}"},
        )
        if answer.status_code != _OK:
            raise NotAccepted("token")
        try:
            said = msgspec.json.decode(answer.content, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise NotAccepted("token") from None
        if said.get("sub") != subject:
            raise NotAccepted("token")
        return said

    def _as_ourselves(self, endpoint: str) -> ClientAuth:
        ours = self.provider
        if ours.key is None:
            return ClientAuth(ours.client_id, ours.secret, "client_secret_basic")
        signed = PrivateKeyJWT(
            endpoint,
            claims={"exp": int(time.time()) + ASSERTION_LIFE},
            headers={"kid": ours.key_id},
            alg=ours.key_algorithm,
        )
        return ClientAuth(ours.client_id, ours.key, signed)

    def _now(self) -> _Kept:
        with self._lock:
            now = time.monotonic()
            if self._kept is not None and now - self._kept.at <= KEPT:
                return self._kept
            if self._failed_at is not None and now - self._failed_at < NOT_ASKED:
                raise Unavailable
            self._failed_at = now
            address = self.provider.issuer.rstrip("/") + _DISCOVERY
            published = self._published(address, Published)
            if published.issuer != self.provider.issuer:
                raise Unavailable  # it is somebody else's (Discovery 1.0, section 4.3)
            self._kept = _Kept(published, self._keys(published), now, now)
            self._failed_at = None
            return self._kept

    def _keys_anew(self, kept: _Kept) -> KeySet:
        """The provider's keys of now; those that are kept, if they were asked for just before."""
        with self._lock:
            now = time.monotonic()
            if now - kept.keys_at >= KEYS_ANEW_EVERY:
                kept.keys_at = now
                kept.keys = self._keys(kept.published)
            return kept.keys

    def _keys(self, published: Published) -> KeySet:
        found = self._published(published.jwks_uri, dict[str, Any])
        try:
            return KeySet.import_key_set(found)  # type: ignore[arg-type]  # it looks itself
        except (JoseError, ValueError, TypeError, KeyError):
            raise Unavailable from None

    def _published(self, address: str, kind: type[Wanted]) -> Wanted:
        answer = self._ask("GET", address, headers={"Accept": "application/json"})
        if answer.status_code != _OK:
            raise Unavailable
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Unavailable from None

    def _ask(self, method: str, address: str, **sent: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, address, **sent)
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            raise Unavailable from None
        if answer.status_code in _FAULTS_OF_ITS_OWN:
            raise Unavailable
        return answer
