"""A choice starts its stopwatch; the answer is kept; what does not hold is an incident."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.conf import LazySettings
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from audit.models import Action
from connectcare.environment import Environment, Login
from consent.models import Choice, Kind, ProbeDue, ProbeResult, ProofIncident
from consent.proofs import Outcome, Why
from organisations.categories import Category
from records.probing import jobs
from tests import factories
from tests.records.conftest import Ward

Connect = Callable[[str], psycopg.Connection]


@pytest.fixture(autouse=True)
def _web_of_the_worker(settings: LazySettings, database: dict[str, str]) -> None:
    settings.WEB_DATABASE = Environment().database(Login.WEB)


@pytest.fixture
def refused(ward: Ward) -> Choice:
    """The resident refused the council's social care, of which there is one item."""
    ward.entry(ward.person(ward.council), Category.SOCIAL_CARE_SERVICES, "Home care")
    return said(ward)


def said(ward: Ward, answer: str = "refuses", **fields: object) -> Choice:
    with ward.as_login("pipeline"):
        return factories.choice(
            ward.resident,
            Kind.SOCIAL_CARE_SHARING,
            answer,
            council=ward.council,
            by=ward.adviser,
            **fields,
        )


def due(ward: Ward) -> list[tuple[int, str]]:
    with ward.as_login("pipeline"):
        return list(ProbeDue.objects.order_by("pk").values_list("pk", "why"))


def prove(ward: Ward, choice: Choice) -> ProbeResult | None:
    with ward.as_login("pipeline"):
        return jobs.prove(choice.pk)


@pytest.fixture
def wall_down(run_sql: Connect) -> Callable[[bool], None]:
    """``wall_down(True)`` takes row security from the entries; with ``False`` it is back."""
    admin = run_sql("admin")
    admin.autocommit = True

    def change(down: bool) -> None:
        how = "disable" if down else "enable"
        admin.execute(f"alter table records_entry {how} row level security")

    return change


def test_the_row_of_a_refusal_is_written_with_the_row_that_it_is_asked_about_by(
    ward: Ward,
) -> None:
    refused = said(ward)
    said(ward, "consents")
    assert due(ward) == [(refused.pk, Why.RECORDED)]
    with ward.as_login("pipeline"), transaction.atomic():
        factories.choice(ward.resident, by=ward.adviser)
        transaction.set_rollback(True)
    assert len(due(ward)) == 1


def test_what_holds_is_kept_with_its_time_and_is_done(ward: Ward, refused: Choice) -> None:
    result = prove(ward, refused)
    assert result is not None
    assert (result.outcome, result.shown, result.faults) == (Outcome.HOLDS, {}, 0)
    assert result.readers > 0
    assert result.ways == sum(result.asked.values()) >= 7 * result.readers
    assert timedelta(0) < result.elapsed < timedelta(minutes=5)
    assert due(ward) == []
    assert prove(ward, refused) is None


def test_a_result_is_an_event_of_its_own_and_nobodys_look(
    ward: Ward, refused: Choice, run_sql: Connect
) -> None:
    prove(ward, refused)
    rows = (
        run_sql("admin")
        .execute("select action, reason, staff_id, resident_id from audit_event")
        .fetchall()
    )
    assert rows == [(Action.EFFECT_PROBED, Outcome.HOLDS, None, ward.resident.pk)]


def test_what_does_not_hold_is_one_incident_and_is_asked_again(
    ward: Ward, refused: Choice, wall_down: Callable[[bool], None]
) -> None:
    wall_down(True)
    try:
        for _ in range(2):
            with ward.as_login("pipeline"):
                ProbeDue.objects.update(due=timezone.now() - timedelta(minutes=1))
            result = prove(ward, refused)
            assert result is not None
            assert result.outcome == Outcome.SHOWN
            assert set(result.shown) == {"row-security"}
            assert due(ward) == [(refused.pk, Why.REPEATED)]
            assert prove(ward, refused) is None, "not before its time"
    finally:
        wall_down(False)
    with ward.as_login("pipeline"):
        (incident,) = ProofIncident.objects.all()
        assert (incident.choice_id, incident.closed) == (refused.pk, None)
        ProbeDue.objects.update(due=timezone.now() - timedelta(minutes=1))
        assert jobs.prove(refused.pk).outcome == Outcome.HOLDS
        assert ProofIncident.objects.filter(closed=None).count() == 1, "an officer closes it"


def test_what_was_lifted_meanwhile_is_no_incident(
    ward: Ward, refused: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    ask = jobs.ask

    def lifting(question: object) -> object:
        if not asked:
            said(ward, "consents")
        asked.append(1)
        return ask(question)

    monkeypatch.setattr(jobs, "ask", lifting)
    assert prove(ward, refused) is None
    assert len(asked) == 1
    assert due(ward) == []
    with ward.as_login("pipeline"):
        assert not ProbeResult.objects.exists()
        assert not ProofIncident.objects.exists()


def test_what_was_followed_or_is_yet_to_begin_is_not_asked(ward: Ward) -> None:
    later = said(ward, effective_from=timezone.now() + timedelta(days=3))
    assert prove(ward, later) is None
    assert due(ward) == [(later.pk, Why.RECORDED)], "it waits for its day"
    followed = said(ward)
    said(ward, "consents")
    assert prove(ward, followed) is None
    assert due(ward) == [(later.pk, Why.RECORDED)]


def test_where_nobody_could_read_anyway_nothing_is_proven(
    ward: Ward, refused: Choice, run_sql: Connect
) -> None:
    with ward.as_login("pipeline"):
        type(ward.nurse).objects.filter(pk=ward.nurse.pk).update(state="ended")
    result = prove(ward, refused)
    assert result is not None
    assert (result.outcome, result.ways) == (Outcome.UNPROVEN, 0)


def test_a_door_that_cannot_be_asked_is_asked_again(
    ward: Ward, refused: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.views.selectors.counts", lambda opened: 1 / 0)
    result = prove(ward, refused)
    assert result is not None
    assert result.outcome == Outcome.UNPROVEN
    assert result.faults > 0
    assert due(ward) == [(refused.pk, Why.REPEATED)]


def test_at_night_every_refusal_is_asked_about_once(
    ward: Ward, refused: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = datetime(2027, 1, 5, 2, tzinfo=UTC)
    prove(ward, refused)
    with ward.as_login("pipeline"):
        monkeypatch.setattr(jobs, "now", lambda: night + timedelta(hours=8))
        assert jobs.want_all_in_force() == 0, "by day"
        monkeypatch.setattr(jobs, "now", lambda: night)
        assert jobs.want_all_in_force() == 1
        assert jobs.due_choices((Why.NIGHTLY,)) == [refused.pk]
        assert jobs.due_choices(jobs.URGENT) == []
        result = jobs.prove(refused.pk)
        assert result is not None
        assert result.why == Why.NIGHTLY
        monkeypatch.setattr(jobs, "now", lambda: night + timedelta(hours=1))
        assert jobs.want_all_in_force() == 0, "it was asked about tonight"


def test_results_are_only_added(ward: Ward, refused: Choice, run_sql: Connect) -> None:
    prove(ward, refused)
    for change in (
        "update consent_proberesult set shown = '{}'",
        "delete from consent_proberesult",
    ):
        for login in ("pipeline", "admin"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                run_sql(login).execute(change)


def test_nothing_that_was_shown_or_not_asked_can_be_said_to_hold(
    ward: Ward, refused: Choice
) -> None:
    fine = {
        "choice_id": refused.pk,
        "why": Why.RECORDED,
        "elapsed": timedelta(0),
        "readers": 1,
        "asked": {"decision": 1},
        "shown": {},
        "faults": 0,
        "outcome": Outcome.HOLDS,
    }
    for wrong in ({"shown": {"decision": 1}}, {"faults": 1}, {"readers": 0}):
        with ward.as_login("pipeline"), pytest.raises(IntegrityError), transaction.atomic():
            ProbeResult.objects.create(**{**fine, **wrong})


def test_the_web_sees_results_with_the_choices_that_it_glimpses_and_nothing_else(
    ward: Ward, refused: Choice
) -> None:
    prove(ward, refused)
    assert ProbeResult.objects.count() == 0
    assert ProbeDue.objects.count() == 0
    for table in ("consent_proofincident", "consent_canary"):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"select * from {table}")
