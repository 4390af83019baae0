"""Signing in through another organisation's OpenID provider, and linking an account to it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import own_roles, second_factor, sessions
from access.doors import kept_by, needs, public
from access.forms_providers import LinkForm
from access.providers import answers, linking, still_them, under_way
from access.providers import sessions as of_providers
from access.providers.answers import NotAccepted, SaidToBe
from access.providers.client import Client, Unavailable
from access.providers.clients import client
from access.providers.under_way import UnderWay
from access.requests import ActingRequest, AnyRequest, SignedInRequest
from access.second_factor import By
from access.views import page_to_go_to
from organisations.activities import Activity
from organisations.models import Membership, StaffMember
from organisations.selectors import memberships_in_force
from organisations.views import audit_reading
from ui.views import not_found

_log = logging.getLogger(__name__)

#: Where in the session stands whom a provider named and nobody here is: issuer, subject, when.
UNLINKED = "unlinked"
LINK_TRIES = 5
#: What a refusal is answered with; 403 for the others.
_STATUS = {
    "not-now": HTTPStatus.SERVICE_UNAVAILABLE,
    "state": HTTPStatus.BAD_REQUEST,
    "code": HTTPStatus.BAD_REQUEST,
}


@public
@never_cache
@transaction.non_atomic_requests
@require_safe
def sign_in_by(request: AnyRequest, provider: str) -> HttpResponse:
    """On to the provider. Whoever is signed in by it goes there to show that it is still them."""
    asked = _client(provider)
    confirming = "again" in request.GET and request.user.is_authenticated
    if request.user.is_authenticated and not confirming:
        return redirect("home")
    way = under_way.set_out(
        request, provider=provider, onward=page_to_go_to(request), confirming=confirming
    )
    try:
        address = asked.address(
            back=_back(request, provider),
            state=way.state,
            nonce=way.nonce,
            verifier=way.verifier,
            again=confirming or sessions.ASK_AGAIN in request.session,
        )
    except Unavailable:
        return _refused(request, asked, "not-now")
    return redirect(address)


@public
@never_cache
@transaction.non_atomic_requests
@require_safe
def come_back(request: AnyRequest, provider: str) -> HttpResponse:
    """Back from the provider: in, or a page that says what to do."""
    asked = _client(provider)
    way = under_way.come_back(request, provider=provider, state=request.GET.get("state", ""))
    by_itself = request.GET.get("iss", asked.provider.issuer)  # RFC 9207, where it is sent
    if way is None or by_itself != asked.provider.issuer:
        return _refused(request, asked, "state")
    if "error" in request.GET:
        # Its word is one of the standard's or its own: which of them, is the operator's.
        _log.info("The provider %s sent somebody back without a code.", provider)
        return _refused(request, asked, "cancelled")
    try:
        said, claims, told = _ask_who(request, asked, way)
        if way.confirming:
            return _confirmed(request, said, way)
        return _let_in(request, asked, said, answers.selected_role(claims, told), way)
    except Unavailable:
        return _refused(request, asked, "not-now")
    except NotAccepted as why:
        return _refused(request, asked, why.reason)


def _ask_who(
    request: AnyRequest, asked: Client, way: UnderWay
) -> tuple[SaidToBe, Mapping[str, Any], Mapping[str, Any]]:
    """Who came back, the claims of the ID token, and what the provider says of them besides."""
    tokens = asked.exchange(
        request.GET.get("code", ""), back=_back(request, way.provider), verifier=way.verifier
    )
    header, claims = asked.claims_of(tokens.id_token)
    said = answers.said_to_be(
        asked.provider, header, claims, nonce=way.nonce, access_token=tokens.access_token
    )
    wanted = asked.provider.selects_role and not way.confirming
    told = asked.user_info(tokens.access_token, subject=said.subject) if wanted else {}
    return said, claims, told


def _let_in(
    request: AnyRequest,
    asked: Client,
    said: SaidToBe,
    role: answers.SelectedRole | None,
    way: UnderWay,
) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")  # in another window, meanwhile
    staff = linking.account_of(said)
    if staff is None:
        request.session[UNLINKED] = {
            "provider": way.provider,
            "issuer": said.issuer,
            "subject": said.subject,
            "at": int(time.time()),
            "tries": 0,
        }
        return redirect("link-sign-in")
    if not staff.is_active:
        return _refused(request, asked, "suspended", staff)
    held = memberships_in_force(staff)
    if asked.provider.selects_role:
        held = [each for each in held if role is not None and role.is_of(each)]
        if not held:
            return _refused(request, asked, "no-role", staff)
    if not said.two_factors and second_factor.required_of(staff):
        return _refused(request, asked, "one-factor", staff)
    _begin(request, staff, said, held if asked.provider.selects_role else None, way)
    return redirect(way.next)


@transaction.atomic
def _begin(
    request: AnyRequest,
    staff: StaffMember,
    said: SaidToBe,
    only: list[Membership] | None,
    way: UnderWay,
) -> None:
    sessions.begin(
        request,
        staff,
        by=By.PROVIDER,
        request_id=request.request_id,
        said={"provider": way.provider, "assurance": said.assurance},
    )
    try:
        of_providers.begun(request, staff, said)
    except NotAccepted:
        request.session.flush()
        raise
    if only is not None:
        own_roles.limit(request, only)


def _confirmed(request: AnyRequest, said: SaidToBe, way: UnderWay) -> HttpResponse:
    """Still them: the very subject by whom this session was begun, and nobody else."""
    begun = of_providers.of(request)
    if begun is None or (begun.issuer, begun.subject) != (said.issuer, said.subject):
        raise NotAccepted("somebody-else")
    still_them.note(request)
    return redirect(way.next)


@public
@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link_sign_in(request: AnyRequest) -> HttpResponse:
    """Whom a provider named, and nobody here is: an administrator's code links them."""
    noted: dict[str, Any] = request.session.get(UNLINKED) or {}
    provider = settings.SIGN_IN_PROVIDERS.get(noted.get("provider", ""))
    young = 0 <= time.time() - noted.get("at", 0) <= under_way.MINUTES * 60
    if provider is None or not young or request.user.is_authenticated:
        request.session.pop(UNLINKED, None)
        return redirect("sign-in")
    form = LinkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        linked = linking.use_code(
            form.cleaned_data["code"],
            issuer=noted["issuer"],
            subject=noted["subject"],
            request_id=request.request_id,
        )
        if linked:
            del request.session[UNLINKED]
            return redirect("sign-in-by", provider.code)
        sessions.refused_by_provider(
            "wrong-code", provider=provider.code, staff=None, request_id=request.request_id
        )
        if noted["tries"] + 1 >= LINK_TRIES:
            del request.session[UNLINKED]
            return redirect("sign-in")
        request.session[UNLINKED] = {**noted, "tries": noted["tries"] + 1}
        form.add_error("code", "Check the code. It works once, for three days")
    return render(request, "access/link_sign_in.jinja", {"form": form, "provider": provider})


def logout_told(request: HttpRequest) -> HttpResponse | None:
    """Let a provider in that says by a signed token, never used before, whose session has ended."""
    match = request.resolver_match
    asked = client(match.kwargs["provider"]) if match else None
    if asked is None or request.method != "POST":
        return HttpResponse(status=HTTPStatus.NOT_FOUND if asked is None else 405)
    try:
        _, claims = asked.claims_of(request.POST.get("logout_token", ""))
        request.ended = answers.ended(  # type: ignore[attr-defined]  # read by the view
            asked.provider, claims, now=time.time()
        )
    except NotAccepted:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    except Unavailable:
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)
    return None


@kept_by(logout_told)
@csrf_exempt
@never_cache
@transaction.non_atomic_requests
@require_POST
def logout(request: AnyRequest, provider: str) -> HttpResponse:
    """Back-channel logout: the session ends at once, whatever its page is doing."""
    what: answers.Ended = request.ended  # type: ignore[attr-defined]  # set by the keeper
    try:
        count = of_providers.end(what, request_id=request.request_id)
    except NotAccepted:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    _log.info("The provider %s ended %d sessions.", provider, count)
    return HttpResponse(status=HTTPStatus.OK)


@needs(Activity.MANAGE_REGISTRY, Activity.MANAGE_ORGANISATION)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def provider_links(request: ActingRequest, person: UUID) -> HttpResponse:
    """By which providers somebody signs in, for their administrator: make a code, take one off."""
    whose = StaffMember.objects.filter(public_id=person).first()
    if whose is None or not settings.SIGN_IN_PROVIDERS:
        raise Http404
    code, outcome = "", ""
    if request.method == "POST" and "unlink" in request.POST:
        provider = settings.SIGN_IN_PROVIDERS.get(request.POST["unlink"])
        if provider is not None:
            outcome = linking.unlink(
                request.acting, person, issuer=provider.issuer, request_id=request.request_id
            )
        if provider is not None and outcome == "unlinked":
            of_providers.end_of(whose, issuer=provider.issuer, request_id=request.request_id)
    elif request.method == "POST":
        outcome, code = linking.make_code(request.acting, person, request_id=request.request_id)
    else:
        outcome = linking.may_link(request.acting, whose)
    if outcome == "not-allowed":
        return not_found(request, Http404())  # answered, not raised: its event stays
    audit_reading(request, "providers", id=whose.pk)
    issuers = linking.issuers_of(whose)
    context = {
        "whose": whose,
        "code": code,
        "refusal": linking.REFUSALS.get(outcome, ""),
        "linked": [each for each in settings.SIGN_IN_PROVIDERS.values() if each.issuer in issuers],
        "providers": settings.SIGN_IN_PROVIDERS.values(),
        "days": linking.CODE_LIFE.days,
    }
    return render(request, "access/provider_links.jinja", context)


def ask_again(request: SignedInRequest) -> HttpResponse | None:
    """Where somebody shows that it is still them, if they signed in by what no form can ask for."""
    by = sessions.signed_in_by(request)
    if not by.shown_elsewhere or still_them.lately(request):
        return None
    if by is By.PASSKEY:
        return redirect(f"{reverse('sign-in-passkey')}?{urlencode({'next': request.path})}")
    begun = of_providers.of(request)
    issuer = begun.issuer if begun else ""
    found = [each for each in settings.SIGN_IN_PROVIDERS.values() if each.issuer == issuer]
    context = {"provider": found[0] if found else None, "next": request.path}
    return render(request, "access/still_them.jinja", context)


def _client(code: str) -> Client:
    found = client(code)
    if found is None:
        raise Http404
    return found


def _back(request: HttpRequest, provider: str) -> str:
    path = reverse("sign-in-answer", args=[provider])
    return f"{settings.ORIGIN}{path}" if settings.ORIGIN else request.build_absolute_uri(path)


def _refused(
    request: AnyRequest, asked: Client, reason: str, staff: StaffMember | None = None
) -> HttpResponse:
    """The page that says why somebody is not in, and what to do; with its event."""
    sessions.refused_by_provider(
        reason, provider=asked.provider.code, staff=staff, request_id=request.request_id
    )
    context = {
        "reason": reason,
        "provider": asked.provider,
        "others": [each for each in settings.SIGN_IN_PROVIDERS.values() if each != asked.provider],
    }
    status = _STATUS.get(reason, HTTPStatus.FORBIDDEN)
    return render(request, "access/not_signed_in.jinja", context, status=status)
