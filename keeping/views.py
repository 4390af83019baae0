"""The officers' pages of keeping and deleting: the review list, holds, and the schedule."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from access.doors import needs
from access.requests import ActingRequest
from access.views_alerts import page_number
from keeping import deciding, holding, presenters
from keeping.deciding import PAGE_LENGTH, Share, Which
from keeping.forms import ChooseForm, HoldForm, KeepForm
from keeping.models import HoldReason
from organisations.activities import Activity
from ui.views import not_allowed, not_found

NONE_WAIT = "What you selected does not wait for a decision any more"


@needs(Activity.DISCLOSE_LAWFULLY)
@require_http_methods(["GET", "HEAD", "POST"])
def retention(request: ActingRequest) -> HttpResponse:
    """What waits for an officer, was decided, or is gone; what is selected of it is decided."""
    if request.method != "POST":
        return _list(request, error="")
    asked = request.POST.getlist("of_page" if "all" in request.POST else "shares")
    references = _references(asked)
    if not references:
        return _list(request, error="Select what you decide about")
    which = Which.DECIDED if request.POST.get("of") == Which.DECIDED else Which.WAITS
    found = deciding.chosen(request.acting, references, request_id=request.request_id, which=which)
    if not found:
        return _list(request, error=NONE_WAIT)
    return _decide(request, found)


def _list(request: ActingRequest, *, error: str) -> HttpResponse:
    asked = request.GET.get("show", "")
    which = Which(asked) if asked in {*Which} else Which.WAITS
    page = page_number(request.GET.get("page", ""))
    answer = deciding.review_list(
        request.acting, page=page, which=which, request_id=request.request_id
    )
    if answer is None:
        return not_allowed(request, PermissionError())
    shares, total = answer
    form = ChooseForm({} if error else None)
    form.offer(
        "shares",
        [(str(each.id), presenters.name_of(each), presenters.hint(each)) for each in shares],
    )
    if error:
        form.add_error("shares", error)
    context = {
        "which": which,
        "form": form,
        "lines": [(each, presenters.name_of(each), presenters.standing(each)) for each in shares],
        "stubs": [presenters.stub(each) for each in shares] if which is Which.GONE else [],
        "total": total,
        "first": PAGE_LENGTH * (page - 1),
        "page": page,
        "pages": max(1, -(-total // PAGE_LENGTH)),
    }
    return render(request, "keeping/list.jinja", context)


def _decide(request: ActingRequest, found: list[Share]) -> HttpResponse:
    """What becomes of these; each is shown once more first."""
    to_do = request.POST.get("do", "")
    given = {"request_id": request.request_id}
    form = KeepForm(request.POST if to_do == "keep" else None)
    if to_do == "approve":
        shares = [each.id for each in found if each.may_be_approved]
        deciding.approve(request.acting, shares, **given)
        return redirect("retention")
    if to_do == "confirm":
        shares = [each.id for each in found if each.may_be_confirmed]
        deciding.confirm(request.acting, shares, **given)
        return redirect("retention")
    if form.is_bound and form.is_valid():
        deciding.keep(
            request.acting,
            [each.id for each in found],
            until=form.cleaned_data["until"],
            because=form.cleaned_data["words"],
            **given,
        )
        return redirect("retention")
    context = {
        "form": form,
        "lines": [(each, presenters.name_of(each), presenters.standing(each)) for each in found],
        "rules": sorted({each.because for each in found}),
        "to_approve": sum(each.may_be_approved for each in found),
        "to_confirm": sum(each.may_be_confirmed for each in found),
        "own": sum(each.mine for each in found),
        "held": sum(each.held for each in found),
        "to_stop": sum(each.may_be_stopped for each in found),
    }
    return render(request, "keeping/decide.jinja", context)


def _references(texts: Iterable[str]) -> list[UUID]:
    """The references among what a form sent."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


@needs(Activity.DISCLOSE_LAWFULLY)
@require_safe
def retention_holds(request: ActingRequest) -> HttpResponse:
    """What stops destruction here."""
    found = holding.holds(request.acting, request_id=request.request_id)
    if found is None:
        return not_allowed(request, PermissionError())
    return render(request, "keeping/holds.jinja", {"holds": found})


@needs(Activity.DISCLOSE_LAWFULLY)
@require_http_methods(["GET", "HEAD", "POST"])
def begin_retention_hold(request: ActingRequest) -> HttpResponse:
    """Nothing of one's own organisation, or of one person, is destroyed from now on."""
    form = HoldForm(request.POST or None)
    if form.is_bound and form.is_valid():
        outcome = holding.begin(
            request.acting,
            reason=HoldReason(form.cleaned_data["reason"]),
            words=form.cleaned_data["words"],
            identifier=form.cleaned_data["identifier"],
            request_id=request.request_id,
        )
        if outcome == "begun":
            return redirect("retention-holds")
        form.add_error("identifier", "Your organisation sends nobody with this identifier")
    return render(request, "keeping/begin_hold.jinja", {"form": form})


@needs(Activity.DISCLOSE_LAWFULLY)
@require_http_methods(["GET", "HEAD", "POST"])
def end_retention_hold(request: ActingRequest, hold: UUID) -> HttpResponse:
    """One hold, asked once more, and its end."""
    found = holding.holds(request.acting, request_id=request.request_id) or []
    ours = [each for each in found if each.id == hold and each.ours]
    if not ours:
        return not_found(request, Http404())  # answered, not raised: its event stays
    if request.method == "POST":
        holding.end(request.acting, hold, request_id=request.request_id)
        return redirect("retention-holds")
    return render(request, "keeping/end_hold.jinja", {"hold": ours[0]})


@needs(Activity.DISCLOSE_LAWFULLY)
@require_safe
def retention_schedule(request: ActingRequest) -> HttpResponse:
    """How long what is kept here, by which rule."""
    found = holding.schedule(request.acting)
    if found is None:
        return not_allowed(request, PermissionError())
    context = {
        "lines": [(rule, presenters.years(rule)) for rule in found.rules],
        "portal": [(rule, presenters.months(rule)) for rule in found.portal],
        "raw": presenters.raw_bytes(settings.RAW_KEPT_DAYS),
    }
    return render(request, "keeping/schedule.jinja", context)
