"""Writes of the registry: keyword-only, ``by=`` whoever does it, atomic, audited inside.

Each is safe to repeat: what is there already and the same is left alone, and no event is written
for it. ``by`` is ``None`` for the command line. Loading what the project ships is in
:mod:`organisations.loading`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.utils import timezone
from guardian.shortcuts import assign_perm

from audit import actions as audit
from audit.models import Action
from organisations.categories import Category
from organisations.models import (
    Feed,
    GroupMembership,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    SharingAgreement,
    StaffMember,
    Team,
)
from organisations.periods import State
from organisations.shipped import ShippedRole


class Actor(Protocol):
    """Whoever acts, as far as the audit needs to know: :class:`access.acting.Acting` is one."""

    def for_audit(self) -> dict[str, Any]:
        """The fields of an event that say who acted."""
        ...


Row = TypeVar("Row", bound=models.Model)
Answer = TypeVar("Answer")
Asked = ParamSpec("Asked")


def writes(action: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """One transaction, whose history names the actor given as ``by``."""

    @wraps(action)
    def write(*args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        by: Any = kwargs.get("by")
        with transaction.atomic():
            if by is None:
                return action(*args, **kwargs)
            _says_who(by.for_audit().get("staff_id"))
            answer = action(*args, **kwargs)
            _says_who(None)
            return answer

    return write


def _says_who(staff_id: int | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select organisations.says_who(%s, null)", [staff_id])


@writes
def enter_organisation(
    *,
    by: Actor | None,
    code: str | None,
    name: str,
    kind: OrganisationKind,
    **details: Any,
) -> Organisation:
    """Make an organisation, or put its details right; found by its code, a group by its name.

    :param details: other fields of the model, such as ``area``, ``phone``, ``participates``,
        ``state``, ``valid_from``. Those not given are left as they are.
    :raises ValidationError: if the code is not an ODS code.
    """
    found = _entered(code, name).first()
    wanted = {"ods_code": code, "name": name, "kind": kind, **details}
    organisation = found or Organisation()
    changed = _set(organisation, wanted)
    if found is None or changed:
        organisation.full_clean(exclude=["valid_from"], validate_constraints=False)
        organisation.save()
        _audit(by, "organisation", made=found is None, row=organisation, fields=changed)
    return organisation


def is_entered(code: str | None, name: str) -> bool:
    """Whether the registry has an organisation of this code; or of this name, if it is a group."""
    return _entered(code, name).exists()


def _entered(code: str | None, name: str) -> models.QuerySet[Organisation]:
    group = {"name": name, "kind": OrganisationKind.GROUP}
    return Organisation.objects.filter(**group if code is None else {"ods_code": code})


@writes
def enter_group_member(
    *,
    by: Actor | None,
    group: Organisation,
    member: Organisation,
    state: State = State.ACTIVE,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> GroupMembership:
    """Say that an organisation belongs to a group; one that it belonged to before ends now."""
    now = timezone.now()
    former = member.member_of.current(now).exclude(group=group)
    for membership in former:
        membership.state, membership.valid_until = State.ENDED, now
        membership.save()
        _audit(by, "group-member", made=False, row=membership, fields=["state", "valid_until"])
    found = GroupMembership.objects.filter(group=group, member=member).order_by("-pk").first()
    membership = found or GroupMembership(group=group, member=member)
    wanted: dict[str, Any] = {"state": state, "valid_until": valid_until}
    if valid_from is not None:
        wanted["valid_from"] = valid_from
    changed = _set(membership, wanted)
    if found is None or changed:
        membership.save()
        _audit(by, "group-member", made=found is None, row=membership, fields=changed)
    return membership


@writes
def create_team(
    *, by: Actor | None, organisation: Organisation, code: str, name: str, **details: Any
) -> Team:
    """Make a team of an organisation, or put its details right; found by the source's code."""
    found = Team.objects.filter(organisation=organisation, code=code).first()
    team = found or Team(organisation=organisation, code=code)
    changed = _set(team, {"name": name, **details})
    if found is None or changed:
        team.save()
        _audit(by, "team", made=found is None, row=team, fields=changed)
    return team


@writes
def enter_role(*, by: Actor | None, shipped: ShippedRole) -> Role:
    """Make a role, or put its name and national code right; found by its code.

    What one that is there reads and may do is left: two people may have decided it since.
    """
    found = Role.objects.filter(code=shipped.code).first()
    role = found or Role(
        code=shipped.code,
        categories=sorted(int(category) for category in shipped.categories),
        activities=sorted(str(activity) for activity in shipped.activities),
    )
    wanted = {
        "name": shipped.name,
        "national_code": shipped.national_code,
        "clinical": shipped.clinical,
    }
    changed = _set(role, wanted)
    if found is None or changed:
        role.save()
        _audit(by, "role", made=found is None, row=role, fields=changed)
    return role


@writes
def create_staff(
    *, by: Actor | None, username: str, name: str, email: str = "", password: str | None = None
) -> StaffMember:
    """Make a staff member. One who is there already is answered as they are, unchanged.

    :param password: ``None`` lets nobody sign in as them until one is set.
    """
    found = StaffMember.objects.filter(username=username).first()
    if found is not None:
        return found
    staff = StaffMember.objects.create_user(username, password, name=name, email=email)
    _audit(by, "staff", made=True, row=staff, fields=[])
    return staff


@writes
def add_membership(
    *,
    by: Actor | None,
    staff: StaffMember,
    organisation: Organisation,
    role: Role,
    team: Team | None = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> Membership:
    """Give a staff member a role at an organisation and team, unless they hold it now.

    :raises ValidationError: if the team is another organisation's.
    """
    if team is not None and team.organisation_id != organisation.pk:
        raise ValidationError("The team belongs to another organisation.")
    held = Membership.objects.current().filter(
        staff=staff, organisation=organisation, role=role, team=team
    )
    found: Membership | None = held.first()
    if found is not None:
        return found
    dates = {"valid_from": valid_from} if valid_from else {}
    membership: Membership = Membership.objects.create(
        staff=staff,
        organisation=organisation,
        role=role,
        team=team,
        valid_until=valid_until,
        **dates,
    )
    _audit(by, "membership", made=True, row=membership, fields=[])
    return membership


@writes
def agree_sharing(
    *,
    by: Actor | None,
    source: Organisation,
    recipient: Organisation,
    categories: Iterable[Category],
    **details: Any,
) -> SharingAgreement:
    """Enter that a source shows a recipient these categories from now on.

    The same agreement in force is left alone; one about other categories ends, and the new one
    follows it. To enter only what was never agreed, ask :func:`never_agreed` first.
    """
    wanted = sorted(int(category) for category in categories)
    now = timezone.now()
    in_force = SharingAgreement.objects.current(now).filter(source=source, recipient=recipient)
    agreement: SharingAgreement
    for agreement in in_force:
        if sorted(agreement.categories) == wanted:
            return agreement
        agreement.state, agreement.valid_until = State.ENDED, now
        agreement.save()
        _audit(by, "agreement", made=False, row=agreement, fields=["state", "valid_until"])
    made: SharingAgreement = SharingAgreement.objects.create(
        source=source, recipient=recipient, categories=wanted, **details
    )
    _audit(by, "agreement", made=True, row=made, fields=[])
    return made


def never_agreed(source: Organisation, recipient: Organisation) -> bool:
    """Whether there is no agreement of any state: what was ended on purpose is not begun again."""
    return not SharingAgreement.objects.filter(source=source, recipient=recipient).exists()


@writes
def enter_feed(
    *,
    by: Actor | None,
    organisation: Organisation,
    format: str,  # noqa: A002 - the model's word
    categories: Iterable[Category],
    **details: Any,
) -> Feed:
    """Say that an organisation sends a feed. One that is there already is left alone."""
    found: Feed | None = Feed.objects.filter(organisation=organisation, format=format).first()
    if found is not None:
        return found
    feed: Feed = Feed.objects.create(
        organisation=organisation,
        format=format,
        categories=sorted(int(category) for category in categories),
        **details,
    )
    _audit(by, "feed", made=True, row=feed, fields=[])
    return feed


@writes
def let_administer(*, by: Actor | None, staff: StaffMember, organisation: Organisation) -> None:
    """Let a staff member manage one organisation's staff and teams.

    It counts only while they act in a role with the activity ``manage-organisation``, and have such
    a role there that is in force (:mod:`organisations.delegation`).
    """
    if staff.has_perm("organisations.administer", organisation):
        return
    assign_perm("organisations.administer", staff, organisation)
    _audit(by, "administrator", made=True, row=staff, fields=[], organisation=organisation)


def _set(row: models.Model, wanted: dict[str, Any]) -> list[str]:
    """Set the fields that differ; their names."""
    changed = [name for name, value in wanted.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, wanted[name])
    return changed


def _audit(
    by: Actor | None,
    what: str,
    *,
    made: bool,
    row: models.Model,
    fields: list[str],
    organisation: Organisation | None = None,
) -> None:
    """One event: which row, whether it is new, and the names of what changed. No values."""
    detail: dict[str, Any] = {"id": row.pk}
    if not made:
        detail["fields"] = sorted(fields)
    if organisation is not None:
        detail["organisation"] = organisation.pk
    audit.record(
        Action.REGISTRY_CHANGED,
        reason=f"{what}-{'made' if made else 'changed'}",
        detail=detail,
        **(by.for_audit() if by else {}),
    )
