"""Records under watch: the officers' pages, and the question that a reader is asked."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from access import watching
from access.decision import Decision, Reason
from access.doors import needs
from access.forms_watch import EndWatchForm, WatchForm, WhyForm
from access.requests import ActingRequest
from access.showing import shows_record
from access.views_restricted import about_whom, to_record
from identity.presenters import PersonShown, person
from identity.selectors import residents
from organisations.activities import Activity
from ui.views import not_allowed, not_found


def _under_watch(decision: Decision) -> bool:
    return decision.reason is Reason.WATCHED


@needs(Activity.READ_RECORDS)
@shows_record("say-why", entries=False)
@require_http_methods(["GET", "HEAD", "POST"])
@about_whom(_under_watch)
def say_why(request: ActingRequest, about: PersonShown) -> HttpResponse:
    """Why the reader opens a record under watch now; then the record."""
    form = WhyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = watching.say_why(
            request.acting,
            about.public_id,
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        return to_record(request, about, answer)
    return render(request, "access/say_why.jinja", {"form": form, "person": about})


@needs(Activity.REVIEW_ALERTS)
@require_safe
def watches(request: ActingRequest) -> HttpResponse:
    """The records that one's own organisation has under watch."""
    found = watching.read(request.acting, request_id=request.request_id)
    if found is None:
        return not_allowed(request, PermissionError())
    people = {seen.id: person(seen) for seen in residents([w.resident for w in found.watches])}
    lines = [(people.get(each.resident), each) for each in found.watches]
    return render(request, "access/watches.jinja", {"lines": lines})


@needs(Activity.REVIEW_ALERTS)
@require_http_methods(["GET", "HEAD", "POST"])
def watch_record(request: ActingRequest, resident: UUID) -> HttpResponse:
    """Put one record under watch; or, where it is, end that."""
    found = watching.read(request.acting, resident=resident, request_id=request.request_id)
    seen = residents([found.resident]) if found and found.resident else []
    if found is None or not seen:
        return not_found(request, Http404())  # answered, not raised: its event stays
    watch = found.watches[0] if found.watches else None
    form = (EndWatchForm if watch else WatchForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data["words"]
        if watch:
            watching.end(request.acting, watch.id, words=words, request_id=request.request_id)
        else:
            watching.begin(
                request.acting,
                resident,
                words=words,
                ends_at=timezone.now() + timedelta(days=int(form.cleaned_data["days"])),
                request_id=request.request_id,
            )
        return redirect("watch-record", resident)
    context = {"form": form, "person": person(seen[0]), "watch": watch}
    return render(request, "access/watch_record.jinja", context)
