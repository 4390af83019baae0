"""The gate as views meet it: a look, an opening, the page, and the gate's last question.

``@needs(Activity.READ_RECORDS)`` stands above ``@reading_record``: the door asks what the role
allows, this asks about the one record.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from access import gate, joining, looks
from access.acting import Acting
from access.decision import Reason
from access.explaining import Explanation, Place, of_refusal, whom
from access.gate import Opened, Refused
from access.looks import Look
from access.referring import may_refer
from access.requests import ActingRequest
from access.showing import page_asked
from audit import actions as audit
from audit.models import Action
from organisations.selectors import councils, listed
from ui.views import not_found

P = ParamSpec("P")
#: A view of an open record: the request, the opening, the resident by the id that pages show.
RecordView = Callable[Concatenate[ActingRequest, Opened, UUID, P], HttpResponse]

#: How often a page is asked for again because its facts changed under it, before a person is told.
MOST_TRIES = 3


class LeavesTransaction(RuntimeError):
    """A response that would be made after the gate's last question, outside the transaction."""


def reading_record(view: RecordView[P]) -> Callable[..., HttpResponse]:
    """Run a view with a record open, for GET and HEAD alone. See :func:`_with_record_open`."""
    return require_safe(_with_record_open(view))


def asking_record(view: RecordView[P]) -> Callable[..., HttpResponse]:
    """The same for a view that is sent words as well, which no address may hold: POST too."""
    return require_http_methods(["GET", "HEAD", "POST"])(_with_record_open(view))


def _with_record_open(view: RecordView[P]) -> Callable[..., HttpResponse]:
    """Run a view with a record open.

    Without a current look at this resident: a page with a button that opens the record again.
    Refused: the page of the reason. Changed meanwhile: the same address once more. Whatever the
    view made is thrown away unless all that was granted still holds when it is done.

    :raises LeavesTransaction: if the view answers with a stream or an unrendered template.
    """

    @wraps(view)
    def read(
        request: ActingRequest, resident: UUID, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        acting = request.acting
        look = looks.current(request, acting, resident)
        if look is None:
            return _open_again(request, resident)
        match = request.resolver_match
        opened = gate.open_record(
            acting,
            resident,
            look=look.id,
            request_id=request.request_id,
            page=page_asked(match.url_name if match else None, kwargs.get("category")),
        )
        if isinstance(opened, Refused):
            return _refused(request, acting, look, opened)
        request.opened = opened
        response = _whole(view(request, opened, resident, *args, **kwargs))
        if not gate.still_open():
            return _closed_meanwhile(request, acting, opened, look)
        looks.forget_tries(request, look)
        return response

    return read


def _whole(response: HttpResponse) -> HttpResponse:
    """The response itself, if nothing of it is still to be made."""
    if response.streaming or not getattr(response, "is_rendered", True):
        raise LeavesTransaction(
            "Render the page inside the view (django.shortcuts.render): what is streamed or "
            "rendered later leaves after the gate's last question."
        )
    return response


def _open_again(request: ActingRequest, resident: UUID) -> HttpResponse:
    """403: nothing is shown without a look. It does not say whether there is such a resident."""
    context = {"resident": resident, "minutes": settings.LOOK_MINUTES}
    return render(request, "access/withheld_open_again.jinja", context, status=403)


def _refused(request: ActingRequest, acting: Acting, look: Look, refused: Refused) -> HttpResponse:
    """The page that says why, and what would open the record. Returned: its event stays."""
    if refused.reason is None:
        return _ask_again(request, look)
    explained = of_refusal(refused.reason, acting.organisation_kind)
    if explained is None:  # who may not know of a resident is told of nobody
        joined = joining.now_known_as(acting, look.resident)
        if joined is None:
            return not_found(request, Http404())
        return render(request, "access/withheld_joined.jinja", {"resident": joined}, status=403)
    match refused.reason:
        case Reason.OPTED_OUT:
            refer = look.resident if refused.decision and may_refer(refused.decision) else None
            return _page(request, "opted_out", explained, {"councils": councils(), "refer": refer})
        case Reason.COUNCIL_MAY_NOT_USE_NUMBER:
            return _page(request, "number", explained, {})
        case Reason.WATCHED:
            return _say_why(look)
        case Reason.NO_RELATIONSHIP:
            return _page(request, "no_relationship", explained, {"resident": look.resident})
        case _:
            return _page(request, "reader", explained, {"reason": refused.reason})


def _say_why(look: Look) -> HttpResponse:
    """On to the question that stands before a record under watch, whatever door was asked."""
    return HttpResponseRedirect(reverse("say-why", args=[look.resident]), status=303)


def _page(
    request: ActingRequest, name: str, explained: Explanation, context: dict[str, object]
) -> HttpResponse:
    acting = request.acting
    own = Place(
        acting.organisation_name, listed([acting.organisation_id])[acting.organisation_id].phone
    )
    context = {"explained": explained, "ask": whom(explained, own, ()), "own": own, **context}
    return render(request, f"access/withheld_{name}.jinja", context, status=403)


def _closed_meanwhile(
    request: ActingRequest, acting: Acting, opened: Opened, look: Look
) -> HttpResponse:
    """The page was made and never leaves: the event says so."""
    audit.record(
        Action.REFUSAL,
        outcome="refused",
        reason="closed-meanwhile",
        resident_id=opened.resident_id,
        look=look.id,
        request=request.request_id,
        **acting.for_audit(),
    )
    return _ask_again(request, look)


def _ask_again(request: ActingRequest, look: Look) -> HttpResponse:
    """The same address once more; a person is told when that has been tried often enough."""
    if looks.count_try(request, look) < MOST_TRIES:
        return HttpResponseRedirect(request.get_full_path(), status=303)
    looks.forget_tries(request, look)
    return render(request, "access/withheld_changing.jinja", {}, status=409)
