"""The record's pages: gate, selector, presenter, template."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from access import looks
from access.doors import needs
from access.gate import Opened
from access.reading import reading_record
from access.requests import ActingRequest
from access.showing import shows_record
from organisations.activities import Activity
from records import presenters, selectors
from records.reporting import reports_of
from records.sections import SECTIONS, section_called
from records.timeline_page import asked_of, timeline_page
from records.whose import listed_of, reader_of, resident_of
from ui.views import bad_request, not_found

#: Where a look may begin, by the names of addresses: the record's page unless asked otherwise.
FIRST_PAGES = ("record", "discharge-planning")
#: Digits of a page's number that are read: nobody's section has a million pages.
MOST_DIGITS = 6


@needs(Activity.READ_RECORDS)
@require_POST
def open_record(request: ActingRequest) -> HttpResponse:
    """Begin a look at a resident's record, and go to it, or to the plan of leaving hospital."""
    try:
        resident = UUID(request.POST.get("resident", ""))
    except ValueError as error:
        return bad_request(request, error)
    looks.begin(request, request.acting, resident)
    asked = request.POST.get("page")
    response = redirect(asked if asked in FIRST_PAGES else FIRST_PAGES[0], resident=resident)
    response.status_code = 303
    return response


@needs(Activity.READ_RECORDS)
@shows_record("record")
@reading_record
def record(request: ActingRequest, opened: Opened, resident: UUID) -> HttpResponse:
    """The record: banner, overview, and every section."""
    at = timezone.now()
    newest, glance = selectors.first_seen(opened, presenters.wanted_of(opened.decision), at)
    page = presenters.record_page(
        opened,
        resident_of(opened, resident),
        newest,
        selectors.counts(opened),
        glance=glance,
        listed=listed_of(opened),
        by=reader_of(request.acting, opened),
        at=at,
    )
    return render(request, "records/record.jinja", {"page": page})


@needs(Activity.READ_RECORDS)
@shows_record("record-section", parts={each.slug: each.category for each in SECTIONS})
@reading_record
def record_section(
    request: ActingRequest,
    opened: Opened,
    resident: UUID,
    category: str,
) -> HttpResponse:
    """One section, fifty items a page."""
    section = section_called(category)
    if section is None:
        return not_found(request, Http404())  # returned, not raised: the opening's event stays
    group = section.group(request.GET.get("show", ""))
    counts = selectors.counts(opened)
    number = _page_number(request, presenters.pages_of(section, group, counts))
    page = presenters.section_page(
        opened,
        resident_of(opened, resident),
        section,
        group,
        selectors.page_of(opened, section, group, number),
        counts,
        page=number,
        listed=listed_of(opened),
        by=reader_of(request.acting, opened),
        at=timezone.now(),
    )
    return render(request, "records/section.jinja", {"page": page})


@needs(Activity.READ_RECORDS)
@shows_record("record-item")
@reading_record
def record_item(
    request: ActingRequest,
    opened: Opened,
    resident: UUID,
    item: UUID,
) -> HttpResponse:
    """One entry with all its fields, and the text of its documents."""
    whole = selectors.entry(opened, item)
    if whole is None:
        return not_found(request, Http404())  # returned, not raised: the opening's event stays
    page = presenters.item_page(
        opened,
        resident_of(opened, resident),
        whole,
        reports=reports_of(opened, item),
        by=reader_of(request.acting, opened),
        at=timezone.now(),
    )
    return render(request, "records/item.jinja", {"page": page})


@needs(Activity.READ_RECORDS)
@shows_record("results-over-time")
@reading_record
def results_over_time(
    request: ActingRequest,
    opened: Opened,
    resident: UUID,
    item: UUID,
) -> HttpResponse:
    """The results of one test, drawn and in a table."""
    results = selectors.results_like(opened, item)
    if not results:
        return not_found(request, Http404())  # returned, not raised: the opening's event stays
    page = presenters.trend_page(
        opened,
        resident_of(opened, resident),
        results,
        by=reader_of(request.acting, opened),
        at=timezone.now(),
    )
    return render(request, "records/trend.jinja", {"page": page})


@needs(Activity.READ_RECORDS)
@shows_record("timeline")
@reading_record
def timeline(request: ActingRequest, opened: Opened, resident: UUID) -> HttpResponse:
    """The record over the years: a lane for each organisation, a table, and the entries."""
    known, extents = listed_of(opened), selectors.extents(opened)
    asked = asked_of(
        request.GET.dict(), opened.decision, extents, known, today=timezone.localdate()
    )
    places = selectors.places(opened, asked.within, asked.window)
    number = _page_number(request, asked.pages(places))
    page = timeline_page(
        opened,
        resident_of(opened, resident),
        asked,
        extents,
        places,
        selectors.entries_within(opened, asked.within, number),
        page=number,
        listed=known,
        by=reader_of(request.acting, opened),
        at=timezone.now(),
    )
    return render(request, "records/timeline.jinja", {"page": page})


def _page_number(request: ActingRequest, pages: int) -> int:
    """The page asked for, or the nearest that there is."""
    asked = request.GET.get("page", "1")
    plain = asked.isascii() and asked.isdigit() and len(asked) <= MOST_DIGITS
    return min(max(int(asked), 1), pages) if plain else 1
