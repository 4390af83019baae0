"""Lawful disclosures as officers walk them through the pages, and what recipients are shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import disclosure_notices, disclosures, forms_disclosures
from access.acting import Acting
from access.lawful import DisclosureNotice, LawfulDisclosure
from organisations.models import Membership
from tests import factories
from tests.access.disclosing import WORDS, disclose, propose, reads
from tests.access.test_gate import opt_out
from tests.conftest import AsLogin

NAMED, OTHER = "Diagnosis from Test practice", "Allergy from Test practice"


def words_of(response: Any) -> str:
    return " ".join(BeautifulSoup(response.content, "html.parser").get_text(" ").split())


@dataclass
class Office:
    world: Any
    as_login: AsLogin
    first: Client
    second: Client
    officers: tuple[Acting, Acting]
    nurse: Membership

    def propose(self, client: Client, **changed: Any) -> Any:
        """The last page's form, as the browser sends it."""
        until = timezone.localdate() + timedelta(days=7)
        given = {
            "step": "check",
            "recipients": [str(self.nurse.pk)],
            "submission": str(uuid4()),
            "ground": "court-order",
            "words": WORDS,
            "categories": ["3"],
            "until-day": str(until.day),
            "until-month": str(until.month),
            "until-year": str(until.year),
            "password": factories.PASSWORD,
            **changed,
        }
        return client.post(self.address, given, follow=True)

    @property
    def address(self) -> str:
        return reverse("propose-disclosure", args=[self.world.resident.public_id])

    def made(self) -> LawfulDisclosure:
        with self.as_login("pipeline"):
            return LawfulDisclosure.objects.order_by("-pk")[0]


def signed_in(name: str) -> Client:
    client = Client()
    client.post("/sign-in", {"username": name, "password": factories.PASSWORD})
    return client


@pytest.fixture
def office(world: Any, as_login: AsLogin) -> Office:
    """Two privacy officers of the trust, and a nurse of another ward."""
    with as_login("pipeline"):
        officers = []
        for name in ("anita", "ben"):
            who = factories.staff(
                name, name.title(), password=factories.PASSWORD, email=f"{name}@trust.example"
            )
            officers.append(factories.membership(who, world.trust, "privacy-officer"))
        nurse = factories.membership(
            factories.staff("ola", "Ola Oak", password=factories.PASSWORD),
            world.trust,
            "nurse",
            in_team=factories.team(world.trust, "Oak ward"),
        )
    acting = tuple(Acting.of(each) for each in officers)
    return Office(world, as_login, signed_in("anita"), signed_in("ben"), acting, nurse)


@pytest.fixture
def at_night(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (disclosures, forms_disclosures):
        monkeypatch.setattr(module, "is_out_of_hours", lambda at: True)


@pytest.fixture
def by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (disclosures, forms_disclosures):
        monkeypatch.setattr(module, "is_out_of_hours", lambda at: False)


def test_from_finding_the_resident_to_the_open_record(office: Office, by_day: None) -> None:
    with office.as_login("pipeline"):
        opt_out(office.world)
        number = office.world.resident.nhs_numbers.get().number
    found = office.first.post(reverse("find-resident"), {"nhs_number": number})
    assert office.address in found.content.decode()
    asked = office.first.get(office.address)
    assert "Who needs to see this person’s record?" in words_of(asked)
    searched = office.first.post(office.address, {"step": "who", "name": "ola", "search": "yes"})
    assert "Ola Oak, Nurse, Oak ward" in words_of(searched)
    chosen = {"step": "who", "recipients": [str(office.nurse.pk)], "go": "on"}
    what = office.first.post(office.address, chosen)
    assert "What is disclosed, and why?" in words_of(what)
    assert "Open it at once" not in words_of(what), "in office hours there is a second officer"
    check = office.propose(office.first, step="what")
    said = words_of(check)
    for words in ("Check what you propose", WORDS, "Ola Oak", "Court order", "Diagnoses"):
        assert words in said
    proposed = office.propose(office.first)
    assert "Waits for a second officer" in words_of(proposed)
    assert "You proposed this." in words_of(proposed)
    address = reverse("disclosure", args=[office.made().public_id])

    nurse = signed_in("ola")
    resident = {"resident": str(office.world.resident.public_id)}
    assert nurse.post(reverse("open-record"), resident, follow=True).status_code == 403

    read = words_of(office.second.get(address))
    for words in (WORDS, "Ola Oak, Nurse, Oak ward", "Anita", "Confirm the disclosure"):
        assert words in read
    confirmed = office.second.post(
        address, {"do": "confirm", "password": factories.PASSWORD}, follow=True
    )
    assert "In force" in words_of(confirmed)

    record = nurse.post(reverse("open-record"), resident, follow=True)
    assert record.status_code == 200
    shown = words_of(record)
    assert "Opened by lawful disclosure until" in shown
    assert NAMED in shown
    assert OTHER not in shown
    assert "The lawful disclosure to you does not include allergies" in shown
    assert "Not disclosed" in shown

    ended = office.first.post(address, {"do": "end", "words": "No longer needed."}, follow=True)
    assert "Ended" in words_of(ended)
    again = nurse.post(reverse("open-record"), resident, follow=True)
    assert again.status_code == 403
    assert NAMED not in words_of(again)


def test_both_lists_show_the_officers_what_there_is(office: Office) -> None:
    disclosure = disclose(office.world, office.officers, office.nurse)
    lists = reverse("disclosures")
    listed = words_of(office.first.get(lists))
    for words in ("In force", "Ola Oak", "Court order", "CARTER, Ruth"):
        assert words in listed
    assert "No disclosure is over yet." in words_of(office.first.get(lists + "?show=over"))
    office.first.post(
        reverse("disclosure", args=[disclosure]), {"do": "end", "words": "No longer needed."}
    )
    assert "No disclosure waits or is in force." in words_of(office.first.get(lists))
    assert "Ended" in words_of(office.first.get(lists + "?show=over"))


def test_the_second_officer_gives_their_password(office: Office) -> None:
    _, disclosure = propose(office.world, office.officers[0], office.nurse)
    address = reverse("disclosure", args=[disclosure])
    wrong = office.second.post(address, {"do": "confirm", "password": "not this one"})
    assert "Check your password" in words_of(wrong)
    assert office.made().confirmed_at is None


def test_one_officer_is_told_that_they_are_not_two(office: Office) -> None:
    _, disclosure = propose(office.world, office.officers[0], office.nurse)
    address = reverse("disclosure", args=[disclosure])
    assert "Confirm the disclosure" not in words_of(office.first.get(address))
    forced = office.first.post(address, {"do": "confirm", "password": factories.PASSWORD})
    assert "You proposed this. Somebody else must confirm it" in words_of(forced)
    assert office.made().confirmed_at is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"recipients": []}, "Who needs to see this person’s record?"),
        ({"recipients": ["999999"]}, "Who needs to see this person’s record?"),
        ({"ground": ""}, "Select the legal ground"),
        ({"words": "short"}, "in 10 characters or more"),
        ({"categories": []}, "Select at least one part of the record"),
        ({"until-year": "2999"}, "or earlier"),
        ({"until-year": "2020"}, "must be today or later"),
        ({"password": "not this one"}, "Check your password"),
    ],
)
def test_what_is_wanting_is_said_and_nothing_is_proposed(
    office: Office, by_day: None, changed: dict[str, Any], said: str
) -> None:
    assert said in words_of(office.propose(office.first, **changed))
    with office.as_login("pipeline"):
        assert not LawfulDisclosure.objects.exists()


def test_what_was_given_can_be_changed_before_it_is_proposed(office: Office) -> None:
    assert "What is disclosed" in words_of(office.propose(office.first, go="what"))
    back = office.propose(office.first, go="who")
    assert "Ola Oak, Nurse, Oak ward" in words_of(back)
    with office.as_login("pipeline"):
        assert not LawfulDisclosure.objects.exists()


def test_out_of_hours_one_officer_opens_what_cannot_wait(office: Office, at_night: None) -> None:
    refused = office.propose(office.first, on_call="yes")
    assert "Only vital interests or safeguarding may open it" in words_of(refused)
    opened = office.propose(office.first, on_call="yes", ground="safeguarding")
    assert "Open, to be confirmed" in words_of(opened)
    assert isinstance(reads(office.world, office.nurse), set)


def test_in_office_hours_nobody_acts_alone(office: Office, by_day: None) -> None:
    office.propose(office.first, on_call="yes", ground="safeguarding")
    assert office.made().confirm_by is None
    assert not isinstance(reads(office.world, office.nurse), set)


def test_sent_twice_it_is_one(office: Office) -> None:
    form = str(uuid4())
    first = office.propose(office.first, submission=form)
    second = office.propose(office.first, submission=form)
    assert first.redirect_chain == second.redirect_chain
    with office.as_login("pipeline"):
        assert LawfulDisclosure.objects.count() == 1


class TestNotice:
    def test_tells_the_other_officers_and_names_nobody(self, office: Office) -> None:
        propose(office.world, office.officers[0], office.nurse)
        made = office.made()
        with office.as_login("pipeline"):
            assert disclosure_notices.to_send() == [made.pk]
            assert disclosure_notices.notify(made.pk)
            assert not disclosure_notices.notify(made.pk)
            assert disclosure_notices.to_send() == []
        (message,) = mail.outbox
        assert message.to == ["ben@trust.example"]
        text = f"{message.subject} {message.body}"
        assert made.reference in text
        assert reverse("disclosure", args=[made.public_id]) in text
        for secret in ("Carter", "Ruth", "Ola", "Anita", "court", str(office.world.resident.pk)):
            assert secret not in text

    def test_waits_where_nobody_has_an_address(
        self, office: Office, caplog: pytest.LogCaptureFixture
    ) -> None:
        propose(office.world, office.officers[0], office.nurse)
        with office.as_login("pipeline"):
            Membership.objects.filter(pk=office.officers[1].membership_id).update(state="ended")
            assert not disclosure_notices.notify(office.made().pk)
            assert DisclosureNotice.objects.filter(notified__isnull=True).exists()
        assert "no other privacy officer" in caplog.text

    def test_is_nudged_after_the_commit(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[int] = []
        monkeypatch.setattr("access.tasks.notify_of_disclosure.delay", told.append)
        office.propose(office.first)
        assert told == [office.made().pk]


def test_a_medical_examiner_is_told_why_they_may(
    world: Any, as_login: AsLogin, settings: Any
) -> None:
    with as_login("pipeline"):
        who = factories.staff("mel", "Mel Examiner", password=factories.PASSWORD)
        factories.membership(who, world.trust, "medical-examiner")
        world.resident.deceased = True
        world.resident.deceased_on = timezone.localdate() - timedelta(days=60)
        world.resident.save(update_fields=["deceased", "deceased_on"])
    resident = {"resident": str(world.resident.public_id)}
    record = signed_in("mel").post(reverse("open-record"), resident, follow=True)
    assert "Opened after the death of this person." in words_of(record)
    nurse = Client()
    nurse.force_login(world.nurse.staff)
    closed = nurse.post(reverse("open-record"), resident, follow=True)
    assert closed.status_code == 403
    assert "medical examiner" in words_of(closed)
    assert "Diagnosis" not in words_of(closed)
