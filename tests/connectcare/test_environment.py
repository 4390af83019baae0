"""The environment's reader fails loudly, with the variable's name and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from connectcare.environment import Environment, Login, Profile

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONNECTCARE_PROFILE", "CONNECTCARE_LOGIN", "REDIS_URL", "SOME_SECRET"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"SOME_SECRET \(or SOME_SECRET_FILE\)\. Do so"):
        Environment().text("SOME_SECRET", hint="Do so.")


@pytest.mark.parametrize("empty", ["", "   ", "\n"])
def test_what_is_empty_is_missing(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    monkeypatch.setenv("SOME_SECRET", empty)
    with pytest.raises(ImproperlyConfigured, match="SOME_SECRET"):
        Environment().text("SOME_SECRET")


def test_a_secret_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "secret"))
    assert Environment().text("SOME_SECRET") == "from the file"


def test_a_file_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match="SOME_SECRET_FILE"):
        Environment().text("SOME_SECRET")


def test_safe_values_are_the_default() -> None:
    assert Environment().profile() is Profile.PRODUCTION
    assert Environment().login() is Login.WEB


@pytest.mark.parametrize("name", ["CONNECTCARE_PROFILE", "CONNECTCARE_LOGIN"])
def test_a_word_that_is_none_of_them_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "superuser")
    environment = Environment()
    with pytest.raises(ImproperlyConfigured, match=name):
        environment.profile() if name.endswith("PROFILE") else environment.login()


@pytest.mark.parametrize(
    ("given", "for_celery"),
    [
        ("redis://broker:6379/1", "redis://broker:6379/1"),
        ("rediss://broker:6379/1", "rediss://broker:6379/1"),
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock?virtual_host=0"),
        ("unix:///run/valkey.sock?db=3", "redis+socket:///run/valkey.sock?virtual_host=3"),
    ],
)
def test_the_brokers_address_is_put_as_celery_reads_it(
    monkeypatch: pytest.MonkeyPatch, given: str, for_celery: str
) -> None:
    monkeypatch.setenv("REDIS_URL", given)
    assert Environment().broker() == for_celery


def test_a_broker_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "amqp://broker")
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL"):
        Environment().broker()


@pytest.mark.parametrize("keys", ["", "short", KEY[:-2], f"{KEY},short"])
def test_keys_that_are_not_of_32_bytes_are_refused(
    monkeypatch: pytest.MonkeyPatch, keys: str
) -> None:
    monkeypatch.setenv("SOME_SECRET", keys)
    with pytest.raises(ImproperlyConfigured, match="SOME_SECRET"):
        Environment().keys("SOME_SECRET")


def test_several_keys_are_read_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", f"{KEY}, {KEY.replace('A', 'B', 1)}")
    first, second = Environment().keys("SOME_SECRET")
    assert first == bytes(32)
    assert first != second


@pytest.mark.parametrize("wrong", ["-1", "2.5", "many", "²"])
def test_what_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("EMAIL_PORT", wrong)
    with pytest.raises(ImproperlyConfigured, match="EMAIL_PORT must be a whole number"):
        Environment().number("EMAIL_PORT", 25)


@pytest.mark.parametrize(("given", "number"), [("", 25), ("587", 587), (" 465\n", 465)])
def test_a_number_may_be_left_out(monkeypatch: pytest.MonkeyPatch, given: str, number: int) -> None:
    monkeypatch.setenv("EMAIL_PORT", given)
    assert Environment().number("EMAIL_PORT", 25) == number


@pytest.mark.parametrize(("given", "word"), [("", "none"), ("none", "none"), ("tls", "tls")])
def test_one_of_a_few_words(monkeypatch: pytest.MonkeyPatch, given: str, word: str) -> None:
    monkeypatch.setenv("EMAIL_TLS", given)
    assert Environment().one_of("EMAIL_TLS", ("none", "starttls", "tls")) == word


def test_another_word_is_refused_rather_than_taken_for_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMAIL_TLS", "STARTTLS")
    with pytest.raises(ImproperlyConfigured, match="must be one of: none, starttls, tls"):
        Environment().one_of("EMAIL_TLS", ("none", "starttls", "tls"))


@pytest.mark.parametrize(
    ("given", "for_redis"),
    [
        ("redis://broker:6379/1", "redis://broker:6379/1"),
        ("unix:///run/valkey.sock?db=3", "unix:///run/valkey.sock?db=3"),
        ("redis+socket:///run/valkey.sock?virtual_host=3", "unix:///run/valkey.sock?db=3"),
    ],
)
def test_the_same_address_is_put_as_redis_reads_it(
    monkeypatch: pytest.MonkeyPatch, given: str, for_redis: str
) -> None:
    monkeypatch.setenv("REDIS_URL", given)
    assert Environment().redis() == for_redis
