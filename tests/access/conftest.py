"""A small world: a trust, a practice and a council, one resident with entries of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from access.acting import Acting
from identity.models import Resident
from organisations.categories import Category
from organisations.models import Membership, Organisation, Team
from tests import factories
from tests.access.disclosing import at_night, officers, stranger
from tests.access.records_officer import again, officer, region

__all__ = ["again", "at_night", "officer", "officers", "region", "stranger"]


@dataclass
class World:
    trust: Organisation
    practice: Organisation
    council: Organisation
    ward: Team
    nurse: Membership
    social_worker: Membership
    resident: Resident
    other: Resident

    @property
    def acting(self) -> Acting:
        return Acting.of(self.nurse)


@pytest.fixture
def world(database: object, as_login: Any) -> World:
    with as_login("pipeline"):
        trust = factories.organisation("Test trust", kind="nhs_trust")
        practice = factories.organisation("Test practice", kind="gp_practice")
        council = factories.organisation("Test council", kind="adult_social_care")
        for source in (trust, practice, council):
            factories.feed(source)
            for recipient in (trust, practice, council):
                if source != recipient:
                    factories.agreement(source, recipient)
        ward = factories.team(trust, "Cedar ward")
        locality = factories.team(council, "North locality")
        nurse = factories.membership(at=trust, as_role="nurse", in_team=ward)
        social_worker = factories.membership(at=council, as_role="social-worker", in_team=locality)
        resident = factories.resident("Carter", "Ruth")
        other = factories.resident("Bello", "Ada")
        for person in (resident, other):
            for source in (trust, practice, council):
                known = factories.source_person(person, source)
                factories.entry(known, Category.DIAGNOSES, f"Diagnosis from {source.name}")
                factories.entry(known, Category.ALLERGIES, f"Allergy from {source.name}")
                factories.entry(known, Category.SAFEGUARDING, f"Concern from {source.name}")
                factories.entry(
                    known, Category.DIAGNOSES, f"Sensitive from {source.name}", sensitive=True
                )
            factories.relationship(person, trust, ward, kind="admission")
            factories.relationship(person, council, locality, kind="allocated-worker")
    return World(trust, practice, council, ward, nurse, social_worker, resident, other)


@pytest.fixture
def request_id() -> str:
    return str(uuid4())
