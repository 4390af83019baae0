"""Having a link sent to somebody new, by which they sign in for the first time."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from access import first_sign_in
from access.doors import needs
from access.nudges import tell_of_invitation
from access.requests import ActingRequest
from organisations import selectors_staff as selectors
from organisations.forms import InviteForm
from organisations.views import ADMINISTRATORS
from organisations.views_staff import administered


@needs(*ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: ActingRequest, person: UUID) -> HttpResponse:
    """Where the link goes: the work address, which can be put right until somebody signed in."""
    found = selectors.person_there(person, of=administered(request))
    if found is None or not first_sign_in.never_signed_in(found):
        raise Http404
    form = InviteForm(request.POST or None, initial={"email": found.email})
    if form.is_bound and form.is_valid():
        invited = first_sign_in.invite(
            request.acting, person, form.cleaned_data["email"], request_id=request.request_id
        )
        if invited.invitation is not None:
            tell_of_invitation(invited.invitation)
            response = redirect("registry-person", person)
            response.status_code = 303
            return response
        if invited.outcome == "not-allowed":
            raise Http404
        form.add_error("email", first_sign_in.REFUSALS[invited.outcome])
    context = {"form": form, "person": found, "hours": first_sign_in.HOURS}
    return render(request, "organisations/invite.jinja", context)
