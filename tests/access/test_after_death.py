"""After a death: how long care opens a record, and who reads it then."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from access import gate
from access.acting import Acting
from access.decision import Reason
from access.grounds import Ground
from access.models import CareRelationship, RelationshipDue
from identity.models import Resident
from tests import factories
from tests.access.disclosing import (
    DIAGNOSES,
    Connect,
    disclose,
    reads,
)
from tests.access.test_gate import (
    NURSE_READS,
    displays,
    opened,
    opt_out,
)
from tests.conftest import AsLogin

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
