"""What the registry's pages show, as plain values: no row reaches a template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Page
from django.db.models import QuerySet
from django.utils import timezone

from organisations.activities import Activity
from organisations.categories import Category
from organisations.models import (
    Contact,
    Feed,
    GroupMembership,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    SharingAgreement,
    Site,
    StaffMember,
    Team,
)
from organisations.periods import Period, State


@dataclass(frozen=True, slots=True)
class Term:
    """From when until when something counts, and whether it does now.

    ``last`` is the last moment at which it counts, so that a page names the last day.
    """

    words: str
    colour: str
    begins: datetime
    last: datetime | None

    @classmethod
    def of(cls, period: Period, at: datetime) -> Term:
        """The state in words: active rows outside their dates do not count, and say so."""
        words, colour = State(period.state).label, "grey"
        if period.state == State.ACTIVE:
            words, colour = "In force", "green"
            if period.valid_from > at:
                words, colour = "Not yet in force", "blue"
            elif period.valid_until is not None and period.valid_until <= at:
                words, colour = "Ended", "grey"
        elif period.state == State.SUSPENDED:
            colour = "red"
        ends = period.valid_until
        last = ends - timedelta(microseconds=1) if ends else None
        return cls(words, colour, period.valid_from, last)


@dataclass(frozen=True, slots=True)
class OrganisationLine:
    """One organisation of the list."""

    public_id: UUID
    name: str
    kind: str
    code: str
    participates: bool
    takes_part: str
    term: Term


@dataclass(frozen=True, slots=True)
class TeamLine:
    """One team of an organisation."""

    id: int
    name: str
    code: str
    site: str
    phone: str
    serves_whole_site: bool
    term: Term


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One site of an organisation."""

    id: int
    name: str
    code: str
    postcode: str
    term: Term


@dataclass(frozen=True, slots=True)
class ContactLine:
    """Whom to ask there about one thing."""

    id: int
    kind: str
    name: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class OtherLine:
    """Another organisation that this one belongs to, or that belongs to it."""

    id: int
    public_id: UUID
    name: str
    term: Term
    may_end: bool


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """One agreement, seen from one of its sides."""

    public_id: UUID
    name: str
    categories: tuple[str, ...]
    all_but: tuple[str, ...]
    purpose: str
    legal_basis: str
    term: Term


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One feed of an organisation."""

    format: str
    categories: tuple[str, ...]
    last_received: datetime | None
    late: bool
    term: Term


@dataclass(frozen=True, slots=True)
class OrganisationPage:
    """Everything of one organisation; whether it is the reader's to administer."""

    line: OrganisationLine
    is_readers: bool
    is_group: bool
    details: tuple[tuple[str, str], ...]
    contacts: tuple[ContactLine, ...]
    sites: tuple[SiteLine, ...]
    teams: tuple[TeamLine, ...]
    groups: tuple[OtherLine, ...]
    members: tuple[OtherLine, ...]
    shows: tuple[AgreementLine, ...]
    is_shown: tuple[AgreementLine, ...]
    feeds: tuple[FeedLine, ...]


@dataclass(frozen=True, slots=True)
class MembershipLine:
    """One membership of a staff member."""

    role: str
    organisation: str
    team: str
    term: Term


@dataclass(frozen=True, slots=True)
class StaffLine:
    """One staff member with the memberships that the reader may see."""

    public_id: UUID
    name: str
    username: str
    suspended: bool
    memberships: tuple[MembershipLine, ...]


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One category or activity, and for each role in turn whether it has it."""

    name: str
    has: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class RoleHead:
    """A column of the matrix."""

    code: str
    name: str
    national_code: str
    term: Term


@dataclass(frozen=True, slots=True)
class RoleMatrix:
    """Roles × what they read × what they may do."""

    roles: tuple[RoleHead, ...]
    reads: tuple[MatrixRow, ...]
    may: tuple[MatrixRow, ...]


def organisation_lines(page: Page[Any]) -> list[OrganisationLine]:
    """The lines of a page of :func:`organisations.selectors.organisations_by_name`."""
    at = timezone.now()
    return [_line(each, at, in_group=each.in_group) for each in page.object_list]


def organisation_page(organisation: Organisation, *, is_readers: bool) -> OrganisationPage:
    """One organisation, read with :func:`organisations.selectors.organisation_with_all`."""
    at = timezone.now()
    details = (
        ("Area", organisation.area),
        ("Postcode", organisation.postcode),
        ("Telephone", organisation.phone),
        ("Adult social care duty desk", organisation.duty_phone),
        ("Out of hours", organisation.out_of_hours_phone),
    )
    return OrganisationPage(
        line=_line(organisation, at),
        is_readers=is_readers,
        is_group=organisation.kind == OrganisationKind.GROUP,
        details=tuple((what, words) for what, words in details if words),
        contacts=tuple(_contact(contact) for contact in organisation.contacts.all()),
        sites=tuple(_site(site, at) for site in organisation.sites.all()),
        teams=tuple(_team(team, at) for team in organisation.teams.all()),
        groups=tuple(_other(m, m.group, at) for m in organisation.member_of.all()),
        members=tuple(_other(m, m.member, at) for m in organisation.group_members.all()),
        shows=tuple(_agreement(a, a.recipient, at) for a in organisation.shows.all()),
        is_shown=tuple(_agreement(a, a.source, at) for a in organisation.is_shown.all()),
        feeds=tuple(_feed(feed, at) for feed in organisation.feeds.all()),
    )


def staff_lines(page: Page[StaffMember]) -> list[StaffLine]:
    """The lines of a page of staff, read with :func:`organisations.selectors.staff_by_name`."""
    at = timezone.now()
    return [
        StaffLine(
            public_id=staff.public_id,
            name=staff.name,
            username=staff.username,
            suspended=not staff.is_active,
            memberships=tuple(
                membership_line(m, at)
                for m in staff.memberships_there  # type: ignore[attr-defined]  # prefetched
            ),
        )
        for staff in page.object_list
    ]


def role_matrix(roles: QuerySet[Role]) -> RoleMatrix:
    """The matrix of all roles."""
    at = timezone.now()
    listed = list(roles)
    return RoleMatrix(
        roles=tuple(RoleHead(r.code, r.name, r.national_code, Term.of(r, at)) for r in listed),
        reads=tuple(
            MatrixRow(category.label, tuple(category in r.categories for r in listed))
            for category in Category
        ),
        may=tuple(
            MatrixRow(activity.label, tuple(activity in r.activities for r in listed))
            for activity in Activity
        ),
    )


def _line(organisation: Organisation, at: datetime, *, in_group: bool = False) -> OrganisationLine:
    return OrganisationLine(
        public_id=organisation.public_id,
        name=organisation.name,
        kind=_kind(organisation),
        code=organisation.ods_code or "",
        participates=organisation.participates,
        takes_part="Yes"
        if organisation.participates
        else "Through its group"
        if in_group
        else "No",
        term=Term.of(organisation, at),
    )


def _kind(organisation: Organisation) -> str:
    kind = OrganisationKind(organisation.kind)
    return f"{kind.label} ({kind.national_role})" if kind.national_role else kind.label


def _team(team: Team, at: datetime) -> TeamLine:
    return TeamLine(
        team.pk,
        team.name,
        team.code,
        team.site.name if team.site else "",
        team.phone,
        team.serves_whole_site,
        Term.of(team, at),
    )


def _site(site: Site, at: datetime) -> SiteLine:
    return SiteLine(site.pk, site.name, site.code, site.postcode, Term.of(site, at))


def _contact(contact: Contact) -> ContactLine:
    kind = contact.get_kind_display()
    return ContactLine(contact.pk, kind, contact.name, contact.phone, contact.email)


def _other(membership: GroupMembership, other: Organisation, at: datetime) -> OtherLine:
    to_come = membership.valid_until is None or membership.valid_until > at
    return OtherLine(
        membership.pk,
        other.public_id,
        other.name,
        Term.of(membership, at),
        may_end=membership.state == State.ACTIVE and to_come,
    )


def _agreement(agreement: SharingAgreement, other: Organisation, at: datetime) -> AgreementLine:
    agreed = set(agreement.categories)
    left_out = [category.label for category in Category if category not in agreed]
    most = len(agreed) > len(left_out)
    return AgreementLine(
        public_id=other.public_id,
        name=other.name,
        categories=_categories(agreement.categories),
        all_but=tuple(left_out) if most else (),
        purpose=agreement.purpose,
        legal_basis=agreement.legal_basis,
        term=Term.of(agreement, at),
    )


def _feed(feed: Feed, at: datetime) -> FeedLine:
    return FeedLine(
        feed.format,
        _categories(feed.categories),
        feed.last_received,
        feed.is_late(at),
        Term.of(feed, at),
    )


def membership_line(membership: Membership, at: datetime) -> MembershipLine:
    """One membership, read with its organisation, team and role."""
    return MembershipLine(
        role=membership.role.name,
        organisation=membership.organisation.name,
        team=membership.team.name if membership.team else "",
        term=Term.of(membership, at),
    )


def _categories(numbers: list[int]) -> tuple[str, ...]:
    return tuple(Category(number).label for number in sorted(numbers))
