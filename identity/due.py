"""Work that is due about a resident: the row is the job, and no change of what it is about is lost.

Whoever changes something adds a row, always: nobody looks whether one is there already, for that
one may be in the hands of a worker who has read what was before. Two rows about one resident cost
their work twice; a row too few would let a relationship stand whose evidence is gone.
"""

from __future__ import annotations

from django.db import connection, models
from django.db.models.functions import Now


class DueOfResident(models.Model):
    """Something is to be done anew about a resident.

    Written in the transaction that changed what it is made of, taken in the one that makes it.
    """

    id = models.BigAutoField(primary_key=True)
    resident_id = models.BigIntegerField()
    since = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True

    @classmethod
    def take(cls, limit: int, *, waiting: bool = False) -> list[int]:
        """Residents of up to ``limit`` rows, oldest first, each in ascending order and once.

        The rows go with the transaction that must be open; if it fails they are there again.
        Until it ends no other worker is at one of these residents: what is read from here on is not
        older than what another wrote.

        :param waiting: for what another worker has in hand, instead of leaving it alone. What it
            has done by then is done: the answer may be empty although more is due.
        :raises RuntimeError: if no transaction is open.
        """
        if not connection.in_atomic_block:
            raise RuntimeError("Take inside a transaction: what is taken comes back if it fails.")
        rows = dict(
            cls._default_manager.order_by("pk")
            .select_for_update(skip_locked=not waiting)
            .values_list("pk", "resident_id")[:limit]
        )
        residents = sorted(set(rows.values()))
        with connection.cursor() as cursor:
            # One statement, in which PostgreSQL goes through the list in its order.
            cursor.execute(
                "select pg_advisory_xact_lock(hashtextextended(%s || resident::text, 0))"
                " from unnest(%s::bigint[]) resident",
                [f"{cls._meta.db_table} ", residents],
            )
        cls._default_manager.filter(pk__in=rows).delete()
        return residents
