"""Confirming that roles are still needed, and letting somebody in whose account stopped."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from access.doors import needs
from access.requests import ActingRequest
from organisations import recertifying
from organisations.forms import CertifyForm
from organisations.views import ADMINISTRATORS, audit_reading
from organisations.views_staff import administered
from ui.formatting import prose_date


@needs(*ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def recertify(request: ActingRequest) -> HttpResponse:
    """The roles whose day comes: those that are ticked are still needed."""
    due = recertifying.due(administered(request), reader=request.user.pk)
    theirs = [each for each in due if not each.is_readers]
    form = CertifyForm(request.POST or None)
    form.offer(
        "memberships",
        [(str(each.id), f"{each.name}: {each.role}, {each.place}", _ends(each)) for each in theirs],
    )
    if form.is_bound and form.is_valid():
        chosen = [int(each) for each in form.cleaned_data["memberships"]]
        recertifying.certify(request.acting, chosen, request_id=request.request_id)
        response = redirect("registry-recertify")
        response.status_code = 303
        return response
    audit_reading(request, "recertify", count=len(due))
    context = {"form": form, "due": theirs, "own": [each for each in due if each.is_readers]}
    return render(request, "organisations/recertify.jinja", context)


def _ends(due: recertifying.Due) -> str:
    return f"Ends by itself on {prose_date(due.ends)}"


@needs(*ADMINISTRATORS)
@require_POST
def let_in_again(request: ActingRequest, person: UUID) -> HttpResponse:
    """Somebody whose account stopped by itself may sign in again."""
    answer = recertifying.let_in_again(request.acting, person, request_id=request.request_id)
    if answer == "not-allowed":
        raise Http404
    response = redirect("registry-person", person)
    response.status_code = 303
    return response
