"""The message that a team has something new: the same for all, it names nobody and counts nothing.

Each member is asked about as the web would ask, with the web's own login: whoever would see nothing
new is sent nothing, so that no message tells of what is withheld.
"""

from __future__ import annotations

import logging
from datetime import datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from access.acting import Acting
from notifications.inbox import has_news
from notifications.models import TeamMail
from organisations.activities import Activity
from organisations.models import Membership, Organisation, Role, Team
from records.probing.as_web import as_web

log = logging.getLogger(__name__)


def due() -> list[int]:
    """The teams that are to be told of something, the longest waiting first."""
    return list(_due(timezone.now()).order_by("wanted", "pk").values_list("pk", flat=True))


def _due(now: datetime) -> QuerySet[TeamMail]:
    waits = TeamMail.objects.filter(Q(told__isnull=True) | Q(told__lt=F("wanted")))
    return waits.exclude(told__gte=now - settings.NOTICE_MAIL_EVERY)


@transaction.atomic
def tell(mail_id: int) -> int:
    """Send a team's message to those who would see something new; to how many.

    Two workers send one: the row is locked meanwhile. Where it cannot go, it waits.
    """
    now = timezone.now()
    mail = _due(now).select_for_update(skip_locked=True).filter(pk=mail_id).first()
    if mail is None:
        return 0
    members = _members(mail)
    with as_web():
        told = [each for each in members if has_news(Acting.of(each), since=mail.told)]
    addresses = sorted({each.staff.email for each in told})
    if addresses:
        try:
            _message(addresses).send()
        except (SMTPException, OSError) as error:
            # Its words may name the addresses.
            log.warning("The message to team %s could not be sent: %s", mail.team_id, type(error))
            return 0
    mail.told = now
    mail.save(update_fields=["told"])
    return len(addresses)


def _members(mail: TeamMail) -> list[Membership]:
    """Who reads records there now and can be sent a message."""
    held = Membership.objects.current().filter(
        organisation=mail.organisation_id,
        organisation__in=Organisation.objects.current(),
        role__in=Role.objects.current().filter(activities__contains=[Activity.READ_RECORDS]),
        staff__is_active=True,
    )
    if mail.team_id is not None:
        held = held.filter(team=mail.team_id, team__in=Team.objects.current())
    return list(
        held.exclude(staff__email="")
        .select_related("staff", "organisation", "team", "role")
        .order_by("pk")
    )


def _message(addresses: list[str]) -> EmailMessage:
    """Addressed so that nobody reads who else was told."""
    return EmailMessage(
        subject="Connect Care: something new for your team",
        body=(
            "There is something new in your inbox in Connect Care.\n\n"
            f"Sign in to read it: {settings.ORIGIN}{reverse('inbox')}\n\n"
            "This message does not say who it is about. Please do not reply to it.\n"
        ),
        bcc=addresses,
    )
