"""What runs in the background: in which queue, and how often.

The database row is the job, and each of these looks for such rows: what was lost on the way to a
worker is found by the next sweep.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery.schedules import crontab

#: What somebody waits for has a queue and workers of its own (launcher/demo.py,
#: docker-compose.yml), so that no load, however long, delays it. A worker that is told no queue
#: serves both.
ORDINARY_QUEUE, URGENT_QUEUE = "ordinary", "urgent"

_URGENT = (
    "access.tasks.notify",
    "access.tasks.sweep_alerts",
    "access.tasks.notify_of_disclosure",
    "access.tasks.sweep_disclosures",
    "access.tasks.remind",
    "access.tasks.send_invitation",
    "access.tasks.sweep_invitations",
    "access.tasks.look_for_fishing",
    # It sends notices, which the worker of this queue alone can.
    "access.tasks.detect",
    "access.tasks.escalate",
    "access.tasks.tell_of_proofs",
    "notifications.tasks.tell_teams",
    "records.tasks.prove",
    "records.tasks.sweep_probes",
    "records.tasks.prove_canaries",
    "records.tasks.tell_of_report",
    "records.tasks.sweep_reports",
)
#: Every other task goes to the ordinary queue.
ROUTES = {task: {"queue": URGENT_QUEUE} for task in _URGENT}


def _every(task: str, **time: float) -> dict[str, Any]:
    """A sweep; what no worker took before the next one came is not worth doing any more."""
    again = timedelta(**time)
    return {"task": task, "schedule": again, "options": {"expires": again.total_seconds()}}


def _nightly(task: str, *, hour: int, minute: int) -> dict[str, Any]:
    """A long task, begun within four hours of its time or not that night."""
    return {
        "task": task,
        "schedule": crontab(hour=hour, minute=minute),
        "options": {"expires": timedelta(hours=4).total_seconds()},
    }


SCHEDULE = {
    "sweep-subject-access": _every("subject_access.tasks.sweep", minutes=1),
    "sweep-batches": _every("feeds.tasks.sweep", seconds=30),
    "delete-old-bytes": _every("feeds.tasks.delete_old_bytes", hours=1),
    # At night: the one counts every entry, the other writes files of raw bytes anew.
    "list-due": _nightly("keeping.tasks.list_due", hour=2, minute=10),
    "destroy-confirmed": _nightly("keeping.tasks.destroy_confirmed", hour=3, minute=10),
    "make-notices": _every("notifications.tasks.make_notices", seconds=30),
    "tell-teams": _every("notifications.tasks.tell_teams", minutes=1),
    "sweep-questions": _every("identity.tasks.sweep_questions", seconds=15),
    "trace": _every("identity.tasks.trace", seconds=30),
    "want-retraces": _every("identity.tasks.want_retraces", hours=1),
    "sweep-disclosures": _every("access.tasks.sweep_disclosures", seconds=15),
    "remind-administrators": _every("access.tasks.remind", hours=1),
    "sweep-invitations": _every("access.tasks.sweep_invitations", minutes=1),
    "sweep-staff": _every("access.tasks.sweep_staff", hours=1),
    "sweep-registry-drafts": _every("access.tasks.sweep_drafts", minutes=1),
    "sweep-reports": _every("records.tasks.sweep_reports", minutes=1),
    # A privacy officer hears within a minute, whatever was lost.
    "sweep-alerts": _every("access.tasks.sweep_alerts", seconds=15),
    "look-for-fishing": _every("access.tasks.look_for_fishing", minutes=1),
    "tell-of-proofs": _every("access.tasks.tell_of_proofs", minutes=1),
    "escalate": _every("access.tasks.escalate", hours=1),
    "detect": _every("access.tasks.detect", minutes=5),
    # What the adviser waits for, whatever was lost.
    "sweep-probes": _every("records.tasks.sweep_probes", seconds=15),
    "prove-canaries": _every("records.tasks.prove_canaries", minutes=5),
    # It adds at night, and whatever was asked about since the evening not again.
    "prove-all-in-force": _every("records.tasks.want_all_in_force", hours=1),
    "sweep-nightly-probes": _every("records.tasks.sweep_nightly_probes", minutes=1),
    # A day is drawn from once it is over; asking again costs one statement.
    "draw-samples": _every("access.tasks.draw_samples", hours=1),
    # Letters go out once a day; what is owed one is looked at soon after, and then now and again.
    "make-letters": _every("consent.tasks.make_letters", minutes=1),
    "reconcile-choices": _every("consent.tasks.reconcile_choices", hours=1),
    # A draft of a choice ends within the hour after its time.
    "sweep-drafts": _every("consent.tasks.sweep_drafts", hours=1),
}
