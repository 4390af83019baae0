"""Reminders by e-mail: roles that are to be confirmed, and agreements that are to be reviewed.

At 60, 30 and 7 days before the day, and once it is past. A message says how many and where to look,
and names nobody. The row is what keeps a message from going out twice: it is written with it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from organisations.activities import Activity
from organisations.models import Membership, Organisation, Role, SharingAgreement, StaffMember
from organisations.recertifying import longest
from organisations.reminders import Reminder, ReminderKind

log = logging.getLogger(__name__)

#: So many days before the day somebody is reminded; ``0`` once it has come.
STAGES: Final = (0, 7, 30, 60)

#: What a reminder is of: an organisation or an agreement, its day, and the stage.
Due = tuple[int, date, int]


def stage(day: date, today: date) -> int | None:
    """Which reminder of a day is due: the smallest of :data:`STAGES` that is not passed yet."""
    left = (day - today).days
    return next((each for each in STAGES if left <= each), None)


def roles_due(today: date) -> dict[int, list[tuple[date, int]]]:
    """Organisation → the days on which roles there end unless they are confirmed, with stages."""
    horizon = timezone.now() - longest() + timedelta(days=STAGES[-1] + 1)
    held = (
        Membership.objects.current()
        .filter(
            staff__is_active=True,
            certified_at__lt=horizon,
            organisation__in=Organisation.objects.current(),
        )
        .values_list("organisation", "certified_at")
    )
    found: dict[int, set[tuple[date, int]]] = defaultdict(set)
    for organisation, certified in held:
        day = timezone.localdate(certified + longest())
        due = stage(day, today)
        if due is not None:
            found[organisation].add((day, due))
    return {organisation: sorted(days) for organisation, days in found.items()}


def reviews_due(today: date) -> list[Due]:
    """The agreements whose review date comes, with stages."""
    held = SharingAgreement.objects.current().filter(
        review_on__lte=today + timedelta(days=STAGES[-1])
    )
    found = [(pk, day, stage(day, today)) for pk, day in held.values_list("pk", "review_on")]
    return sorted((pk, day, due) for pk, day, due in found if due is not None)


def remind() -> int:
    """Send the reminders that are due and were not sent; how many messages. For the pipeline."""
    today = timezone.localdate()
    messages = 0
    for organisation, days in sorted(roles_due(today).items()):
        messages += _told(
            ReminderKind.CONFIRM_ROLES,
            [(organisation, day, due) for day, due in days],
            _administrators(organisation) or _administrators(None),
            "Roles to confirm in Connect Care",
            "There are roles at an organisation that you administer which end by themselves "
            "unless somebody confirms that they are needed. The first ends on {day}.",
            "registry-recertify",
        )
    messages += _told(
        ReminderKind.REVIEW_AGREEMENTS,
        reviews_due(today),
        _administrators(None),
        "Sharing agreements to review in Connect Care",
        "There are sharing agreements whose review date comes. The first is to be reviewed by "
        "{day}. They go on until they are changed.",
        "registry-sharing",
    )
    return messages


def _administrators(organisation: int | None) -> list[str]:
    """The addresses of who administers an organisation now; of who administers the registry."""
    activity = Activity.MANAGE_REGISTRY if organisation is None else Activity.MANAGE_ORGANISATION
    held = Membership.objects.current().filter(
        organisation__in=Organisation.objects.current(),
        role__in=Role.objects.current().filter(activities__contains=[activity]),
    )
    if organisation is not None:
        held = held.filter(organisation=organisation)
    staff = StaffMember.objects.filter(is_active=True, memberships__in=held).exclude(email="")
    return sorted(set(staff.values_list("email", flat=True)))


@transaction.atomic
def _told(
    kind: ReminderKind,
    due: Collection[Due],
    addresses: Collection[str],
    subject: str,
    words: str,
    page: str,
) -> int:
    """One message of what nobody was reminded of yet; whether there was one.

    It is noted only if it went out: the next sweep tries again.
    """
    new = _not_noted(kind, due)
    if not new:
        return 0
    if not addresses:
        log.warning(
            "A reminder (%s) has nobody to go to: no administrator has an e-mail address.", kind
        )
        return 0
    first = min(day for _about, day, _stage in new)
    link = f"{settings.ORIGIN}{reverse(page)}"
    body = (
        f"{words.format(day=first.isoformat())}\n\nSign in to look at them: {link}\n\n"
        "This message names nobody. Please do not reply to it.\n"
    )
    Reminder.objects.bulk_create(
        Reminder(kind=kind, about=about, day=day, stage=at) for about, day, at in new
    )
    try:
        # Each by itself, so that nobody learns the others' addresses.
        for address in addresses:
            EmailMessage(subject=subject, body=body, to=[address]).send()
    except (SMTPException, OSError) as error:
        # Its words may name the addresses.
        log.warning("A reminder (%s) could not be sent: %s", kind, type(error).__name__)
        transaction.set_rollback(True)
        return 0
    return 1


def _not_noted(kind: ReminderKind, due: Collection[Due]) -> list[Due]:
    noted: Mapping[Due, None] = dict.fromkeys(_noted(kind, {about for about, _day, _stage in due}))
    return [each for each in due if each not in noted]


def _noted(kind: ReminderKind, about: Iterable[int]) -> list[Due]:
    rows = Reminder.objects.filter(kind=kind, about__in=list(about))
    return list(rows.values_list("about", "day", "stage"))
