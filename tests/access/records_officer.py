"""A records officer at a browser, and a resident about whom there is a question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from audit.models import Event
from feeds.mapped import MappedPerson
from identity.actions import receive_persons
from identity.models import (
    LinkQuestion,
    Resident,
    ResidentNhsNumber,
    SourcePerson,
)
from organisations.categories import Category
from organisations.models import Membership, Organisation, Team
from tests import factories
from tests.conftest import AsLogin

NUMBER, OTHER = factories.made_up_nhs_number(61), factories.made_up_nhs_number(62)


HOW = "I rang the practice and compared the address."


RUTH = MappedPerson(
    identifier="Patient/1",
    version=datetime(2026, 1, 1, tzinfo=UTC),
    nhs_number=NUMBER,
    nhs_number_status="01",
    family_name="Carter",
    given_names="Ruth",
    birth_date=date(1941, 3, 2),
    sex="female",
    address_lines=("1 Sample Street",),
    postcode="SE13 6LH",
)


@dataclass
class Region:
    trust: Organisation
    practice: Organisation
    ward: Team
    officer: Membership
    elsewhere: Membership
    nurse: Membership
    adviser: Membership
    ruth: Resident
    doubted: SourcePerson

    def question(self) -> LinkQuestion:
        return LinkQuestion.objects.get()

    @staticmethod
    def compared(question: LinkQuestion) -> dict[str, str]:
        """What a page sends back of the two whom it compared."""
        known = question.source_person
        both = (known.resident if known else question.resident, question.candidate)
        return {
            name: str(one.public_id)
            for name, one in zip(("subject", "candidate"), both, strict=True)
            if one is not None
        }


@pytest.fixture
def region(database: object, as_login: AsLogin) -> Iterator[Region]:
    """Ruth, known by her practice; and at the trust somebody with her number, born a day later."""
    with as_login("pipeline"):
        trust = factories.organisation("Test trust", kind="nhs_trust")
        practice = factories.organisation("Test practice", kind="gp_practice")
        for source in (trust, practice):
            factories.feed(source)
        factories.agreement(practice, trust)
        ward = factories.team(trust, "Cedar ward")
        with transaction.atomic():
            (known,) = receive_persons([RUTH], source=practice, trusted_for_numbers=True)
            other = replace(RUTH, identifier="MRN7", birth_date=date(1941, 3, 3), postcode="E1 6AN")
            (doubted,) = receive_persons([other], source=trust, trusted_for_numbers=True)
        ruth = Resident.objects.get(pk=known.resident_id)
        person = SourcePerson.objects.get(pk=doubted.source_person_id)
        factories.entry(SourcePerson.objects.get(pk=known.source_person_id), Category.DIAGNOSES)
        factories.entry(person, Category.DIAGNOSES, "Zygomatic fracture")
        factories.relationship(ruth, trust, ward)
        yield Region(
            trust=trust,
            practice=practice,
            ward=ward,
            officer=factories.membership(at=trust, as_role="records-officer"),
            elsewhere=factories.membership(at=practice, as_role="records-officer"),
            nurse=factories.membership(at=trust, as_role="nurse", in_team=ward),
            adviser=factories.membership(at=trust, as_role="contact-centre-adviser"),
            ruth=ruth,
            doubted=person,
        )


class Officer:
    """Somebody at a browser, as the web's login."""

    def __init__(self, membership: Membership, as_login: AsLogin) -> None:
        self.client = Client()
        self.as_login = as_login
        with as_login("web"):
            self.client.force_login(membership.staff)

    def gets(self, name: str, *ids: UUID, status: int = 200, **query: str) -> BeautifulSoup:
        with self.as_login("web"):
            return self._page(self.client.get(reverse(name, args=ids), query), status)

    def posts(self, name: str, *ids: UUID, status: int = 302, **typed: str) -> BeautifulSoup:
        with self.as_login("web"):
            return self._page(self.client.post(reverse(name, args=ids), typed), status)

    @staticmethod
    def _page(response: HttpResponse, status: int) -> BeautifulSoup:
        assert response.status_code == status, BeautifulSoup(
            response.content, "html.parser"
        ).main.get_text()
        page = BeautifulSoup(response.content, "html.parser")
        assert "Zygomatic" not in page.get_text()
        return page


@pytest.fixture
def officer(region: Region, as_login: AsLogin) -> Officer:
    return Officer(region.officer, as_login)


def rows(page: BeautifulSoup) -> dict[str, tuple[str, str, str]]:
    found = {}
    for row in page.select(".app-compared tbody tr"):
        label = row.select_one("th > span:last-child")
        cells = [_words(cell.select("span")[-1]) for cell in row.select("td")]
        found[_words(label)] = tuple(cells)
    return found


def _words(of: Any) -> str:
    return " ".join(of.get_text().replace("\u00a0", " ").split())


def events(as_login: AsLogin, action: str) -> list[Event]:
    with as_login("owner"):
        return list(Event.objects.filter(action=action, outcome="done").order_by("id"))


# ── Joining two, and taking one apart ───────────────────────────────────────────────────────


@pytest.fixture
def again(region: Region) -> Resident:
    """Ruth once more, known to everybody under another number that is not verified."""
    made = factories.resident("Carter", "Ruth", birth_date=date(1941, 3, 2), nhs_number=None)
    ResidentNhsNumber.objects.create(
        resident=made, number=OTHER, status="02", said_by="carer", entered_as=region.adviser
    )
    return made
