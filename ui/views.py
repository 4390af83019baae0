"""The pages that say something went wrong. Plain words, and what to do."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

#: PostgreSQL's states: nothing is written (its own), nothing opens (ours).
_PUT_BACK = frozenset({"25006", "CC001"})


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


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 raised by the framework; also where a session could not be saved."""
    if _was_put_back(exception):
        return fault(request)
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
    """500: a fault of ours. Rendered without the database, which may be what failed.

    A database that was put back from a backup is none (503): nothing is written and nothing opens
    in it until the choices made since were replayed.
    """
    if _was_put_back(sys.exception()):
        title, status = "Connect Care is being put back", 503
        words = (
            "It was restored from a backup. No record can be opened, and nothing can be saved, "
            "until the choices that residents made since the backup are in place again. "
            "Use your own system meanwhile."
        )
    else:
        title, status = "Sorry, there is a problem", 500
        words = (
            "Nothing was saved and nothing was shown. Try again in a few minutes; use your own "
            "system meanwhile."
        )
    body = (
        f"<!doctype html><html lang='en'><title>{title} - Connect Care</title>"
        f"<h1>{title}</h1><p>{words}</p></html>"
    )
    return HttpResponse(body, status=status)


def _was_put_back(error: BaseException | None) -> bool:
    """Whether the database refused because it was put back (keeping/sql/0001_home.sql)."""
    while error is not None:
        if getattr(error, "sqlstate", None) in _PUT_BACK:
            return True
        error = error.__cause__ or error.__context__
    return False
