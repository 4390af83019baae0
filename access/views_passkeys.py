"""Passkeys: signing in by one, and adding, naming and removing one's own."""

from __future__ import annotations

from http import HTTPStatus

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from access import half_way, passkeys, second_factor, sessions
from access.doors import public, signed_in
from access.forms_passkeys import AddPasskeyForm, RemovePasskeyForm
from access.passkeys import NotAccepted, Site
from access.providers import still_them
from access.requests import AnyRequest, SignedInRequest
from access.second_factor import By
from access.views import page_to_go_to
from access.views_factor import still_by_password
from organisations.models import StaffMember

METHODS = ["GET", "HEAD", "POST"]
_NOT_TAKEN = "The passkey was not accepted. Try again, or sign in another way"


@public
@sensitive_post_parameters("answer")
@never_cache
@require_http_methods(METHODS)
def sign_in_by_passkey(request: AnyRequest) -> HttpResponse:
    """Sign in by a passkey: whose it is, it says itself. Whoever is in shows that it is them."""
    site = Site.of(request)
    again = request.user.is_authenticated
    who = half_way.of(request) if not again else None
    if again and sessions.signed_in_by(request) is not By.PASSKEY:
        return redirect("home")
    error = ""
    if request.method == "POST" and site is not None:
        try:
            staff = passkeys.used(request, site, request.POST.get("answer", ""))
            return _shown(request, staff, expected=who.staff if who else None)
        except NotAccepted as why:
            error = _NOT_TAKEN
            sessions.refused_passkey(why.reason, request_id=request.request_id)
    context = {
        "site": site,
        "asked": passkeys.ask_for_one(request, site) if site else "",
        "next": who.next if who else page_to_go_to(request),
        "error": error,
        "again": again,
        "half_way": who is not None,
    }
    status = HTTPStatus.FORBIDDEN if error else HTTPStatus.OK
    return render(request, "access/sign_in_passkey.jinja", context, status=status)


def _shown(
    request: AnyRequest, staff: StaffMember, *, expected: StaffMember | None
) -> HttpResponse:
    """In, or still them; anybody else's passkey than the expected one's shows nothing."""
    onward = page_to_go_to(request)
    if isinstance(request.user, StaffMember):
        if staff != request.user:
            raise NotAccepted("passkey-of-another")
        still_them.note(request)
        return redirect(onward)
    if expected is not None and staff != expected:
        raise NotAccepted("passkey-of-another")
    sessions.begin(request, staff, by=By.PASSKEY, request_id=request.request_id)
    return redirect(onward)


@public
@sensitive_post_parameters("answer", "password")
@never_cache
@require_http_methods(METHODS)
def add_passkey(request: AnyRequest) -> HttpResponse:
    """Add a passkey: of who has signed in, or is half-way and must have a second factor."""
    who = half_way.of(request) if not request.user.is_authenticated else None
    staff = who.staff if who else request.user
    site = Site.of(request)
    if not isinstance(staff, StaffMember):
        return redirect("sign-in")
    if who and (second_factor.has_app(staff) or passkeys.has_any(staff)):
        return redirect("sign-in")  # what they have is asked for; adding another is no way round it
    form = AddPasskeyForm(request.POST or None)
    if who:
        del form.fields["password"]  # it was right a moment ago
    if (
        request.method == "POST"
        and site is not None
        and form.is_valid()
        and still_by_password(request, staff, form)
    ):
        try:
            passkeys.add(
                request,
                site,
                staff,
                form.cleaned_data["answer"],
                name=form.cleaned_data["name"],
                request_id=request.request_id,
            )
        except NotAccepted:
            form.add_error(None, "The passkey was not added. Try again")
        else:
            if who is None:
                return redirect("your-sign-in")
            sessions.begin(request, staff, by=By.PASSKEY, request_id=request.request_id)
            return redirect(who.next)
    context = {
        "form": form,
        "site": site,
        "asked": passkeys.ask_for_new(request, site, staff) if site else "",
        "half_way": who is not None,
    }
    return render(request, "access/add_passkey.jinja", context)


@signed_in
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(METHODS)
def remove_passkey(request: SignedInRequest, passkey: int) -> HttpResponse:
    """Remove one of one's own; the password is asked for."""
    found = [each for each in passkeys.of(request.user) if each.pk == passkey]
    if not found:
        raise Http404
    form = RemovePasskeyForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and still_by_password(request, request.user, form)
    ):
        passkeys.remove(request.user, passkey, request_id=request.request_id)
        return redirect("your-sign-in")
    return render(request, "access/remove_passkey.jinja", {"form": form, "passkey": found[0]})
