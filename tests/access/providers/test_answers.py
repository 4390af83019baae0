"""What tokens must say, case by case, and what a row of the configuration must."""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured

from access.providers import answers
from access.providers.answers import NotAccepted
from access.providers.configuration import Provider, read

NOW = 1_795_000_000
ISSUER = "https://provider.example"


@pytest.fixture
def provider(tmp_path) -> Provider:
    return read(json.dumps([row(tmp_path)]), production=True)["one"]


def row(folder: Any, **changed: Any) -> dict[str, Any]:
    secret = folder / "secret"
    secret.write_text("only of these tests")
    return {
        "code": "one",
        "name": "One",
        "issuer": ISSUER,
        "client_id": "portal",
        "secret_file": str(secret),
        "accepted": ["AAL2", "AAL3"],
        "second_factor": ["AAL3"],
        **changed,
    }


def id_token(**changed: Any) -> dict[str, Any]:
    said = {
        "iss": ISSUER,
        "aud": "portal",
        "sub": "555",
        "nonce": "n",
        "iat": NOW,
        "exp": NOW + 60,
        "acr": "AAL3",
    }
    return {key: value for key, value in (said | changed).items() if value is not None}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, ""),
        ({"aud": ["portal", "another"], "azp": "portal"}, ""),
        ({"exp": NOW - 30}, ""),
        ({"exp": NOW - 90}, "token"),
        ({"iat": NOW + 90, "exp": NOW + 200}, "token"),
        ({"iss": "https://other.example"}, "token"),
        ({"aud": "another"}, "token"),
        ({"aud": ["portal", "another"], "azp": "another"}, "token"),
        ({"nonce": "m"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"sub": None}, "token"),
        ({"sub": 555}, "token"),
        ({"acr": "AAL1"}, "assurance"),
        ({"acr": None}, "assurance"),
        ({"acr": {"AAL3": True}}, "assurance"),
    ],
)
def test_an_id_token(provider, changed, reason) -> None:
    def said() -> answers.SaidToBe:
        return answers.said_to_be(
            provider, {"alg": "RS256"}, id_token(**changed), nonce="n", access_token="a"
        )

    with time_machine.travel(NOW, tick=False):
        if not reason:
            assert said().subject == "555"
            return
        with pytest.raises(NotAccepted) as refused:
            said()
    assert refused.value.reason == reason


def logout_token(**changed: Any) -> dict[str, Any]:
    said = {
        "iss": ISSUER,
        "aud": "portal",
        "jti": "once",
        "iat": NOW,
        "sid": "s",
        "events": {answers.LOGOUT_EVENT: {}},
    }
    return {key: value for key, value in (said | changed).items() if value is not None}


def test_a_logout_token(provider) -> None:
    ended = answers.ended(provider, logout_token(), now=NOW)
    assert (ended.session, ended.subject, ended.token) == ("s", "", "once")
    assert answers.ended(provider, logout_token(sid=None, sub="555"), now=NOW).subject == "555"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"aud": "another"},
        {"jti": None},
        {"iat": NOW - 900},
        {"iat": NOW + 900},
        {"iat": None},
        {"exp": NOW - 900},
        {"sid": None},
        {"events": {}},
        {"events": None},
        {"nonce": "n"},
    ],
)
def test_what_is_no_logout_token(provider, changed) -> None:
    with pytest.raises(NotAccepted):
        answers.ended(provider, logout_token(**changed), now=NOW)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"issuer": "http://provider.example"}, "https://"),
        ({"issuer": "http://127.0.0.1:1"}, "https://"),
        ({"accepted": []}, "accepted"),
        ({"second_factor": ["AAL4"]}, "accepted"),
        ({"secret_file": ""}, "key_file or secret_file"),
        ({"secret_file": "/nonexistent"}, "cannot be read"),
        ({"token_algorithms": ["HS256"]}, "token_algorithms"),
        ({"unknown": 1}, "unknown"),
        ({"code": "a b"}, "code"),
    ],
)
def test_a_row_that_is_wrong_stops_the_process(tmp_path, changed, words) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        read(json.dumps([row(tmp_path, **changed)]), production=True)


def test_two_rows_are_two_providers(tmp_path) -> None:
    for other in (row(tmp_path), row(tmp_path, code="two")):
        with pytest.raises(ImproperlyConfigured, match="another one has its code or its issuer"):
            read(json.dumps([row(tmp_path), other]), production=True)
    assert read("", production=True) == {}
