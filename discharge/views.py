"""The discharge pages: gate, selector, presenter, template."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from access.doors import needs
from access.gate import Opened
from access.reading import reading_record
from access.referring import may_refer
from access.requests import ActingRequest
from access.showing import shows_record
from discharge import presenters, referrals
from discharge.planning import planning_page, wanted_of
from organisations.activities import Activity
from organisations.selectors import out_of_hours_phones
from records import selectors
from records.whose import listed_of, reader_of, resident_of


@needs(Activity.READ_RECORDS)
@shows_record("discharge-planning")
@reading_record
def discharge_planning(request: ActingRequest, opened: Opened, resident: UUID) -> HttpResponse:
    """One glance at what a ward must know before somebody goes home."""
    who = resident_of(opened, resident)
    page = planning_page(
        opened,
        who,
        selectors.newest(opened, wanted_of(opened.decision)),
        selectors.counts(opened),
        listed=listed_of(opened),
        out_of_hours=out_of_hours_phones(source.id for source in opened.decision.facts.sources),
        by=reader_of(request.acting, opened),
        at=timezone.now(),
    )
    context = {
        "page": page,
        "may_refer": may_refer(opened.decision),
        "referrals": [
            presenters.line(each, who, at=timezone.now())
            for each in referrals.of_open_record(request.acting)
        ],
    }
    return render(request, "discharge/planning.jinja", context)
