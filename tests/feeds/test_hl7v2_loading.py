"""HL7 v2 deliveries loaded: counts, corrections in any order, and whom a message introduces."""

from __future__ import annotations

from typing import Any

import pytest

from identity.models import SourcePerson
from organisations.models import Feed
from records.models import Entry
from records.statuses import EntryStatus
from tests import factories
from tests.feeds.conftest import Deliver
from tests.feeds.hl7v2_messages import PID, bloods, sodium


@pytest.fixture
def trust(feed: Feed, as_login: Any) -> Feed:
    """A feed of HL7 v2."""
    with as_login("pipeline"):
        return factories.feed(feed.organisation, format="hl7v2")


def shown(as_login: Any, kind: str = "Observation") -> list[tuple[str, str]]:
    with as_login("pipeline"):
        return sorted(Entry.objects.filter(kind=kind).values_list("display", "value_text"))


def test_messages_are_counted_and_the_same_again_changes_nothing(
    deliver: Deliver, trust: Feed, as_login: Any
) -> None:
    content = bloods(sodium()) + bloods(sodium("140"), filler="F2")
    first = deliver(content, of=trust)
    assert (first.total("loaded"), first.read) == (2, 2)
    again = deliver(content, of=trust)
    assert (again.total("unchanged"), again.read) == (2, 2)
    assert shown(as_login) == [("Sodium", "136 mmol/L"), ("Sodium", "140 mmol/L")]


def test_a_correction_stands_whichever_comes_first(
    deliver: Deliver, trust: Feed, as_login: Any
) -> None:
    deliver(bloods(sodium("3", "C")), of=trust)
    deliver(bloods(sodium("2", "F")), of=trust)
    assert shown(as_login) == [("Sodium", "3 mmol/L")]
    deliver(bloods(sodium('""', "D"), said="20260303120000"), of=trust)
    with as_login("pipeline"):
        assert Entry.objects.get(kind="Observation").status == EntryStatus.ENTERED_IN_ERROR


def test_a_number_without_a_name_makes_nobody_and_waits(
    deliver: Deliver, trust: Feed, as_login: Any
) -> None:
    report = deliver(bloods(sodium(), person="PID|||40001^^^RJ2^MR"), of=trust)
    assert report.total("held") == 1
    with as_login("pipeline"):
        assert not SourcePerson.objects.exists()
    deliver(bloods(sodium("140"), filler="F2", person=PID), of=trust)
    assert shown(as_login) == [("Sodium", "136 mmol/L"), ("Sodium", "140 mmol/L")]
