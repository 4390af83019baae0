"""As whom a probe asks: a real membership of each kind that could otherwise read the record."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import connection

from organisations.models import Membership, StaffMember

#: Readers that one probe asks as; those with a relationship first.
MOST = 12


class How(StrEnum):
    """By what a reader would open the record, were it not for the choice."""

    RELATIONSHIP = "relationship"
    AFTER_DEATH = "after-death"
    BROKEN_GLASS = "broken-glass"


@dataclass(frozen=True, slots=True)
class Reader:
    """A membership in force of a real staff member, and by what it would open the record."""

    membership: Membership
    how: How

    @property
    def staff(self) -> StaffMember:
        """The staff member."""
        return self.membership.staff

    @property
    def kind(self) -> str:
        """The kind of organisation that it reads for, of ``OrganisationKind``."""
        return self.membership.organisation.kind


# One of each kind of organisation and role that has a relationship in force, or may read after a
# death; and of each kind of organisation one that could break glass. Which one is left to chance,
# so that the nights together ask as many.
_READERS = """
    with known as (
        select o.id, o.kind from organisations_organisation o
        where o.state = 'active'
          and (o.participates or exists (
              select from identity_sourceperson p
              where p.resident_id = %(resident)s and p.source_id = o.id))
    ), reading as (
        select m.id, o.kind, r.code, r.activities,
            case
                when exists (
                    select from access_carerelationship c
                    where c.resident_id = %(resident)s and c.organisation_id = o.id
                      and (c.membership_id is null or c.membership_id = m.id)
                      and (c.team_id is null or c.team_id = m.team_id
                           or (t.serves_whole_site and c.kind in ('admission', 'attendance')))
                      and c.valid_from <= now() and (c.valid_until is null or c.valid_until > now())
                    ) then 'relationship'
                when 'read-after-death' = any (r.activities) then 'after-death'
                when 'break-glass' = any (r.activities) then 'broken-glass'
            end as how
        from organisations_membership m
        join known o on o.id = m.organisation_id
        join organisations_role r on r.id = m.role_id and 'read-records' = any (r.activities)
        join organisations_staffmember s on s.id = m.staff_id and s.is_active
        left join organisations_team t on t.id = m.team_id
        where m.state = 'active' and m.valid_from <= now()
          and (m.valid_until is null or m.valid_until > now())
    ), chosen as (
        select distinct on (how, kind, case how when 'broken-glass' then '' else code end) id, how
        from reading where how is not null
        order by how, kind, case how when 'broken-glass' then '' else code end, random()
    )
    select id, how from chosen
    order by array_position(array['relationship', 'after-death', 'broken-glass'], how), random()
    limit %(most)s
"""


def readers_of(resident_id: int) -> list[Reader]:
    """Who is to be asked as about a resident. Asked by the pipeline's login."""
    with connection.cursor() as cursor:
        cursor.execute(_READERS, {"resident": resident_id, "most": MOST})
        chosen = dict(cursor.fetchall())
    memberships = Membership.objects.select_related("staff", "organisation", "team", "role")
    by_id = memberships.in_bulk(list(chosen))
    return [Reader(by_id[each], How(how)) for each, how in chosen.items()]
