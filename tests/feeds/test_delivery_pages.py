"""Giving deliveries in through the browser: the same two actions, the broker up or down."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from kombu.exceptions import OperationalError

from audit.models import Event
from feeds import actions, tasks
from feeds.models import Batch, BatchState
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
