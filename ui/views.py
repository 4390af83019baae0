"""The pages that say something went wrong. Plain words, and what to do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def _page(request: HttpRequest, status: int, title: str, words: str) -> HttpResponse:
    return render(request, "ui/problem.jinja", {"page_title": title, "words": words}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """404: also for what the reader may not know of."""
    return _page(
        request,
        404,
        "Page not found",
        "Check the address, or go back to the start and search again.",
    )


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """403 raised by the framework."""
    return _page(
        request, 403, "You cannot open this page", "Your role does not include what it shows."
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """400 raised by the framework."""
    return _page(request, 400, "That request could not be read", "Go back and try again.")


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """A form whose token is not this session's."""
    return _page(
        request,
        403,
        "This form has expired",
        "Nothing was saved. Go back, load the page again, and send the form once more.",
    )


def fault(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django gives it
    """500: a fault of ours. Rendered without the database, which may be what failed."""
    body = (
        "<!doctype html><html lang='en'><title>Sorry, there is a problem - Connect Care</title>"
        "<h1>Sorry, there is a problem</h1><p>Nothing was saved and nothing was shown. "
        "Try again in a few minutes; use your own system meanwhile.</p></html>"
    )
    return HttpResponse(body, status=500)
