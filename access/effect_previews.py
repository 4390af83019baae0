"""What a drafted change of an agreement or a role would have changed: decided, not guessed.

Every opening of the last 90 days keeps the facts that its decision stood on. Each is decided anew
twice: from those facts, and from those facts with the change made to them. Where the two differ,
the change would have made the difference. Nothing of a resident is read for it but that.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

from django.db import connection
from django.utils import timezone

from access.decision import Decision, Grant
from access.facts import Facts
from access.kept_facts import from_kept
from access.rules import decide
from organisations.categories import Category
from organisations.models import (
    GroupMembership,
    Membership,
    Proposal,
    ProposalKind,
    Role,
    SharingAgreement,
)
from organisations.proposals import WITH_EFFECT
from ui.formatting import LONDON

#: How far back openings are decided anew.
REACH = timedelta(days=90)
#: Openings that are shown as examples, without the resident.
EXAMPLES = 5
_PAGE = 1000

Pair = tuple[int, int]
Agreed = Mapping[Pair, frozenset[Category]]


@dataclass(frozen=True, slots=True)
class Change:
    """A change as the facts of a decision see it.

    ``role`` reads ``categories`` and may do ``activities`` afterwards; ``gains`` and ``loses`` are
    what a source shows a reader's organisation more and less, by (source, reader). Of ``testers``,
    who are memberships, they say it by (source, membership) instead.
    """

    role: str | None = None
    categories: frozenset[Category] = frozenset()
    activities: frozenset[str] = frozenset()
    gains: Agreed = field(default_factory=dict)
    loses: Agreed = field(default_factory=dict)
    testers: frozenset[int] = frozenset()
    testers_gain: Agreed = field(default_factory=dict)
    testers_lose: Agreed = field(default_factory=dict)

    def concerns(self, role: str, reader: int, membership: int) -> bool:
        """Whether anything differs for this membership in this role of this organisation."""
        return role == self.role or reader in self._readers() or membership in self.testers

    def _readers(self) -> set[int]:
        return {reader for _source, reader in (*self.gains, *self.loses)}

    def made_to(self, facts: Facts) -> Facts:
        """The facts as they would be with the change."""
        membership = facts.membership
        if membership is None:
            return facts
        if membership.role.code == self.role:
            role = replace(membership.role, categories=self.categories, activities=self.activities)
            return replace(facts, membership=replace(membership, role=role))
        reader, gains, loses = membership.organisation.id, self.gains, self.loses
        if membership.id in self.testers:
            reader, gains, loses = membership.id, self.testers_gain, self.testers_lose
        return replace(
            facts,
            sources=tuple(
                replace(
                    source,
                    agreed=(source.agreed | gains.get((source.id, reader), frozenset()))
                    - loses.get((source.id, reader), frozenset()),
                )
                for source in facts.sources
            ),
        )


def change_of(proposal: Proposal) -> Change:
    """A draft as a change of facts, from what is agreed today."""
    wanted = proposal.wanted
    if proposal.kind == ProposalKind.ROLE:
        return Change(
            role=Role.objects.get(pk=wanted["role"]).code,
            categories=frozenset(map(Category, wanted["categories"])),
            activities=frozenset(wanted["activities"]),
        )
    held = list(SharingAgreement.objects.current())
    members = _members()
    if proposal.kind == ProposalKind.GROUP_MEMBER:
        return _joining(wanted["group"], wanted["member"], held, members)
    pair = wanted["source"], wanted["recipient"]
    here = [each for each in held if (each.source_id, each.recipient_id) == pair]
    others = [each for each in held if each not in here]
    before = agreed_by_pair(map(_shown_to_all, held), members)
    rest = list(map(_shown_to_all, others))
    after = agreed_by_pair([*rest, (*pair, wanted["categories"])], members)
    testers = {tester for each in here for tester in each.testers} | set(wanted["testers"])
    tested = [(each.testers, each.trial) for each in here]
    employers = dict(Membership.objects.filter(pk__in=testers).values_list("pk", "organisation_id"))
    was = _of_testers(employers, before, tested, pair[0], members)
    is_now = _of_testers(employers, after, [(wanted["testers"], wanted["trial"])], pair[0], members)
    return Change(
        gains=_beyond(after, before),
        loses=_beyond(before, after),
        testers=frozenset(employers),
        testers_gain=_beyond(is_now, was),
        testers_lose=_beyond(was, is_now),
    )


def _joining(
    group: int, member: int, held: Iterable[SharingAgreement], members: Mapping[int, set[int]]
) -> Change:
    """What the agreements of a group show more, once an organisation belongs to it."""
    agreements = list(map(_shown_to_all, held))
    before = agreed_by_pair(agreements, members)
    joined = {**members, group: {*members.get(group, ()), member}}
    return Change(gains=_beyond(agreed_by_pair(agreements, joined), before))


def _shown_to_all(agreement: SharingAgreement) -> tuple[int, int, list[int]]:
    return agreement.source_id, agreement.recipient_id, agreement.categories


def _of_testers(
    employers: Mapping[int, int],
    agreed: Agreed,
    tested: Iterable[tuple[Collection[int], Iterable[int]]],
    source: int,
    members: Mapping[int, Iterable[int]],
) -> dict[Pair, frozenset[Category]]:
    """What each source shows each tester: what it shows their organisation, and what is tested."""
    found = {
        (each, tester): shown
        for tester, employer in employers.items()
        for (each, reader), shown in agreed.items()
        if reader == employer
    }
    for testers, trial in tested:
        for each, tester in product({source, *members.get(source, ())}, testers):
            found[each, tester] = found.get((each, tester), frozenset()) | set(map(Category, trial))
    return found


def _members() -> dict[int, set[int]]:
    """Which organisations a group stands for today."""
    members: dict[int, set[int]] = defaultdict(set)
    rows = GroupMembership.objects.current().values_list("group_id", "member_id")
    for group, member in rows:
        members[group].add(member)
    return members


def agreed_by_pair(
    agreements: Iterable[tuple[int, int, Iterable[int]]], members: Mapping[int, Iterable[int]]
) -> dict[Pair, frozenset[Category]]:
    """What each source shows each reader: an agreement with a group is one with its members."""
    agreed: dict[Pair, set[Category]] = defaultdict(set)
    for source, recipient, categories in agreements:
        sides = ({source, *members.get(source, ())}, {recipient, *members.get(recipient, ())})
        for pair in product(*sides):
            agreed[pair].update(map(Category, categories))
    return {pair: frozenset(categories) for pair, categories in agreed.items()}


def _beyond(more: Agreed, less: Agreed) -> dict[Pair, frozenset[Category]]:
    found = {pair: shown - less.get(pair, frozenset()) for pair, shown in more.items()}
    return {pair: shown for pair, shown in found.items() if shown}


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening: when, and the decision as it was kept."""

    began: datetime
    decision: Mapping[str, Any]


@dataclass(slots=True)
class Effect:
    """What would have been otherwise. Counts are of openings."""

    openings: int = 0
    changed: int = 0
    closed: int = 0
    without_facts: int = 0
    gains: dict[tuple[str, Category], int] = field(default_factory=lambda: defaultdict(int))
    loses: dict[tuple[str, Category], int] = field(default_factory=lambda: defaultdict(int))
    examples: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self, since: date) -> dict[str, Any]:
        """As a proposal keeps it: role codes, numbers of categories, ids of organisations."""
        return {
            "since": since.isoformat(),
            "openings": self.openings,
            "changed": self.changed,
            "closed": self.closed,
            "without_facts": self.without_facts,
            "gains": _by_role(self.gains),
            "loses": _by_role(self.loses),
            "examples": self.examples,
        }


def _by_role(counted: Mapping[tuple[str, Category], int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (role, category), times in sorted(counted.items()):
        found.setdefault(role, {})[str(int(category))] = times
    return found


def effect_of(change: Change, openings: Iterable[Opening]) -> Effect:
    """Decide each opening anew, with the change and without."""
    effect = Effect()
    for opening in openings:
        effect.openings += 1
        kept = opening.decision.get("facts", {}).get("membership")
        if kept is None:
            effect.without_facts += 1
        elif change.concerns(kept["role"][0], kept["organisation"][0], kept["id"]):
            facts = from_kept(opening.decision)
            _count(effect, opening.began, decide(facts), decide(change.made_to(facts)))
    return effect


def _count(effect: Effect, began: datetime, before: Decision, after: Decision) -> None:
    gained, lost = after.grants - before.grants, before.grants - after.grants
    closes = before.is_open and not after.is_open
    membership = before.facts.membership
    if membership is None or not (gained or lost or closes):
        return
    effect.changed += 1
    effect.closed += closes
    role = membership.role.code
    for counted, grants in ((effect.gains, gained), (effect.loses, lost)):
        for category in {grant.category for grant in grants}:
            counted[role, category] += 1
    if len(effect.examples) < EXAMPLES:
        effect.examples.append(
            {
                "day": began.astimezone(LONDON).date().isoformat(),
                "role": role,
                "organisation": membership.organisation.id,
                "gains": _places(gained),
                "loses": _places(lost),
                "closes": closes,
            }
        )


def _places(grants: Iterable[Grant]) -> list[list[int]]:
    """(source, category), each once: whether entries are sensitive is no concern of an example."""
    places = {(grant.source, int(grant.category)) for grant in grants}
    return [list(place) for place in sorted(places)]


def kept_openings(since: datetime) -> Iterator[Opening]:
    """The openings since a moment, in their order, a page at a time. For the pipeline's login."""
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "select id, began, decision from access.kept_openings(%s, %s, %s)",
                [since, last, _PAGE],
            )
            page = cursor.fetchall()
        for _id, began, decision in page:
            yield Opening(began, json.loads(decision))
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def compute(proposal_id: int) -> None:
    """Compute a draft's effect and keep it, unless it is there."""
    proposal = Proposal.objects.filter(pk=proposal_id, effect_at__isnull=True).first()
    if proposal is None or proposal.kind not in WITH_EFFECT:
        return
    since = timezone.now() - REACH
    effect = effect_of(change_of(proposal), kept_openings(since))
    with connection.cursor() as cursor:
        cursor.execute(
            "select organisations.keep_effect(%s, %s::jsonb)",
            [proposal.pk, json.dumps(effect.as_json(timezone.localdate(since)))],
        )


def wanting_effect() -> list[int]:
    """The drafts that wait and whose effect has not been computed, the oldest first."""
    waiting = Proposal.objects.filter(
        effect_at__isnull=True,
        applied_at__isnull=True,
        withdrawn_at__isnull=True,
        kind__in=WITH_EFFECT,
    )
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def begin_due() -> int:
    """Begin the confirmed changes of roles whose day has come; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute("select organisations.apply_due()")
        (begun,) = cursor.fetchone()
    return int(begun)
