"""The breaker opens on failures in a row, whoever met them, lets one ask, and closes."""

from __future__ import annotations

import time

import pytest
import redis

from identity.pds.circuit import Circuit, CircuitUnknown


def circuit(server: redis.Redis, **times: float) -> Circuit:
    return Circuit(server, name="test", failures=3, **{"first_rest": 60, **times})  # type: ignore[arg-type]  # seconds


def test_it_opens_for_everyone_after_failures_in_a_row(server: redis.Redis) -> None:
    one, other = circuit(server), circuit(server)
    assert [one.ask(), one.failed(), other.failed()] == [0, False, False]
    assert other.succeeded() is False  # it was not open: nothing closed, and the count begins anew
    assert [one.failed(), other.failed(), one.failed()] == [False, False, True]
    assert 59 < other.ask() <= 60
    assert 59 < other.resting() <= 60


def test_what_was_asked_before_it_opened_changes_nothing(server: redis.Redis) -> None:
    breaker = circuit(server)
    for _ in range(3):
        breaker.failed()
    assert breaker.failed() is False
    assert breaker.succeeded() is False
    assert 59 < breaker.ask() <= 60


def opened(server: redis.Redis, **times: float) -> Circuit:
    """One that has just had its rest."""
    breaker = circuit(server, first_rest=0.001, **times)
    for _ in range(3):
        breaker.failed()
    time.sleep(0.002)
    return breaker


def test_one_asks_and_its_answer_closes_it(server: redis.Redis) -> None:
    breaker = opened(server)
    assert breaker.resting() == 0
    assert breaker.ask() == 0
    assert 59 < breaker.ask() <= 60  # the others wait for what becomes of it
    assert breaker.succeeded() is True
    assert breaker.ask() == breaker.ask() == 0
    assert server.keys() == []


def test_another_failure_opens_it_for_longer_up_to_the_longest(server: redis.Redis) -> None:
    breaker = opened(server, longest_rest=0.0035)
    for rest in (b"2000", b"3500", b"3500"):
        assert breaker.ask() == 0
        assert breaker.failed() is True
        assert server.hget("test:circuit", "rest") == rest
        time.sleep(0.005)


def test_one_that_never_says_how_it_went_is_followed_by_another(server: redis.Redis) -> None:
    breaker = opened(server, probe=0.001)
    assert breaker.ask() == 0
    time.sleep(0.002)
    assert breaker.ask() == 0


def test_emptied_it_is_closed(server: redis.Redis) -> None:
    breaker = circuit(server)
    for _ in range(3):
        breaker.failed()
    server.flushall()
    assert breaker.ask() == 0


def test_without_the_server_nobody_knows() -> None:
    away = redis.Redis(host="127.0.0.1", port=1, retry=None)
    with pytest.raises(CircuitUnknown):
        circuit(away).ask()
