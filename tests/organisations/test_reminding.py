"""Reminders go to who administers, at 60, 30 and 7 days, once each, and name nobody."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from organisations import reminding
from organisations.recertifying import longest
from tests import factories
from ui.formatting import LONDON

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("left", "expected"),
    [(61, None), (60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (1, 7), (0, 0), (-5, 0)],
)
def test_which_reminder_is_due(left: int, expected: int | None) -> None:
    assert reminding.stage(TODAY + timedelta(days=left), TODAY) == expected


@pytest.fixture
def office(database, as_login) -> SimpleNamespace:
    """An organisation with an administrator and a nurse, and an administrator of the registry."""
    with as_login("pipeline"):
        trust = factories.organisation("Trust")
        found = SimpleNamespace(trust=trust, elsewhere=factories.organisation("Elsewhere"))
        for name, at, role in (
            ("admin", trust, "organisation-administrator"),
            ("board", found.elsewhere, "registry-administrator"),
        ):
            staff = factories.staff(name, email=f"{name}@trust.example")
            factories.membership(staff, at, role)
        nurse = factories.staff("nia", "Nia Nurse", email="nia@trust.example")
        found.nurse = factories.membership(nurse, trust)
        found.agreed = factories.agreement(found.elsewhere, trust, [1])
    return found


def remind(as_login: Any) -> list[tuple[str, list[str]]]:
    """What goes out now: subject and to whom."""
    before = len(mail.outbox)
    with as_login("pipeline"):
        reminding.remind()
    return [(each.subject, each.to) for each in mail.outbox[before:]]


def at(day: date) -> Any:
    return time_machine.travel(datetime(day.year, day.month, day.day, 9, tzinfo=LONDON), tick=False)


def test_roles_to_confirm_are_told_of_three_times_and_when_they_end(office, as_login) -> None:
    with as_login("pipeline"):
        office.nurse.certified_at = timezone.now()
        office.nurse.save()
    ends = timezone.localdate(office.nurse.certified_at + longest())
    told = []
    for left in (70, 60, 59, 30, 29, 7, 6, -1, -2):
        with at(ends - timedelta(days=left)):
            told.append((left, remind(as_login)))
    # The others were made at the same moment, and are told of with it.
    mine = [("Roles to confirm in Connect Care", ["admin@trust.example"])]
    sent = {
        left: [each for each in out if each[1] != ["board@trust.example"]] for left, out in told
    }
    assert {left: out for left, out in sent.items() if out} == dict.fromkeys((60, 30, 7, -1), mine)
    for message in mail.outbox:
        for private in ("Nia", "nia", "Nurse", "Trust"):
            assert private not in message.subject + message.body


def test_agreements_to_review_are_told_of_to_the_registry(office, as_login) -> None:
    today = timezone.localdate()
    with as_login("pipeline"):
        office.agreed.review_on = today + timedelta(days=20)
        office.agreed.save()
    expected = [("Sharing agreements to review in Connect Care", ["board@trust.example"])]
    assert remind(as_login) == expected
    assert remind(as_login) == []
    with as_login("pipeline"):
        office.agreed.review_on = today + timedelta(days=5)
        office.agreed.save()
    assert remind(as_login) == expected, "another day, another reminder"


def test_what_could_not_be_sent_is_sent_later(office, as_login, monkeypatch, caplog) -> None:
    with as_login("pipeline"):
        office.agreed.review_on = timezone.localdate() + timedelta(days=3)
        office.agreed.save()

    def away(message: Any) -> None:
        raise OSError(f"no route to {message.to}")

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", away)
        assert remind(as_login) == []
    assert "board@trust.example" not in caplog.text
    assert len(remind(as_login)) == 1
