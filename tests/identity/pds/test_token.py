"""A token is read as the service gives it, used until shortly before its end, and kept nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import jwt
import pytest

from identity.pds.configuration import Configuration, Service
from identity.pds.token import TokenNotNow, TokenRefused, Tokens

GRANTED = {"access_token": "one", "expires_in": "599", "token_type": "Bearer", "issued_at": "1"}
Answer = Callable[[httpx.Request], httpx.Response]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Asked:
    """A token service that answers as it is told, and counts."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self.answers, self.requests = list(answers), []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status, body = self.answers[min(len(self.requests), len(self.answers)) - 1]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.Response(status, content=content)


@pytest.fixture
def configuration(key_pair: tuple[str, str]) -> Configuration:
    return Configuration(
        service=Service.INTEGRATION, base_url="https://int.example/personal-demographics/FHIR/R4",
        api_key="ours", key_id="k1", private_key=key_pair[0],
    )  # fmt: skip


def tokens(configuration: Configuration, service: Answer, clock: Clock | None = None) -> Tokens:
    http = httpx.Client(transport=httpx.MockTransport(service))
    return Tokens(http, configuration, monotonic=clock or Clock())


def test_the_assertion_is_as_the_service_wants_it(
    configuration: Configuration, key_pair: tuple[str, str]
) -> None:
    service = Asked((200, GRANTED))
    for _ in range(2):
        assert tokens(configuration, service).current() == "one"
    seen = []
    for request in service.requests:
        assert str(request.url) == "https://int.example/oauth2/token"
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        form = httpx.QueryParams(request.content.decode())
        assert form["grant_type"] == "client_credentials"
        assertion = form["client_assertion"]
        assert jwt.get_unverified_header(assertion) == {
            "alg": "RS512", "typ": "JWT", "kid": "k1"
        }  # fmt: skip
        claims = jwt.decode(
            assertion, key_pair[1], algorithms=["RS512"],
            audience="https://int.example/oauth2/token",
            options={"require": ["iss", "sub", "aud", "jti", "exp"]},
        )  # fmt: skip
        assert claims["iss"] == claims["sub"] == "ours"
        seen.append((claims["jti"], claims["exp"]))
    assert seen[0][0] != seen[1][0]


@pytest.mark.parametrize(
    ("life", "used_until"),
    [("599", 569), (599, 569), ("100", 90)],
)
def test_it_is_used_until_shortly_before_its_end(
    configuration: Configuration, life: object, used_until: float
) -> None:
    service, clock = Asked((200, {**GRANTED, "expires_in": life})), Clock()
    kept = tokens(configuration, service, clock)
    kept.current()
    clock.now += used_until - 0.001
    kept.current()
    assert len(service.requests) == 1
    clock.now += 0.001
    kept.current()
    assert len(service.requests) == 2


@pytest.mark.parametrize("life", [{"expires_in": "0"}, {"expires_in": "-5"}, {}])
def test_one_of_unsaid_life_is_used_once(
    configuration: Configuration, life: dict[str, str]
) -> None:
    service = Asked((200, {"access_token": "one", **life}))
    kept = tokens(configuration, service)
    assert [kept.current(), kept.current()] == ["one", "one"]
    assert len(service.requests) == 2


def test_the_time_that_the_answer_took_counts(configuration: Configuration) -> None:
    clock = Clock()

    def slow(_: httpx.Request) -> httpx.Response:
        clock.now += 20
        return httpx.Response(200, json=GRANTED)

    kept = tokens(configuration, slow, clock)
    kept.current()
    assert kept._kept is not None
    assert kept._kept.until == 1000 + 569


def test_only_the_token_that_was_refused_is_forgotten(configuration: Configuration) -> None:
    service = Asked((200, GRANTED), (200, {**GRANTED, "access_token": "two"}))
    kept = tokens(configuration, service)
    kept.current()
    kept.forget("another")
    assert kept.current() == "one"
    kept.forget("one")
    assert kept.current() == "two"


@pytest.mark.parametrize("status", [400, 401, 403, 415, 302])
def test_a_refusal_is_told_to_the_operator(
    configuration: Configuration, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    said = {"error": "invalid_request", "error_description": "Missing 'kid'\n" + "x" * 900}
    with pytest.raises(TokenRefused):
        tokens(configuration, Asked((status, said))).current()
    (record,) = caplog.records
    assert "Missing 'kid'" in record.message
    assert "\n" not in record.message
    assert len(record.message) < 400


@pytest.mark.parametrize(
    "answer",
    [(500, b""), (503, b"<html>"), (429, {}), (408, b""), (200, b"{"), (200, {"token": 1}),
     (200, {**GRANTED, "expires_in": "soon"}), (200, b"\xff")],
)  # fmt: skip
def test_a_fault_passes(configuration: Configuration, answer: tuple[int, object]) -> None:
    kept = tokens(configuration, Asked(answer, (200, GRANTED)))
    with pytest.raises(TokenNotNow):
        kept.current()
    assert kept.current() == "one"


def test_a_sandbox_asks_for_none() -> None:
    def never(_: httpx.Request) -> httpx.Response:
        raise AssertionError

    sandbox = Configuration(service=Service.SANDBOX, base_url="https://sandbox.example")
    assert tokens(sandbox, never).current() == ""
