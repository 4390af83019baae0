"""The public list of participating organisations, and the registry's pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from access.doors import public
from organisations.selectors import participating_organisations


@public
@require_GET
def participating(request: HttpRequest) -> HttpResponse:
    """The organisations that take part, from the registry, so that the list is always true."""
    context = {"organisations": participating_organisations()}
    return render(request, "organisations/participating.jinja", context)
