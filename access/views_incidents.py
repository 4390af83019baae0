"""The privacy officers' pages of choices that did not hold."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from access.doors import needs
from access.forms import CloseIncidentForm
from access.incidents import Incident, close_incident, read_incidents
from access.requests import ActingRequest
from organisations.activities import Activity
from ui.views import not_allowed, not_found

#: What a way of looking is called on the page; a door is called by its name.
_WAYS = {
    "decision": "the decision",
    "keys-in-force": "the database's list of what may be read",
    "row-security": "the rows of the database",
    "selectors": "what pages ask the database for",
}


@needs(Activity.REVIEW_ALERTS)
@require_safe
def incidents(request: ActingRequest) -> HttpResponse:
    """Choices that were found not to hold: those that are open, and the last closed ones."""
    found = read_incidents(request.acting, request_id=request.request_id)
    if found is None:
        return not_allowed(request, PermissionError())
    context = {
        "open": [(each, _where(each)) for each in found if each.closed is None],
        "closed": [each for each in found if each.closed is not None],
    }
    return render(request, "access/incidents.jinja", context)


@needs(Activity.REVIEW_ALERTS)
@require_http_methods(["GET", "HEAD", "POST"])
def incident(request: ActingRequest, incident: UUID) -> HttpResponse:
    """One incident, and closing it once its choice was found to hold again."""
    form = CloseIncidentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = close_incident(
            request.acting,
            incident,
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        if answer in {"closed", "closed-already"}:
            return redirect("incidents")
        if answer == "not-proven":
            form.add_error("words", "It was not yet found to hold again. Close it after that")
    found = read_incidents(request.acting, request_id=request.request_id) or []
    one = next((each for each in found if each.id == incident), None)
    if one is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    context = {"form": form, "incident": one, "where": _where(one)}
    return render(request, "access/incident.jinja", context)


def _where(incident: Incident) -> str:
    """Where something was shown, in words."""
    return ", ".join(
        _WAYS.get(way, f"the page “{way.removeprefix('door:')}”") for way in sorted(incident.shown)
    )
