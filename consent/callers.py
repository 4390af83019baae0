"""Who records, and about whom: what every view of choices stands on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from access.acting import Acting
from access.glimpses import glimpse
from access.requests import ActingRequest
from consent import drafts
from consent.drafts import Draft
from consent.journey import IDENTITY
from consent.kinds import kinds_for
from consent.vocabulary import Kind
from identity.presenters import PersonShown, person
from identity.selectors import resident as resident_seen
from organisations.activities import Activity
from ui.views import not_found

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who records, and about whom: the resident glimpsed by this request's transaction."""

    acting: Acting
    request_id: str
    resident: UUID
    resident_id: int
    person: PersonShown


def caller(request: ActingRequest, resident: UUID) -> Caller | None:
    """Glimpse the resident with their choices; ``None`` where they may not be known of."""
    found = glimpse(
        request.acting,
        resident,
        activity=Activity.RECORD_CHOICES,
        request_id=request.request_id,
    )
    seen = resident_seen(found) if found is not None else None
    if seen is None:
        return None
    return Caller(request.acting, request.request_id, resident, seen.id, person(seen))


def about_resident(
    view: Callable[Concatenate[ActingRequest, Caller, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Give a view the resident of its address, or answer as if there were no such page.

    Answered, not raised: the event that says who asked must stand.
    """

    @wraps(view)
    def opened(
        request: ActingRequest, resident: UUID, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        about = caller(request, resident)
        if about is None:
            return not_found(request, Http404())
        return view(request, about, *args, **kwargs)

    return opened


def with_draft(
    view: Callable[Concatenate[ActingRequest, Caller, Draft, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Give a view the draft of its address with its resident.

    A draft that has become a choice leads to that choice; one that is gone, to a page that says
    so. Who the person is holds for one call: where the draft is taken up later it is asked again.
    """

    @wraps(view)
    def opened(
        request: ActingRequest, draft: UUID, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        kept = drafts.find(draft, by=request.acting)
        if kept is None:
            return render(request, "consent/gone.jinja", status=404)
        if kept.made is not None:
            return redirect("choice-recorded", kept.resident, kept.made)
        if kept.said.get("kind", Kind.CONNECT_CARE) not in kinds_for(request.acting):
            kept = replace(kept, said={})
        about = caller(request, kept.resident)
        if about is None:
            return not_found(request, Http404())
        return view(request, about, _known(kept), *args, **kwargs)

    return opened


def _known(draft: Draft) -> Draft:
    said = {name: value for name, value in draft.said.items() if name != IDENTITY}
    if draft.knows_who:
        said[IDENTITY] = "checked"
    return replace(draft, said=said)
