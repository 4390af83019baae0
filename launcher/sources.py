"""The demo's sources: what loads the made-up region, and what goes on sending while it is up.

The people of note are there before the demo is ready. The rest of the region is loaded beside it by
a process that ends when it is done. Then there is a listener for each trust's HL7 v2, a watched
folder of a council, and a day in the region, which sends to both and posts FHIR to the portal.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from launcher import MANAGE, ROOT
from launcher.children import Child, capture, say
from launcher.given import others
from launcher.portal import fresh_log, portal_process
from launcher.ports import free_port
from launcher.private import write_private

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from launcher.data import Data

_TRUSTS = ("RJ2", "RPG")
_COUNCIL = "RBG01"
#: Who posts FHIR in a day; each has a key of its feed.
_POSTING = ("Y99901", "SEL01")
_LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True)
class MadeUpRegion:
    """Which region a demo has: how many residents, and the day of which it is."""

    residents: int
    today: date


def made_up_region(data: Data, residents: int) -> MadeUpRegion:
    """The region of this folder; of so many residents where the folder is new.

    A region is of the day on which it was first made, whenever the demo is started again.
    """
    kept = data.path / "region.json"
    if kept.exists():
        said = json.loads(kept.read_text(encoding="utf-8"))
        region = MadeUpRegion(said["residents"], date.fromisoformat(said["today"]))
        if region.residents != residents:
            say(
                f"The region of {data.path} has {region.residents:,} residents. "
                "--reset makes it anew."
            )
        return region
    if data.credentials.exists():
        say(f"The region of {data.path} was made by an earlier version. --reset makes it anew.")
        residents = _OF_EARLIER_VERSIONS
    region = MadeUpRegion(residents, datetime.now(_LONDON).date())
    said = {"residents": region.residents, "today": region.today.isoformat()}
    write_private(kept, json.dumps(said))
    return region


#: None but those that it has.
_OF_EARLIER_VERSIONS = 0


def sources(
    data: Data,
    environment: dict[str, str],
    region: MadeUpRegion,
    *,
    port: int,
    pace: float | None,
) -> Sequence[Child]:
    """The processes, none started. Without a ``pace`` (seconds) nothing goes on being sent.

    ``port`` is where the portal listens, which must be up.
    """
    found = [_loader(data, environment, region)] if region.residents else []
    if pace is None:
        return found
    folder = data.path / "from-council"
    folder.mkdir(mode=0o700, exist_ok=True)
    ports = {trust: free_port() for trust in _TRUSTS}
    for trust, listens in ports.items():
        words = ["manage", "mllp_listen", "--source", trust, "--port", str(listens)]
        found.append(portal_process(data, environment, f"mllp-{trust}", words, "web"))
    words = ["manage", "watch_folder", "--source", _COUNCIL, "--format", "council-csv"]
    found.append(
        portal_process(data, environment, "watched-folder", [*words, str(folder)], "pipeline")
    )
    found.append(_day(data, environment, region, folder, ports, port=port, pace=pace))
    return found


def _loader(data: Data, environment: dict[str, str], region: MadeUpRegion) -> Child:
    words = ["manage", "load_region", "--residents", str(region.residents)]
    words += ["--today", region.today.isoformat(), "--kept-in", str(data.path / "loaded.json")]
    return portal_process(data, environment, "load-region", words, "pipeline", may_end=True)


def _day(
    data: Data,
    environment: dict[str, str],
    region: MadeUpRegion,
    folder: Path,
    ports: dict[str, int],
    *,
    port: int,
    pace: float,
) -> Child:
    words = ["region.day", "--web-port", str(port), "--seconds", str(pace)]
    for trust, listens in ports.items():
        words += ["--listener", f"{trust}={listens}"]
    words += ["--keys", str(_keys(data, environment)), "--folder", str(folder)]
    words += ["--council", _COUNCIL, "--practice", _POSTING[0], "--out-of-hours", _POSTING[1]]
    words += ["--state", str(data.path / "day.json"), "--today", region.today.isoformat()]
    # Like any source it holds no address of a database, and of the portal's keys only its own.
    own = {name: value for name, value in others().items() if not name.startswith("DATABASE_")}
    command = [sys.executable, "-m", *words]
    return Child(name="day", command=command, log=fresh_log(data, "day"), env=own)


def _keys(data: Data, environment: dict[str, str]) -> Path:
    """The file with the key of each feed that FHIR is posted to, made once."""
    path = data.path / "day-keys.json"
    if not path.exists():
        made = {
            source: capture(
                [sys.executable, MANAGE, "feed_key", "--source", source, "--format", "fhir-r4",
                 "--label", "a day in the region"],
                env=others() | environment | {"CONNECTCARE_LOGIN": "pipeline"},
                cwd=ROOT,
            ).strip()
            for source in _POSTING
        }  # fmt: skip
        write_private(path, json.dumps(made))
    return path
