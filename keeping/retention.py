"""What is due, and its destruction: run with the pipeline's login.

What may go is decided by the database alone (``keeping/sql/0002_retention.sql``): by the schedule,
the holds, and two officers of the controller. Here it is counted, listed and carried out. Whatever
is killed goes on where it was: a share's rows go in one transaction with its stub, and its raw
bytes after that, file by file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction
from django.db.models.functions import Now

from feeds.destroyed import take_out_of_bytes
from feeds.loading import one_at_a_time
from feeds.models import Batch, BatchState
from keeping.models import ListedShare, ListedState, PortalKind, RetentionHold
from organisations.models import Organisation

#: Rows that the portal itself wrote, of one transaction and its event.
AT_ONCE = 1000


@dataclass(frozen=True)
class Due:
    """Of one controller: how many shares are due by a rule, and what is in them."""

    controller: str
    because: str
    shares: int
    entries: int
    held: int
    """Shares that are due and on hold: they stay."""


def counted() -> list[Due]:
    """What is due today, by controller and rule. Nothing is changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select o.name, k.because, count(*) filter (where not c.held),"
            " coalesce(sum(c.entries) filter (where not c.held), 0), count(*) filter (where c.held)"
            " from keeping.clocks() c"
            " join organisations_organisation o on o.id = c.controller_id"
            " join keeping_retentionrule k on k.id = c.rule_id"
            " where c.due <= current_date group by o.name, k.because order by o.name"
        )
        return [Due(*row) for row in cursor]


def portal_rows_counted() -> dict[PortalKind, int]:
    """How many rows that the portal itself wrote are due, by kind. Nothing is changed."""
    with connection.cursor() as cursor:
        found = {}
        for kind in PortalKind:
            cursor.execute("select count(*) from keeping.portal_rows_due(%s)", [kind])
            (found[kind],) = cursor.fetchone()
    return found


def destroy_portal_rows() -> int:
    """Destroy what the portal itself wrote and needs no longer; how many rows.

    Some at a time, each time with the event that says whose they were: safe to be killed.
    """
    gone = 0
    for kind in PortalKind:
        done = AT_ONCE
        while done == AT_ONCE:
            with connection.cursor() as cursor:
                cursor.execute("select keeping.destroy_portal_rows(%s, %s)", [kind, AT_ONCE])
                (done,) = cursor.fetchone()
            gone += done
    return gone


def controllers_on_hold() -> set[int]:
    """Organisations of which a hold covers something: everybody's, theirs, or a person's.

    A delivery holds many people, so the hold of one person keeps whole deliveries: of the
    controller whose hold it is, or of all.
    """
    in_force = RetentionHold.objects.filter(valid_from__lte=Now()).exclude(valid_until__lte=Now())
    of = set(in_force.values_list("controller", flat=True))
    if None in of:
        return set(Organisation.objects.values_list("pk", flat=True))
    return {each for each in of if each is not None}


def list_due() -> int:
    """Put on the review list what is due and not on it; how many shares that were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) filter (where keeping.note_due(c.controller_id, c.source_person_id,"
            " c.rule_id, c.started, c.due, c.entries)) from keeping.clocks() c"
            " where c.due <= current_date and not c.held"
        )
        (added,) = cursor.fetchone()
    return int(added)


def write_review_list(controller: Organisation, to: Path) -> int:
    """The shares of a controller that wait for its officers, by its own identifiers, as CSV.

    The file is readable by its owner alone, and is the one place where references meet the names
    by which the controller knows its people. Answers how many there are.

    :raises FileExistsError: if the file is there.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select l.public_id, p.identifier, l.started, l.due, l.entries, k.because"
            " from keeping_listedshare l"
            " join identity_sourceperson p on p.id = l.source_person_id"
            " join keeping_retentionrule k on k.id = l.rule_id"
            " where l.controller_id = %s and l.state in ('listed', 'approved')"
            " order by l.due, l.id",
            [controller.pk],
        )
        rows = cursor.fetchall()
    to.touch(mode=0o600, exist_ok=False)
    with to.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["reference", "your identifier", "clock started", "due", "entries", "rule"])
        writer.writerows(rows)
    return len(rows)


def destroy_confirmed() -> Iterator[str]:
    """Destroy what two officers confirmed, and finish what a killed run left.

    What is of a source whose delivery is being loaded waits for the next run: the load knows its
    people already. Gives what became of each share: ``gone`` or ``returned``.
    """
    confirmed = ListedShare.objects.filter(state=ListedState.CONFIRMED).order_by("pk")
    for share, source in confirmed.values_list("pk", "controller"):
        with transaction.atomic():
            one_at_a_time(source)
            if _is_loading(source):
                continue
            with connection.cursor() as cursor:
                cursor.execute("select keeping.destroy_share(%s)", [share])
                (outcome,) = cursor.fetchone()
        yield outcome
    take_out_what_waits()


def _is_loading(source: int) -> bool:
    return Batch.objects.filter(feed__organisation=source, state=BatchState.LOADING).exists()


def take_out_what_waits() -> None:
    """Take out of the raw bytes whatever is gone from the record."""
    waiting = ListedShare.objects.filter(state=ListedState.DERIVED_GONE)
    for controller in Organisation.objects.filter(pk__in=waiting.values("controller")):
        shares = list(waiting.filter(controller=controller).values_list("pk", flat=True))
        files = take_out_of_bytes(controller)
        with connection.cursor() as cursor:
            for share in shares:
                cursor.execute("select keeping.bytes_are_gone(%s, %s)", [share, files])
