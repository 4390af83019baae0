"""The public list, and what administrators see: organisations, staff and roles, and no record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from organisations import actions
from organisations.models import Organisation
from tests import factories
from ui.formatting import LONDON


@pytest.fixture
def region(database, as_login) -> dict[str, Organisation]:
    with as_login("pipeline"):
        group = factories.organisation("Bexley GP Practices", kind="group")
        return {
            "group": group,
            "practice": factories.organisation(
                "Albion Surgery", kind="gp_practice", participates=False, groups=[group]
            ),
            "closed": factories.organisation(
                "Closed Surgery",
                kind="gp_practice",
                participates=False,
                groups=[group],
                state="ended",
            ),
            "council": factories.organisation("Bexley Council", kind="adult_social_care"),
            "former": factories.organisation("Former Trust", state="ended"),
        }


@pytest.fixture
def signed_in(region, as_login):
    def as_role(role: str, *, administers: Organisation | None = None) -> Client:
        with as_login("pipeline"):
            membership = factories.membership(at=region["council"], as_role=role)
            if administers is not None:
                actions.let_administer(by=None, staff=membership.staff, organisation=administers)
        client = Client()
        client.force_login(membership.staff)
        return client

    return as_role


def page_of(response) -> BeautifulSoup:
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def readings(run_sql: Any) -> list[tuple[str, dict[str, Any]]]:
    rows = run_sql("backup").execute(
        "select reason, detail from audit_event where action = 'registry-read' order by id"
    )
    return list(rows.fetchall())


def test_the_public_list_is_the_registry_of_the_day(region, as_login) -> None:
    page = page_of(Client().get(reverse("participating-organisations")))
    words = page.main.get_text(" ", strip=True)
    assert "Bexley GP Practices" in words
    assert "Bexley Council" in words
    assert "Former Trust" not in words
    details = page.select_one("details")
    assert "The 1 practice of" in details.summary.get_text(" ", strip=True)
    assert "Albion Surgery" in details.get_text()
    assert "Closed Surgery" not in words
    with as_login("pipeline"):
        region["council"].state = "suspended"
        region["council"].save()
    again = page_of(Client().get(reverse("participating-organisations")))
    assert "Bexley Council" not in again.get_text()


def test_organisations_are_listed_and_filtered(region, signed_in, run_sql) -> None:
    client = signed_in("registry-administrator")
    page = page_of(client.get(reverse("registry-organisations")))
    names = [th.get_text(strip=True) for th in page.select("tbody th")]
    assert names == [
        "Bexley Council",
        "Bexley GP Practices",
        "Former Trust",
        "Albion Surgery",
        "Closed Surgery",
    ]
    rows = {th.get_text(strip=True): th.parent.get_text(" ") for th in page.select("tbody th")}
    assert "Ended" in rows["Closed Surgery"]
    assert "In force" in rows["Albion Surgery"]
    filtered = page_of(client.get(reverse("registry-organisations"), {"name": "albion"}))
    assert [th.get_text(strip=True) for th in filtered.select("tbody th")] == ["Albion Surgery"]
    code = region["practice"].ods_code.lower()
    by_code = page_of(client.get(reverse("registry-organisations"), {"name": code}))
    assert [th.get_text(strip=True) for th in by_code.select("tbody th")] == ["Albion Surgery"]
    assert readings(run_sql) == [
        ("organisations", {"count": 5}),
        ("organisations", {"count": 1}),
        ("organisations", {"count": 1}),
    ]


def test_a_page_that_is_not_there_is_the_nearest(region, signed_in) -> None:
    client = signed_in("registry-administrator")
    for page in ("0", "-1", "99", "x", "1" * 40):
        assert client.get(reverse("registry-organisations"), {"page": page}).status_code == 200


def test_an_organisation_shows_its_teams_agreements_and_feeds(
    region, signed_in, as_login, run_sql
) -> None:
    council, group = region["council"], region["group"]
    with as_login("pipeline"):
        factories.team(council, "Duty desk", code="DUTY")
        factories.agreement(council, group)
        factories.agreement(group, council, [1, 2])
        factories.feed(council)
    client = signed_in("organisation-administrator")
    page = page_of(client.get(reverse("registry-organisation", args=[council.public_id])))
    words = page.main.get_text(" ", strip=True)
    assert "Duty desk (DUTY)" in words
    assert "Everything but: Safeguarding" in words
    assert "Appointments and referrals, Admissions, attendances and discharges" in words
    assert "Last received" in words
    assert readings(run_sql) == [("organisation", {"id": council.pk})]
    members = page_of(client.get(reverse("registry-organisation", args=[group.public_id])))
    assert "Albion Surgery" in members.main.get_text()


def test_a_registry_administrator_sees_all_staff_and_searches_by_name(
    region, signed_in, as_login, run_sql
) -> None:
    with as_login("pipeline"):
        ann = factories.staff(name="Ann Example")
        factories.membership(ann, region["practice"], "nurse")
        factories.membership(ann, region["council"], "social-worker", state="ended")
        ben = factories.staff(name="Ben Example", is_active=False)
        factories.membership(ben, region["council"], "social-worker")
    client = signed_in("registry-administrator")
    words = page_of(client.get(reverse("registry-staff"))).main.get_text(" ", strip=True)
    for part in ("Ann Example", "Albion Surgery", "Ended", "Ben Example", "Cannot sign in"):
        assert part in words
    found = page_of(client.post(reverse("registry-staff"), {"name": "ann ex"}))
    assert "Ann Example" in found.main.get_text()
    assert "Ben Example" not in found.main.get_text()
    assert readings(run_sql) == [("staff", {"count": 3}), ("staff", {"count": 1})]


def test_an_organisation_administrator_sees_the_staff_of_theirs_only(
    region, signed_in, as_login
) -> None:
    with as_login("pipeline"):
        ann = factories.staff(name="Ann Example")
        factories.membership(ann, region["council"], "social-worker")
        factories.membership(ann, region["practice"], "nurse")
        ben = factories.staff(name="Ben Example")
        factories.membership(ben, region["practice"], "nurse")
    client = signed_in("organisation-administrator", administers=region["council"])
    words = page_of(client.get(reverse("registry-staff"))).main.get_text(" ", strip=True)
    assert "Ann Example" in words
    assert "Ben Example" not in words
    assert "Albion Surgery" not in words
    searched = page_of(client.post(reverse("registry-staff"), {"name": "ben"}))
    assert "Ben Example" not in searched.main.get_text()
    nobody = signed_in("organisation-administrator")
    assert "No staff members found" in page_of(nobody.get(reverse("registry-staff"))).get_text()


def test_staff_are_shown_a_page_at_a_time_without_a_name_in_the_address(
    region, signed_in, as_login
) -> None:
    with as_login("pipeline"):
        for _ in range(30):
            factories.membership(at=region["practice"], as_role="nurse")
    client = signed_in("registry-administrator")
    first = page_of(client.post(reverse("registry-staff"), {"name": "Sam Sample"}))
    assert len(first.select("tbody tr")) == 25
    form = first.select_one("nav[aria-label=Pages] form")
    sent = {each["name"]: each["value"] for each in form.select("input")}
    assert form["method"] == "post"
    assert sent["name"] == "Sam Sample"
    second = page_of(client.post(reverse("registry-staff"), sent))
    assert len(second.select("tbody tr")) == 31 - 25


def test_the_list_says_who_takes_part_through_a_group_and_who_does_not(
    region, signed_in, as_login
) -> None:
    with as_login("pipeline"):
        alone = factories.organisation("Alone", kind="gp_practice", participates=False)
    page = page_of(signed_in("registry-administrator").get(reverse("registry-organisations")))
    said = {
        row.th.get_text(strip=True): row.select("td")[2].get_text(" ", strip=True)
        for row in page.select("tbody tr")
    }
    assert said[region["practice"].name] == "Takes part Through its group"
    assert said[alone.name] == "Takes part No"


def test_staff_of_one_organisation_through_every_page(region, signed_in, as_login) -> None:
    with as_login("pipeline"):
        for _ in range(27):
            factories.membership(at=region["practice"], as_role="nurse")
        factories.membership(at=region["former"], as_role="nurse")
    client = signed_in("registry-administrator")
    everybody = page_of(client.get(reverse("registry-staff"))).main.get_text(" ", strip=True)
    assert "29 staff members found" in everybody
    its_page = reverse("registry-organisation", args=[region["practice"].public_id])
    (link,) = page_of(client.get(its_page)).select("a[href*='staff?organisation=']")
    first = page_of(client.get(link["href"]))
    assert "27 staff members found" in first.main.get_text(" ", strip=True)
    assert first.select_one("option[selected]").get_text(strip=True) == region["practice"].name
    form = first.select_one("nav[aria-label=Pages] form")
    sent = {each["name"]: each["value"] for each in form.select("input")}
    second = page_of(client.post(reverse("registry-staff"), sent))
    assert len(second.select("tbody tr")) == 2
    # Somebody else's is not theirs to choose.
    own = signed_in("organisation-administrator", administers=region["council"])
    shown = page_of(own.get(link["href"])).main.get_text(" ", strip=True)
    assert region["practice"].name not in shown
    assert "All organisations" not in shown


def test_the_matrix_of_roles_says_yes_and_no(region, signed_in, as_login) -> None:
    with as_login("pipeline"):
        factories.role("nurse")
    page = page_of(signed_in("registry-administrator").get(reverse("registry-roles")))
    heads = [th.get_text(strip=True) for th in page.select_one("table thead").select("th")]
    assert heads == ["Part of a record", "Nurse", "Registry administrator"]
    cells = {
        row.th.get_text(strip=True): [td.get_text(strip=True) for td in row.select("td")]
        for row in page.select("tbody tr")
    }
    assert cells["Medications"] == ["Yes", "No"]
    assert cells["Safeguarding"] == ["No", "No"]
    assert cells["Manage every organisation, role and agreement"] == ["No", "Yes"]


def test_names_are_escaped(region, signed_in, as_login) -> None:
    with as_login("pipeline"):
        factories.organisation("<script>alert(1)</script> Trust")
    page = page_of(signed_in("registry-administrator").get(reverse("registry-organisations")))
    assert "<script>alert(1)</script> Trust" in page.main.get_text()
    public = page_of(Client().get(reverse("participating-organisations")))
    assert "<script>alert(1)</script> Trust" in public.main.get_text()


def test_the_last_day_is_named(region, signed_in, as_login) -> None:
    with as_login("pipeline"):
        who = factories.staff(name="Ann Example")
        factories.membership(
            who,
            region["council"],
            "nurse",
            valid_from=datetime(2024, 1, 1, tzinfo=LONDON),
            valid_until=datetime(2025, 1, 1, tzinfo=LONDON),
        )
    client = signed_in("registry-administrator")
    words = page_of(client.post(reverse("registry-staff"), {"name": "Ann"})).main.get_text(" ")
    assert "1 January 2024 to 31 December 2024" in " ".join(words.split())
    assert "Ended" in words
