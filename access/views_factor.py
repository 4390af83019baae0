"""The second step of signing in, and what staff do about their own."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from access import half_way, lockout, passkeys, second_factor, sessions
from access.doors import public, signed_in
from access.forms import AddAppForm, CodeForm, RecoveryForm, ShownCodeForm
from access.requests import AnyRequest, SignedInRequest
from access.second_factor import By, Offered
from identity.sealed import CannotBeOpened, seal, unseal
from organisations.models import StaffMember
from ui.forms import NhsForm

#: Where in the session the key is kept, sealed, that an app is offered.
OFFERED = "offered"
METHODS = ["GET", "HEAD", "POST"]


@public
@sensitive_post_parameters("code")
@never_cache
@require_http_methods(METHODS)
def code(request: AnyRequest) -> HttpResponse:
    """The second step: the code that the app shows."""
    return _second_step(
        request, CodeForm(request.POST or None), "code", second_factor.app_shows, By.APP
    )


@public
@sensitive_post_parameters("recovery")
@never_cache
@require_http_methods(METHODS)
def recovery(request: AnyRequest) -> HttpResponse:
    """The second step without the app: one of the recovery codes."""
    form = RecoveryForm(request.POST or None)
    return _second_step(request, form, "recovery", second_factor.use_recovery, By.RECOVERY)


def _second_step(
    request: AnyRequest,
    form: NhsForm,
    field: str,
    matches: Callable[[StaffMember, str], bool],
    by: By,
) -> HttpResponse:
    """Whoever is half-way gets in by what matches, and is counted by what does not."""
    who = half_way.of(request)
    if who is None:
        return redirect("sign-in")
    staff = who.staff
    if request.method == "POST" and form.is_valid():
        lockout.one_at_a_time(staff.username)
        locked_out = lockout.is_locked_out(request, staff.username)
        if not locked_out and matches(staff, form.cleaned_data[field]):
            sessions.begin(request, staff, by=by, request_id=request.request_id)
            return redirect(who.next)
        _failed(request, staff, counted=locked_out)
        form.add_error(field, _WRONG[field])
    context = {"form": form, "codes_left": second_factor.codes_left(staff)}
    return render(request, f"access/sign_in_{field}.jinja", context)


_WRONG = {
    "code": "Check the code, or wait for the next one: each code works once",
    "recovery": "Check the recovery code. Each of them works once",
}


def _failed(
    request: AnyRequest, staff: StaffMember, *, counted: bool, reason: str = "wrong-code"
) -> None:
    """Count and record that a code was wrong; after too many the password is asked for again."""
    if not counted:
        lockout.count_failure(request, staff.username)
    locked_out = bool(getattr(request, "axes_locked_out", False))
    sessions.failed(
        staff.username, locked_out=locked_out, reason=reason, request_id=request.request_id
    )
    if locked_out:
        half_way.end(request)


@signed_in
@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    """How one signs in, and what can be changed of it."""
    context = {
        "has_app": second_factor.has_app(request.user),
        "required": second_factor.required_of(request.user),
        "codes_left": second_factor.codes_left(request.user),
        "passkeys": passkeys.of(request.user),
        "by_provider": sessions.signed_in_by(request) is By.PROVIDER,
    }
    return render(request, "access/your_sign_in.jinja", context)


@public
@sensitive_post_parameters("code", "password")
@never_cache
@require_http_methods(METHODS)
def add_app(request: AnyRequest) -> HttpResponse:
    """Add an authenticator app: of who has signed in, or is half-way and must have one."""
    who = half_way.of(request) if not request.user.is_authenticated else None
    staff = who.staff if who else request.user
    if not isinstance(staff, StaffMember):
        return redirect("sign-in")
    if second_factor.has_app(staff):
        return redirect("sign-in-code" if who else "your-sign-in")
    if who and passkeys.has_any(staff):
        return redirect("sign-in-passkey")  # what they have is asked for
    offered = _offered(request, staff)
    form = AddAppForm(request.POST or None)
    if who:
        del form.fields["password"]  # it was right a moment ago
    if request.method == "POST" and form.is_valid() and still_by_password(request, staff, form):
        codes = second_factor.add_app(
            staff, offered, form.cleaned_data["code"], request_id=request.request_id
        )
        if codes is not None:
            del request.session[OFFERED]
            if who:
                sessions.begin(request, staff, by=By.APP, request_id=request.request_id)
            onward = who.next if who else ""
            return render(request, "access/recovery_codes.jinja", {"codes": codes, "next": onward})
        if second_factor.has_app(staff):  # added a moment ago, in another window
            return redirect("sign-in-code" if who else "your-sign-in")
        form.add_error("code", "Check the code. It must be the one that the app shows now")
    context = {
        "form": form,
        "picture": offered.picture(staff),
        "key": offered.in_words,
        "who": staff.username,
        "issuer": second_factor.ISSUER,
        "half_way": who is not None,
    }
    return render(request, "access/add_app.jinja", context)


def _offered(request: AnyRequest, staff: StaffMember) -> Offered:
    """The key that this session offers, the same until it is taken."""
    purpose = f"offered to {staff.pk}"
    kept = request.session.get(OFFERED)
    if kept:
        try:
            return Offered(unseal(bytes.fromhex(kept), purpose=purpose))
        except CannotBeOpened:
            pass  # another's, or sealed by a key that is gone: a new one is offered
    offered = second_factor.offer()
    request.session[OFFERED] = seal(offered.secret, purpose=purpose).hex()
    return offered


def still_by_password(request: AnyRequest, staff: StaffMember, form: NhsForm) -> bool:
    """Whether the password is right, where it was asked for; counted if it is not."""
    if "password" not in form.fields:
        return True
    lockout.one_at_a_time(staff.username)
    locked_out = lockout.is_locked_out(request, staff.username)
    if not locked_out and staff.check_password(form.cleaned_data["password"]):
        return True
    _failed(request, staff, counted=locked_out, reason="not-recognised")
    form.add_error("password", "Check your password")
    return False


@signed_in
@sensitive_post_parameters("code")
@never_cache
@require_http_methods(METHODS)
def remove_app(request: SignedInRequest) -> HttpResponse:
    """Remove one's app, to do without or to add another; a code of it is asked for."""
    if not second_factor.has_app(request.user):
        return redirect("your-sign-in")
    form = ShownCodeForm(request.POST or None)
    if _shown(request, form):
        second_factor.remove_app(request.user, request_id=request.request_id)
        if second_factor.required_of(request.user):
            return redirect("add-app")
        return redirect("your-sign-in")
    context = {"form": form, "required": second_factor.required_of(request.user)}
    return render(request, "access/remove_app.jinja", context)


@signed_in
@sensitive_post_parameters("code")
@never_cache
@require_http_methods(METHODS)
def new_codes(request: SignedInRequest) -> HttpResponse:
    """New recovery codes; a code of the app is asked for."""
    if not second_factor.has_app(request.user):
        return redirect("your-sign-in")
    form = ShownCodeForm(request.POST or None)
    if _shown(request, form):
        codes = second_factor.new_codes(request.user, request_id=request.request_id)
        return render(request, "access/recovery_codes.jinja", {"codes": codes, "next": ""})
    return render(request, "access/new_codes.jinja", {"form": form})


def _shown(request: SignedInRequest, form: NhsForm) -> bool:
    """Whether the form holds what the app shows now; counted if it does not."""
    if request.method != "POST" or not form.is_valid():
        return False
    lockout.one_at_a_time(request.user.username)
    locked_out = lockout.is_locked_out(request, request.user.username)
    if not locked_out and second_factor.app_shows(request.user, form.cleaned_data["code"]):
        return True
    _failed(request, request.user, counted=locked_out)
    form.add_error("code", _WRONG["code"])
    return False
