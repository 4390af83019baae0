"""Faults on demand: what the next requests meet, or a share of all."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from region.chance import Chance


class Fault(StrEnum):
    """What can go wrong with an answer."""

    SLOW = "slow"  # it comes late
    STALLED = "stalled"  # it begins, and comes no further for a long time
    DROPPED = "dropped"  # the connection closes without an answer
    CUT = "cut"  # it closes in the middle of one
    GARBLED = "garbled"  # a body that is no JSON
    TIMEOUT = "408"
    TOO_MANY = "429"
    TOO_MANY_WAIT = "429-wait"  # with a Retry-After, which the service does not send
    INTERNAL = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    TOKENS_GONE = "tokens-gone"  # every token given so far is withdrawn


@dataclass(slots=True)
class Faults:
    """Which fault each request meets. First those that were queued, then by share."""

    _next: deque[Fault | None] = field(default_factory=deque)
    _always: Fault | None = None
    _share: float = 0.0
    _kinds: tuple[Fault, ...] = tuple(Fault)
    _chance: Chance = field(default_factory=Chance)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, wish: dict[str, Any]) -> None:
        """Take an order, which replaces the one before.

        ``{"next": ["503", null, "dropped"]}`` for the next requests, null for none;
        ``{"always": "503"}``; ``{"share": 0.2, "kinds": [...], "seed": 7}``; ``{}`` for none.

        :raises ValueError: if it is none of these.
        """
        try:
            queued = [Fault(each) if each else None for each in wish.get("next", ())]
            always = Fault(wish["always"]) if wish.get("always") else None
            kinds = tuple(Fault(each) for each in wish.get("kinds", Fault))
            share = float(wish.get("share", 0.0))
        except TypeError as error:
            raise ValueError("an order of faults is an object of lists and words") from error
        with self._lock:
            self._next, self._always = deque(queued), always
            self._share, self._kinds = share, kinds
            self._chance = Chance(wish.get("seed"))

    def take(self) -> Fault | None:
        """The fault of this request, if it has one."""
        with self._lock:
            if self._next:
                return self._next.popleft()
            if self._always:
                return self._always
            return self._chance.choice(self._kinds) if self._chance.random() < self._share else None
