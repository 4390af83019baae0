"""Cases that wait too long are handed up by the clock, once, whoever has them.

A question waits too long after the day on which its answer was due, everything else after some
working days (NHS England asks the same of alerts about self-claimed relationships).
"""

from __future__ import annotations

import logging
from datetime import date, datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from access.alerts import officers_of
from access.models import Alert, AlertKind
from audit import actions as audit
from audit.models import Action
from organisations.working_days import more_working_days_than

log = logging.getLogger(__name__)

#: A case that has waited for more working days is late.
LATE_AFTER_WORKING_DAYS = 5
#: The reason of the event.
BY_THE_CLOCK = "late"


def waits_too_long(raised: datetime, due: date | None, at: datetime) -> bool:
    """Whether a case that is open at a moment is late: the list and the clock ask the same."""
    if due is not None:
        return timezone.localdate(at) > due
    return more_working_days_than(LATE_AFTER_WORKING_DAYS, since=raised, at=at)


def escalate(now: datetime | None = None) -> list[int]:
    """Hand up every case that is late and was not handed up yet; their ids.

    Samples are many and wait in their list. Each case is a transaction of its own: one whose
    notice cannot leave waits for the next run, and holds up no other.
    """
    at = now or timezone.now()
    waiting = Alert.objects.filter(closed__isnull=True, escalated__isnull=True)
    waiting = waiting.exclude(kind=AlertKind.SAMPLE).order_by("raised", "pk")
    late = [each.pk for each in waiting if waits_too_long(each.raised, each.due, at)]
    return [each for each in late if _hand_up(each, at)]


@transaction.atomic
def _hand_up(alert_id: int, at: datetime) -> bool:
    alert = (
        Alert.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("membership")
        .filter(pk=alert_id, closed__isnull=True, escalated__isnull=True)
        .first()
    )
    if alert is None:
        return False
    officers = officers_of(alert)
    if not officers:
        return False  # whoever sends the first notice says so in the log
    try:
        _notice(alert, officers).send()
    except (SMTPException, OSError) as error:
        # Its words may name the addresses.
        log.warning("That alert %s is late could not be sent: %s", alert.reference, type(error))
        return False
    alert.escalated = at
    alert.save(update_fields=["escalated"])
    audit.record(
        Action.ALERT_REVIEWED,
        reason=BY_THE_CLOCK,
        organisation_id=alert.organisation_id,
        resident_id=alert.resident_id,
        detail={"alert": alert.pk, "reference": alert.reference},
    )
    return True


def _notice(alert: Alert, officers: list[str]) -> EmailMessage:
    link = f"{settings.ORIGIN}{reverse('alert', args=[alert.public_id])}"
    return EmailMessage(
        subject=f"Connect Care alert {alert.reference} is late",
        body=(
            f"{alert.reference} has waited too long in Connect Care.\n\n"
            f"Agree who deals with it today, and sign in to review it: {link}\n\n"
            "This message does not say who it is about. Please do not reply to it.\n"
        ),
        to=officers,
    )
