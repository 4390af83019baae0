"""Finding a resident: one page, one form. Searching is a POST, so that no address holds a name."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from access.acting import Acting
from access.doors import needs
from access.glimpses import Found, Outcome, Search, find
from access.requests import ActingRequest
from identity.forms import FindResidentForm
from identity.presenters import TOO_OFTEN, count_found, result, too_often
from identity.selectors import residents
from organisations.activities import Activity

#: What is asked only where name and birth date were not enough.
NARROWING = ("postcode", "sex")


@needs(Activity.FIND_RESIDENTS)
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
def find_resident(request: ActingRequest) -> HttpResponse:
    """The form; after a search, who was found and the form with what was typed."""
    form = FindResidentForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form, "searched": False}
    if form.is_bound and form.is_valid():
        search = form.search()
        found = find(request.acting, search, request_id=request.request_id)
        if found.outcome in TOO_OFTEN:
            # Answered, not raised: its event must stay.
            return render(request, "identity/too_often.jinja", too_often(found.outcome), status=429)
        context |= _answer(request.acting, search, found)
    context["narrowing"] = context.get("too_many", False) or any(
        form[name].errors or form[name].value() for name in NARROWING
    )
    return render(request, "identity/find.jinja", context)


def _answer(acting: Acting, search: Search, found: Found) -> dict[str, Any]:
    order = {resident: nth for nth, resident in enumerate(found.residents)}
    people = sorted(residents(found.residents), key=lambda seen: order[seen.id])
    too_many = found.outcome is Outcome.TOO_MANY
    return {
        "searched": True,
        "too_many": too_many,
        "limit": settings.SEARCH_LIMIT,
        "by_number": search.nhs_number is not None,
        "by_postcode": bool(search.postcode),
        "heading": "Too many residents found" if too_many else count_found(len(people)),
        "results": [result(seen, search, acting) for seen in people],
    }
