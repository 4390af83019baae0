"""Mapping ahead: the same end state as mapping in the worker, and nothing left behind."""

from __future__ import annotations

import io
import json
import os
import subprocess
import threading
from typing import Any

import msgspec
import pytest

from feeds import actions, ahead, ready, selectors
from feeds.ahead import MappingStopped
from feeds.mapping_process import End, Task, main, read_message, write_message
from feeds.models import Batch, BatchState, Hold
from organisations.models import Feed
from records.models import Entry
from tests import factories
from tests.feeds.conftest import condition, ndjson, patient
from tests.feeds.hl7v2_messages import bloods, message, sodium


@pytest.fixture
def always_ahead(monkeypatch: Any) -> None:
    """Every delivery is mapped ahead, however small."""
    monkeypatch.setattr(ahead, "AHEAD_FROM", 0)


def state(as_login: Any, feed: Feed) -> list[tuple[Any, ...]]:
    with as_login("pipeline"):
        entries = Entry.objects.filter(feed=feed).order_by("identifier")
        return [
            (*row[:-2], bytes(row[-2]), json.dumps(row[-1]))
            for row in entries.values_list(
                "identifier",
                "display",
                "status",
                "effective",
                "version",
                "fingerprint",
                "resource",
            )
        ]


def counts(report: selectors.Report) -> list[tuple[str, str, str, int]]:
    return [(each.outcome, each.resource_type, each.reason, each.count) for each in report.lines]


_CONTENT = (
    ndjson(patient(), *(condition(f"c{n}") for n in range(25)))
    + b"{broken\n"
    + ndjson(condition("c90", person="nobody"), {"resourceType": "Slot", "id": "s"})
)


def test_mapped_ahead_it_ends_as_when_the_worker_maps(
    deliver: Any, as_login: Any, monkeypatch: Any, feed: Feed
) -> None:
    with as_login("pipeline"):
        other = factories.feed(factories.organisation("Other", kind="nhs_trust", code="RJ1"))
    plain = counts(deliver(_CONTENT))
    monkeypatch.setattr(ahead, "AHEAD_FROM", 0)
    assert counts(deliver(_CONTENT, of=other)) == plain
    assert state(as_login, other) == state(as_login, feed)
    assert len(state(as_login, feed)) == 25


@pytest.mark.usefixtures("always_ahead")
def test_hl7v2_is_mapped_ahead_with_what_its_messages_tell(deliver: Any, as_login: Any) -> None:
    with as_login("pipeline"):
        feed = factories.feed(
            factories.organisation("Other trust", kind="nhs_trust", code="RJ1"), format="hl7v2"
        )
    visit = "PV1|1|I|W1^^^RJ1||||||||||||||||V1"
    content = message("ADT^A01", visit) + bloods(sodium())
    report = deliver(content, of=feed)
    assert report.total("loaded") == report.read == 2
    with as_login("pipeline"):
        assert {kind for (kind,) in Entry.objects.values_list("kind")} == {
            "Encounter",
            "DiagnosticReport",
            "Observation",
        }


@pytest.mark.usefixtures("always_ahead")
def test_many_chunks_and_pieces_come_in_their_order(
    deliver: Any, as_login: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(actions, "CHUNK_BYTES", 1000)
    content = ndjson(patient(), *(condition(f"c{n}") for n in range(9000)))
    report = deliver(content)
    assert report.total("loaded") == 9001
    with as_login("pipeline"):
        assert Entry.objects.count() == 9000
        batch = Batch.objects.get()
        assert batch.done_bytes == batch.total_bytes


@pytest.mark.usefixtures("always_ahead")
def test_the_process_has_no_address_and_no_key(deliver: Any, monkeypatch: Any) -> None:
    given: list[dict[str, str]] = []
    start = subprocess.Popen

    def watched(*arguments: Any, **options: Any) -> Any:
        given.append(options["env"])
        return start(*arguments, **options)

    monkeypatch.setattr(ahead.subprocess, "Popen", watched)
    deliver(_CONTENT)
    assert given == [{}]


@pytest.mark.usefixtures("always_ahead")
def test_a_process_that_is_killed_stops_the_batch_which_can_go_on(
    give_in: Any, as_login: Any, monkeypatch: Any
) -> None:
    batch = give_in(_CONTENT)
    with monkeypatch.context() as broken, as_login("pipeline"):
        broken.setattr(ahead.sys, "executable", "/bin/false")
        with pytest.raises(MappingStopped):
            actions.load(batch.pk)
        failed = Batch.objects.get(pk=batch.pk)
        assert (failed.state, failed.fault) == (BatchState.FAILED, "MappingStopped")
    with as_login("pipeline"):
        loaded = actions.load(batch.pk)
        assert loaded is not None
        assert loaded.state == BatchState.LOADED
        assert (Entry.objects.count(), Hold.objects.count()) == (25, 2)


@pytest.mark.usefixtures("always_ahead")
def test_a_worker_that_fails_leaves_no_process_and_no_thread(
    give_in: Any, as_login: Any, monkeypatch: Any
) -> None:
    batch = give_in(_CONTENT)
    before = threading.active_count()
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def watched(*arguments: Any, **options: Any) -> Any:
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(ahead.subprocess, "Popen", watched)
    monkeypatch.setattr("feeds.loading.keep", lambda *_: 1 / 0)
    with as_login("pipeline"), pytest.raises(ZeroDivisionError):
        actions.load(batch.pk)
    assert [process.returncode is not None for process in started] == [True]
    assert threading.active_count() == before


@pytest.mark.usefixtures("always_ahead")
def test_a_worker_goes_on_where_another_left_it(
    give_in: Any, as_login: Any, monkeypatch: Any
) -> None:
    batch = give_in(ndjson(patient(), *(condition(f"c{n}") for n in range(9))))
    with as_login("pipeline"):
        Batch.objects.filter(pk=batch.pk).update(items_done=4)
        actions.load(batch.pk)
        # The first four are said to be loaded: the patient and three more. Nobody is known then.
        assert Hold.objects.count() == 6


@pytest.mark.usefixtures("always_ahead")
def test_a_process_that_was_started_early_is_used_once_and_ends_with_its_block(
    give_in: Any, as_login: Any, monkeypatch: Any
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def watched(*arguments: Any, **options: Any) -> Any:
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(ahead.subprocess, "Popen", watched)
    with as_login("pipeline"):
        with ahead.started_early(1):
            assert len(started) == 1
            actions.load(give_in(_CONTENT).pk)
            assert len(started) == 1
            actions.load(give_in(_CONTENT).pk)
            assert len(started) == 2
        assert Entry.objects.count() == 25
        with ahead.started_early(1):
            assert started[2].poll() is None
        with ahead.started_early(1):  # one that is gone by then is no loss
            started[3].kill()
            started[3].wait()
            batch = give_in(_CONTENT)
            actions.load(batch.pk)
            assert Batch.objects.get(pk=batch.pk).state == BatchState.LOADED
    assert len(started) == 5
    assert all(process.returncode is not None for process in started)


def test_for_a_small_delivery_nothing_is_started(monkeypatch: Any) -> None:
    monkeypatch.setattr(ahead.subprocess, "Popen", lambda *_, **__: 1 / 0)
    with ahead.started_early(ahead.AHEAD_FROM - 1):
        pass


# ── The process itself ──────────────────────────────────────────────────────────────────────

_TASK = Task("fhir-r4", "f", "nhs_trust", frozenset(), None)


def mapped(*messages: bytes) -> list[Any]:
    """What the process says to these messages, run in this one."""
    incoming, outgoing = io.BytesIO(), io.BytesIO()
    for each in messages:
        write_message(incoming, each)
    incoming.seek(0)
    main(incoming, outgoing)
    outgoing.seek(0)
    said = []
    while (found := read_message(outgoing)) is not None:
        said.append(ahead._DECODER.decode(found))
    return said


def encoded(task: Task) -> bytes:
    return msgspec.msgpack.encode(task)


def test_chunks_come_with_how_far_it_has_read(monkeypatch: Any) -> None:
    monkeypatch.setattr(ready, "CHUNK_ITEMS", 8)
    *chunks, end = mapped(encoded(_TASK), _CONTENT, b"")
    items = [ahead._ITEMS.decode(chunk.items) for chunk in chunks]
    # Some at first, so that nobody waits for many; then more, up to as many as there may be.
    assert [len(each) for each in items] == [1, 2, 3, 4, 6, 8, 5]
    assert end == End()
    assert chunks[-1].read == len(_CONTENT)
    assert items[0][0].outcome.person.identifier == "Patient/p1"


def test_a_delivery_that_is_cut_off_is_no_whole_one() -> None:
    *_, end = mapped(encoded(_TASK), _CONTENT)
    assert end == End("EOFError")


def test_a_fault_is_told_by_its_class_alone() -> None:
    (end,) = mapped(encoded(Task("no-form", "f", "", frozenset(), None)), b"Ruth Carter", b"")
    assert end == End("KeyError")


def test_it_ends_when_nobody_listens() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    incoming = io.BytesIO()
    for each in (encoded(_TASK), _CONTENT, b""):
        write_message(incoming, each)
    incoming.seek(0)
    with os.fdopen(writing, "wb", buffering=0) as outgoing:
        main(incoming, outgoing)
