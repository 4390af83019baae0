"""Comparing the registry with the national directory, and putting it right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from access.doors import needs
from access.requests import ActingRequest
from organisations import published
from organisations.activities import Activity
from organisations.forms import PublishedForm
from organisations.published import NotPublished, Published


@needs(Activity.MANAGE_REGISTRY)
@require_http_methods(["GET", "HEAD", "POST"])
def refresh(request: ActingRequest) -> HttpResponse:
    """What differs from what is published; and then it is put right, or nothing is."""
    form = PublishedForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form, "compared": False}
    if not form.is_bound or not form.is_valid():
        return render(request, "organisations/refresh.jinja", context)
    given, why = form.cleaned_data["contents"], form.cleaned_data["why"]
    try:
        found = published.read(given.read()) if given else None
        known = (
            published.known_here(found.organisations) if found else _carried(request.POST["read"])
        )
    except NotPublished as error:
        form.add_error("contents", str(error))
        return render(request, "organisations/refresh.jinja", context)
    doing = found is None and "do" in request.POST
    differences = published.refresh(
        request.acting, known, why=why, request_id=request.request_id, preview=not doing
    )
    if doing:
        response = redirect("registry-organisations")
        response.status_code = 303
        return response
    context |= {
        "compared": True,
        "differences": differences,
        "rows": json.dumps([each.as_row() for each in known]),
        "why": why,
        "strangers": len(found.organisations) - len(known) if found else 0,
        "unusable": found.unusable if found else 0,
    }
    return render(request, "organisations/refresh.jinja", context)


def _carried(text: str) -> Sequence[Published]:
    """What the page before handed on.

    :raises NotPublished: if it is not what it handed on.
    """
    try:
        return [
            Published(
                **{
                    **row,
                    "closed_on": date.fromisoformat(row["closed_on"]) if row["closed_on"] else None,
                }
            )
            for row in json.loads(text)
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise NotPublished("Select the file again") from error
