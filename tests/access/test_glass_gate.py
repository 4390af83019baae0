"""Broken glass and declared relationships at the wall: the functions, and the rows they let out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from access import gate, restricted, sittings
from access.acting import Acting
from access.decision import Reason
from access.models import Alert, BrokenGlass, CareRelationship, RelationshipKind
from access.reasons import AccessReason
from audit.models import Event
from organisations.models import Membership, Role
from tests import factories
from tests.access.test_gate import (
    NURSE_READS,
    WITHOUT_COUNCIL,
    as_gate,
    displays,
    object_to_number,
    open_record,
    opened,
    opt_out,
    refuse_social_care,
)

Connect = Callable[[str], psycopg.Connection]
WORDS = "Unconscious, no one can be asked"


@pytest.fixture
def stranger(world: Any, as_login: Any) -> Acting:
    """A nurse of another ward of the trust: no relationship, and a sitting."""
    with as_login("pipeline"):
        elsewhere = factories.team(world.trust, "Oak ward")
        nurse = factories.membership(at=world.trust, as_role="nurse", in_team=elsewhere)
    return Acting.of(nurse, sitting=uuid4())


def break_glass(acting: Acting, resident: UUID, words: str = WORDS) -> restricted.Answer:
    return restricted.break_glass(
        acting,
        resident,
        reason=AccessReason.BEST_INTERESTS,
        words=words,
        request_id=str(uuid4()),
    )


def end_sitting(acting: Acting) -> None:
    class Request:
        session = {sittings.SESSION_KEY: str(acting.sitting)}

    sittings.end(Request(), staff_id=acting.staff_id, request_id=str(uuid4()))  # type: ignore[arg-type]


def refused(world: Any, acting: Acting) -> Reason | None:
    with transaction.atomic():
        answer = open_record(world, acting)
        assert isinstance(answer, gate.Refused)
        assert displays() == set()
        return answer.reason


def events_of(as_login: Any) -> list[tuple[str, str, str]]:
    with as_gate(as_login):
        return list(Event.objects.order_by("id").values_list("action", "outcome", "reason"))


class TestGlass:
    def test_opens_with_its_alert_and_events(
        self, world: Any, stranger: Acting, as_login: Any
    ) -> None:
        assert refused(world, stranger) is Reason.NO_RELATIONSHIP
        answer = break_glass(stranger, world.resident.public_id)
        assert answer.outcome == "broken"
        with opened(world, stranger) as record:
            assert record.decision.reason is Reason.BREAK_GLASS
            assert displays() == NURSE_READS
            assert gate.still_open()
        assert events_of(as_login)[1:] == [
            ("glass-broken", "done", "04"),
            ("opening", "done", "break-glass"),
        ]
        with as_login("pipeline"):
            alert = Alert.objects.get()
            assert alert.pk == answer.alert
            assert (alert.kind, alert.organisation_id) == ("break-glass", world.trust.pk)
            glass = BrokenGlass.objects.get()
            assert (glass.ends_at - glass.began).total_seconds() == 3 * 3600
        with as_gate(as_login):
            assert WORDS not in str(list(Event.objects.values()))

    def test_is_one_residents(self, world: Any, stranger: Acting) -> None:
        break_glass(stranger, world.other.public_id)
        assert refused(world, stranger) is Reason.NO_RELATIONSHIP

    def test_is_one_persons(self, world: Any, stranger: Acting, as_login: Any) -> None:
        break_glass(stranger, world.resident.public_id)
        with as_login("pipeline"):
            team = Membership.objects.get(pk=stranger.membership_id).team
            beside = factories.membership(at=world.trust, as_role="nurse", in_team=team)
        colleague = Acting.of(beside, sitting=stranger.sitting)
        assert refused(world, colleague) is Reason.NO_RELATIONSHIP

    @pytest.mark.parametrize("sitting", [None, uuid4()])
    def test_is_one_sittings(self, world: Any, stranger: Acting, sitting: UUID | None) -> None:
        break_glass(stranger, world.resident.public_id)
        later = replace(stranger, sitting=sitting)
        assert refused(world, later) is Reason.NO_RELATIONSHIP

    def test_ends_by_time(self, world: Any, stranger: Acting, run_sql: Connect) -> None:
        break_glass(stranger, world.resident.public_id)
        with opened(world, stranger):
            assert displays() == NURSE_READS
        admin = run_sql("admin")
        # Without the trigger that moves the epoch: the clock alone closes it.
        admin.execute("set session_replication_role = replica")
        admin.execute(
            "update access_brokenglass set began = now() - interval '4 h',"
            " ends_at = now() - interval '1 s'"
        )
        admin.commit()
        assert refused(world, stranger) is Reason.NO_RELATIONSHIP

    def test_ends_by_time_in_the_middle_of_a_transaction(
        self, world: Any, stranger: Acting, run_sql: Connect
    ) -> None:
        break_glass(stranger, world.resident.public_id)
        with opened(world, stranger):
            assert displays() == NURSE_READS
            admin = run_sql("admin")
            admin.execute("set session_replication_role = replica")
            admin.execute("update access_brokenglass set ends_at = clock_timestamp()")
            admin.commit()
            assert displays() == set()
            assert not gate.still_open()

    def test_ends_with_the_sitting_in_the_middle_of_a_transaction(
        self, world: Any, stranger: Acting, as_login: Any
    ) -> None:
        break_glass(stranger, world.resident.public_id)
        with opened(world, stranger):
            assert displays() == NURSE_READS
            with as_login("web"):
                end_sitting(stranger)
            assert displays() == set()
            assert not gate.still_open()
        assert refused(world, stranger) is Reason.NO_RELATIONSHIP
        assert ("glass-ended", "done", "sitting-ended") in events_of(as_login)

    def test_somebody_else_cannot_end_it(self, world: Any, stranger: Acting) -> None:
        break_glass(stranger, world.resident.public_id)
        end_sitting(replace(stranger, staff_id=world.nurse.staff_id))
        with opened(world, stranger):
            assert displays() == NURSE_READS

    @pytest.mark.parametrize("change", [opt_out, object_to_number], ids=["opt-out", "number"])
    def test_never_outlives_a_refusal(
        self, world: Any, stranger: Acting, as_login: Any, change: Callable[[Any], None]
    ) -> None:
        break_glass(stranger, world.resident.public_id)
        with opened(world, stranger):
            assert displays() == NURSE_READS
            with as_login("pipeline"):
                change(world)
            assert displays() == set()
            assert not gate.still_open()
        if change is opt_out:
            assert refused(world, stranger) is Reason.OPTED_OUT
        else:
            with opened(world, stranger):
                assert displays() == WITHOUT_COUNCIL

    def test_leaves_refused_social_care_withheld(
        self, world: Any, stranger: Acting, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            refuse_social_care(world)
        break_glass(stranger, world.resident.public_id)
        with opened(world, stranger):
            assert displays() == WITHOUT_COUNCIL

    def test_ends_when_the_role_loses_the_activity(
        self, world: Any, stranger: Acting, as_login: Any
    ) -> None:
        break_glass(stranger, world.resident.public_id)
        with opened(world, stranger):
            with as_login("pipeline"):
                Role.objects.update(activities=["find-residents", "read-records"])
            assert displays() == set()
        assert refused(world, stranger) is Reason.NO_RELATIONSHIP

    def test_sent_twice_is_broken_once_and_not_prolonged(
        self, world: Any, stranger: Acting, as_login: Any
    ) -> None:
        break_glass(stranger, world.resident.public_id)
        again = break_glass(stranger, world.resident.public_id)
        assert (again.outcome, again.alert) == ("not-needed", None)
        with as_login("pipeline"):
            assert BrokenGlass.objects.count() == Alert.objects.count() == 1

    def test_sent_first_and_served_second_is_broken_once(
        self, world: Any, stranger: Acting, run_sql: Connect
    ) -> None:
        """Who waited for the lock finds glass that began after their own statement did."""
        break_glass(stranger, world.resident.public_id)
        admin = run_sql("admin")
        admin.execute("update access_brokenglass set began = began + interval '1 minute'")
        admin.commit()
        assert break_glass(stranger, world.resident.public_id).outcome == "not-needed"

    def test_sent_twice_at_once_is_broken_once(
        self, world: Any, stranger: Acting, as_login: Any
    ) -> None:
        outcomes: list[str] = []

        def send() -> None:
            with as_login("web"):
                outcomes.append(break_glass(stranger, world.resident.public_id).outcome)
            connections.close_all()

        threads = [Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["broken", "not-needed", "not-needed", "not-needed"]

    @pytest.mark.parametrize("words", ["", "short", "          ", "         x"])
    def test_without_words_is_refused_by_the_table(
        self, world: Any, stranger: Acting, words: str
    ) -> None:
        with pytest.raises(DatabaseError, match="glass_has_words"), transaction.atomic():
            break_glass(stranger, world.resident.public_id, words)

    def test_for_a_reason_that_is_no_emergency_is_refused_by_the_table(
        self, world: Any, stranger: Acting
    ) -> None:
        with pytest.raises(DatabaseError, match="glass_reason"), transaction.atomic():
            restricted.break_glass(
                stranger,
                world.resident.public_id,
                reason=AccessReason.OTHER,
                words=WORDS,
                request_id=str(uuid4()),
            )

    def test_a_forged_basis_opens_nothing(self, world: Any, stranger: Acting, run_sql: Connect):
        """Another person's glass, given as one's own to the function that opens."""
        break_glass(stranger, world.resident.public_id)
        web = run_sql("web")
        glass = run_sql("backup").execute("select id from access_brokenglass").fetchone()
        epochs = (
            run_sql("backup")
            .execute(
                "select e.epoch, r.epoch from identity_residentepoch e, organisations_rulesepoch r"
                " where e.resident_id = %s",
                [world.resident.pk],
            )
            .fetchone()
        )
        assert glass
        assert epochs
        thief = Acting.of(world.nurse)
        answer = web.execute(
            "select access.open_record(%s, %s, %s, %s, %s, '{65}'::bigint[], %s, %s, '{}'::jsonb,"
            " %s, 'break-glass', %s)",
            [
                thief.staff_id,
                thief.membership_id,
                world.resident.pk,
                uuid4(),
                glass[0],
                *epochs,
                uuid4(),
                stranger.sitting,
            ],
        ).fetchone()
        assert answer == (False,)


class TestGlassFunctionRefuses:
    """The function asks for itself, whatever the page asked."""

    @pytest.mark.parametrize(
        ("change", "outcome"),
        [
            (opt_out, "opted-out"),
            (
                lambda world: Role.objects.update(activities=["find-residents", "read-records"]),
                "activity-not-in-role",
            ),
            (
                lambda world: Role.objects.update(activities=["find-residents", "break-glass"]),
                "activity-not-in-role",
            ),
            (
                lambda world: Membership.objects.update(valid_until=timezone.now()),
                "activity-not-in-role",
            ),
        ],
        ids=["opt-out", "no-glass", "no-records", "membership-over"],
    )
    def test_what_is_withheld(
        self, world: Any, stranger: Acting, as_login: Any, change: Any, outcome: str
    ) -> None:
        with as_login("pipeline"):
            change(world)
        assert break_glass(stranger, world.resident.public_id).outcome == outcome
        assert events_of(as_login)[-1] == ("refusal", "refused", outcome)
        with as_login("pipeline"):
            assert not BrokenGlass.objects.exists()
            assert not Alert.objects.exists()

    def test_a_resident_not_to_be_known(self, world: Any, stranger: Acting, as_login: Any) -> None:
        with as_login("pipeline"):
            hidden = factories.resident("Hidden", known_to_all=False)
        assert break_glass(stranger, hidden.public_id).outcome == "resident-not-known"
        assert break_glass(stranger, uuid4()).outcome == "resident-not-known"

    def test_a_council_that_may_not_use_the_number(self, world: Any, as_login: Any) -> None:
        with as_login("pipeline"):
            doctor = factories.membership(at=world.council, as_role="doctor")
            object_to_number(world)
        acting = Acting.of(doctor, sitting=uuid4())
        answer = break_glass(acting, world.resident.public_id)
        assert answer.outcome == "council-may-not-use-number"

    def test_somebody_who_needs_none(self, world: Any) -> None:
        acting = Acting.of(world.nurse, sitting=uuid4())
        assert break_glass(acting, world.resident.public_id).outcome == "not-needed"


class TestDeclared:
    def declare(self, acting: Acting, resident: UUID, kind: RelationshipKind) -> restricted.Answer:
        return restricted.declare(
            acting,
            resident,
            kind=kind,
            reason=AccessReason.SELF_REFERRAL,
            words="Came to the walk-in clinic",
            request_id=str(uuid4()),
        )

    def test_sent_first_and_served_second_is_declared_once(
        self, world: Any, stranger: Acting, run_sql: Connect
    ) -> None:
        kind = RelationshipKind.SELF_DECLARED
        self.declare(stranger, world.resident.public_id, kind)
        admin = run_sql("admin")
        admin.execute(
            "update access_carerelationship set valid_from = valid_from + interval '1 minute'"
            " where not derived"
        )
        admin.commit()
        again = self.declare(stranger, world.resident.public_id, kind)
        assert again.outcome == "not-needed"

    @pytest.mark.parametrize(
        ("kind", "days", "alerts"),
        [(RelationshipKind.SELF_DECLARED, 7, 1), (RelationshipKind.EXPRESS_CONSENT, 28, 0)],
    )
    def test_opens_for_its_declarer_alone_for_its_days(
        self, world: Any, stranger: Acting, as_login: Any, kind: Any, days: int, alerts: int
    ) -> None:
        assert self.declare(stranger, world.resident.public_id, kind).outcome == "declared"
        with opened(world, stranger) as record:
            assert displays() == NURSE_READS
            assert record.decision.reason is Reason.RELATIONSHIP
        with as_login("pipeline"):
            (row,) = CareRelationship.objects.filter(derived=False)
            assert row.valid_until is not None
            assert (row.valid_until - row.valid_from).days == days
            assert Alert.objects.count() == alerts
            team = Membership.objects.get(pk=stranger.membership_id).team
            beside = factories.membership(at=world.trust, as_role="nurse", in_team=team)
        assert refused(world, Acting.of(beside)) is Reason.NO_RELATIONSHIP

    def test_ends_by_itself(self, world: Any, stranger: Acting, run_sql: Connect) -> None:
        self.declare(stranger, world.resident.public_id, RelationshipKind.SELF_DECLARED)
        with opened(world, stranger):
            admin = run_sql("admin")
            admin.execute("set session_replication_role = replica")
            admin.execute(
                "update access_carerelationship set valid_until = clock_timestamp()"
                " where not derived"
            )
            admin.commit()
            assert displays() == set()

    def test_again_while_in_force_changes_nothing(self, world: Any, stranger: Acting) -> None:
        self.declare(stranger, world.resident.public_id, RelationshipKind.SELF_DECLARED)
        again = self.declare(stranger, world.resident.public_id, RelationshipKind.SELF_DECLARED)
        assert again == restricted.Answer("not-needed")

    def test_of_an_opted_out_resident_is_refused(
        self, world: Any, stranger: Acting, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            opt_out(world)
        answer = self.declare(stranger, world.resident.public_id, RelationshipKind.SELF_DECLARED)
        assert answer.outcome == "opted-out"

    def let_in(self, by: Acting, whom: Membership, resident: UUID) -> restricted.Answer:
        return restricted.let_in(
            by,
            resident,
            colleague=whom,
            words="Covers for me tonight",
            request_id=str(uuid4()),
        )

    def test_a_colleague_is_let_in_by_somebody_with_evidence(
        self, world: Any, stranger: Acting, as_login: Any
    ) -> None:
        colleague = Membership.objects.get(pk=stranger.membership_id)
        answer = self.let_in(Acting.of(world.nurse), colleague, world.resident.public_id)
        assert answer == restricted.Answer("declared")
        with opened(world, stranger):
            assert displays() == NURSE_READS

    def test_a_colleague_who_was_let_in_lets_nobody_in(
        self, world: Any, stranger: Acting, as_login: Any
    ) -> None:
        colleague = Membership.objects.get(pk=stranger.membership_id)
        self.let_in(Acting.of(world.nurse), colleague, world.resident.public_id)
        with as_login("pipeline"):
            third = factories.membership(
                at=world.trust, as_role="nurse", in_team=factories.team(world.trust)
            )
        assert self.let_in(stranger, third, world.resident.public_id).outcome == "no-relationship"

    def test_glass_lets_nobody_in(self, world: Any, stranger: Acting, as_login: Any) -> None:
        break_glass(stranger, world.resident.public_id)
        with as_login("pipeline"):
            third = factories.membership(
                at=world.trust, as_role="nurse", in_team=factories.team(world.trust)
            )
        assert self.let_in(stranger, third, world.resident.public_id).outcome == "no-relationship"

    @pytest.mark.parametrize("who", ["another-organisation", "no-reader", "oneself"])
    def test_only_readers_of_the_same_organisation_are_let_in(
        self, world: Any, as_login: Any, who: str
    ) -> None:
        with as_login("pipeline"):
            match who:
                case "another-organisation":
                    whom = factories.membership(at=world.practice, as_role="doctor")
                case "no-reader":
                    whom = factories.membership(at=world.trust, as_role="receptionist")
                case _:
                    whom = factories.membership(world.nurse.staff, world.trust, "doctor")
        answer = self.let_in(Acting.of(world.nurse), whom, world.resident.public_id)
        assert answer.outcome == "no-such-colleague"


@pytest.mark.parametrize("table", ["access_brokenglass", "access_alert", "access_alertreview"])
@pytest.mark.parametrize(
    "what", ["select * from {}", "delete from {}", "insert into {} default values"]
)
def test_the_web_reaches_none_of_the_tables(
    database: object, run_sql: Connect, table: str, what: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_sql("web").execute(what.format(table))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "function",
    [
        "why_not_restricted(1, 1, 1, 'x')",
        "alert_as_json(1)",
        "has_relationship(1, 1, 1, false)",
        "glimpse_of_alerts('{1}')",
        "glass_in_force(1, 1, 1, null)",
    ],
)
def test_the_gates_own_functions_are_not_the_webs(
    database: object, run_sql: Connect, function: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_sql("web").execute(f"select access.{function}")  # type: ignore[arg-type]
