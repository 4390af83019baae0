"""The wall in PostgreSQL: what the web's login may read before, during and after an opening."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from access import facts, gate
from access.acting import Acting
from access.decision import Reason
from access.models import CareRelationship
from access.rules import decide
from audit.models import Event
from organisations.models import Membership, Organisation, Role, SharingAgreement, StaffMember
from records.models import Entry
from tests import factories

Connect = Callable[[str], psycopg.Connection]

# What the nurse of the trust may read of the small world: her own trust's entries with the
# sensitive one, the practice's and the council's without, and no safeguarding.
NURSE_READS = {
    "Diagnosis from Test trust",
    "Sensitive from Test trust",
    "Allergy from Test trust",
    "Diagnosis from Test practice",
    "Allergy from Test practice",
    "Diagnosis from Test council",
    "Allergy from Test council",
}
WITHOUT_COUNCIL = {display for display in NURSE_READS if "council" not in display}


def displays() -> set[str]:
    return set(Entry.objects.values_list("display", flat=True))


def open_record(world: Any, acting: Acting | None = None) -> gate.Opened | gate.Refused:
    return gate.open_record(
        acting or world.acting,
        world.resident.public_id,
        look=uuid4(),
        request_id=str(uuid4()),
    )


@contextmanager
def opened(world: Any, acting: Acting | None = None) -> Iterator[gate.Opened]:
    with transaction.atomic():
        answer = open_record(world, acting)
        assert isinstance(answer, gate.Opened), answer.reason
        yield answer


def events() -> list[tuple[str, str, str]]:
    return list(Event.objects.order_by("id").values_list("action", "outcome", "reason"))


class TestWithoutOpening:
    def test_entries_are_none(self, world: Any) -> None:
        assert Entry.objects.count() == 0

    def test_hand_written_queries_find_none(self, world: Any, run_sql: Connect) -> None:
        web = run_sql("web")
        for query in (
            "select count(*) from records_entry",
            f"select count(*) from records_entry where resident_id = {world.resident.pk}",
            "select count(*) from identity_resident",
            "select count(*) from identity_residentplace",
            "select count(*) from identity_residentnhsnumber",
            "select count(*) from consent_choice",
        ):
            assert web.execute(query).fetchone() == (0,), query

    @pytest.mark.parametrize(
        "table",
        [
            "access_opening",
            "access_glimpse",
            "access_carerelationship",
            "access_relationshipdue",
            "audit_event",
            "identity_sourceperson",
            "identity_linkquestion",
            "feeds_heldcontent",
        ],
    )
    def test_tables_of_the_gate_and_the_pipeline_cannot_be_read(
        self, database: object, run_sql: Connect, table: str
    ) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run_sql("web").execute(f"select count(*) from {table}")

    def test_an_opening_cannot_be_written_by_hand(self, world: Any, run_sql: Connect) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run_sql("web").execute(
                "insert into access_opening (began, look, resident_id, staff_id, membership_id,"
                " basis, basis_id, keys, resident_epoch, rules_epoch, decision) values"
                f" (now(), '{uuid4()}', {world.resident.pk}, 1, 1, 'relationship', 1, '{{1}}',"
                " 1, 1, '{}')"
            )

    def test_the_owner_itself_sees_none(self, world: Any, run_sql: Connect) -> None:
        assert run_sql("owner").execute("select count(*) from records_entry").fetchone() == (0,)


class TestOpening:
    def test_shows_the_granted_keys_and_no_others(self, world: Any) -> None:
        with opened(world):
            assert displays() == NURSE_READS

    def test_shows_one_resident_only(self, world: Any) -> None:
        with opened(world):
            assert set(Entry.objects.values_list("resident_id", flat=True)) == {world.resident.pk}

    def test_ends_with_its_transaction_on_the_same_connection(self, world: Any) -> None:
        with opened(world):
            assert displays()
        with transaction.atomic():
            assert displays() == set()

    def test_goes_with_a_savepoint_that_is_rolled_back(self, world: Any) -> None:
        with transaction.atomic():
            point = transaction.savepoint()
            assert isinstance(open_record(world), gate.Opened)
            assert displays() == NURSE_READS
            transaction.savepoint_rollback(point)
            assert displays() == set()

    def test_is_the_only_one_of_its_transaction(self, world: Any) -> None:
        with pytest.raises(DatabaseError), opened(world):
            open_record(world)

    def test_outside_a_transaction_is_refused(self, world: Any) -> None:
        with pytest.raises(gate.OutsideTransaction):
            open_record(world)

    def test_writes_one_event_in_its_transaction(self, world: Any, as_login: Any) -> None:
        with opened(world) as record:
            pass
        with as_login("owner"), connection.cursor() as cursor:
            cursor.execute("set role connectcare_gate")
            event = Event.objects.get()
            cursor.execute("select transaction::text from access_opening")
            assert str(event.transaction) == cursor.fetchone()[0]
        assert (event.action, event.outcome) == ("opening", "done")
        assert event.resident_id == world.resident.pk
        assert event.staff_id == world.nurse.staff_id
        assert event.look == record.look
        assert event.detail["relationship"]["kind"] == "admission"

    def test_that_is_rolled_back_leaves_no_event_and_showed_nothing(
        self, world: Any, as_login: Any
    ) -> None:
        with pytest.raises(ZeroDivisionError), opened(world):
            raise ZeroDivisionError
        with as_gate(as_login):
            assert events() == []

    def test_under_repeatable_read_shows_nothing(self, world: Any) -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read")
            answer = open_record(world)
            assert isinstance(answer, gate.Refused)
            assert answer.reason is None
            assert displays() == set()

    def test_with_no_relationship_is_refused_and_recorded(self, world: Any, as_login: Any) -> None:
        with as_login("pipeline"):
            stranger = factories.membership(at=world.practice, as_role="doctor")
        with transaction.atomic():
            answer = open_record(world, Acting.of(stranger))
            assert isinstance(answer, gate.Refused)
            assert answer.reason is Reason.NO_RELATIONSHIP
            assert displays() == set()
        with as_gate(as_login):
            assert events() == [("refusal", "refused", "no-relationship")]

    def test_of_another_team_of_the_same_trust_is_refused(self, world: Any, as_login: Any) -> None:
        with as_login("pipeline"):
            elsewhere = factories.membership(
                at=world.trust, as_role="nurse", in_team=factories.team(world.trust)
            )
        with transaction.atomic():
            answer = open_record(world, Acting.of(elsewhere))
        assert answer.reason is Reason.NO_RELATIONSHIP  # type: ignore[union-attr]

    def test_a_team_that_serves_the_site_has_its_admissions(
        self, world: Any, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            discharge = factories.team(world.trust, serves_whole_site=True)
            member = factories.membership(at=world.trust, as_role="nurse", in_team=discharge)
        with opened(world, Acting.of(member)):
            assert displays() == NURSE_READS

    def test_with_somebody_elses_membership_is_refused(self, world: Any, as_login: Any) -> None:
        with as_login("pipeline"):
            thief = factories.staff()
        stolen = Acting.of(world.nurse)
        stolen = type(stolen)(
            **{
                **{name: getattr(stolen, name) for name in stolen.__slots__},
                "staff_id": thief.pk,
            }
        )
        with transaction.atomic():
            answer = open_record(world, stolen)
        assert answer.reason is Reason.NO_MEMBERSHIP  # type: ignore[union-attr]


@contextmanager
def as_gate(as_login: Any) -> Iterator[None]:
    """Read what only the gate may: the owner may set its role."""
    with as_login("owner"), connection.cursor() as cursor:
        cursor.execute("set role connectcare_gate")
        yield


def opt_out(world: Any) -> None:
    factories.choice(world.resident, by=world.nurse)


def refuse_social_care(world: Any) -> None:
    factories.choice(world.resident, "social-care-sharing", council=world.council, by=world.nurse)


def object_to_number(world: Any) -> None:
    factories.choice(world.resident, "nhs-number", council=world.council, by=world.nurse)


def end_relationship(world: Any) -> None:
    CareRelationship.objects.filter(resident=world.resident).update(valid_until=timezone.now())


def end_membership(world: Any) -> None:
    Membership.objects.filter(pk=world.nurse.pk).update(valid_until=timezone.now())


def suspend_staff(world: Any) -> None:
    StaffMember.objects.filter(pk=world.nurse.staff_id).update(is_active=False)


def suspend_organisation(world: Any) -> None:
    Organisation.objects.filter(pk=world.trust.pk).update(state="suspended")


def narrow_role(world: Any) -> None:
    Role.objects.filter(pk=world.nurse.role_id).update(categories=[1])


def end_agreement(world: Any) -> None:
    SharingAgreement.objects.filter(source=world.practice).update(valid_until=timezone.now())


CHANGES = [
    opt_out,
    refuse_social_care,
    object_to_number,
    end_relationship,
    end_membership,
    suspend_staff,
    suspend_organisation,
    narrow_role,
    end_agreement,
]


class TestChangesElsewhere:
    """Whatever commits elsewhere holds for every statement that starts after it."""

    @pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
    def test_in_the_middle_of_a_transaction_closes_the_record(
        self, world: Any, as_login: Any, change: Callable[[Any], None]
    ) -> None:
        with opened(world):
            assert displays() == NURSE_READS
            assert gate.still_open()
            with as_login("pipeline"):
                change(world)
            assert displays() == set()
            assert not gate.still_open()

    @pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
    def test_between_deciding_and_opening_opens_nothing(
        self, world: Any, as_login: Any, change: Callable[[Any], None], monkeypatch: Any
    ) -> None:
        read = facts.read

        def read_then_change(**asked: Any) -> facts.Facts:
            answer = read(**asked)
            with as_login("pipeline"):
                change(world)
            return answer

        monkeypatch.setattr(gate.facts_of, "read", read_then_change)
        with transaction.atomic():
            answer = open_record(world)
            assert isinstance(answer, gate.Refused)
            assert answer.reason is None, "it is to be asked again"
            assert displays() == set()
        with as_gate(as_login):
            assert events()[-1] == ("refusal", "refused", "changed-meanwhile")

    def test_asked_again_after_an_opt_out_is_refused_with_its_reason(
        self, world: Any, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            opt_out(world)
        with transaction.atomic():
            answer = open_record(world)
        assert answer.reason is Reason.OPTED_OUT  # type: ignore[union-attr]

    def test_asked_again_after_a_social_care_refusal_shows_the_rest(
        self, world: Any, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            refuse_social_care(world)
        with opened(world):
            assert displays() == WITHOUT_COUNCIL

    def test_a_social_care_refusal_leaves_the_council_its_own(
        self, world: Any, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            refuse_social_care(world)
        with opened(world, Acting.of(world.social_worker)):
            assert {name for name in displays() if "council" in name} == {
                "Diagnosis from Test council",
                "Allergy from Test council",
                "Sensitive from Test council",
            }

    def test_an_objection_to_the_number_closes_the_record_to_that_council(
        self, world: Any, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            object_to_number(world)
        with transaction.atomic():
            answer = open_record(world, Acting.of(world.social_worker))
        assert answer.reason is Reason.COUNCIL_MAY_NOT_USE_NUMBER  # type: ignore[union-attr]
        with opened(world):
            assert displays() == WITHOUT_COUNCIL

    def test_opting_back_in_opens_it_again(self, world: Any, as_login: Any) -> None:
        with as_login("pipeline"):
            opt_out(world)
            factories.choice(world.resident, answer="consents", by=world.nurse)
        with opened(world):
            assert displays() == NURSE_READS

    def test_a_choice_of_another_resident_changes_nothing(self, world: Any, as_login: Any) -> None:
        with opened(world):
            with as_login("pipeline"):
                factories.choice(world.other, by=world.nurse)
            assert displays() == NURSE_READS
            assert gate.still_open()

    def test_signing_in_and_deliveries_do_not_close_records(
        self, world: Any, as_login: Any
    ) -> None:
        with opened(world):
            with as_login("pipeline"):
                StaffMember.objects.filter(pk=world.nurse.staff_id).update(
                    last_login=timezone.now()
                )
                world.trust.feeds.update(last_received=timezone.now())
            assert displays() == NURSE_READS


class TestDecisionAndWall:
    def test_a_forged_grant_is_bounded_by_live_choices(self, world: Any, as_login: Any) -> None:
        """A decision that forgot a refusal grants its keys; the policy withholds the rows."""
        with as_login("pipeline"):
            refuse_social_care(world)
        known = facts.read(
            staff_id=world.nurse.staff_id,
            membership_id=world.nurse.pk,
            resident=world.resident.public_id,
        )
        forgetful = decide(
            type(known)(
                **{
                    **{name: getattr(known, name) for name in known.__slots__},
                    "refusals": frozenset(),
                }
            )
        )
        assert forgetful.relationship is not None
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "select access.open_record(%s,%s,%s,%s,%s,%s::bigint[],%s,%s,'{}'::jsonb,%s::uuid)",
                [
                    world.nurse.staff_id,
                    world.nurse.pk,
                    world.resident.pk,
                    uuid4(),
                    forgetful.relationship.id,
                    forgetful.keys,
                    known.resident_epoch,
                    known.rules_epoch,
                    uuid4(),
                ],
            )
            assert cursor.fetchone() == (False,)
            assert displays() == WITHOUT_COUNCIL

    def test_the_audit_is_only_added_to(self, world: Any, as_login: Any, run_sql: Connect) -> None:
        with opened(world):
            pass
        for login in ("web", "pipeline", "sealer", "backup"):
            for statement in (
                "update audit_event set reason = ''",
                "delete from audit_event",
                "truncate audit_event",
            ):
                bare = run_sql(login)
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    bare.execute(statement)
                bare.rollback()
        admin = run_sql("admin")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="not changed"):
            admin.execute("update audit_event set reason = ''")

    def test_choices_are_only_added_to(self, world: Any, as_login: Any, run_sql: Connect) -> None:
        with as_login("pipeline"):
            opt_out(world)
        admin = run_sql("admin")
        for statement in (
            "update consent_choice set answer = 'consents'",
            "delete from consent_choice",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="not changed"):
                admin.execute(statement)
            admin.rollback()
