"""Joiners, movers and leavers: what the administrators' pages ask of the database.

Each is a function of the gate (organisations/sql/0003_staff.sql), which asks again whether it is
theirs to do. An answer is a word: what was done, or why nothing was.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from django.db import connection, transaction

ADDED, PROPOSED = "added", "proposed"

#: Why nothing was done, in words for whoever asked. ``not-allowed`` is a page of its own.
REFUSALS = {
    "own": "You cannot change your own roles. Ask another administrator",
    "why-missing": "Say why, in 3 characters or more",
    "username-missing": "Enter a user name",
    "name-missing": "Enter the full name of somebody who has no account yet",
    "role-not-known": "Select a role that is in force",
    "role-not-yours": "Only an administrator of the registry can give this role",
    "organisation-not-in-force": "This organisation is not in force, or is a group",
    "team-not-known": "Select a team of this organisation that is in force",
    "suspended": "This account cannot sign in. Let it sign in again first",
    "dates": "The last day must be after the first day, and not in the past",
    "replaced-not-known": "The role to be replaced has ended",
    "held-already": "They hold this role in this team already",
    "not-allowed": "You do not administer this organisation",
}


class Administrator(Protocol):
    """Whoever acts: :class:`access.acting.Acting` is one."""

    @property
    def staff_id(self) -> int:
        """Who."""

    @property
    def membership_id(self) -> int:
        """As what."""


@dataclass(frozen=True, slots=True)
class Joiner:
    """Who is to have which role, where in the organisation, from when until when.

    ``name`` and ``email`` are for somebody whose user name is new; ``replaces`` is the membership
    that a mover leaves.
    """

    username: str
    role: str
    name: str = ""
    email: str = ""
    team: int | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What came of it: ``added`` with the membership, ``proposed`` with its id, or why not."""

    outcome: str
    membership: int | None = None
    proposal: UUID | None = None

    @property
    def done(self) -> bool:
        """Whether the role is given or proposed."""
        return self.outcome in {ADDED, PROPOSED}


def give_role(
    acting: Administrator, organisation: UUID, joiner: Joiner, *, why: str, request_id: str
) -> Given:
    """Give somebody a role at an organisation; a privileged one is proposed to a second person."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select outcome, membership, proposal from organisations.give_role("
            "%s, %s, %s::uuid, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                acting.staff_id,
                acting.membership_id,
                request_id,
                why,
                organisation,
                joiner.username,
                joiner.name,
                joiner.email,
                joiner.role,
                joiner.team,
                joiner.valid_from,
                joiner.valid_until,
                joiner.replaces,
            ],
        )
        return Given(*cursor.fetchone())


def what_would_come(
    acting: Administrator,
    organisation: UUID,
    joiners: Collection[Joiner],
    *,
    why: str,
    request_id: str,
) -> list[Given]:
    """What :func:`give_role` would answer of each in turn: it is done, and undone."""
    with transaction.atomic():
        found = [
            give_role(acting, organisation, joiner, why=why, request_id=request_id)
            for joiner in joiners
        ]
        transaction.set_rollback(True)
    return found


def end_roles(
    acting: Administrator, memberships: Collection[int], *, why: str, request_id: str
) -> tuple[str, int]:
    """End memberships at once: ``ended`` and how many, or why not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select outcome, ended"
            " from organisations.end_roles(%s, %s, %s::uuid, %s, %s::bigint[])",
            [acting.staff_id, acting.membership_id, request_id, why, sorted(memberships)],
        )
        outcome, ended = cursor.fetchone()
    return outcome, ended


def confirm(acting: Administrator, proposal: UUID, *, request_id: str) -> str:
    """Confirm as the second person: ``confirmed``, or why not.

    ``own``: proposed by them, or about them; ``over``: settled already, or too old;
    ``not-allowed``; ``not-known``; or what stands against it now (:data:`REFUSALS`).
    """
    return _settle("confirm_proposal", acting, proposal, request_id)


def withdraw(acting: Administrator, proposal: UUID, *, request_id: str) -> str:
    """Withdraw a proposal that waits: ``withdrawn``, ``over``, ``not-allowed`` or ``not-known``."""
    return _settle("withdraw_proposal", acting, proposal, request_id)


def _settle(function: str, acting: Administrator, proposal: UUID, request_id: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            f"select organisations.{function}(%s, %s, %s::uuid, %s)",
            [acting.staff_id, acting.membership_id, request_id, proposal],
        )
        (answer,) = cursor.fetchone()
    return str(answer)
