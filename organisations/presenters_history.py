"""The history of the registry in words: who, when, from what to what, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from organisations.activities import Activity
from organisations.categories import Category
from organisations.models import (
    ContactKind,
    GroupMembership,
    Membership,
    Organisation,
    OrganisationKind,
    ProposalKind,
    RegistryChange,
    Role,
    SharingAgreement,
    SharingDefault,
    Site,
    StaffMember,
    Team,
)
from organisations.periods import State
from organisations.reminders import ReminderKind
from ui.formatting import LONDON, prose_date, prose_time

CHANGED = "changed"

#: The kinds of rows, as pages call them.
KINDS = {
    "organisation": "Organisation",
    "group-member": "Member of a group",
    "team": "Team",
    "site": "Site",
    "contact": "Contact",
    "role": "Role",
    "membership": "Role of a staff member",
    "agreement": "Sharing agreement",
    "feed": "Feed",
    "staff": "Staff member",
    "administrator": "Right to administer",
    "proposal": "Proposal",
    "reminder": "Reminder",
    "framework-right": "Right of the framework",
}

_WHO = {
    "connectcare_web": "A page of the portal",
    "connectcare_pipeline": "A command or background job",
    "connectcare_owner": "An update of the portal",
}

#: Columns that say nothing to a reader.
_UNSAID = frozenset(
    {
        "id",
        "public_id",
        "about",  # of a reminder: a number
        "is_superuser",
        "date_joined",
        "last_login",
        "permission_id",
        "content_type_id",
    }
)
_NAMED = {
    "staff_id": StaffMember,
    "about_id": StaffMember,
    "proposed_by_id": StaffMember,
    "confirmed_by_id": StaffMember,
    "withdrawn_by_id": StaffMember,
    "user_id": StaffMember,
    "organisation_id": Organisation,
    "object_pk": Organisation,
    "group_id": Organisation,
    "member_id": Organisation,
    "source_id": Organisation,
    "recipient_id": Organisation,
    "role_id": Role,
    "team_id": Team,
    "site_id": Site,
}
_CALLED = {
    "valid_from": "from",
    "valid_until": "until",
    "is_active": "may sign in",
    "object_pk": "organisation",
    "user_id": "staff member",
    "staff_id": "staff member",
    "ods_code": "ODS code",
    "certified_at": "confirmed as needed",
}
#: What of a row is one of a few words, as pages say it.
_WORDS = {
    "state": dict(State.choices),
    "kind": dict(
        [
            *OrganisationKind.choices,
            *ContactKind.choices,
            *ProposalKind.choices,
            *ReminderKind.choices,
        ]
    ),
    "sharing_default": dict(SharingDefault.choices),
}


#: Which kinds of rows are named where one was changed, and by which parts of them.
_ABOUT: Mapping[str, tuple[type[Any], tuple[str, ...]]] = {
    "organisation": (Organisation, ("name",)),
    "team": (Team, ("name",)),
    "site": (Site, ("name",)),
    "role": (Role, ("name",)),
    "staff": (StaffMember, ("name",)),
    "membership": (Membership, ("staff__name", "role__name")),
    "agreement": (SharingAgreement, ("source__name", "recipient__name")),
    "group-member": (GroupMembership, ("group__name", "member__name")),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of a row, and in words what it is, or from what it became what."""

    part: str
    words: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change of the history."""

    at: datetime
    kind: str
    #: Which row it is, where it was changed; one that was made or removed says it in its parts.
    about: str
    change: str
    who: str
    why: str
    differences: tuple[Difference, ...]


def change_lines(changes: Iterable[RegistryChange]) -> list[ChangeLine]:
    """The lines of some changes, with names in the place of ids."""
    listed = list(changes)
    names, about = _names(listed), _about(listed)
    return [
        ChangeLine(
            at=change.at,
            kind=KINDS.get(change.what, change.what),
            about=about.get((change.what, change.row), "") if change.change == CHANGED else "",
            change=change.change,
            who=change.staff_name or _WHO.get(change.login, "The database’s administrator"),
            why=change.why,
            differences=tuple(_differences(change, names)),
        )
        for change in listed
    ]


def _names(changes: Iterable[RegistryChange]) -> dict[tuple[type, int], str]:
    wanted: dict[type[Any], set[int]] = defaultdict(set)
    for change in changes:
        for side in (change.before, change.after):
            for part, value in side.items():
                if part in _NAMED and value is not None:
                    wanted[_NAMED[part]].add(int(value))
    return {
        (model, pk): name
        for model, ids in wanted.items()
        for pk, name in model.objects.filter(pk__in=ids).values_list("pk", "name")
    }


def _about(changes: Iterable[RegistryChange]) -> dict[tuple[str, int], str]:
    rows: dict[str, set[int]] = defaultdict(set)
    for change in changes:
        if change.change == CHANGED and change.what in _ABOUT:
            rows[change.what].add(change.row)
    found = {}
    for what, ids in rows.items():
        model, parts = _ABOUT[what]
        for pk, *said in model.objects.filter(pk__in=ids).values_list("pk", *parts):
            found[what, pk] = ", ".join(said)
    return found


def _differences(
    change: RegistryChange, names: Mapping[tuple[type, int], str]
) -> Iterable[Difference]:
    for part in dict.fromkeys((*change.before, *change.after)):
        if part in _UNSAID or (part == "password" and not change.before):
            continue
        before, after = change.before.get(part), change.after.get(part)
        words = (
            _more_and_less(part, before, after, names)
            if isinstance(before, list) and isinstance(after, list)
            else _became(_said(part, before, names), _said(part, after, names), change.change)
        )
        if words:
            called = _CALLED.get(part, part.removesuffix("_id").replace("_", " "))
            yield Difference(called[:1].upper() + called[1:], words)


def _became(before: str, after: str, change: str) -> str:
    if not before and not after:
        return ""
    return f"{before or 'nothing'} → {after or 'nothing'}" if change == CHANGED else after or before


def _more_and_less(
    part: str, before: list[Any], after: list[Any], names: Mapping[tuple[type, int], str]
) -> str:
    """What of a list came and went: the whole of it twice is read by nobody."""
    more = _said(part, [each for each in after if each not in before], names)
    less = _said(part, [each for each in before if each not in after], names)
    return "; ".join(
        said for said in (more and f"besides {more}", less and f"no longer {less}") if said
    )


def _said(part: str, value: Any, names: Mapping[tuple[type, int], str]) -> str:
    if value is None or value in ("", []):
        return ""
    if part in _NAMED:
        return names.get((_NAMED[part], int(value)), f"number {value}")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if part in _WORDS:
        return str(_WORDS[part].get(value, value))
    if part == "categories":
        return ", ".join(Category(each).label for each in value if each in Category.values)
    if part == "activities":
        return ", ".join(Activity(each).label for each in value if each in Activity.values)
    if part.startswith("valid_") or part.endswith("_at"):
        return _moment(part, datetime.fromisoformat(value))
    if isinstance(value, (dict, list)):
        return "see the proposal"
    return str(value)


def _moment(part: str, at: datetime) -> str:
    """A period's end is said by its last day, where it ends at midnight."""
    if part == "valid_until":
        return prose_time(at) if _in_the_day(at) else prose_date(at - timedelta(microseconds=1))
    return prose_time(at) if part.endswith("_at") or _in_the_day(at) else prose_date(at)


def _in_the_day(at: datetime) -> bool:
    local = at.astimezone(LONDON)
    return bool(local.hour or local.minute)
