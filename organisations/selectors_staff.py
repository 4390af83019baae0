"""What the administrators' pages read of staff, proposals and the history."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, QuerySet, When

from organisations.activities import REGIONAL, Activity
from organisations.models import (
    GroupMembership,
    Membership,
    Organisation,
    OrganisationKind,
    Proposal,
    ProposalKind,
    RegistryChange,
    Role,
    SharingAgreement,
    StaffMember,
    Team,
)
from organisations.selectors import PAGE_LENGTH


def employers(of: QuerySet[Organisation]) -> list[Organisation]:
    """Those in force of some organisations that have staff: groups have none. By name."""
    found = Organisation.objects.current().exclude(kind=OrganisationKind.GROUP)
    return list(found.filter(pk__in=of.values("pk")).order_by("name", "pk"))


def roles_to_give(activities: Collection[str]) -> list[Role]:
    """The roles that an administrator with these activities may give or propose, by name."""
    roles = Role.objects.current().order_by("name")
    if Activity.MANAGE_REGISTRY not in activities:
        roles = roles.exclude(activities__overlap=sorted(REGIONAL))
    return list(roles)


def teams_of(organisation: Organisation) -> list[Team]:
    """The teams in force of an organisation, by name."""
    return list(Team.objects.current().filter(organisation=organisation).order_by("name", "pk"))


def staff_called(username: str) -> StaffMember | None:
    """Who has a user name, whatever its capitals."""
    return StaffMember.objects.filter(username__iexact=username.strip()).first()


def person_there(person: UUID, *, of: QuerySet[Organisation]) -> StaffMember | None:
    """A staff member who has or had a role at some of these organisations, or is to have one.

    With their memberships there alone (``memberships_there``), the newest first.
    """
    there = Membership.objects.filter(organisation__in=of)
    memberships = there.select_related("organisation", "team", "role").order_by("-valid_from", "pk")
    proposed = Proposal.objects.filter(about=OuterRef("pk"), organisation__in=of)
    found: QuerySet[Any] = StaffMember.objects.filter(
        Exists(there.filter(staff=OuterRef("pk"))) | Exists(proposed), public_id=person
    ).prefetch_related(Prefetch("memberships", queryset=memberships, to_attr="memberships_there"))
    return found.first()


def proposals_of(
    mine: QuerySet[Organisation], *, whole_registry: bool, adjusts_roles: bool = False
) -> QuerySet[Proposal]:
    """The proposals that an administrator may see, the newest first.

    Who adjusts roles sees those that change what a role reads, and nothing of what it may do.
    """
    found = Proposal.objects.select_related(
        "organisation", "about", "proposed_by", "confirmed_by", "withdrawn_by"
    ).order_by("-pk")
    if whole_registry:
        return found
    theirs = Q(organisation__in=mine)
    if adjusts_roles:
        theirs |= Q(kind=ProposalKind.ROLE, wanted__activities=F("former__activities"))
    return found.filter(theirs)


def proposals_waiting_first(found: QuerySet[Proposal], page: int, *, at: datetime) -> Page[Any]:
    """A page of some proposals: first those that wait for a second person, then the newest."""
    waits = Q(
        withdrawn_at=None,
        confirmed_at=None,
        applied_at=None,
        proposed_at__gte=at - timedelta(days=Proposal.DAYS),
    )
    ordered = found.alias(waits=Case(When(waits, then=1), default=0)).order_by("-waits", "-pk")
    return Paginator(ordered, PAGE_LENGTH).get_page(page)


def administers_registry(person: int) -> bool:
    """Whether a staff member has a role in force that administers the registry."""
    roles = Role.objects.current().filter(activities__contains=[Activity.MANAGE_REGISTRY])
    return Membership.objects.current().filter(staff=person, role__in=roles).exists()


def history(
    mine: QuerySet[Organisation],
    page: int,
    *,
    whole_registry: bool,
    organisation: UUID | None = None,
) -> Page[RegistryChange]:
    """A page of the history, the newest first: of one's own organisations, or of everything."""
    found = RegistryChange.objects.order_by("-pk")
    if not whole_registry:
        found = found.filter(organisation_id__in=mine.values("pk"))
    if organisation is not None:
        found = found.filter(
            organisation_id__in=Organisation.objects.filter(public_id=organisation).values("pk")
        )
    return Paginator(found, PAGE_LENGTH).get_page(page)


def history_of_person(
    person: StaffMember, memberships: Collection[Membership]
) -> list[RegistryChange]:
    """What was changed of somebody's account and of these memberships, the newest first."""
    return list(
        RegistryChange.objects.filter(
            Q(what="membership", row__in=[held.pk for held in memberships])
            | Q(what="staff", row=person.pk)
        ).order_by("-pk")[:PAGE_LENGTH]
    )


def bodies(ids: Collection[UUID]) -> list[Organisation]:
    """Organisations by their opaque ids."""
    return list(Organisation.objects.filter(public_id__in=ids).order_by("pk"))


def sides(agreements: Collection[SharingAgreement]) -> list[Organisation]:
    """Who takes part, and then who else is a side of one of these agreements; each by name."""
    ids = {each.source_id for each in agreements} | {each.recipient_id for each in agreements}
    return list(
        Organisation.objects.current()
        .filter(Q(participates=True) | Q(pk__in=ids))
        .order_by(F("participates").desc(), "name", "pk")
    )


def testers_called(usernames: Collection[str], recipient: Organisation) -> dict[str, list[int]]:
    """What people hold at a recipient, or at a member of the group that it is: user name → ids.

    User names as they are written there; whoever holds nothing that reads records is left out.
    """
    bodies = GroupMembership.objects.current().filter(group=recipient).values("member")
    held = Membership.objects.current().filter(
        Q(organisation=recipient) | Q(organisation__in=bodies),
        role__activities__contains=[Activity.READ_RECORDS],
        staff__username__in=usernames,
    )
    found: dict[str, list[int]] = {}
    for username, pk in held.order_by("pk").values_list("staff__username", "pk"):
        found.setdefault(username, []).append(pk)
    return found


def testers_of(agreements: Collection[SharingAgreement]) -> list[tuple[str, str]]:
    """Who tests what some agreements have on trial: user name and name, by name."""
    ids = {tester for each in agreements for tester in each.testers}
    found = StaffMember.objects.filter(memberships__in=ids).order_by("name", "pk").distinct()
    return list(found.values_list("username", "name"))


def agreements_between(source: Organisation, recipient: Organisation) -> list[SharingAgreement]:
    """The agreements of this very pair that hold now."""
    found = SharingAgreement.objects.current().filter(source=source, recipient=recipient)
    return list(found.order_by("valid_from", "pk"))
