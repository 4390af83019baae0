"""My residents: whom a membership cares for, why, and in which order; and whom it does not list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access import gate
from access.acting import Acting
from access.mine import PAGE_LENGTH, my_residents
from access.models import CareRelationship
from identity.models import Resident
from organisations.models import Membership
from tests import factories
from tests.records.conftest import AsLogin, Ward, page_of, text_of, ward

__all__ = ["ward"]  # a fixture of the record's tests


def mine(client: Client, query: str = "") -> BeautifulSoup:
    response = client.get(reverse("my-residents") + query)
    assert response.status_code == 200
    return page_of(response)


def names(page: BeautifulSoup) -> list[str]:
    return [each.get_text(strip=True) for each in page.select(".app-mine__name")]


def groups(page: BeautifulSoup) -> dict[str, list[str]]:
    return {
        section.h2.get_text(strip=True): names(section)
        for section in page.select("main section")
        if section.select(".app-mine")
    }


def cared_for(ward: Ward, family: str, **relationship: Any) -> Resident:
    """Somebody whom the ward's trust cares for."""
    with ward.as_login("pipeline"):
        other = factories.resident(family, "Ada")
        factories.source_person(other, ward.trust)
        factories.relationship(
            other, ward.trust, relationship.pop("in_team", ward.team), **relationship
        )
    return other


def client_of(membership: Membership) -> Client:
    client = Client()
    client.force_login(membership.staff)
    return client


def events(run_sql: Callable[[str], psycopg.Connection]) -> list[tuple[Any, ...]]:
    return (
        run_sql("admin")
        .execute(
            "select outcome, residents, detail ->> 'found' from audit_event"
            " where action = 'glimpse' and reason in ('my-residents', 'activity-not-in-role')"
            " order by id"
        )
        .fetchall()
    )


def test_each_is_listed_once_under_the_first_reason(ward: Ward) -> None:
    now = timezone.now()
    before = settings.RELATIONSHIP_PERIODS["before_appointment"]
    cared_for(ward, "Today", kind="appointment", valid_from=now - before)
    cared_for(ward, "Tomorrow", kind="appointment", valid_from=now + timedelta(days=1) - before)
    cared_for(ward, "Home", kind="admission", valid_until=now + timedelta(days=9))
    cared_for(ward, "Caseload", kind="caseload")
    with ward.as_login("pipeline"):
        factories.relationship(ward.resident, ward.trust, ward.team, kind="caseload")
    page = mine(ward.client)
    assert groups(page) == {
        "Appointments today": ["TODAY, Ada"],
        "Admitted now": ["CARTER, Ruth (Mrs)"],
        "On your team’s caseload": ["CASELOAD, Ada"],
        "Left lately": ["HOME, Ada"],
    }
    assert "4 residents in your care" in page.get_text(" ")


def test_what_is_another_teams_or_over_or_the_whole_practices_is_not_listed(ward: Ward) -> None:
    now = timezone.now()
    with ward.as_login("pipeline"):
        elsewhere = factories.team(ward.trust, "Hazel ward")
        doctor = factories.membership(at=ward.practice, as_role="doctor")
        factories.relationship(ward.resident, ward.practice, kind="registered-practice")
    cared_for(ward, "Elsewhere", kind="admission", in_team=elsewhere)
    cared_for(ward, "Over", kind="admission", valid_until=now - timedelta(minutes=1))
    cared_for(ward, "Coming", kind="caseload", valid_from=now + timedelta(hours=1))
    assert names(mine(ward.client)) == ["CARTER, Ruth (Mrs)"]
    of_practice = mine(client_of(doctor))
    assert names(of_practice) == []
    assert "Your registered patients are on a list of their own" in of_practice.get_text(" ")


def test_a_team_of_a_whole_site_is_told_the_ward_and_who_left_is_not_theirs(ward: Ward) -> None:
    with ward.as_login("pipeline"):
        hub = factories.team(ward.trust, "Discharge hub", serves_whole_site=True)
        coordinator = factories.membership(at=ward.trust, as_role="nurse", in_team=hub)
        CareRelationship.objects.filter(resident=ward.resident).update(place="Bay 2, bed 4")
    cared_for(ward, "Home", kind="admission", valid_until=timezone.now() + timedelta(days=9))
    page = mine(client_of(coordinator))
    assert names(page) == ["CARTER, Ruth (Mrs)"]
    assert page.select_one(".app-mine__where strong").get_text() == "Cedar ward, Bay 2, bed 4"
    # One's own ward is in the header: the bed alone.
    own = mine(ward.client).select_one(".app-mine__where strong")
    assert own.get_text() == "Bay 2, bed 4"


def test_beds_come_in_their_order(ward: Ward) -> None:
    for nth, bed in enumerate(("Bed 3", "Bed 1", "Bed 2")):
        cared_for(ward, f"Person{nth}", kind="admission", place=bed)
    beds = [each.get_text() for each in mine(ward.client).select(".app-mine__where strong")]
    assert beds == ["Bed 1", "Bed 2", "Bed 3"]


def test_a_protected_residents_place_is_not_told_nor_ordered_by(ward: Ward) -> None:
    cared_for(ward, "Zed", kind="admission", place="Bed 9")
    with ward.as_login("pipeline"):
        CareRelationship.objects.filter(resident=ward.resident).update(place="Bed 1")
    assert names(mine(ward.client)) == ["CARTER, Ruth (Mrs)", "ZED, Ada"]
    with ward.as_login("pipeline"):
        Resident.objects.filter(pk=ward.resident.pk).update(protection="R")
    page = mine(ward.client)
    # After those whose beds are told, as if there were none.
    assert names(page) == ["ZED, Ada", "CARTER, Ruth (Mrs)"]
    assert "Bed 1" not in page.get_text(" ")


def test_who_opted_out_is_on_nobodys_list_and_in_no_event_of_it(
    ward: Ward, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    cared_for(ward, "Zed", kind="admission")
    ward.refuse("connect-care")
    page = mine(ward.client)
    assert names(page) == ["ZED, Ada"]
    assert "1 resident in your care" in page.get_text(" ")
    assert "has opted out of Connect Care is not listed" in page.get_text(" ")
    (shown,) = (
        run_sql("admin")
        .execute(
            "select residents from audit_event where reason = 'my-residents'"
            " order by id desc limit 1"
        )
        .fetchone()
        or ()
    )
    assert ward.resident.pk not in shown


def test_a_council_lists_nobody_who_objects_to_its_use_of_the_number(ward: Ward) -> None:
    with ward.as_login("pipeline"):
        team = factories.team(ward.council, "North")
        worker = factories.membership(at=ward.council, as_role="social-worker", in_team=team)
        factories.source_person(ward.resident, ward.council)
        factories.relationship(ward.resident, ward.council, team, kind="allocated-worker")
    client = client_of(worker)
    assert names(mine(client)) == ["CARTER, Ruth (Mrs)"]
    ward.refuse("nhs-number", ward.council)
    assert names(mine(client)) == []
    assert names(mine(ward.client)) == ["CARTER, Ruth (Mrs)"], "another organisation's list"


def test_the_list_is_paged_and_everyone_on_the_page_is_in_one_event(
    ward: Ward, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    others = [cared_for(ward, f"P{nth:03}", kind="caseload") for nth in range(PAGE_LENGTH + 2)]
    first, second = mine(ward.client), mine(ward.client, "?page=2")
    assert len(names(first)) == PAGE_LENGTH
    assert names(second) == [f"P{PAGE_LENGTH + nth:03}, Ada" for nth in (-1, 0, 1)]
    made = events(run_sql)
    assert [(outcome, len(whom), found) for outcome, whom, found in made] == [
        ("done", PAGE_LENGTH, str(PAGE_LENGTH + 3)),
        ("done", 3, str(PAGE_LENGTH + 3)),
    ]
    assert made[0][1][0] == ward.resident.pk, "who is admitted comes before a caseload"
    assert set(made[1][1]) == {each.pk for each in others[-3:]}
    past = mine(ward.client, "?page=99")
    assert "There is nobody on this page" in past.get_text(" ")
    assert mine(ward.client, "?page=x").h1.get_text() == "My residents"


def test_the_statements_are_as_many_for_a_page_of_many_as_for_one(
    ward: Ward,
) -> None:
    mine(ward.client)
    with CaptureQueriesContext(connection) as one:
        mine(ward.client)
    for nth in range(PAGE_LENGTH):
        cared_for(ward, f"P{nth:03}", kind="caseload")
    with CaptureQueriesContext(connection) as many:
        mine(ward.client)
    assert len(many) == len(one)


def test_a_role_that_reads_no_record_has_no_list(
    ward: Ward, as_login: AsLogin, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    adviser = client_of(ward.adviser)
    assert adviser.get(reverse("my-residents")).status_code == 403
    with as_login("web"), transaction.atomic():
        found = my_residents(
            Acting.of(ward.adviser),
            at=timezone.now(),
            page=1,
            request_id="019a0000-0000-7000-8000-000000000000",
        )
    assert found is None
    assert events(run_sql) == [("refused", [], None)]


def test_a_record_is_one_press_from_the_list_and_opening_another_closes_it(ward: Ward) -> None:
    other = cared_for(ward, "Bello", kind="caseload")
    page = mine(ward.client)
    form = page.select_one("form.app-mine__open")
    resident = form.select_one("input[name=resident]")["value"]
    opened = ward.client.post(form["action"], {"resident": resident})
    assert ward.client.get(opened["Location"]).status_code == 200
    assert ward.open(other).status_code == 200
    assert "Open the record again" in text_of(ward.get())


def test_planning_a_discharge_is_one_press_from_who_is_admitted_now(ward: Ward) -> None:
    cared_for(ward, "Bello", kind="caseload")
    page = mine(ward.client)
    offered = [form for form in page.select("form.app-mine__open") if form.select("[name=page]")]
    assert [form.select_one("input[name=resident]")["value"] for form in offered] == [
        str(ward.resident.public_id)
    ], "who is on a caseload is not in hospital"
    asked = {"resident": str(ward.resident.public_id)}
    (button,) = offered[0].select("[name=page]")
    opened = ward.client.post(reverse("open-record"), {**asked, "page": button["value"]})
    planning = reverse("discharge-planning", args=[ward.resident.public_id])
    assert opened["Location"] == planning
    assert ward.client.get(planning).status_code == 200
    elsewhere = ward.client.post(reverse("open-record"), {**asked, "page": "https://example.org"})
    assert elsewhere["Location"] == reverse("record", args=[ward.resident.public_id])


def test_no_banner_stands_over_several_people(ward: Ward) -> None:
    cared_for(ward, "Bello", kind="caseload")
    assert mine(ward.client).select(".record-banner, .app-person") == []


def test_whoever_opts_out_while_the_list_is_read_is_not_on_it(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ward.as_login("pipeline"):
        CareRelationship.objects.filter(resident=ward.resident).update(place="Bed 1")
    decide = gate.consider_many
    assert "Bed 1" in mine(ward.client).get_text(" ")

    def opt_out_then_decide(*given: Any) -> Any:
        ward.refuse("connect-care")
        return decide(*given)

    monkeypatch.setattr(gate, "consider_many", opt_out_then_decide)
    page = mine(ward.client)
    assert names(page) == []
    assert "Bed 1" not in page.get_text(" ")


# ── Registered with a practice ──────────────────────────────────────────────────────────────

REGISTERED = "?list=registered"


@pytest.fixture
def of_practice(ward: Ward) -> Client:
    """A doctor of the practice, with whom nobody is registered yet."""
    with ward.as_login("pipeline"):
        doctor = factories.membership(at=ward.practice, as_role="doctor")
    return client_of(doctor)


def registered(ward: Ward, *families: str) -> list[Resident]:
    """These are registered with the practice, in this order."""
    with ward.as_login("pipeline"):
        made = [factories.resident(family, "Ada", nhs_number=None) for family in families]
        for each in made:
            factories.source_person(each, ward.practice)
            factories.relationship(each, ward.practice, kind="registered-practice")
    return made


def test_a_practices_patients_are_listed_by_name_a_page_at_a_time(
    ward: Ward, of_practice: Client
) -> None:
    families = [f"Name{nth:02}" for nth in range(PAGE_LENGTH + 3)]
    registered(ward, *reversed(families))
    assert "All registered patients, by name" in mine(of_practice).get_text()
    assert "Registered patients" not in mine(ward.client).get_text()
    first = mine(of_practice, REGISTERED)
    assert names(first) == [f"{each.upper()}, Ada" for each in families[:PAGE_LENGTH]]
    following = first.find("a", string="The next page")["href"]
    assert "ame" not in following, "no name in an address"
    second = mine(of_practice, following)
    assert names(second) == [f"{each.upper()}, Ada" for each in families[PAGE_LENGTH:]]
    assert second.find("a", string="The next page") is None
    assert names(mine(of_practice, second.find("a", string="The first page")["href"])) == names(
        first
    )


def test_the_list_of_the_registered_is_of_a_letter(ward: Ward, of_practice: Client) -> None:
    registered(ward, "Øster", "Zola", "Zimmer", "Abbot")
    assert names(mine(of_practice, f"{REGISTERED}&letter=z")) == ["ZIMMER, Ada", "ZOLA, Ada"]
    assert names(mine(of_practice, f"{REGISTERED}&letter=q")) == []
    for no_letter in ("%25", "zz", "Z", ""):
        assert len(names(mine(of_practice, f"{REGISTERED}&letter={no_letter}"))) == 4


def test_nobody_is_listed_as_registered_who_is_not_or_opted_out(
    ward: Ward, of_practice: Client, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    staying, left, refusing, dead = registered(ward, "Staying", "Left", "Refusing", "Dead")
    with ward.as_login("pipeline"):
        now = timezone.now()
        CareRelationship.objects.filter(resident=left).update(valid_until=now)
        Resident.objects.filter(pk=dead.pk).update(deceased=True)
        factories.choice(refusing, "connect-care", by=ward.adviser)
        worker = factories.membership(at=ward.council, as_role="social-worker")
    assert names(mine(of_practice, REGISTERED)) == ["STAYING, Ada"]
    for other in (ward.client, client_of(worker)):
        assert names(mine(other, REGISTERED)) == []
    seen = run_sql("admin").execute(
        "select residents from audit_event where reason = 'registered-residents' order by id"
    )
    assert [residents for (residents,) in seen] == [[staying.pk], [], []]


def test_the_page_after_somebody_who_is_not_of_the_list_is_its_first(
    ward: Ward, of_practice: Client
) -> None:
    registered(ward, "Abbot", "Zola")
    after = f"{REGISTERED}&after={ward.resident.public_id}"
    assert names(mine(of_practice, after)) == ["ABBOT, Ada", "ZOLA, Ada"]
    assert names(mine(of_practice, f"{REGISTERED}&after=nobody")) == ["ABBOT, Ada", "ZOLA, Ada"]


def test_the_list_of_the_registered_is_not_for_whoever_reads_no_records(ward: Ward) -> None:
    adviser = client_of(ward.adviser)
    assert adviser.get(reverse("my-residents") + REGISTERED).status_code == 403
