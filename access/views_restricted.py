"""Opening what is restricted: breaking glass, declaring a part in care, letting a colleague in.

Each page shows who it is about, and asks the rule before anything else: it is there only where a
care relationship is all that is wanting. Anything else is answered by the record's own page.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from access import gate, looks, restricted
from access.acting import Acting
from access.decision import Decision, Reason
from access.doors import needs
from access.forms import (
    AgreedForm,
    BreakGlassForm,
    ColleagueForm,
    InvolvedForm,
    LetInForm,
    StillThemForm,
)
from access.glimpses import glimpse
from access.models import RelationshipKind
from access.nudges import tell_of
from access.providers import still_them
from access.reasons import AccessReason
from access.requests import ActingRequest
from access.restricted import Answer, TooManyTries
from access.second_factor import By
from access.sessions import signed_in_by
from access.showing import shows_record
from access.views_providers import ask_again
from identity.presenters import PersonShown, person
from identity.selectors import resident as resident_seen
from organisations.activities import Activity
from organisations.models import Membership
from organisations.selectors import colleagues
from ui.forms import NhsForm
from ui.views import not_found

AboutView = Callable[[ActingRequest, PersonShown], HttpResponse]


def about_whom(
    fits: Callable[[Decision], bool],
) -> Callable[[AboutView], Callable[..., HttpResponse]]:
    """Give a view the resident of its address, where the rule's answer is one that fits.

    Else the record's own page answers. Nobody who may not be known of is told apart from nobody.
    """

    def declare(view: AboutView) -> Callable[..., HttpResponse]:
        @wraps(view)
        def opened(request: ActingRequest, resident: UUID) -> HttpResponse:
            found = glimpse(
                request.acting,
                resident,
                activity=Activity.READ_RECORDS,
                request_id=request.request_id,
            )
            seen = resident_seen(found) if found is not None else None
            if seen is None:
                return not_found(request, Http404())  # answered, not raised: its event stays
            if not fits(gate.consider(request.acting, resident)):
                return redirect("record", resident)
            return view(request, person(seen))

        return opened

    return declare


def _restricted(decision: Decision) -> bool:
    return decision.reason is Reason.NO_RELATIONSHIP


def _by_evidence(decision: Decision) -> bool:
    return decision.relationship is not None and decision.relationship.membership is None


@needs(Activity.BREAK_GLASS)
@shows_record("emergency", entries=False)
@require_safe
@about_whom(_restricted)
def emergency(request: ActingRequest, about: PersonShown) -> HttpResponse:
    """What will happen if glass is broken, before anything does."""
    context = {"person": about, "hours": settings.BREAK_GLASS_HOURS}
    return render(request, "access/emergency.jinja", context)


@needs(Activity.BREAK_GLASS)
@shows_record("break-glass", entries=False)
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@about_whom(_restricted)
def break_glass(request: ActingRequest, about: PersonShown) -> HttpResponse:
    """The reason, the words and the password; then the record."""
    first = ask_again(request)
    if first is not None:
        return first
    form = BreakGlassForm(request.POST or None)
    form.ask_by(signed_in_by(request))
    if request.method == "POST" and form.is_valid() and confirmed(request, form):
        answer = restricted.break_glass(
            request.acting,
            about.public_id,
            reason=AccessReason(form.cleaned_data["reason"]),
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        return to_record(request, about, answer)
    context = {"form": form, "person": about, "hours": settings.BREAK_GLASS_HOURS}
    return render(request, "access/break_glass.jinja", context)


def confirmed(request: ActingRequest, form: StillThemForm) -> bool:
    """Whether the form's answer is what was signed in by; else the form says so."""
    by = signed_in_by(request)
    if by.shown_elsewhere:
        return still_them.take(request)
    called = "code" if by is By.APP else "password"
    try:
        if restricted.confirm(
            request.acting,
            request.user,
            form.cleaned_data["password"],
            by=by,
            request_id=request.request_id,
        ):
            return True
    except TooManyTries:
        form.add_error(
            "password",
            f"The {called} was wrong too often. "
            f"Try again in {settings.CONFIRMATION_MINUTES} minutes",
        )
    else:
        once = ", or wait for the next one" if by is By.APP else ""
        form.add_error("password", f"Check your {called}{once}")
    return False


@needs(Activity.DECLARE_CARE)
@shows_record("declare-care", entries=False)
@require_http_methods(["GET", "HEAD", "POST"])
@about_whom(_restricted)
def involved(request: ActingRequest, about: PersonShown) -> HttpResponse:
    """A staff member's own word that they are involved. A privacy officer hears of it."""
    form = InvolvedForm(request.POST or None)
    return _declaring(request, about, form, RelationshipKind.SELF_DECLARED)


@needs(Activity.DECLARE_CARE)
@shows_record("declare-consent", entries=False)
@require_http_methods(["GET", "HEAD", "POST"])
@about_whom(_restricted)
def agreed(request: ActingRequest, about: PersonShown) -> HttpResponse:
    """That the person agreed to being looked up."""
    form = AgreedForm(request.POST or None)
    return _declaring(request, about, form, RelationshipKind.EXPRESS_CONSENT)


def _declaring(
    request: ActingRequest, about: PersonShown, form: NhsForm, kind: RelationshipKind
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        answer = restricted.declare(
            request.acting,
            about.public_id,
            kind=kind,
            reason=AccessReason(form.cleaned_data["reason"]),
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        return to_record(request, about, answer)
    context = {"form": form, "person": about, "kind": kind, "until": _until(kind)}
    return render(request, "access/declare.jinja", context)


@needs(Activity.DECLARE_CARE)
@shows_record("let-in", entries=False)
@require_http_methods(["GET", "HEAD", "POST"])
@about_whom(_by_evidence)
def colleague(request: ActingRequest, about: PersonShown) -> HttpResponse:
    """Let a colleague of one's own organisation in: first who, then why."""
    search = ColleagueForm(request.POST or None)
    form = LetInForm(request.POST if "words" in request.POST else None)
    found = _found(request.acting, search) if search.is_bound and search.is_valid() else {}
    form.offer("colleague", [(key, m.staff.name, job(m)) for key, m in found.items()])
    context = {
        "person": about,
        "search": search,
        "found": bool(found),
        "form": form if found else search,
        "until": _until(RelationshipKind.GRANTED),
    }
    if found and form.is_bound and form.is_valid():
        chosen = found[form.cleaned_data["colleague"]]
        answer = restricted.let_in(
            request.acting,
            about.public_id,
            colleague=chosen,
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        if answer.opens:
            context |= {"colleague": chosen.staff.name, "already": answer.outcome == "not-needed"}
            return render(request, "access/let_in_done.jinja", context)
        form.add_error("colleague", "You cannot let this colleague in. Choose somebody else")
    return render(request, "access/let_in.jinja", context)


def _found(acting: Acting, search: ColleagueForm) -> dict[str, Membership]:
    found = colleagues(
        search.cleaned_data["name"],
        organisation_id=acting.organisation_id,
        activity=Activity.READ_RECORDS,
        besides=acting.staff_id,
    )
    if not found:
        search.add_error("name", "No colleague of that name reads records at your organisation")
    return {str(membership.pk): membership for membership in found}


def job(membership: Membership) -> str:
    """What somebody does there: the role, and the team if there is one."""
    team = membership.team
    return f"{membership.role.name}, {team.name}" if team else membership.role.name


def _until(kind: RelationshipKind) -> datetime:
    period: timedelta = settings.DECLARED_PERIODS[kind]
    return timezone.now() + period


def to_record(request: ActingRequest, about: PersonShown, answer: Answer) -> HttpResponse:
    """On to the record. Where the gate refused, its page says why."""
    tell_of(answer.alert)
    looks.begin(request, request.acting, about.public_id)
    response = redirect("record", about.public_id)
    response.status_code = 303
    return response
