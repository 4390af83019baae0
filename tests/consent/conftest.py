"""Two councils, a trust, the people who work there, and one resident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from access.acting import Acting
from access.glimpses import glimpse
from consent.actions import record_choice
from consent.models import Choice
from consent.said import Said
from consent.vocabulary import Answer, Channel, DecidedBy, Identifier, Kind
from identity.models import Resident
from organisations.activities import Activity
from organisations.models import Membership, Organisation
from organisations.selectors import memberships_in_force
from tests import factories
from tests.conftest import AsLogin

REQUEST = "019aa000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class World:
    """What the tests of choices stand on."""

    bexley: Organisation
    greenwich: Organisation
    trust: Organisation
    adviser: Membership
    other_adviser: Membership
    trust_adviser: Membership
    nurse: Membership
    resident: Resident
    number: str


@pytest.fixture
def world(database: dict[str, str], as_login: AsLogin) -> World:
    with as_login("pipeline"):
        bexley = factories.organisation(
            "London Borough of Bexley (adult social care)", kind="adult_social_care"
        )
        greenwich = factories.organisation(
            "Royal Borough of Greenwich (social care)", kind="adult_social_care"
        )
        trust = factories.organisation("Lewisham and Greenwich NHS Trust")
        number = factories.made_up_nhs_number()
        return World(
            bexley=bexley,
            greenwich=greenwich,
            trust=trust,
            adviser=factories.membership(at=bexley, as_role="contact-centre-adviser"),
            other_adviser=factories.membership(at=greenwich, as_role="contact-centre-adviser"),
            trust_adviser=factories.membership(at=trust, as_role="contact-centre-adviser"),
            nurse=factories.membership(at=trust, as_role="nurse"),
            resident=factories.resident("Carter", "Ruth", nhs_number=number, postcode="DA6 7AT"),
            number=number,
        )


def acting(membership: Membership) -> Acting:
    """What a membership acts as, read as a request reads it."""
    held = {each.pk: each for each in memberships_in_force(membership.staff)}
    return Acting.of(held[membership.pk])


def glimpse_choices(by: Acting, resident: Resident) -> int:
    """Glimpse the resident with their choices, in the transaction that is open."""
    found = glimpse(by, resident.public_id, activity=Activity.RECORD_CHOICES, request_id=REQUEST)
    assert found is not None
    return found


CHECKED = (Identifier.NAME, Identifier.BIRTH_DATE, Identifier.NHS_NUMBER)


def what_is_said(**changed: Any) -> Said:
    """The resident opts out on the phone, unless something is changed."""
    return Said(
        **{
            "kind": Kind.CONNECT_CARE,
            "answer": Answer.REFUSES,
            "decided_by": DecidedBy.RESIDENT,
            "channel": Channel.PHONE,
            "explanation": "test.1",
            "identity_checked": CHECKED,
            **changed,
        }
    )


def record(by: Acting, world: World, **changed: Any) -> Choice:
    """Glimpse and record in one transaction, as the page does."""
    submission = changed.pop("submission", None) or uuid4()
    with transaction.atomic():
        resident_id = glimpse_choices(by, world.resident)
        return record_choice(
            by=by,
            resident_id=resident_id,
            said=what_is_said(**changed),
            submission=submission,
            request_id=REQUEST,
        )
