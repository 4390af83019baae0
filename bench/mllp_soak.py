"""A bounded soak of the MLLP listener: many messages over many connections, every one answered.

    .venv/bin/python -m bench.mllp_soak --messages 100000 --connections 100 [--entries 2]

It makes a database as production runs it (fsync on), starts ``bin/manage mllp_listen`` in a
process of its own, and sends laboratory results. It fails unless each was answered AA and every one
is in the database, encrypted, once. Loading them is another matter, and not done here.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import django
import psycopg

from bench.world import ROOT, migrated, running

#: MSH-10 of each message.
_CONTROL = re.compile(rb"MSH\|(?:[^|\r]*\|){8}([^|\r]*)\|")

_REGISTER = """
    insert into organisations_organisation
        (ods_code, name, kind, participates, area, postcode, phone, duty_phone,
         out_of_hours_phone, state, valid_from)
    values ('RJ2', 'Bench trust', 'nhs_trust', true, '', '', '', '', '', 'active', '2020-01-01');
    insert into organisations_feed
        (organisation_id, format, categories, trusted_for_nhs_numbers, state, valid_from)
    select id, 'hl7v2', array(select generate_series(1, 15)), false, 'active', '2020-01-01'
    from organisations_organisation where ods_code = 'RJ2'
"""


def main() -> None:
    """Run it and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--entries", type=int, default=10, help="results in each message")
    parser.add_argument("--count", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.count:
        _count_kept()
        return
    with (
        tempfile.TemporaryDirectory(prefix="connect-care-") as folder,
        _listener(Path(folder)) as up,
    ):
        port, process, admin, environment = up
        began = time.perf_counter()
        waits = asyncio.run(_send(port, options.messages, options.connections, options.entries))
        seconds = time.perf_counter() - began
        with psycopg.connect(admin) as connection:
            batches, size = connection.execute(
                "select count(*), sum(total_bytes) from feeds_batch"
            ).fetchone() or (0, 0)
        kept = _run_count(environment)
        peak = _peak(process.pid)
        process.send_signal(signal.SIGTERM)
        said = (process.communicate(timeout=60)[0] or "").strip().splitlines()[-1]
    size = float(size)
    waits.sort()
    print(f"{options.messages} messages, {options.connections} connections: {seconds:.0f} s")
    print(f"{options.messages / seconds:.0f} messages a second, {size / seconds / 1e6:.1f} MB/s")
    print(f"answered after {waits[len(waits) // 2]:.3f} s (median), {waits[-1]:.3f} s (longest)")
    print(f"{batches} batches; the listener's memory at most {peak} MiB")
    print(f"{kept['messages']} messages kept, {kept['different']} different ones")
    print(said)
    if kept != {"messages": options.messages, "different": options.messages}:
        sys.exit("Not every message is in the database exactly once.")
    if f"{options.messages} taken, 0 refused" not in said:
        sys.exit("Not every message was taken.")


def _run_count(environment: Mapping[str, str]) -> dict[str, int]:
    """What is kept, counted by a process of its own with the keys and the pipeline's login."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.mllp_soak", "--count"],
        cwd=ROOT,
        env={
            **os.environ,
            **environment,
            "CONNECTCARE_LOGIN": "pipeline",
            "DJANGO_SETTINGS_MODULE": "connectcare.settings",
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    counted: dict[str, int] = json.loads(done.stdout)
    return counted


def _count_kept() -> None:
    """Unseal whatever is kept, delivery by delivery, and count the messages by their numbers."""
    django.setup()
    from feeds.models import Chunk, Delivery
    from identity.sealed import unseal

    seen: Counter[bytes] = Counter()
    for delivery in Delivery.objects.order_by("pk").iterator():
        chunks = Chunk.objects.filter(delivery=delivery).order_by("position")
        content = b"".join(unseal(chunk.content, purpose="delivery") for chunk in chunks)
        seen.update(_CONTROL.findall(content))
    print(json.dumps({"messages": seen.total(), "different": len(seen)}))


@contextlib.contextmanager
def _listener(
    folder: Path,
) -> Iterator[tuple[int, subprocess.Popen[str], str, Mapping[str, str]]]:
    with running(folder, durable=True) as up:
        addresses, environment = migrated(up)
        with psycopg.connect(addresses["admin"]) as connection:
            connection.execute(_REGISTER)
        process = subprocess.Popen(
            [sys.executable, "manage.py", "mllp_listen", "--source", "RJ2", "--port", "0"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            line = process.stdout.readline() if process.stdout else ""
            port = int(line.rstrip(".\n").rpartition(":")[2])
            yield port, process, addresses["admin"], environment
        finally:
            process.kill()
            process.wait()


async def _send(port: int, messages: int, connections: int, entries: int) -> list[float]:
    """Seconds until each answer; every connection sends its share, one after the other."""
    shares = [messages // connections + (n < messages % connections) for n in range(connections)]
    answered = await asyncio.gather(
        *(_talk(port, number, share, entries) for number, share in enumerate(shares))
    )
    return [each for some in answered for each in some]


async def _talk(port: int, number: int, share: int, entries: int) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    waits = []
    for nth in range(share):
        control = f"{number}-{nth}"
        began = time.perf_counter()
        writer.write(b"\x0b" + _message(number, nth, control, entries) + b"\x1c\r")
        await writer.drain()
        got = await reader.readuntil(b"\x1c\r")
        waits.append(time.perf_counter() - began)
        if f"MSA|AA|{control}".encode() not in got:
            sys.exit("A message was not answered AA.")
    writer.close()
    return waits


def _message(number: int, nth: int, control: str, entries: int) -> bytes:
    lines = [
        f"MSH|^~\\&|LAB|RJ2|CC|CC|20260302180000||ORU^R01|{control}|P|2.4",
        f"PID|1||{number * 100 + nth % 100}^^^RJ2^MR||Bench{number}^Given||19410303|F",
        f"OBR|1|P{control}|F{control}|UE^Urea^L|||20260302090000{'|' * 15}20260302120000||CC|F",
    ]
    lines += [
        f"OBX|{n}|NM|T{n}^Test {n}^L||{100 + n}|mmol/L|{90 + n}-{120 + n}||||F"
        for n in range(entries)
    ]
    return "\r".join(lines).encode()


def _peak(pid: int) -> int:
    """The most memory that a process has had, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    return 0


if __name__ == "__main__":
    main()
