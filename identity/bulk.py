"""Tracing everybody of one source: wanted by staff, begun by a worker, done when none is left.

The row is the job. Staff add it through the gate (``access.bulk_traces``), a command at once; a
worker wants the traces in one transaction, and ends the row when all of them have ended. Nothing
is lost by leaving a page or stopping a worker. Runs as the pipeline.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from identity.models import BulkTrace, Trace
from identity.standing import POSTPONED_FOR
from organisations.models import Organisation

#: Questions that a trace asks: one by a number; without one, two searches and a retrieval or so.
WITH_NUMBER, WITHOUT_NUMBER = 1, 3

# Whoever waits for a trace already is counted with them, and keeps their place.
_EVERYBODY = """
    with wanted as (
        insert into identity_trace
            (source_person_id, why, urgency, step, asked_as, found, delays, ended, bulk_id)
        select p.id, 'bulk', 2, 'number', gen_random_uuid(), '', 0, '', %(bulk)s
        from identity_sourceperson p
        where p.source_id = %(source)s and p.replaced_by_id is null
          -- A baby is traced when they are six weeks old, and nobody waits for that.
          and coalesce((p.said ->> 'birth_date')::date + %(baby)s <= current_date, true)
        order by p.id
        on conflict (source_person_id) where finished is null
            do update set bulk_id = excluded.bulk_id where identity_trace.bulk_id is null
        returning source_person_id, xmax = 0 as added)
    select count(*), count(*) filter (where w.added),
        coalesce(sum(case p.number_claimed when '' then %(without)s else %(with)s end), 0)
    from wanted w join identity_sourceperson p on p.id = w.source_person_id
"""


@transaction.atomic
def want(source: Organisation, *, per_minute: int) -> int:
    """Have everybody of a source traced, for a command; how many traces that added.

    Where it goes on already, nothing is added.
    """
    bulk, _ = BulkTrace.objects.select_for_update().get_or_create(source=source, finished=None)
    return _begin(bulk, per_minute) if bulk.begun is None else 0


def begin(*, per_minute: int, limit: int = 10) -> int:
    """Want the traces of what staff asked for; how many sources that were."""
    begun = 0
    while begun < limit and _begin_one(per_minute):
        begun += 1
    return begun


@transaction.atomic
def _begin_one(per_minute: int) -> bool:
    bulk = BulkTrace.objects.select_for_update(skip_locked=True).filter(begun=None).first()
    if bulk is not None:
        _begin(bulk, per_minute)
    return bulk is not None


def _begin(bulk: BulkTrace, per_minute: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            _EVERYBODY,
            {
                "bulk": bulk.pk,
                "source": bulk.source_id,
                "with": WITH_NUMBER,
                "without": WITHOUT_NUMBER,
                "baby": POSTPONED_FOR.days,
            },
        )
        people, added, questions = cursor.fetchone()
    bulk.begun, bulk.people, bulk.questions = timezone.now(), people, int(questions)
    bulk.per_minute = per_minute
    bulk.save()
    return int(added)


def end() -> int:
    """End those of which nobody waits any more; how many."""
    waiting = Trace.objects.filter(bulk=OuterRef("pk"), finished__isnull=True)
    return BulkTrace.objects.filter(
        ~Exists(waiting), begun__isnull=False, finished__isnull=True
    ).update(finished=timezone.now())
