"""Deciding anew what was decided then, out of the facts that it stood on.

What an opening keeps, and what the event of a refusal keeps, is asked of the rule as it is today.
Equal answers show that the decision followed from its facts; a difference shows that a rule has
changed since, or that what was kept has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from access import explaining
from access.decision import Basis, Decision, Grant, SectionState
from access.kept_facts import from_kept, numbers
from access.models import BasisKind
from access.rules import decide
from organisations.categories import Category

#: Parts of a decision as it is kept, and what they are called.
_PARTS = {
    "outcome": "outcome",
    "reason": "reason",
    "role": "role",
    "basis": "basis",
    "relationship": "care relationship",
    "disclosures": "lawful disclosures",
}


class NoFactsKept(LookupError):
    """The decision was kept before decisions kept their facts."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision as it was kept, with what stands beside it.

    ``opened`` are the basis and the keys that row security asked about, ``None`` of a refusal;
    ``digest_holds`` is whether the sealed event has the digest of what the opening keeps.
    """

    decision: Mapping[str, Any]
    opened: tuple[tuple[str, int], tuple[int, ...]] | None = None
    digest_holds: bool = True


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the rule says today of the facts of then, and where it differs from what was kept."""

    decision: Decision
    differences: tuple[str, ...]


def read_kept(reference: UUID) -> Kept | None:
    """What was kept, by the reference of an opening or of a refusal's event; ``None`` if nothing.

    For the pipeline's login: the web's may not ask.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select kind, decision::text, basis, basis_id, keys, digest_holds"
            " from access.read_kept_decision(%s)",
            [reference],
        )
        found = cursor.fetchone()
    if found is None:
        return None
    kind, decision, basis, basis_id, keys, digest_holds = found
    opened = ((basis, basis_id), tuple(keys)) if kind == "opening" else None
    return Kept(json.loads(decision), opened, digest_holds)


def replay(kept: Kept) -> Replayed:
    """Decide anew from the facts that were kept, and compare with what was decided then.

    :raises NoFactsKept: if there are none.
    """
    if "facts" not in kept.decision:
        raise NoFactsKept("This decision was kept without its facts. It cannot be decided anew.")
    decision = decide(from_kept(kept.decision))
    return Replayed(decision, tuple(_differences(kept, decision)))


def _differences(kept: Kept, today: Decision) -> Iterator[str]:
    if not kept.digest_holds:
        yield "The audit has no event with the digest of this decision: one of the two was changed."
    if kept.opened is not None:
        basis = today.basis and (str(today.basis.kind), today.basis.id)
        if basis != kept.opened[0]:
            yield f"The opening stood on {_said(kept.opened[0])}; today it is {_said(basis)}."
        if sorted(kept.opened[1]) != today.keys:
            yield "The opening granted " + _changed(set(kept.opened[1]), set(today.keys))
    # As it would be kept, its own types become those of JSON.
    now = json.loads(json.dumps(today.as_json()))
    for part, called in _PARTS.items():
        then = kept.decision.get(part)
        if then != now[part]:
            yield f"The {called} was {_said(then)}; today it is {_said(now[part])}."
    granted, today_granted = _keys(kept.decision["grants"]), set(today.keys)
    if granted != today_granted:
        yield "The decision granted " + _changed(granted, today_granted)
    before, after = _states(kept.decision["sections"]), _states(now["sections"])
    for place in sorted(before.keys() | after.keys()):
        then, today_is = before.get(place), after.get(place)
        # A category that is new since is no difference until something of it is shown.
        if then != today_is and (then is not None or today_is == SectionState.SHOWN):
            source, category = place
            yield (
                f"{_category(category)} of organisation {source} stood as {_said(then)}; today as "
                f"{_said(today_is)}."
            )


def _keys(grants: Mapping[str, str]) -> set[int]:
    """The keys of the grants of a kept decision."""
    return {
        Grant(Category(category), int(source), sensitive=bool(sensitive)).key
        for standing, sources in grants.items()
        for sensitive, granted in enumerate(standing.split())
        for category in numbers(int(granted))
        for source in sources.split()
    }


def _states(sections: Mapping[str, Mapping[str, str]]) -> dict[tuple[int, int], str]:
    """(source, category) → state, out of sources → state → categories."""
    return {
        (int(source), int(category)): state
        for sources, states in sections.items()
        for state, categories in states.items()
        for source in sources.split()
        for category in categories.split()
    }


def _changed(then: set[int], now: set[int]) -> str:
    said = [
        f"{_key(key)}, which today it would not"
        if key in then
        else f"not {_key(key)}, as it would today"
        for key in sorted(then ^ now)
    ]
    return "; ".join(said) + "."


def _key(key: int) -> str:
    source, rest = divmod(key, 64)
    category, sensitive = divmod(rest, 2)
    return f"{_category(category)} of organisation {source}{', sensitive' if sensitive else ''}"


def _category(number: int) -> str:
    return Category(number).label if number in Category else f"Category {number}"


def _said(value: Any) -> str:
    return "nothing" if value in (None, [], "") else f"“{value}”"


# ── In words ────────────────────────────────────────────────────────────────────────────────


def in_words(decision: Decision, called: Mapping[int, str]) -> Iterator[str]:
    """A decision, line by line: who asked of whom, what the rule said, where each source stood.

    People are numbers.

    :param called: names of organisations by id; one that is wanting is called by its number.
    """
    facts, membership = decision.facts, decision.facts.membership
    yield f"Asked at {facts.at.isoformat()} about resident {_number(facts.resident)}"
    if membership is None:
        yield "by nobody who had a membership."
    else:
        body = membership.organisation.id
        team = f", team {membership.team.id}" if membership.team else ""
        yield (
            f"by membership {membership.id}, role {membership.role.code}, of "
            f"{called.get(body, f'organisation {body}')}{team}."
        )
    yield f"Registry {facts.rules_epoch}, resident’s record {facts.resident_epoch}."
    if not decision.is_open:
        explained = explaining.of_refusal(decision.reason, "")
        rules = ", ".join(explained.rules) if explained else ""
        yield f"Refused: {decision.reason}{f' (rule {rules})' if rules else ''}."
        return
    yield f"Opened: {decision.reason}, {_basis(decision.basis)}."
    yield from _sections(decision, called)


def _number(of: Any) -> str:
    return "nobody that is known" if of is None else str(of.id)


def _basis(basis: Basis | None) -> str:
    if basis is None:
        return "on nothing"
    until = f" until {basis.valid_until.isoformat()}" if basis.valid_until else ""
    return f"on {BasisKind(basis.kind).label.lower()} {basis.id}{until}"


def _sections(decision: Decision, called: Mapping[int, str]) -> Iterator[str]:
    """Where the sources stand, those together that stand alike."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for source in decision.facts.sources:
        standing: dict[SectionState, list[str]] = {}
        for category, states in decision.sections.items():
            standing.setdefault(states[source.id], []).append(category.label)
        lines = tuple(f"{state}: {', '.join(labels)}" for state, labels in standing.items())
        alike.setdefault(lines, []).append(source.id)
    for lines, sources in alike.items():
        yield "; ".join(called.get(number, f"organisation {number}") for number in sources)
        yield from (f"  {line}" for line in lines)
