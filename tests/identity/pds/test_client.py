"""The client against the stand-in, over real sockets: every call ends in one outcome."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import redis

from connectcare.logs import PlainLine
from identity.models import Sex
from identity.nhs_number import NhsNumber
from identity.pds import client as client_module
from identity.pds.circuit import Circuit
from identity.pds.client import TRIES, Call, PdsClient, _retry_after
from identity.pds.comparing import Evidence, Held, Verdict
from identity.pds.outcomes import Delay, Malformation, Malformed, NotNow, NotSent, OutcomeKind
from identity.pds.questions import Search
from identity.pds.rate import RateLimit
from region.pds_stand_in.faults import Fault
from region.pds_stand_in.people import VERY_RESTRICTED
from tests.identity.pds.conftest import World, may_begin

RAJESH = NhsNumber("9990001022")
HELD = Held("Patel", "Rajesh", date(1967, 9, 2), Sex.MALE)


def call(request_id: UUID | None = None) -> Call:
    return Call(request_id=request_id or uuid4(), correlation_id=uuid4(), organisation="RBG01")


def retrieve(
    client: PdsClient,
    number: NhsNumber = RAJESH,
    *,
    under: Call | None = None,
    may_send: Callable[[], bool] = lambda: True,
    patience: float = 5.0,
) -> Any:
    return client.retrieve(
        number, held=HELD, by=Evidence.NUMBER, call=under or call(), may_send=may_send,
        patience=patience,
    )  # fmt: skip


def search(client: PdsClient, question: Search) -> Any:
    return client.search(question, call=call(), may_send=lambda: True)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("9990001022", OutcomeKind.AGREEING),
        ("9990001057", OutcomeKind.DISAGREEING),
        ("9990001243", OutcomeKind.SUPERSEDED),
        ("9990001251", OutcomeKind.INVALIDATED),
        ("9990001227", OutcomeKind.RESTRICTED),
        ("9990001278", OutcomeKind.VERY_RESTRICTED),
        ("9990001286", OutcomeKind.NONE),
        ("9990001285", OutcomeKind.MALFORMED),  # the service checks the digit as well
    ],
)
def test_each_number_has_its_outcome(world: World, number: str, kind: OutcomeKind) -> None:
    assert retrieve(world.client(), NhsNumber(number)).kind is kind


def test_a_request_carries_its_ids_and_its_organisation(world: World) -> None:
    asking = call()
    retrieve(world.client(), under=asking)
    (line,) = world.asked.questions()
    assert line["request_id"] == str(asking.request_id)
    assert line["correlation_id"] == str(asking.correlation_id)
    assert line["organisation"] == "RBG01"


@pytest.mark.parametrize("code", ["", "RJ", "rj2", "RJ2 ", "RJ2\r\nX: y", "ABCDEFGHIJK"])
def test_an_organisation_that_has_no_code_asks_nothing(code: str) -> None:
    with pytest.raises(ValueError, match="ODS code"):
        Call(request_id=uuid4(), correlation_id=uuid4(), organisation=code)


SAME_NAME = {"family": "Hussain", "given": "Mohammed", "birth_date": date(1974, 6, 2)}
JOANNA = {"family": "Kowalczyk", "given": "Joanna", "birth_date": date(1992, 10, 6)}


def test_the_searches_of_the_ladder(world: World) -> None:
    client = world.client()
    rajesh = world.stand_in.service.register.people[RAJESH.digits]
    person = {"family": "Patel", "given": "Rajesh", "birth_date": date(1967, 9, 2),
              "postcode": rajesh.addresses[0].postcode}  # fmt: skip
    found = search(client, Search.for_exact(**person))
    assert (found.kind, found.demographics.number) == (OutcomeKind.ONE, RAJESH)
    moved = {**person, "postcode": "BR1 1AA"}
    assert search(client, Search.for_exact(**moved)).kind is OutcomeKind.NONE
    assert search(client, Search.with_wildcards(**person)).kind is OutcomeKind.ONE
    assert search(client, Search.with_wildcards(**moved).without_postcode()).kind == "one"
    assert search(client, Search.for_exact(**SAME_NAME, postcode="")).kind is OutcomeKind.MANY


def test_a_protected_person_is_found_only_without_a_postcode(world: World) -> None:
    client = world.client()
    joanna = world.stand_in.service.register.people["9990001227"]
    by_place = Search.with_wildcards(**JOANNA, postcode=joanna.addresses[0].postcode)
    assert search(client, by_place).kind is OutcomeKind.NONE
    found = search(client, by_place.without_postcode())
    assert found.kind is OutcomeKind.ONE
    assert found.demographics.addresses == ()


def test_a_very_restricted_hit_names_nobody(world: World) -> None:
    question = Search(family=VERY_RESTRICTED.family, birth_date=VERY_RESTRICTED.birth_date)
    found = search(world.client(), question)
    assert (found.demographics.names, found.demographics.birth_date) == ((), None)


@pytest.mark.parametrize(
    "fault",
    [Fault.DROPPED, Fault.CUT, Fault.STALLED, Fault.TIMEOUT, Fault.TOO_MANY,
     Fault.TOO_MANY_WAIT, Fault.BAD_GATEWAY, Fault.UNAVAILABLE],
)  # fmt: skip
def test_what_passes_is_asked_again_under_the_same_id(world: World, fault: Fault) -> None:
    client = world.client()
    retrieve(client)  # a token, and a connection
    world.fault(next=[fault, fault])
    asking = call()
    assert retrieve(client, under=asking).kind is OutcomeKind.AGREEING
    tries = world.asked.questions()[1:]
    assert len(tries) == 3
    assert {line["request_id"] for line in tries} == {str(asking.request_id)}
    least = {Fault.UNAVAILABLE: 5, Fault.TOO_MANY_WAIT: 1}.get(fault, 0)
    first, second = world.slept
    assert least <= first <= least + 0.5
    assert least <= second <= least + 1


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.DROPPED, NotNow(Delay.DOWN)),
        (Fault.BAD_GATEWAY, NotNow(Delay.DOWN)),
        (Fault.TOO_MANY, NotNow(Delay.RATE)),
        (Fault.UNAVAILABLE, NotNow(Delay.DOWN, 5.0)),
    ],
)
def test_tries_come_to_an_end(world: World, fault: Fault, outcome: NotNow) -> None:
    client = world.client()
    retrieve(client)
    world.fault(always=fault)
    assert retrieve(client) == outcome
    assert len(world.asked.questions()) == 1 + TRIES
    assert len(world.slept) == TRIES - 1


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.INTERNAL, NotNow(Delay.DOWN)),
        (Fault.GARBLED, Malformed(Malformation.UNREADABLE)),
    ],
)
def test_what_does_not_pass_by_itself_is_not_asked_again(
    world: World, fault: Fault, outcome: object
) -> None:
    client = world.client()
    retrieve(client)
    world.fault(always=fault)
    assert retrieve(client) == outcome
    assert len(world.asked.questions()) == 2


def test_an_answer_that_stalls_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_TIMEOUT", httpx.Timeout(0.05, connect=5.0))
    world.stand_in.pace = replace(world.stand_in.pace, stalled=30)
    client = world.client()
    retrieve(client)
    world.fault(next=["stalled"])
    assert retrieve(client).kind is OutcomeKind.AGREEING


def test_an_answer_without_end_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_LARGEST_ANSWER", 100)
    assert retrieve(world.client()) == Malformed(Malformation.UNREADABLE)


def test_an_answer_that_drips_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_WHOLE_ANSWER", -1.0)
    assert retrieve(world.client()) == NotNow(Delay.DOWN)


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        (None, 0, 0),
        ("", 0, 0),
        ("7", 7, 7),
        ("soon", 0, 0),
        ("-3", 0, 0),
        ("²", 0, 0),
    ],
)
def test_retry_after(said: str | None, least: float, most: float) -> None:
    assert least <= _retry_after(said) <= most


@pytest.mark.parametrize(("hours", "least", "most"), [(1, 3500, 3600), (-1, 0, 0)])
def test_retry_after_a_date(hours: int, least: float, most: float) -> None:
    said = format_datetime(datetime.now(UTC) + timedelta(hours=hours))
    assert least <= _retry_after(said) <= most


def test_a_worker_does_not_wait_for_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_LONGEST_RETRY_AFTER", 4.0)
    client = world.client()
    world.fault(next=[None, "503"])  # the first is for the token
    assert retrieve(client) == NotNow(Delay.DOWN, 5.0)
    assert world.slept == []


def test_whoever_asks_is_asked_before_each_sending(world: World) -> None:
    client = world.client()
    assert retrieve(client, may_send=lambda: False) == NotSent()
    assert world.asked.questions() == []
    answers = iter([True, True, False])
    world.fault(always="502")
    assert retrieve(client, may_send=lambda: next(answers)) == NotSent()
    assert len(world.asked.questions()) == 2


def test_a_question_that_is_not_sent_uses_no_permit(world: World) -> None:
    once = RateLimit(world.server, name="test", limit=1, window=1000, lease=30)
    client = world.client(rate=once)
    world.server.zadd("test:permits", {"last": -1})
    assert retrieve(client, may_send=lambda: False) == NotSent()
    world.server.zadd("test:permits", {"last": -1})
    assert retrieve(client).kind is OutcomeKind.AGREEING


def test_a_rate_that_is_used_up_is_not_now(world: World) -> None:
    client = world.client(rate=RateLimit(world.server, name="test", limit=1, window=60))
    assert retrieve(client).kind is OutcomeKind.AGREEING
    outcome = retrieve(client)
    assert outcome.why is Delay.RATE
    assert outcome.after == pytest.approx(60, abs=31)
    assert len(world.asked.questions()) == 1


def test_a_request_without_an_answer_counts_for_as_long_as_it_could_arrive(world: World) -> None:
    client = world.client(rate=RateLimit(world.server, name="test", limit=1, window=0.05))
    retrieve(client)
    world.fault(next=["dropped"])
    assert retrieve(client, patience=1).why is Delay.RATE
    assert len(world.asked.questions()) == 2


def test_a_request_that_never_left_counts_for_nothing(world: World) -> None:
    there = world.configuration
    client = world.client()
    retrieve(client)
    client._base_url = there.base_url.replace(there.base_url.split("/")[2], "127.0.0.1:1")
    before = world.server.zcount("test:permits", 0, "+inf")
    assert retrieve(client) == NotNow(Delay.DOWN)
    assert world.server.zcount("test:permits", 0, "+inf") == before == 1


def test_without_the_server_of_the_rate_nothing_is_sent(world: World) -> None:
    away = redis.Redis(host="127.0.0.1", port=1, retry=None)
    up = Circuit(world.server, name="test")
    no_rate = world.client(rate=RateLimit(away, name="test", limit=9))
    assert retrieve(no_rate) == NotNow(Delay.BROKER_DOWN)
    no_circuit = world.client(circuit=Circuit(away, name="test"))
    assert retrieve(no_circuit) == NotNow(Delay.BROKER_DOWN)
    assert world.asked.questions() == []
    assert up.ask() == 0


def test_the_circuit_is_one_for_all(world: World) -> None:
    circuit = Circuit(world.server, name="test", failures=3, first_rest=60)
    one, other = world.client(circuit=circuit), world.client(circuit=circuit)
    retrieve(one)
    retrieve(other)
    world.fault(always="500")
    assert [retrieve(one).why, retrieve(other).why, retrieve(one).why] == [Delay.DOWN] * 3
    outcome = retrieve(other)
    assert outcome.why is Delay.CIRCUIT
    assert 59 < outcome.after <= 60
    assert len(world.asked.questions()) == 5
    world.fault()
    world.server.hset("test:circuit", "rested", 1)  # it has rested
    assert retrieve(other).kind is OutcomeKind.AGREEING
    assert retrieve(one).kind is OutcomeKind.AGREEING


def test_an_open_circuit_uses_no_permit_and_asks_for_no_token(world: World) -> None:
    circuit = Circuit(world.server, name="test", failures=1, first_rest=60)
    circuit.failed()
    assert retrieve(world.client(circuit=circuit)).why is Delay.CIRCUIT
    assert world.asked.lines() == []
    assert world.server.zcount("test:permits", 0, "+inf") == 0


def test_a_token_is_asked_for_once_and_used_by_all(world: World) -> None:
    client = world.client()
    outcomes = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(retrieve(client).kind)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [OutcomeKind.AGREEING] * 8
    assert len(world.asked.lines("token")) == 1


def test_a_token_that_is_no_longer_taken_is_replaced_at_once(world: World) -> None:
    client = world.client()
    retrieve(client)
    world.fault(next=["tokens-gone"])
    assert retrieve(client).kind is OutcomeKind.AGREEING
    assert len(world.asked.lines("token")) == 2
    assert [line["status"] for line in world.asked.questions()] == [200, 401, 200]
    assert world.slept == []


def test_access_that_is_refused_is_for_the_operator(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.configuration = replace(world.configuration, key_id="unknown")
    assert retrieve(world.client()) == NotNow(Delay.ACCESS_REFUSED)
    assert world.asked.questions() == []
    assert "no matching public key" in caplog.text


@pytest.mark.parametrize("fault", ["503", "dropped", "garbled", "429"])
def test_a_token_service_that_is_down_is_asked_again(world: World, fault: str) -> None:
    world.fault(next=[fault])
    assert retrieve(world.client()).kind is OutcomeKind.AGREEING
    assert [line["status"] for line in world.asked.lines("token")][-1] == 200


def test_nothing_of_a_person_or_of_our_access_is_in_a_log(
    world: World, key_pair: tuple[str, str]
) -> None:
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(PlainLine("{name} {message}", style="{"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        client = world.client()
        sofia = Search.for_exact(family="Martínez López", given="Sofía",
                                 birth_date=date(1988, 7, 23), postcode="SE9 1CI")  # fmt: skip
        for fault in (None, *Fault):
            world.fault(next=[fault, fault])
            world.server.delete("test:circuit")
            retrieve(client, NhsNumber("9990001057"))
            search(client, sofia)
        world.configuration = replace(world.configuration, base_url="http://127.0.0.1:1")
        retrieve(world.client(), NhsNumber("9990001057"))
        token = client._tokens.current()
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    lines = written.getvalue()
    assert lines.count("PDS request") > 2 * len(Fault)
    secrets = [token, key_pair[0].splitlines()[1], "client_assertion"]
    for canary in ["9990001057", "Mart", "Sof", "1988", "SE9", "Patient", "http", *secrets]:
        assert canary not in lines, canary


def test_a_real_fault_of_the_library_reaches_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise httpx.ReadError("GET /Patient/9990001022")

    client = world.client()
    retrieve(client)
    monkeypatch.setattr(client._http, "send", fail)
    assert retrieve(client) == NotNow(Delay.DOWN)


def test_a_search_that_finds_is_verified_by_retrieval(world: World) -> None:
    client = world.client()
    joanna = Held("Kowalczyk", "Joanna", date(1992, 10, 6), Sex.FEMALE, "SE6 1CI")
    outcome = client.retrieve(
        NhsNumber("9990001227"), held=joanna, by=Evidence.SEARCH, call=call(),
        may_send=lambda: True,
    )  # fmt: skip
    # Found by name and birth date alone: a person decides.
    assert outcome.kind is OutcomeKind.RESTRICTED
    assert outcome.comparison.verdict is Verdict.INEXACT


def test_a_loss_of_the_server_is_waited_out(world: World) -> None:
    client = world.client()
    world.server.flushall()
    assert retrieve(client, patience=0).why is Delay.RATE
    assert world.asked.questions() == []
    may_begin(world.server)
    assert retrieve(client, patience=0).kind is OutcomeKind.AGREEING
