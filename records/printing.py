"""A print of an open record: that it was made is an event of its own, beside the opening's."""

from __future__ import annotations

from access.acting import Acting
from access.gate import Opened
from audit import actions as audit
from audit.models import Action


def record_printed(acting: Acting, opened: Opened, *, entries: int, request_id: str) -> None:
    """Write that a page made for paper was given out, and how many entries it shows."""
    audit.record(
        Action.RECORD_PRINTED,
        resident_id=opened.resident_id,
        look=opened.look,
        request=request_id,
        detail={"entries": entries},
        **acting.for_audit(),
    )
