"""What holds for every world: nothing without a permission, and nothing past a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.decision import Decision, Reason, SectionState
from access.facts import from_json
from access.rules import decide
from tests.proof.as_facts import facts_json
from tests.proof.comparing import decided, worlds
from tests.proof.making import make_world
from tests.proof.worlds import COUNCIL, NOW, Asked, Choice, Death, World

#: Chance for what need not shrink: Hypothesis would have to keep every throw.
chances = st.builds(Random, st.integers(0, 2**32))
a_proof = settings(
    max_examples=40,
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def decisions(world: World) -> Iterator[tuple[Asked, Decision]]:
    for asked in world.questions((NOW,)):
        yield asked, decided(world, asked)


def never_wider(before: World, after: World) -> None:
    """No question shows more in the second world than in the first."""
    for asked, decision in decisions(after):
        assert decision.grants <= decided(before, asked).grants, asked


# ── Deny by default ─────────────────────────────────────────────────────────────────────────

NOTHING = {
    "at": "2026-11-22T00:00:00+00:00",
    "rules_epoch": 1,
    "resident_epoch": None,
    "staff": None,
    "membership": None,
    "resident": None,
    "links": {},
    "refusals": [],
    "relationships": [],
    "sources": [],
}


def test_without_facts_nothing_is_granted() -> None:
    decision = decide(from_json(NOTHING))
    assert not decision.is_open
    assert decision.keys == []


@a_proof
@given(worlds, st.sampled_from(["staff", "membership", "resident", "resident_epoch"]))
def test_a_fact_that_is_missing_denies(world: World, missing: str) -> None:
    for asked in world.questions((NOW,)):
        decision = decide(from_json({**facts_json(world, asked), missing: None}))
        assert not decision.is_open
        assert decision.keys == []


@a_proof
@given(worlds)
def test_a_refused_record_grants_nothing_and_says_nothing_of_its_sections(world: World) -> None:
    for _, decision in decisions(world):
        if not decision.is_open:
            assert decision.grants == frozenset()
            assert decision.sections == {}


@a_proof
@given(worlds)
def test_every_grant_is_of_a_section_that_is_shown_and_every_section_has_a_state(
    world: World,
) -> None:
    for _, decision in decisions(world):
        if decision.is_open:
            for grant in decision.grants:
                state = decision.sections[grant.category][grant.source]
                assert state is SectionState.SHOWN
            sources = {source.id for source in decision.facts.sources}
            assert len(decision.sections) == 16
            assert all(set(states) == sources for states in decision.sections.values())


# ── A refusal beats every permission, and never widens ──────────────────────────────────────


@a_proof
@given(worlds)
def test_an_opt_out_beats_every_permission_but_a_lawful_disclosure(world: World) -> None:
    out = tuple(Choice(r, "connect-care", None, "refuses", NOW) for r in world.residents)
    for asked, decision in decisions(replace(world, choices=world.choices + out)):
        if decision.is_open:
            assert decision.reason is Reason.LAWFUL_DISCLOSURE
        assert {grant.category for grant in decision.grants} <= disclosed(world, asked)


@a_proof
@given(worlds, st.sampled_from(["social-care-sharing", "nhs-number"]))
def test_a_refusal_about_a_council_beats_every_permission_of_others_but_a_lawful_disclosure(
    world: World, kind: str
) -> None:
    councils = [body.id for body in world.bodies if body.kind == COUNCIL]
    said = tuple(Choice(r, kind, c, "refuses", NOW) for r in world.residents for c in councils)
    bodies = {member.id: member.body for member in world.members}
    for asked, decision in decisions(replace(world, choices=world.choices + said)):
        own = bodies.get(asked.membership)
        seen = {
            grant.source
            for grant in decision.grants
            if grant.category not in disclosed(world, asked)
        } & set(councils)
        assert seen <= ({own} if kind == "social-care-sharing" else set())


def disclosed(world: World, asked: Asked) -> set[int]:
    """The categories of every disclosure of the resident that was ever made to the reader."""
    return {
        category
        for each in world.disclosures
        if each.resident == asked.resident and asked.membership in each.members
        for category in each.names
    }


@a_proof
@given(worlds)
def test_a_disclosure_opens_nothing_but_what_it_names(world: World) -> None:
    without = replace(world, disclosures=())
    for asked, decision in decisions(world):
        more = decision.grants - decided(without, asked).grants
        assert {grant.category for grant in more} <= disclosed(world, asked)


@a_proof
@given(worlds)
def test_a_disclosure_takes_nothing_away(world: World) -> None:
    without = replace(world, disclosures=())
    never_wider(world, without)


@a_proof
@given(worlds)
def test_a_death_long_ago_ends_all_care(world: World) -> None:
    dead = replace(world, deaths=tuple(Death(r, 29, NOW) for r in world.residents))
    for _, decision in decisions(dead):
        assert decision.reason not in {Reason.RELATIONSHIP, Reason.BREAK_GLASS}


@a_proof
@given(worlds)
def test_a_death_that_is_withdrawn_restores(world: World) -> None:
    alive = replace(world, deaths=())
    roles = {role.id for role in world.roles if "read-after-death" not in role.activities}
    members = {member.id for member in world.members if member.role in roles}
    for asked, decision in decisions(world):
        if asked.membership in members:
            assert decision.grants <= decided(alive, asked).grants


@a_proof
@given(worlds, chances)
def test_adding_a_refusal_never_widens(world: World, chance: Random) -> None:
    councils = [body.id for body in world.bodies if body.kind == COUNCIL]
    kind = chance.choice(["connect-care", "social-care-sharing", "nhs-number"])
    council = None if kind == "connect-care" else chance.choice(councils)
    said = Choice(chance.choice(list(world.residents)), kind, council, "refuses", NOW)
    never_wider(world, replace(world, choices=(*world.choices, said)))


# ── Removing a permission never widens ──────────────────────────────────────────────────────


def _without_one(name: str) -> Callable[[World, Random], World]:
    def change(world: World, chance: Random) -> World:
        rows = list(getattr(world, name))
        if rows:
            rows.pop(chance.randrange(len(rows)))
        return replace(world, **{name: tuple(rows)})

    return change


def _with_one_changed(name: str, **narrower: Any) -> Callable[[World, Random], World]:
    def change(world: World, chance: Random) -> World:
        rows = list(getattr(world, name))
        if rows:
            place = chance.randrange(len(rows))
            rows[place] = rows[place]._replace(
                **{key: value(rows[place], chance) for key, value in narrower.items()}
            )
        return replace(world, **{name: tuple(rows)})

    return change


def _fewer(of: str) -> Callable[[Any, Random], frozenset[Any]]:
    return lambda row, chance: frozenset(
        x for x in sorted(getattr(row, of)) if chance.random() < 0.5
    )


def _suspended(row: Any, chance: Random) -> Any:
    return row.span._replace(state="suspended")


def _over(row: Any, chance: Random) -> Any:
    return row.span._replace(end=NOW)


NARROWER = [
    _without_one("agreements"),
    _without_one("grouped"),
    _without_one("care"),
    _without_one("glasses"),
    _with_one_changed("glasses", ended=lambda row, chance: True),
    _with_one_changed("glasses", end=lambda row, chance: NOW),
    _without_one("said"),
    _without_one("disclosures"),
    _with_one_changed("disclosures", ended=lambda row, chance: True),
    _with_one_changed("disclosures", end=lambda row, chance: NOW),
    _with_one_changed("disclosures", names=_fewer("names")),
    _with_one_changed("disclosures", confirmed=lambda row, chance: None),
    _with_one_changed("disclosures", members=lambda row, chance: row.members[1:]),
    _without_one("feeds"),
    _with_one_changed("agreements", covers=_fewer("covers")),
    _with_one_changed("agreements", trial=_fewer("trial")),
    _with_one_changed("agreements", testers=lambda row, chance: frozenset()),
    _with_one_changed("feeds", sends=_fewer("sends")),
    _with_one_changed("roles", reads=_fewer("reads")),
    _with_one_changed("roles", activities=_fewer("activities")),
    _with_one_changed("teams", whole_site=lambda row, chance: False),
    _with_one_changed("persons", link=lambda row, chance: "in-doubt"),
    _with_one_changed("care", end=lambda row, chance: NOW),
    *(
        _with_one_changed(table, span=change)
        for table in ("agreements", "grouped", "feeds", "roles", "teams", "members", "bodies")
        for change in (_suspended, _over)
    ),
    lambda world, chance: replace(world, staff=dict.fromkeys(world.staff, False)),
    lambda world, chance: replace(world, residents=dict.fromkeys(world.residents, False)),
]


@a_proof
@given(worlds, chances, st.sampled_from(NARROWER))
def test_removing_a_permission_never_widens(
    world: World, chance: Random, narrower: Callable[[World, Random], World]
) -> None:
    never_wider(world, narrower(world, chance))


def test_each_way_to_narrow_narrows_some_world() -> None:
    """Else the property above would hold for want of a case."""
    for number, narrower in enumerate(NARROWER):
        chance = Random(number)
        for _ in range(200):
            world = make_world(chance)
            after = narrower(world, chance)
            if any(
                decided(after, asked).grants < decided(world, asked).grants
                for asked in world.questions((NOW,))
            ):
                break
        else:
            raise AssertionError(f"way {number} to narrow never narrowed anything")


# ── Order never matters ─────────────────────────────────────────────────────────────────────


def _shuffled(raw: Any, chance: Random) -> Any:
    if isinstance(raw, list):
        return chance.sample([_shuffled(item, chance) for item in raw], len(raw))
    if isinstance(raw, dict):
        keys = chance.sample(sorted(raw), len(raw))
        return {key: _shuffled(raw[key], chance) for key in keys}
    return raw


@a_proof
@given(worlds, chances)
def test_the_order_of_facts_never_matters(world: World, chance: Random) -> None:
    for asked in world.questions((NOW,)):
        raw = facts_json(world, asked)
        before, after = decide(from_json(raw)), decide(from_json(_shuffled(raw, chance)))
        assert (after.outcome, after.reason) == (before.outcome, before.reason)
        assert (after.keys, after.sections) == (before.keys, before.sections)


@a_proof
@given(worlds, chances)
def test_the_order_of_the_worlds_rows_never_matters(world: World, chance: Random) -> None:
    tables = [each.name for each in fields(world) if isinstance(getattr(world, each.name), tuple)]
    other = replace(
        world,
        **{
            name: tuple(chance.sample(list(getattr(world, name)), len(getattr(world, name))))
            for name in tables
        },
    )
    for asked, decision in decisions(world):
        assert decided(other, asked).keys == decision.keys
