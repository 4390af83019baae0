"""PostgreSQL lets a choice be written by whom its glimpse was given to, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from access.acting import Acting
from organisations.models import Membership, Role
from tests import factories
from tests.conftest import AsLogin

Connect = Callable[[str], psycopg.Connection]


@pytest.fixture
def recorder(world: Any, as_login: AsLogin) -> Membership:
    with as_login("pipeline"):
        return factories.membership(at=world.council, as_role="contact-centre-adviser")


def insert(web: psycopg.Connection, world: Any, glimpsed_by: Membership, **changed: Any) -> None:
    """Glimpse and write by hand, as no page does: the wall alone stands in between."""
    acting = Acting.of(glimpsed_by)
    web.execute(
        "select access.glimpse_resident(%s, %s, %s, %s, 'record-choices')",
        [acting.staff_id, acting.membership_id, uuid4(), world.resident.public_id],
    )
    row = {
        "reference": f"CC-{uuid4().hex[:16]}",
        "resident_id": world.resident.pk,
        "kind": "connect-care",
        "council_id": None,
        "answer": "refuses",
        "decided_by": "resident",
        "decider_name": "",
        "authority_seen": "",
        "relayed_by": "",
        "channel": "phone",
        "explanation": "test",
        "recorded_by_id": acting.staff_id,
        "recorded_as_id": acting.membership_id,
        "submission": uuid4(),
        "identity_checked": ["name", "birth-date", "postcode"],
        **changed,
    }
    web.execute(
        f"insert into consent_choice ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )


def refused(web: psycopg.Connection, world: Any, by: Membership, **changed: Any) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        insert(web, world, by, **changed)
    web.rollback()


def test_as_oneself_it_is_written(world: Any, recorder: Membership, run_sql: Connect) -> None:
    web = run_sql("web")
    insert(web, world, recorder)
    web.commit()
    insert(web, world, recorder, kind="social-care-sharing", council_id=world.council.pk)
    web.commit()


def test_nobody_is_named_as_the_recorder_but_who_glimpsed(
    world: Any, recorder: Membership, as_login: AsLogin, run_sql: Connect
) -> None:
    with as_login("pipeline"):
        other = factories.membership(at=world.council, as_role="contact-centre-adviser")
        second = factories.membership(recorder.staff, world.trust, "contact-centre-adviser")
    web = run_sql("web")
    refused(web, world, recorder, recorded_by_id=other.staff_id)
    refused(web, world, recorder, recorded_as_id=other.pk)
    refused(web, world, recorder, recorded_by_id=other.staff_id, recorded_as_id=other.pk)
    # Another membership of one's own is another office.
    refused(web, world, recorder, recorded_as_id=second.pk)


@pytest.mark.parametrize("kind", ["social-care-sharing", "nhs-number"])
def test_another_councils_choices_are_that_councils(
    world: Any, recorder: Membership, as_login: AsLogin, run_sql: Connect, kind: str
) -> None:
    with as_login("pipeline"):
        elsewhere = factories.organisation("Other council", kind="adult_social_care")
        at_trust = factories.membership(at=world.trust, as_role="contact-centre-adviser")
    web = run_sql("web")
    refused(web, world, recorder, kind=kind, council_id=elsewhere.pk)
    refused(web, world, at_trust, kind=kind, council_id=world.council.pk)
    # Nor may an organisation that is no council name itself.
    refused(web, world, at_trust, kind=kind, council_id=world.trust.pk)


def test_another_residents_choice_is_refused(
    world: Any, recorder: Membership, run_sql: Connect
) -> None:
    refused(run_sql("web"), world, recorder, resident_id=world.other.pk)


def test_a_role_that_lost_the_activity_meanwhile_writes_nothing(
    world: Any, recorder: Membership, as_login: AsLogin, run_sql: Connect
) -> None:
    web = run_sql("web")
    web.execute(
        "select access.glimpse_resident(%s, %s, %s, %s, 'record-choices')",
        [recorder.staff_id, recorder.pk, uuid4(), world.resident.public_id],
    )
    with as_login("pipeline"):
        Role.objects.filter(pk=recorder.role_id).update(activities=["find-residents"])
    refused(web, world, recorder)


def test_any_other_glimpse_lets_nothing_be_written(world: Any, run_sql: Connect) -> None:
    web = run_sql("web")
    web.execute(
        "select access.glimpse_resident(%s, %s, %s, %s, 'read-records')",
        [world.social_worker.staff_id, world.social_worker.pk, uuid4(), world.resident.public_id],
    )
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        web.execute(
            "insert into consent_choice (reference, resident_id, kind, answer, decided_by,"
            " decider_name, authority_seen, relayed_by, channel, explanation, recorded_by_id,"
            " recorded_as_id, submission) values ('CC-X', %s, 'connect-care', 'refuses',"
            " 'resident', '', '', '', 'phone', 'test', %s, %s, %s)",
            [world.resident.pk, world.social_worker.staff_id, world.social_worker.pk, uuid4()],
        )
