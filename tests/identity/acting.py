"""An acting membership without a database."""

from __future__ import annotations

from access.acting import Acting
from organisations.activities import Activity


def acting_with(*activities: Activity) -> Acting:
    """Somebody whose role has these activities."""
    return Acting(
        staff_id=1,
        staff_name="Sam Sample",
        membership_id=2,
        organisation_id=3,
        organisation_name="Lewisham and Greenwich NHS Trust",
        organisation_kind="nhs_trust",
        team_name="",
        role_code="nurse",
        role_name="Nurse",
        activities=frozenset(activities),
    )
