"""Lawful disclosures in the rows: named recipients, for named categories, until a date."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from access import gate
from access.acting import Acting
from access.decision import Reason
from access.models import LawfulDisclosure
from tests import factories
from tests.access.disclosing import (
    DIAGNOSES,
    Connect,
    confirm,
    disclose,
    propose,
    reads,
)
from tests.access.test_gate import (
    NURSE_READS,
    as_gate,
    displays,
    events,
    object_to_number,
    opened,
    opt_out,
    refuse_social_care,
)
from tests.conftest import AsLogin


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
