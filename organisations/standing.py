"""Who belongs to a group and who takes part: what the registry's pages ask of the database.

Joining a group and coming back are proposals, which another administrator confirms; the rest is
done at once (organisations/sql/0010_standing.sql).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, models

from organisations.drafts import Drafted
from organisations.models import GroupMembership, Organisation
from organisations.staffing import Administrator

ENDED: Final = "ended"

#: Why nothing was changed, in words for whoever asked.
REFUSALS = {
    "not-allowed": "Only an administrator of the registry changes who takes part",
    "not-known": "Enter the ODS code of an organisation that is in force",
    "why-missing": "Say why, in 3 characters or more",
    "dates": "The last day must be after the first day, and not later than it is already",
    "there-already": "It belongs to this group already",
    "same": "It is so already",
    "own-organisation": "You act for this organisation yourself. Ask another administrator",
}


class Standing(models.TextChoices):
    """What an organisation may be made to be."""

    SUSPENDED = "suspended", "Suspend it: its staff cannot act until it comes back"
    ENDED = "ended", "It leaves: its staff cannot act after its last day"
    ACTIVE = "active", "It takes part again: a second person confirms it"


def propose_member(
    by: Administrator,
    group: Organisation,
    member: Organisation,
    *,
    valid_from: datetime | None,
    valid_until: datetime | None,
    why: str,
    request_id: str,
) -> Drafted:
    """Propose that an organisation belongs to a group, whose agreements then hold for it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select outcome, proposal from organisations.propose_member("
            "%s, %s, %s::uuid, %s, %s, %s, %s, %s)",
            [
                by.staff_id,
                by.membership_id,
                request_id,
                why,
                group.public_id,
                member.public_id,
                valid_from,
                valid_until,
            ],
        )
        return Drafted(*cursor.fetchone())


def end_member(
    by: Administrator,
    membership: GroupMembership,
    *,
    valid_until: datetime | None,
    why: str,
    request_id: str,
) -> str:
    """End an organisation's belonging to a group, now or after a day: ``ended``, or why not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select organisations.end_member(%s, %s, %s::uuid, %s, %s, %s)",
            [by.staff_id, by.membership_id, request_id, why, membership.pk, valid_until],
        )
        (answer,) = cursor.fetchone()
    return str(answer)


def set_standing(
    by: Administrator,
    organisation: UUID,
    standing: Standing,
    *,
    valid_until: datetime | None,
    why: str,
    request_id: str,
) -> Drafted:
    """Suspend an organisation or end its taking part (``done``); or propose that it comes back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select outcome, proposal from organisations.set_standing("
            "%s, %s, %s::uuid, %s, %s, %s, %s)",
            [by.staff_id, by.membership_id, request_id, why, organisation, standing, valid_until],
        )
        return Drafted(*cursor.fetchone())
