"""An objection to the use of the NHS number stops tracing: what waits for it, and what runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from consent.models import Kind
from identity import tasks
from identity.models import LinkState, NumberStatus, Resident, SourcePerson, Trace
from identity.traces import Ended
from identity.tracing import Asks
from tests import factories
from tests.identity.pds.town import Town, by_word_of_mouth, ruth, steps

pytestmark = pytest.mark.filterwarnings("error")


def objects(town: Town, known: SourcePerson) -> None:
    """The resident objects, and it is recorded."""
    factories.choice(
        Resident.objects.get(pk=known.resident_id), Kind.NHS_NUMBER, council=town.council
    )


class Answering:
    """A client of the stand-in that does something once it has an answer."""

    def __init__(self, client: Asks, then: Callable[[], None]) -> None:
        self._client, self._then, self.service = client, then, client.service

    def retrieve(self, *given: Any, **named: Any) -> Any:
        """As the client, and then."""
        return self._and_then(self._client.retrieve(*given, **named))

    def search(self, *given: Any, **named: Any) -> Any:
        """As the client, and then."""
        return self._and_then(self._client.search(*given, **named))

    def _and_then(self, outcome: Any) -> Any:
        self._then()
        return outcome


@pytest.fixture
def traces(town: Town, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run the task itself, with the client that asks the stand-in."""

    def run(then: Callable[[], None] = lambda: None) -> None:
        client = Answering(town.world.client(), then)
        monkeypatch.setattr(settings, "PDS", town.world.configuration)
        monkeypatch.setattr(tasks, "_client", lambda: client)
        tasks.trace()

    return run


def test_nothing_is_asked_of_who_objects(town: Town, traces: Callable[..., None]) -> None:
    known = town.send(ruth(town))
    objects(town, known)
    traces()
    trace = Trace.objects.get()
    assert trace.ended == Ended.NOT_ALLOWED
    assert town.world.asked.questions() == []
    assert town.events() == []
    known.refresh_from_db()
    assert known.link == LinkState.ALONE


def test_a_number_that_was_given_is_not_sent_of_who_objects(
    town: Town, traces: Callable[..., None]
) -> None:
    held = ruth(town)
    known = town.send(held)
    given = by_word_of_mouth(known, held.number)
    objects(town, known)
    traces()
    assert town.world.asked.questions() == []
    given.refresh_from_db()
    assert given.status == NumberStatus.NOT_TRACED


def test_an_objection_stops_the_trace_that_it_comes_into(
    town: Town, traces: Callable[..., None]
) -> None:
    """Recorded while the first answer is on its way: the second question is not asked."""
    known = town.send(ruth(town))
    told: list[None] = []

    def once() -> None:
        if not told:
            told.append(None)
            objects(town, known)

    traces(once)
    trace = Trace.objects.get()
    assert steps(trace) == [("exact", "one"), ("verify", "not-sent")]
    assert trace.ended == Ended.NOT_ALLOWED
    assert len(town.world.asked.questions()) == 1
    known.refresh_from_db()
    assert known.link == LinkState.ALONE
    assert not known.resident.known_to_all


def test_another_councils_trace_goes_on(town: Town, traces: Callable[..., None]) -> None:
    """Without which the others would prove nothing: the task does ask."""
    known = town.send(ruth(town))
    factories.choice(
        known.resident,
        Kind.NHS_NUMBER,
        council=factories.organisation("Other", kind="adult_social_care", code="Y99953"),
    )
    traces()
    assert Trace.objects.get().ended == Ended.VERIFIED
    assert len(town.world.asked.questions()) == 2
