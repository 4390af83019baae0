"""From which templates an answer was made: said in a header, for tests that examine its page."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from typing import Any

import jinja2
from django.http import HttpRequest, HttpResponse

from connectcare.jinja import environment as environment_of_the_portal

HEADER = "X-Made-From"

_asked_for: ContextVar[set[str] | None] = ContextVar("asked_for", default=None)


class NotingEnvironment(jinja2.Environment):
    """Notes every template that a page asks for: its own, what it extends, includes, imports."""

    def _load_template(self, name: str, given: MutableMapping[str, Any] | None) -> jinja2.Template:
        if (asked_for := _asked_for.get()) is not None:
            asked_for.add(name)
        return super()._load_template(name, given)


def environment(**options: Any) -> jinja2.Environment:
    """The portal's environment, noting."""
    made = environment_of_the_portal(**options)
    made.__class__ = NotingEnvironment  # it is made whole: nothing can be given it beforehand
    return made


class SaysItsTemplates:
    """Names the templates of each answer in a header of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note while the answer is made."""
        noted: set[str] = set()
        token = _asked_for.set(noted)
        try:
            response = self._next(request)
        finally:
            _asked_for.reset(token)
        response[HEADER] = " ".join(sorted(noted))
        return response
