"""The public form: opting out of Connect Care, or back in, without signing in.

One address, and each page is the answer to a form: what was answered so far is in it, sealed
(:mod:`public.so_far`). No cookie is set or asked for, so there is none that another site could
make a browser send: the protection against forged requests would protect nothing, and would shut
out whoever refuses cookies.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from access.addresses import where_from
from access.doors import public
from access.requests import AnyRequest
from consent.asking import Outcome, ask
from consent.effects import VERSION, effect_of
from consent.vocabulary import Answer, Kind
from public import questions, so_far
from public.forms import TrapForm
from public.presenters import effect_on_you
from public.questions import CHECK, Question
from public.so_far import SoFar
from ui.forms import NhsForm

#: The longest form that is read: the answers many times over.
_MOST_BYTES = 20_000
#: Nobody reads and answers it all in less. Whoever does is asked to look once more.
_FASTEST = timedelta(seconds=5)


@public
@csrf_exempt
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def opt_out(request: AnyRequest) -> HttpResponse:
    """The whole form: its first page, each question, the check, and what follows."""
    if request.method != "POST":
        return render(request, "public/form_start.jinja")
    if int(request.META.get("CONTENT_LENGTH") or 0) > _MOST_BYTES:
        return render(request, "public/form_too_long.jinja", status=413)
    if "so_far" not in request.POST:
        return _asked(request, SoFar.nothing(), questions.QUESTIONS[0])
    state = so_far.opened(request.POST["so_far"])
    if state is None:
        return render(request, "public/form_over.jinja")
    return _go_on(request, state)


def _go_on(request: AnyRequest, state: SoFar) -> HttpResponse:
    pressed = request.POST.get("go", "")
    current = questions.question(state.step)
    if pressed == "back":
        earlier = questions.one_before(state.step, state.answers)
        if earlier is None:
            return render(request, "public/form_start.jinja")
        return _asked(request, state, earlier)
    changed = questions.question(pressed)
    if changed is not None and changed.asked(state.answers) and changed.is_answered(state.answers):
        return _asked(request, state, changed)
    if current is None:
        return _sent(request, state) if pressed == "send" else _checked(request, state)
    form = current.form(request.POST)
    if not form.is_valid():
        return _asked(request, state, current, form)
    answered = state.with_answers(
        {name: str(value or "") for name, value in form.cleaned_data.items()}
    )
    answered = SoFar(
        state.submission,
        state.reference,
        state.begun,
        answers=questions.kept(answered.answers),
    )
    following = questions.next_one(answered.answers)
    return _asked(request, answered, following) if following else _checked(request, answered)


def _asked(
    request: AnyRequest, state: SoFar, each: Question, form: NhsForm | None = None
) -> HttpResponse:
    """One question."""
    return render(
        request,
        "public/form_question.jinja",
        {
            "form": form or each.form(initial=questions.initial(each, state.answers)),
            "heading": each.heading(state.answers),
            "so_far": state.at(each.slug).sealed(),
        },
    )


def _checked(request: AnyRequest, state: SoFar, form: TrapForm | None = None) -> HttpResponse:
    """The effect and the answers, before anything is sent."""
    if questions.next_one(state.answers) is not None:
        return render(request, "public/form_over.jinja")
    wants, for_another = state.answers["wants"], questions.is_for_another(state.answers)
    return render(
        request,
        "public/form_check.jinja",
        {
            "form": form or TrapForm(),
            "effect": effect_of(Kind.CONNECT_CARE, wants)
            if for_another
            else effect_on_you(Kind.CONNECT_CARE, wants),
            "for_another": for_another,
            "told": questions.told(state.answers),
            "so_far": state.at(CHECK).sealed(),
        },
    )


def _sent(request: AnyRequest, state: SoFar) -> HttpResponse:
    """Hand it in. The page that says so is the same whoever is known."""
    if questions.next_one(state.answers) is not None:
        return render(request, "public/form_over.jinja")
    form = TrapForm(request.POST)
    if form.is_valid() and timezone.now() - state.begun < _FASTEST:
        form.add_error(None, "Check your answers below, then send them")
    if not form.is_valid():
        return _checked(request, state, form)
    answers = state.answers
    outcome, reference = ask(
        questions.typed(answers),
        wants=answers["wants"],
        for_whom=answers["for_whom"],
        explanation=VERSION,
        submission=state.submission,
        reference=state.reference,
        received_from=_digest(where_from(request)),
        request_id=request.request_id,
    )
    if outcome is not Outcome.RECEIVED:
        return render(request, "public/form_too_many.jinja", status=429)
    return render(
        request,
        "public/form_sent.jinja",
        {
            "reference": reference,
            "holds": answers["wants"] == Answer.REFUSES
            and not questions.is_for_another(answers)
            and bool(answers["nhs_number"]),
            "wants_out": answers["wants"] == Answer.REFUSES,
        },
    )


def _digest(address: str) -> bytes:
    """A digest of an address that tells nothing of it, and after the day cannot be compared."""
    secret = f"{settings.SECRET_KEY} public form {timezone.localdate().isoformat()}"
    return hmac.new(secret.encode(), address.encode(), hashlib.sha256).digest()
