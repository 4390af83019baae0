"""What opens a restricted record: broken glass, and relationships that staff declare.

Each is written by one function of the gate with its alert and its audit event. The gate asks
again whatever the page has asked: the activity, whether the resident may be known of, and every
refusal. What withholds is opened by none of this.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from access.acting import Acting
from access.models import RelationshipKind
from access.reasons import GRANTED, AccessReason
from access.references import new_reference
from access.second_factor import By, app_shows
from audit import actions as audit
from audit.models import Action
from organisations.models import Membership, StaffMember


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it. ``alert`` is the one whose officers are to be told, if there is one."""

    outcome: str
    alert: int | None = None

    @property
    def opens(self) -> bool:
        """Whether the record opens now, by this or by what was there already."""
        return self.outcome in {"broken", "declared", "said", "not-needed"}


class TooManyTries(Exception):
    """The answer was wrong so often that no more is tried for a while."""


def confirm(acting: Acting, staff: StaffMember, given: str, *, by: By, request_id: str) -> bool:
    """Whether it is still who signed in, by what they signed in by. A wrong answer is recorded.

    :param given: what the app shows now, if it was used at signing in; else the password once more.
    :raises TooManyTries: after ``CONFIRMATION_TRIES`` wrong ones in ``CONFIRMATION_MINUTES``;
        nothing is compared then.
    """
    within = timedelta(minutes=settings.CONFIRMATION_MINUTES)
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.failed_confirmations(%s, make_interval(secs => %s))",
            [acting.staff_id, within.total_seconds()],
        )
        (failed,) = cursor.fetchone()
    if failed >= settings.CONFIRMATION_TRIES:
        raise TooManyTries
    matches = app_shows if by is By.APP else StaffMember.check_password
    if staff.pk == acting.staff_id and matches(staff, given):
        return True
    with connection.cursor() as cursor:
        cursor.execute("select access.confirmation_failed(%s)", [acting.staff_id])
    audit.record(
        Action.REFUSAL,
        outcome="refused",
        reason="not-confirmed",
        request=request_id,
        **acting.for_audit(),
    )
    return False


def break_glass(
    acting: Acting, resident: UUID, *, reason: AccessReason, words: str, request_id: str
) -> Answer:
    """Break glass for this sitting, for ``BREAK_GLASS_HOURS`` at most.

    Call it after :func:`confirm`. Sent twice, it is broken once.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from access.break_glass("
            "%s, %s, %s, %s, %s, %s, make_interval(secs => %s), %s, %s::uuid)",
            [
                acting.staff_id,
                acting.membership_id,
                acting.sitting,
                resident,
                reason,
                words,
                timedelta(hours=settings.BREAK_GLASS_HOURS).total_seconds(),
                new_reference(),
                request_id,
            ],
        )
        return Answer(*cursor.fetchone())


def declare(
    acting: Acting,
    resident: UUID,
    *,
    kind: RelationshipKind,
    reason: AccessReason,
    words: str,
    request_id: str,
) -> Answer:
    """Declare one's own involvement, or that the resident agreed. It ends by itself, after days."""
    return _declare(
        acting, resident, kind, acting.membership_id, reason, words, request_id=request_id
    )


def let_in(
    acting: Acting, resident: UUID, *, colleague: Membership, words: str, request_id: str
) -> Answer:
    """Let a colleague of the same organisation in, by somebody whose own part has evidence."""
    return _declare(
        acting,
        resident,
        RelationshipKind.GRANTED,
        colleague.pk,
        GRANTED,
        words,
        request_id=request_id,
    )


def _declare(
    acting: Acting,
    resident: UUID,
    kind: RelationshipKind,
    for_membership: int,
    reason: AccessReason,
    words: str,
    *,
    request_id: str,
) -> Answer:
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from access.declare_relationship("
            "%s, %s, %s, %s, %s, %s, %s, make_interval(secs => %s), %s, %s::uuid)",
            [
                acting.staff_id,
                acting.membership_id,
                resident,
                kind,
                for_membership,
                reason,
                words,
                settings.DECLARED_PERIODS[kind].total_seconds(),
                new_reference(),
                request_id,
            ],
        )
        return Answer(*cursor.fetchone())
