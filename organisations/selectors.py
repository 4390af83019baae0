"""Reads of the registry."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import StringAgg
from django.core.paginator import Page, Paginator
from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from organisations.activities import Activity
from organisations.models import (
    Feed,
    GroupMembership,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    SharingAgreement,
    Team,
)
from organisations.staff import StaffMember
from statements import prepared


def memberships_in_force(staff: StaffMember) -> list[Membership]:
    """What a staff member may act as now: role, organisation and team in force as well."""
    held = Membership.objects.filter(staff=staff).select_related("organisation", "team", "role")
    for membership in held:
        membership.staff = staff
    return in_force(held, timezone.now())


def in_force(held: Iterable[Membership], at: datetime) -> list[Membership]:
    """Those of some memberships that count at a moment, read with all that hangs on them."""
    return [
        membership
        for membership in held
        if all(
            part.is_current(at)
            for part in (membership, membership.organisation, membership.role, membership.team)
            if part is not None
        )
    ]


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


def roles_in_force() -> list[Role]:
    """The roles that somebody may hold now, by name."""
    return list(Role.objects.current().order_by("name"))


def agreements_in_force() -> list[SharingAgreement]:
    """The sharing agreements that count now, both sides of which are in force, by source."""
    return list(
        SharingAgreement.objects.current()
        .filter(
            source__in=Organisation.objects.current(),
            recipient__in=Organisation.objects.current(),
        )
        .select_related("source", "recipient")
        .order_by("source__name", "recipient__name")
    )


def councils() -> QuerySet[Organisation]:
    """The councils' adult social care that take part, whose choices are about one council each."""
    return Organisation.objects.current().filter(
        kind=OrganisationKind.ADULT_SOCIAL_CARE, participates=True
    )


def council_teams() -> list[Team]:
    """The teams in force of the councils that take part, by council and name."""
    return list(
        Team.objects.current()
        .filter(organisation__in=councils())
        .select_related("organisation")
        .order_by("organisation__name", "name")
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """What anyone may know of an organisation: whether it is in the public list, and its number."""

    participates: bool
    phone: str


def listed(organisations: Iterable[int]) -> dict[int, Listed]:
    """Organisations as anyone may know them, by id."""
    with prepared() as cursor:  # for every page of a record
        cursor.execute(
            "select id, participates, phone from organisations_organisation"
            " where id = any (%s::bigint[])",
            [list(organisations)],
        )
        return {pk: Listed(participates, phone) for pk, participates, phone in cursor.fetchall()}


def out_of_hours_phones(organisations: Iterable[int]) -> dict[int, str]:
    """Whom to ring at night and at weekends, by organisation; without those that gave no number."""
    rows = Organisation.objects.filter(pk__in=list(organisations)).exclude(out_of_hours_phone="")
    return dict(rows.order_by().values_list("pk", "out_of_hours_phone"))


@dataclass(frozen=True, slots=True)
class NamesOfPlaces:
    """What of the registry would say where somebody is, as it is written there."""

    names: tuple[str, ...]
    codes: tuple[str, ...]


def what_names_a_place() -> NamesOfPlaces:
    """The names and codes of every organisation, and the names of teams, of every state.

    A team's name of one word ("Pharmacy") names no place; of two ("Cedar ward") it may.
    """
    organisations = Organisation.objects.order_by().values_list("name", "ods_code")
    teams = Team.objects.order_by().values_list("name", flat=True)
    return NamesOfPlaces(
        names=(
            *(name for name, _ in organisations),
            *(name for name in teams if len(name.split()) > 1),
        ),
        codes=tuple(code for _, code in organisations if code),
    )


PAGE_LENGTH = 25


def organisations_by_name(name: str, page: int) -> Page[Any]:
    """The organisations whose name or code holds a text, a page of them; participants first.

    Each says whether it belongs to a group now (``in_group``).
    """
    groups = GroupMembership.objects.current().filter(member=OuterRef("pk"))
    found = Organisation.objects.annotate(in_group=Exists(groups))
    found = found.order_by(F("participates").desc(), "name", "pk")
    if name:
        found = found.filter(Q(name__icontains=name) | Q(ods_code__iexact=name))
    return Paginator(found, PAGE_LENGTH).get_page(page)


def organisation_with_all(public_id: UUID) -> Organisation | None:
    """One organisation with all that is its own, agreements and feeds too, of every state."""
    return (
        Organisation.objects.filter(public_id=public_id)
        .prefetch_related(
            Prefetch("teams", Team.objects.select_related("site").order_by("name", "pk")),
            "sites",
            "contacts",
            Prefetch("feeds", Feed.objects.order_by("format")),
            Prefetch(
                "member_of", GroupMembership.objects.select_related("group").order_by("group__name")
            ),
            Prefetch(
                "group_members",
                GroupMembership.objects.select_related("member").order_by("member__name"),
            ),
            Prefetch(
                "shows",
                SharingAgreement.objects.select_related("recipient").order_by("recipient__name"),
            ),
            Prefetch(
                "is_shown",
                SharingAgreement.objects.select_related("source").order_by("source__name"),
            ),
        )
        .first()
    )


def staff_by_name(name: str, page: int, *, of: QuerySet[Organisation]) -> Page[StaffMember]:
    """The staff of some organisations whose name holds a text, a page of them.

    Each comes with their memberships at these organisations (``memberships_there``), of every
    state; their memberships elsewhere are not read.
    """
    memberships = (
        Membership.objects.filter(organisation__in=of)
        .select_related("organisation", "team", "role")
        .order_by("organisation__name", "role__name", "-valid_from")
    )
    found = StaffMember.objects.filter(pk__in=memberships.values("staff")).order_by("name", "pk")
    if name:
        found = found.filter(name__icontains=name)
    listed: QuerySet[Any] = found.prefetch_related(
        Prefetch("memberships", queryset=memberships, to_attr="memberships_there")
    )
    return Paginator(listed, PAGE_LENGTH).get_page(page)


def colleagues(
    name: str, *, organisation_id: int, activity: Activity, besides: int
) -> list[Membership]:
    """The memberships in force there whose holder's name holds a text and whose role may do this.

    At most :data:`PAGE_LENGTH`, by name; without the staff member ``besides``.
    """
    may = _members_who_may(activity, organisation_id=organisation_id, besides=besides)
    return list(may.filter(staff__name__icontains=name)[:PAGE_LENGTH])


def staff_ever_at(organisation_id: int, name: str) -> list[tuple[int, str, str]]:
    """Staff who work or have worked there and whose name holds a text: id, name, their roles there.

    At most :data:`PAGE_LENGTH`, by name.
    """
    found = (
        StaffMember.objects.filter(memberships__organisation=organisation_id, name__icontains=name)
        .annotate(roles=StringAgg("memberships__role__name", ", ", distinct=True))
        .order_by("name", "pk")
    )
    return list(found.values_list("pk", "name", "roles")[:PAGE_LENGTH])


def colleagues_chosen(
    chosen: Collection[int], *, organisation_id: int, activity: Activity, besides: int
) -> list[Membership]:
    """Those of :func:`colleagues` that have these ids, by name; others are left out."""
    may = _members_who_may(activity, organisation_id=organisation_id, besides=besides)
    return list(may.filter(pk__in=chosen))


def _members_who_may(
    activity: Activity, *, organisation_id: int, besides: int
) -> QuerySet[Membership]:
    return (
        Membership.objects.current()
        .filter(
            organisation=organisation_id,
            organisation__in=Organisation.objects.current(),
            role__in=Role.objects.current().filter(activities__contains=[activity]),
            staff__is_active=True,
        )
        .exclude(staff=besides)
        .select_related("staff", "role", "team")
        .order_by("staff__name", "pk")
    )


def all_roles() -> QuerySet[Role]:
    """Every role, by name."""
    return Role.objects.order_by("name", "pk")
