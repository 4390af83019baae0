"""How much of the agreed rate tracing uses: rows, audit, rate and answers, against the stand-in.

    .venv/bin/python -m bench.tracing --workers 1 2 4 --rate 300 --minutes 2

Everybody of a made-up region is sent several times without a verified number, and wanted as a bulk
trace; workers as a Celery task runs them carry it out on PostgreSQL, durable as in production.
What is used is told as in ``bench.pds_rate``: by how long it takes until as many requests as are
agreed for so many minutes have gone round, by the stand-in's own log. The wait after a start is
left out, as if two minutes had passed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import redis

from bench.pds_rate import fullest
from bench.world import migrated, running
from launcher.children import Child
from launcher.data import Data
from launcher.stand_in import pds_environment, stand_in

PEOPLE = 320
#: As identity.tasks has it, which needs settings to be imported.
AT_ONCE = 4


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--minutes", type=int, default=2)
    parser.add_argument("--rate", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    options = parser.parse_args()
    for workers in options.workers:
        with tempfile.TemporaryDirectory(prefix="connect-care-bench-") as folder:
            _measure(Path(folder), workers, options.minutes, options.rate, options.at_once)


def _measure(folder: Path, workers: int, minutes: int, rate: int, at_once: int) -> None:
    data = Data(folder / "data")
    data.path.mkdir()
    with running(folder, durable=True) as up:
        _, environment = migrated(up)
        environment |= pds_environment(data)
        environment |= {
            "CONNECTCARE_LOGIN": "pipeline",
            "PDS_REQUESTS_PER_MINUTE": str(rate),
        }
        needed = rate * minutes + rate
        _in_a_process(_send, environment, -(-needed // PEOPLE))
        service = stand_in(data, environment)
        service = replace(service, command=[*service.command, "--requests-per-minute", str(rate)])
        service.start()
        try:
            _await(service)
            _may_begin(environment["REDIS_URL"])
            asking = [
                multiprocessing.Process(target=_trace, args=(environment, at_once), daemon=True)
                for _ in range(workers)
            ]
            for process in asking:
                process.start()
            time.sleep(60 * minutes + 25)
            for process in asking:
                process.kill()
        finally:
            service.stop()
    lines = map(json.loads, (data.path / "logs" / "pds-stand-in.requests.log").open())
    asked = [line for line in lines if line["kind"] != "token"]
    arrivals = sorted(line["at"] for line in asked)
    agreed = rate * minutes
    used = (
        f"{60 * minutes / (arrivals[agreed] - arrivals[0]):.1%}"
        if len(arrivals) > agreed
        else f"{60 * len(arrivals) / (arrivals[-1] - arrivals[0]) / rate:.1%} (not enough)"
    )
    print(
        f"{workers} workers, {at_once} questions at once each, {minutes} minutes: "
        f"{used} of {rate} a minute used, at most "
        f"{fullest(arrivals)} in any minute, {sum(line['status'] == 429 for line in asked)} "
        "refused",
        flush=True,
    )


def _await(service: Child) -> None:
    while "answers at" not in service.log.read_text():
        time.sleep(0.1)


def _may_begin(address: str) -> None:
    """As if a window had passed since the start of the server of the rate."""
    with redis.Redis.from_url(address) as server:
        run = server.info("server")["run_id"]
        server.zadd("pds:stand-in:permits", {f"run:{run}": -1, "last": -1})


def _in_a_process(what: object, *arguments: object) -> None:
    process = multiprocessing.Process(target=what, args=arguments)  # type: ignore[arg-type]  # a function
    process.start()
    process.join()
    if process.exitcode != 0:
        raise SystemExit("The people could not be sent; see above.")


def _set_up(environment: dict[str, str]) -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "connectcare.settings"
    os.environ.update(environment)
    django.setup()


def _send(environment: dict[str, str], times: int) -> None:
    """Everybody of the region so often, with their number as not verified; and want them traced."""
    _set_up(environment)
    from django.conf import settings
    from django.db import transaction
    from django.utils import timezone

    from feeds.mapped import MappedPerson
    from identity import bulk
    from identity.actions import receive_persons
    from organisations.models import Organisation
    from region.make_region import make_region

    region = make_region(2016, PEOPLE, timezone.localdate())
    homes = {each.key: each.address for each in region.households}
    council = Organisation.objects.create(
        ods_code="Y99999", name="Bench council", kind="adult_social_care",
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    for nth in range(times):
        sent = [
            MappedPerson(
                identifier=f"{each.key}/{nth}",
                version=datetime(2026, 1, 1, tzinfo=UTC),
                nhs_number=each.nhs_number,
                nhs_number_status="02",
                family_name=each.family,
                given_names=" ".join(each.given),
                birth_date=each.birth_date,
                sex=each.sex,
                postcode=homes[each.household].postcode,
            )
            for each in region.people[:PEOPLE]
        ]
        with transaction.atomic():
            receive_persons(sent, source=council, trusted_for_numbers=False)
    bulk.want(council, per_minute=settings.PDS.per_minute)


def _trace(environment: dict[str, str], at_once: int) -> None:
    _set_up(environment)
    from consent import selectors as consent
    from identity.pds.client import PdsClient
    from identity.tracing import Tracer

    with PdsClient.from_settings() as client:
        tracer = Tracer(client, may_use_number=consent.may_trace)
        while True:
            if not tracer.run_due(at_once=at_once):
                time.sleep(0.1)


if __name__ == "__main__":
    main()
