"""What whoever decides who somebody is holds still while they do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from django.db import connection
from django.db.models import Q

from identity.models import ResidentNhsNumber, SourcePerson


def lock(*, numbers: Iterable[str] = (), source: int = 0, identifiers: Iterable[str] = ()) -> None:
    """Lock NHS numbers, and a source's identifiers, in one order, until the transaction ends.

    Numbers, then source persons; epochs come last, with the first write. Rows that are there are
    locked too, so that no merge moves them meanwhile; and every number of the residents whom these
    lead to, because a merge takes them all before anything else (``identity.hold_still``). Call it
    before the transaction's first write. The key of a number is the same as
    ``identity.number_lock`` in PostgreSQL makes.

    :raises RuntimeError: if no transaction is open.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Lock inside a transaction: the locks last as long as it.")
    wanted, led_by = list(identifiers), list(numbers)
    residents = Q(
        resident__in=ResidentNhsNumber.objects.filter(number__in=led_by).values("resident")
    ) | Q(
        resident__in=SourcePerson.objects.filter(source=source, identifier__in=wanted).values(
            "resident"
        )
    )
    theirs = ResidentNhsNumber.objects.filter(residents).values_list("number", flat=True)
    names = {f"number {number}" for number in {*led_by, *theirs}}
    names |= {f"person {source} {identifier}" for identifier in wanted}
    with connection.cursor() as cursor:
        # One statement, in which PostgreSQL goes through the list in its order.
        cursor.execute(
            "select pg_advisory_xact_lock(key) from unnest(%s::bigint[]) key",
            [sorted(_key(name) for name in names)],
        )
    if wanted:
        rows = SourcePerson.objects.filter(source=source, identifier__in=wanted)
        list(rows.order_by("pk").select_for_update().values_list("pk", flat=True))


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
