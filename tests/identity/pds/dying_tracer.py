"""Traces as a worker does, in a process that is killed (SIGKILL) at a chosen moment.

Run by ``test_killed.py`` with one line of JSON on its input: how to reach the stand-in and the
server of the rate, ``moment`` (``answered`` or ``written``), and after how many answers.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import django
import redis


def die() -> None:
    """At once: no handler, no rollback of one's own, no lease given back."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Trace what is due until killed."""
    said = json.loads(sys.stdin.readline())
    django.setup()

    from identity import tracing
    from identity.pds.circuit import Circuit
    from identity.pds.client import PdsClient
    from identity.pds.configuration import Configuration, Service
    from identity.pds.rate import RateLimit

    left = said["after"]

    class Dies:
        """A client whose process ends once it has its answer, before anything is written of it."""

        def __init__(self, client: PdsClient) -> None:
            self._client, self.service = client, client.service

        def retrieve(self, *given: Any, **named: Any) -> Any:
            return self._answered(self._client.retrieve(*given, **named))

        def search(self, *given: Any, **named: Any) -> Any:
            return self._answered(self._client.search(*given, **named))

        @staticmethod
        def _answered(outcome: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0 and said["moment"] == "answered":
                die()
            return outcome

    applies = tracing._Desk.apply

    def apply(desk: tracing._Desk, outcome: Any) -> None:
        applies(desk, outcome)
        if left == 0:
            die()  # all of it written, and none of it committed

    tracing._Desk.apply = apply  # type: ignore[method-assign]  # the moment that the test is about
    configuration = Configuration(service=Service.STAND_IN, **said["configuration"])
    with redis.Redis.from_url(said["valkey"]) as server:
        client = PdsClient(
            configuration,
            server,
            test_ranges=True,
            rate=RateLimit(server, name="test", limit=1000, window=1, lease=30),
            circuit=Circuit(server, name="test"),
        )
        tracing.Tracer(Dies(client), may_use_number=lambda *_: True).run_due()


if __name__ == "__main__":
    main()
