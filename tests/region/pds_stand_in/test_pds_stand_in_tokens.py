"""The stand-in lets nobody in whom the service would not let in."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from region.pds_stand_in.answers import Answer
from region.pds_stand_in.tokens import TokenService

AT = "http://127.0.0.1:8100/oauth2/token"
FORM = "application/x-www-form-urlencoded"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def pem(key: rsa.RSAPrivateKey) -> str:
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public.decode()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def service(key: rsa.RSAPrivateKey) -> TokenService:
    return TokenService("ours", {"k1": pem(key)})


def ask(
    service: TokenService,
    key: Any,
    *,
    claims: dict[str, Any] | None = None,
    header: dict[str, Any] | None = None,
    form: dict[str, str] | None = None,
    algorithm: str = "RS512",
    content_type: str = FORM,
) -> Answer:
    """Ask with a good assertion, changed so; a claim may be made of the second it is asked in."""
    now = int(time.time())
    good = {"iss": "ours", "sub": "ours", "aud": AT, "jti": str(uuid4()), "exp": now + 240}
    said = {
        name: value(now) if callable(value) else value
        for name, value in (good | (claims or {})).items()
        if value is not None
    }
    assertion = jwt.encode(said, key, algorithm=algorithm, headers={"kid": "k1"} | (header or {}))
    sent = {"grant_type": "client_credentials", "client_assertion_type": JWT_BEARER,
            "client_assertion": assertion} | (form or {})  # fmt: skip
    return service.answer(urlencode(sent).encode(), content_type, AT)


def test_a_good_assertion_gets_a_token(service: TokenService, key: rsa.RSAPrivateKey) -> None:
    answer = ask(service, key)
    said = json.loads(answer.body)
    assert answer.status == 200
    assert said["expires_in"] == "599"
    assert service.accepts(said["access_token"])
    assert not service.accepts("another")
    service.withdraw_all()
    assert not service.accepts(said["access_token"])


def test_a_token_ends(service: TokenService, key: rsa.RSAPrivateKey) -> None:
    service.life = 0
    assert not service.accepts(json.loads(ask(service, key).body)["access_token"])


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"content_type": f"{FORM}; charset=utf-8"}, 415, "exactly"),
        ({"form": {"grant_type": "password"}}, 400, "grant_type"),
        ({"form": {"client_assertion_type": "jwt"}}, 400, "client_assertion_type"),
        ({"form": {"client_assertion": ""}}, 400, "Missing client_assertion"),
        ({"form": {"client_assertion": "a.b.c"}}, 400, "Malformed JWT"),
        ({"algorithm": "RS256"}, 400, "'alg'"),
        ({"header": {"kid": ""}}, 400, "'kid'"),
        ({"header": {"kid": "k2"}}, 401, "no matching public key"),
        ({"claims": {"iss": None}}, 400, "'iss'/'sub'"),
        ({"claims": {"sub": "another"}}, 400, "'iss'/'sub'"),
        ({"claims": {"iss": "another", "sub": "another"}}, 401, "'iss'/'sub'"),
        ({"claims": {"jti": None}}, 400, "'jti'"),
        ({"claims": {"exp": None}}, 400, "'exp'"),
        ({"claims": {"exp": lambda now: now + 240.5}}, 400, "integer"),
        ({"claims": {"exp": lambda now: now - 1}}, 400, "expired"),
        ({"claims": {"exp": lambda now: now + 900}}, 400, "more than 5 minutes"),
        ({"claims": {"aud": None}}, 401, "'aud'"),
        ({"claims": {"aud": "https://api.service.nhs.uk/oauth2/token"}}, 401, "'aud'"),
    ],
)
def test_what_is_refused(
    service: TokenService, key: rsa.RSAPrivateKey, wrong: dict[str, Any], status: int, words: str
) -> None:
    answer = ask(service, key, **wrong)
    assert answer.status == status
    assert words in json.loads(answer.body)["error_description"]


def test_another_key_is_refused(service: TokenService) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    answer = ask(service, other)
    assert answer.status == 401
    assert json.loads(answer.body)["error"] == "public_key error"


def test_an_assertion_is_good_once(service: TokenService, key: rsa.RSAPrivateKey) -> None:
    assert ask(service, key, claims={"jti": "x"}).status == 200
    assert "'jti'" in json.loads(ask(service, key, claims={"jti": "x"}).body)["error_description"]
