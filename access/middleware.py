"""Two walls in front of every view: who acts, and that the view's door is declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from access import sittings
from access.acting import Acting
from access.doors import door_of, refuse
from organisations.selectors import memberships_in_force

Next = Callable[[HttpRequest], HttpResponse]

#: Where the chosen membership's id stands in the session.
SESSION_KEY = "membership"


class ActingMembership:
    """Sets ``request.acting`` to the chosen membership, read anew for each request.

    A staff member with one membership acts as it; with several they choose. A membership that
    ended since it was chosen is not acted as: the next request finds none.
    """

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Read the membership, then go on."""
        request.acting = self._acting(request)  # type: ignore[attr-defined]  # a plain attribute
        return self._next(request)

    @staticmethod
    def _acting(request: HttpRequest) -> Acting | None:
        if not request.user.is_authenticated:
            return None
        sitting = sittings.current(request)
        chosen = request.session.get(SESSION_KEY)
        memberships = memberships_in_force(request.user)
        if chosen is not None:
            memberships = [each for each in memberships if str(each.pk) == str(chosen)]
        return Acting.of(memberships[0], sitting=sitting) if len(memberships) == 1 else None


class EveryDoorIsDeclared:
    """Refuses a view that does not say who may open it: in production, not only in tests."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on; the check is made when the view is known."""
        return self._next(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        _args: tuple[Any, ...],
        _kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        """Answer with a refusal unless the view has a door, and the door lets this person in."""
        door = door_of(view)
        if door is None:
            return refuse(request, "undeclared")
        return door.check(request)
