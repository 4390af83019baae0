"""From where the request came that is being answered: every event of it says so.

An event that Python writes is given it by :func:`audit.actions.record`; one that a function of the
database writes, by ``audit.record`` there, which reads what :func:`for_database` was set to on the
connection. Both ask that the event is of this very request: what an earlier request left on a
connection says nothing of a later one. The host's own address says nothing of anybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from uuid import UUID

#: The setting of a connection that ``audit.record`` reads.
SETTING = "connectcare.came_from"

_now: ContextVar[tuple[str, str]] = ContextVar("came_from", default=("", ""))


@contextmanager
def came_from(request_id: str, address: str) -> Iterator[None]:
    """Answer a request that came from a network address."""
    token = _now.set(("", "") if ip_address(address).is_loopback else (request_id, address))
    try:
        yield
    finally:
        _now.reset(token)


def of(request_id: str | UUID | None) -> dict[str, str]:
    """What an event of a request says of it: nothing, if it is not the one being answered."""
    known, address = _now.get()
    return {"from": address} if known and str(request_id) == known else {}


def for_database() -> str:
    """What :data:`SETTING` is set to for the request being answered: its id, its address."""
    return " ".join(_now.get()).strip()
