"""Whether the portal is alive, and whether it can work. For probes: no one's data, no versions."""

from __future__ import annotations

from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe

from access.doors import public


@public
@require_safe
def live(_request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


@public
@require_safe
@transaction.non_atomic_requests
def ready(_request: HttpRequest) -> JsonResponse:
    """The database answers, and the walls stand: this login bypasses nothing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "select not rolbypassrls and not rolsuper, "
                "(select relforcerowsecurity from pg_class where relname = 'records_entry') "
                "from pg_roles where rolname = current_user"
            )
            walled, forced = cursor.fetchone()
    except DatabaseError:
        return JsonResponse({"status": "the database does not answer"}, status=503)
    if not (walled and forced):
        return JsonResponse({"status": "the walls do not stand"}, status=503)
    return JsonResponse({"status": "ready"})


urlpatterns = [
    path("health/live", live, name="health-live"),
    path("health/ready", ready, name="health-ready"),
]
