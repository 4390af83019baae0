"""Who looked: whole, one line a look, no more of others than an officer may learn, and audited."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from access import looked
from access.acting import Acting
from access.look_words import because, opened
from access.looked import Form, Looks, Span
from audit import actions as audit
from audit.models import Action, Event
from identity import merging
from identity.merges import Cause
from identity.models import Resident
from organisations.models import Membership
from tests import factories


@dataclass
class Asking:
    world: Any
    as_login: Any
    officer: Membership
    client: Client
    nurse: Client

    def at(self, resident: Any = None, days: int = 30) -> Looks:
        with transaction.atomic():
            found = looked.who_looked_at(
                Acting.of(self.officer),
                (resident or self.world.resident).public_id,
                Span.of_days(days, timezone.now()),
                form=Form.TABLE,
                request_id=str(uuid4()),
            )
        assert found is not None
        return found

    def of(self, membership: Membership) -> Looks | None:
        with transaction.atomic():
            return looked.looks_of_staff(
                Acting.of(self.officer),
                membership.staff_id,
                Span.of_days(30, timezone.now()),
                form=Form.TABLE,
                request_id=str(uuid4()),
            )

    def page(self, query: str = "") -> BeautifulSoup:
        address = reverse("who-looked", args=[self.world.resident.public_id])
        response = self.client.get(address + query)
        assert response.status_code == 200
        return BeautifulSoup(response.content, "html.parser")

    def events(self) -> list[Event]:
        with self.as_login("backup"):
            return list(Event.objects.filter(action=Action.AUDIT_READ).order_by("pk"))


def read(client: Client, resident: Resident, *parts: str) -> None:
    """Open a record, and these sections of it."""
    client.post(reverse("open-record"), {"resident": str(resident.public_id)})
    assert client.get(reverse("record", args=[resident.public_id])).status_code == 200
    for part in parts:
        address = reverse("record-section", args=[resident.public_id, part])
        assert client.get(address).status_code in (200, 404)


def opened_in(looks: Looks) -> int:
    """How many of these opened the record; the officer's own readings are looks as well."""
    return sum(each.pages > 0 for each in looks.lines)


@pytest.fixture
def asking(world: Any, as_login: Any) -> Asking:
    """The privacy officer of the trust, and the ward's nurse."""
    with as_login("pipeline"):
        officer = factories.membership(at=world.trust, as_role="privacy-officer")
    client, nurse = Client(), Client()
    client.force_login(officer.staff)
    nurse.force_login(world.nurse.staff)
    return Asking(world, as_login, officer, client, nurse)


class TestAResident:
    def test_the_openings_of_one_sitting_are_one_line(self, asking: Asking) -> None:
        read(asking.nurse, asking.world.resident, "medicines", "allergies")
        (look,) = asking.at().lines
        assert (look.pages, look.nth, look.times) == (3, 1, 1)
        assert look.staff_name == asking.world.nurse.staff.name
        assert opened(look) == ("summary", "medicines", "allergies")
        assert because(look).startswith("they were admitted there, from ")

    def test_what_is_typed_into_an_address_is_not_kept(self, asking: Asking) -> None:
        read(asking.nurse, asking.world.resident, "qzcarter")
        with asking.as_login("backup"):
            kept = [str(event.detail) for event in Event.objects.filter(action=Action.OPENING)]
        assert len(kept) == 2
        assert "qzcarter" not in "".join(kept)

    def test_who_opens_a_record_again_is_counted(self, asking: Asking) -> None:
        for _ in range(3):
            read(asking.nurse, asking.world.resident)
        read(asking.nurse, asking.world.other)
        lines = asking.at().lines
        assert [(each.nth, each.times) for each in lines] == [(3, 3), (2, 3), (1, 3)]
        assert "3rd of 3 times" in asking.page().get_text()

    def test_of_other_organisations_the_role_is_told_and_of_other_councils_nothing(
        self, asking: Asking
    ) -> None:
        world = asking.world
        with asking.as_login("pipeline"):
            doctor = factories.membership(at=world.practice, as_role="doctor")
            factories.relationship(world.resident, world.practice, kind="registered-practice")
        for membership in (doctor, world.social_worker):
            client = Client()
            client.force_login(membership.staff)
            read(client, world.resident)
        (look,) = asking.at().lines
        assert (look.organisation, look.role) == ("Test practice", "Doctor")
        assert (look.staff, look.staff_name) == (None, "")
        page = asking.page().main.get_text()  # type: ignore[union-attr]  # it has one
        assert "Test practice" in page
        assert doctor.staff.name not in page
        assert "Test council" not in page

    def test_a_list_that_showed_them_and_a_refusal_are_looks_as_well(self, asking: Asking) -> None:
        world = asking.world
        audit.record(
            Action.SEARCH, residents=[world.resident.pk, world.other.pk], **world.acting.for_audit()
        )
        audit.record(
            Action.REFUSAL,
            outcome="refused",
            reason="no-relationship",
            resident_id=world.resident.pk,
            **world.acting.for_audit(),
        )
        assert {each.did[0].action for each in asking.at().lines} == {
            Action.SEARCH,
            Action.REFUSAL,
        }
        text = asking.page().get_text()
        assert "Saw them in a list of search results" in text
        assert "Asked for the record and was refused" in text

    def test_whoever_was_joined_to_them_is_the_same_person(self, asking: Asking) -> None:
        read(asking.nurse, asking.world.other)
        assert asking.at().total == 0
        with asking.as_login("pipeline"):
            merging.merge(
                survivor=asking.world.resident.pk,
                merged=asking.world.other.pk,
                cause=Cause.DUPLICATE,
            )
        assert asking.at().total == 1

    def test_only_the_time_asked_about_is_told(self, asking: Asking) -> None:
        read(asking.nurse, asking.world.resident)
        with travel(timezone.now() + timedelta(days=8)):
            assert opened_in(asking.at(days=7)) == 0
            assert opened_in(asking.at(days=30)) == 1

    def test_of_a_protected_resident_no_organisation_is_named(self, asking: Asking) -> None:
        with asking.as_login("pipeline"):
            Resident.objects.filter(pk=asking.world.resident.pk).update(protection="R")
        read(asking.nurse, asking.world.resident)
        (look,) = asking.at().lines
        assert look.organisation == "An NHS trust"

    def test_reading_it_is_an_event_that_the_next_reading_shows(self, asking: Asking) -> None:
        assert asking.at().total == 0
        (event,) = asking.events()
        assert event.resident_id == asking.world.resident.pk
        assert event.staff_id == asking.officer.staff_id
        assert event.detail["of"] == "resident"
        assert "Read who had looked at the record" in asking.page().get_text()


class TestAStaffMember:
    def test_at_whom_they_looked_and_the_event_names_all_of_them(self, asking: Asking) -> None:
        world = asking.world
        read(asking.nurse, world.resident)
        read(asking.nurse, world.other)
        found = asking.of(world.nurse)
        assert found is not None
        assert [each.resident for each in found.lines] == [world.other.pk, world.resident.pk]
        (event,) = asking.events()
        assert set(event.residents) == {world.resident.pk, world.other.pk}
        page = asking.client.get(reverse("looks-of-staff", args=[world.nurse.staff_id]))
        text = BeautifulSoup(page.content, "html.parser").get_text()
        assert "CARTER, Ruth" in text
        assert "BELLO, Ada" in text

    def test_of_another_organisation_is_not_known_and_that_is_recorded(
        self, asking: Asking
    ) -> None:
        assert asking.of(asking.world.social_worker) is None
        (event,) = asking.events()
        assert (event.outcome, event.reason) == ("refused", "not-known")

    def test_what_they_did_for_another_organisation_is_not_told(self, asking: Asking) -> None:
        world = asking.world
        with asking.as_login("pipeline"):
            both = factories.membership(world.social_worker.staff, world.trust, "nurse")
        elsewhere = Client()
        elsewhere.force_login(world.social_worker.staff)
        elsewhere.post(reverse("choose-membership"), {"membership": world.social_worker.pk})
        read(elsewhere, world.resident)
        found = asking.of(both)
        assert found is not None
        assert found.lines == ()

    def test_is_found_by_a_part_of_the_name(self, asking: Asking) -> None:
        name = asking.world.nurse.staff.name
        page = asking.client.post(reverse("looks"), {"name": name[:4]})
        assert name in page.content.decode()
        page = asking.client.post(reverse("looks"), {"name": "zzzz"})
        assert "Nobody of that name" in page.content.decode()


class TestPages:
    def test_a_timeline_has_days_and_the_clock(self, asking: Asking) -> None:
        read(asking.nurse, asking.world.resident, "medicines")
        page = asking.page("?show=timeline")
        assert page.select("ol.app-looks li")
        assert "Opened the summary and medicines" in page.get_text()

    def test_a_file_holds_no_formula_and_its_event_says_file(self, asking: Asking) -> None:
        audit.record(
            Action.OPENING,
            reason="relationship",
            resident_id=asking.world.resident.pk,
            look=uuid4(),
            **(asking.world.acting.for_audit() | {"staff_name": '=HYPERLINK("https://x.example")'}),
        )
        address = reverse("who-looked-file", args=[asking.world.resident.public_id])
        response = asking.client.get(address)
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert str(asking.world.resident.public_id) not in response["Content-Disposition"]
        rows = list(csv.reader(StringIO(response.content.decode("utf-8-sig"))))
        assert rows[0][2] == "Who"
        assert rows[1][2].startswith("'=HYPERLINK")
        assert rows[1][4] == "CARTER, Ruth"
        assert [event.reason for event in asking.events()] == ["file"]

    def test_fifty_lines_a_page(self, asking: Asking) -> None:
        for _ in range(51):
            audit.record(
                Action.OPENING,
                reason="relationship",
                resident_id=asking.world.resident.pk,
                look=uuid4(),
                **asking.world.acting.for_audit(),
            )
        assert len(asking.page().select("tbody tr")) == 50
        assert len(asking.page("?page=2").select("tbody tr")) >= 1

    def test_nobody_else_reads_it_and_the_gate_asks_itself(self, asking: Asking) -> None:
        address = reverse("who-looked", args=[asking.world.resident.public_id])
        assert asking.nurse.get(address).status_code == 403
        with transaction.atomic():
            found = looked.who_looked_at(
                asking.world.acting,
                asking.world.resident.public_id,
                Span.of_days(30, timezone.now()),
                form=Form.TABLE,
                request_id=str(uuid4()),
            )
        assert found is None
        assert [event.reason for event in asking.events()] == ["activity-not-in-role"]

    def test_a_resident_who_is_not_there_is_not_found(self, asking: Asking) -> None:
        assert asking.client.get(reverse("who-looked", args=[UUID(int=1)])).status_code == 404
