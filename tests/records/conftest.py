"""A ward nurse, four sources, and a resident whom the ward cares for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.models import Resident, SourcePerson
from organisations.categories import Category
from organisations.models import Feed, Membership, Organisation, Team
from tests import factories

AsLogin = Callable[[str], AbstractContextManager[None]]

COUNCIL_SENDS = (
    Category.SOCIAL_CARE_SERVICES,
    Category.SOCIAL_CARE_ASSESSMENTS,
    Category.PEOPLE_INVOLVED,
    Category.ALERTS,
)


@dataclass
class Ward:
    """The people, and the ways to make entries and ask for pages."""

    client: Client
    as_login: AsLogin
    trust: Organisation
    practice: Organisation
    council: Organisation
    out_of_hours: Organisation
    feeds: dict[int, Feed]
    team: Team
    nurse: Membership
    adviser: Membership
    resident: Resident

    def person(
        self, source: Organisation, whose: Resident | None = None, **fields: Any
    ) -> SourcePerson:
        """A source's idea of the resident."""
        with self.as_login("pipeline"):
            return factories.source_person(whose or self.resident, source, **fields)

    def entry(self, person: SourcePerson, category: Category, display: str, **fields: Any) -> Any:
        """One entry; answers its public id."""
        with self.as_login("pipeline"):
            return factories.entry(
                person, category, display, from_feed=self.feeds[person.source_id], **fields
            )

    def refuse(self, kind: str, council: Organisation | None = None) -> None:
        """The resident refuses, committed at once."""
        with self.as_login("pipeline"):
            factories.choice(self.resident, kind, council=council, by=self.adviser)

    def another_resident(self, *, cared_for: bool = True) -> Resident:
        """Someone else, cared for by the ward as well or not."""
        with self.as_login("pipeline"):
            other = factories.resident("Bello", "Ada")
            factories.source_person(other, self.trust)
            if cared_for:
                factories.relationship(other, self.trust, self.team)
        return other

    def open(self, whose: Resident | None = None) -> HttpResponse:
        """Open a record as the page's button does; answers what that leads to."""
        opened = self.client.post(
            reverse("open-record"), {"resident": str((whose or self.resident).public_id)}
        )
        assert opened.status_code == 303
        return self.client.get(opened["Location"])

    def get(self, name: str = "record", **parts: Any) -> HttpResponse:
        """A page of the resident's record, by the name of its address."""
        return self.client.get(reverse(name, kwargs={"resident": self.resident.public_id, **parts}))


@pytest.fixture
def ward(database: object, as_login: AsLogin) -> Ward:
    return make_ward(as_login)


def make_ward(as_login: AsLogin) -> Ward:
    """The same people in whatever database the logins are of."""
    with as_login("pipeline"):
        trust = factories.organisation("Test trust", kind="nhs_trust")
        practice = factories.organisation("Test practice", kind="gp_practice")
        council = factories.organisation(
            "Test council", kind="adult_social_care", duty_phone="020 7946 0123"
        )
        out_of_hours = factories.organisation("Test out of hours", kind="out_of_hours")
        sends: dict[int, Iterable[Category]] = {
            trust.pk: Category,
            practice.pk: Category,
            council.pk: COUNCIL_SENDS,
            out_of_hours.pk: (Category.CONTACTS,),
        }
        feeds = {}
        for source in (trust, practice, council, out_of_hours):
            feeds[source.pk] = factories.feed(source, categories=sends[source.pk])
            if source != trust:
                factories.agreement(source, trust, Category)
        team = factories.team(trust, "Cedar ward")
        nurse = factories.membership(at=trust, as_role="nurse", in_team=team)
        adviser = factories.membership(at=council, as_role="contact-centre-adviser")
        resident = factories.resident("Carter", "Ruth", title="Mrs")
        factories.relationship(resident, trust, team, kind="admission")
    client = Client()
    client.force_login(nurse.staff)
    return Ward(
        client=client,
        as_login=as_login,
        trust=trust,
        practice=practice,
        council=council,
        out_of_hours=out_of_hours,
        feeds=feeds,
        team=team,
        nurse=nurse,
        adviser=adviser,
        resident=resident,
    )


def late(feed: Feed, as_login: AsLogin, *, days: int = 3) -> None:
    """A feed that should come daily has sent nothing for some days."""
    with as_login("pipeline"):
        Feed.objects.filter(pk=feed.pk).update(
            expected_every=timedelta(days=1), last_received=timezone.now() - timedelta(days=days)
        )


def page_of(response: HttpResponse) -> BeautifulSoup:
    """A page as it is shown."""
    return BeautifulSoup(response.content, "html.parser")


def text_of(response: HttpResponse) -> str:
    """The words of a page, spaces evened out."""
    return " ".join(page_of(response).get_text(" ").split())
