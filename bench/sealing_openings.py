"""What the sealer costs those who open records: whole openings with it and without, in one run.

    .venv/bin/python -m bench.sealing_openings

Readers, each a process of its own, open typical records as a page does: facts, decision, opening
with its audit event, a page of fifty entries, the last question, commit to disk. They take turns of
some seconds with the sealer running and stopped; the figure is the median ratio of a turn with it
to the turn without it beside it. Beside a page that is drawn as well, its share is smaller still.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from bench.opening import QUERIES
from bench.sealing import cost
from bench.world import World, world

RESIDENTS = 200


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--readers", type=int, default=2)
    options = parser.parse_args()
    with (
        world(options.entries) as made,
        tempfile.TemporaryDirectory(prefix="connect-care-bench-") as folder,
        multiprocessing.get_context("spawn").Pool(
            options.readers, initializer=_ready, initargs=(made.environment,)
        ) as readers,
    ):
        residents = _residents(made)

        def work() -> float:
            given = [(residents, nth, options.seconds) for nth in range(options.readers)]
            return sum(readers.starmap(_read, given)) / options.seconds

        work()  # what is read once before is in memory
        cost(
            made.addresses,
            made.environment,
            Path(folder),
            turns=options.turns,
            work=work,
            of="openings",
        )
    return 0


def _residents(made: World) -> list[tuple[int, str]]:
    """Ids of typical residents, and those that addresses show."""
    ids = [made.typical_resident(nth) for nth in range(RESIDENTS)]
    with psycopg.connect(made.addresses["admin"]) as admin:
        return admin.execute(
            "select id, public_id::text from identity_resident where id = any (%s)", [ids]
        ).fetchall()


def _ready(environment: dict[str, str]) -> None:
    os.environ.update(
        environment, CONNECTCARE_LOGIN="web", DJANGO_SETTINGS_MODULE="connectcare.settings"
    )
    import django

    django.setup()


def _read(residents: list[tuple[int, str]], nth: int, seconds: float) -> int:
    """How many records one reader opens in that time."""
    from django.db import connection, transaction

    from access import gate
    from access.acting import Acting
    from organisations.models import Membership

    parts = ("staff", "organisation", "team", "role")
    acting = Acting.of(Membership.objects.select_related(*parts).get(pk=1), sitting=uuid4())
    opened = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        resident, shown = residents[(nth * 7 + opened) % len(residents)]
        with transaction.atomic():
            answer = gate.open_record(acting, UUID(shown), look=uuid4(), request_id=str(uuid4()))
            assert isinstance(answer, gate.Opened)
            with connection.cursor() as cursor:
                cursor.execute(QUERIES["page of 50"], [resident])
                assert cursor.fetchall()
            assert gate.still_open()
        opened += 1
    return opened


if __name__ == "__main__":
    sys.exit(main())
