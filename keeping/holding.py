"""The holds that stop destruction at an officer's own organisation, and the schedule it has.

With the web's login, through the gate's functions: they ask for the role again, and write the
event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from access.acting import Acting
from access.identity_calls import answer, ask
from keeping.models import HoldReason, PortalKind, Start
from organisations.models import OrganisationKind


@dataclass(frozen=True)
class Hold:
    """A hold that is or was in force here.

    ``identifier`` is the controller's own of the one person it is of; empty where it is of all.
    ``everywhere``: whoever runs Connect Care set it, for every controller. ``ours``: it is in
    force and this organisation's to end.
    """

    id: UUID
    reason: HoldReason
    words: str
    since: datetime
    until: datetime | None
    by: str
    identifier: str
    everywhere: bool
    in_force: bool
    ours: bool


@dataclass(frozen=True)
class Rule:
    """One row of the schedule in force; ``ours`` where it is this controller's own."""

    kind: OrganisationKind
    ours: bool
    starts: Start
    years: int
    child_until: int | None
    because: str
    since: datetime
    by: str


@dataclass(frozen=True)
class PortalRuleSeen:
    """How many months one kind of what the portal itself writes is kept."""

    kind: PortalKind
    months: int
    because: str
    since: datetime
    by: str


@dataclass(frozen=True)
class Schedule:
    """What is in force here: of what sources send (one's own rules first), and of the portal's."""

    rules: list[Rule]
    portal: list[PortalRuleSeen]


def holds(acting: Acting, *, request_id: str) -> list[Hold] | None:
    """The holds, those in force first; ``None`` if they may not see them. It is audited."""
    raw = ask("select keeping.holds(%s, %s, %s::uuid)::text", acting, request_id)
    return None if raw is None else msgspec.convert(raw, list[Hold])


def begin(
    acting: Acting, *, reason: HoldReason, words: str, identifier: str, request_id: str
) -> str:
    """Begin a hold of everything here (no identifier) or of one person: ``begun``, ``not-known``.

    ``not-known`` where nobody here, or more than one, has the identifier.
    """
    return answer(
        "select keeping.begin_hold(%s, %s, %s, %s, %s, %s::uuid)",
        acting,
        reason,
        words,
        identifier,
        request_id,
    )


def end(acting: Acting, hold: UUID, *, request_id: str) -> str:
    """End a hold of one's own organisation: ``ended`` or ``not-known``."""
    return answer("select keeping.end_hold(%s, %s, %s, %s::uuid)", acting, hold, request_id)


def schedule(acting: Acting) -> Schedule | None:
    """The schedule in force here; ``None`` if they may not see it."""
    raw = ask("select keeping.schedule(%s, %s)::text", acting)
    return None if raw is None else msgspec.convert(raw, Schedule)
