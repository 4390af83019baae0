"""Giving deliveries in through the browser: the same two actions, the broker up or down."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from kombu.exceptions import OperationalError

from audit.models import Event
from feeds import actions, tasks
from feeds.models import Batch, BatchState, Tally
from organisations.models import Feed
from tests import factories
from tests.feeds.conftest import condition, ndjson, patient


@pytest.fixture
def support(database: object, as_login: Any, feed: Feed) -> Client:
    with as_login("pipeline"):
        member = factories.membership(as_role="system-support")
    client = Client()
    client.force_login(member.staff)
    return client


@pytest.fixture
def nudged(monkeypatch: Any) -> list[int]:
    """What the worker was told; nothing is sent."""
    told: list[int] = []
    monkeypatch.setattr(tasks.load, "delay", told.append)
    return told


def upload(client: Client, feed: Feed, *contents: bytes) -> Any:
    files = [SimpleUploadedFile(f"{n}.ndjson", one) for n, one in enumerate(contents)]
    return client.post("/deliveries/give-in", {"feed": str(feed.pk), "contents": files})


def words(response: Any) -> str:
    return BeautifulSoup(response.content, "html.parser").get_text(" ", strip=True)


def test_an_upload_becomes_a_batch_that_waits_and_a_nudge(
    support: Client, feed: Feed, nudged: list[int], as_login: Any
) -> None:
    response = upload(support, feed, ndjson(patient()), ndjson(condition()))
    with as_login("pipeline"):
        batch = Batch.objects.get()
        assert batch.state == BatchState.RECEIVED
        assert batch.deliveries.count() == 2
        assert nudged == [batch.pk]
        actions.load(batch.pk)
    assert response.status_code == 302
    page = words(support.get(response["Location"]))
    assert "Loaded 2" in page
    assert "Held 0" in page


def test_without_a_broker_the_batch_waits_for_the_sweeper(
    support: Client, feed: Feed, monkeypatch: Any, as_login: Any
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(tasks.load, "delay", refuse)
    assert upload(support, feed, ndjson(patient())).status_code == 302
    with as_login("pipeline"):
        assert list(actions.batches_to_do()) == [Batch.objects.get().pk]


def test_an_upload_without_files_says_what_to_do(support: Client, feed: Feed) -> None:
    response = support.post("/deliveries/give-in", {"feed": str(feed.pk)})
    assert response.status_code == 200
    assert "There is a problem" in words(response)


def test_progress_is_a_fragment_for_htmx_and_a_page_without_it(
    support: Client, feed: Feed, nudged: list[int]
) -> None:
    address = upload(support, feed, ndjson(patient()))["Location"]
    page = BeautifulSoup(support.get(address).content, "html.parser")
    assert page.find("progress") is not None
    assert page.find("a", string="See how far it is now", href=address) is not None
    fragment = support.get(address, headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith("<div")
    assert "hx-get" in fragment


def test_counts_for_machines(support: Client, feed: Feed, nudged: list[int], as_login: Any) -> None:
    address = upload(support, feed, ndjson(patient()))["Location"]
    with as_login("pipeline"):
        actions.load(nudged[0])
    answer = support.get(f"/api{address}").json()
    assert (answer["read"], answer["loaded"], answer["state"]) == (1, 1, "loaded")


def test_a_batch_that_a_fault_stopped_can_go_on(
    support: Client, feed: Feed, nudged: list[int], as_login: Any
) -> None:
    address = upload(support, feed, ndjson(patient()))["Location"]
    with as_login("pipeline"):
        Batch.objects.update(state=BatchState.FAILED, fault="SomeError")
    assert "Go on loading" in words(support.get(address))
    assert support.post(f"{address}/again").status_code == 302
    with as_login("pipeline"):
        assert Batch.objects.get().state == BatchState.RECEIVED
    assert len(nudged) == 2
    support.post(f"{address}/again")
    assert len(nudged) == 2, "what is not stopped is not put back"


def test_giving_in_is_audited_and_names_no_file(
    support: Client, feed: Feed, nudged: list[int], as_login: Any
) -> None:
    upload(support, feed, ndjson(patient()))
    with as_login("owner"):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("set role connectcare_gate")
        event = Event.objects.filter(action="import-received").get()
        assert set(event.detail) == {"batch", "files", "bytes"}
        assert event.role_code == "system-support"
        with connection.cursor() as cursor:
            cursor.execute("reset role")


# ── The list ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def wire(feed: Feed, as_login: Any) -> list[Batch]:
    """Three messages of one day and one of the day before, each a batch; a fault stopped one."""
    at = [(1, 23, 59), (2, 0, 1), (2, 12, 0), (2, 23, 59)]
    with as_login("pipeline"):
        made = [Batch.objects.create(feed=feed, state=BatchState.LOADED) for _ in at]
        for batch, (day, hour, minute) in zip(made, at, strict=True):
            received = datetime(2026, 6, day, hour, minute, tzinfo=ZoneInfo("Europe/London"))
            Batch.objects.filter(pk=batch.pk).update(received=received)
            Tally.objects.create(batch=batch, outcome="loaded", resource_type="ADT", count=2)
        Batch.objects.filter(pk=made[1].pk).update(state=BatchState.FAILED)
    return made


@time_machine.travel("2026-06-03 12:00:00+00:00", tick=False)
def test_what_came_by_itself_is_one_line_a_day_and_feed_and_what_waits_stands_alone(
    support: Client, feed: Feed, wire: list[Batch]
) -> None:
    page = BeautifulSoup(support.get("/deliveries").content, "html.parser")
    tables = {t.caption.get_text(strip=True): t for t in page.find_all("table")}
    lines = tables["Came by itself, last 14 days"].tbody.find_all("tr")
    assert [line.th.a.contents[0] for line in lines] == ["2 June 2026", "1 June 2026"]
    counts = [[c.get_text(" ", strip=True) for c in line.find_all("td")[-2:]] for line in lines]
    assert counts == [
        ["Deliveries 3 1 waiting for somebody", "Items read 6"],
        ["Deliveries 1", "Items read 2"],
    ]
    (alone,) = tables["Waiting for somebody"].tbody.find_all("tr")
    assert alone.a["href"] == f"/deliveries/{wire[1].public_id}"
    of_day = BeautifulSoup(
        support.get("/deliveries" + lines[0].a["href"].partition("/deliveries")[2]).content,
        "html.parser",
    )
    assert of_day.h1.get_text(strip=True) == "Deliveries of 2 June 2026"
    shown = [row.a["href"] for row in of_day.tbody.find_all("tr")]
    assert shown == [f"/deliveries/{each.public_id}" for each in reversed(wire[1:])]


@time_machine.travel("2026-06-03 12:00:00+00:00", tick=False)
def test_the_list_is_of_one_feed_where_one_is_asked_for(
    support: Client, feed: Feed, wire: list[Batch], as_login: Any
) -> None:
    with as_login("pipeline"):
        other = factories.feed(feed.organisation, format="hl7v2")
    day = "day-day=2&day-month=6&day-year=2026"
    assert "3 deliveries" in words(support.get(f"/deliveries?feed={feed.pk}&{day}"))
    assert "Nothing was delivered on this day" in words(
        support.get(f"/deliveries?feed={other.pk}&{day}")
    )
    assert "Nothing was delivered in the last 14 days" in words(
        support.get(f"/deliveries?feed={other.pk}")
    )
    wrong = words(support.get("/deliveries?feed=x&day-day=32&day-month=6&day-year=2026"))
    assert "There is a problem" in wrong
    assert "Came by itself" in wrong


def test_what_somebody_gave_in_stands_by_itself(
    support: Client, feed: Feed, nudged: list[int]
) -> None:
    upload(support, feed, ndjson(patient()))
    page = BeautifulSoup(support.get("/deliveries").content, "html.parser")
    captions = [t.caption.get_text(strip=True) for t in page.find_all("table")]
    assert "Given in by somebody, last 14 days" in captions
    assert "Came by itself, last 14 days" not in captions
