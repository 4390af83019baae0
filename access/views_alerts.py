"""The privacy officers' pages: the alerts that wait, and one alert with its review."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from access import accounts, presenters
from access import alerts as queue
from access.alerts import AlertSeen
from access.doors import needs
from access.forms import review_form
from access.forms_accounts import ReleaseForm
from access.incidents import proof_state
from access.models import AlertOutcome
from access.requests import ActingRequest
from identity.selectors import residents
from organisations.activities import Activity
from ui.views import not_allowed, not_found

#: Digits of a page's number that are read.
MOST_DIGITS = 4


@needs(Activity.REVIEW_ALERTS)
@require_safe
def alerts(request: ActingRequest) -> HttpResponse:
    """The alerts of one's own organisation: those that wait, or those that are closed."""
    closed = request.GET.get("show") == "closed"
    page = page_number(request.GET.get("page", ""))
    answer = queue.read_alerts(
        request.acting, closed=closed, page=page, request_id=request.request_id
    )
    if answer is None:
        return not_allowed(request, PermissionError())
    shown, total = answer
    people = {seen.id: seen for seen in residents(_of(shown))}
    context = {
        "closed": closed,
        "incidents": proof_state().incidents,
        "total": total,
        "page": page,
        "pages": max(1, -(-total // queue.PAGE_LENGTH)),
        "lines": [presenters.line(one, people, at=timezone.now()) for one in shown],
    }
    return render(request, "access/alerts.jinja", context)


@needs(Activity.REVIEW_ALERTS)
@require_http_methods(["GET", "HEAD", "POST"])
def alert(request: ActingRequest, alert: UUID) -> HttpResponse:
    """One alert: who, whom, why, what the organisation's systems show; and the review."""
    full = queue.read_alert(request.acting, alert, request_id=request.request_id)
    if full is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    form = review_form(full.alert.kind, request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = queue.review(
            request.acting,
            alert,
            outcome=AlertOutcome(form.cleaned_data["outcome"]),
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        if answer in {"reviewed", "closed"}:
            return redirect("alert", alert)
        if answer == "own":
            form.add_error("outcome", "This alert is about you. Somebody else must review it")
        if answer == "own-hold":
            form.add_error("outcome", "You held this line. Another officer decides to keep it back")
    people = {seen.id: seen for seen in residents(_of([full.alert]))}
    page = presenters.in_full(full, people, officer=request.acting, at=timezone.now())
    return render(request, "access/alert.jinja", {"form": form, "page": page})


@needs(Activity.REVIEW_ALERTS)
@require_http_methods(["GET", "HEAD", "POST"])
def release_line(request: ActingRequest, alert: UUID) -> HttpResponse:
    """Have a line told that was kept back from a resident's account."""
    full = queue.read_alert(request.acting, alert, request_id=request.request_id)
    if full is None or full.alert.outcome is not AlertOutcome.KEPT_BACK:
        return not_found(request, Http404())  # answered, not raised: its event stays
    form = ReleaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = accounts.release_line(
            request.acting,
            alert,
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        if answer != "own":
            return redirect("alert", alert)
        form.add_error("words", "You looked yourself. Somebody else must release it")
    people = {seen.id: seen for seen in residents(_of([full.alert]))}
    page = presenters.in_full(full, people, officer=request.acting, at=timezone.now())
    return render(request, "access/release_line.jinja", {"form": form, "page": page})


def _of(alerts: Iterable[AlertSeen]) -> list[int]:
    return [one.resident for one in alerts if one.resident is not None]


def page_number(text: str) -> int:
    """The page that an address asks for; the first, if it is no number."""
    return max(1, int(text)) if text.isdecimal() and len(text) <= MOST_DIGITS else 1
