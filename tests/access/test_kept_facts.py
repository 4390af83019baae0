"""Facts and decisions out of what was kept of them: no database."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from access.decision import Decision
from access.kept_facts import as_kept, from_kept
from access.replay import Kept, replay
from access.rules import decide
from organisations.categories import CLINICIANS_READ
from tests.access.test_rules import AGO, ALL, COUNCIL, PRACTICE, TRUST, facts
from tests.proof.comparing import decided
from tests.proof.making import Size, make_world
from tests.proof.worlds import NOW


def stored(decision: Decision) -> dict[str, Any]:
    """A decision as the database gives it back."""
    return json.loads(json.dumps(decision.as_json()))  # type: ignore[no-any-return]


def kept_of(decision: Decision, **beside: Any) -> Kept:
    return Kept(stored(decision), **beside)


def as_decided(decision: Decision) -> tuple[Any, ...]:
    """All of a decision but the names of its facts."""
    return (
        decision.outcome,
        decision.reason,
        decision.grants,
        decision.basis,
        decision.relationship,
        decision.glass,
        decision.disclosures,
        decision.sections,
        {source.id: source.late_since for source in decision.facts.sources},
    )


def test_decisions_of_random_worlds_are_decided_anew_as_they_were() -> None:
    ended = set()
    for number in range(8):
        world = make_world(Random(number), Size(bodies=6, members=8, residents=5))
        for asked in world.questions((NOW - 1, NOW)):
            decision = decided(world, asked)
            answer = replay(kept_of(decision))
            assert answer.differences == (), (number, asked)
            assert as_decided(answer.decision) == as_decided(decision), (number, asked)
            ended.add(decision.reason)
    # Every reason but those that these worlds do not reach.
    assert len(ended) >= 14, sorted(ended)


def test_facts_are_the_same_after_they_were_kept() -> None:
    for number in range(8):
        world = make_world(Random(100 + number), Size(bodies=6, members=8, residents=5))
        for asked in world.questions((NOW,)):
            before = decided(world, asked).facts
            after = from_kept(stored(decide(before)))
            assert as_kept(after) == as_kept(before)
            nameless = {each.id: each for each in after.sources}
            assert nameless.keys() == {each.id for each in before.sources}
            for source in before.sources:
                kept = nameless[source.id]
                assert (kept.kind, kept.sends, kept.agreed) == (
                    source.kind,
                    source.sends,
                    source.agreed,
                )
            assert replace(after, sources=before.sources, membership=before.membership) == before, (
                "all but what is shown of the registry"
            )


def test_what_there_is_none_of_takes_no_room() -> None:
    period = f"active {AGO.isoformat()} -"
    every, sends = sum(1 << category for category in CLINICIANS_READ), sum(1 << n for n in ALL)
    assert as_kept(facts()) == {
        "staff": True,
        "membership": {
            "id": 7,
            "period": period,
            "organisation": [TRUST, "nhs_trust", period],
            "team": [70, False, period],
            "role": ["nurse", every, "read-records", period],
        },
        "resident": [11, True, True, "U"],
        "links": {"linked": f"{TRUST} {PRACTICE} {COUNCIL}"},
        "relationships": [[21, "admission", 70, AGO.isoformat(), None, None]],
        "sources": {
            f"nhs_trust {sends} {every}": str(TRUST),
            f"gp_practice {sends} {every}": str(PRACTICE),
            f"adult_social_care {sends} {every}": str(COUNCIL),
        },
    }
    nobody = facts(staff_active=False, membership=None, resident=None, sources=(), links={})
    assert as_kept(replace(nobody, relationships=())) == {}
    assert from_kept(stored(decide(nobody))).after_death == timedelta(0)


def test_since_when_a_source_is_late_is_kept_to_the_moment_or_of_the_protected_to_the_day() -> None:
    first, *others = facts().sources
    for since in (AGO, AGO.date()):
        known = facts(sources=(replace(first, late_since=since), *others))
        kept = from_kept(stored(decide(known)))
        assert [source.late_since for source in kept.sources] == [since, None, None]


def test_a_source_is_called_by_its_kind() -> None:
    kept = from_kept(stored(decide(facts())))
    assert [source.name for source in kept.sources] == [
        "An NHS trust",
        "A GP practice",
        "An adult social care service",
    ]


def test_no_name_is_kept() -> None:
    decision = decide(facts())
    names = {source.name for source in decision.facts.sources}
    assert names
    text = json.dumps(decision.as_json())
    assert not any(name in text for name in names)


def test_what_is_kept_of_forty_sources_stays_short() -> None:
    """Sources that stand alike are kept together, so their number hardly counts."""
    known = facts()
    (alike, *_) = known.sources
    many = replace(
        known, sources=(*known.sources, *(replace(alike, id=1000 + n) for n in range(40)))
    )
    few = len(json.dumps(as_kept(known)))
    assert len(json.dumps(as_kept(many))) - few <= 40 * len(" 1000") + len(" ")
