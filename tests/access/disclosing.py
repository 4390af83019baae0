"""Officers who disclose lawfully, and who reads what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import transaction
from django.utils import timezone

from access import disclosures, gate
from access.acting import Acting
from access.decision import Reason
from access.grounds import Ground
from organisations.categories import Category
from organisations.models import Membership
from tests import factories
from tests.access.test_gate import (
    NURSE_READS,
    displays,
    open_record,
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
