"""Reporting that an entry is wrong, and the work list of the source's records officers."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from access.doors import needs
from access.gate import Opened
from access.reading import asking_record
from access.requests import ActingRequest
from access.showing import shows_record
from identity.selectors import residents
from organisations.activities import Activity
from records import presenters_reporting as presenters
from records import reporting, selectors
from records.forms import AnswerReportForm, ReportEntryForm
from records.items import item_of
from records.reported import ReportAnswer, WhatIsWrong
from records.tasks import tell_after_commit
from records.whose import reader_of, resident_of
from ui.views import not_allowed, not_found

#: Digits of a page's number that are read.
MOST_DIGITS = 4


@needs(Activity.READ_RECORDS)
@sensitive_post_parameters()
@shows_record("report-entry")
@asking_record
def report_entry(
    request: ActingRequest, opened: Opened, resident: UUID, item: UUID
) -> HttpResponse:
    """What is wrong with one entry that is shown; reported, back to the entry."""
    entry = selectors.named(opened, item)
    whole = selectors.entry(opened, item)
    if entry is None or whole is None:
        return not_found(request, Http404())  # returned, not raised: the opening's event stays
    form = ReportEntryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = reporting.report_entry(
            request.acting,
            opened,
            entry,
            what=WhatIsWrong(form.cleaned_data["what"]),
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        tell_after_commit(made.pk)
        return redirect("record-item", resident=resident, item=item)
    sources = {source.id: source for source in opened.decision.facts.sources}
    page = presenters.reporting_page(
        resident_of(opened, resident),
        item_of(whole.seen, sources),
        by=reader_of(request.acting, opened),
        at=timezone.now(),
    )
    return render(request, "records/report_entry.jinja", {"page": page, "form": form})


@needs(Activity.RESOLVE_IDENTITY)
@require_safe
def reports(request: ActingRequest) -> HttpResponse:
    """The reports of one's own organisation's entries: those that wait, or those answered."""
    answered = request.GET.get("show") == "answered"
    page = _page_number(request.GET.get("page", ""))
    answer = reporting.read_reports(
        request.acting, answered=answered, page=page, request_id=request.request_id
    )
    if answer is None:
        return not_allowed(request, PermissionError())
    shown, total = answer
    people = {seen.id: seen for seen in residents(each.resident for each in shown)}
    listed = presenters.reports_page(shown, people, answered=answered, total=total, page=page)
    return render(request, "records/reports.jinja", {"page": listed})


@needs(Activity.RESOLVE_IDENTITY)
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
def report(request: ActingRequest, report: UUID) -> HttpResponse:
    """One report, and the answer to it."""
    form = AnswerReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = reporting.answer_report(
            request.acting,
            report,
            answer=ReportAnswer(form.cleaned_data["answer"]),
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        if done == "answered":
            return redirect("report", report)
        form.add_error("answer", "Somebody has answered this report already")
    seen = reporting.read_report(request.acting, report, request_id=request.request_id)
    if seen is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    who = next(iter(residents([seen.resident])), None)
    page = presenters.report_page(seen, who)
    return render(request, "records/report.jinja", {"page": page, "form": form})


def _page_number(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) <= MOST_DIGITS else 1
