"""What a resident has said, and the journey that records it: one question a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.acting import Acting
from access.doors import needs
from access.glimpses import glimpse
from access.requests import ActingRequest
from consent import drafts, journey, presenters, selectors
from consent.actions import AlreadyInForce, record_choice
from consent.drafts import Draft
from consent.effects import VERSION, effect_of
from consent.kinds import council_for, kinds_for
from consent.models import Answer, Choice, DecidedBy, Kind
from identity.presenters import PersonShown, person
from identity.selectors import resident as resident_seen
from organisations.activities import Activity
from ui.views import not_found

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who records, and about whom: the resident glimpsed by this request's transaction."""

    acting: Acting
    request_id: str
    resident: UUID
    resident_id: int
    person: PersonShown


def caller(request: ActingRequest, resident: UUID) -> Caller | None:
    """Glimpse the resident with their choices; ``None`` where they may not be known of."""
    found = glimpse(
        request.acting,
        resident,
        activity=Activity.RECORD_CHOICES,
        request_id=request.request_id,
    )
    seen = resident_seen(found) if found is not None else None
    if seen is None:
        return None
    return Caller(request.acting, request.request_id, resident, seen.id, person(seen))


def about_resident(
    view: Callable[Concatenate[ActingRequest, Caller, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Give a view the resident of its address, or answer as if there were no such page.

    Answered, not raised: the event that says who asked must stand.
    """

    @wraps(view)
    def opened(
        request: ActingRequest, resident: UUID, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        about = caller(request, resident)
        if about is None:
            return not_found(request, Http404())
        return view(request, about, *args, **kwargs)

    return opened


def with_draft(
    view: Callable[Concatenate[ActingRequest, Caller, Draft, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Give a view the draft of its address with its resident.

    A draft that has become a choice leads to that choice; one that is gone, to a page that says so.
    """

    @wraps(view)
    def opened(
        request: ActingRequest, draft: UUID, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        kept = drafts.find(request.session, draft, by=request.acting)
        if kept is None:
            return render(request, "consent/gone.jinja", status=404)
        if kept.made is not None:
            return redirect("choice-recorded", kept.resident, kept.made)
        if kept.said.get("kind", Kind.CONNECT_CARE) not in kinds_for(request.acting):
            kept = replace(kept, said={})
        about = caller(request, kept.resident)
        if about is None:
            return not_found(request, Http404())
        return view(request, about, kept, *args, **kwargs)

    return opened


@needs(Activity.RECORD_CHOICES)
@require_safe
@about_resident
def resident_choices(request: ActingRequest, about: Caller) -> HttpResponse:
    """Who it is, what is in force, and the story of what was said."""
    in_force = selectors.in_force(about.resident_id, about.acting)
    said = selectors.history(about.resident_id, about.acting)
    return render(
        request,
        "consent/choices.jinja",
        {
            "person": about.person,
            "standings": presenters.standings(about.acting, in_force),
            "story": presenters.story(said, in_force, about.acting, timezone.now()),
        },
    )


@needs(Activity.RECORD_CHOICES)
@require_POST
@about_resident
def begin_choice(request: ActingRequest, about: Caller) -> HttpResponse:
    """Begin a draft, about the kind whose button was pressed."""
    kind = request.POST.get("kind", "")
    draft = drafts.begin(
        request.session,
        resident=about.resident,
        by=about.acting,
        kind=kind if kind in kinds_for(about.acting) else "",
    )
    return redirect("record-choice-step", draft.id, journey.next_step(draft.said))


@needs(Activity.RECORD_CHOICES)
@require_http_methods(["GET", "HEAD", "POST"])
@with_draft
def choice_step(request: ActingRequest, about: Caller, draft: Draft, slug: str) -> HttpResponse:
    """One question. Asked out of turn, it leads to the first that is not answered."""
    step = journey.step_called(slug)
    if step is None or not _may_ask(step, draft):
        return redirect("record-choice-step", draft.id, journey.next_step(draft.said))
    data = request.POST if request.method == "POST" else None
    form = journey.form_for(step, draft.said, about.acting, data)
    if form.is_bound and form.is_valid():
        return _answered(request, about, draft, form.cleaned_data)
    return render(
        request,
        "consent/step.jinja",
        {"person": about.person, "draft": draft, "form": form, "back": _back(step.slug, draft)},
    )


@needs(Activity.RECORD_CHOICES)
@require_http_methods(["GET", "HEAD", "POST"])
@with_draft
def check_choice(request: ActingRequest, about: Caller, draft: Draft) -> HttpResponse:
    """The effect read back, the answers to check, and the one button that records them."""
    following = journey.next_step(draft.said)
    if following != journey.CHECK:
        return redirect("record-choice-step", draft.id, following)
    standing = selectors.already_in_force(
        about.resident_id, about.acting, kind=draft.said["kind"], answer=draft.said["answer"]
    )
    if standing is not None and standing.submission != draft.id:
        return _already(request, about, draft, standing)
    if request.method == "POST" and request.POST.get("words") == VERSION:
        return _confirm(request, about, draft)
    return render(
        request,
        "consent/check.jinja",
        {
            "person": about.person,
            "draft": draft,
            "rows_to_check": presenters.check_rows(draft.said),
            "effect": effect_of(
                draft.said["kind"], draft.said["answer"], council=about.acting.organisation_name
            ),
            "version": VERSION,
            "words_changed": request.method == "POST",
            "changes": draft.said["answer"] != Answer.NOT_ASKED,
            "back": _back(journey.CHECK, draft),
        },
    )


@needs(Activity.RECORD_CHOICES)
@require_safe
@about_resident
def choice_recorded(request: ActingRequest, about: Caller, choice: UUID) -> HttpResponse:
    """The reference number, and what holds from now."""
    said = selectors.choice(about.resident_id, about.acting, choice)
    if said is None:
        return not_found(request, Http404())
    council = said.council.name if said.council else ""
    return render(
        request,
        "consent/recorded.jinja",
        {
            "person": about.person,
            "recorded": presenters.recorded(said),
            "effect": effect_of(said.kind, said.answer, council=council),
        },
    )


def _may_ask(step: journey.Step, draft: Draft) -> bool:
    """Whether a question's turn has come: it is asked, and all before it are answered."""
    earlier = journey.STEPS[: journey.STEPS.index(step)]
    return step.asked(draft.said) and all(
        one.is_answered(draft.said) for one in earlier if one.asked(draft.said)
    )


def _back(slug: str, draft: Draft) -> str | None:
    return journey.step_before(slug, draft.said)


def _answered(
    request: ActingRequest, about: Caller, draft: Draft, answers: dict[str, str]
) -> HttpResponse:
    said = journey.answered(draft.said, answers)
    draft = replace(draft, said=said)
    drafts.keep(request.session, draft)
    if "answer" in answers:
        standing = selectors.already_in_force(
            about.resident_id, about.acting, kind=said["kind"], answer=said["answer"]
        )
        if standing is not None:
            return _already(request, about, draft, standing)
    return redirect("record-choice-step", draft.id, journey.next_step(said))


def _confirm(request: ActingRequest, about: Caller, draft: Draft) -> HttpResponse:
    said = draft.said
    try:
        choice = record_choice(
            by=about.acting,
            resident_id=about.resident_id,
            kind=said["kind"],
            council=council_for(about.acting, said["kind"]),
            answer=said["answer"],
            decided_by=said.get("decided_by", DecidedBy.RESIDENT),
            decider_name=said.get("decider_name", ""),
            authority_seen=said.get("authority_seen", said.get("reason", "")),
            relayed_by=said.get("relayed_by", ""),
            channel=said["channel"],
            explanation=VERSION,
            submission=draft.id,
            request_id=about.request_id,
        )
    except AlreadyInForce as meanwhile:
        return _already(request, about, draft, meanwhile.choice)
    drafts.finish(request.session, draft, choice.public_id)
    return redirect("choice-recorded", about.resident, choice.public_id)


def _already(request: ActingRequest, about: Caller, draft: Draft, standing: Choice) -> HttpResponse:
    """Say that the same answer is in force already: nothing is stacked on it."""
    return render(
        request,
        "consent/already.jinja",
        {
            "person": about.person,
            "draft": draft,
            "recorded": presenters.recorded(standing),
        },
    )
