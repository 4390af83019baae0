"""Having everybody of a source traced: who may, what they see, and that it holds nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import bulk_traces
from access.acting import Acting
from access.bulk_traces import Bulk, Progress, TracedSource
from access.presenters_tracing import in_words, page
from audit.models import Event
from identity import bulk
from identity.models import BulkTrace, Trace, TraceStep
from identity.traces import Ended
from organisations.models import Membership, Organisation
from tests import factories
from tests.conftest import AsLogin


@dataclass
class Region:
    council: Organisation
    silent: Organisation
    support: Membership
    nurse: Membership


@pytest.fixture
def region(database: object, as_login: AsLogin) -> Iterator[Region]:
    """A council that has sent three people, and a trust that has sent nobody."""
    with as_login("pipeline"):
        council = factories.organisation("Test council", kind="adult_social_care")
        silent = factories.organisation("Test trust", kind="nhs_trust")
        for _ in range(3):
            factories.source_person(factories.resident(), council, link="alone")
        yield Region(
            council=council,
            silent=silent,
            support=factories.membership(at=silent, as_role="system-support"),
            nurse=factories.membership(at=silent, as_role="nurse"),
        )


@dataclass
class Visitor:
    client: Client
    as_login: AsLogin

    def gets(self, name: str) -> str:
        with self.as_login("web"):
            answer = self.client.get(reverse(name))
        assert answer.status_code == 200
        return _words(answer.content)

    def posts(self, source: object, status: int) -> str:
        with self.as_login("web"):
            answer = self.client.post(reverse("trace-source"), {"source": str(source)})
        assert answer.status_code == status
        return _words(answer.content)


def _words(content: bytes) -> str:
    main = BeautifulSoup(content, "html.parser").main
    return " ".join(main.get_text(" ").split()) if main else ""


@pytest.fixture
def visitor(region: Region, as_login: AsLogin) -> Visitor:
    client = Client()
    with as_login("web"):
        client.force_login(region.support.staff)
    return Visitor(client, as_login)


def test_a_source_is_chosen_traced_and_watched(
    region: Region, visitor: Visitor, as_login: AsLogin
) -> None:
    assert "Nobody has asked for a source to be traced." in visitor.gets("tracing")
    offered = visitor.gets("trace-source")
    assert "Test council" in offered
    assert "Test trust" not in offered
    assert "Select a source" in visitor.posts("", 200)
    visitor.posts(region.council.public_id, 302)
    wish = BulkTrace.objects.get()
    assert (wish.source, wish.by) == (region.council, region.support)
    said = visitor.gets("tracing")
    assert "Waiting to begin" in said
    assert "It is safe to leave this page." in said
    assert "There is no source to choose" in visitor.gets("trace-source")

    assert bulk.begin(per_minute=3) == 1
    said = visitor.gets("tracing")
    assert "0 of 3 people dealt with. About 3 minutes left at 3 questions a minute." in said
    Trace.objects.filter(pk=Trace.objects.earliest("pk").pk).update(
        ended=Ended.NO_MATCH, finished=timezone.now()
    )
    assert "1 of 3 people dealt with. About 2 minutes left" in visitor.gets("tracing")
    Trace.objects.update(ended=Ended.NO_MATCH, finished=timezone.now())
    assert bulk.end() == 1
    said = visitor.gets("tracing")
    assert "Done 3 people dealt with." in said
    assert "safe to leave" not in said
    with as_login("owner"):
        (event,) = Event.objects.filter(action="bulk-trace-wanted")
    assert (event.outcome, event.organisation_id, event.membership_id) == (
        "done", region.council.pk, region.support.pk,
    )  # fmt: skip


def test_where_nothing_is_asked_for_a_while_it_says_why(region: Region, visitor: Visitor) -> None:
    bulk.want(region.council, per_minute=300)
    waits = "nothing is asked for two minutes"
    assert waits in visitor.gets("tracing")
    step = TraceStep.objects.create(
        trace=Trace.objects.earliest("pk"),
        step="exact",
        asked_by=[],
        request=uuid4(),
        service="stand-in",
        outcome="none",
    )
    assert waits not in visitor.gets("tracing")
    assert step.at is not None


def test_who_may_not_is_refused_by_the_database_too(region: Region, as_login: AsLogin) -> None:
    acting, request = Acting.of(region.nurse), str(uuid4())
    with as_login("web"), transaction.atomic():
        assert bulk_traces.progress(acting, request_id=request) is None
        assert bulk_traces.want(acting, region.council.public_id, request_id=request) is None
    assert not BulkTrace.objects.exists()
    with as_login("owner"):
        outcomes = Event.objects.filter(action="bulk-trace-wanted").values_list("outcome")
        assert list(outcomes) == [("refused",), ("refused",)]


def test_the_same_source_is_wanted_once_and_nobody_else_is_known(
    region: Region, as_login: AsLogin
) -> None:
    acting = Acting.of(region.support)
    with as_login("web"), transaction.atomic():
        answers = [
            bulk_traces.want(acting, source, request_id=str(uuid4()))
            for source in (
                region.council.public_id,
                region.council.public_id,
                region.silent.public_id,
                uuid4(),
            )
        ]
    assert answers == ["wanted", "going-on", "not-known", "not-known"]
    assert BulkTrace.objects.count() == 1


@pytest.mark.parametrize("table", ["identity_bulktrace", "identity_trace"])
def test_the_web_reads_no_row_of_it(region: Region, as_login: AsLogin, table: str) -> None:
    with (
        as_login("web"),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"select from {table}")


def test_a_wish_begins_as_a_whole(region: Region) -> None:
    with pytest.raises(IntegrityError, match="bulk_trace_begins_whole"), transaction.atomic():
        BulkTrace.objects.create(source=region.council, begun=timezone.now())


def test_those_that_go_on_come_first() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)

    def source(name: str, finished: datetime | None) -> TracedSource:
        return TracedSource(uuid4(), name, Bulk(at, at, finished, 2, 1, 4, 60))

    found = page(
        Progress((source("A", at), TracedSource(uuid4(), "B", None), source("C", None)), at), at=at
    )
    assert [line.name for line in found.lines] == ["C", "A"]
    assert found.goes_on
    assert not found.quiet


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(seconds=10), "Less than a minute"),
        (timedelta(minutes=1), "About 1 minute"),
        (timedelta(minutes=61), "About 1 hour 1 minute"),
        (timedelta(hours=2), "About 2 hours"),
        (timedelta(days=1), "About 1 day"),
        (timedelta(days=2, hours=3, minutes=4), "About 2 days 3 hours"),
    ],
    ids=["seconds", "minute", "hour", "hours", "day", "days"],
)
def test_an_estimate_is_in_words(left: timedelta, words: str) -> None:
    assert in_words(left) == words
