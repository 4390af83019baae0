"""Giving deliveries in, and watching them load. Nothing of anyone's record is shown here."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from access.doors import needs
from access.requests import ActingRequest
from feeds import actions, days, deciding, nudges, presenters, replaying, selectors
from feeds.formats import FORMATS
from feeds.forms import DeliveriesFilterForm, DeliveryForm, HeldForm
from feeds.models import Batch
from organisations.activities import Activity
from organisations.views import page_number


@needs(Activity.LOAD_FEEDS)
@require_http_methods(["GET", "HEAD", "POST"])
def give_in(request: ActingRequest) -> HttpResponse:
    """The form, and the taking in of what it brings. Loading goes on in the background."""
    form = DeliveryForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        feed = selectors.feeds_in_force().get(pk=form.cleaned_data["feed"])
        if mapping := form.cleaned_data["mapping"]:
            deciding.keep_mapping(feed, mapping, by=request.acting, request_id=request.request_id)
        batch = actions.receive(
            (actions.File(file.name, file) for file in form.cleaned_data["contents"]),
            feed=feed,
            by=request.acting,
            request_id=request.request_id,
            preview_first=FORMATS[feed.format].lowest_match is not None,
        )
        nudges.tell_of(batch.pk)
        return redirect("batch", batch.public_id)
    return render(request, "feeds/give_in.jinja", {"form": form})


@needs(Activity.LOAD_FEEDS)
@require_safe
def batches(request: HttpRequest) -> HttpResponse:
    """What was delivered of late by day and feed; of a day that is asked for, each batch."""
    form = DeliveriesFilterForm(request.GET)
    feed, day = form.asked()
    if day is not None:
        page = days.of_day(day, feed, page_number(request.GET.get("page")))
        context = {
            "form": form,
            "day": day,
            "page": page,
            "query": presenters.query_of(feed, day),
            "batches": [presenters.batch_row(batch) for batch in page],
        }
        return render(request, "feeds/day.jinja", context)
    now = timezone.now()
    context = {
        "form": form,
        "for_somebody": [presenters.batch_row(one) for one in days.for_somebody(feed)],
        "given_in": [presenters.batch_row(one) for one in days.given_in(now, feed)],
        "days": [presenters.day_row(one) for one in days.days(now, feed)],
        "requests": selectors.extract_requests(),
        "sources": [presenters.source_row(one) for one in selectors.freshness(now)],
    }
    return render(request, "feeds/batches.jinja", context)


@needs(Activity.LOAD_FEEDS)
@require_safe
def batch(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One batch: how far it is, what became of its items, and what was set aside."""
    found = _batch(public_id)
    context = {
        "batch": presenters.batch_row(found),
        "report": selectors.report(found),
        "holds": selectors.holds(found),
    }
    fragment = request.headers.get("HX-Request") == "true"
    return render(request, "feeds/_batch.jinja" if fragment else "feeds/batch.jinja", context)


@needs(Activity.LOAD_FEEDS)
@require_POST
def load_again(request: ActingRequest, public_id: UUID) -> HttpResponse:
    """Let a batch that a fault stopped go on from where it stands."""
    found = _batch(public_id)
    if actions.put_back(found, by=request.acting, request_id=request.request_id):
        nudges.tell_of(found.pk)
    return redirect("batch", public_id)


@needs(Activity.LOAD_FEEDS)
@require_POST
def replay(request: ActingRequest, public_id: UUID) -> HttpResponse:
    """Have a batch read again from its kept bytes: as a batch of its own."""
    try:
        made = replaying.replay(_batch(public_id), by=request.acting, request_id=request.request_id)
    except replaying.CannotReplay:
        return redirect("batch", public_id)  # which says why
    nudges.tell_of(made.pk)
    return redirect("batch", made.public_id)


@needs(Activity.LOAD_FEEDS)
@require_POST
def decide(request: ActingRequest, public_id: UUID) -> HttpResponse:
    """Load a batch that waits for a person, or refuse it."""
    found = _batch(public_id)
    load = request.POST.get("decision") == "load"
    if not load and request.POST.get("decision") != "refuse":
        return redirect("batch", public_id)
    if deciding.decide(found, load=load, by=request.acting, request_id=request.request_id) and load:
        nudges.tell_of(found.pk)
    return redirect("batch", public_id)


@needs(Activity.LOAD_FEEDS)
@require_http_methods(["GET", "HEAD", "POST"])
def held(request: ActingRequest, public_id: UUID) -> HttpResponse:
    """What is held of a batch: try one or all again, or note that it was put right."""
    found = _batch(public_id)
    form = HeldForm(request.POST or None, request.FILES or None, feed=found.feed)
    if request.method == "POST" and form.is_valid():
        by, request_id, hold = request.acting, request.request_id, form.cleaned_data["hold"]
        if form.cleaned_data["what"] == "settled" and hold is not None:
            deciding.settle(found, hold=hold, by=by, request_id=request_id)
            return redirect("held", public_id)
        if mapping := form.cleaned_data["mapping"]:
            deciding.keep_mapping(found.feed, mapping, by=by, request_id=request_id)
        if deciding.try_again(found, hold=hold, by=by, request_id=request_id):
            nudges.tell_of(found.pk)
        return redirect("batch", public_id)
    context = {
        "form": form,
        "batch": presenters.batch_row(found),
        "holds": presenters.hold_rows(selectors.holds(found)),
        "people": selectors.people_of_holds(found),
        "reasons": selectors.held_by_reason(found),
        "has_mapping": FORMATS[found.feed.format].mapped is not None,
    }
    return render(request, "feeds/held.jinja", context)


@needs(Activity.LOAD_FEEDS)
@api_view(["GET"])
@permission_classes([IsAuthenticated])
def batch_as_json(_request: Request, public_id: UUID) -> Response:
    """The same for machines: counts by outcome, type and reason."""
    return Response(selectors.report(_batch(public_id)).as_json())


def _batch(public_id: UUID) -> Batch:
    found = (
        Batch.objects.select_related("feed__organisation", "replays")
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise Http404
    return found
