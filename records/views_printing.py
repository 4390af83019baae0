"""The record for paper: what its page shows, opened out, with who prints it on every sheet."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from access.doors import needs
from access.gate import Opened
from access.reading import reading_record
from access.requests import ActingRequest
from access.showing import shows_record
from organisations.activities import Activity
from records import presenters, selectors
from records.printing import record_printed
from records.whose import listed_of, reader_of, resident_of


@needs(Activity.READ_RECORDS)
@shows_record("print-record")
@reading_record
def print_record(request: ActingRequest, opened: Opened, resident: UUID) -> HttpResponse:
    """What the record's page shows, for paper. That it was asked for is recorded as a print."""
    at = timezone.now()
    page = presenters.record_page(
        opened,
        resident_of(opened, resident),
        selectors.newest(opened, presenters.wanted_of(opened.decision)),
        selectors.counts(opened),
        glance=selectors.glance(opened, at),
        listed=listed_of(opened),
        by=reader_of(request.acting, opened),
        at=at,
    )
    record_printed(
        request.acting, opened, entries=page.entries_shown, request_id=request.request_id
    )
    return render(request, "records/print.jinja", {"page": page})
