"""The rate is never passed in any rolling window, as the receiving side counts, and is used up.

By simulation: the real script on a real server, with a clock that the test moves. For real: worker
processes that are killed while the server is emptied and restarted, judged by the receiver's log.
"""

from __future__ import annotations

import heapq
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from identity.pds.rate import NotYet, Permit, RateLimit, RateUnknown
from launcher import ROOT
from launcher.valkey import Valkey

_MOVED_BY_THE_TEST = """
local function clock()
  return tonumber(redis.call('GET', 'the clock'))
end
"""


def most_in_a_window(arrivals: list[float], window: float) -> int:
    """How many arrivals the fullest window of this length holds."""
    arrivals = sorted(arrivals)
    most, first = 0, 0
    for last, arrival in enumerate(arrivals):
        while arrivals[first] <= arrival - window:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_the_fullest_window_is_counted() -> None:
    assert most_in_a_window([], 1) == 0
    assert most_in_a_window([0, 0.5, 0.9, 1.0, 1.4, 5], 1) == 4
    assert most_in_a_window([0, 1, 2], 1) == 1


@dataclass
class Simulation:
    """Workers, a network and a service, on a clock of their own (seconds)."""

    server: redis.Redis
    chance: random.Random
    limit: int
    workers: int
    slowest: float  # seconds that a request, and its answer, takes at most
    deaths: float = 0.0  # the share of requests whose worker dies
    losses: tuple[float, ...] = ()  # when the server is emptied
    window: float = 60.0
    arrivals: list[float] = field(default_factory=list)

    def run(self, until: float) -> Simulation:
        rate = RateLimit(
            self.server, name="test", limit=self.limit, window=self.window,
            clock=_MOVED_BY_THE_TEST,
        )  # fmt: skip
        order = 0
        events: list[tuple[float, int, Permit | None]] = []

        def at(when: float, permit: Permit | None = None) -> None:
            nonlocal order
            order += 1
            heapq.heappush(events, (when, order, permit))

        for _ in range(self.workers):
            at(1.0)
        losses = sorted(self.losses)
        while events[0][0] < until:
            now, _, held = heapq.heappop(events)
            self.server.set("the clock", round(now * 1e6))
            if losses and now >= losses[0]:
                losses.pop(0)
                self.server.delete("test:permits")
            if held is not None:
                held.was_answered()
                rate.give_back(held)
            answer = rate.take()
            if not isinstance(answer, Permit):
                at(now + answer)
                continue
            arrival = now + self.chance.uniform(0, self.slowest)
            self.arrivals.append(arrival)
            if self.chance.random() < self.deaths:
                at(now + 1.0)  # another worker takes its place; the permit is never given back
            else:
                at(arrival + self.chance.uniform(0, self.slowest), answer)
        return self


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 2**32),
    limit=st.integers(1, 30),
    workers=st.integers(1, 8),
    slowest=st.sampled_from([0.0, 0.05, 2.0, 20.0]),
    deaths=st.sampled_from([0.0, 0.05, 0.5]),
    losses=st.lists(st.floats(0, 400), max_size=4).map(tuple),
)
@example(seed=1, limit=30, workers=8, slowest=2.0, deaths=0.0, losses=())
@example(seed=2, limit=30, workers=8, slowest=2.0, deaths=0.05, losses=(50.0, 200.0))
def test_the_rate_is_never_passed(
    server: redis.Redis, seed: int, limit: int, workers: int, slowest: float, deaths: float,
    losses: tuple[float, ...],
) -> None:  # fmt: skip
    server.flushall()
    run = Simulation(
        server, random.Random(seed), limit, workers, slowest, deaths, losses
    ).run(400)  # fmt: skip
    assert most_in_a_window(run.arrivals, 60) <= limit


@pytest.mark.parametrize("workers", [2, 4])
def test_the_agreed_rate_is_used(server: redis.Redis, workers: int) -> None:
    began, until = 181.0, 181.0 + 10 * 60
    run = Simulation(server, random.Random(4), 300, workers, slowest=0.3).run(until)
    assert most_in_a_window(run.arrivals, 60) == 300
    used = sum(began <= arrival < until for arrival in run.arrivals) / (300 * 10)
    assert used >= 0.98
    # Nobody waits so long for the window to pass that a task loses its patience (30 s).
    settled = sorted(arrival for arrival in run.arrivals if arrival >= began)
    assert max(later - earlier for earlier, later in pairwise(settled)) < 25


def test_a_worker_that_dies_costs_its_permit_for_a_lease_and_a_window_only(
    server: redis.Redis,
) -> None:
    run = Simulation(server, random.Random(5), 30, 4, slowest=0.1, deaths=1.0).run(121 + 600)
    assert len(run.arrivals) >= 5 * 30 - 1


def test_a_start_and_a_loss_wait_for_all_that_could_still_count(server: redis.Redis) -> None:
    run = Simulation(server, random.Random(6), 30, 3, slowest=0.1, losses=(300.0,)).run(500)
    assert min(run.arrivals) >= 121
    before = max(arrival for arrival in run.arrivals if arrival < 300.2)
    after = min(arrival for arrival in run.arrivals if arrival > 300.2)
    assert after - before >= 60


def test_permits_are_kept_apart(server: redis.Redis) -> None:
    run = Simulation(server, random.Random(7), 300, 5, slowest=0.0).run(180)
    gaps = [later - earlier for earlier, later in pairwise(sorted(run.arrivals))]
    assert min(gaps) >= 0.149999


def test_a_clock_put_back_beyond_use_is_a_loss(server: redis.Redis) -> None:
    rate = RateLimit(server, name="test", limit=5, clock=_MOVED_BY_THE_TEST)

    def at(seconds: float) -> Permit | float:
        server.set("the clock", round(seconds * 1e6))
        return rate.take()

    assert at(10_000) == 120
    assert isinstance(at(10_121), Permit)
    assert isinstance(at(10_130), Permit)
    assert at(10_100) == 39  # a little back: the permits are only held for longer
    assert at(5_000) == 120
    assert isinstance(at(5_121), Permit)


@pytest.fixture
def rate(server: redis.Redis) -> RateLimit:
    """One permit a minute, from now on."""
    slept: list[float] = []
    limit = RateLimit(
        server, name="test", limit=1, window=60, lease=1e-6, sleep=slept.append,
        clock=_MOVED_BY_THE_TEST,
    )  # fmt: skip
    server.set("the clock", 1)
    limit.take()
    server.set("the clock", 100_000_000)
    return limit


def test_a_permit_that_was_not_used_is_free_at_once(server: redis.Redis, rate: RateLimit) -> None:
    with rate.permit(patience=0) as permit:
        permit.was_not_sent()
    server.set("the clock", 145_000_002)
    with rate.permit(patience=0) as permit:
        permit.was_answered()
    server.set("the clock", 195_000_004)
    with pytest.raises(NotYet) as not_yet:
        rate.wait(patience=5)
    assert not_yet.value.after == pytest.approx(10)


def test_a_permit_whose_request_has_no_answer_is_held_for_the_lease(server: redis.Redis) -> None:
    rate = RateLimit(server, name="test", limit=1, lease=30, clock=_MOVED_BY_THE_TEST)
    server.set("the clock", 1)
    rate.take()
    server.set("the clock", 100_000_000)
    with rate.permit(patience=0):
        pass
    server.set("the clock", 150_000_000)
    assert rate.take() == pytest.approx(40, abs=0.001)


def test_without_the_server_nothing_is_sent() -> None:
    away = redis.Redis(host="127.0.0.1", port=1, retry=None)
    with pytest.raises(RateUnknown):
        RateLimit(away, name="test", limit=1).wait(patience=60)


def test_a_server_that_comes_back_with_an_old_snapshot_is_a_loss(
    valkey: Valkey, server: redis.Redis
) -> None:
    limit = RateLimit(server, name="test", limit=5, window=60, lease=1e-6)
    limit.take()
    # As if the wait were over: only what the snapshot says keeps anyone from sending.
    run = next(name for name in server.zrange("test:permits", 0, -1) if name.startswith(b"run:"))
    server.zadd("test:permits", {run: -1, "last": -1})
    assert isinstance(limit.take(), Permit)
    server.zadd("test:permits", {"last": -1})
    snapshot = server.dump("test:permits")
    valkey.stop()
    valkey.start()
    server.restore("test:permits", 0, snapshot)
    assert limit.take() == pytest.approx(60, abs=1)


class Receiver:
    """Notes when each datagram arrives, and only then answers it."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.bind(("127.0.0.1", 0))
        self.port = self.line.getsockname()[1]
        self.thread = threading.Thread(target=self._receive, daemon=True)
        self.thread.start()

    def _receive(self) -> None:
        while True:
            content, sender = self.line.recvfrom(100)
            if not content:
                return
            self.arrivals.append(time.monotonic())
            self.line.sendto(b".", sender)

    def close(self) -> None:
        self.line.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.line.close()

    def wait_for(self, count: int) -> None:
        """Return when so many more have arrived."""
        wanted, deadline = len(self.arrivals) + count, time.monotonic() + 60
        while len(self.arrivals) < wanted:
            assert time.monotonic() < deadline, "nothing arrives any more"
            time.sleep(0.02)


@contextmanager
def senders(count: int, *words: object) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Worker processes; one that is killed is replaced by calling the function again."""
    command = [sys.executable, str(Path(__file__).with_name("sender.py")), *map(str, words)]
    running = [
        subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}) for _ in range(count)
    ]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


def test_the_rate_holds_while_workers_die_and_the_server_is_emptied_and_restarted(
    valkey: Valkey, server: redis.Redis
) -> None:
    limit, window, lease = 30, 1.0, 2.0
    receiver = Receiver()
    words = (valkey.url, receiver.port, limit, window, lease)
    chance = random.Random()
    with senders(5, *words) as workers:
        for fault in ("die", "empty", "die", "restart"):
            receiver.wait_for(chance.randint(5, 2 * limit))
            if fault == "die":
                workers[chance.randrange(2)].send_signal(signal.SIGKILL)
            elif fault == "empty":
                server.flushall()
            elif fault == "restart":
                valkey.stop()
                valkey.start()
        receiver.wait_for(2 * limit)
    receiver.close()
    assert most_in_a_window(receiver.arrivals, window) <= limit
