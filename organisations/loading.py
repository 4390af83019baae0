"""Loading the registry: what the project ships, and the practices of an ODS file.

Loading again changes nothing that a person has decided here meanwhile: an agreement that was
ended stays ended, a suspended organisation stays suspended, and a feed keeps its settings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import permutations
from pathlib import Path

from django.db import transaction

from organisations import actions
from organisations.actions import Actor
from organisations.configuration import Details
from organisations.models import Feed, Organisation, OrganisationKind, Role, SharingDefault
from organisations.ods import BadRow, Practice, read_membership, read_practices
from organisations.periods import State
from organisations.shipped import (
    AGREED_CATEGORIES,
    FEED_CATEGORIES,
    FEED_EXPECTED_HOURS,
    FEED_FORMAT,
    PARTICIPANTS,
    ROLES,
)
from ui.formatting import LONDON


class UnknownGroup(ValueError):
    """A membership file names a group that the registry does not have."""


@transaction.atomic
def load_shipped_roles(*, by: Actor | None) -> list[Role]:
    """Make the shipped roles that are not there; of others, what they read and may do is left."""
    return [actions.enter_role(by=by, shipped=role) for role in ROLES]


def roles_not_as_shipped() -> list[str]:
    """The names of the roles that read or may do other than what is shipped, by name."""
    held = {role.code: role for role in Role.objects.all()}
    return sorted(
        shipped.name
        for shipped in ROLES
        if shipped.code in held
        and (
            set(held[shipped.code].categories) != set(shipped.categories)
            or set(held[shipped.code].activities) != set(shipped.activities)
        )
    )


@transaction.atomic
def load_organisations(
    configured: Mapping[str, Details], *, by: Actor | None
) -> dict[str, Organisation]:
    """Make the ten participants with their feeds and default agreements; by their keys.

    The telephone numbers of one that is there are left: its administrators keep them.
    """
    made = {}
    for participant in PARTICIPANTS:
        details = configured.get(participant.key, Details())
        code = None if participant.is_group else details.code or participant.code
        made[participant.key] = actions.enter_organisation(
            by=by,
            code=code,
            name=participant.name,
            kind=participant.kind,
            participates=True,
            area=participant.area,
            postcode=details.postcode,
            sharing_default=details.sharing or SharingDefault.UNLESS_REFUSED,
            **({} if actions.is_entered(code, participant.name) else _telephones(details)),
        )
        if not participant.is_group:
            enter_default_feed(made[participant.key], by=by)
    for source, recipient in permutations(made.values(), 2):
        if actions.never_agreed(source, recipient):
            actions.agree_sharing(
                by=by, source=source, recipient=recipient, categories=AGREED_CATEGORIES
            )
    return made


def _telephones(details: Details) -> dict[str, str]:
    return {
        "phone": details.phone,
        "duty_phone": details.duty_phone,
        "out_of_hours_phone": details.out_of_hours_phone,
    }


def enter_default_feed(organisation: Organisation, *, by: Actor | None) -> Feed:
    """The feed that an organisation of its kind sends, unless it has one of that format."""
    return actions.enter_feed(
        by=by,
        organisation=organisation,
        format=FEED_FORMAT,
        categories=FEED_CATEGORIES[OrganisationKind(organisation.kind)],
        # Each of them traces against the PDS itself before it calls a number verified.
        trusted_for_nhs_numbers=True,
        expected_every=timedelta(hours=FEED_EXPECTED_HOURS),
    )


class PracticesLoaded:
    """What came of loading practices: counts by outcome, and the rows that could not be used."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.bad_practices: list[BadRow] = []
        self.bad_memberships: list[BadRow] = []


@transaction.atomic
def load_practices_from_ods(
    practices: Path, membership: Path, *, by: Actor | None
) -> PracticesLoaded:
    """Load the practices that a membership file names, as members of their groups.

    Only active practices are in force; closed, dormant and proposed ones are entered with their
    dates and the state that says so. Practices of the file that belong to no group here are
    passed over.

    :raises UnknownGroup: if the membership file names a group that the registry does not have.
    """
    read = read_practices(practices)
    groups_by_code, bad = read_membership(membership)
    groups = _groups(set(groups_by_code.values()))
    loaded = PracticesLoaded()
    loaded.bad_practices, loaded.bad_memberships = read.bad_rows, bad
    for practice in read.practices:
        name = groups_by_code.get(practice.code)
        if name is None:
            loaded.counts["not in the membership file"] += 1
            continue
        enter_practice(practice, group=groups[name], by=by)
        loaded.counts[practice.state] += 1
    in_file = {practice.code for practice in read.practices}
    loaded.counts["in the membership file only"] = len(groups_by_code.keys() - in_file)
    return loaded


@transaction.atomic
def enter_practice(practice: Practice, *, group: Organisation, by: Actor | None) -> Organisation:
    """Enter one practice with its dates, its group, and, while it is active, its feed."""
    begins = _midnight(practice.opened)
    ends = _midnight(practice.closed + timedelta(days=1)) if practice.closed else None
    state = practice.state
    known = Organisation.objects.filter(ods_code=practice.code).first()
    if known is not None and known.state != State.ACTIVE and state == State.ACTIVE:
        # Suspended here, or has left: no published file brings anybody back.
        state = State(known.state)
    entered = actions.enter_organisation(
        by=by,
        code=practice.code,
        name=practice.name,
        kind=OrganisationKind.GP_PRACTICE,
        area=group.area,
        postcode=practice.postcode,
        phone=practice.phone,
        state=state,
        valid_from=begins,
        valid_until=ends,
    )
    actions.enter_group_member(
        by=by, group=group, member=entered, state=state, valid_from=begins, valid_until=ends
    )
    if state == State.ACTIVE:
        enter_default_feed(entered, by=by)
    return entered


def _groups(names: set[str]) -> dict[str, Organisation]:
    """The groups by the names that a membership file uses: of the group, or of its borough."""
    known: dict[str, Organisation] = {}
    for group in Organisation.objects.filter(kind=OrganisationKind.GROUP):
        known[group.name.casefold()] = group
        if group.area:
            known[group.area.casefold()] = group
    for name in names:
        if name.casefold() not in known:
            message = f"The membership file names a group that the registry does not have: {name}"
            raise UnknownGroup(message)
    return {name: known[name.casefold()] for name in names}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=LONDON)
