"""A subject access request from the check of who asks to the pack that is fetched once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from bs4 import BeautifulSoup
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Action, Event
from fhir.resources.R4B.bundle import Bundle
from identity.models import Resident, ResidentNhsNumber, ResidentPlace
from organisations.categories import Category
from organisations.models import Membership
from subject_access import packing
from subject_access.models import Part, Request, State
from tests import factories
from tests.access.conftest import world
from tests.access.test_looked import read
from tests.consent.letter_desk import words_of

__all__ = ["world"]

WORDS = "Their social worker advised: it would tell where she lives"


@dataclass
class Asking:
    world: Any
    as_login: Any
    officer: Membership
    client: Client

    def begin(self, **changed: str) -> Any:
        with self.as_login("pipeline"):
            ruth = Resident.objects.get(pk=self.world.resident.pk)
            rows = ResidentNhsNumber.objects.filter(resident=ruth)
            numbers = list(rows.values_list("number", flat=True))
        assert ruth.birth_date is not None
        today = timezone.localdate()
        given = {
            "family_name": "Carter",
            "given_name": "Ruth",
            "birth_date-day": str(ruth.birth_date.day),
            "birth_date-month": str(ruth.birth_date.month),
            "birth_date-year": str(ruth.birth_date.year),
            "nhs_number": numbers[0],
            "received-day": str(today.day),
            "received-month": str(today.month),
            "received-year": str(today.year),
            **changed,
        }
        return self.client.post(
            reverse("begin-subject-access", args=[self.world.resident.public_id]), given
        )

    def begun(self) -> Request:
        answer = self.begin()
        assert answer.status_code == 302, answer.content.decode()
        return self.row()

    def row(self) -> Request:
        with self.as_login("pipeline"):
            return Request.objects.latest("pk")

    def works(self) -> State | None:
        """The worker does what the row asks for."""
        with self.as_login("pipeline"):
            return packing.prepare(self.row().pk)

    def parts(self) -> list[Part]:
        with self.as_login("pipeline"):
            return list(Part.objects.select_related("source").order_by("pk"))

    def decide(self, request: Request, part: Part, decision: str, whole: str = "part") -> Any:
        return self.client.post(
            reverse("decide-subject-access", args=[request.public_id, part.pk]),
            {"decision": decision, "whole": whole, "words": WORDS},
        )

    def page(self, request: Request) -> str:
        answer = self.client.get(reverse("subject-access", args=[request.public_id]))
        assert answer.status_code == 200
        main = BeautifulSoup(answer.content, "html.parser").main
        assert main is not None
        return " ".join(main.get_text(" ").split())

    def fetch(self, request: Request) -> Any:
        return self.client.post(reverse("fetch-subject-access", args=[request.public_id]))

    def events(self) -> list[str]:
        with self.as_login("backup"):
            found = Event.objects.filter(action=Action.SUBJECT_ACCESS, outcome="done")
            return list(found.order_by("pk").values_list("reason", flat=True))


@pytest.fixture
def asking(world: Any, as_login: Any) -> Asking:
    with as_login("pipeline"):
        officer = factories.membership(at=world.trust, as_role="privacy-officer")
        ResidentPlace.objects.filter(resident=world.resident).update(
            address_lines=["7 Elm Row"], postcode="SE13 6LH"
        )
    client = Client()
    client.force_login(officer.staff)
    return Asking(world, as_login, officer, client)


def all_decided(asking: Asking, request: Request) -> None:
    """Safeguarding is left out, and everything else handed out."""
    for part in asking.parts():
        if part.aside:
            out = part.category == Category.SAFEGUARDING
            asking.decide(request, part, "leave-out" if out else "include")


def test_from_the_check_to_the_pack_that_is_fetched_once(asking: Asking) -> None:
    nurse = Client()
    nurse.force_login(asking.world.nurse.staff)
    read(nurse, asking.world.resident, "medicines")
    with asking.as_login("pipeline"):
        # What they chose, and how they are protected, keeps nothing from themselves.
        factories.choice(asking.world.resident)
        Resident.objects.filter(pk=asking.world.resident.pk).update(protection="R")
    request = asking.begun()
    assert "Being gathered" in asking.page(request)
    assert asking.works() is State.REVIEW
    waiting = asking.page(request)
    assert "Decide about these first" in waiting
    assert "Connect Care has it no more" not in waiting, "it was never there to be fetched"
    assert "Safeguarding" in waiting
    assert "Test council" not in waiting, "an officer reads no place of who is protected"
    assert "Concern from" not in waiting
    assert asking.fetch(request).status_code == 404, "nothing before it was reviewed"
    all_decided(asking, request)
    assert asking.row().state == State.MAKING
    assert asking.works() is State.READY
    assert "It can be fetched once" in asking.page(request)

    pack = asking.fetch(request)
    assert pack["Content-Type"] == "application/zip"
    assert "no-store" in pack["Cache-Control"]
    with ZipFile(BytesIO(pack.content)) as files:
        by_name = {name: files.read(name) for name in files.namelist()}
    assert len(by_name) == 3
    words = " ".join(words_of(by_name[f"{request.reference}.pdf"]).split())
    for there in (
        "Diagnosis from Test practice",
        "Sensitive from Test council",
        "7 Elm Row",
        "opened your summary and medicines",
        "Refuses",
    ):
        assert there in words, there
    assert "Concern from" not in words, "what was left out"
    assert "whether or not anything was left out" in words
    bundle = json.loads(by_name[f"{request.reference}.fhir.json"])
    Bundle.model_validate(bundle)
    kinds = [each["resource"]["resourceType"] for each in bundle["entry"]]
    assert {"Patient", "Consent", "AuditEvent"} <= set(kinds)
    assert "Concern from" not in json.dumps(bundle)

    assert asking.fetch(request).status_code == 404
    assert "Connect Care has it no more" in asking.page(request)
    assert asking.row().pack is None
    reasons = [each for each in asking.events() if each != "read"]
    assert reasons[:2] == ["begun", "gathered"]
    assert reasons[-2:] == ["made", "fetched"]


def test_it_lies_sealed_until_then(asking: Asking, run_sql: Any) -> None:
    request = asking.begun()
    asking.works()
    all_decided(asking, request)
    asking.works()
    (kept,) = run_sql("admin").execute("select pack from subject_access_request").fetchone()
    assert kept is not None
    assert b"PK\x03\x04" not in bytes(kept)
    assert request.reference.encode() not in bytes(kept)
    for table in ("subject_access_request", "subject_access_part"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"select * from {table}")


def test_nobody_begins_one_without_the_check(asking: Asking) -> None:
    answer = asking.begin(family_name="Carver")
    assert "do not all match what we hold" in answer.content.decode()
    with asking.as_login("pipeline"):
        assert not Request.objects.exists()


def test_it_is_their_organisations_alone(asking: Asking) -> None:
    request = asking.begun()
    asking.works()
    with asking.as_login("pipeline"):
        other = factories.membership(at=asking.world.practice, as_role="privacy-officer")
    stranger = Client()
    stranger.force_login(other.staff)
    for name, arguments in (
        ("subject-access", [request.public_id]),
        ("extend-subject-access", [request.public_id]),
        ("decide-subject-access", [request.public_id, asking.parts()[0].pk]),
    ):
        assert stranger.get(reverse(name, args=arguments)).status_code == 404
    assert request.reference not in stranger.get(reverse("subject-accesses")).content.decode()
    assert request.reference in asking.client.get(reverse("subject-accesses")).content.decode()


def test_a_source_is_decided_at_once_for_one_cause(asking: Asking) -> None:
    request = asking.begun()
    asking.works()
    aside = [part for part in asking.parts() if part.aside]
    first = aside[0]
    alike = {p.pk for p in aside if (p.source_id, p.aside) == (first.source_id, first.aside)}
    assert len(alike) > 1
    asking.decide(request, first, "leave-out", whole="source")
    assert {part.pk for part in asking.parts() if part.decision} == alike
    assert asking.decide(request, first, "include").status_code == 404, "it is decided"


def test_the_clock_is_extended_once_with_a_reason(asking: Asking) -> None:
    request = asking.begun()
    address = reverse("extend-subject-access", args=[request.public_id])
    assert asking.client.post(address, {"words": ""}).status_code == 200
    assert asking.client.post(address, {"words": "Records of nine sources"}).status_code == 302
    extended = asking.row()
    assert extended.due > request.due + timedelta(days=50)
    again = asking.client.post(address, {"words": "And there is even more"})
    assert "It can be extended once" in again.content.decode()


def test_a_pack_that_nobody_fetches_is_gone(asking: Asking) -> None:
    request = asking.begun()
    asking.works()
    all_decided(asking, request)
    asking.works()
    with asking.as_login("pipeline"):
        assert packing.expire() == 0
        assert packing.expire(timezone.now() + packing.KEPT_FOR + timedelta(minutes=1)) == 1
    assert asking.row().state == State.EXPIRED
    assert asking.fetch(request).status_code == 404
    assert "Nobody fetched it in time" in asking.page(request)


def test_what_is_of_another_person_perhaps_is_set_aside(asking: Asking) -> None:
    with asking.as_login("pipeline"):
        known = factories.source_person(
            asking.world.resident, asking.world.practice, link="in-doubt"
        )
        factories.entry(known, Category.MEDICATIONS, "Somebody's tablets")
    asking.begun()
    asking.works()
    (doubted,) = [part for part in asking.parts() if not part.certain]
    assert (doubted.aside, doubted.category) == ("not-certain", Category.MEDICATIONS)


def test_a_task_is_given_an_id_and_twice_does_nothing_more(asking: Asking) -> None:
    request = asking.begun()
    assert asking.works() is State.REVIEW
    before = [part.pk for part in asking.parts()]
    assert asking.works() is State.REVIEW
    assert [part.pk for part in asking.parts()] == before
    with asking.as_login("pipeline"):
        assert request.pk not in packing.to_do()
