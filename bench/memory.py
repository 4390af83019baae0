"""What importing takes of memory, whatever the size of what is imported.

    .venv/bin/python -m bench.memory --megabytes 300

For each form: a database, a delivery of that size written as it is made, ``bin/manage import_feed``
as the pipeline's login in a process of its own, and the most that it and the process that maps
ahead of it held (``VmHWM``), each and added up. Then documents of 63 MiB, which are read as a
whole, and one of 65, which must be held with words that say what to do.

Fails where both together held more than 300 MiB of a stream, or one of them of a document, or where
something else became of a delivery than it should.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.world import ROOT, migrated, running
from identity.nhs_number import check_digit

MOST_MEBIBYTES = 300
DOCUMENT, TOO_LONG = 63 << 20, 65 << 20
_REGISTER = """
    insert into organisations_organisation
        (ods_code, name, kind, participates, area, postcode, phone, duty_phone,
         out_of_hours_phone, state, valid_from)
    select ods_code, ods_code, kind, true, '', '', '', '', '', 'active', '2020-01-01'
    from (values ('RJ2', 'nhs_trust'), ('209', 'adult_social_care'), ('Y99901', 'gp_practice'))
        made (ods_code, kind);
    insert into organisations_feed
        (organisation_id, format, categories, trusted_for_nhs_numbers, state, valid_from)
    select id, format, array(select generate_series(1, 15)), true, 'active', '2020-01-01'
    from organisations_organisation,
        unnest('{fhir-r4,hl7v2,edifact,gp-connect,council-csv}'::text[]) format
"""
_WORDS = "Made-up words of a laboratory about a sample that nobody ever gave. "
_EACH = 20

Pieces = Iterator[str]


def _number(nth: int) -> str:
    """The nth made-up NHS number (999…), of those that have a check digit."""
    for last in range(10):
        nine = f"{999_000_000 + nth * 10 + last}"
        digit = check_digit(nine)
        if digit is not None:
            return f"{nine}{digit}"
    raise ValueError("no number has a check digit")


def _observation(nth: int, words: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o{nth}",
        "status": "final",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "1000731000000107"}]},
        "subject": {"reference": f"Patient/p{nth // _EACH}"},
        "effectiveDateTime": "2026-03-01T10:00:00Z",
        "valueQuantity": {"value": nth % 200, "unit": "mmol/L"},
        **({"note": [{"text": words}]} if words else {}),
    }


def _patient(nth: int) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": f"p{nth}",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": _number(nth)}],
        "name": [{"family": f"Bench{nth}", "given": ["Given"]}],
        "birthDate": "1941-03-03",
    }


def ndjson() -> Pieces:
    """A person, then what is theirs."""
    nth = 0
    while True:
        yield json.dumps(_patient(nth // _EACH)) + "\n"
        for _ in range(_EACH):
            yield json.dumps(_observation(nth, _WORDS * 20)) + "\n"
            nth += 1


def hl7v2() -> Pieces:
    """Reports of ten results, each with remarks."""
    nth = 0
    while True:
        lines = [
            f"MSH|^~\\&|LAB|RJ2|CC|CC|20260302180000||ORU^R01|{nth}|P|2.4",
            f"PID|1||{nth // _EACH}^^^RJ2^MR||Bench{nth // _EACH}^Given||19410303|F",
            f"OBR|1|P{nth}|F{nth}|UE^Urea^L|||20260302090000{'|' * 15}20260302120000||CC|F",
        ]
        for one in range(10):
            lines += [f"OBX|{one}|NM|T{one}^Test {one}^L||{one}|mmol/L|||||F"]
            lines += [f"NTE|1||{_WORDS * 20}"]
        yield "\r".join(lines) + "\r"
        nth += 1


def edifact() -> Pieces:
    """Reports of ten results, each with remarks, in one interchange."""
    yield "UNB+UNOC:3+LAB+GP+260302:1800+REF1'\r\n"
    nth = 0
    while True:
        lines = [
            f"UNH+{nth}+MEDRPT:0:1:RT:NHS003",
            *("BGM+LSR", "DTM+137:202603021800:203", "S01+01", "NAD+SLA+++Haematology", "SPR+DPT"),
            *("S02+02", "GIS+N", f"RFF+SRI:R{nth}", "STS++FI", "DTM+ISR:202603021752:203"),
            *("S07+07", f"PNA+PAT+{_number(nth // _EACH)}:OPI+++SU:Bench{nth // _EACH}+FO:Given"),
            *("DTM+329:19410303:102", "PDI+2", "S16+16", "SEQ++1", "SPC+TSP+:::Blood"),
        ]
        for one in range(10):
            lines += ["GIS+N", f"INV+MQ+{one}:911::Test {one}", f"RSL+NV+{one}++:::mmol/L"]
            lines += [f"FTX+SPC+++{_WORDS * 20}", "RFF+ASL:1"]
        yield "'\r\n".join([*lines, f"UNT+{len(lines) + 1}+{nth}"]) + "'\r\n"
        nth += 1


def council_csv() -> Pieces:
    """Cases with their events, in one file."""
    yield (
        "LA_Person_Unique_Identifier,NHS_Number,Family_Name,Given_Names,Date_of_Birth,"
        "Extract_Date,Event_Type,Event_Start_Date,Service_Type,Event_Description\r\n"
    )
    nth = 0
    while True:
        case = nth // _EACH
        yield (
            f"P{case},{_number(case)},Bench{case},Given,1941-03-03,2026-06-30,Service,"
            f"20{10 + nth % _EACH % 15}-0{1 + nth % 9}-01,Long term support: Community,"
            f"{_WORDS * 20}\r\n"
        )
        nth += 1


def bundle() -> Pieces:
    """One bundle of JSON, of small resources."""
    yield f'{{"resourceType":"Bundle","type":"collection","entry":[{_entry(_patient(0))}'
    nth = 0
    while True:
        yield "," + _entry({**_observation(nth, ""), "subject": {"reference": "Patient/p0"}})
        nth += 1


def xml() -> Pieces:
    """One bundle of XML, of small resources."""
    yield (
        '<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/><entry><resource><Patient>'
        '<id value="p0"/><name><family value="Bench"/></name></Patient></resource></entry>'
    )
    nth = 0
    while True:
        yield (
            f'<entry><resource><Observation><id value="o{nth}"/><status value="final"/><code><text '
            'value="Sodium"/></code><subject><reference value="Patient/p0"/></subject>'
            '<effectiveDateTime value="2026-03-01T10:00:00Z"/><valueQuantity><value '
            f'value="{nth % 200}"/><unit value="mmol/L"/></valueQuantity></Observation>'
            "</resource></entry>"
        )
        nth += 1


def gp_connect() -> Pieces:
    """One person's structured record."""
    made = {
        "resourceType": "List",
        "date": "2026-01-01T10:00:00Z",
        "subject": {"reference": "Patient/p0"},
    }
    yield '{"resourceType":"Bundle","type":"collection","entry":['
    yield f"{_entry(_patient(0))},{_entry(made)}"
    nth = 0
    while True:
        yield "," + _entry({**_observation(nth, ""), "subject": {"reference": "Patient/p0"}})
        nth += 1


def _entry(resource: dict[str, Any]) -> str:
    return json.dumps({"resource": resource})


@dataclass(frozen=True)
class Kind:
    """What is imported: as whose feed, in pieces of what, and how it ends."""

    name: str
    source: str
    form: str
    pieces: Callable[[], Pieces]
    ends: str = ""


STREAMS = (
    Kind("NDJSON", "RJ2", "fhir-r4", ndjson),
    Kind("HL7 v2", "RJ2", "hl7v2", hl7v2),
    Kind("EDIFACT", "RJ2", "edifact", edifact, "UNZ++REF1'"),
    Kind("council CSV", "209", "council-csv", council_csv),
)
DOCUMENTS = (
    Kind("bundle, JSON", "RJ2", "fhir-r4", bundle, "]}"),
    Kind("bundle, XML", "RJ2", "fhir-r4", xml, "</Bundle>"),
    Kind("GP Connect", "Y99901", "gp-connect", gp_connect, "]}"),
)


def main() -> int:
    """Measure, print a line each, and answer 1 where a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--only", nargs="+", choices=[k.name for k in (*STREAMS, *DOCUMENTS)])
    options = parser.parse_args()
    wanted = [(kind, options.megabytes * 1_000_000) for kind in STREAMS]
    wanted += [(kind, size) for kind in DOCUMENTS for size in (DOCUMENT, TOO_LONG)]
    missed = False
    print(
        f"{'':14} {'MB':>6} {'read':>9} {'loaded':>9} {'worker':>7} {'mapping':>8} {'both':>5} MiB"
    )
    for kind, size in wanted:
        if options.only is None or kind.name in options.only:
            missed |= _measure(kind, size)
    return 1 if missed else 0


def _measure(kind: Kind, size: int) -> bool:
    """Import one delivery; whether a bar is missed."""
    with (
        tempfile.TemporaryDirectory(prefix="connect-care-bench-") as name,
        running(Path(name), durable=False) as up,
    ):
        delivery = Path(name) / "delivery"
        _write(delivery, kind.pieces(), size - len(kind.ends), kind.ends)
        addresses, environment = migrated(up)
        with psycopg.connect(addresses["admin"], autocommit=True) as admin:
            admin.execute(_REGISTER)
        counts, most = _import(kind, delivery, environment)
    worker, *others = most  # of the processes that mapped, one after another, the largest
    mapping = max(others, default=0)
    loaded, held = counts["loaded"], counts["held"]
    print(
        f"{kind.name:14} {size / 1e6:6.0f} {counts['read']:9,} {loaded:9,} {worker:7} {mapping:8}"
        f" {worker + mapping:5}",
        flush=True,
    )
    if size == TOO_LONG:
        return (loaded, held) != (0, 1)
    most_held = worker + mapping if kind in STREAMS else max(worker, mapping)
    return bool(held) or not loaded or most_held > MOST_MEBIBYTES


def _write(path: Path, pieces: Iterable[str], size: int, ends: str) -> None:
    written = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        for piece in pieces:
            if written + len(piece) > size:
                break
            written += out.write(piece)
        out.write(ends)


def _import(
    kind: Kind, delivery: Path, environment: dict[str, str]
) -> tuple[dict[str, Any], list[int]]:
    """Run the command; what it counted, and the most that it and its children held, in MiB."""
    process = subprocess.Popen(
        [
            *(sys.executable, "manage.py", "import_feed", "--json"),
            *("--source", kind.source, "--format", kind.form, str(delivery)),
        ],
        cwd=ROOT,
        env={**os.environ, **environment, "CONNECTCARE_LOGIN": "pipeline"},
        stdout=subprocess.PIPE,
        text=True,
    )
    most: dict[int, int] = {process.pid: 0}
    while process.poll() is None:
        for pid in [process.pid, *_children(process.pid)]:
            with contextlib.suppress(OSError, StopIteration):
                most[pid] = max(most.get(pid, 0), _high_water(pid))
        time.sleep(0.1)
    said = process.communicate()[0]
    if process.returncode:
        sys.exit("The import failed; what it said stands above.")
    counts: dict[str, Any] = json.loads(said)
    return counts, [held // 1024 for held in most.values()]


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in _words(task / "children")]
    return []


def _words(path: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return path.read_text(encoding="ascii").split()
    return []


def _high_water(pid: int) -> int:
    """The most memory that a process has held, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


if __name__ == "__main__":
    sys.exit(main())
