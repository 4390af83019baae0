"""Signing in, choosing what to act as, and the start."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from access import half_way, lockout, own_roles, passkeys, second_factor, session_ends, sessions
from access.doors import public, signed_in
from access.forms import ChooseMembershipForm, SignInForm
from access.requests import AnyRequest, SignedInRequest
from access.second_factor import By
from organisations.activities import Activity
from organisations.models import Membership, StaffMember

#: Where each activity's work begins, the first that a role has.
STARTS = (
    # Before finding residents, which privacy officers do only to say whom a disclosure is about.
    (Activity.REVIEW_ALERTS, "alerts"),
    (Activity.RESOLVE_IDENTITY, "identity-questions"),
    (Activity.READ_RECORDS, "my-residents"),
    (Activity.FIND_RESIDENTS, "find-resident"),
    (Activity.MANAGE_REGISTRY, "registry-organisations"),
    (Activity.MANAGE_ORGANISATION, "registry-organisations"),
    (Activity.LOAD_FEEDS, "batches"),
    (Activity.TRACE_FEEDS, "tracing"),
)
#: Why somebody is signed out, where they did not just ask to be.
WHY_SIGNED_OUT = frozenset({"idle", "longest", "changed-user"})


@public
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: AnyRequest) -> HttpResponse:
    """The first page: user name and password."""
    if request.user.is_authenticated:
        return redirect("home")
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        lockout.one_at_a_time(form.cleaned_data["username"])
        staff = authenticate(request, **form.cleaned_data)
        if isinstance(staff, StaffMember):
            return _password_was_right(request, staff)
        sessions.failed(
            form.cleaned_data["username"],
            locked_out=getattr(request, "axes_locked_out", False),
            request_id=request.request_id,
        )
        # The same words whoever it was: they do not tell that a user name exists.
        form.add_error("username", "Check your user name and password")
    context = {
        "form": form,
        "next": page_to_go_to(request),
        "changed": "changed" in request.GET,
        "providers": settings.SIGN_IN_PROVIDERS.values(),
    }
    return render(request, "access/sign_in.jinja", context)


def _password_was_right(request: AnyRequest, staff: StaffMember) -> HttpResponse:
    """In, or on to the second step, or to setting one up."""
    if second_factor.has_app(staff):
        half_way.begin(request, staff, onward=page_to_go_to(request))
        return redirect("sign-in-code")
    if passkeys.has_any(staff):
        half_way.begin(request, staff, onward=page_to_go_to(request))
        return redirect("sign-in-passkey")
    if second_factor.required_of(staff):
        half_way.begin(request, staff, onward=page_to_go_to(request))
        return redirect("add-app")
    sessions.begin(request, staff, by=By.PASSWORD, request_id=request.request_id)
    return redirect(page_to_go_to(request))


@public
@require_POST
def sign_out(request: AnyRequest) -> HttpResponse:
    """Sign out, because somebody asked to, or because the page says that the time is over.

    To somebody whose session has ended already, the same page.
    """
    why = request.POST.get("why", "")
    if request.user.is_authenticated:
        said = why if why in WHY_SIGNED_OUT else ""
        sessions.end(request, acting=request.acting, request_id=request.request_id, why=said)
    match why:
        case "idle" | "longest":
            query = urlencode({"why": why, "next": page_to_go_to(request)})
            return redirect(f"{reverse('signed-out')}?{query}")
        case "changed-user":
            return redirect(f"{reverse('sign-in')}?changed")
        case _:
            return redirect("sign-in")


@public
@require_safe
def signed_out(request: AnyRequest) -> HttpResponse:
    """Where a page goes when its session is over. It shows nothing of anyone."""
    context = {
        "why": request.GET.get("why", ""),
        "next": page_to_go_to(request),
        "idle_minutes": settings.SESSION_IDLE_MINUTES,
        "hours": settings.SESSION_HOURS,
    }
    return render(request, "access/signed_out.jinja", context)


@signed_in
@require_POST
def stay_signed_in(request: SignedInRequest) -> HttpResponse:
    """Somebody is there: the session goes on. Answers the seconds that are left of it."""
    session_ends.note(request, exactly=True)
    left = session_ends.left_of(request)
    return JsonResponse({"idle": left.idle, "longest": left.longest})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def choose_membership(request: SignedInRequest) -> HttpResponse:
    """Choose which of one's memberships to act as; without any, what to do."""
    memberships = {str(each.pk): each for each in own_roles.in_force(request, request.user)}
    form = ChooseMembershipForm(request.POST or None)
    form.offer("membership", [(key, m.role.name, _where(m)) for key, m in memberships.items()])
    if request.method == "POST" and form.is_valid():
        chosen = memberships[form.cleaned_data["membership"]]
        try:
            sessions.choose(request, chosen, request_id=request.request_id)
        except sessions.SessionOver:
            return redirect("sign-in")
        return redirect("home")
    return render(request, "access/choose_membership.jinja", {"form": form, "any": memberships})


@signed_in
@require_GET
def home(request: SignedInRequest) -> HttpResponse:
    """On to where the acting role's work begins."""
    if request.acting is None:
        return redirect("choose-membership")
    for activity, start in STARTS:
        if request.acting.may(activity):
            return redirect(start)
    return render(request, "access/nothing_to_do.jinja")


def _where(membership: Membership) -> str:
    team = membership.team
    name = membership.organisation.name
    return f"{team.name}, {name}" if team and team.name != name else name


def page_to_go_to(request: AnyRequest) -> str:
    """Where to go after signing in: a page of ours, or the start."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else "/"
