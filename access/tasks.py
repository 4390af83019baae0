"""Nudges of alerts. The rows are the jobs: losing one of these costs seconds, never a notice."""

from __future__ import annotations

from celery import shared_task

from access import (
    alerts,
    detecting,
    disclosure_notices,
    effect_previews,
    escalating,
    failed_proofs,
    first_sign_in,
    fishing,
    samples,
)
from organisations import recertifying, reminding


@shared_task(name="access.tasks.notify")  # type: ignore[untyped-decorator]  # Celery has no types
def notify(alert_id: int) -> None:
    """Tell the privacy officers of one alert, unless they have been told."""
    alerts.notify(alert_id)


@shared_task(name="access.tasks.sweep_alerts")  # type: ignore[untyped-decorator]  # likewise
def sweep_alerts() -> None:
    """Tell of whatever was never nudged, or could not be sent."""
    for alert_id in alerts.alerts_to_notify():
        alerts.notify(alert_id)


@shared_task(name="access.tasks.notify_of_disclosure")  # type: ignore[untyped-decorator]  # likewise
def notify_of_disclosure(disclosure_id: int) -> None:
    """Tell the other officers that a disclosure waits for one of them, unless they were told."""
    disclosure_notices.notify(disclosure_id)


@shared_task(name="access.tasks.sweep_disclosures")  # type: ignore[untyped-decorator]  # likewise
def sweep_disclosures() -> None:
    """Tell of the disclosures that nobody was told of."""
    for disclosure_id in disclosure_notices.to_send():
        disclosure_notices.notify(disclosure_id)


@shared_task(name="access.tasks.send_invitation")  # type: ignore[untyped-decorator]  # likewise
def send_invitation(invitation_id: int) -> None:
    """Send a link for a first sign-in, unless it was sent."""
    first_sign_in.send(invitation_id)


@shared_task(name="access.tasks.sweep_invitations")  # type: ignore[untyped-decorator]  # likewise
def sweep_invitations() -> None:
    """Send the links that were never nudged, or could not be sent."""
    for invitation_id in first_sign_in.to_send():
        first_sign_in.send(invitation_id)


@shared_task(name="access.tasks.draw_samples")  # type: ignore[untyped-decorator]  # likewise
def draw_samples() -> None:
    """Draw for review from the days that are over."""
    samples.draw_due()


@shared_task(name="access.tasks.look_for_fishing")  # type: ignore[untyped-decorator]  # likewise
def look_for_fishing() -> None:
    """Raise alerts for searching that is to be reviewed, and tell of them."""
    for alert_id in fishing.look():
        alerts.notify(alert_id)


@shared_task(name="access.tasks.preview_draft")  # type: ignore[untyped-decorator]  # likewise
def preview_draft(proposal_id: int) -> None:
    """Compute what a drafted change of the registry would have changed, unless it is there."""
    effect_previews.compute(proposal_id)


@shared_task(name="access.tasks.sweep_drafts")  # type: ignore[untyped-decorator]  # likewise
def sweep_drafts() -> None:
    """Compute the effects that nobody was nudged for, and begin roles whose day has come."""
    effect_previews.begin_due()
    for proposal_id in effect_previews.wanting_effect():
        effect_previews.compute(proposal_id)


@shared_task(name="access.tasks.sweep_staff")  # type: ignore[untyped-decorator]  # likewise
def sweep_staff() -> None:
    """End the roles that nobody confirmed in time, and stop the accounts that nobody uses."""
    recertifying.sweep()


@shared_task(name="access.tasks.remind")  # type: ignore[untyped-decorator]  # likewise
def remind() -> None:
    """Remind administrators of roles to confirm, and of agreements to review."""
    reminding.remind()


@shared_task(name="access.tasks.detect")  # type: ignore[untyped-decorator]  # likewise
def detect() -> None:
    """Judge new looks, and tell of those that are cases."""
    for alert_id in detecting.look():
        alerts.notify(alert_id)


@shared_task(name="access.tasks.escalate")  # type: ignore[untyped-decorator]  # likewise
def escalate() -> None:
    """Hand up the cases that have waited too long."""
    escalating.escalate()


@shared_task(name="access.tasks.tell_of_proofs")  # type: ignore[untyped-decorator]  # likewise
def tell_of_proofs() -> None:
    """Tell of proofs that failed, and once more of those that are late."""
    failed_proofs.tell()
