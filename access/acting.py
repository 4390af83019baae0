"""The acting membership: what a staff member is for the length of a sitting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from organisations.activities import Activity
from organisations.models import Membership

if TYPE_CHECKING:  # nothing of a decision is asked here
    from access.decision import Decision


@dataclass(frozen=True, slots=True)
class Acting:
    """Who asks, as what, and for whom, as read from the database for this very request.

    ``sitting`` is the id of the time between choosing what to act as and ceasing to: broken glass
    ends with it. ``None`` outside a session; nothing of a sitting holds there. ``considered`` is
    what the gate has decided for this request about residents whose records it did not open: it
    is asked once more before the response leaves (:func:`access.gate.still_as_decided`).
    """

    staff_id: int
    staff_name: str
    membership_id: int
    organisation_id: int
    organisation_name: str
    organisation_kind: str
    team_name: str
    role_code: str
    role_name: str
    activities: frozenset[str]
    sitting: UUID | None = None
    considered: dict[UUID, Decision] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, membership: Membership, *, sitting: UUID | None = None) -> Acting:
        """From a membership read with its staff member, organisation, team and role."""
        return cls(
            staff_id=membership.staff_id,
            staff_name=membership.staff.name,
            membership_id=membership.pk,
            organisation_id=membership.organisation_id,
            organisation_name=membership.organisation.name,
            organisation_kind=membership.organisation.kind,
            team_name=membership.team.name if membership.team else "",
            role_code=membership.role.code,
            role_name=membership.role.name,
            activities=frozenset(membership.role.activities),
            sitting=sitting,
        )

    def may(self, activity: Activity) -> bool:
        """Whether the role has an activity."""
        return activity in self.activities

    def for_audit(self) -> dict[str, Any]:
        """The fields of an audit event that say who acted."""
        return {
            "staff_id": self.staff_id,
            "staff_name": self.staff_name,
            "membership_id": self.membership_id,
            "role_code": self.role_code,
            "organisation_id": self.organisation_id,
            "organisation_name": self.organisation_name,
        }
