"""A referral's pages: sent by a ward, answered by a council's team, followed by both."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from access import gate
from access.bases import is_withheld
from access.decision import Decision
from access.doors import needs
from access.glimpses import glimpse
from access.reading import MOST_TRIES
from access.referring import may_refer
from access.requests import ActingRequest
from access.showing import shows_record
from discharge import presenters, referrals
from discharge.forms import AskingForm, DeclineForm, ReferralForm, WithdrawForm, as_initial
from discharge.models import Step
from discharge.referrals import Asked, ReferralSeen
from identity.selectors import resident as resident_seen
from organisations.activities import Activity
from organisations.selectors import council_teams
from ui.forms import NhsForm
from ui.views import not_found

#: Why a referral was not sent, for whoever can do something about it.
NOT_SENT = {
    "open-already": "A referral to this council is open already. Update that one",
    "no-such-team": "Select the council’s team once more",
    "changed": "Something about this record changed while you wrote. Send it once more",
}
#: Why a step was not taken, likewise.
NOT_TAKEN = {
    "changed": "Something changed meanwhile: read it once more, then decide",
    "over": "This referral is over, or was answered already",
    "protected": "Their details are protected: nothing more is written here. Ring instead",
}


@needs(Activity.READ_RECORDS)
@shows_record("send-referral", entries=False)
@require_http_methods(["GET", "HEAD", "POST"])
def send_referral(request: ActingRequest, resident: UUID) -> HttpResponse:
    """What is asked for; then everything once more; then it is sent.

    What was given goes from page to page in the forms themselves: nothing is kept before it is
    sent.
    """
    decision = _may_refer(request, resident)
    found = decision and glimpse(
        request.acting, resident, activity=Activity.READ_RECORDS, request_id=request.request_id
    )
    seen = resident_seen(found) if found else None
    if decision is None or seen is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    closed = is_withheld(decision.facts)
    who = presenters.whom(seen, closed=closed)
    if seen.protected:
        return render(request, "discharge/protected.jinja", {"person": who, "closed": closed})
    form = ReferralForm(request.POST or None)
    teams = {str(team.pk): team for team in council_teams()}
    form.offer(
        "team",
        [("", "Select a team")]
        + [(key, f"{team.organisation.name}: {team.name}") for key, team in teams.items()],
    )
    context = {"person": who, "form": form, "closed": closed}
    if not form.is_bound or not form.is_valid() or request.POST.get("go") == "change":
        return render(request, "discharge/refer.jinja", context)
    if request.POST.get("step") == "send":
        outcome, made = referrals.send(
            request.acting,
            decision,
            resident,
            team=int(form.cleaned_data["team"]),
            asked=form.asked(),
            submission=_submission(request),
            request_id=request.request_id,
        )
        if made is not None:
            return redirect("referral", made)
        if outcome not in NOT_SENT:
            return not_found(request, Http404())
        form.add_error("team", NOT_SENT[outcome])
        return render(request, "discharge/refer.jinja", context)
    team = teams[form.cleaned_data["team"]]
    context["team"] = f"{team.name}, {team.organisation.name}"
    context |= {"asked": form.asked(), "submission": _submission(request)}
    return render(request, "discharge/refer_check.jinja", context)


@needs(Activity.READ_RECORDS)
@shows_record("referral", entries=False)
@require_safe
def referral(request: ActingRequest, referral: UUID) -> HttpResponse:
    """Where a referral stands, what to do, and all that happened."""
    found = _found(request, referral)
    if found is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    return _page(request, found[0])


@needs(Activity.READ_RECORDS)
@shows_record("update-referral", entries=False)
@require_http_methods(["GET", "HEAD", "POST"])
def update_referral(request: ActingRequest, referral: UUID) -> HttpResponse:
    """The ward says what has changed."""
    return _follow(request, referral, Step.UPDATED, AskingForm)


@needs(Activity.READ_RECORDS)
@shows_record("withdraw-referral", entries=False)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_referral(request: ActingRequest, referral: UUID) -> HttpResponse:
    """The ward takes it back."""
    return _follow(request, referral, Step.WITHDRAWN, WithdrawForm)


@needs(Activity.READ_RECORDS)
@shows_record("acknowledge-referral", entries=False)
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge_referral(request: ActingRequest, referral: UUID) -> HttpResponse:
    """The council's team says that it has it."""
    return _follow(request, referral, Step.ACKNOWLEDGED, NhsForm)


@needs(Activity.READ_RECORDS)
@shows_record("decline-referral", entries=False)
@require_http_methods(["GET", "HEAD", "POST"])
def decline_referral(request: ActingRequest, referral: UUID) -> HttpResponse:
    """The council's team says why it does not take it."""
    return _follow(request, referral, Step.DECLINED, DeclineForm)


def _may_refer(request: ActingRequest, resident: UUID) -> Decision | None:
    """The decision under which a ward refers, if it has a care relationship."""
    decision = gate.consider(request.acting, resident)
    return decision if may_refer(decision) else None


def _found(request: ActingRequest, referral: UUID) -> tuple[ReferralSeen, Decision] | None:
    """The referral, if the reader is of one of its sides and may follow it.

    What changes between deciding and reading, such as an opt-out, takes it from nobody: it is
    decided anew.
    """
    for _ in range(MOST_TRIES):
        about = referrals.decision_about(request.acting, referral)
        if about is None:
            return None
        resident, decision = about
        seen = referrals.read_one(
            request.acting, referral, decision, resident, request_id=request.request_id
        )
        if seen is not None:
            return seen, decision
    return None


def _page(request: ActingRequest, seen: ReferralSeen) -> HttpResponse:
    who = resident_seen(seen.resident)
    if who is None:
        return not_found(request, Http404())
    page = presenters.page(seen, who, at=timezone.now())
    return render(request, "discharge/referral.jinja", {"page": page, "person": page.person})


def _follow(
    request: ActingRequest, referral: UUID, step: Step, form_of: type[NhsForm]
) -> HttpResponse:
    found = _found(request, referral)
    who = resident_seen(found[0].resident) if found else None
    if found is None or who is None:
        return not_found(request, Http404())
    seen, decision = found
    if seen.protected and step is Step.UPDATED:
        return redirect("referral", referral)  # what was asked is kept back, so it is not edited
    page = presenters.page(seen, who, at=timezone.now())
    form = form_of(
        request.POST if request.method == "POST" else None,
        initial=as_initial(seen.asked) if form_of is AskingForm else None,
    )
    if request.method == "POST" and form.is_valid():
        answer = referrals.follow(
            request.acting,
            decision,
            referral,
            step=step,
            after=_after(request),
            asked=_asked(form),
            because=form.cleaned_data.get("because", ""),
            submission=_submission(request),
            request_id=request.request_id,
        )
        if answer == "done":
            return redirect("referral", referral)
        if answer not in NOT_TAKEN:
            return not_found(request, Http404())
        form.add_error(None, NOT_TAKEN[answer])
    context = {
        "page": page,
        "person": page.person,
        "form": form,
        "step": step,
        "submission": _submission(request),
    }
    return render(request, "discharge/follow.jinja", context)


def _asked(form: NhsForm) -> Asked | None:
    return form.asked() if isinstance(form, AskingForm) else None


def _after(request: ActingRequest) -> int:
    """The step that the page showed; none if the number is no number."""
    given = request.POST.get("after", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= len("9999") else 0


def _submission(request: ActingRequest) -> UUID:
    """The form's own id, from its first page to the last: sent twice, it counts once."""
    try:
        return UUID(request.POST.get("submission", ""))
    except ValueError:
        return uuid4()
