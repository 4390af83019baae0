"""Lawful disclosures at the gate: two officers, one out of hours, and what is written of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from access import disclosures
from access.acting import Acting
from access.decision import Reason
from access.disclosures import Standing
from access.grounds import Ground
from access.models import LawfulDisclosure
from access.possible_readers import Way, possible_readers
from access.presenters_readers import readers_page
from identity.models import Resident
from organisations.categories import Category
from organisations.models import Membership, Role
from tests import factories
from tests.access.disclosing import (
    DIAGNOSES,
    WORDS,
    Connect,
    confirm,
    disclose,
    end,
    propose,
    reads,
)
from tests.access.test_gate import (
    as_gate,
    opt_out,
)
from tests.conftest import AsLogin


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
