"""One circuit breaker for all workers: a service that fails is left alone for a while.

*Closed*, everyone asks. After so many failures in a row, whoever met them, it *opens*: nobody asks
until it has rested. Then it is *half open*: one asks, and the others wait for what becomes of it.
An answer closes the circuit; another failure opens it for twice as long, up to the longest rest.

Its state lies in Redis. Lost, the circuit is closed, and opens again if the service still fails.
"""

from __future__ import annotations

import redis

FAILURES = 5
FIRST_REST, LONGEST_REST = 15.0, 300.0
#: Seconds that the one who asks first may take before somebody else may try.
PROBE = 60.0

_CLOCK = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local key = KEYS[1]
local rested = tonumber(redis.call('HGET', key, 'rested') or '0')
"""
_RESTING = f"{_CLOCK} return math.max(0, rested - now)"
_ASK = f"""{_CLOCK}
if rested == 0 then return 0 end
if now < rested then return rested - now end
local probe = tonumber(redis.call('HGET', key, 'probe') or '0')
if now < probe then return probe - now end
redis.call('HSET', key, 'probe', string.format('%.0f', now + tonumber(ARGV[1])))
return 0
"""
_FAILED = f"""{_CLOCK}
local failures, first, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if now < rested then return 0 end  -- asked before it opened
local rest = first
if rested > 0 then
  rest = math.min(longest, 2 * tonumber(redis.call('HGET', key, 'rest')))
elseif redis.call('HINCRBY', key, 'failures', 1) < failures then
  return 0
end
redis.call('HSET', key, 'rest', string.format('%.0f', rest),
           'rested', string.format('%.0f', now + rest))
redis.call('HDEL', key, 'probe', 'failures')
return 1
"""
_SUCCEEDED = f"""{_CLOCK}
if now < rested then return 0 end  -- asked before it opened
redis.call('DEL', key)
return rested > 0 and 1 or 0
"""
_MICROSECONDS = 1_000_000


class CircuitUnknown(Exception):
    """The Redis that keeps the circuit cannot be asked."""


class Circuit:
    """The breaker that all processes share which know it by ``name``.

    Every method raises :class:`CircuitUnknown` if the server cannot be asked. Seconds throughout.
    """

    def __init__(
        self,
        server: redis.Redis,
        *,
        name: str,
        failures: int = FAILURES,
        first_rest: float = FIRST_REST,
        longest_rest: float = LONGEST_REST,
        probe: float = PROBE,
    ) -> None:
        self._key = f"{name}:circuit"
        self._after = [failures, _micro(first_rest), _micro(longest_rest)]
        self._probe = _micro(probe)
        self._scripts = {
            text: server.register_script(text) for text in (_RESTING, _ASK, _FAILED, _SUCCEEDED)
        }

    def resting(self) -> float:
        """How long the service still rests; nought if it may be asked. Changes nothing."""
        return self._call(_RESTING) / _MICROSECONDS

    def ask(self) -> float:
        """How long to wait before asking; nought is leave to ask, now, and to say how it went."""
        return self._call(_ASK, self._probe) / _MICROSECONDS

    def failed(self) -> bool:
        """The service failed. Answers whether this opened the circuit."""
        return bool(self._call(_FAILED, *self._after))

    def succeeded(self) -> bool:
        """The service answered. Answers whether this closed the circuit."""
        return bool(self._call(_SUCCEEDED))

    def _call(self, script: str, *arguments: int) -> int:
        try:
            return int(self._scripts[script](keys=[self._key], args=arguments))
        except redis.RedisError as error:
            raise CircuitUnknown("The Redis that keeps the circuit does not answer.") from error


def _micro(seconds: float) -> int:
    return round(seconds * _MICROSECONDS)
