"""Drafting a change of an agreement or a role: what the registry's pages ask of the database.

What widens becomes a proposal, which counts once its effect is known and a second person has
confirmed it; what narrows is done at once (organisations/sql/0004_drafts.sql).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from organisations.models import Organisation, Proposal, ProposalKind, Role
from organisations.staffing import Administrator

PROPOSED, DONE = "proposed", "done"

#: Why nothing was drafted, in words for whoever asked.
REFUSALS = {
    "not-allowed": "Only an administrator of the registry changes agreements and roles",
    "needs-registry": "One of the two people must be an administrator of the registry",
    "not-known": "There is no such organisation or role",
    "why-missing": "Say why, in 3 characters or more",
    "own": "You hold this role yourself. Ask another administrator",
    "dates": "The last day must be after the first day, and not in the past",
    "same": "This is what holds now. Change something first",
    "trial-needs-testers": "Select what is tried out, and enter who tests it: both, or neither",
    "tester-not-known": "Enter user names of people who work there in a role that reads records",
}


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a source is to show a recipient: no category ends what they have.

    ``trial`` is shown to the memberships that are ``testers`` alone.
    """

    categories: tuple[int, ...]
    trial: tuple[int, ...] = ()
    testers: tuple[int, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    review_on: date | None = None
    purpose: str = ""
    legal_basis: str = ""
    assessment: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of it: ``proposed`` or ``done`` with the proposal, or why not."""

    outcome: str
    proposal: UUID | None = None


def draft_agreement(
    acting: Administrator,
    source: UUID,
    recipient: UUID,
    agreed: Agreed,
    *,
    why: str,
    request_id: str,
) -> Drafted:
    """Draft what a source shows a recipient from now on, or from a day on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select outcome, proposal from organisations.draft_agreement("
            "%s, %s, %s::uuid, %s, %s, %s, %s::int[], %s, %s, %s, %s, %s, %s::int[],"
            " %s::bigint[], %s, %s)",
            [
                acting.staff_id,
                acting.membership_id,
                request_id,
                why,
                source,
                recipient,
                sorted(agreed.categories),
                agreed.valid_from,
                agreed.valid_until,
                agreed.review_on,
                agreed.purpose,
                agreed.legal_basis,
                sorted(agreed.trial),
                sorted(agreed.testers),
                agreed.assessment,
                agreed.document,
            ],
        )
        return Drafted(*cursor.fetchone())


def draft_role(
    acting: Administrator,
    role: str,
    *,
    categories: Collection[int],
    activities: Collection[str],
    valid_from: datetime | None = None,
    why: str,
    request_id: str,
) -> Drafted:
    """Draft what a role reads and may do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select outcome, proposal from organisations.draft_role("
            "%s, %s, %s::uuid, %s, %s, %s::int[], %s::text[], %s)",
            [
                acting.staff_id,
                acting.membership_id,
                request_id,
                why,
                role,
                sorted(categories),
                sorted(activities),
                valid_from,
            ],
        )
        return Drafted(*cursor.fetchone())


def return_to_before(acting: Administrator, proposal: Proposal, *, request_id: str) -> Drafted:
    """Draft the state before a change that was done: narrower, it holds at once.

    :raises ValueError: if it changed no agreement or role, or was not done.
    """
    former = proposal.former
    if former is None or proposal.applied_at is None:
        raise ValueError("Only a change of an agreement or a role that was done is undone.")
    why = "Return to what held before"
    if proposal.kind == ProposalKind.ROLE:
        return draft_role(
            acting,
            Role.objects.get(pk=proposal.wanted["role"]).code,
            categories=former["categories"],
            activities=former["activities"],
            why=why,
            request_id=request_id,
        )
    sides = Organisation.objects.in_bulk([proposal.wanted["source"], proposal.wanted["recipient"]])
    return draft_agreement(
        acting,
        sides[proposal.wanted["source"]].public_id,
        sides[proposal.wanted["recipient"]].public_id,
        agreed_of(former),
        why=why,
        request_id=request_id,
    )


def agreed_of(kept: dict[str, Any]) -> Agreed:
    """What a proposal keeps of an agreement."""
    until, review = kept.get("until"), kept.get("review_on")
    begins = kept.get("from")
    return Agreed(
        categories=tuple(kept["categories"]),
        trial=tuple(kept.get("trial", ())),
        testers=tuple(kept.get("testers", ())),
        valid_from=datetime.fromisoformat(begins) if begins else None,
        valid_until=datetime.fromisoformat(until) if until else None,
        review_on=date.fromisoformat(review) if review else None,
        purpose=kept.get("purpose", ""),
        legal_basis=kept.get("legal_basis", ""),
        assessment=kept.get("assessment", ""),
        document=kept.get("document", ""),
    )
