"""What would lawfully open a record for a reader of some organisation, in words for its staff."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from organisations.models import OrganisationKind


def ways_in(organisation_kind: str) -> tuple[str, ...]:
    """The care relationships that such an organisation's own systems would send.

    Periods are those of ``settings.RELATIONSHIP_PERIODS`` (docs/adr/0006). An organisation that
    reads no records has none.
    """
    periods = settings.RELATIONSHIP_PERIODS
    discharged, attended = _days(periods["after_discharge"]), _days(periods["after_attendance"])
    coming, been = _days(periods["before_appointment"]), _days(periods["after_appointment"])
    contacted = _days(periods["out_of_hours"])
    match organisation_kind:
        case OrganisationKind.GP_PRACTICE:
            return ("The person is registered with your practice, for good or for a time.",)
        case OrganisationKind.NHS_TRUST:
            return (
                f"The person is on your ward, or was discharged from it in the last {discharged}.",
                f"The person attended your emergency department in the last {attended}.",
                f"The person has an appointment with your team in the next {coming}.",
                f"The person had an appointment with your team in the last {been}.",
                "The person is on your team's caseload, or has an open referral to it.",
            )
        case OrganisationKind.ADULT_SOCIAL_CARE:
            return (
                "The person has an open adult social care service with your team.",
                "A worker of your team is allocated to the person.",
                "The person has an open referral to your team.",
                "A hospital has referred the person to your team for when they leave.",
            )
        case OrganisationKind.OUT_OF_HOURS:
            return (f"The person contacted your service in the last {contacted}.",)
        case _:
            return ()


def _days(period: timedelta) -> str:
    return "day" if period.days == 1 else f"{period.days} days"
