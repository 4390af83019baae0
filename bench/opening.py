"""What the rule costs: the same queries with and without it, in one run.

    .venv/bin/python -m bench.opening --entries 1000000

"Bare" is the query as a login that bypasses row security, in a transaction of its own. "Ruled" is
the web's login: facts, decision, opening with its audit event, the query, the last check, commit.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from uuid import uuid4

import psycopg

from bench.world import World, world

COLUMNS = "public_id, category, source_id, status, effective, display, detail, value_text, unit"
QUERIES = {
    "all": f"select {COLUMNS} from records_entry where resident_id = %s",
    "page of 50": f"select {COLUMNS} from records_entry where resident_id = %s and category = 6 "
    "order by effective desc nulls last limit 50",
    "counts": "select category, source_id, status, count(*) from records_entry "
    "where resident_id = %s group by 1, 2, 3",
}
Timed = dict[str, list[float]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=150)
    options = parser.parse_args()
    began = time.perf_counter()
    with world(options.entries) as made:
        print(f"{options.entries:,} entries filled in {time.perf_counter() - began:.0f} s")
        os.environ["DJANGO_SETTINGS_MODULE"] = "connectcare.settings"
        import django

        django.setup()
        for size, resident in (
            ("typical, 150 entries", made.typical_resident),
            ("heavy, 2,500 entries", made.heavy_resident),
        ):
            _measure(size, made, resident, options.rounds)


def _measure(size: str, made: World, resident: Callable[[int], int], rounds: int) -> None:
    from access import facts
    from access.rules import decide

    spent: dict[str, Timed] = {name: defaultdict(list) for name in QUERIES}
    with (
        psycopg.connect(made.addresses["pipeline"]) as bare,
        psycopg.connect(made.addresses["web"]) as web,
        psycopg.connect(made.addresses["pipeline"], autocommit=True) as look_up,
    ):
        for nth in range(-20, rounds):
            who = resident(nth + 20)
            row = look_up.execute(
                "select public_id from identity_resident where id = %s", [who]
            ).fetchone()
            assert row is not None
            for name, query in QUERIES.items():
                clock = _Clock()
                rows = bare.execute(query, [who]).fetchall()
                clock("bare query")
                bare.commit()
                clock("bare commit")
                answer = web.execute(
                    "select access.read_facts(1, 1, %s)::text", [row[0]]
                ).fetchone()
                assert answer is not None
                clock("facts")
                decision = decide(facts.from_json(json.loads(answer[0])))
                assert decision.relationship is not None
                clock("decision")
                holds = web.execute(
                    "select access.open_record(1, 1, %s, %s, %s, %s::bigint[], %s, %s, %s::jsonb,"
                    " %s::uuid)",
                    [
                        who,
                        uuid4(),
                        decision.relationship.id,
                        decision.keys,
                        decision.facts.resident_epoch,
                        decision.facts.rules_epoch,
                        json.dumps(decision.as_json()),
                        uuid4(),
                    ],
                ).fetchone()
                assert holds == (True,)
                clock("opening and audit")
                seen = web.execute(query, [who]).fetchall()
                clock("ruled query")
                web.execute("select access.still_open()").fetchone()
                clock("last check")
                web.commit()
                clock("ruled commit")
                assert seen
                assert len(seen) <= len(rows)
                if nth >= 0:
                    for part, milliseconds in clock.parts.items():
                        spent[name][part].append(milliseconds)
    print(f"\n{size} (medians of {rounds}, ms)")
    print(
        f"{'query':12} {'bare':>7} {'ruled':>7} {'ratio':>6} {'more':>6} | "
        "facts  decision  opening  last check  commit | whole, more than bare"
    )
    for name, parts in spent.items():
        m = {part: statistics.median(values) for part, values in parts.items()}
        ratio = statistics.median(
            r / b for r, b in zip(parts["ruled query"], parts["bare query"], strict=True)
        )
        whole = (
            m["facts"]
            + m["decision"]
            + m["opening and audit"]
            + m["ruled query"]
            + m["last check"]
            + m["ruled commit"]
            - m["bare query"]
            - m["bare commit"]
        )
        print(
            f"{name:12} {m['bare query']:7.2f} {m['ruled query']:7.2f} {ratio:6.2f} "
            f"{m['ruled query'] - m['bare query']:6.2f} | {m['facts']:5.2f} {m['decision']:9.2f} "
            f"{m['opening and audit']:8.2f} {m['last check']:11.2f} {m['ruled commit']:7.2f} | "
            f"{whole:6.2f}"
        )


class _Clock:
    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self._last = time.perf_counter()

    def __call__(self, part: str) -> None:
        now = time.perf_counter()
        self.parts[part] = (now - self._last) * 1000
        self._last = now


if __name__ == "__main__":
    main()
