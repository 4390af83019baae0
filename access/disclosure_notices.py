"""The notice that a disclosure waits for a second officer: a reference and a link, and nobody."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from access.lawful import DisclosureNotice
from organisations.activities import Activity
from organisations.models import Membership, Organisation, Role, StaffMember

log = logging.getLogger(__name__)


def to_send(limit: int = 100) -> list[int]:
    """Disclosures whose notice has not left, oldest first."""
    return list(
        DisclosureNotice.objects.filter(notified__isnull=True)
        .order_by("disclosure_id")
        .values_list("disclosure_id", flat=True)[:limit]
    )


@transaction.atomic
def notify(disclosure_id: int) -> bool:
    """Send the one notice of a disclosure to the organisation's other officers; whether it left.

    Two workers send one: the row is locked meanwhile. Where it cannot go, it waits for the
    sweeper; the list of disclosures shows the officers what waits all the same.
    """
    notice = (
        DisclosureNotice.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("disclosure__proposed_by")
        .filter(pk=disclosure_id, notified__isnull=True)
        .first()
    )
    if notice is None:
        return False
    officers = _officers(notice)
    if not officers:
        log.warning(
            "Disclosure %s waits: no other privacy officer of organisation %s has an e-mail "
            "address. Give the role to somebody and record their address.",
            notice.disclosure.reference,
            notice.disclosure.organisation_id,
        )
        return False
    try:
        _message(notice, officers).send()
    except (SMTPException, OSError) as error:
        # Its words may name the addresses.
        log.warning(
            "The notice of disclosure %s could not be sent: %s",
            notice.disclosure.reference,
            type(error),
        )
        return False
    notice.notified = timezone.now()
    notice.save(update_fields=["notified"])
    return True


def _officers(notice: DisclosureNotice) -> list[str]:
    """The addresses of who may confirm it there: not its proposer, and nobody that it names."""
    disclosure = notice.disclosure
    memberships = Membership.objects.current().filter(
        organisation=disclosure.organisation_id,
        organisation__in=Organisation.objects.current(),
        role__in=Role.objects.current().filter(activities__contains=[Activity.DISCLOSE_LAWFULLY]),
    )
    named = Membership.objects.filter(pk__in=disclosure.recipients.values("membership"))
    staff = (
        StaffMember.objects.filter(is_active=True, memberships__in=memberships)
        .exclude(pk=disclosure.proposed_by.staff_id)
        .exclude(pk__in=named.values("staff"))
        .exclude(email="")
    )
    return sorted(set(staff.values_list("email", flat=True)))


def _message(notice: DisclosureNotice, officers: list[str]) -> EmailMessage:
    disclosure = notice.disclosure
    link = f"{settings.ORIGIN}{reverse('disclosure', args=[disclosure.public_id])}"
    return EmailMessage(
        subject=f"Connect Care disclosure {disclosure.reference}",
        body=(
            "A lawful disclosure waits for a second officer in Connect Care: "
            f"{disclosure.reference}.\n\n"
            f"Sign in to read it, and to confirm or end it: {link}\n\n"
            "This message does not say who it is about. Please do not reply to it.\n"
        ),
        to=officers,
    )
