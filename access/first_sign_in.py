"""Signing in for the first time: by a link that is e-mailed to somebody new, and works once.

The address of the link holds a random word and nothing about anybody. An administrator has it sent
and never sees it; a worker makes it, keeps a digest and sends it to the work address. It leads to
choosing a password, and on to the second step like any sign-in.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from smtplib import SMTPException
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from access.invitations import Invitation
from organisations.models import StaffMember
from organisations.staffing import Administrator
from ui.formatting import prose_time

log = logging.getLogger(__name__)

#: So long a link works.
HOURS: Final = 72
_WORD_BYTES: Final = 32

INVITED = "invited"
#: Why no link is sent, in words for whoever asked.
REFUSALS = {
    "own": "You have signed in already",
    "suspended": "This account cannot sign in",
    "has-password": "They have signed in before, and have a password",
    "email-missing": "Enter an email address like name@example.nhs.uk",
}


@dataclass(frozen=True, slots=True)
class Invited:
    """What came of it: ``invited`` with the row to send, ``not-allowed`` or why not."""

    outcome: str
    invitation: int | None = None


def invite(by: Administrator, person: UUID, email: str, *, request_id: str) -> Invited:
    """Have a link sent to somebody who never signed in, at this work address."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select outcome, invitation from access.invite(%s, %s, %s::uuid, %s, %s, %s)",
            [by.staff_id, by.membership_id, request_id, person, email, HOURS],
        )
        return Invited(*cursor.fetchone())


def invited_until(person: StaffMember) -> datetime | None:
    """Until when somebody's last link works; ``None`` if there is none."""
    with connection.cursor() as cursor:
        cursor.execute("select access.invited_until(%s)", [person.pk])
        (until,) = cursor.fetchone()
    return until if isinstance(until, datetime) else None


def never_signed_in(person: StaffMember) -> bool:
    """Whether somebody has no password and never signed in."""
    return not person.has_usable_password() and person.last_login is None


def whose(word: str) -> StaffMember | None:
    """Whose link this is, as long as it works."""
    with connection.cursor() as cursor:
        cursor.execute("select access.invited(%s)", [_digest(word)])
        (staff,) = cursor.fetchone()
    return StaffMember.objects.filter(pk=staff).first() if staff else None


def accept(word: str, password: str, *, request_id: str) -> StaffMember | None:
    """Take a link, once, and set the first password; ``None`` if it does not work any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.accept_invitation(%s, %s, %s::uuid)",
            [_digest(word), make_password(password), request_id],
        )
        (staff,) = cursor.fetchone()
    return StaffMember.objects.filter(pk=staff).first() if staff else None


def _digest(word: str) -> bytes:
    return sha256(word.encode()).digest()


# ── Sending, by a worker ────────────────────────────────────────────────────────────────────


def to_send() -> list[int]:
    """The links that wait to be sent and have not expired, the oldest first."""
    waiting = Invitation.objects.filter(sent__isnull=True, expires__gt=timezone.now())
    return list(waiting.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def send(invitation_id: int) -> bool:
    """Make a link and send it, once; whether it was sent now.

    The row is locked while it goes out. Where it cannot go, the row waits for the sweeper.
    """
    invitation = (
        Invitation.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("staff")
        .filter(pk=invitation_id, sent__isnull=True, expires__gt=timezone.now())
        .first()
    )
    if invitation is None:
        return False
    word = secrets.token_urlsafe(_WORD_BYTES)
    try:
        _message(invitation, word).send()
    except (SMTPException, OSError) as error:
        # Its words may name the address.
        log.warning("Invitation %s could not be sent: %s", invitation_id, type(error).__name__)
        return False
    invitation.digest, invitation.sent = _digest(word), timezone.now()
    invitation.save(update_fields=["digest", "sent"])
    return True


def _message(invitation: Invitation, word: str) -> EmailMessage:
    link = f"{settings.ORIGIN}{reverse('first-sign-in-link', args=[word])}"
    return EmailMessage(
        subject="Your first sign-in to Connect Care",
        body=(
            "An account on Connect Care has been made for you by an administrator of the "
            "organisation that you work for.\n\n"
            f"Choose your password here: {link}\n\n"
            f"The link works once, until {prose_time(invitation.expires)}. If you did not expect "
            "it, tell your organisation’s administrator, and do not open it.\n"
            "Please do not reply to this message.\n"
        ),
        to=[invitation.staff.email],
    )
