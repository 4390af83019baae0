"""Any batch can be replayed to the same state, whatever its format; and how long bytes are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from feeds import actions, deciding, replaying, selectors, tasks
from feeds.models import Batch, BatchState, Chunk, Delivery, HeldContent, Hold
from identity.models import Resident
from identity.sealed import unseal
from organisations.models import Feed
from tests import factories
from tests.feeds.conftest import condition, ndjson, patient
from tests.feeds.end_states import end_state
from tests.feeds.stories import Story, stories
from tests.feeds.test_council_csv_loading import council
from tests.feeds.test_deciding import support, words

__all__ = ["council", "support"]

EACH = pytest.mark.parametrize("story", stories(12), ids=str)


@pytest.fixture(autouse=True)
def nudged(monkeypatch: Any) -> list[int]:
    told: list[int] = []
    monkeypatch.setattr(tasks.load, "delay", told.append)
    return told


@pytest.fixture
def tell(database: object, as_login: Any, deliver: Any) -> Callable[[Story], Feed]:
    """Have a story loaded as it came; its feed."""

    def load(story: Story) -> Feed:
        with as_login("pipeline"):
            of = factories.feed(
                factories.organisation("Source", kind=story.kind, code="Y00001"),
                format=story.format,
            )
            if story.mapping:
                deciding.keep_mapping(of, story.mapping, by=None)
        for files in story.batches:
            deliver(*files, of=of)
        return of

    return load


@EACH
@pytest.mark.parametrize("order", ["as they came", "the last first", "the first alone"])
def test_any_batch_can_be_replayed_to_the_same_state(
    story: Story, order: str, tell: Callable[[Story], Feed], as_login: Any
) -> None:
    feed = tell(story)
    with as_login("pipeline"):
        before = end_state(replays=False)
        assert len({str(one) for one in before["entries"]}) >= 12
        batches = list(selectors.can_be_replayed(feed))
        assert len(batches) == len(story.batches)
        if order == "the last first":
            batches.reverse()
        for batch in batches[:1] if order == "the first alone" else batches:
            made = actions.load(replaying.replay(batch, by=None).pk)
            assert made is not None
            assert made.state == BatchState.LOADED
            report = selectors.report(made)
            assert report.read
            assert report.total("loaded") == report.total("retired") == 0
            assert end_state(replays=False) == before


def shown() -> list[Any]:
    """What is shown. Tombstones keep out what is older, and the version of what never changed is
    that of its first delivery: neither needs restoring.
    """
    return [
        [pair for pair in one if pair[0] != "version"]
        for one in end_state(replays=False)["entries"]
        if ("status", "retired") not in one
    ]


@EACH
def test_a_replay_restores_what_was_lost(
    story: Story, tell: Callable[[Story], Feed], as_login: Any, run_sql: Any
) -> None:
    feed = tell(story)
    with as_login("pipeline"):
        before = shown()
        assert before
        admin = run_sql("admin")
        admin.execute("set session_replication_role = replica")  # nobody may, but with its share
        admin.execute("delete from records_entry")
        admin.commit()
        out = StringIO()
        call_command("replay_batch", "--source", "Y00001", "--format", feed.format, stdout=out)
        assert shown() == before
    assert out.getvalue().count("items read") == len(story.batches)


@EACH
def test_what_was_stopped_is_in_no_kept_bytes_of_any_format(
    story: Story, deliver: Any, as_login: Any
) -> None:
    """A council may send any format: what it sends of whoever objects goes out of what is kept."""
    number = factories.made_up_nhs_number(5)
    with as_login("pipeline"):
        council = factories.organisation("Council", kind="adult_social_care", code="Y00001")
        feed = factories.feed(council, format=story.format)
        if story.mapping:
            deciding.keep_mapping(feed, story.mapping, by=None)
    deliver(*story.batches[0], of=feed)
    with as_login("pipeline"):
        resident = Resident.objects.get(source_persons__number_claimed=number)
        factories.choice(resident, "nhs-number", "refuses", council=council)
    reports = [deliver(*files, of=feed) for files in story.batches]
    assert sum(report.total("stopped") for report in reports) >= 1
    with as_login("pipeline"):
        since = Delivery.objects.filter(batch__in=[report.batch for report in reports])
        kept = [
            unseal(chunk.content, purpose="delivery")
            for chunk in Chunk.objects.filter(delivery__in=since)
        ]
        kept += [unseal(one.raw, purpose="hold") for one in HeldContent.objects.all()]
    assert all(number.encode() not in one.replace(b" ", b"") for one in kept)


# ── What a replay is ────────────────────────────────────────────────────────────────────────


def test_a_replay_makes_no_source_look_fresher(feed: Feed, deliver: Any, as_login: Any) -> None:
    report = deliver(ndjson(patient(), condition()))
    with as_login("pipeline"):
        then = timezone.now() - timedelta(days=3)
        Batch.objects.filter(pk=report.batch.pk).update(received=then)
        Feed.objects.filter(pk=feed.pk).update(last_received=then)
        batch = Batch.objects.get(pk=report.batch.pk)
        made = actions.load(replaying.replay(batch, by=None).pk)
        assert made is not None
        assert Feed.objects.get(pk=feed.pk).last_received == then
        again = replaying.replay(made, by=None)
        assert again.replays == batch, "a replay of a replay is one of the first"


def test_a_hold_is_held_again_and_nothing_is_counted_twice(deliver: Any, as_login: Any) -> None:
    report = deliver(ndjson(patient(), condition()) + b"{broken\n")
    with as_login("pipeline"):
        made = actions.load(replaying.replay(report.batch, by=None).pk)
        assert made is not None
        assert selectors.report(made).read == report.read
        assert Hold.objects.filter(batch=made).count() == 1


def test_what_is_not_loaded_or_not_kept_is_not_replayed(
    give_in: Any, deliver: Any, as_login: Any, settings: Any
) -> None:
    waiting = give_in(ndjson(patient()))
    loaded = deliver(ndjson(patient())).batch
    with as_login("pipeline"):
        with pytest.raises(replaying.CannotReplay, match="Only a delivery that is loaded"):
            replaying.replay(waiting, by=None)
        made = replaying.replay(loaded, by=None)
        settings.RAW_KEPT_DAYS = 30
        long_ago = timezone.now() - timedelta(days=31)
        Batch.objects.filter(pk=loaded.pk).update(received=long_ago, finished=long_ago)
        assert replaying.delete_old_bytes(spared=()) == 1
        loaded.refresh_from_db()
        with pytest.raises(replaying.CannotReplay, match="no longer kept"):
            replaying.replay(loaded, by=None)
        with pytest.raises(replaying.CannotReplay):
            actions.load(made.pk)
        assert Batch.objects.get(pk=made.pk).state == BatchState.FAILED


def test_a_command_that_names_nothing_or_both_says_what_to_do(feed: Feed, as_login: Any) -> None:
    with as_login("pipeline"):
        with pytest.raises(CommandError, match="Name batches by their ids"):
            call_command("replay_batch")
        with pytest.raises(CommandError, match="There is no batch"):
            call_command("replay_batch", "00000000-0000-7000-8000-000000000000")


def test_a_delivery_is_replayed_from_its_page(
    feed: Feed, deliver: Any, support: Client, as_login: Any, nudged: list[int]
) -> None:
    batch = deliver(ndjson(patient(), condition())).batch
    assert "Replay this delivery" in words(support, f"/deliveries/{batch.public_id}")
    answer = support.post(f"/deliveries/{batch.public_id}/replay")
    with as_login("pipeline"):
        made = Batch.objects.get(replays=batch)
        assert nudged == [made.pk]
        actions.load(made.pk)
    assert answer.headers["location"] == f"/deliveries/{made.public_id}"
    page = words(support, f"/deliveries/{made.public_id}")
    assert "reads a delivery that was kept again" in page
    assert "Unchanged 2" in page


# ── How long bytes are kept ─────────────────────────────────────────────────────────────────


def test_bytes_are_deleted_when_their_time_is_over_and_not_before(
    deliver: Any, give_in: Any, as_login: Any, settings: Any, support: Client
) -> None:
    old = deliver(ndjson(patient(), condition()) + b"{broken\n").batch
    young = deliver(ndjson(condition("c2"))).batch
    waiting = give_in(ndjson(condition("c3")))
    with as_login("pipeline"):
        long_ago = timezone.now() - timedelta(days=31)
        Batch.objects.filter(pk__in=[old.pk, waiting.pk]).update(received=long_ago)
        Batch.objects.filter(pk=old.pk).update(finished=long_ago)
        assert replaying.delete_old_bytes(spared=()) == 0, "unless it is said, they are kept"
        settings.RAW_KEPT_DAYS = 30
        assert replaying.delete_old_bytes(spared=()) == 1
        assert replaying.delete_old_bytes(spared=()) == 0
        kept = set(Chunk.objects.values_list("delivery__batch", flat=True))
        assert kept == {young.pk, waiting.pk}
        (name,) = Delivery.objects.filter(batch=old).values_list("name", flat=True)
        assert unseal(name, purpose="name") == b""
        assert HeldContent.objects.count() == 1, "what is held waits until it is resolved"
        Hold.objects.update(resolved=long_ago)
        replaying.delete_old_bytes(spared=())
        assert not HeldContent.objects.exists()
    page = words(support, f"/deliveries/{old.public_id}")
    assert "so it cannot be replayed" in page
    assert "Replay this delivery" not in page


def test_a_replays_copy_does_not_outlive_the_day(deliver: Any, as_login: Any) -> None:
    batch = deliver(ndjson(patient())).batch
    with as_login("pipeline"):
        made = actions.load(replaying.replay(batch, by=None).pk)
        assert made is not None
        assert replaying.delete_old_bytes(spared=()) == 0
        Batch.objects.filter(pk=made.pk).update(finished=timezone.now() - timedelta(days=2))
        assert replaying.delete_old_bytes(spared=()) == 1
        assert Chunk.objects.filter(delivery__batch=batch).exists()
        assert not Chunk.objects.filter(delivery__batch=made).exists()
