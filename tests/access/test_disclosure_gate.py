"""Lawful disclosures and death in PostgreSQL: who may write them, and which rows come out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from access import disclosures, gate
from access.acting import Acting
from access.decision import Reason
from access.disclosures import Standing
from access.grounds import Ground
from access.models import CareRelationship, LawfulDisclosure, RelationshipDue
from access.possible_readers import Way, possible_readers
from access.presenters_readers import readers_page
from identity.models import Resident
from organisations.categories import Category
from organisations.models import Membership, Role
from tests import factories
from tests.access.test_gate import (
    NURSE_READS,
    as_gate,
    displays,
    events,
    object_to_number,
    open_record,
    opened,
    opt_out,
    refuse_social_care,
)
from tests.conftest import AsLogin

Connect = Callable[[str], psycopg.Connection]

DIAGNOSES = {display for display in NURSE_READS if "Allergy" not in display}
WORDS = "Ordered by the family court on Friday."


@pytest.fixture
def officers(world: Any, as_login: AsLogin) -> tuple[Acting, Acting]:
    with as_login("pipeline"):
        return tuple(
            Acting.of(factories.membership(at=world.trust, as_role="privacy-officer"))
            for _ in range(2)
        )


@pytest.fixture
def stranger(world: Any, as_login: AsLogin) -> Membership:
    """A nurse of the same trust, of another ward: no care relationship."""
    with as_login("pipeline"):
        elsewhere = factories.team(world.trust)
        return factories.membership(at=world.trust, as_role="nurse", in_team=elsewhere)


def propose(world: Any, by: Acting, *to: Membership, **changed: Any) -> tuple[str, UUID]:
    given = {
        "ground": Ground.COURT_ORDER,
        "words": WORDS,
        "categories": [Category.DIAGNOSES],
        "recipients": [each.pk for each in to],
        "until": timezone.localdate() + timedelta(days=7),
        "on_call": False,
        "submission": uuid4(),
        "request_id": str(uuid4()),
        **changed,
    }
    with transaction.atomic():
        outcome, _, public_id = disclosures.propose(by, world.resident.public_id, **given)
    return outcome, public_id


def confirm(by: Acting, disclosure: UUID) -> str:
    with transaction.atomic():
        return disclosures.confirm(by, disclosure, request_id=str(uuid4()))


def end(by: Acting, disclosure: UUID) -> str:
    with transaction.atomic():
        return disclosures.end(by, disclosure, words="No longer needed.", request_id=str(uuid4()))


def disclose(world: Any, officers: tuple[Acting, Acting], *to: Membership, **changed: Any) -> UUID:
    outcome, disclosure = propose(world, officers[0], *to, **changed)
    assert outcome == "proposed"
    assert confirm(officers[1], disclosure) == "confirmed"
    return disclosure


def reads(world: Any, membership: Membership) -> set[str] | Reason | None:
    """What a fresh opening shows, or why there is none."""
    with transaction.atomic():
        answer = open_record(world, Acting.of(membership))
        if isinstance(answer, gate.Refused):
            assert displays() == set()
            return answer.reason
        found = displays()
        assert gate.still_open()
        return found


@pytest.fixture
def at_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosures, "is_out_of_hours", lambda at: True)


class TestRows:
    def test_named_people_read_what_is_named_and_nobody_else_does(
        self, world: Any, officers: Any, stranger: Any, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            opt_out(world)
            other = factories.membership(at=world.trust, as_role="nurse", in_team=world.ward)
        disclose(world, officers, stranger, world.nurse)
        assert reads(world, stranger) == DIAGNOSES
        assert reads(world, world.nurse) == DIAGNOSES
        assert reads(world, other) is Reason.OPTED_OUT
        assert reads(world, world.social_worker) is Reason.OPTED_OUT

    def test_it_opens_one_resident_alone(
        self, world: Any, officers: Any, stranger: Any, as_login: AsLogin
    ) -> None:
        disclose(world, officers, stranger)
        with transaction.atomic():
            answer = gate.open_record(
                Acting.of(stranger),
                world.other.public_id,
                look=uuid4(),
                request_id=str(uuid4()),
            )
        assert answer.reason is Reason.NO_RELATIONSHIP  # type: ignore[union-attr]

    @pytest.mark.parametrize("refuse", [refuse_social_care, object_to_number])
    def test_beside_a_relationship_it_adds_what_was_refused(
        self, world: Any, officers: Any, as_login: AsLogin, refuse: Any
    ) -> None:
        with as_login("pipeline"):
            refuse(world)
        without = {display for display in NURSE_READS if "council" not in display}
        assert reads(world, world.nurse) == without
        disclose(world, officers, world.nurse)
        assert reads(world, world.nurse) == without | {"Diagnosis from Test council"}

    def test_a_council_whose_use_of_the_number_was_refused_reads_what_is_disclosed_to_it(
        self, world: Any, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            object_to_number(world)
            of_council = tuple(
                Acting.of(factories.membership(at=world.council, as_role="privacy-officer"))
                for _ in range(2)
            )
        assert reads(world, world.social_worker) is Reason.COUNCIL_MAY_NOT_USE_NUMBER
        disclose(world, of_council, world.social_worker)
        found = reads(world, world.social_worker)
        assert isinstance(found, set)
        assert found == {
            "Diagnosis from Test trust",
            "Diagnosis from Test practice",
            "Diagnosis from Test council",
            "Sensitive from Test council",
        }

    def test_nothing_opens_before_a_second_officer_confirms(
        self, world: Any, officers: Any, stranger: Any
    ) -> None:
        _, disclosure = propose(world, officers[0], stranger)
        assert reads(world, stranger) is Reason.NO_RELATIONSHIP
        assert confirm(officers[1], disclosure) == "confirmed"
        assert reads(world, stranger) == DIAGNOSES

    def test_it_ends_when_it_is_ended_in_the_middle_of_a_transaction(
        self, world: Any, officers: Any, stranger: Any, run_sql: Connect
    ) -> None:
        disclosure = disclose(world, officers, stranger)
        second = run_sql("web")
        with opened(world, Acting.of(stranger)):
            assert displays() == DIAGNOSES
            second.execute(
                "select access.end_disclosure(%s, %s, %s, 'No longer needed.', %s)",
                [officers[0].staff_id, officers[0].membership_id, disclosure, uuid4()],
            )
            assert displays() == DIAGNOSES, "not committed yet"
            second.commit()
            assert displays() == set()
            assert not gate.still_open()
        assert reads(world, stranger) is Reason.NO_RELATIONSHIP

    def test_it_ends_by_the_clock_where_nobody_wrote_anything(
        self, world: Any, officers: Any, stranger: Any, run_sql: Connect
    ) -> None:
        disclose(world, officers, stranger)
        admin = run_sql("admin")
        with opened(world, Acting.of(stranger)):
            assert displays() == DIAGNOSES
            # No trigger moves an epoch: only the time is asked.
            admin.execute("set session_replication_role = replica")
            admin.execute("update access_lawfuldisclosure set valid_until = clock_timestamp()")
            admin.commit()
            assert displays() == set()
            assert not gate.still_open()
        assert reads(world, stranger) is Reason.NO_RELATIONSHIP

    def test_a_refusal_whose_time_comes_leaves_only_what_is_disclosed(
        self, world: Any, officers: Any, as_login: AsLogin, run_sql: Connect
    ) -> None:
        """Under a relationship with a disclosure beside it: no epoch moves, only time goes by."""
        disclose(world, officers, world.nurse)
        admin = run_sql("admin")
        with opened(world):
            assert displays() == NURSE_READS
            admin.execute("set session_replication_role = replica")
            admin.execute(
                "insert into consent_choice (reference, resident_id, kind, answer, decided_by,"
                " decider_name, authority_seen, relayed_by, channel, explanation, recorded_by_id,"
                " recorded_as_id, submission, identity_checked) values ('CC-X', %s,"
                " 'connect-care', 'refuses', 'resident', '', '', '', 'phone', 'test', %s, %s, %s,"
                " '{name,birth-date,postcode}')",
                [world.resident.pk, world.nurse.staff_id, world.nurse.pk, uuid4()],
            )
            admin.commit()
            assert displays() == DIAGNOSES
            assert not gate.still_open()

    def test_an_opening_that_claims_somebody_elses_disclosure_shows_nothing_of_it(
        self, world: Any, officers: Any, stranger: Any, as_login: AsLogin, run_sql: Connect
    ) -> None:
        disclose(world, officers, stranger)
        with as_login("pipeline"):
            opt_out(world)
        forged = f"""
            select access.open_record({world.nurse.staff_id}, {world.nurse.pk},
                {world.resident.pk}, '{uuid4()}', d.id,
                array(select source * 64 + category * 2 from
                      unnest(array[{world.trust.pk}, {world.council.pk}]::bigint[]) as source,
                      generate_series(1, 16) as category),
                (select epoch from identity_residentepoch where resident_id = {world.resident.pk}),
                (select epoch from organisations_rulesepoch), '{{}}', '{uuid4()}',
                'lawful-disclosure', null, array[d.id], interval '28 days')
            from (values (%s::bigint)) as d (id)"""
        with as_gate(as_login):
            number = LawfulDisclosure.objects.get().pk
            epochs = "select epoch from identity_residentepoch where resident_id = %s"
            with connection.cursor() as cursor:
                cursor.execute(epochs, [world.resident.pk])
                (resident_epoch,) = cursor.fetchone()
                cursor.execute("select epoch from organisations_rulesepoch")
                (rules_epoch,) = cursor.fetchone()
        forged = forged.replace(
            f"(select epoch from identity_residentepoch where resident_id = {world.resident.pk})",
            str(resident_epoch),
        ).replace("(select epoch from organisations_rulesepoch)", str(rules_epoch))
        web = run_sql("web")
        assert web.execute(forged, [number]).fetchone() == (False,)
        assert web.execute("select count(*) from records_entry").fetchone() == (0,)

    def test_the_opening_and_its_event_say_what_it_stood_on(
        self, world: Any, officers: Any, stranger: Any, as_login: AsLogin
    ) -> None:
        disclose(world, officers, stranger)
        reads(world, stranger)
        with as_gate(as_login), connection.cursor() as cursor:
            cursor.execute("select basis, basis_id, disclosures, after_death from access_opening")
            basis, number, named, after_death = cursor.fetchone()
            assert (basis, [number], after_death) == ("lawful-disclosure", named, timedelta(28))
            assert events()[-1] == ("opening", "done", "lawful-disclosure")


class TestOfficers:
    def test_the_event_has_ids_and_no_words(
        self, world: Any, officers: Any, stranger: Any, as_login: AsLogin
    ) -> None:
        disclosure = disclose(world, officers, stranger)
        end(officers[1], disclosure)
        with as_gate(as_login), connection.cursor() as cursor:
            cursor.execute(
                "select action, outcome, resident_id, detail::text from audit_event order by id"
            )
            rows = cursor.fetchall()
        assert [row[:3] for row in rows] == [
            ("disclosure-proposed", "done", world.resident.pk),
            ("disclosure-confirmed", "done", world.resident.pk),
            ("disclosure-ended", "done", world.resident.pk),
        ]
        assert not any("court" in row[3] or "needed" in row[3] for row in rows)

    def test_one_officer_is_not_two(
        self, world: Any, officers: Any, stranger: Any, as_login: AsLogin
    ) -> None:
        _, disclosure = propose(world, officers[0], stranger)
        assert confirm(officers[0], disclosure) == "own"
        with as_login("pipeline"):
            staff = Membership.objects.get(pk=officers[0].membership_id).staff
            second_post = factories.membership(staff, world.trust, "caldicott-guardian")
            Role.objects.filter(pk=second_post.role_id).update(activities=["disclose-lawfully"])
        again = Acting.of(Membership.objects.get(pk=second_post.pk))
        assert confirm(again, disclosure) == "own"
        assert reads(world, stranger) is Reason.NO_RELATIONSHIP

    def test_nobody_confirms_what_is_disclosed_to_them(
        self, world: Any, officers: Any, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            staff = Membership.objects.get(pk=officers[1].membership_id).staff
            also_nurse = factories.membership(staff, world.trust, "nurse")
        _, disclosure = propose(world, officers[0], also_nurse)
        assert confirm(officers[1], disclosure) == "named"

    def test_nobody_discloses_to_themselves(
        self, world: Any, officers: Any, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            staff = Membership.objects.get(pk=officers[0].membership_id).staff
            also_nurse = factories.membership(staff, world.trust, "nurse")
        assert propose(world, officers[0], also_nurse)[0] == "no-such-recipient"

    def test_recipients_are_readers_of_ones_own_organisation(
        self, world: Any, officers: Any, stranger: Any, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            clerk = factories.membership(at=world.trust, as_role="receptionist")
            left = factories.membership(at=world.trust, as_role="nurse", state="ended")
        for other in (world.social_worker, clerk, left):
            assert propose(world, officers[0], stranger, other)[0] == "no-such-recipient"
        with pytest.raises(Exception, match="at least one recipient"):
            propose(world, officers[0])
        with as_gate(as_login):
            assert not LawfulDisclosure.objects.exists()

    def test_another_organisations_officer_neither_sees_nor_confirms_nor_ends_it(
        self, world: Any, officers: Any, stranger: Any, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            other = Acting.of(factories.membership(at=world.council, as_role="privacy-officer"))
        _, disclosure = propose(world, officers[0], stranger)
        assert confirm(other, disclosure) == "not-known"
        assert end(other, disclosure) == "not-known"
        with transaction.atomic():
            request = {"request_id": str(uuid4())}
            assert disclosures.read_disclosure(other, disclosure, **request) is None
            assert disclosures.read_disclosures(other, over=False, page=1, **request) == ([], 0)

    def test_a_role_without_the_activity_does_nothing_of_it(
        self, world: Any, officers: Any, stranger: Any
    ) -> None:
        nurse = world.acting
        assert propose(world, nurse, stranger)[0] == "activity-not-in-role"
        _, disclosure = propose(world, officers[0], stranger)
        assert confirm(nurse, disclosure) == "not-known"
        assert end(nurse, disclosure) == "not-known"
        with transaction.atomic():
            request = {"request_id": str(uuid4())}
            assert disclosures.read_disclosure(nurse, disclosure, **request) is None
            assert disclosures.read_disclosures(nurse, over=False, page=1, **request) is None

    def test_any_officer_ends_it_whatever_it_is(
        self, world: Any, officers: Any, stranger: Any
    ) -> None:
        _, waiting = propose(world, officers[0], stranger)
        assert end(officers[1], waiting) == "ended"
        assert confirm(officers[1], waiting) == "over"
        in_force = disclose(world, officers, stranger)
        assert end(officers[1], in_force) == "ended"
        assert end(officers[0], in_force) == "over"
        assert confirm(officers[1], in_force) == "over"

    def test_confirmed_twice_it_is_confirmed_once(
        self, world: Any, officers: Any, stranger: Any
    ) -> None:
        disclosure = disclose(world, officers, stranger)
        assert confirm(officers[1], disclosure) == "done"

    def test_sent_twice_it_is_proposed_once(
        self, world: Any, officers: Any, stranger: Any, as_login: AsLogin
    ) -> None:
        form = uuid4()
        first = propose(world, officers[0], stranger, submission=form)
        assert propose(world, officers[0], stranger, submission=form) == first
        with as_gate(as_login):
            assert LawfulDisclosure.objects.count() == 1

    def test_what_an_officer_reads(self, world: Any, officers: Any, stranger: Any) -> None:
        disclosure = disclose(world, officers, stranger)
        with transaction.atomic():
            seen = disclosures.read_disclosure(officers[1], disclosure, request_id=str(uuid4()))
            assert seen is not None
            assert seen.resident == world.resident.pk
            assert (seen.ground, seen.words) == (Ground.COURT_ORDER, WORDS)
            assert [one.name for one in seen.recipients] == [stranger.staff.name]
            assert seen.proposed_by_staff == officers[0].staff_id
            assert seen.standing(timezone.now()) is Standing.IN_FORCE
            assert Resident.objects.get().pk == world.resident.pk, "glimpsed, without a place"
        end(officers[0], disclosure)
        for over in (False, True):
            with transaction.atomic():
                listed = disclosures.read_disclosures(
                    officers[0], over=over, page=1, request_id=str(uuid4())
                )
            assert listed is not None
            assert [one.id for one in listed[0]] == ([disclosure] if over else [])
            assert listed[1] == int(over)


class TestOutOfHours:
    CANNOT_WAIT = {"ground": Ground.VITAL_INTERESTS, "on_call": True}

    def test_one_officer_opens_at_once_and_it_ends_unless_confirmed(
        self, world: Any, officers: Any, stranger: Any, at_night: None, run_sql: Connect
    ) -> None:
        _, disclosure = propose(world, officers[0], stranger, **self.CANNOT_WAIT)
        assert reads(world, stranger) == DIAGNOSES
        admin = run_sql("admin")
        admin.execute("set session_replication_role = replica")
        admin.execute("update access_lawfuldisclosure set confirm_by = clock_timestamp()")
        admin.commit()
        assert reads(world, stranger) is Reason.NO_RELATIONSHIP
        assert confirm(officers[1], disclosure) == "over"

    def test_confirmed_in_time_it_goes_on(
        self, world: Any, officers: Any, stranger: Any, at_night: None, run_sql: Connect
    ) -> None:
        _, disclosure = propose(world, officers[0], stranger, **self.CANNOT_WAIT)
        assert confirm(officers[1], disclosure) == "confirmed"
        admin = run_sql("admin")
        admin.execute("set session_replication_role = replica")
        admin.execute(
            "update access_lawfuldisclosure set valid_from = valid_from - interval '1 day',"
            " confirmed_at = clock_timestamp() - interval '2 seconds',"
            " confirm_by = clock_timestamp() - interval '1 second'"
        )
        admin.commit()
        assert reads(world, stranger) == DIAGNOSES

    def test_only_for_what_cannot_wait(
        self, world: Any, officers: Any, stranger: Any, at_night: None, run_sql: Connect
    ) -> None:
        for ground in set(Ground) - {Ground.VITAL_INTERESTS, Ground.SAFEGUARDING}:
            with pytest.raises(ValueError, match="cannot wait"):
                propose(world, officers[0], stranger, ground=ground, on_call=True)
        web = run_sql("web")
        with pytest.raises(psycopg.errors.CheckViolation, match="cannot_wait"):
            web.execute(
                "select access.propose_disclosure(%s, %s, %s, 'court-order', %s, '{3}', %s,"
                " now() + interval '7 days', now() + interval '1 day', %s, 'LD-X', %s)",
                [
                    officers[0].staff_id,
                    officers[0].membership_id,
                    world.resident.public_id,
                    WORDS,
                    [stranger.pk],
                    uuid4(),
                    uuid4(),
                ],
            )

    def test_only_out_of_hours(
        self, world: Any, officers: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(disclosures, "is_out_of_hours", lambda at: False)
        with pytest.raises(ValueError, match="out of hours"):
            propose(world, officers[0], stranger, **self.CANNOT_WAIT)

    @pytest.mark.parametrize(
        ("at", "out", "by"),
        [
            # A Thursday in office hours, and after them.
            ("2026-11-19T10:00:00+00:00", False, "2026-11-21T00:00:00+00:00"),
            ("2026-11-19T17:00:00+00:00", True, "2026-11-21T00:00:00+00:00"),
            ("2026-11-19T08:59:00+00:00", True, "2026-11-21T00:00:00+00:00"),
            # A Saturday; Christmas Eve in the evening; Good Friday, under summer time.
            ("2026-11-21T12:00:00+00:00", True, "2026-11-24T00:00:00+00:00"),
            ("2026-12-24T20:00:00+00:00", True, "2026-12-30T00:00:00+00:00"),
            ("2027-03-26T12:00:00+00:00", True, "2027-03-30T23:00:00+00:00"),
        ],
    )
    def test_hours_are_those_of_working_days_in_england(self, at: str, out: bool, by: str) -> None:
        moment = datetime.fromisoformat(at)
        assert disclosures.is_out_of_hours(moment) is out
        assert disclosures.confirm_by(moment) == datetime.fromisoformat(by)


class TestWritten:
    def test_it_ends_within_the_days_that_are_allowed(
        self, world: Any, officers: Any, stranger: Any, settings: Any
    ) -> None:
        today = timezone.localdate()
        for wrong in (today - timedelta(days=1), today + timedelta(days=29)):
            with pytest.raises(ValueError, match="days that are allowed"):
                propose(world, officers[0], stranger, until=wrong)
        settings.DISCLOSURE_DAYS = 365
        with pytest.raises(IntegrityError, match="90_days"):
            propose(world, officers[0], stranger, until=today + timedelta(days=100))

    def test_words_are_needed(self, world: Any, officers: Any, stranger: Any) -> None:
        with pytest.raises(IntegrityError, match="has_words"):
            propose(world, officers[0], stranger, words="because")

    @pytest.mark.parametrize("login", ["admin"])
    def test_nothing_of_it_is_edited(
        self, world: Any, officers: Any, stranger: Any, run_sql: Connect, login: str
    ) -> None:
        disclose(world, officers, stranger)
        bare = run_sql(login)
        for statement in (
            "update access_lawfuldisclosure set categories = '{1,2,3}'",
            "update access_lawfuldisclosure set valid_until = valid_until + interval '1 day'",
            "update access_lawfuldisclosure set confirmed_at = null, confirmed_by_id = null",
            "update access_lawfuldisclosure set confirmed_at = now()",
            "delete from access_lawfuldisclosure",
            "update access_disclosurerecipient set membership_id = 1",
            "delete from access_disclosurerecipient",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                bare.execute(statement)
            bare.rollback()

    def test_what_is_ended_is_not_taken_up_again(
        self, world: Any, officers: Any, stranger: Any, run_sql: Connect
    ) -> None:
        end(officers[0], disclose(world, officers, stranger))
        bare = run_sql("admin")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            bare.execute(
                "update access_lawfuldisclosure set ended_at = null, ended_by_id = null,"
                " ended_words = ''"
            )

    @pytest.mark.parametrize("login", ["web", "pipeline"])
    @pytest.mark.parametrize("table", ["access_lawfuldisclosure", "access_disclosurerecipient"])
    def test_no_login_writes_one_past_the_gate(
        self, database: object, run_sql: Connect, login: str, table: str
    ) -> None:
        bare = run_sql(login)
        for statement in (f"insert into {table} default values", f"delete from {table}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                bare.execute(statement)
            bare.rollback()


# ── After a death ───────────────────────────────────────────────────────────────────────────


def died(world: Any, days: int | None) -> None:
    """As the pipeline: so many days ago, or on a day that nobody knows."""
    day = None if days is None else timezone.localdate() - timedelta(days=days)
    resident = Resident.objects.get(pk=world.resident.pk)
    resident.deceased, resident.deceased_on = True, day
    resident.save(update_fields=["deceased", "deceased_on"])


def came_back(world: Any) -> None:
    Resident.objects.filter(pk=world.resident.pk).update(deceased=False, deceased_on=None)


class TestAfterDeath:
    def test_rows_come_out_for_28_days_and_again_once_the_death_is_withdrawn(
        self, world: Any, as_login: AsLogin
    ) -> None:
        for days, answer in ((0, NURSE_READS), (28, NURSE_READS), (29, Reason.CLOSED_AFTER_DEATH)):
            with as_login("pipeline"):
                died(world, days)
            assert reads(world, world.nurse) == answer, days
        with as_login("pipeline"):
            came_back(world)
        assert reads(world, world.nurse) == NURSE_READS

    def test_an_open_record_closes_when_the_days_are_over(
        self, world: Any, as_login: AsLogin, run_sql: Connect
    ) -> None:
        """No epoch moves: the database asks the clock, whatever the page decided before."""
        with as_login("pipeline"):
            died(world, 3)
        admin = run_sql("admin")
        with opened(world):
            assert displays() == NURSE_READS
            admin.execute("set session_replication_role = replica")
            admin.execute(
                "update identity_resident set deceased_on = %s where deceased",
                [timezone.localdate() - timedelta(days=29)],
            )
            admin.commit()
            assert displays() == set()
            assert not gate.still_open()

    def test_an_unknown_day_counts_from_the_news(
        self, world: Any, as_login: AsLogin, run_sql: Connect
    ) -> None:
        with as_login("pipeline"):
            died(world, None)
        assert reads(world, world.nurse) == NURSE_READS
        admin = run_sql("admin")
        admin.execute(
            "update identity_resident set deceased_since = now() - interval '28 days'"
            " where deceased"
        )
        admin.commit()
        assert reads(world, world.nurse) is Reason.CLOSED_AFTER_DEATH

    def test_a_shorter_period_holds_in_the_database_too(
        self, world: Any, as_login: AsLogin, settings: Any
    ) -> None:
        with as_login("pipeline"):
            died(world, 3)
        settings.RELATIONSHIP_PERIODS = {
            **settings.RELATIONSHIP_PERIODS,
            "after_death": timedelta(days=2),
        }
        assert reads(world, world.nurse) is Reason.CLOSED_AFTER_DEATH

    def test_a_medical_examiner_of_any_trust_reads_after_a_death_and_not_before(
        self, world: Any, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            examiner = factories.membership(at=world.trust, as_role="medical-examiner")
        assert reads(world, examiner) is Reason.NO_RELATIONSHIP
        for days in (0, 400):
            with as_login("pipeline"):
                died(world, days)
            assert reads(world, examiner) == NURSE_READS
        with as_login("pipeline"):
            opt_out(world)
        assert reads(world, examiner) is Reason.OPTED_OUT

    def test_an_examiners_open_record_closes_when_the_death_is_withdrawn(
        self, world: Any, as_login: AsLogin, run_sql: Connect
    ) -> None:
        with as_login("pipeline"):
            examiner = factories.membership(at=world.trust, as_role="medical-examiner")
            died(world, 40)
        second = run_sql("pipeline")
        with opened(world, Acting.of(examiner)):
            assert displays() == NURSE_READS
            second.execute("update identity_resident set deceased = false, deceased_on = null")
            second.commit()
            assert displays() == set()

    def test_a_disclosure_opens_what_death_closed(
        self, world: Any, officers: Any, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            died(world, 40)
        disclose(world, officers, world.nurse, ground=Ground.CORONER)
        assert reads(world, world.nurse) == DIAGNOSES

    def test_the_database_notes_when_a_death_was_heard_of(
        self, world: Any, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            died(world, 3)
            heard = Resident.objects.get(pk=world.resident.pk).deceased_since
            assert heard is not None
            stale = Resident.objects.get(pk=world.resident.pk)
            stale.deceased_since = None
            stale.deceased_on = date(2026, 1, 1)
            stale.save()
            assert Resident.objects.get(pk=world.resident.pk).deceased_since == heard
            came_back(world)
            assert Resident.objects.get(pk=world.resident.pk).deceased_since is None

    def test_relationships_are_derived_anew_when_a_death_is_noted_or_withdrawn(
        self, world: Any, as_login: AsLogin
    ) -> None:
        def due() -> bool:
            found = RelationshipDue.objects.filter(resident_id=world.resident.pk).exists()
            RelationshipDue.objects.all().delete()
            return found

        with as_login("pipeline"):
            RelationshipDue.objects.all().delete()
            died(world, 3)
            assert due()
            died(world, 3)
            assert not due(), "nothing changed"
            Resident.objects.filter(pk=world.resident.pk).update(language="Polish")
            assert not due()
            came_back(world)
            assert due()
            assert CareRelationship.objects.filter(resident=world.resident.pk).exists()


def test_who_could_see_names_whom_it_is_disclosed_to_and_only_at_home(
    world: Any, officers: Any, stranger: Any, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        opt_out(world)
        elsewhere = Acting.of(factories.membership(at=world.council, as_role="privacy-officer"))
    disclose(world, officers, stranger)
    asked = (world.resident.public_id, Category.DIAGNOSES)
    with transaction.atomic():
        told = possible_readers(officers[0], *asked, request_id=str(uuid4()))
        assert told is not None
        by_disclosure = [each for each in told.answers if each.way is Way.DISCLOSED]
        assert [each.post.staff for each in by_disclosure] == [stranger.staff.name]
        page = readers_page(told)
        assert page.opted_out
        assert [(row.by, row.organisation) for row in page.could] == [
            ("A lawful disclosure", "Test trust")
        ]
    with transaction.atomic():
        not_named = possible_readers(
            officers[0], asked[0], Category.ALLERGIES, request_id=str(uuid4())
        )
        assert not_named is not None
        assert not readers_page(not_named).could
    with transaction.atomic():
        of_others = possible_readers(elsewhere, *asked, request_id=str(uuid4()))
        assert of_others is not None
        assert not [each for each in of_others.answers if each.way is Way.DISCLOSED]
