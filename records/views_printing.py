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
    """The overview and the newest of every section, for paper. Asked for, it counts as a print."""
    at = timezone.now()
    wanted = presenters.wanted_of(opened.decision, on_paper=True)
    newest, glance = selectors.first_seen(opened, wanted, at)
    page = presenters.record_page(
        opened,
        resident_of(opened, resident),
        newest,
        selectors.counts(opened),
        glance=glance,
        on_paper=True,
        listed=listed_of(opened),
        by=reader_of(request.acting, opened),
        at=at,
    )
    record_printed(
        request.acting, opened, entries=page.entries_shown, request_id=request.request_id
    )
    return render(request, "records/print.jinja", {"page": page})
