"""HL7 v2 deliveries loaded: counts, corrections in any order, and whom a message introduces."""

from __future__ import annotations

from typing import Any

import pytest

from feeds.models import Course, Hold
from identity.models import SourcePerson
from organisations.models import Feed
from records.models import Entry
from records.statuses import EntryStatus
from tests import factories
from tests.feeds.conftest import Deliver
from tests.feeds.hl7v2_messages import NUMBER, PID, bloods, message, sodium
from tests.feeds.test_hl7v2_visits import ADMIT, LEAVE, MOVE, adt


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


def test_messages_of_a_visit_in_any_order_and_in_any_deliveries_are_one_visit(
    deliver: Deliver, trust: Feed, as_login: Any
) -> None:
    reopened = adt("A13", "160000")
    deliver(reopened + LEAVE, of=trust)
    report = deliver(ADMIT, of=trust)
    assert report.total("loaded") == 1
    deliver(MOVE, of=trust)
    again = deliver(MOVE + ADMIT, of=trust)
    assert (again.total("unchanged"), again.read) == (2, 2)
    with as_login("pipeline"):
        entry = Entry.objects.get(kind="Encounter")
        assert (entry.status, entry.ends) == (EntryStatus.CURRENT, None)
        assert entry.place == "T10, bed 1"
        content = bytes(Course.objects.get().state)
    assert b"T10" not in content  # sealed


def test_a_trusts_own_address_outlasts_one_that_a_laboratory_sends(
    deliver: Deliver, trust: Feed, as_login: Any
) -> None:
    deliver(ADMIT, of=trust)
    deliver(bloods(sodium(), person=PID.replace("1 High Street", "9 Old Lane")), of=trust)
    with as_login("pipeline"):
        assert SourcePerson.objects.get().said["address_lines"][0] == "1 High Street"


def test_records_that_are_joined_wait_for_each_other(
    deliver: Deliver, trust: Feed, as_login: Any
) -> None:
    joined = message("ADT^A40", "MRG|777^^^RJ2^MR")
    other = PID.replace("40001", "777").replace(NUMBER, "")
    first = deliver(joined, of=trust)
    assert first.total("held") == 1
    deliver(bloods(sodium(), person=other), of=trust)
    with as_login("pipeline"):
        prior, surviving = SourcePerson.objects.order_by("identifier").reverse()
        assert prior.replaced_by == surviving
        assert prior.resident_id == surviving.resident_id
        assert Entry.objects.get(kind="Observation").resident_id == surviving.resident_id
        assert not Hold.objects.filter(resolved=None).exists()


def test_a_deleted_person_has_nothing_left_and_nothing_older_brings_it_back(
    deliver: Deliver, trust: Feed, as_login: Any
) -> None:
    deliver(ADMIT, of=trust)
    report = deliver(message("ADT^A29", recorded="20260303100000"), of=trust)
    assert report.total("retired") == 1
    deliver(MOVE, of=trust)
    with as_login("pipeline"):
        assert Entry.objects.get(kind="Encounter").status == EntryStatus.RETIRED
