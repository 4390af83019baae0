"""What openings and refusals keep is decided anew, and whatever differs is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from random import Random
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from access import gate, rules
from access.acting import Acting
from access.decision import Decision
from access.facts import Refusal
from access.models import Opening
from access.replay import Kept, NoFactsKept, Replayed, in_words, read_kept, replay
from access.rules import decide
from audit.models import Event
from organisations.categories import Category
from tests import factories
from tests.access.test_kept_facts import as_decided, kept_of, stored
from tests.access.test_rules import COUNCIL, PRACTICE, TRUST, facts
from tests.proof.comparing import decided
from tests.proof.making import Size, make_world
from tests.proof.test_rows import questions
from tests.proof.worlds import NOW
from tests.proof.writing import acting, resident_id, write

# ── Without a database ──────────────────────────────────────────────────────────────────────


def refused_sharing() -> Decision:
    return decide(facts(refusals=frozenset({Refusal("social-care-sharing", COUNCIL)})))


def test_a_section_rule_that_is_left_out_is_noticed_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = kept_of(refused_sharing())
    assert replay(kept).differences == ()
    left = tuple(rule for rule in rules.SECTION_RULES if rule is not rules.council_may_share)
    monkeypatch.setattr(rules, "SECTION_RULES", left)
    differences = replay(kept).differences
    assert (
        f"Diagnoses and problems of organisation {COUNCIL} stood as “withheld”; today as “shown”."
        in differences
    )
    assert any(
        line.startswith("The decision granted ")
        and f"not Diagnoses and problems of organisation {COUNCIL}, as it would today" in line
        for line in differences
    )
    assert not any(str(PRACTICE) in line for line in differences)


@pytest.mark.parametrize("left_out", rules.RECORD_RULES[:-1], ids=lambda rule: rule.__name__)
def test_a_record_rule_that_is_left_out_is_noticed(
    monkeypatch: pytest.MonkeyPatch, left_out: rules.RecordRule
) -> None:
    worlds = [make_world(Random(seed), Size(bodies=6, members=8, residents=5)) for seed in range(9)]
    kept = [kept_of(decided(world, asked)) for world in worlds for asked in world.questions((NOW,))]
    left = tuple(rule for rule in rules.RECORD_RULES if rule is not left_out)
    monkeypatch.setattr(rules, "RECORD_RULES", left)
    assert any(
        line.startswith(("The reason was", "The outcome was"))
        for each in kept
        for line in replay(each).differences
    )


def test_what_was_kept_otherwise_than_it_was_decided_is_noticed() -> None:
    decision = decide(facts())
    basis = (str(decision.basis.kind), decision.basis.id) if decision.basis else ("", 0)
    sound = kept_of(decision, opened=(basis, tuple(decision.keys)))
    assert replay(sound).differences == ()
    (changed,) = replay(replace(sound, digest_holds=False)).differences
    assert changed.startswith("The audit has no event")
    (more,) = replay(replace(sound, opened=(basis, (*decision.keys, 64 * 99 + 6)))).differences
    assert more == (
        "The opening granted Diagnoses and problems of organisation 99, which today it would not."
    )
    (other,) = replay(replace(sound, opened=((basis[0], 4711), tuple(decision.keys)))).differences
    assert "4711" in other
    for part, value in (
        ("reason", "break-glass"),
        ("role", "gp"),
        ("basis", None),
        ("relationship", None),
        ("disclosures", [5]),
        ("outcome", "refused"),
    ):
        edited = replace(sound, decision={**sound.decision, part: value})
        (named,) = replay(edited).differences
        assert named.startswith("The "), part


def test_a_category_that_is_new_since_is_no_difference_until_it_is_shown() -> None:
    decision = decide(facts())
    kept = stored(decision)

    def without(number: int) -> Kept:
        sections = {
            sources: {
                state: " ".join(one for one in categories.split() if one != str(number))
                for state, categories in states.items()
            }
            for sources, states in kept["sections"].items()
        }
        return Kept({**kept, "sections": sections})

    assert replay(without(Category.SAFEGUARDING)).differences == ()
    assert replay(without(Category.DIAGNOSES)).differences


def test_a_decision_without_facts_cannot_be_decided_anew() -> None:
    kept = stored(decide(facts()))
    del kept["facts"]
    with pytest.raises(NoFactsKept):
        replay(Kept(kept))


def test_it_is_said_in_words() -> None:
    said = "\n".join(in_words(refused_sharing(), {TRUST: "Test trust"}))
    assert "role nurse, of Test trust" in said
    assert "Opened: relationship, on a care relationship" in said
    assert f"organisation {COUNCIL}\n" in said
    assert "withheld: " in said


def test_a_refusal_is_said_with_its_rule() -> None:
    said = "\n".join(in_words(decide(facts(relationships=())), {}))
    assert "Refused: no-relationship (rule R4.2)." in said


# ── Out of the database ─────────────────────────────────────────────────────────────────────


def open_once(who: Acting, resident: UUID) -> gate.Opened | gate.Refused:
    with transaction.atomic():
        return gate.open_record(who, resident, look=uuid4(), request_id=str(uuid4()))


def references(as_login: Any) -> list[UUID]:
    """Of every opening, and of the event of every refusal."""
    with as_login("owner"), connection.cursor() as cursor:
        cursor.execute("set role connectcare_gate")
        openings = list(Opening.objects.order_by("id").values_list("public_id", flat=True))
        refusals = Event.objects.filter(action="refusal", detail__has_key="facts")
        return [*openings, *refusals.order_by("id").values_list("public_id", flat=True)]


def replayed(as_login: Any) -> list[Replayed]:
    found = []
    for reference in references(as_login):
        with as_login("pipeline"):
            kept = read_kept(reference)
        assert kept is not None
        found.append(replay(kept))
    return found


def test_openings_and_refusals_of_random_worlds_are_replayed_as_they_were(
    database: object, as_login: Any, empty_database: Callable[[], None]
) -> None:
    opened = 0
    for seed in (4, 5):
        world = make_world(Random(seed), Size(bodies=7, members=12, residents=8))
        write(world, as_login)
        decisions = []
        for asked in questions(world):
            answer = open_once(acting(asked.membership, asked.staff), resident_id(asked.resident))
            assert answer.decision is not None
            decisions.append(answer.decision)
        answers = replayed(as_login)
        assert [answer.differences for answer in answers] == [()] * len(decisions)
        was = [as_decided(each) for each in decisions]
        is_now = [as_decided(answer.decision) for answer in answers]
        assert all(each in was for each in is_now)
        assert all(each in is_now for each in was)
        opened += sum(each.is_open for each in decisions)
        empty_database()
    assert opened > 30


def test_the_event_names_its_opening_and_has_its_digest(world: Any, as_login: Any) -> None:
    open_once(world.acting, world.resident.public_id)
    (reference,) = references(as_login)
    with as_login("owner"), connection.cursor() as cursor:
        cursor.execute("set role connectcare_gate")
        event = Event.objects.get(action="opening")
        assert event.detail["opening"] == str(reference)
        assert {"reason", "basis", "grants", "role"} < event.detail.keys()
        assert not {"facts", "sections"} & event.detail.keys(), "they are kept once"


def test_an_opening_that_was_changed_is_noticed(
    world: Any, as_login: Any, database: dict[str, str]
) -> None:
    def change(part: str, value: str) -> None:
        with psycopg.connect(database["admin"], autocommit=True) as superuser:
            superuser.execute(
                "update access_opening set decision = jsonb_set(decision, %s, %s)", [part, value]
            )

    open_once(world.acting, world.resident.public_id)
    (reference,) = references(as_login)
    change("{facts,staff}", "true")
    (same,) = replayed(as_login)
    assert same.differences == (), "nothing was changed by that"
    change("{facts,late}", "{}")
    (changed,) = replayed(as_login)
    assert any("digest" in line for line in changed.differences)
    with as_login("pipeline"):
        assert read_kept(reference) is not None
        assert read_kept(uuid4()) is None


class TestCommand:
    def said(self, reference: UUID) -> str:
        out = StringIO()
        call_command("replay_decision", str(reference), stdout=out)
        return out.getvalue()

    def test_prints_the_decision_and_that_it_holds(self, world: Any, as_login: Any) -> None:
        open_once(world.acting, world.resident.public_id)
        (reference,) = references(as_login)
        with as_login("pipeline"):
            said = self.said(reference)
        assert "of Test trust" in said
        assert "Carter" not in said
        assert said.endswith("Today's rules answer the same.\n")

    def test_fails_where_a_rule_was_edited_and_names_the_difference(
        self, world: Any, as_login: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with as_login("pipeline"):
            factories.choice(world.resident, by=world.nurse)
        assert isinstance(open_once(world.acting, world.resident.public_id), gate.Refused)
        (reference,) = references(as_login)
        left = tuple(rule for rule in rules.RECORD_RULES if rule is not rules.nobody_opted_out)
        with as_login("pipeline"):
            assert "Refused: opted-out (rule R3.1)." in self.said(reference)
            monkeypatch.setattr(rules, "RECORD_RULES", left)
            with pytest.raises(CommandError, match="The reason was “opted-out”; today it is"):
                self.said(reference)

    def test_says_where_there_is_none(self, database: object, as_login: Any) -> None:
        with as_login("pipeline"), pytest.raises(CommandError, match="No opening"):
            self.said(uuid4())
