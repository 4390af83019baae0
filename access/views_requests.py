"""The desk's pages about requests: the queue, one request, and entering those on paper."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import presenters_requests as presenters
from access import request_desk
from access.doors import needs
from access.forms_requests import OutcomeForm, PaperForm
from access.glimpses import Outcome, Search, find
from access.request_desk import Noted, OpenedRequest
from access.requests import ActingRequest
from consent import drafts, journey
from consent.actions import record_choice
from consent.callers import caller
from consent.effects import VERSION
from consent.references import is_reference
from consent.requests import RequestSource, StepKind
from consent.said import Said
from consent.vocabulary import Answer, Channel, Kind, WithdrawnBecause
from identity.actions import number_of
from identity.presenters import TOO_OFTEN, person, too_often
from identity.selectors import residents
from organisations.activities import Activity
from ui.views import not_allowed, not_found

_CHANNELS = {RequestSource.FORM: Channel.ONLINE, RequestSource.PAPER: Channel.LETTER}


@needs(Activity.RECORD_CHOICES)
@require_safe
def requests(request: ActingRequest) -> HttpResponse:
    """What waits, oldest first."""
    waiting = request_desk.waiting(request.acting, request_id=request.request_id)
    if waiting is None:
        return not_allowed(request, PermissionError())
    now = timezone.now()
    return render(
        request,
        "access/requests.jinja",
        {
            "lines": [presenters.line(each, now=now) for each in waiting],
            "most": request_desk.MOST_LISTED,
        },
    )


@needs(Activity.RECORD_CHOICES)
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
def request_asked(request: ActingRequest, asked: UUID) -> HttpResponse:
    """One request: what was typed, what became of it, who may be meant, and what to do."""
    opened = request_desk.opened(request.acting, asked, request_id=request.request_id)
    if opened is None:
        return not_found(request, Http404())
    form = OutcomeForm(request.POST if "outcome-form" in request.POST else None)
    context: dict[str, Any] = {"form": form, "searched": False, "people": []}
    if not opened.settled and form.is_bound and form.is_valid():
        outcome = StepKind(form.cleaned_data["outcome"])
        if outcome is StepKind.NOT_VERIFIED and opened.held_for is not None:
            _take_back(request, opened)
        noted = request_desk.note(
            request.acting,
            asked,
            outcome,
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        if noted is not Noted.STILL_HELD:
            return redirect("choice-requests")
        form.add_error("outcome", "An opt-out holds because of it: somebody was found")
    elif not opened.settled and "take" in request.POST:
        request_desk.note(request.acting, asked, StepKind.TAKEN, request_id=request.request_id)
        return redirect("choice-request", asked)
    elif not opened.settled and "find" in request.POST:
        found = _look_for(request, opened)
        if isinstance(found, Outcome):
            return render(request, "identity/too_often.jinja", too_often(found), status=429)
        context |= found
    return render(
        request,
        "access/request.jinja",
        {
            **context,
            "asked": opened,
            "told": presenters.rows(opened),
            "story": presenters.story(opened.steps),
            "others": [(each.id, presenters.other(each)) for each in opened.others],
            "conflict": presenters.conflict(opened),
        },
    )


@needs(Activity.RECORD_CHOICES)
@require_POST
def record_asked(request: ActingRequest, asked: UUID) -> HttpResponse:
    """Begin the ordinary journey for the resident who was found; it settles the request."""
    opened = request_desk.opened(request.acting, asked, request_id=request.request_id)
    about = caller(request, _id(request.POST.get("resident", "")))
    if opened is None or opened.settled or about is None:
        return not_found(request, Http404())
    said = {
        **journey.beginning(Kind.CONNECT_CARE),
        "answer": opened.wants,
        "channel": str(_CHANNELS[RequestSource(opened.source)]),
        journey.ASKED_FOR: str(asked),
    }
    draft = drafts.begin(resident=about.resident, by=request.acting, said=said)
    if draft.knows_who:
        said = {**said, journey.IDENTITY: "checked"}
    return redirect("record-choice-step", draft.id, journey.next_step(said))


@needs(Activity.RECORD_CHOICES)
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
def enter_on_paper(request: ActingRequest) -> HttpResponse:
    """Enter paper forms, one after another: each becomes a request like any other."""
    form = PaperForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        reference = request_desk.enter(
            request.acting,
            form.typed(),
            wants=form.cleaned_data["wants"],
            for_whom=form.cleaned_data["for_whom"],
            explanation=VERSION,
            written=form.cleaned_data["written"],
            submission=_id(request.POST.get("submission", "")),
            request_id=request.request_id,
        )
        if reference is None:
            return not_allowed(request, PermissionError())
        return redirect(f"{reverse('enter-requests')}?entered={reference}")
    if request_desk.waiting(request.acting, request_id=request.request_id) is None:
        return not_allowed(request, PermissionError())
    entered = request.GET.get("entered", "")
    return render(
        request,
        "access/enter_requests.jinja",
        {
            "form": form,
            "entered": entered if is_reference(entered) else "",
            "submission": _id(request.POST.get("submission", "")) if form.is_bound else uuid4(),
        },
    )


def _take_back(request: ActingRequest, opened: OpenedRequest) -> None:
    """Take back the opt-out that a request began: it was not theirs, or cannot be verified."""
    about = caller(request, opened.held_for) if opened.held_for else None
    if about is None:
        return
    record_choice(
        by=request.acting,
        resident_id=about.resident_id,
        said=Said(
            kind=Kind.CONNECT_CARE,
            answer=Answer.WITHDRAWN,
            channel=_CHANNELS[RequestSource(opened.source)],
            explanation=VERSION,
            withdraws=opened.held_as,
            withdrawn_because=WithdrawnBecause.NOT_VERIFIED,
        ),
        submission=uuid4(),
        request_id=request.request_id,
    )


def _look_for(request: ActingRequest, opened: OpenedRequest) -> dict[str, Any] | Outcome:
    """Who has the number that was typed; where nobody has it, who fits name and birth date."""
    typed = opened.typed
    searches = [Search(family_name=typed.family_name, birth_date=typed.birth_date)]
    number = number_of(typed.nhs_number)
    if number is not None:
        searches.insert(0, Search(nhs_number=number))
    for search in searches:
        found = find(request.acting, search, request_id=request.request_id)
        if found.outcome in TOO_OFTEN:
            return found.outcome
        if found.residents or found.outcome is Outcome.TOO_MANY:
            break
    return {
        "searched": True,
        "too_many": found.outcome is Outcome.TOO_MANY,
        "people": [person(seen) for seen in residents(found.residents)],
    }


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
