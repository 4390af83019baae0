"""The token endpoint: who may ask, by signed JWT, with the checks and words of the contract."""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import jwt

from region.pds_stand_in.answers import PLAIN_JSON, Answer, oauth_error

_FORM = "application/x-www-form-urlencoded"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: Seconds ahead that an assertion may end: five minutes, and some for clocks that differ.
_LONGEST_ASSERTION = 310


class _Refusal(Exception):
    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__()
        self.answer = oauth_error(status, error, description)


@dataclass(slots=True)
class TokenService:
    """Gives tokens to one application: its API key, and its public keys by their ids.

    ``life`` is the seconds that a token lasts.
    """

    api_key: str
    public_keys: dict[str, str]
    life: float = 599
    _tokens: dict[str, float] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, body: bytes, content_type: str, address: str) -> Answer:
        """A token for a good assertion. ``address`` is that of the endpoint as it was called."""
        if content_type != _FORM:
            return oauth_error(415, "invalid_request", "Content-Type must be exactly the form's")
        form = {name: values[0] for name, values in parse_qs(body.decode("ascii")).items()}
        try:
            self._check(form, address)
        except _Refusal as refusal:
            return refusal.answer
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens[token] = time.monotonic() + self.life
        said = {
            "access_token": token,
            "expires_in": str(int(self.life)),  # a string, as the service has it
            "token_type": "Bearer",
            "issued_at": str(int(time.time() * 1000)),
        }
        return Answer(200, json.dumps(said).encode(), PLAIN_JSON)

    def accepts(self, token: str) -> bool:
        """Whether a token is one of ours and still good."""
        with self._lock:
            return time.monotonic() < self._tokens.get(token, 0.0)

    def withdraw_all(self) -> None:
        """No token given so far is good any longer."""
        with self._lock:
            self._tokens.clear()

    def _check(self, form: dict[str, str], address: str) -> None:
        if form.get("grant_type") != "client_credentials":
            raise _Refusal(400, "unsupported_grant_type", "grant_type is missing or invalid")
        if form.get("client_assertion_type") != _ASSERTION_TYPE:
            raise _Refusal(400, "invalid_request", "Missing or invalid client_assertion_type")
        assertion = form.get("client_assertion")
        if not assertion:
            raise _Refusal(400, "invalid_request", "Missing client_assertion")
        try:
            header = jwt.get_unverified_header(assertion)
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.PyJWTError:
            raise _Refusal(400, "invalid_request", "Malformed JWT in client_assertion") from None
        if header.get("alg") != "RS512":
            raise _Refusal(400, "invalid_request", "Invalid 'alg' header in JWT - RS512 only")
        if not header.get("kid"):
            raise _Refusal(400, "invalid_request", "Missing 'kid' header in JWT")
        if not claims.get("iss") or claims.get("iss") != claims.get("sub"):
            raise _Refusal(400, "invalid_request", "Missing or non-matching 'iss'/'sub' claims")
        self._check_expiry(claims.get("exp"))
        if claims["iss"] != self.api_key:
            raise _Refusal(401, "invalid_request", "Invalid 'iss'/'sub' claims in JWT")
        key = self.public_keys.get(str(header["kid"]))
        if key is None:
            raise _Refusal(401, "invalid_request", "Invalid 'kid' header: no matching public key")
        if claims.get("aud") != address:
            raise _Refusal(401, "invalid_request", "Missing or invalid 'aud' claim in JWT")
        try:
            jwt.decode(assertion, key, algorithms=["RS512"], audience=address)
        except jwt.PyJWTError:
            raise _Refusal(401, "public_key error", "JWT signature verification failed") from None
        self._check_once(claims.get("jti"))

    @staticmethod
    def _check_expiry(exp: object) -> None:
        if not isinstance(exp, int) or isinstance(exp, bool):
            raise _Refusal(400, "invalid_request", "Invalid 'exp' claim - must be an integer")
        if exp <= time.time():
            raise _Refusal(400, "invalid_request", "Invalid 'exp' claim - JWT has expired")
        if exp > time.time() + _LONGEST_ASSERTION:
            said = "Invalid 'exp' claim - more than 5 minutes in future"
            raise _Refusal(400, "invalid_request", said)

    def _check_once(self, jti: object) -> None:
        with self._lock:
            if not isinstance(jti, str) or not jti or jti in self._used:
                raise _Refusal(400, "invalid_request", "Missing/Non-unique 'jti' claim in JWT")
            self._used.add(jti)
