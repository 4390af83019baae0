"""One staff member, and what waits for a second person, as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from organisations import drafts, standing
from organisations.models import Organisation, Proposal, ProposalKind, Role, StaffMember, Team
from organisations.presenters import MembershipLine, membership_line
from organisations.presenters_history import ChangeLine, change_lines
from organisations.presenters_sharing import (
    EffectShown,
    day_in_words,
    draft_details,
    effect_shown,
    title_of,
)
from organisations.proposals import DRAFTS, WITH_EFFECT
from organisations.selectors_staff import history_of_person
from organisations.staff_files import Line
from organisations.staffing import ADDED, PROPOSED, REFUSALS, Given


@dataclass(frozen=True, slots=True)
class HeldLine:
    """One membership of somebody, and what its change is asked for with."""

    id: int
    organisation_id: UUID
    line: MembershipLine
    over: bool

    @property
    def words(self) -> str:
        """It in one line."""
        where = f"{self.line.organisation}, {self.line.team}".removesuffix(", ")
        return f"{self.line.role}, {where}"


@dataclass(frozen=True, slots=True)
class PersonPage:
    """A staff member with what the reader may see of their roles."""

    id: UUID
    name: str
    username: str
    email: str
    suspended: bool
    dormant_since: datetime | None
    may_be_invited: bool
    invited_until: datetime | None
    is_reader: bool
    held: tuple[HeldLine, ...]
    proposals: tuple[ProposalLine, ...]
    history: tuple[ChangeLine, ...]

    @property
    def ends(self) -> tuple[HeldLine, ...]:
        """What of it can be ended or changed."""
        return tuple(held for held in self.held if not held.over)


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """One proposal: what, about whom, and where it stands."""

    id: UUID
    title: str
    details: tuple[tuple[str, str], ...]
    standing: str
    colour: str
    waits: bool
    why: str
    proposed_by: str
    proposed_at: datetime
    settled_by: str
    settled_at: datetime | None
    is_readers: bool
    takes_effect: bool
    effect: EffectShown | None
    may_return: bool
    may_withdraw: bool
    #: It changes what a role reads, and nothing of what it may do.
    of_what_a_role_reads: bool


#: Why a proposal was not confirmed, beside :data:`organisations.staffing.REFUSALS`.
NOT_CONFIRMED = {
    "own": "You proposed this, or it is about you. Somebody else must confirm it",
    "no-effect": "What it would have changed is not worked out yet. Look again in a minute",
    "changed-meanwhile": "What it is about has been changed since. Withdraw it and draft it anew",
    "over": "This was settled already, or has grown too old. Propose it anew if it is needed",
}


def why_not_confirmed(answer: str) -> str:
    """What stands against confirming a proposal, in words."""
    every = {**standing.REFUSALS, **drafts.REFUSALS, **REFUSALS, **NOT_CONFIRMED}
    return every.get(answer, "It cannot be confirmed as things stand. Look at it again")


@dataclass(frozen=True, slots=True)
class FileLine:
    """One line of a file of staff, and what would come of it."""

    number: int
    username: str
    name: str
    counts: bool
    words: str


def file_lines(lines: Iterable[Line], answers: Iterable[Given]) -> list[FileLine]:
    """The lines of a file with what :func:`organisations.staffing.what_would_come` said."""
    said = iter(answers)
    shown = []
    for line in lines:
        if line.joiner is None:
            shown.append(FileLine(line.number, *line.whose, counts=False, words=line.wrong))
            continue
        answer = next(said)
        words = {
            ADDED: "Gets the role",
            PROPOSED: "Is proposed: a second person must confirm it",
        }.get(answer.outcome) or REFUSALS[answer.outcome]
        shown.append(
            FileLine(line.number, line.joiner.username, line.joiner.name, answer.done, words)
        )
    return shown


def person_page(
    person: StaffMember,
    proposals: Iterable[Proposal],
    *,
    reader: int,
    at: datetime,
    invited_until: datetime | None = None,
) -> PersonPage:
    """A staff member, read with :func:`organisations.selectors_staff.person_there`.

    :param invited_until: until when the last link works by which they sign in for the first time.
    """
    memberships = person.memberships_there  # type: ignore[attr-defined]  # prefetched
    return PersonPage(
        id=person.public_id,
        name=person.name,
        username=person.username,
        email=person.email,
        suspended=not person.is_active,
        dormant_since=None if person.is_active else person.dormant_since,
        may_be_invited=person.is_active
        and person.last_login is None
        and not person.has_usable_password(),
        invited_until=invited_until,
        is_reader=person.pk == reader,
        held=tuple(
            HeldLine(
                held.pk,
                held.organisation.public_id,
                membership_line(held, at),
                over=held.state == "ended"
                or (held.valid_until is not None and held.valid_until <= at),
            )
            for held in memberships
        ),
        proposals=tuple(proposal_lines(proposals, reader=reader, at=at)),
        history=tuple(change_lines(history_of_person(person, memberships))),
    )


def proposal_lines(
    proposals: Iterable[Proposal], *, reader: int, at: datetime
) -> list[ProposalLine]:
    """The lines of some proposals."""
    listed = list(proposals)
    names = Names.of(listed)
    return [_proposal(each, names, reader, at) for each in listed]


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids of proposals are called."""

    roles: Mapping[int, str]
    teams: Mapping[int, str]
    bodies: Mapping[int, str]

    @classmethod
    def of(cls, proposals: Iterable[Proposal]) -> Names:
        """Those that some proposals want."""
        wanted = [each.wanted for each in proposals]
        teams = [each["team"] for each in wanted if each.get("team")]
        sides = ("source", "recipient", "group", "member", "organisation")
        bodies = [each[side] for each in wanted for side in sides if side in each]
        return cls(
            roles=dict(Role.objects.values_list("pk", "name")),
            teams=dict(Team.objects.filter(pk__in=teams).values_list("pk", "name")),
            bodies=dict(Organisation.objects.filter(pk__in=bodies).values_list("pk", "name")),
        )


def _proposal(proposal: Proposal, names: Names, reader: int, at: datetime) -> ProposalLine:
    words, colour, waits = _standing(proposal, at)
    settled = proposal.withdrawn_by or proposal.confirmed_by
    is_draft = proposal.kind != ProposalKind.MEMBERSHIP
    title, details = (
        (title_of(proposal, names.bodies, names.roles), draft_details(proposal))
        if is_draft
        else _of_membership(proposal, names)
    )
    return ProposalLine(
        id=proposal.public_id,
        title=title,
        details=tuple((what, said) for what, said in details if said),
        standing=words,
        colour=colour,
        waits=waits,
        why=proposal.why,
        proposed_by=proposal.proposed_by.name,
        proposed_at=proposal.proposed_at,
        settled_by=settled.name if settled else "",
        settled_at=proposal.withdrawn_at or proposal.confirmed_at,
        is_readers=reader in (proposal.proposed_by_id, proposal.about_id),
        takes_effect=proposal.kind in WITH_EFFECT,
        effect=effect_shown(proposal.effect) if proposal.effect else None,
        may_return=proposal.kind in DRAFTS
        and proposal.applied_at is not None
        and proposal.withdrawn_at is None,
        may_withdraw=waits or words == TO_COME,
        of_what_a_role_reads=proposal.kind == ProposalKind.ROLE
        and proposal.wanted["activities"] == (proposal.former or {}).get("activities"),
    )


def _of_membership(proposal: Proposal, names: Names) -> tuple[str, list[tuple[str, str]]]:
    wanted = proposal.wanted
    name = proposal.about.name if proposal.about else ""
    role = names.roles.get(wanted["role"], "")
    return f"{role} for {name}", [
        ("Staff member", f"{name} ({proposal.about.username})" if proposal.about else ""),
        ("Role", role),
        ("Organisation", proposal.organisation.name if proposal.organisation else ""),
        ("Team", names.teams.get(wanted.get("team") or 0, "")),
        ("From", day_in_words(wanted.get("from"))),
        ("Last day", day_in_words(wanted.get("until"), last=True)),
    ]


#: Confirmed, and to begin on a later day.
TO_COME = "Confirmed, not yet in force"


def _standing(proposal: Proposal, at: datetime) -> tuple[str, str, bool]:
    if proposal.withdrawn_at is not None:
        return "Withdrawn", "grey", False
    begins = proposal.wanted.get("from")
    if proposal.confirmed_at is not None:
        later = begins is not None and datetime.fromisoformat(begins) > at
        if later and proposal.kind in DRAFTS:
            return TO_COME, "blue", False
        return "Confirmed", "green", False
    if proposal.applied_at is not None:
        return "Done at once: it narrows", "green", False
    if proposal.proposed_at + timedelta(days=Proposal.DAYS) < at:
        return "Too old: propose it anew", "grey", False
    return "Waits for a second person", "blue", True


def team_options(teams: Iterable[Team]) -> list[tuple[str, str]]:
    """The teams of an organisation as options, after none."""
    return [("", "The whole organisation"), *((str(team.pk), team.name) for team in teams)]


def organisation_choices(organisations: Iterable[Organisation]) -> list[tuple[str, str]]:
    """The same, after none where there are several: nobody's place is the first by the alphabet."""
    options = organisation_options(organisations)
    return options if len(options) == 1 else [("", "Select the organisation"), *options]


def organisation_options(organisations: Iterable[Organisation]) -> list[tuple[str, str]]:
    """Organisations as options, by their opaque ids."""
    return [(str(each.public_id), each.name) for each in organisations]
