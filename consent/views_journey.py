"""The journey that records a choice: one question a page, read-back, check, and the one button."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from access import identity_check, request_desk
from access.doors import needs
from access.identity_check import Compared
from access.requests import ActingRequest
from consent import authority, drafts, journey, presenters, selectors
from consent.actions import AlreadyInForce, ChoiceNotAllowed, record_choice
from consent.authority import Objection
from consent.callers import Caller, with_draft
from consent.drafts import Draft
from consent.effects import VERSION, effect_of
from consent.forms import IdentityForm
from consent.journey import ASKED_FOR
from consent.models import Choice
from consent.requests import StepKind
from consent.said import Said
from consent.vocabulary import Answer
from organisations.activities import Activity
from records.tasks import prove_after_commit

#: What is said where the details differ: the same words, whichever of them it is.
DIFFERS = (
    "These details do not all match what we hold, or we do not hold enough of them. Check them "
    "with the person. If they still do not match, do not record a choice"
)
TOO_OFTEN = (
    "The details did not match too many times. Do not try again today: ask the person to write, "
    "or to come with something that shows who they are"
)
#: The rules that a draft can meet before it is complete: who may decide, and who may lift.
_CONFLICTS = frozenset({"C1", "C6", "C7", "C8"})
_WHO_DECIDES = frozenset({"decided_by", "relayer", "withdrawn_because"})


@needs(Activity.RECORD_CHOICES)
@require_http_methods(["GET", "HEAD", "POST"])
@with_draft
def choice_step(request: ActingRequest, about: Caller, draft: Draft, slug: str) -> HttpResponse:
    """One question. Asked out of turn, it leads to the first that is not answered."""
    step = journey.step_called(slug)
    if step is None or not _may_ask(step, draft):
        return redirect("record-choice-step", draft.id, journey.next_step(draft.said))
    age = authority.age_on(selectors.birth_date(about.resident_id), selectors.today())
    data = request.POST if request.method == "POST" else None
    form = journey.form_for(step, draft.said, about.acting, data, age=age)
    if form.is_bound and form.is_valid():
        if not isinstance(form, IdentityForm):
            return _answered(request, about, draft, form.cleaned_data)
        compared = identity_check.compare(
            form.claimed(), about.resident, by=about.acting, request_id=about.request_id
        )
        if compared is Compared.AGREES:
            return _identified(about, draft, form)
        form.add_error(None, TOO_OFTEN if compared is Compared.TOO_OFTEN else DIFFERS)
    return render(
        request,
        "consent/step.jinja",
        {
            "person": about.person,
            "draft": draft,
            "form": form,
            "title": presenters.step_title(form),
            "back": journey.step_before(step.slug, draft.said),
            "identity": step.slug == journey.IDENTITY,
        },
    )


@needs(Activity.RECORD_CHOICES)
@require_http_methods(["GET", "HEAD", "POST"])
@with_draft
def check_choice(request: ActingRequest, about: Caller, draft: Draft) -> HttpResponse:
    """The effect read back, the answers to check, and the one button that records them."""
    following = journey.next_step(draft.said)
    if following != journey.CHECK:
        return redirect("record-choice-step", draft.id, following)
    said = _complete(about, draft)
    standing = selectors.already_in_force(about.resident_id, about.acting, said)
    if standing is not None and standing.submission != draft.id:
        return _already(request, about, draft, standing)
    why_not = authority.objection(said, selectors.before(about.resident_id, about.acting, said))
    if why_not is not None:
        return _conflict(request, about, draft, why_not)
    if request.method == "POST" and request.POST.get("words") == VERSION:
        return _confirm(request, about, draft, said)
    in_force = selectors.in_force(about.resident_id, about.acting)
    return render(
        request,
        "consent/check.jinja",
        {
            "person": about.person,
            "draft": draft,
            "rows_to_check": presenters.check_rows(draft.said, draft.checked),
            "holds_now": presenters.holds_now(said.kind, in_force),
            "effect": effect_of(
                said.kind,
                said.answer,
                council=about.acting.organisation_name,
                asks_first=selectors.asks_first(said.council),
                starting=journey.starting(draft.said),
            ),
            "version": VERSION,
            "words_changed": request.method == "POST",
            "changes": said.answer != Answer.NOT_ASKED,
            "back": journey.step_before(journey.CHECK, draft.said),
        },
    )


def _may_ask(step: journey.Step, draft: Draft) -> bool:
    """Whether a question's turn has come: it is asked, and all before it are answered."""
    earlier = journey.STEPS[: journey.STEPS.index(step)]
    return step.asked(draft.said) and all(
        one.is_answered(draft.said) for one in earlier if one.asked(draft.said)
    )


def _complete(about: Caller, draft: Draft) -> Said:
    return journey.complete(draft.said, about.acting, checked=draft.checked, explanation=VERSION)


def _identified(about: Caller, draft: Draft, form: IdentityForm) -> HttpResponse:
    """Keep that it was checked, and by which details; what was typed is gone with the request."""
    said = {**draft.said, journey.IDENTITY: "checked"}
    checked = tuple(form.claimed().identifiers)
    known = replace(draft, said=said, checked=checked, checked_at=timezone.now())
    drafts.keep(known, by=about.acting)
    return redirect("record-choice-step", draft.id, journey.next_step(said))


def _answered(
    request: ActingRequest, about: Caller, draft: Draft, answers: dict[str, str]
) -> HttpResponse:
    draft = replace(draft, said=journey.answered(draft.said, answers))
    drafts.keep(draft, by=about.acting)
    if "decided_by" in draft.said and answers.keys() & _WHO_DECIDES:
        said = _complete(about, draft)
        standing = selectors.already_in_force(about.resident_id, about.acting, said)
        if standing is not None:
            return _already(request, about, draft, standing)
        why_not = _conflict_of(about, said)
        if why_not is not None:
            return _conflict(request, about, draft, why_not)
    return redirect("record-choice-step", draft.id, journey.next_step(draft.said))


def _conflict_of(about: Caller, said: Said) -> Objection | None:
    """Whether it cannot be recorded whatever else is answered. Names and evidence come later."""
    named = replace(
        said,
        decider_name=said.decider_name or "?",
        authority_seen=said.authority_seen or "?",
        assessment=said.assessment or "?",
        relayed_by="?" if said.relayer else "",
    )
    why_not = authority.objection(named, selectors.before(about.resident_id, about.acting, named))
    return why_not if why_not is not None and why_not.rule in _CONFLICTS else None


def _confirm(request: ActingRequest, about: Caller, draft: Draft, said: Said) -> HttpResponse:
    try:
        choice = record_choice(
            by=about.acting,
            resident_id=about.resident_id,
            said=said,
            submission=draft.id,
            request_id=about.request_id,
        )
    except AlreadyInForce as meanwhile:
        return _already(request, about, draft, meanwhile.choice)
    except ChoiceNotAllowed as refused:
        return _conflict(request, about, draft, Objection(refused.rule, str(refused)))
    prove_after_commit(choice.pk)
    _settle(about, draft, StepKind.RECORDED, choice)
    drafts.finish(draft, choice.public_id, by=about.acting)
    return redirect("choice-recorded", about.resident, choice.public_id)


def _settle(about: Caller, draft: Draft, how: StepKind, choice: Choice) -> None:
    """Settle the request that a draft was begun for, if it was, with the choice that answers it.

    Whoever was read something else back meanwhile, and said that, has not answered the request.
    """
    asked = draft.said.get(ASKED_FOR)
    if asked:
        request_desk.note(
            about.acting,
            UUID(asked),
            how,
            choice=choice.public_id,
            request_id=about.request_id,
        )


def _already(request: ActingRequest, about: Caller, draft: Draft, standing: Choice) -> HttpResponse:
    """Say that the same answer is in force already: nothing is stacked on it."""
    if request.method == "POST":
        _settle(about, draft, StepKind.ALREADY, standing)
    return render(
        request,
        "consent/already.jinja",
        {
            "person": about.person,
            "draft": draft,
            "recorded": presenters.recorded(standing),
        },
    )


def _conflict(
    request: ActingRequest, about: Caller, draft: Draft, why_not: Objection
) -> HttpResponse:
    """Say that what is in force cannot be changed so, by whom it could, and how to go on."""
    in_force = selectors.in_force(about.resident_id, about.acting)
    return render(
        request,
        "consent/conflict.jinja",
        {
            "person": about.person,
            "draft": draft,
            "words": why_not.words,
            "rule": why_not.rule,
            "holds_now": presenters.holds_now(draft.said["kind"], in_force),
            "taken_back": draft.said.get("answer") == Answer.WITHDRAWN,
        },
    )
