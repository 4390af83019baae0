"""What the officers' pages of lawful disclosures say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from access.acting import Acting
from access.disclosures import DisclosureSeen, Recipient, Standing
from identity.presenters import PersonShown, person
from identity.selectors import ResidentSeen
from ui.formatting import clinical_time, prose_date

#: A standing's word, and its colour among the design system's tags.
WORDS: dict[Standing, tuple[str, str]] = {
    Standing.WAITS: ("Waits for a second officer", "yellow"),
    Standing.ON_CALL: ("Open, to be confirmed", "orange"),
    Standing.IN_FORCE: ("In force", "green"),
    Standing.LAPSED: ("Not confirmed in time", "grey"),
    Standing.EXPIRED: ("Over", "grey"),
    Standing.ENDED: ("Ended", "grey"),
}
#: In these it can be ended.
_GOES_ON = {Standing.WAITS, Standing.ON_CALL, Standing.IN_FORCE}
#: In these a second officer is asked.
_ASKS = {Standing.WAITS, Standing.ON_CALL}


@dataclass(frozen=True, slots=True)
class DisclosureLine:
    """One disclosure in the list."""

    id: UUID
    reference: str
    standing: str
    colour: str
    resident: str
    ground: str
    recipients: str
    until: str


@dataclass(frozen=True, slots=True)
class DisclosurePage:
    """One disclosure in full, and what this officer may do with it.

    ``may_confirm`` is whether they may be the second officer; ``own`` whether they are the first,
    ``named`` whether it is disclosed to them.
    """

    line: DisclosureLine
    person: PersonShown | None
    rows: tuple[tuple[str, str], ...]
    recipients: tuple[str, ...]
    categories: tuple[str, ...]
    waits: bool
    confirm_by: datetime | None
    may_confirm: bool
    may_end: bool
    own: bool
    named: bool


def line(
    seen: DisclosureSeen, people: Mapping[int, ResidentSeen], *, at: datetime
) -> DisclosureLine:
    """A disclosure as of a moment. A resident whom the gate does not show is not named."""
    word, colour = WORDS[seen.standing(at)]
    who = people.get(seen.resident)
    return DisclosureLine(
        id=seen.id,
        reference=seen.reference,
        standing=word,
        colour=colour,
        resident=person(who).name if who else "Not shown",
        ground=seen.ground.label,
        recipients=", ".join(one.name for one in seen.recipients),
        until=_last_day(seen.valid_until),
    )


def in_full(
    seen: DisclosureSeen, people: Mapping[int, ResidentSeen], *, officer: Acting, at: datetime
) -> DisclosurePage:
    """A disclosure with everything that was said of it."""
    standing = seen.standing(at)
    who = people.get(seen.resident)
    own = seen.proposed_by_staff == officer.staff_id
    named = any(one.staff == officer.staff_id for one in seen.recipients)
    return DisclosurePage(
        line=line(seen, people, at=at),
        person=person(who) if who else None,
        rows=tuple(_rows(seen)),
        recipients=tuple(job(one) for one in seen.recipients),
        categories=tuple(category.label for category in seen.categories),
        waits=standing in _ASKS,
        confirm_by=seen.confirm_by if standing is Standing.ON_CALL else None,
        may_confirm=standing in _ASKS and not own and not named,
        may_end=standing in _GOES_ON,
        own=own,
        named=named,
    )


def job(recipient: Recipient) -> str:
    """Who a recipient is: name, role and team."""
    return ", ".join(part for part in (recipient.name, recipient.role, recipient.team) if part)


def _rows(seen: DisclosureSeen) -> list[tuple[str, str]]:
    rows = [
        ("Legal ground", seen.ground.label),
        ("In the officer’s words", seen.words),
        ("Last day", _last_day(seen.valid_until)),
        ("Proposed", f"{seen.proposed_by}, {clinical_time(seen.valid_from)}"),
    ]
    if seen.confirm_by is not None:
        rows.append(("Opened out of hours, to be confirmed by", clinical_time(seen.confirm_by)))
    if seen.confirmed_at is not None:
        rows.append(("Confirmed", f"{seen.confirmed_by}, {clinical_time(seen.confirmed_at)}"))
    if seen.ended_at is not None:
        rows.append(("Ended", f"{seen.ended_by}, {clinical_time(seen.ended_at)}"))
        rows.append(("Why it ended", seen.ended_words))
    return rows


def _last_day(until: datetime) -> str:
    """The last day that a moment ends, which itself is the next day's first."""
    return prose_date(until - timedelta(microseconds=1))
