"""How much of the agreed rate workers use, and that they never pass it, against the stand-in.

    .venv/bin/python -m bench.pds_rate --workers 1 2 4 --minutes 3

Each worker is a process that retrieves one made-up person after the other, as fast as it may. The
figures are the stand-in's: it notes when each request arrives, and refuses one too many. The first
two minutes of each run are the wait after a start. What is used is told by how long it takes until
as many requests as are agreed for so many minutes have gone round: counting those in a period would
flatter, since they come in bursts, and a period may begin and end between two.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import uuid4

import redis

from identity.pds.configuration import Configuration
from launcher.data import Data
from launcher.stand_in import pds_environment, stand_in
from launcher.valkey import Valkey


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--minutes", type=int, default=3)
    parser.add_argument("--rate", type=int, default=300)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="connect-care-bench-"))
    try:
        for workers in options.workers:
            _measure(folder, workers, options.minutes, options.rate)
    finally:
        shutil.rmtree(folder)


def _measure(folder: Path, workers: int, minutes: int, rate: int) -> None:
    data = Data(folder / f"{workers}")
    data.path.mkdir()
    valkey = Valkey(sockets=data.path, log=data.path / "valkey.log")
    environment = pds_environment(data)
    service = stand_in(data, environment)
    valkey.start()
    service.start()
    while "answers at" not in service.log.read_text():
        time.sleep(0.1)
    asking = [
        multiprocessing.Process(target=_ask, args=(environment, valkey.url, rate), daemon=True)
        for _ in range(workers)
    ]
    try:
        for process in asking:
            process.start()
        time.sleep(60 * (2 + minutes) + 30)
    finally:
        for process in asking:
            process.kill()
        service.stop()
        valkey.stop()
    log = data.path / "logs" / "pds-stand-in.requests.log"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    asked = [line for line in lines if line["kind"] != "token"]
    arrivals = sorted(line["at"] for line in asked)
    used = 60 * minutes / (arrivals[rate * minutes] - arrivals[0])
    print(
        f"{workers} workers, {minutes} minutes: {used:.2%} of {rate} a "
        f"minute used, at most {fullest(arrivals)} in any minute, "
        f"{sum(line['status'] == 429 for line in asked)} refused",
        flush=True,
    )


def fullest(arrivals: list[float]) -> int:
    """The most requests in any minute; arrivals in order, in seconds."""
    most, first = 0, 0
    for last, at in enumerate(arrivals):
        while arrivals[first] <= at - 60:
            first += 1
        most = max(most, last - first + 1)
    return most


def _ask(environment: dict[str, str], server: str, rate: int) -> None:
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connectcare.settings")
    os.environ.setdefault("CONNECTCARE_PROFILE", "test")
    os.environ.setdefault("DATABASE_WEB_URL", "postgresql://nobody@127.0.0.1:1/none")
    os.environ.setdefault("REDIS_URL", server)
    os.environ.setdefault("SECRET_KEY", "for no session")
    os.environ.setdefault("ENCRYPTION_KEYS", "A" * 43 + "=")
    os.environ.update(environment)
    django.setup()

    from django.conf import settings

    from identity.nhs_number import NhsNumber
    from identity.pds.client import Call, PdsClient
    from identity.pds.comparing import Evidence, Held

    configuration: Configuration = replace(settings.PDS, per_minute=rate)
    held = Held("Patel", "Rajesh", date(1967, 9, 2))
    with PdsClient(configuration, redis.Redis.from_url(server), test_ranges=True) as client:
        while True:
            client.retrieve(
                NhsNumber("9990001022"),
                held=held,
                by=Evidence.NUMBER,
                call=Call(request_id=uuid4(), correlation_id=uuid4(), organisation="RJ2"),
                may_send=lambda: True,
                patience=200,
            )


if __name__ == "__main__":
    main()
