"""Recording a choice as the web's login: what the database lets through, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from access.acting import Acting
from audit.models import Event
from consent import actions, selectors
from consent.actions import AlreadyInForce, ChoiceNotAllowed, record_choice
from consent.models import Answer, Choice, DecidedBy, Kind
from consent.references import is_reference, new_reference
from consent.vocabulary import THEMSELVES
from tests import factories
from tests.conftest import AsLogin
from tests.consent.conftest import (
    REQUEST,
    World,
    acting,
    glimpse_choices,
    record,
    what_is_said,
)

Connect = Callable[[str], psycopg.Connection]


def said(by: Acting, resident_id: int, **changed: Any) -> dict[str, Any]:
    """The arguments of the action, for an opt-out on the phone unless changed."""
    return {
        "by": by,
        "resident_id": resident_id,
        "submission": changed.pop("submission", None) or uuid4(),
        "request_id": REQUEST,
        "said": what_is_said(**changed),
    }


def all_choices(as_login: AsLogin) -> list[Choice]:
    with as_login("pipeline"):
        return list(Choice.objects.order_by("id"))


def refusals(run_sql: Connect, world: World) -> set[tuple[str, int | None]]:
    """What the database says is refused now."""
    connection = run_sql("pipeline")
    rows = connection.execute(
        "select kind, council_id from consent.refusals(%s, statement_timestamp())",
        [world.resident.pk],
    ).fetchall()
    connection.rollback()
    return set(rows)


def test_an_opt_out_is_recorded_under_the_webs_login_and_holds(
    world: World, run_sql: Connect
) -> None:
    choice = record(acting(world.adviser), world)
    assert is_reference(choice.reference)
    assert isinstance(choice.public_id, UUID)
    assert choice.effective_from <= timezone.now()
    assert refusals(run_sql, world) == {("connect-care", None)}


def test_opting_back_in_ends_the_opt_out(world: World, run_sql: Connect) -> None:
    record(acting(world.adviser), world)
    record(acting(world.trust_adviser), world, answer=Answer.CONSENTS)
    assert refusals(run_sql, world) == set()


def test_a_choice_is_audited_with_ids_and_codes_alone(world: World, as_login: AsLogin) -> None:
    choice = record(
        acting(world.adviser),
        world,
        decided_by=DecidedBy.ATTORNEY,
        decider_name="Pat Made-up",
        authority_seen="Power of attorney 1234",
        assessment="Dr A Made-up, today",
        relayer="relative",
        relayed_by="Jo Made-up, daughter",
    )
    with as_login("owner"):
        event = Event.objects.get(action="choice-recorded")
    assert event.resident_id == world.resident.pk
    assert event.staff_id == world.adviser.staff_id
    assert str(event.request) == REQUEST
    assert event.detail == {
        "choice": choice.pk,
        "reference": choice.reference,
        "kind": "connect-care",
        "council": None,
        "answer": "refuses",
        "decided_by": "attorney",
        "channel": "phone",
        "identity_checked": ["name", "birth-date", "nhs-number"],
        "explanation": "test.1",
    }


def test_without_a_glimpse_postgresql_refuses_the_row(world: World, as_login: AsLogin) -> None:
    by = acting(world.adviser)
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        record_choice(**said(by, world.resident.pk))
    assert all_choices(as_login) == []


def test_a_glimpse_of_one_resident_is_none_of_another(world: World, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        other = factories.resident("Other", "Resident")
    by = acting(world.adviser)
    with transaction.atomic():
        glimpse_choices(by, world.resident)
        with pytest.raises(ProgrammingError, match="row-level security"):
            record_choice(**said(by, other.pk))
    assert all_choices(as_login) == []


def test_the_glimpse_of_an_earlier_transaction_is_over(world: World, as_login: AsLogin) -> None:
    by = acting(world.adviser)
    with transaction.atomic():
        glimpse_choices(by, world.resident)
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        record_choice(**said(by, world.resident.pk))
    assert all_choices(as_login) == []


@pytest.mark.parametrize("login", ["web", "pipeline", "owner", "sealer", "backup", "admin"])
@pytest.mark.parametrize(
    "statement",
    [
        "update consent_choice set answer = 'consents'",
        "delete from consent_choice",
        "truncate consent_choice cascade",
    ],
)
def test_no_login_changes_what_was_said(
    world: World, run_sql: Connect, as_login: AsLogin, login: str, statement: str
) -> None:
    record(acting(world.adviser), world)
    connection = run_sql(login)
    try:
        changed = connection.execute(statement).rowcount
    except psycopg.errors.InsufficientPrivilege:
        connection.rollback()
    else:
        # Row security: the owner finds no row to change.
        assert changed == 0
        connection.commit()
    assert [choice.answer for choice in all_choices(as_login)] == ["refuses"]


@pytest.mark.parametrize("kind", [Kind.SOCIAL_CARE_SHARING, Kind.NHS_NUMBER])
def test_a_councils_kinds_are_its_own_staffs_to_record(
    world: World, as_login: AsLogin, run_sql: Connect, kind: Kind
) -> None:
    own = record(acting(world.adviser), world, kind=kind, council=world.bexley.pk)
    assert own.council_id == world.bexley.pk
    assert refusals(run_sql, world) == {(kind, world.bexley.pk)}
    for membership, council in [
        (world.other_adviser, world.bexley.pk),
        (world.trust_adviser, world.bexley.pk),
        (world.trust_adviser, world.trust.pk),
        (world.adviser, None),
    ]:
        with pytest.raises(ChoiceNotAllowed):
            record(acting(membership), world, kind=kind, council=council)
    assert len(all_choices(as_login)) == 1


def test_connect_care_names_no_council(world: World) -> None:
    with pytest.raises(ChoiceNotAllowed):
        record(acting(world.adviser), world, council=world.bexley.pk)


def test_a_role_without_the_activity_records_nothing(world: World) -> None:
    with pytest.raises(ChoiceNotAllowed), transaction.atomic():
        record_choice(**said(acting(world.nurse), world.resident.pk))


@pytest.mark.parametrize("decided_by", [who for who in DecidedBy if who not in THEMSELVES])
@pytest.mark.parametrize(("name", "evidence"), [("", "Order 1234"), ("Pat Made-up", ""), ("", "")])
def test_who_decides_for_another_is_named_with_evidence(
    world: World, decided_by: str, name: str, evidence: str
) -> None:
    with pytest.raises(ChoiceNotAllowed):
        record(
            acting(world.adviser),
            world,
            decided_by=decided_by,
            decider_name=name,
            authority_seen=evidence,
            assessment="Dr A Made-up, today",
        )


def test_a_form_sent_twice_makes_one_choice(world: World, as_login: AsLogin) -> None:
    by, submission = acting(world.adviser), uuid4()
    first = record(by, world, submission=submission)
    second = record(by, world, submission=submission)
    assert second.pk == first.pk
    assert second.reference == first.reference
    assert len(all_choices(as_login)) == 1
    with as_login("owner"):
        assert Event.objects.filter(action="choice-recorded").count() == 1


@pytest.mark.parametrize("same_form", [True, False])
def test_two_at_the_same_moment_make_one_choice(
    world: World, as_login: AsLogin, same_form: bool
) -> None:
    submissions = [uuid4()] * 2 if same_form else [uuid4(), uuid4()]

    def send(submission: UUID) -> str:
        with as_login("web"):
            try:
                return record(acting(world.adviser), world, submission=submission).reference
            except AlreadyInForce as standing:
                return standing.choice.reference

    with ThreadPoolExecutor(2) as threads:
        references = set(threads.map(send, submissions))
    assert references == {choice.reference for choice in all_choices(as_login)}
    assert len(references) == 1


def test_the_same_answer_is_said_to_be_in_force_and_not_stacked(
    world: World, as_login: AsLogin
) -> None:
    first = record(acting(world.adviser), world)
    with pytest.raises(AlreadyInForce) as meanwhile:
        record(acting(world.trust_adviser), world)
    assert meanwhile.value.choice.pk == first.pk
    assert len(all_choices(as_login)) == 1


def test_not_having_been_asked_changes_nothing_and_is_noted_each_time(
    world: World, as_login: AsLogin, run_sql: Connect
) -> None:
    by = acting(world.adviser)
    of_council = {"kind": Kind.SOCIAL_CARE_SHARING, "council": world.bexley.pk}
    not_asked = {
        "answer": Answer.NOT_ASKED,
        "decided_by": "",
        "not_asked_reason": "unwell",
        "identity_checked": (),
        **of_council,
    }
    record(by, world, **not_asked)
    assert refusals(run_sql, world) == set()
    record(by, world, **of_council)
    record(by, world, **not_asked)
    record(by, world, **not_asked)
    assert refusals(run_sql, world) == {("social-care-sharing", world.bexley.pk)}
    assert len(all_choices(as_login)) == 4


def test_not_having_been_asked_needs_a_reason(world: World) -> None:
    for reason in ("", "because"):
        with pytest.raises(ChoiceNotAllowed, match="could not be asked"):
            record(
                acting(world.adviser),
                world,
                kind=Kind.SOCIAL_CARE_SHARING,
                council=world.bexley.pk,
                answer=Answer.NOT_ASKED,
                decided_by="",
                not_asked_reason=reason,
            )


def test_a_choice_for_a_later_date_is_not_yet_in_force(world: World, run_sql: Connect) -> None:
    by = acting(world.adviser)
    record(by, world, effective_from=timezone.now() + timedelta(days=1))
    assert refusals(run_sql, world) == set()
    with transaction.atomic():
        resident_id = glimpse_choices(by, world.resident)
        assert selectors.in_force(resident_id, by) == {}
        assert len(selectors.history(resident_id, by)) == 1


def test_another_councils_choices_are_not_shown(world: World, as_login: AsLogin) -> None:
    by, other, trust = map(acting, (world.adviser, world.other_adviser, world.trust_adviser))
    mine = record(by, world, kind=Kind.SOCIAL_CARE_SHARING, council=world.bexley.pk)
    theirs = record(other, world, kind=Kind.NHS_NUMBER, council=world.greenwich.pk)
    whole = record(trust, world)
    for reader, seen in [(by, {mine, whole}), (other, {theirs, whole}), (trust, {whole})]:
        with transaction.atomic():
            resident_id = glimpse_choices(reader, world.resident)
            assert set(selectors.history(resident_id, reader)) == seen
            assert set(selectors.in_force(resident_id, reader).values()) == seen
            for choice in (mine, theirs, whole):
                found = selectors.choice(resident_id, reader, choice.public_id)
                assert (found is not None) == (choice in seen)


def test_without_a_glimpse_nothing_that_was_said_is_read(world: World) -> None:
    by = acting(world.adviser)
    record(by, world)
    with transaction.atomic():
        assert selectors.history(world.resident.pk, by) == []
        assert selectors.in_force(world.resident.pk, by) == {}


def test_a_reference_that_is_taken_is_made_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = record(acting(world.adviser), world).reference
    free = new_reference()
    made = iter([taken, free])
    monkeypatch.setattr(actions, "new_reference", lambda: next(made))
    again = record(acting(world.adviser), world, answer=Answer.CONSENTS)
    assert again.reference == free


def test_a_submission_of_another_resident_is_refused(world: World, as_login: AsLogin) -> None:
    submission = uuid4()
    with as_login("pipeline"):
        other = factories.resident("Other", "Resident")
        factories.choice(other, submission=submission, by=world.adviser)
    with pytest.raises(IntegrityError):
        record(acting(world.adviser), world, submission=submission)
