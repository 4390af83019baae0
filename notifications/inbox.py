"""A team's inbox: its referrals, and what befell the residents whom it cares for.

The right to see is asked when it is read, about every resident of the list in one statement; what
the reader may not see now is neither shown nor counted. The gate's functions ask once more, at
their own statement, and glimpse those who are shown. A choice takes away what befell somebody; a
referral goes on between its sides (docs/adr/0028).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from access import gate
from access.acting import Acting
from access.decision import Decision
from access.referring import may_follow
from discharge import referrals
from discharge.referrals import OfTeam, ReferralSeen
from identity.protected import Redaction, is_protected, kind_of_organisation, of_protected
from notifications.models import NoticeKind

#: Notices that an inbox holds at most; older ones are in the records.
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice by the ids that pages show, and the key of the entry that it is of."""

    notice: UUID
    resident: UUID
    grant_key: int | None
    made: datetime
    is_seen: bool

    def may_be_shown(self, decision: Decision) -> bool:
        """Whether a decision about its resident lets it be shown: the entry itself would be."""
        return decision.is_open and (self.grant_key is None or self.grant_key in decision.keys)


@of_protected(
    keep=("id", "kind", "resident", "happened", "made", "source_kind", "seen"),
    source=lambda notice, _known: kind_of_organisation(notice.source_kind) if notice.source else "",
)
@dataclass(frozen=True, slots=True)
class NoticeShown:
    """A notice as its reader sees it. ``resident`` is the resident's own id."""

    id: UUID
    kind: NoticeKind
    resident: int
    happened: datetime
    made: datetime
    source: str
    source_kind: str
    seen: bool


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A referral that a ward took back: its reference, and when."""

    reference: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Inbox:
    """What a reader is shown now, and nothing of what they are not."""

    referrals: tuple[ReferralSeen, ...]
    withdrawn: tuple[Withdrawn, ...]
    notices: tuple[NoticeShown, ...]


def read(acting: Acting, *, request_id: str) -> Inbox:
    """The inbox of the acting membership, as the rule stands now."""
    of_team, waiting = referrals.of_team(acting), _waiting(acting)
    decisions = _decisions(acting, of_team, waiting)
    shown = referrals.read(
        acting, [each.referral for each in of_team], decisions, request_id=request_id
    )
    named = {each.reference for each in shown}
    return Inbox(
        tuple(shown),
        tuple(each for each in _withdrawn(acting) if each.reference not in named),
        tuple(_read_notices(acting, waiting, decisions, request_id=request_id)),
    )


def has_news(acting: Acting, *, since: datetime | None) -> bool:
    """Whether the inbox would show anything that came since a moment; nothing is opened."""
    referred = [each for each in referrals.of_team(acting) if _is_later(each.latest, since)]
    waiting = [
        each for each in _waiting(acting) if not each.is_seen and _is_later(each.made, since)
    ]
    decisions = _decisions(acting, referred, waiting)
    return (
        any(may_follow(decisions[each.resident]) for each in referred)
        or any(each.may_be_shown(decisions[each.resident]) for each in waiting)
        or any(_is_later(each.at, since) for each in _withdrawn(acting))
    )


def mark_seen(acting: Acting, notices: Sequence[UUID]) -> int:
    """Mark notices as seen by the acting membership; how many were not before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.mark_notices_seen(%s, %s, %s::uuid[])",
            [acting.staff_id, acting.membership_id, list(notices)],
        )
        (marked,) = cursor.fetchone()
    return int(marked)


def _is_later(at: datetime, since: datetime | None) -> bool:
    return since is None or at > since


def _waiting(acting: Acting) -> list[Waiting]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select notice, resident, grant_key, made, is_seen from access.notices_of_reader("
            "%s, %s, make_interval(secs => %s), %s)",
            [acting.staff_id, acting.membership_id, _seconds(), MOST_LISTED],
        )
        return [Waiting(*row) for row in cursor.fetchall()]


def _seconds() -> float:
    listed: timedelta = settings.NOTICE_LISTED
    return listed.total_seconds()


def _withdrawn(acting: Acting) -> list[Withdrawn]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select reference, at from access.referrals_withdrawn("
            "%s, %s, make_interval(secs => %s))",
            [acting.staff_id, acting.membership_id, referrals.STILL_LISTED.total_seconds()],
        )
        return [Withdrawn(*row) for row in cursor.fetchall()]


def _decisions(
    acting: Acting, of_team: Sequence[OfTeam], waiting: Sequence[Waiting]
) -> dict[UUID, Decision]:
    """What the rule says of everybody in the list, as of one moment."""
    residents = list(
        dict.fromkeys([*(each.resident for each in of_team), *(each.resident for each in waiting)])
    )
    if not residents:
        return {}
    return dict(zip(residents, gate.consider_many(acting, residents), strict=True))


def _read_notices(
    acting: Acting,
    waiting: Sequence[Waiting],
    decisions: Mapping[UUID, Decision],
    *,
    request_id: str,
) -> list[NoticeShown]:
    shown = [each for each in waiting if each.may_be_shown(decisions[each.resident])]
    if not shown:
        return []
    facts = {each.resident: decisions[each.resident].facts for each in shown}
    epochs = {str(resident): each.resident_epoch for resident, each in facts.items()}
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.read_notices(%s, %s, %s::uuid[], %s::jsonb, %s, %s::uuid)::text",
            [
                acting.staff_id,
                acting.membership_id,
                [each.notice for each in shown],
                json.dumps(epochs),
                facts[shown[0].resident].rules_epoch,
                request_id,
            ],
        )
        (answer,) = cursor.fetchone()
    return [_shown(raw) for raw in json.loads(answer)]


def _shown(raw: Mapping[str, Any]) -> NoticeShown:
    return Redaction(protected=is_protected(raw["protection"])).of(
        NoticeShown(
            id=UUID(raw["id"]),
            kind=NoticeKind(raw["kind"]),
            resident=raw["resident"],
            happened=datetime.fromisoformat(raw["happened"]),
            made=datetime.fromisoformat(raw["made"]),
            source=raw["source"],
            source_kind=raw["source_kind"],
            seen=raw["seen"],
        )
    )
