"""Context launch: a host system sends somebody here, to one resident; and who the hosts are."""

from __future__ import annotations

import time
from http import HTTPStatus
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from access import launching, looks, own_roles, sessions
from access.acting import Acting
from access.doors import needs, public, refuse, signed_in
from access.forms_launch import HostForm
from access.glimpses import Outcome, Search, find
from access.launch_hosts import LaunchHost
from access.launching import NotLaunched
from access.requests import ActingRequest, AnyRequest, SignedInRequest
from audit import actions as audit
from audit.models import Action
from identity.presenters import too_often
from identity.selectors import residents
from organisations.activities import Activity
from organisations.models import Organisation
from organisations.presenters_staff import organisation_choices
from organisations.views import audit_reading

_STATUS = {
    "token": HTTPStatus.BAD_REQUEST,
    "late": HTTPStatus.BAD_REQUEST,
    "replayed": HTTPStatus.BAD_REQUEST,
}


@public
@csrf_exempt  # a host's own page sends it; what it shows is its signature
@sensitive_post_parameters("token")
@never_cache
@require_POST
def launch(request: AnyRequest) -> HttpResponse:
    """What a host sent, kept; then on by a redirect, with which the browser says who it is."""
    try:
        kept = launching.keep(
            request.POST.get("token", ""), audience=_ourselves(request), now=time.time()
        )
    except NotLaunched as why:
        return _refused(request, why.reason)
    response = redirect("take-launch", kept)
    response.status_code = 303
    return response


@signed_in
@never_cache
@require_GET
def take_launch(request: SignedInRequest, launch: UUID) -> HttpResponse:
    """The record that was launched, for whom it was launched, at the host's organisation.

    Whatever record was open before is closed first, whether or not this one opens.
    """
    looks.end(request)
    try:
        about = launching.take(launch, request.user)
        acting = _acting_at(request, about.organisation)
        if not (acting.may(Activity.FIND_RESIDENTS) and acting.may(Activity.READ_RECORDS)):
            return refuse(request, "activity-not-in-role")
        found = find(acting, Search(nhs_number=about.nhs_number), request_id=request.request_id)
        if found.outcome in {Outcome.TOO_OFTEN_IN_A_MINUTE, Outcome.TOO_OFTEN_IN_AN_HOUR}:
            return render(request, "identity/too_often.jinja", too_often(found.outcome), status=429)
    except NotLaunched as why:
        return _refused(request, why.reason)
    seen = [each for each in residents(found.residents) if each.birth_date == about.birth_date]
    if len(found.residents) != 1 or len(seen) != 1:
        return _refused(request, "resident")
    looks.begin(request, acting, seen[0].public_id)
    response = redirect("record", seen[0].public_id)
    response.status_code = 303
    return response


def _acting_at(request: SignedInRequest, organisation: int) -> Acting:
    """As what they act at the host's organisation, chosen for them where there is one such role.

    :raises NotLaunched: ``organisation`` if they have none there, ``roles`` if several.
    """
    if request.acting is not None and request.acting.organisation_id == organisation:
        return request.acting
    there = [
        each
        for each in own_roles.in_force(request, request.user)
        if each.organisation_id == organisation
    ]
    if len(there) != 1:
        raise NotLaunched("roles" if there else "organisation")
    try:
        request.acting = sessions.choose(request, there[0], request_id=request.request_id)
    except sessions.SessionOver:
        raise NotLaunched("over") from None
    return request.acting


@needs(Activity.MANAGE_REGISTRY)
@require_http_methods(["GET", "HEAD", "POST"])
def launch_hosts(request: ActingRequest) -> HttpResponse:
    """The host systems; a new one is proposed, and lets nothing in before a second person."""
    places = Organisation.objects.current().exclude(kind="group").order_by("name")
    form = HostForm(request.POST or None)
    form.offer("organisation", organisation_choices(places))
    if form.is_bound and form.is_valid():
        outcome = launching.propose_host(
            request.acting,
            UUID(form.cleaned_data["organisation"]),
            name=form.cleaned_data["name"],
            key_id=form.cleaned_data["key_id"],
            public_key=form.cleaned_data["public_key"],
            request_id=request.request_id,
        )
        if outcome == "proposed":
            response = redirect("launch-hosts")
            response.status_code = 303
            return response
        field = "key_id" if outcome == "key-known" else "organisation"
        form.add_error(field, launching.REFUSALS.get(outcome, "This cannot be proposed"))
    audit_reading(request, "systems")
    hosts = LaunchHost.objects.select_related("organisation", "proposed_by").all()
    return render(request, "access/launch_hosts.jinja", {"form": form, "hosts": hosts})


@needs(Activity.MANAGE_REGISTRY)
@require_http_methods(["GET", "HEAD", "POST"])
def launch_host(request: ActingRequest, host: UUID) -> HttpResponse:
    """One host: a second person confirms it, any one ends it, at once."""
    found = (
        LaunchHost.objects.select_related("organisation", "proposed_by", "confirmed_by", "ended_by")
        .filter(public_id=host)
        .first()
    )
    if found is None:
        raise Http404
    problem = ""
    if request.method == "POST":
        ends = request.POST.get("do") == "end"
        outcome = launching.settle_host(
            request.acting, host, ends=ends, request_id=request.request_id
        )
        if outcome in {"confirmed", "ended"}:
            response = redirect("launch-host", host)
            response.status_code = 303
            return response
        problem = launching.REFUSALS.get(outcome, "This cannot be done")
    audit_reading(request, "system", id=found.pk)
    context = {
        "host": found,
        "problem": problem,
        "is_readers": found.proposed_by_id == request.user.pk,
    }
    return render(request, "access/launch_host.jinja", context)


def _ourselves(request: AnyRequest) -> str:
    return settings.ORIGIN or f"{request.scheme}://{request.get_host()}"


def _refused(request: AnyRequest, reason: str) -> HttpResponse:
    """The page that says why no record opened. Of who is signed in, and then refused, an event."""
    if request.user.is_authenticated:
        who = (
            request.acting.for_audit()
            if request.acting
            else {"staff_id": request.user.pk, "staff_name": getattr(request.user, "name", "")}
        )
        audit.record(
            Action.REFUSAL,
            outcome="refused",
            reason=f"launch-{reason}",
            request=request.request_id,
            **who,
        )
    status = _STATUS.get(reason, HTTPStatus.FORBIDDEN)
    return render(request, "access/not_launched.jinja", {"reason": reason}, status=status)
