"""Runs the stand-in for the made-up region, until it is told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from datetime import date
from pathlib import Path

from region.make_region import people_and_homes
from region.pds_stand_in.people import register_of
from region.pds_stand_in.service import Quota, Service
from region.pds_stand_in.serving import HOST, Pace, StandIn
from region.pds_stand_in.tokens import TokenService

DESCRIPTION = """\
A stand-in for the Personal Demographics Service, for the made-up region's people. It listens on
the loopback. POST /stand-in/faults orders faults, such as {"next": ["503", "dropped"]}.
"""


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    options = _options(arguments)
    key = options.public_key.read_text(encoding="ascii")
    service = Service(
        register_of(people_and_homes(options.seed, options.residents, options.today)),
        TokenService(options.api_key, {options.key_id: key}),
        Quota(options.requests_per_minute),
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pace = Pace(answer=options.milliseconds / 1000)
    with StandIn(service, port=options.port, log=options.log, pace=pace) as stand_in:
        sys.stdout.write(f"The stand-in for PDS answers at {stand_in.base_url}\n")
        sys.stdout.flush()
        stop.wait()
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m region.pds_stand_in", description=DESCRIPTION)
    parser.add_argument("--port", type=int, required=True, help=f"where it listens on {HOST}")
    parser.add_argument("--api-key", required=True, help="the application that may ask")
    parser.add_argument("--key-id", required=True, help="the id (kid) of its key")
    parser.add_argument("--public-key", type=Path, required=True, help="that key, as PEM")
    parser.add_argument("--seed", type=int, default=2016, help="of the region")
    parser.add_argument("--residents", type=int, default=3000, help="how many the region has")
    parser.add_argument("--today", type=date.fromisoformat, default=date.today())  # noqa: DTZ011
    parser.add_argument("--requests-per-minute", type=int, default=300, help="0 for no limit")
    parser.add_argument("--milliseconds", type=int, default=120, help="that an answer takes")
    parser.add_argument("--log", type=Path, help="a file to append each request to")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
