"""A team with 3,000 residents: as many statements to tell it and to read it as one with a few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg import sql

from access.acting import Acting
from identity.models import Resident
from notifications import inbox
from notifications.making import AT_ONCE, make_due_notices
from notifications.models import Notice, NoticesDue
from organisations.categories import Category
from organisations.models import Membership
from tests import factories
from tests.records.conftest import AsLogin, Ward

RESIDENTS = 3_000
#: Of one round of making, of at most ``AT_ONCE`` residents, its transaction's own among them.
MOST_OF_A_ROUND = 12
#: Of reading an inbox, whoever and however many are in it.
MOST_OF_READING = 20

Connect = Callable[[str], psycopg.Connection]


def copies(at: psycopg.Connection, table: str, of: str, **instead: str) -> None:
    """Copy rows of a table, said by the end of a statement, with other values of some columns."""
    names = [
        name
        for (name,) in at.execute(
            "select column_name from information_schema.columns where table_name = %s"
            " and is_generated = 'NEVER' and is_identity = 'NO' and column_name <> 'public_id'"
            " and (column_default is null or column_default not like 'nextval%%')",
            [table],
        )
    ]
    values = [sql.SQL(instead.get(name, f"t.{name}")) for name in names]
    at.execute(
        sql.SQL("insert into {} ({}) select {} from {} t {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join(values),
            sql.Identifier(table),
            sql.SQL(of),
        )
    )


@pytest.fixture
def worker(ward: Ward, as_login: AsLogin, run_sql: Connect) -> Membership:
    """A council's worker, whose team supports 3,000 residents, each admitted by the trust."""
    with as_login("pipeline"):
        team = factories.team(ward.council, "North locality")
        worker = factories.membership(
            factories.staff(email="worker@council.example"),
            ward.council,
            "social-worker",
            in_team=team,
        )
        factories.agreement(ward.trust, ward.council, Category)
        first = factories.resident("Many", "Ada", nhs_number=None)
        factories.relationship(first, ward.council, team, kind="allocated-worker")
        person = factories.source_person(first, ward.trust, identifier="MANY")
    ward.entry(
        person,
        Category.CONTACTS,
        "Emergency admission",
        contact_class="inpatient",
        kind="Encounter",
        identifier="many",
    )
    others = "join identity_resident r on r.family_name = 'Many' and r.id <> t.resident_id"
    with run_sql("admin") as at:
        copies(
            at,
            "identity_resident",
            f"cross join generate_series(2, {RESIDENTS}) as nth where t.family_name = 'Many'",
        )
        mine = f"{others} where t.resident_id = {first.pk}"
        copies(
            at,
            "identity_sourceperson",
            mine,
            resident_id="r.id",
            identifier="'MANY' || r.id",
        )
        copies(
            at,
            "access_carerelationship",
            mine,
            resident_id="r.id",
            evidence="t.evidence || ' ' || r.id",
        )
        copies(
            at,
            "records_entry",
            f"{others} join identity_sourceperson p on p.resident_id = r.id"
            f" where t.resident_id = {first.pk}",
            resident_id="r.id",
            source_person_id="p.id",
            identifier="'many' || r.id",
        )
    return worker


@contextmanager
def statements(most: int) -> Iterator[None]:
    with CaptureQueriesContext(connection) as captured:
        yield
    said = [query["sql"] for query in captured.captured_queries]
    assert 0 < len(said) <= most, "\n".join(said)


def test_telling_and_reading_take_no_more_statements_for_many(
    worker: Membership, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        NoticesDue.objects.all().delete()
        whose = Resident.objects.filter(family_name="Many")
        NoticesDue.objects.bulk_create(NoticesDue(resident_id=each.pk) for each in whose)
        rounds = 0
        while NoticesDue.objects.exists():
            with statements(MOST_OF_A_ROUND):
                assert make_due_notices() == AT_ONCE
            rounds += 1
        assert rounds == RESIDENTS / AT_ONCE
        assert Notice.objects.count() == RESIDENTS
    client = Client()
    client.force_login(worker.staff)
    client.get(reverse("inbox"))  # chooses the membership, once
    with statements(MOST_OF_READING):
        page = client.get(reverse("inbox"))
    shown = BeautifulSoup(page.content, "html.parser").select("li.app-inbox-notice")
    assert len(shown) == inbox.MOST_LISTED
    with statements(MOST_OF_READING):
        assert inbox.has_news(Acting.of(worker), since=None)
