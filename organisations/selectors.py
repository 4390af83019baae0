"""Reads of the registry."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from organisations.models import (
    GroupMembership,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    Team,
)
from organisations.staff import StaffMember


def memberships_in_force(staff: StaffMember) -> QuerySet[Membership]:
    """What a staff member may act as now: role, organisation and team in force as well."""
    return (
        Membership.objects.current()
        .filter(
            staff=staff,
            organisation__in=Organisation.objects.current(),
            role__in=Role.objects.current(),
        )
        .exclude(team__isnull=False, team__in=_teams_not_in_force(staff))
        .select_related("staff", "organisation", "team", "role")
    )


def _teams_not_in_force(staff: StaffMember) -> QuerySet[Team]:
    return Team.objects.filter(memberships__staff=staff).exclude(
        pk__in=Team.objects.current().values("pk")
    )


def participating_organisations() -> QuerySet[Organisation]:
    """The organisations that the public list names, groups with their members of the day."""
    members = (
        GroupMembership.objects.current()
        .filter(member__in=Organisation.objects.current())
        .select_related("member")
        .order_by("member__name")
    )
    return (
        Organisation.objects.current()
        .filter(participates=True)
        .prefetch_related(Prefetch("group_members", queryset=members, to_attr="current_members"))
    )


def councils() -> QuerySet[Organisation]:
    """The councils' adult social care, whose choices are about one council each."""
    return Organisation.objects.current().filter(kind=OrganisationKind.ADULT_SOCIAL_CARE)
