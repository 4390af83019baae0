"""Writes of care relationships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from access.alerts import close_by_evidence
from access.models import CareRelationship, RelationshipDue
from access.relationships import Derived
from identity.together import insert_together


@transaction.atomic
def renew_relationships(derived: Mapping[int, Sequence[Derived]]) -> None:
    """Make the derived relationships of these residents what their evidence now carries.

    In one short transaction; a resident's epoch moves only if something did. What lost its
    evidence ends now; what has it again goes on. Manual relationships are not touched, nor those
    of referrals that were sent here. Alerts that the evidence explains are closed.

    :param derived: resident → what :func:`access.relationships.derive` answered for them.
    """
    now = timezone.now()
    held = {
        (row.resident_id, row.organisation_id, row.kind, row.evidence): row
        for row in CareRelationship.objects.filter(
            resident_id__in=derived, derived=True, from_feeds=True
        )
    }
    new, changed = [], []
    for resident, relationships in sorted(derived.items()):
        for item in relationships:
            row = held.pop((resident, item.organisation, item.kind, item.evidence), None)
            if row is None:
                new.append(
                    CareRelationship(
                        resident_id=resident,
                        organisation_id=item.organisation,
                        team_id=item.team,
                        kind=item.kind,
                        evidence=item.evidence,
                        place=item.place,
                        valid_from=item.valid_from,
                        valid_until=item.valid_until,
                    )
                )
            elif (row.team_id, row.place, row.valid_from, row.valid_until) != (
                item.team,
                item.place,
                item.valid_from,
                item.valid_until,
            ):
                row.team_id = item.team
                row.place = item.place
                row.valid_from = item.valid_from
                row.valid_until = item.valid_until
                changed.append(row)
    for row in held.values():
        if row.valid_until is None or row.valid_until > now:
            row.valid_until = max(now, row.valid_from)
            changed.append(row)
    CareRelationship.objects.bulk_create(new)
    CareRelationship.objects.bulk_update(changed, ["team", "place", "valid_from", "valid_until"])
    close_by_evidence(derived)


def relationships_are_due(residents: Sequence[int]) -> None:
    """Note that these residents' relationships are to be derived anew, with the change itself."""
    insert_together([RelationshipDue(resident_id=resident) for resident in sorted(set(residents))])


def residents_due(limit: int, *, waiting: bool = False) -> list[int]:
    """Take residents whose relationships are due (:meth:`identity.due.DueOfResident.take`)."""
    return RelationshipDue.take(limit, waiting=waiting)


def last_due() -> int:
    """The last of what is due now, for :func:`is_due`; 0 where nothing is."""
    return RelationshipDue.objects.aggregate(last=Max("pk"))["last"] or 0


def is_due(until: int) -> bool:
    """Whether somebody's relationships are due that were so when :func:`last_due` was asked."""
    return RelationshipDue.objects.filter(pk__lte=until).exists()
