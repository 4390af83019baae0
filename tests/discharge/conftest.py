"""The ward of the record's tests, with a council's team at the other end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from bs4 import BeautifulSoup
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from organisations.models import Membership, Team
from tests import factories
from tests.records.conftest import AsLogin, Ward, ward

__all__ = ["Sides", "sides", "ward"]

NEEDS = "Help with washing and dressing, twice a day"


@dataclass
class Sides:
    """Both sides of a referral, each at a browser."""

    ward: Ward
    team: Team
    worker: Membership
    worker_client: Client
    as_login: AsLogin

    @property
    def resident(self) -> UUID:
        return self.ward.resident.public_id

    def fields(self, **given: Any) -> dict[str, Any]:
        """What a ward fills in."""
        return {
            "step": "send",
            "submission": str(uuid4()),
            "team": str(self.team.pk),
            "expected-day": "3",
            "expected-month": "12",
            "expected-year": "2026",
            "needs": NEEDS,
            "phone": "020 7946 0500",
            "told": "agrees",
            **given,
        }

    def sends(self, **given: Any) -> HttpResponse:
        """The ward sends the form."""
        address = reverse("send-referral", args=[self.resident])
        return self.ward.client.post(address, self.fields(**given))

    def sent(self, **given: Any) -> UUID:
        """The ward sends a referral; its id."""
        answer = self.sends(**given)
        assert answer.status_code == 302, answer.content.decode()
        return UUID(answer["Location"].split("/")[2])

    def takes(self, client: Client, name: str, referral: UUID, **given: Any) -> HttpResponse:
        """A side takes the next step, after the one that the page shows."""
        address = reverse(f"{name}-referral", args=[referral])
        page = BeautifulSoup(client.get(address).content, "html.parser")
        hidden = {
            each["name"]: each["value"]
            for each in page.select("main form input[type=hidden]")
            if each["name"] != "csrfmiddlewaretoken"
        }
        return client.post(address, hidden | given)

    def page(self, client: Client, referral: UUID) -> HttpResponse:
        """The referral's page."""
        return client.get(reverse("referral", args=[referral]))


@pytest.fixture
def sides(ward: Ward, as_login: AsLogin) -> Sides:
    with as_login("pipeline"):
        team = factories.team(ward.council, "Hospital social work", phone="020 7946 0600")
        worker = factories.membership(at=ward.council, as_role="social-worker", in_team=team)
        factories.source_person(ward.resident, ward.council)
    client = Client()
    client.force_login(worker.staff)
    return Sides(ward, team, worker, client, as_login)
