"""Incidents: officers see what did not hold, and close it once it was found to hold again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from bs4 import BeautifulSoup
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.acting import Acting
from access.incidents import close_incident, read_incidents
from audit.models import Action
from connectcare.environment import Environment, Login
from consent.models import Choice, ProbeDue, ProofIncident
from organisations.models import Membership
from organisations.selectors import memberships_in_force
from records.probing import jobs
from tests import factories

Connect = Callable[[str], psycopg.Connection]
REQUEST = "019aa000-0000-4000-8000-000000000001"
WORDS = "A release took row security away; it was rolled back"


@pytest.fixture(autouse=True)
def _web_of_the_worker(settings: LazySettings, database: dict[str, str]) -> None:
    settings.WEB_DATABASE = Environment().database(Login.WEB)


@pytest.fixture
def officer(database: object, as_login: Any) -> Membership:
    with as_login("pipeline"):
        return factories.membership(
            factories.staff("anita", "Anita Rao"), as_role="privacy-officer"
        )


@pytest.fixture
def incident(officer: Membership, as_login: Any, run_sql: Connect) -> ProofIncident:
    """Row security was away while an opt-out was asked about."""
    with as_login("pipeline"):
        trust = factories.organisation()
        factories.feed(trust)
        factories.membership(at=trust, as_role="nurse")
        resident = factories.resident("Carter", "Ruth")
        factories.relationship(resident, trust)
        factories.entry(factories.source_person(resident, trust))
        choice = factories.choice(resident)
    admin = run_sql("admin")
    admin.autocommit = True
    admin.execute("alter table records_entry disable row level security")
    try:
        prove(as_login, choice)
    finally:
        admin.execute("alter table records_entry enable row level security")
    with as_login("pipeline"):
        return ProofIncident.objects.select_related("choice").get()


def prove(as_login: Any, choice: Choice) -> None:
    with as_login("pipeline"):
        ProbeDue.objects.update(due=timezone.now() - timedelta(minutes=1))
        assert jobs.prove(choice.pk) is not None


def acting(membership: Membership) -> Acting:
    (held,) = memberships_in_force(membership.staff)
    return Acting.of(held)


def words_of(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(name, args=args))
    main = BeautifulSoup(response.content, "html.parser").main  # the foot of every page names more
    assert main is not None
    return " ".join(main.get_text(" ").split())


def test_it_is_closed_once_the_choice_was_found_to_hold_again(
    officer: Membership, incident: ProofIncident, as_login: Any
) -> None:
    client = Client()
    client.force_login(officer.staff)
    assert "1 incident is open" in words_of(client, "alerts")
    assert incident.reference in words_of(client, "incidents")
    page = words_of(client, "incident", incident.public_id)
    assert "the rows of the database" in page
    assert "Close the incident" not in page
    address = reverse("incident", args=[incident.public_id])
    early = client.post(address, {"words": WORDS})
    assert early.status_code == 200
    assert b"not yet found to hold again" in early.content

    prove(as_login, incident.choice)
    assert "Close the incident" in words_of(client, "incident", incident.public_id)
    assert client.post(address, {"words": ""}).status_code == 200
    assert client.post(address, {"words": WORDS}).status_code == 302
    assert "by Anita Rao" in words_of(client, "incidents")
    with as_login("pipeline"):
        incident.refresh_from_db()
    assert (incident.closed_by_id, incident.words) == (officer.pk, WORDS)
    assert "incident is open" not in words_of(client, "alerts")
    # Sent again it is closed once.
    assert client.post(address, {"words": "Something else"}).status_code == 302
    with as_login("pipeline"):
        incident.refresh_from_db()
    assert incident.words == WORDS


def test_an_officer_learns_neither_whose_it_is_nor_of_which_kind(
    officer: Membership, incident: ProofIncident, as_login: Any
) -> None:
    client = Client()
    client.force_login(officer.staff)
    for page in (
        words_of(client, "incidents"),
        words_of(client, "incident", incident.public_id),
    ):
        assert "Carter" not in page
        assert "opt" not in page.lower().replace("options", "")


def test_nobody_else_reads_or_closes_and_it_is_recorded(
    officer: Membership, incident: ProofIncident, as_login: Any, run_sql: Connect
) -> None:
    with as_login("pipeline"):
        nurse = factories.membership(as_role="nurse")
    prove(as_login, incident.choice)
    assert read_incidents(acting(nurse), request_id=REQUEST) is None
    answer = close_incident(acting(nurse), incident.public_id, words=WORDS, request_id=REQUEST)
    assert answer == "not-known"
    assert len(read_incidents(acting(officer), request_id=REQUEST) or ()) == 1
    rows = (
        run_sql("admin")
        .execute(
            "select outcome, staff_id from audit_event where action = %s order by id",
            [Action.INCIDENTS_READ],
        )
        .fetchall()
    )
    assert rows == [
        ("refused", nurse.staff_id),
        ("refused", nurse.staff_id),
        ("done", officer.staff_id),
    ]
