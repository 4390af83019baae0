"""Having everybody of a source traced, and watching how far it is. Nobody's details are shown."""

from __future__ import annotations

import logging
from uuid import UUID

from celery.exceptions import CeleryError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from access import bulk_traces, presenters_tracing
from access.doors import needs
from access.forms_resolving import TraceSourceForm
from access.requests import ActingRequest
from identity.tasks import trace
from organisations.activities import Activity
from ui.views import not_allowed

log = logging.getLogger(__name__)


@needs(Activity.TRACE_FEEDS)
@require_safe
def tracing(request: ActingRequest) -> HttpResponse:
    """How far every source is."""
    found = bulk_traces.progress(request.acting, request_id=request.request_id)
    if found is None:
        return not_allowed(request, PermissionError())
    page = presenters_tracing.page(found, at=timezone.now())
    return render(request, "identity/tracing.jinja", {"page": page})


@needs(Activity.TRACE_FEEDS)
@require_http_methods(["GET", "HEAD", "POST"])
def trace_source(request: ActingRequest) -> HttpResponse:
    """Choose the source, and have its people traced."""
    found = bulk_traces.progress(request.acting, request_id=request.request_id)
    if found is None:
        return not_allowed(request, PermissionError())
    form = TraceSourceForm(request.POST or None)
    offered = [(str(one.id), one.name) for one in found.sources if not one.goes_on]
    # None is chosen beforehand: it would be traced by a slip.
    form.offer("source", [("", "Select a source"), *offered])
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "offers": bool(offered)}
        return render(request, "identity/trace_source.jinja", context)
    bulk_traces.want(
        request.acting, UUID(form.cleaned_data["source"]), request_id=request.request_id
    )
    transaction.on_commit(_nudge)
    return redirect("tracing")


def _nudge() -> None:
    """Tell a worker. If the broker does not answer, the timer's next nudge finds the row."""
    try:
        trace.delay()
    except (CeleryError, KombuError, RedisError, OSError) as error:
        log.warning("a bulk trace was not nudged: %s", type(error).__name__)
