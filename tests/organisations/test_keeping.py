"""What administrators keep of an organisation: of their own, and of no other."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from access.acting import Acting
from organisations import actions, keeping, staffing
from organisations.models import Contact, Membership, RegistryChange, Site, StaffMember, Team
from organisations.staffing import Joiner
from tests import factories

WHY = {"why": "The ward has moved", "request_id": str(uuid4())}
TELEPHONES = {"phone": "020 7946 0000", "duty": "", "out_of_hours": "020 7946 0111"}
CONTACT = {
    "kind": "records",
    "name": "Records desk",
    "phone": "020 7946 0222",
    "email": "records@mine.example",
}
SITE = {"code": "rj224", "name": "Lewisham hospital", "postcode": "se13 6lh", "over": False}
TEAM = {
    "code": "CEDAR",
    "name": "Cedar ward",
    "phone": "",
    "site": None,
    "whole_site": False,
    "over": False,
}


@pytest.fixture
def desk(database, as_login) -> SimpleNamespace:
    """Two organisations with an administrator each, and one of the registry."""
    with as_login("pipeline"):
        mine, other = factories.organisation("Mine"), factories.organisation("Other")
        found = SimpleNamespace(mine=mine, other=other)
        for name, at, role in (
            ("admin", mine, "organisation-administrator"),
            ("second", mine, "organisation-administrator"),
            ("stranger", other, "organisation-administrator"),
            ("registry", other, "registry-administrator"),
        ):
            held = factories.membership(at=at, as_role=role)
            setattr(found, name, Acting.of(held))
            if role == "organisation-administrator":
                actions.let_administer(by=None, staff=held.staff, organisation=at)
        factories.role("nurse")
    return found


def client_of(who: Acting) -> Client:
    client = Client()
    client.force_login(StaffMember.objects.get(pk=who.staff_id))
    return client


def words_of(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return " ".join(BeautifulSoup(response.content, "html.parser").main.get_text(" ").split())


def test_ones_own_organisation_is_kept_with_who_and_why(desk) -> None:
    mine = desk.mine
    assert keeping.keep_telephones(desk.admin, mine, **TELEPHONES, **WHY) == "kept"
    assert keeping.keep_contact(desk.admin, mine, None, **CONTACT, **WHY) == "kept"
    assert keeping.keep_site(desk.admin, mine, None, **SITE, **WHY) == "kept"
    site = Site.objects.get(organisation=mine)
    assert (site.code, site.postcode) == ("RJ224", "SE13 6LH")
    placed = {**TEAM, "site": site.pk}
    assert keeping.keep_team(desk.admin, mine, None, **placed, **WHY) == "kept"
    team = Team.objects.current().get(organisation=mine)
    assert (team.code, team.site) == ("CEDAR", site)
    mine.refresh_from_db()
    assert (mine.phone, mine.out_of_hours_phone) == ("020 7946 0000", "020 7946 0111")
    for what in ("organisation", "contact", "site", "team"):
        kept = RegistryChange.objects.filter(what=what, organisation_id=mine.pk).latest("pk")
        assert (kept.staff_id, kept.why) == (desk.admin.staff_id, WHY["why"]), what


@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_of_another_organisation_nothing_is_kept(desk, as_login, who: str) -> None:
    with as_login("pipeline"):
        # A nurse who was given the object permission by mistake acts in no role that manages.
        nurse = factories.membership(at=desk.mine, as_role="nurse")
        actions.let_administer(by=None, staff=nurse.staff, organisation=desk.mine)
        team, site = factories.team(desk.mine), None
        contact = Contact.objects
    by = desk.stranger if who == "stranger" else Acting.of(nurse)
    before = RegistryChange.objects.count()
    answers = {
        keeping.keep_telephones(by, desk.mine, **TELEPHONES, **WHY),
        keeping.keep_contact(by, desk.mine, None, **CONTACT, **WHY),
        keeping.keep_site(by, desk.mine, site, **SITE, **WHY),
        keeping.keep_team(by, desk.mine, None, **TEAM, **WHY),
        keeping.keep_team(by, desk.mine, team, **{**TEAM, "over": True}, **WHY),
    }
    assert answers == {"not-allowed"}
    assert RegistryChange.objects.count() == before
    assert not contact.exists()


def test_rows_of_another_organisation_are_not_reached_through_ones_own(desk, as_login) -> None:
    with as_login("pipeline"):
        theirs = factories.team(desk.other, "Their team")
    keeping.keep_site(desk.stranger, desk.other, None, **SITE, **WHY)
    keeping.keep_contact(desk.stranger, desk.other, None, **CONTACT, **WHY)
    site, contact = Site.objects.get(), Contact.objects.get()
    answers = [
        keeping.keep_team(desk.admin, desk.mine, theirs, **TEAM, **WHY),
        keeping.keep_site(desk.admin, desk.mine, site, **SITE, **WHY),
        keeping.keep_contact(desk.admin, desk.mine, contact, **CONTACT, **WHY),
        keeping.keep_team(desk.admin, desk.mine, None, **{**TEAM, "site": site.pk}, **WHY),
    ]
    assert answers == ["not-known", "not-known", "not-known", "site-not-known"]


def test_what_cannot_be_is_refused_in_words(desk, as_login) -> None:
    keep_team, admin, mine = keeping.keep_team, desk.admin, desk.mine
    keep_team(admin, mine, None, **TEAM, **WHY)
    ward = Team.objects.get(organisation=mine)
    with as_login("pipeline"):
        held = factories.membership(at=mine, in_team=ward)
    whole = {**TEAM, "whole_site": True}
    answers = [
        keep_team(admin, mine, None, **TEAM, **WHY),
        keep_team(admin, mine, None, **{**TEAM, "name": " "}, **WHY),
        keep_team(admin, mine, None, **{**TEAM, "code": ""}, **WHY),
        # It would let everybody of the team into every admission there.
        keep_team(admin, mine, ward, **whole, **WHY),
        # A ward does not lose its access at once.
        keep_team(admin, mine, ward, **{**TEAM, "over": True}, **WHY),
        keep_team(admin, mine, ward, **TEAM, **{**WHY, "why": " "}),
    ]
    assert answers == [
        "there-already",
        "name-missing",
        "code-missing",
        "whole-site-not-yours",
        "in-use",
        "why-missing",
    ]
    assert set(answers) <= set(keeping.REFUSALS)
    assert keep_team(desk.registry, mine, ward, **whole, **WHY) == "kept"
    # What is so already stays so, by whoever changes the rest.
    assert keep_team(admin, mine, ward, **{**whole, "phone": "1"}, **WHY) == "kept"
    with as_login("pipeline"):
        Membership.objects.filter(pk=held.pk).update(state="ended")
    assert keep_team(admin, mine, ward, **{**TEAM, "over": True}, **WHY) == "kept"
    assert not Team.objects.current().filter(pk=ward.pk).exists()
    assert keep_team(admin, mine, ward, **TEAM, **WHY) == "kept"
    assert Team.objects.current().filter(pk=ward.pk).exists()
    nowhere = {**CONTACT, "phone": "", "email": ""}
    assert keeping.keep_contact(admin, mine, None, **nowhere, **WHY) == "not-reached"
    keeping.keep_contact(admin, mine, None, **CONTACT, **WHY)
    assert keeping.keep_contact(admin, mine, None, **CONTACT, **WHY) == "there-already"
    contact = Contact.objects.get()
    assert keeping.keep_contact(admin, mine, contact, **nowhere, **WHY) == "kept"
    assert not Contact.objects.exists()


def both(as_login: Any, first: Callable[[], str], second: Callable[[], str]) -> list[str]:
    """What two people are answered who ask at once, each on a connection of their own."""
    ready, answers = Barrier(2), []

    def ask(one: Callable[[], str]) -> None:
        with as_login("web"):
            connection.ensure_connection()
            ready.wait()
            answers.append(one())
        connections.close_all()

    threads = [Thread(target=ask, args=[one]) for one in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


def test_of_two_who_add_the_same_at_once_the_second_is_told(desk, as_login) -> None:
    def joins(by: Acting) -> str:
        joiner = Joiner(username="ann", role="nurse", name="Ann Example")
        return staffing.give_role(by, desk.mine.public_id, joiner, **WHY).outcome

    def adds_team(by: Acting) -> str:
        return keeping.keep_team(by, desk.mine, None, **TEAM, **WHY)

    one, two = desk.admin, desk.second
    assert both(as_login, lambda: joins(one), lambda: joins(two)) == ["added", "held-already"]
    assert both(as_login, lambda: adds_team(one), lambda: adds_team(two)) == [
        "kept",
        "there-already",
    ]
    assert Membership.objects.filter(staff__username="ann").count() == 1


def test_the_pages_of_ones_own_organisation(desk) -> None:
    client, place = client_of(desk.admin), [desk.mine.public_id]
    own = reverse("registry-organisation", args=place)
    assert "Nobody is named" in words_of(client.get(own))
    wrong = client.post(reverse("registry-add-contact", args=place), {**CONTACT, "why": ""})
    assert "There is a problem" in words_of(wrong)
    for name, sent in (
        ("registry-telephones", TELEPHONES),
        ("registry-add-contact", CONTACT),
        ("registry-add-site", {**SITE, "over": ""}),
    ):
        done = client.post(reverse(name, args=place), {**sent, "why": WHY["why"]})
        assert (done.status_code, done["Location"]) == (303, own), name
    site = Site.objects.get()
    adding = reverse("registry-add-team", args=place)
    assert "serves the whole organisation" not in words_of(client.get(adding))
    sent = {"code": "CEDAR", "name": "Cedar ward", "site": str(site.pk), "why": WHY["why"]}
    # What the page does not offer is not taken from it.
    client.post(adding, {**sent, "whole_site": "yes"})
    team = Team.objects.get()
    assert (team.site, team.serves_whole_site) == (site, False)
    again = words_of(client.post(adding, sent))
    assert "It is there already" in again
    shown = words_of(client.get(own))
    for said in ("Records desk", "020 7946 0111", "Lewisham hospital", "Cedar ward (CEDAR)"):
        assert said in shown
    changed = reverse("registry-team", args=[*place, team.pk])
    assert "Cedar ward" in words_of(client.get(changed))
    client.post(changed, {"name": "Cedar ward", "over": "yes", "why": WHY["why"]})
    assert not Team.objects.current().exists()


def test_the_pages_of_anothers_organisation_are_not_there(desk, as_login) -> None:
    with as_login("pipeline"):
        team = factories.team(desk.mine)
    client, place = client_of(desk.stranger), [desk.mine.public_id]
    shown = words_of(client.get(reverse("registry-organisation", args=place)))
    assert "Add a team" not in shown
    assert "Change" not in shown
    for name in ("telephones", "add-contact", "add-site", "add-team"):
        assert client.get(reverse(f"registry-{name}", args=place)).status_code == 404
    assert client.get(reverse("registry-team", args=[*place, team.pk])).status_code == 404
    # Nor a row of another's under one's own address.
    own = [desk.other.public_id, team.pk]
    assert client.get(reverse("registry-team", args=own)).status_code == 404
    everywhere = client_of(desk.registry)
    assert everywhere.get(reverse("registry-team", args=[*place, team.pk])).status_code == 200
