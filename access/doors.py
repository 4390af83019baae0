"""Doors: every view says who may open it, and nothing is reached past the saying.

``@public`` anyone · ``@signed_in`` any staff member who has signed in · ``@needs(activity)`` a
staff member whose acting membership's role has the activity · ``@kept_by(keeper)`` a system
that its keeper lets in. The check is made by
:class:`access.middleware.EveryDoorIsDeclared`, before the view runs; a view without a door is
refused. Views that show something of a record also go through :mod:`access.gate`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from access.acting import Acting
from organisations.activities import Activity

View = TypeVar("View", bound=Callable[..., object])
#: ``None`` lets the request in; else the answer that refuses it.
Keeper = Callable[[HttpRequest], HttpResponse | None]


@dataclass(frozen=True, slots=True)
class Door:
    """Who may open a view."""

    name: str
    activities: frozenset[Activity] = frozenset()
    public: bool = False
    keeper: Keeper | None = None

    def check(self, request: HttpRequest) -> HttpResponse | None:
        """``None`` lets the request in; else the answer that refuses it.

        Someone who has several memberships and has chosen none is asked to choose.
        """
        if self.public:
            return None
        if self.keeper is not None:
            return self.keeper(request)
        if not request.user.is_authenticated:
            # Pages were sent to sign in by the middleware before this one; what is left are
            # views of frameworks that leave signing in to themselves. Not here.
            return HttpResponse("Sign in first.", status=403, content_type="text/plain")
        if not self.activities:
            return None
        acting: Acting | None = getattr(request, "acting", None)
        if acting is None:
            return redirect("choose-membership")
        if not any(acting.may(activity) for activity in self.activities):
            return refuse(request, "activity-not-in-role")
        return None


def public(view: View) -> View:
    """Anyone may open this, signed in or not. It shows nothing of anyone."""
    view.door = Door("public", public=True)  # type: ignore[attr-defined]  # read by door_of
    view.login_required = False  # type: ignore[attr-defined]  # Django's LoginRequiredMiddleware
    return view


def signed_in(view: View) -> View:
    """Any staff member who has signed in may open this, whatever they act as."""
    view.door = Door("signed-in")  # type: ignore[attr-defined]  # read by door_of
    return view


def kept_by(keeper: Keeper) -> Callable[[View], View]:
    """A system that has no session may open this, if its keeper lets the request in."""

    def declare(view: View) -> View:
        view.door = Door("kept", keeper=keeper)  # type: ignore[attr-defined]  # read by door_of
        view.login_required = False  # type: ignore[attr-defined]  # the keeper asks instead
        return view

    return declare


def needs(*activities: Activity) -> Callable[[View], View]:
    """A staff member whose role has one of these activities may open this."""

    def declare(view: View) -> View:
        view.door = Door(  # type: ignore[attr-defined]  # read by door_of
            " or ".join(activities), activities=frozenset(activities)
        )
        return view

    return declare


def door_of(view: Callable[..., object]) -> Door | None:
    """The door that a view declared; for a class-based view, its class's."""
    for holder in (view, getattr(view, "view_class", None), getattr(view, "cls", None)):
        door = getattr(holder, "door", None)
        if isinstance(door, Door):
            return door
    return None


def refuse(request: HttpRequest, reason: str, status: int = 403) -> HttpResponse:
    """The page that says no, why, and what to do. Returned, never raised: its event must stay."""
    return render(request, "access/refused.jinja", {"reason": reason}, status=status)
