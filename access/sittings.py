"""The sitting: from signing in, or choosing what to act as, to the next time or to signing out.

What was broken open in a sitting is closed when it ends: the session forgets its id, so that no
later sitting goes on with it, and the gate notes the end where there is still time to.
"""

from __future__ import annotations

from uuid import UUID, uuid4

from django.db import connection
from django.http import HttpRequest

#: Where the sitting's id stands in the session.
SESSION_KEY = "sitting"


def begin(request: HttpRequest) -> UUID:
    """Begin a sitting of its own."""
    sitting = uuid4()
    request.session[SESSION_KEY] = str(sitting)
    return sitting


def current(request: HttpRequest) -> UUID:
    """The sitting of this session, begun if there is none."""
    kept = request.session.get(SESSION_KEY)
    return UUID(kept) if kept else begin(request)


def end(request: HttpRequest, *, staff_id: int, request_id: str) -> None:
    """End the sitting, and whatever glass is broken in it, with its events."""
    kept = request.session.pop(SESSION_KEY, None)
    if kept is not None:
        end_of(staff_id, UUID(kept), request_id=request_id)


def end_of(staff_id: int, sitting: UUID, *, request_id: str) -> None:
    """End a sitting of somebody's, whichever request it is of."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.end_sitting(%s, %s, %s::uuid)", [staff_id, str(sitting), request_id]
        )
