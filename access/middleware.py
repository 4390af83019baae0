"""Walls about every view: who acts, that its door is declared, and the gate's last question."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from access import gate, own_roles, sittings
from access.acting import Acting
from access.doors import door_of, refuse
from access.reading import MOST_TRIES, LeavesTransaction
from access.requests import ActingRequest
from access.showing import is_registered
from audit import actions as audit
from audit.models import Action

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
        memberships = own_roles.in_force(request, request.user)
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


class NotRegistered(RuntimeError):
    """A view that shows what the gate decided about residents, and did not register itself."""


class TheGateAsksOnceMore:
    """Lets a page about residents leave only while what was decided about each of them holds.

    It goes for whatever a view considered by the gate without opening a record (lists, notices,
    referrals); an open record's pages are asked about by :mod:`access.reading`. What grants less
    by now is thrown away, and the same address is asked for once more.
    """

    #: Where the session counts the answers in a row that were thrown away.
    SESSION_KEY = "asked-once-more"

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: ActingRequest) -> HttpResponse:
        """Hand the answer on, if the rule still lets it be shown.

        :raises NotRegistered: if the view is not registered by ``@shows_record``: nothing that is
            proven of those who are would be proven of it.
        :raises LeavesTransaction: if the answer is a stream, which would leave after this.
        """
        response = self._next(request)
        acting: Acting | None = request.acting
        if acting is None or not acting.considered or not _shows(response):
            return response
        view = request.resolver_match.func if request.resolver_match else None
        if view is None or not is_registered(view):
            raise NotRegistered(f"Put @shows_record on {view}: it asks the gate about residents.")
        if response.streaming:
            raise LeavesTransaction("What is streamed leaves after the gate's last question.")
        if not gate.still_as_decided(acting):
            return self._closed_meanwhile(request, acting)
        request.session.pop(self.SESSION_KEY, None)
        return response

    def _closed_meanwhile(self, request: ActingRequest, acting: Acting) -> HttpResponse:
        """The page was made and never leaves: the event says so."""
        seen = [each.facts.resident for each in acting.considered.values()]
        audit.record(
            Action.REFUSAL,
            outcome="refused",
            reason="closed-meanwhile",
            residents=[each.id for each in seen if each is not None],
            request=request.request_id,
            **acting.for_audit(),
        )
        tries = request.session.get(self.SESSION_KEY, 0) + 1
        if request.method == "POST" or tries >= MOST_TRIES:
            request.session.pop(self.SESSION_KEY, None)
            return render(request, "access/withheld_changing.jinja", {}, status=409)
        request.session[self.SESSION_KEY] = tries
        return HttpResponseRedirect(request.get_full_path(), status=303)


def _shows(response: HttpResponse) -> bool:
    """Whether an answer is a page; who is sent elsewhere, or refused, is shown nothing."""
    return HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES
