"""Proposing, confirming, ending and reading lawful disclosures, as the officers' pages do.

Every one is a function of the gate, which asks again what the page asked: the activity, the
organisation, who the two officers are, and who is named. Words that officers type stay in the
gate's tables: they are in no event, log, address or task.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from access.acting import Acting
from access.grounds import CANNOT_WAIT, Ground
from access.references import DISCLOSURE_PREFIX, new_reference
from identity.protected import Redaction, of_protected
from identity.selectors import residents
from organisations.categories import Category
from organisations.working_days import is_working_day, working_day_after
from ui.formatting import LONDON

PAGE_LENGTH = 25
#: Named people at most: more of them are not "named recipients" any more.
MOST_RECIPIENTS = 20


class Standing(StrEnum):
    """Where a disclosure stands at a moment."""

    WAITS = "waits"
    ON_CALL = "on-call"
    IN_FORCE = "in-force"
    LAPSED = "lapsed"
    EXPIRED = "expired"
    ENDED = "ended"


# Who it opens to is named, whoever the resident is; the name of a team may say where they are.
@of_protected(keep=("staff", "name", "role"), empty=("team",))
@dataclass(frozen=True, slots=True)
class Recipient:
    """One of those to whom it opens."""

    staff: int
    name: str
    role: str
    team: str


@dataclass(frozen=True, slots=True)
class DisclosureSeen:
    """A disclosure as its officers see it. ``resident`` is the resident's own id."""

    id: UUID
    reference: str
    resident: int
    ground: Ground
    words: str
    categories: tuple[Category, ...]
    valid_from: datetime
    valid_until: datetime
    confirm_by: datetime | None
    proposed_by: str
    proposed_by_staff: int
    confirmed_by: str
    confirmed_at: datetime | None
    ended_by: str
    ended_at: datetime | None
    ended_words: str
    recipients: tuple[Recipient, ...]

    def standing(self, at: datetime) -> Standing:
        """Where it stands at a moment."""
        if self.ended_at is not None:
            return Standing.ENDED
        if self.valid_until <= at:
            return Standing.EXPIRED
        if self.confirmed_at is not None:
            return Standing.IN_FORCE
        if self.confirm_by is None:
            return Standing.WAITS
        return Standing.ON_CALL if at < self.confirm_by else Standing.LAPSED


def last_moment(day: date) -> datetime:
    """The end of a day in London."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=LONDON)


def last_day(at: datetime) -> date:
    """The last day that a disclosure proposed at a moment may have."""
    return timezone.localdate(at) + timedelta(days=settings.DISCLOSURE_DAYS)


def is_out_of_hours(at: datetime) -> bool:
    """Whether no second officer is to be had: outside office hours, or not on a working day."""
    local = timezone.localtime(at)
    opens, closes = settings.OFFICE_HOURS
    return not is_working_day(local.date()) or not opens <= local.hour < closes


def confirm_by(at: datetime) -> datetime:
    """By when what one on-call officer did must be confirmed: the end of the next working day."""
    return last_moment(working_day_after(timezone.localdate(at)))


def propose(
    acting: Acting,
    resident: UUID,
    *,
    ground: Ground,
    words: str,
    categories: Collection[int],
    recipients: Collection[int],
    until: date,
    on_call: bool,
    submission: UUID,
    request_id: str,
) -> tuple[str, int | None, UUID | None]:
    """Propose a disclosure: ``proposed`` with its ids, or a reason code.

    :param recipients: memberships of the officer's own organisation that read records.
    :param until: the last day, at most ``DISCLOSURE_DAYS`` from now.
    :param on_call: act at once, alone: out of hours and for what cannot wait.
    :param submission: the form's own id: sent twice, it is proposed once.
    :raises ValueError: if the day is too late, or it is not for one officer to act alone.
    """
    now = timezone.now()
    if not timezone.localdate(now) <= until <= last_day(now):
        raise ValueError("A disclosure ends within the days that are allowed.")
    if on_call and not (ground in CANNOT_WAIT and is_out_of_hours(now)):
        raise ValueError("One officer acts alone out of hours, for what cannot wait.")
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from access.propose_disclosure("
            "%s, %s, %s, %s, %s, %s::int[], %s::bigint[], %s, %s, %s, %s, %s::uuid)",
            [
                acting.staff_id,
                acting.membership_id,
                resident,
                ground,
                words,
                sorted(categories),
                sorted(recipients),
                last_moment(until),
                confirm_by(now) if on_call else None,
                submission,
                new_reference(DISCLOSURE_PREFIX),
                request_id,
            ],
        )
        outcome, made, public_id = cursor.fetchone()
    return outcome, made, public_id


def confirm(acting: Acting, disclosure: UUID, *, request_id: str) -> str:
    """Confirm it as the second officer: ``confirmed``, or why not.

    ``own``: one officer is not two; ``named``: it is to this officer; ``over``: ended, past, or
    not confirmed in time; ``done``: confirmed already; ``not-known``.
    """
    return _ask_word(
        "select access.confirm_disclosure(%s, %s, %s, %s::uuid)",
        acting.staff_id,
        acting.membership_id,
        disclosure,
        request_id,
    )


def end(acting: Acting, disclosure: UUID, *, words: str, request_id: str) -> str:
    """End it, whether it waits or is in force: ``ended``, ``over`` or ``not-known``."""
    return _ask_word(
        "select access.end_disclosure(%s, %s, %s, %s, %s::uuid)",
        acting.staff_id,
        acting.membership_id,
        disclosure,
        words,
        request_id,
    )


def read_disclosures(
    acting: Acting, *, over: bool, page: int, request_id: str
) -> tuple[list[DisclosureSeen], int] | None:
    """A page of one's organisation's disclosures, the newest first, and how many there are.

    Those that are ``over``, or the others. ``None`` if not for the role. Residents are glimpsed.
    """
    answer = _ask(
        "select access.read_disclosures(%s, %s, %s, %s, %s, %s::uuid)::text",
        acting.staff_id,
        acting.membership_id,
        over,
        PAGE_LENGTH,
        (page - 1) * PAGE_LENGTH,
        request_id,
    )
    if answer is None:
        return None
    return _redacted([_seen(raw) for raw in answer["disclosures"]]), answer["total"]


def read_disclosure(acting: Acting, disclosure: UUID, *, request_id: str) -> DisclosureSeen | None:
    """One disclosure of one's organisation; ``None`` where there is none for the reader."""
    raw = _ask(
        "select access.read_disclosure(%s, %s, %s, %s::uuid)::text",
        acting.staff_id,
        acting.membership_id,
        disclosure,
        request_id,
    )
    return None if raw is None else _redacted([_seen(raw)])[0]


def _redacted(disclosures: list[DisclosureSeen]) -> list[DisclosureSeen]:
    """With what may be shown of its resident. Whoever is not shown at all counts as protected.

    The words stay: the second officer judges by them, and who types them is told so.
    """
    people = residents(one.resident for one in disclosures)
    not_protected = {person.id for person in people if not person.protected}
    return [
        replace(
            one,
            recipients=tuple(
                Redaction(protected=one.resident not in not_protected).of(recipient)
                for recipient in one.recipients
            ),
        )
        for one in disclosures
    ]


def _ask_word(statement: str, *parameters: int | str | UUID) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        (answer,) = cursor.fetchone()
    return str(answer)


def _ask(statement: str, *parameters: int | bool | str | UUID) -> dict[str, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        (answer,) = cursor.fetchone()
    return None if answer is None else dict(json.loads(answer))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _seen(raw: dict[str, Any]) -> DisclosureSeen:
    return DisclosureSeen(
        id=UUID(raw["id"]),
        reference=raw["reference"],
        resident=raw["resident"],
        ground=Ground(raw["ground"]),
        words=raw["words"],
        categories=tuple(Category(number) for number in raw["categories"]),
        valid_from=datetime.fromisoformat(raw["from"]),
        valid_until=datetime.fromisoformat(raw["until"]),
        confirm_by=_moment(raw["confirm_by"]),
        proposed_by=raw["proposed_by"],
        proposed_by_staff=raw["proposed_by_staff"],
        confirmed_by=raw["confirmed_by"],
        confirmed_at=_moment(raw["confirmed_at"]),
        ended_by=raw["ended_by"],
        ended_at=_moment(raw["ended_at"]),
        ended_words=raw["ended_words"],
        recipients=tuple(
            Recipient(one["staff"], one["name"], one["role"], one["team"])
            for one in raw["recipients"]
        ),
    )
