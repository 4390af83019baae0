"""Searching that a privacy officer must look at is found in the audit, once, and told of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from threading import Thread
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from bs4 import BeautifulSoup
from django.conf import settings as configured
from django.core import mail
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import fishing, tasks
from access.acting import Acting
from access.gate import open_record
from access.glimpses import Search, find, glimpse
from access.models import Alert, AlertKind
from connectcare import timetable
from organisations.activities import Activity
from organisations.models import Membership
from tests import factories
from tests.conftest import AsLogin

MANY = 3


@pytest.fixture(autouse=True)
def few_are_many(settings: Any) -> None:
    """More than three are reviewed, so that tests need no crowd."""
    settings.FISHING_SEARCHES = MANY


@pytest.fixture
def officer(world: Any, as_login: AsLogin) -> Membership:
    with as_login("pipeline"):
        anita = factories.staff("anita", "Anita Rao", email="anita@trust.example")
        return factories.membership(anita, world.trust, "privacy-officer")


def search(who: Acting, family: str = "Carter", times: int = 1) -> None:
    for _ in range(times):
        with transaction.atomic():
            find(
                who,
                Search(family_name=family, birth_date=date(1941, 3, 3)),
                request_id=str(uuid4()),
            )


def look(as_login: AsLogin) -> list[Alert]:
    with as_login("pipeline"):
        return [Alert.objects.get(pk=pk) for pk in fishing.look()]


def test_many_searches_with_nothing_opened_raise_one_alert(world: Any, as_login: AsLogin) -> None:
    search(world.acting, times=MANY)
    assert look(as_login) == []
    search(world.acting, "Bello")
    (alert,) = look(as_login)
    assert alert.kind == AlertKind.FISHING
    assert (alert.membership_id, alert.organisation_id) == (world.nurse.pk, world.trust.pk)
    assert alert.resident_id is None
    seen = fishing.Searching.from_json(alert.searching)
    assert (seen.searches, seen.people) == (MANY + 1, 2)
    search(world.acting, times=MANY + 1)
    assert look(as_login) == [], "it is open, and is the one"


def test_searches_for_nobody_count_too(world: Any, as_login: AsLogin) -> None:
    search(world.acting, "Nobody", times=MANY + 1)
    (alert,) = look(as_login)
    assert alert.searching["people"] == 0


def test_a_search_whose_record_was_opened_led_to_something(world: Any, as_login: AsLogin) -> None:
    search(world.acting, times=MANY + 1)
    with transaction.atomic():
        open_record(world.acting, world.resident.public_id, look=uuid4(), request_id=str(uuid4()))
    assert look(as_login) == []


def test_opening_one_record_explains_no_search_for_others(world: Any, as_login: AsLogin) -> None:
    search(world.acting, "Bello", times=MANY + 1)
    with transaction.atomic():
        open_record(world.acting, world.resident.public_id, look=uuid4(), request_id=str(uuid4()))
    (alert,) = look(as_login)
    assert alert.searching["searches"] == MANY + 1


def test_an_adviser_who_goes_on_to_the_choices_searched_for_something(
    world: Any, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        adviser = Acting.of(
            factories.membership(at=world.council, as_role="contact-centre-adviser")
        )
    search(adviser, times=MANY + 1)
    with transaction.atomic():
        glimpse(
            adviser,
            world.resident.public_id,
            activity=Activity.RECORD_CHOICES,
            request_id=str(uuid4()),
        )
    assert look(as_login) == []


def test_each_persons_searches_are_their_own(world: Any, as_login: AsLogin) -> None:
    search(world.acting, times=MANY)
    search(Acting.of(world.social_worker), times=MANY)
    assert look(as_login) == []


def test_what_is_long_past_is_not_counted(
    world: Any, as_login: AsLogin, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    admin = run_sql("admin")
    admin.execute(
        "insert into audit_event (action, outcome, reason, staff_id, staff_name, membership_id,"
        " role_code, organisation_id, organisation_name, residents, detail, at)"
        " select 'search', 'done', 'name', %s, '', %s, '', %s, '', '{}', '{}',"
        " now() - interval '61 minutes' from generate_series(1, 9)",
        [world.acting.staff_id, world.nurse.pk, world.trust.pk],
    )
    admin.commit()
    search(world.acting, times=MANY)
    assert look(as_login) == []


def test_a_closed_alert_is_not_raised_again_for_the_same_searches(
    world: Any, as_login: AsLogin
) -> None:
    search(world.acting, times=MANY + 1)
    (alert,) = look(as_login)
    with as_login("pipeline"):
        Alert.objects.filter(pk=alert.pk).update(outcome="correct", closed=timezone.now())
    assert look(as_login) == []
    search(world.acting, times=MANY)
    assert look(as_login) == []
    search(world.acting)
    (again,) = look(as_login)
    assert again.searching["searches"] == MANY + 1


def test_whoever_was_stopped_is_told_of_at_once(
    world: Any, as_login: AsLogin, settings: Any
) -> None:
    settings.SEARCHES_PER_MINUTE = 2
    search(world.acting, times=2)
    assert look(as_login) == []
    search(world.acting)
    (alert,) = look(as_login)
    assert alert.kind == AlertKind.SEARCHED_TOO_OFTEN
    assert alert.searching["searches"] == 1


def test_workers_at_once_raise_one(world: Any, as_login: AsLogin) -> None:
    search(world.acting, times=MANY + 1)

    def work() -> None:
        with as_login("pipeline"):
            fishing.look()
        connections.close_all()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with as_login("pipeline"):
        assert Alert.objects.count() == 1


def test_the_database_keeps_one_open_alert_and_no_resident(world: Any, as_login: AsLogin) -> None:
    search(world.acting, times=MANY + 1)
    (alert,) = look(as_login)
    twin = {
        "kind": alert.kind,
        "organisation_id": alert.organisation_id,
        "membership_id": alert.membership_id,
        "searching": alert.searching,
        "raised": timezone.now(),
    }
    for number, (fields, constraint) in enumerate(
        [
            (twin, "searching_has_one_open_alert"),
            ({**twin, "resident": world.resident}, "alert_is_of_a_resident_or_of_searching"),
            ({**twin, "searching": None}, "alert_names_its_cause"),
        ]
    ):
        with as_login("pipeline"), pytest.raises(IntegrityError, match=constraint):
            Alert.objects.create(reference=f"AL-{number}", **fields)


def test_the_officer_is_told_without_a_name_and_reviews_it(
    world: Any, officer: Membership, as_login: AsLogin
) -> None:
    search(world.acting, times=MANY + 1)
    with as_login("pipeline"):
        tasks.look_for_fishing()
        alert = Alert.objects.get()
    (message,) = mail.outbox
    whole = f"{message.subject}\n{message.body}"
    assert alert.reference in whole
    assert world.nurse.staff.name not in whole
    client = Client()
    client.force_login(officer.staff)
    listed = client.get(reverse("alerts"))
    assert "Many searches, nothing opened" in listed.content.decode()
    assert "Nobody alone" in listed.content.decode()
    page = BeautifulSoup(
        client.get(reverse("alert", args=[alert.public_id])).content, "html.parser"
    )
    words = page.main.get_text(" ", strip=True)
    assert world.nurse.staff.name in words
    assert f"{MANY + 1} searches since" in words
    assert "which showed 1 person" in words
    for never in ("CARTER", "Ruth", "What your own systems show", "Pages of the record", "Ends"):
        assert never not in words
    assert page.select_one(".app-person") is None
    answer = client.post(
        reverse("alert", args=[alert.public_id]),
        {"outcome": "correct", "words": "Asked: looking up numbers for the clinic"},
    )
    assert answer.status_code == 302
    with as_login("pipeline"):
        assert Alert.objects.get().outcome == "correct"


def test_the_web_may_not_ask_for_it(
    world: Any, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    web = run_sql("web")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("select * from access.searching_to_review('1 hour', 0)")


def test_it_is_looked_for_every_minute_beside_what_is_urgent() -> None:
    name = tasks.look_for_fishing.name
    schedule = configured.CELERY_BEAT_SCHEDULE["look-for-fishing"]
    assert schedule["task"] == name
    assert schedule["schedule"].total_seconds() <= 60
    assert configured.CELERY_TASK_ROUTES[name] == {"queue": timetable.URGENT_QUEUE}
