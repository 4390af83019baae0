"""Late sources: on the page of deliveries and in the health check. Records say so themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from organisations.models import Feed
from tests.feeds.conftest import ndjson, patient
from tests.feeds.test_council_csv_loading import council
from tests.feeds.test_deciding import support

__all__ = ["council", "support"]


def sent(feed: Feed, as_login: Any, *, ago: timedelta | None, every: timedelta | None) -> None:
    with as_login("pipeline"):
        Feed.objects.filter(pk=feed.pk).update(
            last_received=timezone.now() - ago if ago is not None else None, expected_every=every
        )


def row(client: Client) -> str:
    page = BeautifulSoup(client.get("/deliveries").content, "html.parser")
    caption = page.find("caption", string="When each source last sent something")
    assert caption is not None
    assert caption.parent is not None
    return " ".join(caption.parent.tbody.get_text(" ", strip=True).split())


@pytest.mark.parametrize(
    ("ago", "every", "late", "words"),
    [
        (timedelta(hours=25), timedelta(days=1), True, "Expected every day"),
        (timedelta(hours=23), timedelta(days=1), False, "Expected every day"),
        (timedelta(hours=13), timedelta(hours=12), True, "Expected every 12 hours"),
        (timedelta(days=900), None, False, "Expected at no set time"),
        (None, timedelta(days=2), False, "Nothing yet Expected every 2 days"),
    ],
)
def test_a_late_source_is_said_to_be_late(
    feed: Feed,
    support: Client,
    as_login: Any,
    ago: timedelta | None,
    every: timedelta | None,
    late: bool,
    words: str,
) -> None:
    sent(feed, as_login, ago=ago, every=every)
    (found,) = [line for line in [row(support)] if "Test trust" in line]
    assert ("Late" in found) is late
    assert words in found
    answer = Client().get("/health/feeds")
    assert answer.status_code == (503 if late else 200)
    assert answer.json()["status"] == ("late" if late else "fresh")


def test_the_health_check_names_nobody(feed: Feed, as_login: Any) -> None:
    sent(feed, as_login, ago=timedelta(days=3), every=timedelta(days=1))
    answer = Client().get("/health/feeds")
    assert answer.json()["sources"] == 1
    assert b"trust" not in answer.content


def test_a_delivery_makes_its_source_fresh(
    feed: Feed, deliver: Any, support: Client, as_login: Any
) -> None:
    sent(feed, as_login, ago=timedelta(days=3), every=timedelta(days=1))
    assert "Late" in row(support)
    deliver(ndjson(patient()))
    assert "Late" not in row(support)


def test_a_feed_that_has_ended_is_not_waited_for(feed: Feed, as_login: Any) -> None:
    sent(feed, as_login, ago=timedelta(days=3), every=timedelta(days=1))
    with as_login("pipeline"):
        Feed.objects.filter(pk=feed.pk).update(valid_until=timezone.now() - timedelta(days=2))
    assert Client().get("/health/feeds").status_code == 200
