"""Whose record a page shows, to whom, and which organisations it may name: for every door of it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from access.acting import Acting
from access.gate import Opened
from identity import selectors as identity
from identity.protected import kind_of_worker
from identity.selectors import ResidentSeen
from organisations.selectors import Listed, listed


def listed_of(opened: Opened) -> dict[int, Listed]:
    """Every organisation that a record's page may name, as anyone may know it.

    Of a protected resident's only the reader's own number is given: that of who calls back.
    """
    membership = opened.decision.facts.membership
    found = listed(source.id for source in opened.decision.facts.sources)
    if not opened.redaction.protected:
        return found
    own = membership.organisation.id if membership else None
    return {
        source: replace(each, phone=opened.redaction.ring if source == own else "")
        for source, each in found.items()
    }


def reader_of(acting: Acting, opened: Opened) -> str:
    """Who prints. Paper about a protected resident does not say where it was printed."""
    if opened.redaction.protected:
        return kind_of_worker(acting.role_name).lower()
    return f"{acting.staff_name}, {acting.role_name}, {acting.organisation_name}"


def resident_of(opened: Opened, resident: UUID) -> ResidentSeen:
    """The resident of an open record, whom its opening lets the page name.

    :raises LookupError: if it is not the resident of the address, which the gate rules out: a
        page under another person's banner must not leave.
    """
    who = identity.resident(opened.resident_id)
    if who is None or who.public_id != resident:
        raise LookupError("The open record is not that of the resident who was asked for.")
    return who
