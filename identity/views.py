"""Finding a resident: one page, one form. Searching is a POST, so that no address holds a name."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from access.doors import needs
from access.glimpses import find
from access.requests import ActingRequest
from identity.forms import FindResidentForm
from identity.presenters import count_found, result
from identity.selectors import residents
from organisations.activities import Activity


@needs(Activity.FIND_RESIDENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def find_resident(request: ActingRequest) -> HttpResponse:
    """The form; after a search, who was found and the form with what was typed."""
    form = FindResidentForm(request.POST if request.method == "POST" else None)
    answer = _search(request, form) if form.is_bound and form.is_valid() else {"searched": False}
    return render(request, "identity/find.jinja", {"form": form, **answer})


def _search(request: ActingRequest, form: FindResidentForm) -> dict[str, Any]:
    search = form.search()
    found = find(request.acting, search, request_id=request.request_id)
    results = [result(seen, search, request.acting) for seen in residents(found.residents)]
    return {
        "searched": True,
        "too_many": found.too_many,
        "limit": settings.SEARCH_LIMIT,
        "by_number": search.nhs_number is not None,
        "heading": "Too many residents found" if found.too_many else count_found(len(results)),
        "results": results,
    }
