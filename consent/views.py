"""What a resident has said: what is in force, the story, what was begun, and whom to ask again.

The journey that records a choice is in :mod:`consent.views_journey`.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import asked_again
from access import letters as post
from access.doors import needs
from access.forms_letters import HowToWriteForm
from access.presenters_letters import how_written_to, letters_of
from access.requests import ActingRequest
from consent import drafts, journey, presenters, reconciling, selectors
from consent.callers import Caller, about_resident
from consent.effects import effect_of
from consent.kinds import kinds_for
from consent.models import Choice
from consent.post import Post, UnsafeBecause
from consent.presenters_proof import Proof, proof
from consent.shown import shown
from consent.vocabulary import DECIDING
from identity.presenters import person
from identity.selectors import residents
from organisations.activities import Activity
from ui.formatting import prose_time
from ui.views import not_found

#: Choices to ask again that one page shows.
_MOST_SHOWN = 50


@needs(Activity.RECORD_CHOICES)
@require_safe
@about_resident
def resident_choices(request: ActingRequest, about: Caller) -> HttpResponse:
    """Who it is, what is in force, when it was last asked, and the story of what was said."""
    moment = selectors.now()
    in_force = selectors.in_force(about.resident_id, about.acting, at=moment)
    told = shown(
        selectors.history(about.resident_id, about.acting), protected=about.person.protected
    )
    begun = drafts.unfinished(about.acting, resident=about.resident)
    writing = post.of_resident(about.resident_id)
    return render(
        request,
        "consent/choices.jinja",
        {
            "person": about.person,
            "standings": presenters.standings(
                about.acting,
                in_force,
                told,
                asks_first=selectors.asks_first(about.acting.organisation_id),
                today=selectors.today(),
            ),
            "story": presenters.story(
                told, in_force, about.acting, moment, _proofs(told, moment), of=about.resident_id
            ),
            "begun": [presenters.begun(draft) for draft in begun],
            "letters": letters_of(writing, told),
            "how_written_to": how_written_to(writing),
        },
    )


@needs(Activity.RECORD_CHOICES)
@require_http_methods(["GET", "HEAD", "POST"])
@about_resident
def how_to_write(request: ActingRequest, about: Caller) -> HttpResponse:
    """How the resident may be written to: one question, and a reason where no letters are safe."""
    writing = post.of_resident(about.resident_id)
    initial = {"post": writing.post, "because": writing.because or ""}
    form = HowToWriteForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        post.note_post(
            about.acting,
            about.resident_id,
            post=Post(form.cleaned_data["post"]),
            because=UnsafeBecause(form.cleaned_data["because"])
            if form.cleaned_data["because"]
            else None,
            request_id=about.request_id,
        )
        return redirect("resident-choices", about.resident)
    return render(request, "consent/how_to_write.jinja", {"person": about.person, "form": form})


@needs(Activity.RECORD_CHOICES)
@require_POST
@about_resident
def begin_choice(request: ActingRequest, about: Caller) -> HttpResponse:
    """Begin a draft, about the kind whose button was pressed, or to take an answer back."""
    kind = request.POST.get("kind", "")
    said = journey.beginning(kind if kind in kinds_for(about.acting) else "")
    if "withdraws" in request.POST:
        choice = selectors.choice(about.resident_id, about.acting, _id(request.POST["withdraws"]))
        if (
            choice is None
            or choice.answer not in DECIDING
            or choice.resident_id != about.resident_id
        ):
            return not_found(request, Http404())
        said = journey.beginning(choice.kind, withdraws=choice.public_id, taken_back=choice.answer)
    draft = drafts.begin(resident=about.resident, by=about.acting, said=said)
    if draft.knows_who:
        said = {**said, journey.IDENTITY: "checked"}
    return redirect("record-choice-step", draft.id, journey.next_step(said))


@needs(Activity.RECORD_CHOICES)
@require_safe
@about_resident
def choice_recorded(request: ActingRequest, about: Caller, choice: UUID) -> HttpResponse:
    """The reference number, and what holds from when."""
    found = selectors.choice(about.resident_id, about.acting, choice)
    if found is None:
        return not_found(request, Http404())
    (said,) = shown([found], protected=about.person.protected)
    return render(
        request,
        "consent/recorded.jinja",
        {
            "person": about.person,
            "recorded": presenters.recorded(said),
            "proof": _proofs([said], selectors.now()).get(said.pk),
            "effect": effect_of(
                said.kind,
                said.answer,
                council=said.council.name if said.council else "",
                asks_first=selectors.asks_first(said.council_id),
                starting=presenters.later_day(said),
            ),
        },
    )


@needs(Activity.RECORD_CHOICES)
@require_safe
def unfinished(request: ActingRequest) -> HttpResponse:
    """What one began and did not confirm. Of whom is said where it is taken up."""
    return render(
        request,
        "consent/unfinished.jinja",
        {"begun": [presenters.begun(draft) for draft in drafts.unfinished(request.acting)]},
    )


@needs(Activity.RECORD_CHOICES)
@require_POST
def discard_draft(request: ActingRequest, draft: UUID) -> HttpResponse:
    """Throw away what one began. Nothing was recorded, and nothing is."""
    if not drafts.discard(draft, by=request.acting):
        return render(request, "consent/gone.jinja", status=404)
    return redirect("unfinished-choices")


@needs(Activity.REVIEW_ALERTS, Activity.SEND_LETTERS)
@require_safe
def reconciliation(request: ActingRequest) -> HttpResponse:
    """Choices recorded, enforced, and confirmed by letter: the last run, count by count."""
    run = reconciling.latest()
    return render(
        request,
        "consent/reconciliation.jinja",
        {"run": run, "at": prose_time(run.at) if run else ""},
    )


@needs(Activity.RECORD_CHOICES)
@require_safe
def ask_again(request: ActingRequest) -> HttpResponse:
    """The choices that parents made for those who are sixteen by now."""
    due = asked_again.due(request.acting, most=_MOST_SHOWN, request_id=request.request_id)
    people = {seen.id: person(seen) for seen in residents({each.resident for each in due})}
    return render(
        request,
        "consent/ask_again.jinja",
        {
            "due": [
                presenters.to_ask(each, people[each.resident])
                for each in due
                if each.resident in people
            ],
            "most": _MOST_SHOWN,
        },
    )


def _proofs(choices: list[Choice], at: datetime) -> dict[int, Proof]:
    """By choice, whether it was found to hold; wanting where there is nothing to say."""
    known = selectors.proofs(choices)
    told = {each.pk: proof(each, *known[each.pk], at) for each in choices}
    return {pk: shown for pk, shown in told.items() if shown is not None}


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
