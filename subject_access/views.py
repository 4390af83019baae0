"""The officers' pages of subject access: the list, one request, what is decided, and the pack."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.doors import needs
from access.glimpses import glimpse
from access.identity_check import Compared
from access.requests import ActingRequest
from access.views_accounts import DIFFERS, TOO_OFTEN
from identity.presenters import person
from identity.selectors import resident as resident_seen
from identity.selectors import residents
from organisations.activities import Activity
from subject_access import requests, tasks
from subject_access.forms import BeginForm, DecideForm, ExtendForm
from subject_access.parts import Decision
from ui.views import not_allowed, not_found

log = logging.getLogger(__name__)


@needs(Activity.TELL_WHO_LOOKED)
@require_safe
def subject_accesses(request: ActingRequest) -> HttpResponse:
    """The requests of one's own organisation, those due first first."""
    found = requests.read_all(request.acting, request_id=request.request_id)
    if found is None:
        return not_allowed(request, PermissionError())
    people = {seen.id: person(seen) for seen in residents([each.resident for each in found])}
    today = timezone.localdate()
    lines = [(each, people.get(each.resident), each.due < today) for each in found]
    return render(request, "subject_access/list.jinja", {"lines": lines})


@needs(Activity.TELL_WHO_LOOKED)
@require_http_methods(["GET", "HEAD", "POST"])
def begin_subject_access(request: ActingRequest, resident: UUID) -> HttpResponse:
    """Who asks, and since when; then the request, and never without the check."""
    found = glimpse(
        request.acting,
        resident,
        activity=Activity.FIND_RESIDENTS,
        request_id=request.request_id,
    )
    seen = resident_seen(found) if found is not None else None
    if seen is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    form = BeginForm(request.POST or None)
    if form.is_bound and form.is_valid():
        compared, made, row = requests.begin(
            form.claimed(),
            resident,
            received=form.cleaned_data["received"],
            by=request.acting,
            request_id=request.request_id,
        )
        if made is not None:
            _nudge(row)
            return redirect("subject-access", made)
        form.add_error(None, TOO_OFTEN if compared is Compared.TOO_OFTEN else DIFFERS)
    context = {"person": person(seen), "form": form}
    return render(request, "subject_access/begin.jinja", context)


@needs(Activity.TELL_WHO_LOOKED)
@require_safe
def subject_access(request: ActingRequest, subject_access: UUID) -> HttpResponse:
    """One request: its clock, how far it is, and what waits for a decision."""
    found = requests.read(request.acting, subject_access, request_id=request.request_id)
    seen = resident_seen(found.resident) if found is not None else None
    if found is None or seen is None:
        return not_found(request, Http404())
    context = {"person": person(seen), "found": found, "late": found.due < timezone.localdate()}
    return render(request, "subject_access/request.jinja", context)


@needs(Activity.TELL_WHO_LOOKED)
@require_http_methods(["GET", "HEAD", "POST"])
def decide_part(request: ActingRequest, subject_access: UUID, part: int) -> HttpResponse:
    """What becomes of a part that was set aside."""
    found = requests.read(request.acting, subject_access, request_id=request.request_id)
    waiting = {each.id: each for each in found.waiting} if found else {}
    seen = resident_seen(found.resident) if found is not None else None
    if found is None or seen is None or part not in waiting:
        return not_found(request, Http404())
    form = DecideForm(request.POST or None)
    if form.is_bound and form.is_valid():
        _, to_make = requests.decide(
            request.acting,
            subject_access,
            part,
            whole_source=form.cleaned_data["whole"] == "source",
            decision=Decision(form.cleaned_data["decision"]),
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        _nudge(to_make)
        return redirect("subject-access", subject_access)
    context = {"person": person(seen), "found": found, "part": waiting[part], "form": form}
    return render(request, "subject_access/decide.jinja", context)


@needs(Activity.TELL_WHO_LOOKED)
@require_http_methods(["GET", "HEAD", "POST"])
def extend_subject_access(request: ActingRequest, subject_access: UUID) -> HttpResponse:
    """Two more months, with a reason."""
    found = requests.read(request.acting, subject_access, request_id=request.request_id)
    seen = resident_seen(found.resident) if found is not None else None
    if found is None or seen is None:
        return not_found(request, Http404())
    form = ExtendForm(request.POST or None)
    if form.is_bound and form.is_valid():
        answer = requests.extend(
            request.acting,
            found,
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        if answer == "extended":
            return redirect("subject-access", subject_access)
        form.add_error("words", "It can be extended once, before it is due")
    context = {"person": person(seen), "found": found, "form": form}
    return render(request, "subject_access/extend.jinja", context)


@needs(Activity.TELL_WHO_LOOKED)
@require_POST
def fetch_subject_access(request: ActingRequest, subject_access: UUID) -> HttpResponse:
    """The pack as a ZIP file. It is handed out once."""
    found = requests.read(request.acting, subject_access, request_id=request.request_id)
    pack = requests.fetch(request.acting, subject_access, request_id=request.request_id)
    if found is None or pack is None:
        return not_found(request, Http404())
    return HttpResponse(
        pack,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{found.reference}.zip"'},
    )


def _nudge(row: int | None) -> None:
    """Tell a worker after the commit. If the broker is away, the sweeper finds the row."""
    if row is not None:
        transaction.on_commit(lambda: _told(row))


def _told(row: int) -> None:
    try:
        tasks.prepare.delay(row)
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises: the row waits
        log.warning("No worker was told of subject access %s: %s", row, type(error).__name__)
