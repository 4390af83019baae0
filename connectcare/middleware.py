"""What holds for every response."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

from access.addresses import where_from
from audit.came_from import came_from
from connectcare.logs import request_id

Next = Callable[[HttpRequest], HttpResponse]


class NothingIsStored:
    """No page of Connect Care may lie in a cache, a shared computer's included."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Mark every response that is not a front-end file as not to be stored."""
        response = self._next(request)
        response["Cache-Control"] = "no-store"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        return response


class RequestId:
    """Gives each request an id that its log lines and its audit event share.

    The event alone says from where it came.
    """

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set ``request.request_id`` and the log lines' context."""
        request.request_id = str(uuid4())  # type: ignore[attr-defined]  # a plain attribute
        token = request_id.set(request.request_id)  # type: ignore[attr-defined]  # likewise
        try:
            with came_from(request.request_id, where_from(request)):  # type: ignore[attr-defined]  # likewise
                response = self._next(request)
        finally:
            request_id.reset(token)
        return response
