"""What the inbox says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from discharge import presenters as of_referrals
from discharge.presenters import ReferralLine
from identity.presenters import PersonShown, person
from identity.selectors import ResidentSeen
from notifications.inbox import Inbox, Withdrawn
from notifications.models import NoticeKind


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One notice: what befell whom, when, and who says so."""

    id: UUID
    what: str
    person: PersonShown
    happened: datetime
    source: str
    seen: bool


@dataclass(frozen=True, slots=True)
class InboxPage:
    """The inbox: referrals that wait for the reader's team, the others, and the notices."""

    waiting: tuple[ReferralLine, ...]
    others: tuple[ReferralLine, ...]
    withdrawn: tuple[Withdrawn, ...]
    notices: tuple[NoticeLine, ...]
    kinds: tuple[tuple[str, str], ...]
    kind: str
    unseen: bool


def kind_asked(text: str) -> str:
    """The kind of notice that an address asks for; empty, which is all, for any other."""
    return text if text in NoticeKind.values else ""


def page(inbox: Inbox, people: Mapping[int, ResidentSeen], *, kind: str, at: datetime) -> InboxPage:
    """The inbox as of a moment. Nobody is in it whom this transaction does not let be named."""
    lines = [
        of_referrals.line(each, people[each.resident], at=at)
        for each in inbox.referrals
        if each.resident in people
    ]
    notices = tuple(
        NoticeLine(
            id=each.id,
            what=str(each.kind.label),
            person=person(people[each.resident]),
            happened=each.happened,
            source=each.source,
            seen=each.seen,
        )
        for each in inbox.notices
        if each.resident in people and kind in ("", each.kind)
    )
    return InboxPage(
        waiting=tuple(line for line in lines if line.waits),
        others=tuple(line for line in lines if not line.waits),
        withdrawn=inbox.withdrawn,
        notices=notices,
        kinds=(("", "Everything"), *((str(k.value), str(k.label)) for k in NoticeKind)),
        kind=kind,
        unseen=any(not line.seen for line in notices),
    )
