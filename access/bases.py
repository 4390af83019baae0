"""What an open record stands on: care relationships, broken glass, death, lawful disclosures.

Pure functions over the facts, beside the rules that ask them (:mod:`access.rules`).
"""

from __future__ import annotations

from datetime import datetime

from access.facts import Disclosure, Facts, Glass, Relationship
from access.relationships import closes_after_death
from consent.models import Kind
from organisations.activities import Activity
from organisations.categories import Category


def relationship_in_force(facts: Facts) -> Relationship | None:
    """The care relationship that opens the record: in force, and the reader's own.

    Of several the first in the order of the facts, which is the latest to begin.
    """
    membership = facts.membership
    if membership is None:
        return None
    team = membership.team
    for relationship in facts.relationships:
        if covers(relationship, facts.at) and is_of(
            relationship,
            membership=membership.id,
            team=team.id if team else None,
            serves_whole_site=team is not None and team.serves_whole_site,
        ):
            return relationship
    return None


def covers(relationship: Relationship, at: datetime) -> bool:
    """Whether a relationship is in force at a moment: begun, and not ended."""
    return relationship.valid_from <= at and (
        relationship.valid_until is None or at < relationship.valid_until
    )


def is_of(
    relationship: Relationship, *, membership: int, team: int | None, serves_whole_site: bool
) -> bool:
    """Whether a relationship of the reader's organisation is this reader's.

    One that was declared is its declarer's alone. A relationship with the whole of a small
    organisation is every team's there; a team that serves a whole site has its admissions and
    attendances.
    """
    if relationship.membership is not None:
        return relationship.membership == membership
    if relationship.team is None or relationship.team == team:
        return True
    return serves_whole_site and relationship.kind in _SITE_WIDE


_SITE_WIDE = frozenset({"admission", "attendance"})


def glass_in_force(facts: Facts) -> Glass | None:
    """The glass that opens the record: broken in this sitting, not over, and the role still may."""
    membership = facts.membership
    if membership is None or Activity.BREAK_GLASS not in membership.role.activities:
        return None
    for glass in facts.glasses:
        if glass.began <= facts.at < glass.ends_at and glass.ended_at is None:
            return glass
    return None


def waits_for_words(facts: Facts) -> bool:
    """Whether a watch is in force, and the reader has given no reason in this sitting since.

    Glass broken in this sitting has its reason, and its officers were told.
    """
    return glass_in_force(facts) is None and any(
        watch.began <= facts.at < watch.ends_at and not watch.answered for watch in facts.watches
    )


def reads_after_death(facts: Facts) -> bool:
    """Whether the resident has died, and the role reads after death (a medical examiner's)."""
    membership, resident = facts.membership, facts.resident
    if membership is None or resident is None or not resident.deceased:
        return False
    return Activity.READ_AFTER_DEATH in membership.role.activities


def care_is_over(facts: Facts) -> bool:
    """Whether the resident died so long ago that whoever cared for them reads no more."""
    resident = facts.resident
    if resident is None or not resident.deceased:
        return False
    closes = closes_after_death(
        resident.deceased_on, resident.deceased_since, after_death=facts.after_death
    )
    return closes is None or closes <= facts.at


def is_withheld(facts: Facts) -> bool:
    """Whether a choice in force withholds the whole record from this reader."""
    own = facts.membership.organisation.id if facts.membership else None
    return any(
        refusal.kind == Kind.CONNECT_CARE
        or (refusal.kind == Kind.NHS_NUMBER and refusal.council == own)
        for refusal in facts.refusals
    )


def disclosures_in_force(facts: Facts) -> tuple[Disclosure, ...]:
    """The lawful disclosures in force that name the reader.

    Confirmed by a second officer; or made by an on-call one out of hours, and not yet due to be.
    """
    return tuple(each for each in facts.disclosures if _is_in_force(each, facts.at))


def _is_in_force(disclosure: Disclosure, at: datetime) -> bool:
    if not disclosure.valid_from <= at < disclosure.valid_until or disclosure.ended is not None:
        return False
    if disclosure.confirmed is not None:
        return True
    return disclosure.confirm_by is not None and at < disclosure.confirm_by


def disclosed_categories(facts: Facts) -> frozenset[Category]:
    """The categories that lawful disclosures in force open to the reader."""
    return frozenset[Category]().union(*(each.categories for each in disclosures_in_force(facts)))


def opens_by_disclosure_alone(facts: Facts) -> bool:
    """Whether nothing opens the record but a disclosure: then it opens what that names only."""
    if not disclosures_in_force(facts):
        return False
    if is_withheld(facts):
        return True
    if reads_after_death(facts):
        return False
    if care_is_over(facts):
        return True
    return relationship_in_force(facts) is None and glass_in_force(facts) is None
