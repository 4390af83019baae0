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
    Organisation,
    OrganisationKind,
    ProposalKind,
    RegistryChange,
    Role,
    SharingDefault,
    Site,
    StaffMember,
    Team,
)
from organisations.periods import State
from ui.formatting import LONDON, prose_date, prose_time

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
    "kind": dict([*OrganisationKind.choices, *ContactKind.choices, *ProposalKind.choices]),
    "sharing_default": dict(SharingDefault.choices),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of a row, before and after. Empty: there was none."""

    part: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change of the history."""

    at: datetime
    kind: str
    change: str
    who: str
    why: str
    differences: tuple[Difference, ...]


def change_lines(changes: Iterable[RegistryChange]) -> list[ChangeLine]:
    """The lines of some changes, with names in the place of ids."""
    listed = list(changes)
    names = _names(listed)
    return [
        ChangeLine(
            at=change.at,
            kind=KINDS.get(change.what, change.what),
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


def _differences(
    change: RegistryChange, names: Mapping[tuple[type, int], str]
) -> Iterable[Difference]:
    for part in dict.fromkeys((*change.before, *change.after)):
        if part in _UNSAID or (part == "password" and not change.before):
            continue
        before = _said(part, change.before.get(part), names)
        after = _said(part, change.after.get(part), names)
        if before or after:
            called = _CALLED.get(part, part.removesuffix("_id").replace("_", " "))
            yield Difference(called[:1].upper() + called[1:], before, after)


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
