"""Reconciliation: counts that must agree, and each fault shown by the reference of its choice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consent.models import Choice, Letter, ProbeResult, Reconciliation
from consent.proofs import Outcome, Why
from consent.reconciling import COMPARISONS, reconcile
from consent.tasks import reconcile_choices
from consent.vocabulary import Answer, Kind, WithdrawnBecause
from identity.merges import Cause
from identity.merging import merge
from tests import factories
from tests.conftest import AsLogin
from tests.consent.conftest import World
from tests.consent.letter_desk import Desk

ENFORCED, SAID, PROVEN, OWED, SENT = (each.title for each in COMPARISONS)


@pytest.fixture
def desk(world: World, as_login: AsLogin) -> Desk:
    return Desk(world, as_login)


def run(desk: Desk) -> Reconciliation:
    with desk.as_login("pipeline"):
        return reconcile()


def wrong(run: Reconciliation) -> dict[str, list[str]]:
    """The comparisons that disagree, with their references."""
    return {line["title"]: line["disagree"] for line in run.lines if not line["agrees"]}


def counts(run: Reconciliation, title: str) -> tuple[int, int]:
    (line,) = (line for line in run.lines if line["title"] == title)
    return line["left_count"], line["right_count"]


def long_standing(desk: Desk, **fields: Any) -> Choice:
    """A refusal of an hour ago."""
    with desk.as_login("pipeline"):
        return factories.choice(
            desk.world.resident, effective_from=timezone.now() - timedelta(hours=1), **fields
        )


def proof(desk: Desk, choice: Choice, *, shown: dict[str, int], ago: timedelta) -> None:
    with desk.as_login("pipeline"):
        ProbeResult.objects.create(
            choice=choice,
            why=Why.NIGHTLY,
            at=timezone.now() - ago,
            elapsed=timedelta(seconds=2),
            readers=3,
            asked={"decision": 3},
            shown=shown,
            faults=0,
            outcome=Outcome.SHOWN if shown else Outcome.HOLDS,
        )


@contextmanager
def enforcing(run_sql: Any, rows: str) -> Iterator[None]:
    """The function that everything stands on answers something else for a while."""
    admin = run_sql("admin")
    admin.autocommit = True
    signature = "consent.refusals(bigint,timestamptz)"
    (whole,) = admin.execute("select pg_get_functiondef(%s::regprocedure)", [signature]).fetchone()
    admin.execute(
        "create or replace function consent.refusals(in_resident bigint, in_at timestamptz)"
        " returns table (kind text, council_id bigint) language sql stable security definer"
        f" set search_path = pg_catalog, pg_temp as $$ {rows} $$"
    )
    try:
        yield
    finally:
        admin.execute(whole)


def test_without_any_choice_all_agrees(desk: Desk) -> None:
    assert wrong(run(desk)) == {}


def test_refusals_agreements_and_what_was_taken_back_agree(desk: Desk) -> None:
    desk.about_council(Kind.SOCIAL_CARE_SHARING)
    whole = desk.choose()
    desk.about_council(Kind.NHS_NUMBER)
    assert counts(run(desk), ENFORCED) == (3, 3)
    desk.choose(
        answer=Answer.WITHDRAWN,
        withdraws=whole.public_id,
        withdrawn_because=WithdrawnBecause.ASKED,
    )
    desk.about_council(Kind.SOCIAL_CARE_SHARING, answer=Answer.CONSENTS)
    desk.choose(effective_from=timezone.now() + timedelta(days=3))
    kept = run(desk)
    assert wrong(kept) == {}
    assert counts(kept, ENFORCED) == (1, 1)
    assert counts(kept, SAID) == (1, 1)
    assert counts(kept, OWED) == (6, 6)


def test_what_one_person_said_in_two_records_agrees_when_they_are_joined(desk: Desk) -> None:
    with desk.as_login("pipeline"):
        other = factories.resident("Carter", "R", nhs_number=None, known_to_all=False)
        factories.choice(other)
        merge(
            survivor=desk.world.resident.pk,
            merged=other.pk,
            cause=Cause.DUPLICATE,
            words="The same person",
            by=factories.membership(at=desk.world.trust, as_role="records-officer").pk,
        )
    kept = run(desk)
    assert wrong(kept) == {}
    assert counts(kept, ENFORCED) == (1, 1)


def test_a_refusal_that_is_not_enforced_is_named(desk: Desk, run_sql: Any) -> None:
    choice = desk.choose()
    with enforcing(run_sql, "select null::text, null::bigint where false"):
        kept = run(desk)
    assert wrong(kept) == {ENFORCED: [choice.reference]}
    assert counts(kept, ENFORCED) == (1, 0)
    assert wrong(run(desk)) == {}


def test_a_kind_that_the_enforcing_loses_is_named(desk: Desk, run_sql: Any) -> None:
    desk.choose()
    lost = desk.about_council(Kind.NHS_NUMBER)
    with enforcing(run_sql, "select 'connect-care', null::bigint"):
        assert wrong(run(desk)) == {ENFORCED: [lost.reference]}


def test_what_nobody_refused_and_is_withheld_is_seen(desk: Desk, run_sql: Any) -> None:
    desk.choose(answer=Answer.CONSENTS)
    with enforcing(run_sql, "select 'connect-care', null::bigint"):
        assert list(wrong(run(desk))) == [SAID]


def test_a_refusal_is_proven_or_named(desk: Desk) -> None:
    choice = long_standing(desk)
    assert wrong(run(desk)) == {PROVEN: [choice.reference]}
    proof(desk, choice, shown={}, ago=timedelta(days=3))
    assert wrong(run(desk)) == {PROVEN: [choice.reference]}
    proof(desk, choice, shown={}, ago=timedelta(minutes=5))
    assert wrong(run(desk)) == {}
    proof(desk, choice, shown={"decision": 1}, ago=timedelta(0))
    assert wrong(run(desk)) == {PROVEN: [choice.reference]}


def test_a_choice_without_its_letter_is_named(desk: Desk, run_sql: Any) -> None:
    choice = desk.choose()
    admin = run_sql("admin")
    admin.execute("delete from consent_letter where choice_id = %s", [choice.pk])
    admin.commit()
    assert wrong(run(desk)) == {OWED: [choice.reference]}


def test_a_letter_that_is_late_is_named_and_a_held_one_is_not(desk: Desk) -> None:
    choice = desk.choose()
    with desk.as_login("pipeline"):
        Letter.objects.filter(choice=choice).update(owed=timezone.now() - timedelta(days=4))
    assert wrong(run(desk)) == {SENT: [choice.reference]}
    desk.made(choice)
    assert wrong(run(desk)) == {}


def test_the_command_says_so_and_fails(desk: Desk, run_sql: Any) -> None:
    choice = desk.choose()
    with desk.as_login("pipeline"):
        said = StringIO()
        call_command("reconcile_choices", stdout=said)
        assert f"{ENFORCED}: agrees" in said.getvalue()
        with (
            enforcing(run_sql, "select null::text, null::bigint where false"),
            pytest.raises(CommandError, match="do not agree"),
        ):
            call_command("reconcile_choices", stdout=(said := StringIO()))
    assert "DISAGREES" in said.getvalue()
    assert choice.reference in said.getvalue()


def test_the_page_shows_the_last_run_with_its_queries(
    desk: Desk, run_sql: Any, caplog: pytest.LogCaptureFixture
) -> None:
    choice = desk.choose()
    client = Client()
    client.force_login(desk.world.adviser.staff)

    def page() -> str:
        soup = BeautifulSoup(client.get(reverse("reconciliation")).content, "html.parser")
        return " ".join(soup.main.get_text(" ").split())

    assert "It has not been counted yet" in page()
    with desk.as_login("pipeline"):
        reconcile_choices()
    assert "All agree" in page()
    assert "consent.refusals" in page()
    assert not caplog.records
    with (
        desk.as_login("pipeline"),
        enforcing(run_sql, "select null::text, null::bigint where false"),
    ):
        reconcile_choices()
    assert "They do not agree" in page()
    assert choice.reference in page()
    assert "Carter" not in page()
    assert "do not reconcile" in caplog.text
