"""What the rule costs: the same queries with and without it, in one run.

    .venv/bin/python -m bench.opening
    .venv/bin/python -m bench.opening --entries 1000000 20000000 --keep var/bench

"Bare" is the query as a login that bypasses row security, in a transaction of its own. "Ruled" is
the web's login through the gate that every page goes through: facts, decision, opening with its
audit event, the query, the last question, commit. Bare and ruled follow each other on the same
resident, now the one first and now the other; sizes take turns as well. Each query follows an
opening, the bare one too: an opening fills the processor's caches with other things, which is no
part of what the rule adds to a query (``--bare-alone`` leaves it out). What was read once before is
read again, so that the disk plays no part. Figures are medians of what pairs differ by.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from bench.world import World, world

COLUMNS = "public_id, category, source_id, status, effective, display, detail, value_text, unit"
QUERIES = {
    "whole": f"select {COLUMNS} from records_entry where resident_id = %s",
    "page of 50": f"select {COLUMNS} from records_entry where resident_id = %s and category = 6 "
    "order by effective desc nulls last limit 50",
    "counts": "select category, source_id, status, count(*) from records_entry "
    "where resident_id = %s group by 1, 2, 3",
}
RECORDS: dict[str, Callable[[World, int], int]] = {
    "typical": World.typical_resident,
    "heavy": World.heavy_resident,
}
WARM_UP = 20

MOST_RATIO = 1.10
"""A heavy record, whole, fetched by the client: ruled to bare."""
MOST_QUERY_MS = 0.4
"""Any other query: what it takes more."""
MOST_OPENING_MS = 3.0
"""Facts, decision, opening with its audit event, last question and commit together."""
MOST_GROWTH = 1.2
"""Anything ruled, in the largest world to the smallest."""

Spent = dict[str, float]
"""What each part of one pair took, in milliseconds."""
Measured = dict[tuple[int, str, str], list[Spent]]
"""(entries, record, query) → each pair."""


def main() -> int:
    """Measure, print one table, and answer 1 if a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, nargs="+", default=[200_000], metavar="N")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument(
        "--bare-alone", action="store_true", help="let no opening precede the bare queries"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the databases here")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        made = [
            stack.enter_context(world(entries, keep=options.keep))
            for entries in sorted(options.entries)
        ]
        os.environ.update(made[0].environment, DJANGO_SETTINGS_MODULE="connectcare.settings")
        import django

        django.setup()
        measured = _measure(
            [stack.enter_context(_connected(each)) for each in made],
            options.rounds,
            bare=_bare if options.bare_alone else _bare_after_opening,
        )
    return _report([each.entries for each in made], measured, options.rounds)


class Connected:
    """A world with a connection of each login, through Django as in a request."""

    def __init__(self, of: World, logins: dict[str, Any]) -> None:
        self.world, self._logins = of, logins
        self._public: dict[int, UUID] = {}
        self._acting: Any = None

    def as_login(self, login: str) -> None:
        """Make a login's connection Django's default one from now on."""
        from django.db import connections

        connections["default"] = self._logins[login]

    def public_id(self, resident: int) -> UUID:
        """The id that addresses show."""
        from identity.models import Resident

        if resident not in self._public:
            self.as_login("pipeline")
            self._public[resident] = Resident.objects.values_list("public_id").get(pk=resident)[0]
        return self._public[resident]

    def acting(self) -> Any:
        """Who reads, in a sitting."""
        from access.acting import Acting
        from organisations.models import Membership

        if self._acting is None:
            self.as_login("pipeline")
            parts = ("staff", "organisation", "team", "role")
            membership = Membership.objects.select_related(*parts).get(pk=1)
            self._acting = Acting.of(membership, sitting=uuid4())
        return self._acting


Bare = Callable[[Connected, str, int], Spent]
"""How a query without the rule is measured."""


@contextlib.contextmanager
def _connected(of: World) -> Iterator[Connected]:
    import dj_database_url
    from django.db import connections

    default = connections["default"]
    logins = {}
    for login in ("web", "pipeline"):
        address = dict(dj_database_url.parse(of.addresses[login]))
        logins[login] = type(default)({**default.settings_dict, **address}, "default")
    try:
        yield Connected(of, logins)
    finally:
        for connection in logins.values():
            connection.close()
        connections["default"] = default


def _measure(worlds: list[Connected], rounds: int, *, bare: Bare) -> Measured:
    measured: Measured = defaultdict(list)
    with _clocked_gate() as inside:
        # One query after the other, as pages do not fetch thousands of rows between two openings.
        for (name, query), nth in product(QUERIES.items(), range(-WARM_UP, rounds)):
            for each, (record, resident_of) in product(worlds, RECORDS.items()):
                resident = resident_of(each.world, nth + WARM_UP)
                spent = _pair(each, query, resident, inside, bare, ruled_first=bool(nth % 2))
                if nth >= 0:
                    measured[each.world.entries, record, name].append(spent)
    return measured


def _pair(
    each: Connected, query: str, resident: int, inside: Spent, bare: Bare, *, ruled_first: bool
) -> Spent:
    public_id, acting = each.public_id(resident), each.acting()
    spent = _bare(each, query, resident)  # so that what follows finds everything in memory
    if not ruled_first:
        spent = bare(each, query, resident)
    ruled = _ruled(each, query, resident, public_id, acting, inside)
    if ruled_first:
        spent = bare(each, query, resident)
    return spent | ruled


def _bare_after_opening(each: Connected, query: str, resident: int) -> Spent:
    """The bare query as :func:`_ruled` has it: right after an opening, which is not counted."""
    from django.db import transaction

    from access import gate

    public_id, acting = each.public_id(resident), each.acting()
    each.as_login("web")
    with transaction.atomic():
        gate.open_record(acting, public_id, look=uuid4(), request_id=str(uuid4()))
        spent = _bare(each, query, resident)
        each.as_login("web")  # whose transaction ends here
    return spent


def _bare(each: Connected, query: str, resident: int) -> Spent:
    from django.db import connection, transaction

    each.as_login("pipeline")
    clock = _Clock()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select")  # the transaction begins with its first statement
        clock("bare begin")
        cursor.execute(query, [resident])
        assert cursor.fetchall()
        clock("bare query")
    clock("bare commit")
    return clock.parts


def _ruled(
    each: Connected, query: str, resident: int, public_id: UUID, acting: Any, inside: Spent
) -> Spent:
    from django.db import connection, transaction

    from access import gate

    look, request_id = uuid4(), str(uuid4())
    each.as_login("web")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select")  # a page's transaction began with who is asking
        clock = _Clock()
        opened = gate.open_record(acting, public_id, look=look, request_id=request_id)
        clock("opened")
        assert isinstance(opened, gate.Opened)
        with connection.cursor() as cursor:
            clock("checked")
            cursor.execute(query, [resident])
            assert cursor.fetchall()
            clock("query")
        assert gate.still_open()
        clock("last question")
    clock("commit")
    return clock.parts | inside


@contextlib.contextmanager
def _clocked_gate() -> Iterator[Spent]:
    """What the gate's two first steps took, as of its last opening."""
    from access import facts, gate

    inside: Spent = {}

    def clocked(part: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*words: Any, **named: Any) -> Any:
            began = time.perf_counter()
            answer = step(*words, **named)
            inside[part] = (time.perf_counter() - began) * 1000
            return answer

        return run

    with (
        patch.object(facts, "read", clocked("facts", facts.read)),
        patch.object(gate, "decide", clocked("decision", gate.decide)),
    ):
        yield inside


def _report(sizes: list[int], measured: Measured, rounds: int) -> int:
    """Print the table; 1 if a bar is missed."""
    missed = 0
    columns = "".join(f"{size:>14,}" for size in sizes)
    print(f"\nMedians of {rounds} pairs{'':24}{columns}   growth   bar")

    def line(
        what: str, values: list[float], bar: float | None = None, *, grows: bool = True
    ) -> None:
        nonlocal missed
        growth = values[-1] / values[0] if grows and len(values) > 1 and values[0] else None
        met = (bar is None or max(values) <= bar) and (growth is None or growth <= MOST_GROWTH)
        missed += not met
        print(
            f"{what:42}"
            + "".join(f"{value:14.2f}" for value in values)
            + (f"{growth:9.2f}" if growth else " " * 9)
            + (f"   <= {bar:.2f}" if bar else "")
            + ("" if met else "   MISSED")
        )

    for record in RECORDS:
        for name in QUERIES:
            each = [measured[size, record, name] for size in sizes]
            line(f"{record}, {name}: bare, ms", [_median(one, "bare query") for one in each])
            line(f"{record}, {name}: ruled, ms", [_median(one, "query") for one in each])
            if (record, name) == ("heavy", "whole"):
                line("  ruled to bare", [_ratio(one) for one in each], MOST_RATIO, grows=False)
            else:
                line("  more, ms", [_more(one) for one in each], MOST_QUERY_MS, grows=False)
    for record in RECORDS:
        each = [[one for name in QUERIES for one in measured[size, record, name]] for size in sizes]
        for part in ("facts", "decision"):
            line(f"{record}: {part}, ms", [_median(one, part) for one in each])
        line(
            f"{record}: opening and audit, ms",
            [
                statistics.median(s["opened"] - s["facts"] - s["decision"] for s in one)
                for one in each
            ],
        )
        for part in ("last question", "commit"):
            line(f"{record}: {part}, ms", [_median(one, part) for one in each])
        line(f"{record}: whole opening, ms", [_opening(one) for one in each], MOST_OPENING_MS)
    print("Every bar is met." if not missed else f"{missed} lines miss a bar.")
    return int(bool(missed))


def _median(spent: list[Spent], part: str) -> float:
    return statistics.median(each[part] for each in spent)


def _ratio(spent: list[Spent]) -> float:
    return statistics.median(each["query"] / each["bare query"] for each in spent)


def _more(spent: list[Spent]) -> float:
    return statistics.median(each["query"] - each["bare query"] for each in spent)


def _opening(spent: list[Spent]) -> float:
    """What opening takes, beside the query and beside a transaction that only reads."""
    return statistics.median(
        each["opened"] + each["last question"] + each["commit"] - each["bare commit"]
        for each in spent
    )


class _Clock:
    def __init__(self) -> None:
        self.parts: Spent = {}
        self._last = time.perf_counter()

    def __call__(self, part: str) -> None:
        now = time.perf_counter()
        self.parts[part] = (now - self._last) * 1000
        self._last = now


if __name__ == "__main__":
    sys.exit(main())
