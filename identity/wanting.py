"""Which source persons are to be traced, and why. Set-based; each answers how many it added."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from identity.locks import lock
from identity.models import LinkQuestion, Trace
from identity.settling import ABOUT_TRACES
from identity.standing import POSTPONED_FOR
from identity.traces import Why
from organisations.models import Organisation

# Each at once, or when a baby is six weeks old: until then neither names nor number are settled.
#
# Whoever was never traced, or was sent otherwise since. A deferred index read, newest first.
_UNTRACED = """
    insert into identity_trace
        (source_person_id, why, due, urgency, step, asked_as, found, delays, ended)
    select p.id, case when t.id is null then 'arrival' else 'change' end,
        greatest(statement_timestamp(), (
            (p.said ->> 'birth_date')::date + %(baby)s)::timestamp at time zone 'Europe/London'),
        1, 'number',
        gen_random_uuid(), '', 0, ''
    from identity_sourceperson p
    left join lateral (
        select id, wanted, finished from identity_trace t
        where t.source_person_id = p.id order by t.id desc limit 1) t on true
    where p.link = 'alone' and p.replaced_by_id is null
      and (t.id is null or (t.finished is not null and t.wanted < p.updated))
    order by p.updated
    limit %(limit)s
    on conflict do nothing
"""
# Numbers given by word of mouth to whoever was not traced by them since.
_GIVEN = """
    from identity_residentnhsnumber n
    join identity_sourceperson p on p.resident_id = n.resident_id and p.replaced_by_id is null
    where n.valid_until is null and n.status = '02' and n.said_by in ('resident', 'carer')
      and not exists (
          select from identity_trace t join identity_sourceperson s on s.id = t.source_person_id
          where s.resident_id = n.resident_id and t.why = 'given' and t.wanted >= n.valid_from)
"""
_NUMBERS_GIVEN = f"select distinct n.number {_GIVEN} order by n.number limit %s"
# Traced through a source person of those who wrote it down, if they have one.
_TRACE_GIVEN = f"""
    with wanted as (
    insert into identity_trace
        (source_person_id, why, due, urgency, step, asked_as, found, delays, ended)
    select distinct on (n.resident_id)
        p.id, 'given',
        greatest(statement_timestamp(), (
            (p.said ->> 'birth_date')::date + %(baby)s)::timestamp at time zone 'Europe/London'),
        1, 'number', gen_random_uuid(), '', 0, ''
    {_GIVEN} and n.number = any (%(numbers)s)
    order by n.resident_id, p.source_id = n.given_by desc, p.id
    on conflict do nothing
    returning source_person_id, due
    )
    update identity_residentnhsnumber n
    set status = case when w.due > statement_timestamp() then '08'
        else '03' end
    from wanted w join identity_sourceperson p on p.id = w.source_person_id
    where n.resident_id = p.resident_id and n.valid_until is null
      and n.status = '02' and n.said_by in ('resident', 'carer')
      and n.number = any (%(numbers)s)
"""  # noqa: S608 - of this module's own words alone
# Whoever was traced long ago, whoever was and is sent otherwise since, and whoever came long ago
# with a number that was trusted and was never traced.
_AGAIN = """
    insert into identity_trace
        (source_person_id, why, due, urgency, step, asked_as, found, delays, ended)
    select p.id,
        case when t.wanted < p.updated then 'change'
             when t.id is null or t.ended = 'verified' then 'old' else 'unverified' end,
        greatest(statement_timestamp(), (
            (p.said ->> 'birth_date')::date + %(baby)s)::timestamp at time zone 'Europe/London'),
        3, 'number', gen_random_uuid(), '', 0, ''
    from identity_sourceperson p
    left join lateral (
        select id, ended, wanted, finished from identity_trace t
        where t.source_person_id = p.id order by t.id desc limit 1) t on true
    where p.replaced_by_id is null
      and (t.finished < case when t.ended = 'verified' then %(old)s else %(unverified)s end
           or (t.id is null and p.link = 'linked' and p.updated < %(old)s)
           or (t.finished is not null and t.wanted < p.updated))
    order by t.finished
    limit %(limit)s
    on conflict do nothing
"""
# By whom the resident is registered with, if they are; nobody whose trace is fresh or goes on.
_ADDRESS = """
    insert into identity_trace
        (source_person_id, why, urgency, step, asked_as, found, delays, ended)
    select p.id, 'address', 1, 'number', gen_random_uuid(), '', 0, ''
    from identity_sourceperson p
    join identity_resident r on r.id = p.resident_id and r.known_to_all
    where p.resident_id = %s and p.link = 'linked' and p.replaced_by_id is null
      and not exists (
          select from identity_trace t join identity_sourceperson s on s.id = t.source_person_id
          where s.resident_id = p.resident_id and (t.finished is null or t.finished >= %s))
    order by p.registered_practice desc, p.id
    limit 1
    on conflict do nothing
"""
#: Questions that one trace asks on average: by number, or two or three searches and a retrieval.
QUESTIONS_A_TRACE = 2


def _insert(
    statement: str, parameters: list[int | datetime] | dict[str, int | datetime | list[str]]
) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def arrivals_and_changes(limit: int = 1000) -> int:
    """Those who were sent without a number that links them, and were not traced since."""
    return _insert(_UNTRACED, {"limit": limit, "baby": POSTPONED_FOR.days})


@transaction.atomic
def given_numbers(limit: int = 100) -> int:
    """Those for whom staff entered a number on a resident's or carer's word."""
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERS_GIVEN, [limit])
        numbers = [number for (number,) in cursor.fetchall()]
    # Held before they are marked, in the order of whoever enters one or joins two meanwhile.
    lock(numbers=numbers)
    return _insert(_TRACE_GIVEN, {"numbers": numbers, "baby": POSTPONED_FOR.days})


def address_of(resident_id: int) -> int:
    """A resident to whom a letter is to go and whose address nobody has verified, once a while."""
    again = timezone.now() - settings.TRACE_AGAIN_AFTER["unverified"]
    return _insert(_ADDRESS, [resident_id, again])


def retraces(limit: int) -> int:
    """Those verified long ago, and those whom nobody found, after the settings' days.

    And those who were traced and whose source has sent other details since.
    """
    now = timezone.now()
    days = settings.TRACE_AGAIN_AFTER
    return _insert(
        _AGAIN,
        {
            "old": now - days["verified"],
            "unverified": now - days["unverified"],
            "limit": limit,
            "baby": POSTPONED_FOR.days,
        },
    )


def retries(limit: int = 100) -> int:
    """Those about whom somebody asked to try again. The question's flag is the job."""
    asked = LinkQuestion.objects.filter(
        retry_asked__isnull=False,
        settled__isnull=True,
        reason__in=ABOUT_TRACES,
        source_person__isnull=False,
    ).order_by("retry_asked", "pk")
    rows = list(asked.values_list("pk", "source_person_id")[:limit])
    return sum(_retry(question, known) for question, known in rows if known is not None)


@transaction.atomic
def _retry(question: int, known: int) -> bool:
    """Trace anew, at once, whom a question is about; whether nobody else has done so.

    The trace is held before the question, as where its answer is written.
    """
    waiting = Trace.objects.filter(source_person=known, finished__isnull=True)
    held = list(waiting.select_for_update(of=("self",)))
    still = LinkQuestion.objects.filter(
        pk=question, retry_asked__isnull=False, settled__isnull=True
    )
    if still.select_for_update(skip_locked=True).first() is None:
        return False
    still.update(retry_asked=None)
    for trace in held:
        trace.urgency = 0
        trace.save(update_fields=["urgency"])
    if not held:
        Trace.objects.create(source_person_id=known, why=Why.RETRY, urgency=0)
    return True


def time_left(source: Organisation | None, *, per_minute: int) -> tuple[int, timedelta]:
    """How many traces wait, of one source or of all, and how long they take at that rate."""
    waiting = Trace.objects.filter(finished__isnull=True)
    if source is not None:
        waiting = waiting.filter(source_person__source=source)
    count = waiting.count()
    return count, timedelta(minutes=count * QUESTIONS_A_TRACE / per_minute)
