"""Sends a day in the region until it is told to stop; a second start goes on where it stood."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

from region.chance import Chance
from region.day.happenings import Day, Happening, State, Visit, Wire
from region.day.wires import Fhir, Folder, Mllp, NotTaken
from region.make_region import residents
from region.organisations import DEFAULT_ORGANISATIONS
from region.people_of_note import PEOPLE_OF_NOTE

#: Of how many residents, beside the people of note, the day may be about.
PEOPLE = 320
#: Nobody waits the same time twice; the pace is what it is on average.
_SHORTEST, _LONGEST = 0.6, 1.4
HOST = "127.0.0.1"


def main(arguments: list[str] | None = None) -> int:
    """Send until SIGTERM or SIGINT."""
    options = _options(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    everybody = residents(options.seed, PEOPLE + len(PEOPLE_OF_NOTE), options.today)
    day = Day.of(
        list(islice(everybody, PEOPLE + len(PEOPLE_OF_NOTE))),
        DEFAULT_ORGANISATIONS,
        seed=options.seed,
        practice=options.practice,
        out_of_hours=options.out_of_hours,
        council=options.council,
    )
    keys = json.loads(options.keys.read_text(encoding="utf-8"))
    listeners = {source: Mllp(HOST, port) for source, port in options.listener}
    state, waits = read_state(options.state), Chance(f"pace:{options.seed}")
    while not stop.wait(options.seconds * waits.uniform(_SHORTEST, _LONGEST)):
        happening, following = day.next(state, datetime.now(UTC))
        try:
            _send(happening, listeners, keys, options)
        except NotTaken as error:
            _say(f"{happening.words}: {error}; it is sent again")
            continue
        state = following
        keep_state(options.state, state)
        _say(happening.words)
    for listener in listeners.values():
        listener.close()
    return 0


def _send(
    happening: Happening,
    listeners: dict[str, Mllp],
    keys: dict[str, str],
    options: argparse.Namespace,
) -> None:
    match happening.wire:
        case Wire.MLLP:
            listeners[happening.source].send(happening.content)
        case Wire.FHIR:
            Fhir(HOST, options.web_port, keys[happening.source]).send(happening.content)
        case Wire.FOLDER:
            Folder(options.folder).put(happening.name, happening.content)


def read_state(path: Path) -> State:
    """How far the day is; its beginning where nothing was kept."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return State()
    visits = (
        Visit(**{**each, "begun": datetime.fromisoformat(each["begun"])}) for each in said["visits"]
    )
    return State(said["count"], tuple(visits))


def keep_state(path: Path, state: State) -> None:
    """Keep how far the day is, in one step."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(state), default=str), encoding="utf-8")
    new.replace(path)


def _say(words: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S} {words}\n")
    sys.stdout.flush()


def _listener(text: str) -> tuple[str, int]:
    source, _, port = text.partition("=")
    return source, int(port)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m region.day", description=__doc__)
    parser.add_argument(
        "--listener", type=_listener, action="append", required=True, metavar="RJ2=PORT",
        help="where a trust's messages are taken; once for each trust",
    )  # fmt: skip
    parser.add_argument("--web-port", type=int, required=True, help="where FHIR is posted")
    parser.add_argument("--keys", type=Path, required=True, help="JSON: a source's key by its code")
    parser.add_argument("--folder", type=Path, required=True, help="the council's watched folder")
    parser.add_argument("--state", type=Path, required=True, help="keeps how far the day is")
    parser.add_argument("--practice", default="Y99901")
    parser.add_argument("--out-of-hours", default="SEL01")
    parser.add_argument("--council", default="RBG01")
    parser.add_argument("--seconds", type=float, default=15, help="between two, on average (15)")
    parser.add_argument("--seed", type=int, default=2016, help="of the region")
    parser.add_argument("--today", type=date.fromisoformat, default=date.today())  # noqa: DTZ011
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
