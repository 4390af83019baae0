"""The records officers' work list: questions about who somebody is, and what is decided of them."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import presenters_resolving as presenters
from access import presenters_sides, presenters_traced, resolving, traced
from access.doors import needs
from access.forms_resolving import (
    DECISIONS,
    CandidateForm,
    ComparedForm,
    DecideForm,
    NoteForm,
    SeparateForm,
)
from access.requests import ActingRequest
from access.resolving import Question, Stands
from identity.merges import WhySeparated
from identity.questions import ASKED, QuestionDecision
from organisations.activities import Activity
from ui.forms import NhsForm
from ui.views import not_allowed, not_found

#: Digits of a page's number that are read.
MOST_DIGITS = 4

#: What is said where a decision could not be carried out.
WHY_NOT = {
    "settled-already": "Somebody else has settled this question meanwhile",
    "no-candidate": "The person whom you compared is not the one proposed now. Compare them again",
    "in-doubt-there": "It is in doubt whether they belong in this record. Settle that first",
    "two-verified-numbers": "Both have a verified NHS number of their own. Only the Personal "
    "Demographics Service can say that they are one person: ask the national back office",
    "merged-already": "One of the two has been joined with somebody else meanwhile. Look again",
    "same": "They have been joined meanwhile",
}


@needs(Activity.RESOLVE_IDENTITY)
@require_safe
def questions(request: ActingRequest) -> HttpResponse:
    """The questions that wait, or those that are settled."""
    settled = request.GET.get("show") == "settled"
    page = _page(request.GET.get("page", ""))
    answer = resolving.questions(
        request.acting, settled=settled, page=page, request_id=request.request_id
    )
    if answer is None:
        return not_allowed(request, PermissionError())
    shown, total = answer
    context = {
        "settled": settled,
        "total": total,
        "page": page,
        "pages": max(1, -(-total // resolving.PAGE_LENGTH)),
        "lines": [presenters.line(one, at=timezone.now()) for one in shown],
    }
    return render(request, "identity/questions.jinja", context)


@needs(Activity.RESOLVE_IDENTITY)
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: ActingRequest, question: UUID) -> HttpResponse:
    """One question: both sides, its notes, and what is decided."""
    seen = resolving.question(request.acting, question, request_id=request.request_id)
    if seen is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    form = DecideForm(request.POST or None)
    form.offer("decision", [(each, *DECISIONS[each]) for each in _decisions(seen)])
    if request.method != "POST" or not form.is_valid() or seen.settled is not None:
        return _show(request, seen, form)
    decision = QuestionDecision(form.cleaned_data["decision"])
    words = form.cleaned_data["words"]
    if decision is QuestionDecision.SAME:
        return _check(request, seen, words)
    if decision is QuestionDecision.SEPARATE:
        return _separate(request, seen, words, SeparateForm())
    return _decided(request, seen, decision, words)


@needs(Activity.RESOLVE_IDENTITY)
@require_POST
def join_asked(request: ActingRequest, question: UUID) -> HttpResponse:
    """The two are joined, after the check."""
    seen = resolving.question(request.acting, question, request_id=request.request_id)
    if seen is None:
        return not_found(request, Http404())
    form = DecideForm({**request.POST.dict(), "decision": QuestionDecision.SAME})
    form.offer("decision", [(each, *DECISIONS[each]) for each in _decisions(seen)])
    if not form.is_valid():
        return _show(request, seen, form)
    return _decided(request, seen, QuestionDecision.SAME, form.cleaned_data["words"])


@needs(Activity.RESOLVE_IDENTITY)
@require_POST
def separate_asked(request: ActingRequest, question: UUID) -> HttpResponse:
    """The two are kept apart for ever: why, and which of them is used from now on."""
    seen = resolving.question(request.acting, question, request_id=request.request_id)
    if seen is None:
        return not_found(request, Http404())
    words = request.POST.get("words", "")
    compared = ComparedForm(request.POST).whom()
    form = SeparateForm(request.POST)
    form.offer("current", presenters.question_page(seen).current_choices)
    if not form.is_valid() or not words.strip():
        return _separate(request, seen, words, form, compared=compared)
    return _decided(
        request,
        seen,
        QuestionDecision.SEPARATE,
        words,
        why=WhySeparated(form.cleaned_data["why"]),
        current=form.cleaned_data["current"],
    )


@needs(Activity.RESOLVE_IDENTITY)
@require_POST
def note_question(request: ActingRequest, question: UUID) -> HttpResponse:
    """A note for whoever looks next."""
    form = NoteForm(request.POST)
    if not form.is_valid():
        seen = resolving.question(request.acting, question, request_id=request.request_id)
        if seen is None:
            return not_found(request, Http404())
        return _show(request, seen, _offered(seen), note=form)
    answer = resolving.note(
        request.acting, question, words=form.cleaned_data["note"], request_id=request.request_id
    )
    if answer == "not-known":
        return not_found(request, Http404())
    return redirect("identity-question", question)


@needs(Activity.RESOLVE_IDENTITY)
@require_POST
def retry_question(request: ActingRequest, question: UUID) -> HttpResponse:
    """Ask that what the question is about be tried again."""
    answer = resolving.note(request.acting, question, retry=True, request_id=request.request_id)
    if answer == "not-known":
        return not_found(request, Http404())
    return redirect("identity-question", question)


@needs(Activity.RESOLVE_IDENTITY)
@require_POST
def propose_candidate(request: ActingRequest, question: UUID) -> HttpResponse:
    """Set a resident beside the one whom a question is about, or nobody any more."""
    form = CandidateForm(request.POST)
    answer = (
        resolving.propose(
            request.acting,
            question,
            form.cleaned_data["candidate"],
            request_id=request.request_id,
        )
        if form.is_valid()
        else "not-known"
    )
    if answer == "not-known":
        return not_found(request, Http404())
    return redirect("identity-question", question)


def _decisions(seen: Question) -> tuple[QuestionDecision, ...]:
    """What may be decided: nobody is joined with, or kept from, somebody who is not proposed."""
    kind = ASKED[seen.reason]
    asked = kind.decisions
    if seen.candidate is not None and seen.stands is Stands.IN_DOUBT and not seen.in_place:
        # What would be joined, or kept apart for ever, is a record of others.
        return (QuestionDecision.DIFFERENT if kind.compares else QuestionDecision.CHECKED,)
    if seen.candidate is not None and kind.candidates and not kind.compares:
        # Another candidate answers "somebody else": what the trace asked stays open then.
        return (QuestionDecision.SAME, QuestionDecision.SEPARATE, QuestionDecision.CHECKED)
    if seen.candidate is None:
        return tuple(each for each in asked if each is QuestionDecision.CHECKED) or (
            QuestionDecision.CHECKED,
        )
    if seen.in_place:
        # One record until it is taken apart, so there are no two to keep apart for ever.
        return tuple(each for each in asked if each is not QuestionDecision.SEPARATE)
    return asked


def _offered(seen: Question) -> DecideForm:
    form = DecideForm()
    form.offer("decision", [(each, *DECISIONS[each]) for each in _decisions(seen)])
    return form


def _show(
    request: ActingRequest, seen: Question, form: NhsForm, *, note: NoteForm | None = None
) -> HttpResponse:
    page = presenters.question_page(seen)
    open_still = (
        ASKED[seen.reason].candidates
        and seen.settled is None
        and (seen.stands is not Stands.IN_DOUBT or seen.candidate is not None)
    )
    context = {
        "form": note if note is not None else form,
        "deciding": form,
        "note": note or NoteForm(),
        "page": page,
        "may_propose": open_still and not seen.in_place,
        "candidates": presenters.candidates_shown(
            page, resolving.candidates(request.acting, seen.id, request_id=request.request_id)
        )
        if open_still and seen.candidate is None
        else None,
        "history": presenters_traced.history(
            traced.traces(request.acting, seen.id, request_id=request.request_id)
        ),
    }
    return render(request, "identity/question.jinja", context)


def _check(request: ActingRequest, seen: Question, words: str) -> HttpResponse:
    page = presenters.question_page(seen)
    context = {"page": page, "words": words, "telling": presenters_sides.telling(page.rows)}
    return render(request, "identity/check_join.jinja", context)


def _separate(
    request: ActingRequest,
    seen: Question,
    words: str,
    form: SeparateForm,
    *,
    compared: tuple[UUID | None, UUID | None] | None = None,
) -> HttpResponse:
    """Ask why. Whom the officer compared first stays so, however often the form is shown again."""
    page = presenters.question_page(seen)
    form.offer("current", page.current_choices)
    context = {"form": form, "page": page, "words": words, "compared": compared or page.compared}
    return render(request, "identity/separate.jinja", context)


def _decided(
    request: ActingRequest,
    seen: Question,
    decision: QuestionDecision,
    words: str,
    *,
    why: WhySeparated | None = None,
    current: str = "",
) -> HttpResponse:
    """Settle it and show it so; or show the question again with why it could not be."""
    outcome = resolving.decide(
        request.acting,
        seen.id,
        decision=decision,
        words=words,
        compared=ComparedForm(request.POST).whom(),
        why=why,
        current=current,
        request_id=request.request_id,
    )
    if outcome == "settled":
        return redirect("identity-question", seen.id)
    if outcome == "not-known":
        return not_found(request, Http404())
    again = resolving.question(request.acting, seen.id, request_id=request.request_id)
    if again is None:
        return not_found(request, Http404())
    told = DecideForm({"decision": decision, "words": words})
    told.offer("decision", [(each, *DECISIONS[each]) for each in _decisions(again)])
    told.is_valid()
    told.add_error("decision", WHY_NOT.get(outcome, "This could not be done. Look again"))
    return _show(request, again, told)


def _page(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) <= MOST_DIGITS else 1
