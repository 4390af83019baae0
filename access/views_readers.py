"""The privacy officers' page "Who could see this?": one resident, one part of the record."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from access.doors import needs
from access.forms import PartOfRecordForm
from access.glimpses import glimpse
from access.possible_readers import possible_readers
from access.presenters_readers import ReadersPage, readers_page
from access.requests import ActingRequest
from identity.presenters import person
from identity.selectors import resident as resident_seen
from organisations.activities import Activity
from ui.views import not_found


@needs(Activity.EXPLAIN_ACCESS)
@require_safe
def who_could_see(request: ActingRequest, resident: UUID) -> HttpResponse:
    """Choose a part of the record; then who could open it now, and by which rule."""
    form = PartOfRecordForm(request.GET if "category" in request.GET else None)
    found: int | None
    page: ReadersPage | None = None
    if form.is_bound and form.is_valid():
        readers = possible_readers(
            request.acting, resident, form.category_asked(), request_id=request.request_id
        )
        found = readers.resident if readers else None
        page = readers_page(readers) if readers else None
    else:
        found = glimpse(
            request.acting,
            resident,
            activity=Activity.FIND_RESIDENTS,
            request_id=request.request_id,
        )
    seen = resident_seen(found) if found is not None else None
    if seen is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    context = {"person": person(seen), "form": form, "page": page, "back": reverse("find-resident")}
    return render(request, "access/who_could_see.jinja", context)
