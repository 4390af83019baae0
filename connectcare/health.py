"""Whether the portal is alive, and whether it can work. For probes: no one's data, no versions."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from access.doors import public
from access.incidents import proof_state
from connectcare.mail import NO_SERVER
from feeds.selectors import freshness

#: A sealer looks each second. What waits longer than this is worth somebody's looking.
SEALING_PATIENCE = "2 minutes"
NOT_SEALED = "the audit is not being sealed: see that seal_audit runs"
HELD_UP = "a long transaction keeps events from being sealed: see pg_stat_activity"
PUT_BACK = "put back from a backup: nothing opens until replay_choices has run"
LATE = "a source has sent nothing for longer than it should: see Deliveries"
#: The canaries are asked about every five minutes: three times in a row without is no accident.
CANARY_LATE = timedelta(minutes=15)


@public
@require_safe
def live(_request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


@public
@require_safe
@transaction.non_atomic_requests
def ready(_request: HttpRequest) -> JsonResponse:
    """The database answers, and the walls stand: this login bypasses nothing.

    Without a mail server the record can be read all the same, but nobody is told of alerts; and
    it can while the audit is not being sealed. Both are said beside it.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "select not rolbypassrls and not rolsuper, "
                "(select relforcerowsecurity from pg_class where relname = 'records_entry'), "
                "(select looked_at >= now() - %(patience)s::interval from audit_seal), "
                "(select waiting_since < now() - %(patience)s::interval from audit_seal), "
                "keeping.is_at_home() "
                "from pg_roles where rolname = current_user",
                {"patience": SEALING_PATIENCE},
            )
            walled, forced, sealing, stalled, at_home = cursor.fetchone()
    except DatabaseError:
        return JsonResponse({"status": "the database does not answer"}, status=503)
    if not (walled and forced):
        return JsonResponse({"status": "the walls do not stand"}, status=503)
    if not at_home:
        return JsonResponse({"status": PUT_BACK}, status=503)
    notices = {} if settings.EMAIL_HOST else {"notices": NO_SERVER}
    if not sealing:
        notices["sealing"] = NOT_SEALED
    elif stalled:
        notices["sealing"] = HELD_UP
    return JsonResponse({"status": "ready", **notices})


@public
@require_safe
@transaction.non_atomic_requests
def proof(_request: HttpRequest) -> JsonResponse:
    """Whether choices were found to hold, of late. For whoever is called when something is wrong.

    The portal stays up while it is not: care goes on, and what was found may be one page's.
    """
    try:
        state = proof_state()
    except DatabaseError:
        return JsonResponse({"status": "the database does not answer"}, status=503)
    held = state.canaries_held
    stale = held is None or held < timezone.now() - CANARY_LATE
    wrong = [
        words
        for words, is_so in (
            ("a choice does not hold: see Incidents", state.incidents > 0),
            ("no canary was made: run manage.py make_canaries", state.canaries == 0),
            ("the canaries were not found to hold of late", state.canaries > 0 and stale),
            ("choices wait to be checked", state.late > 0),
        )
        if is_so
    ]
    if wrong:
        return JsonResponse({"status": "not proven", "because": wrong}, status=503)
    return JsonResponse({"status": "proven"})


@public
@require_safe
@transaction.non_atomic_requests
def feeds(_request: HttpRequest) -> JsonResponse:
    """Whether every source has sent something when it should have. How many, and not which.

    The portal stays up while one is late: the record says so where it matters.
    """
    try:
        late = sum(one.late for one in freshness(timezone.now()))
    except DatabaseError:
        return JsonResponse({"status": "the database does not answer"}, status=503)
    if late:
        return JsonResponse({"status": "late", "sources": late, "because": LATE}, status=503)
    return JsonResponse({"status": "fresh"})


urlpatterns = [
    path("health/live", live, name="health-live"),
    path("health/ready", ready, name="health-ready"),
    path("health/proof", proof, name="health-proof"),
    path("health/feeds", feeds, name="health-feeds"),
]
