"""One rate limit for all workers: never more than the agreed number in any rolling window.

There are as many permits as requests may be sent in a window. A permit is held from before a
request is sent until one whole window after its answer came. The request arrived somewhere in
between, and so between two arrivals on one permit lies at least a window: by the clock of the
service, whatever the network did, no window holds more arrivals than there are permits. What that
costs is the time that an answer takes: at 300 a minute and 0.3 seconds an answer, 0.5 %.

Where no answer came, because the connection or the worker died, nobody knows when the request
arrived, if at all; the permit then comes free by itself after the lease and one window.

The permits lie in Redis, in one key that also names the run of the server that they were given out
by. Where the key is gone (emptied, evicted) or names another run (restarted, perhaps from an old
snapshot; failed over, perhaps to a replica that lagged), nobody knows what was sent, and everyone
waits for as long as anything sent before could count. The clock is that of the Redis server; a
step forward of its clock, by hand, is not guarded against.

Permits are also kept apart, so that they are not all used in the first second: a service that
allows 300 a minute refuses a burst of more than some 15 a second.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum

import redis

#: Seconds in which a request that has a permit arrives, or never will: above every time-out of the
#: client added up, name resolution included. It counts only where a worker died.
LEASE = 60.0
#: Permits are at least this part of the average distance apart: bursts are at most a third faster
#: than the rate. Used up sooner, they would make everyone wait longer than a task has patience.
_SPACING = 0.75
#: Whoever holds a permit sends within this part of the lease, or gives it back unused.
_SEND_WITHIN = 1 / 12

_CLOCK = """
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
"""
# One sorted set. Scores above nought are permits given out, each with the microsecond from which
# it is free. Scores below nought are marks: when this run may begin, when the last permit went.
_TAKE = """
local key, permit = KEYS[1], ARGV[1]
local limit, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local lease, spacing = tonumber(ARGV[4]), tonumber(ARGV[5])
local now = clock()
local run = 'run:' .. string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local begin = redis.call('ZSCORE', key, run)
local last = redis.call('ZSCORE', key, 'last')
if not begin or not last or now + window < -tonumber(last) then
  -- Nothing is known of what was sent before (or the clock was put back, beyond any use).
  begin, last = -(now + lease + window), -now
  redis.call('DEL', key)
  redis.call('ZADD', key, string.format('%.0f', begin), run, string.format('%.0f', last), 'last')
end
local earliest = math.max(-tonumber(begin), -tonumber(last) + spacing)
if now < earliest then
  return {0, earliest - now}
end
redis.call('ZREMRANGEBYSCORE', key, 0, string.format('(%.0f', now))
if redis.call('ZCOUNT', key, 0, '+inf') >= limit then
  local first = redis.call('ZRANGE', key, 0, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  return {0, tonumber(first[2]) + 1 - now}
end
redis.call('ZADD', key, string.format('%.0f', now + lease + window), permit,
           string.format('%.0f', -now), 'last')
return {1, 0}
"""
# Only a permit that is known, and only to an earlier time.
_GIVE_BACK = """
local key, permit, window = KEYS[1], ARGV[1], tonumber(ARGV[2])
redis.call('ZADD', key, 'XX', 'LT', string.format('%.0f', clock() + window), permit)
"""
_MICROSECONDS = 1_000_000


class NotYet(Exception):
    """No permit within the patience. ``after`` says in how many seconds to try again."""

    def __init__(self, after: float) -> None:
        super().__init__("The agreed rate is used up.")
        self.after = after


class RateUnknown(Exception):
    """The Redis that keeps the permits cannot be asked: nothing may be sent."""


class Fate(Enum):
    """What became of the request for which a permit was given."""

    UNKNOWN = "unknown"
    ANSWERED = "answered"
    NOT_SENT = "not sent"


@dataclass(slots=True)
class Permit:
    """Leave to send one request, at once."""

    name: str
    send_by: float
    fate: Fate = field(default=Fate.UNKNOWN, init=False)

    def stale(self) -> bool:
        """Whether it is too old to send by."""
        return time.monotonic() > self.send_by

    def was_answered(self) -> None:
        """The answer has come: the permit is free a window after it is given back."""
        self.fate = Fate.ANSWERED

    def was_not_sent(self) -> None:
        """Nothing was sent by it: it is free again at once when it is given back."""
        self.fate = Fate.NOT_SENT


class RateLimit:
    """At most ``limit`` requests in any ``window`` seconds, over all processes that share ``name``.

    :param lease: seconds within which a request with a permit has arrived or never will.
    """

    def __init__(
        self,
        server: redis.Redis,
        *,
        name: str,
        limit: int,
        window: float = 60.0,
        lease: float = LEASE,
        clock: str = _CLOCK,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limit, self.window, self.lease = limit, window, lease
        self._server, self._key, self._sleep = server, f"{name}:permits", sleep
        self._take = server.register_script(clock + _TAKE)
        self._give_back = server.register_script(clock + _GIVE_BACK)

    @contextmanager
    def permit(self, *, patience: float) -> Iterator[Permit]:
        """Wait for a permit, hold it for the block, and give it back.

        Say what became of the request by :meth:`Permit.was_answered` or
        :meth:`Permit.was_not_sent`; unsaid, the permit is held for the whole lease.

        :param patience: how many seconds to wait at most.
        :raises NotYet: if it takes longer.
        :raises RateUnknown: if the server cannot be asked.
        """
        permit = self.wait(patience)
        try:
            yield permit
        finally:
            self.give_back(permit)

    def wait(self, patience: float) -> Permit:
        """A permit, within the patience; to be given back by :meth:`give_back`.

        :raises NotYet: if it takes longer.
        :raises RateUnknown: if the server cannot be asked.
        """
        deadline = time.monotonic() + patience
        while True:
            answer = self.take()
            if isinstance(answer, Permit):
                return answer
            if time.monotonic() + answer > deadline:
                raise NotYet(answer)
            self._sleep(answer)

    def take(self) -> Permit | float:
        """A permit now, or in how many seconds to ask again.

        :raises RateUnknown: if the server cannot be asked.
        """
        permit = Permit(secrets.token_hex(8), time.monotonic() + self.lease * _SEND_WITHIN)
        spacing = self.window / self.limit * _SPACING
        times = [round(each * _MICROSECONDS) for each in (self.window, self.lease, spacing)]
        try:
            given, wait = self._take(keys=[self._key], args=[permit.name, self.limit, *times])
        except redis.RedisError as error:
            raise RateUnknown("The Redis that keeps the rate does not answer.") from error
        return permit if given else wait / _MICROSECONDS

    def give_back(self, permit: Permit) -> None:
        """The permit is no longer needed. Forgotten, it is only free later."""
        with suppress(redis.RedisError):
            if permit.fate is Fate.ANSWERED:
                window = round(self.window * _MICROSECONDS)
                self._give_back(keys=[self._key], args=[permit.name, window])
            elif permit.fate is Fate.NOT_SENT:
                self._server.zrem(self._key, permit.name)
