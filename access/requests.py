"""The request as the middleware hands it to a view: for type checking, no code runs here."""

from __future__ import annotations

from django.http import HttpRequest

from access.acting import Acting
from access.gate import Opened
from organisations.models import StaffMember


class AnyRequest(HttpRequest):
    """A request of anyone: ``acting`` is ``None`` unless a membership in force is acted as."""

    acting: Acting | None
    request_id: str


class SignedInRequest(AnyRequest):
    """A request that came through ``@signed_in``."""

    user: StaffMember


class ActingRequest(SignedInRequest):
    """A request that came through ``@needs(…)``: somebody acts."""

    acting: Acting
    #: Set by ``@reading_record`` while a record is open.
    opened: Opened
