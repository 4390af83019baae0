"""What is kept for how long, what stops the clock, and that what went does not come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from access.acting import Acting
from audit.models import Event
from consent.models import Choice
from feeds import actions, replaying, tasks
from feeds.models import Batch, Chunk, Tally
from feeds.raw import DeliveryStream
from identity.models import ResidentPlace, SourcePerson
from keeping import deciding, retention
from keeping.models import ListedShare, Stub
from organisations.categories import Category
from organisations.models import Feed, Membership
from records.models import Entry
from tests import factories
from tests.feeds.conftest import condition, deliver, feed, give_in, ndjson, patient

__all__ = ["deliver", "feed", "give_in"]

LONG_AGO = {"meta": {"lastUpdated": "2011-01-01T10:00:00Z"}}
OLD = condition(onsetDateTime="2010-02-02", **LONG_AGO)
NEW = condition("c3", onsetDateTime="2025-02-02")


@pytest.fixture(autouse=True)
def _as_shipped(database: dict[str, str], monkeypatch: Any) -> Iterator[None]:
    """The schedule is as it is shipped before each test, and after."""
    monkeypatch.setattr(tasks.load, "delay", lambda _batch: None)
    yield
    with psycopg.connect(database["admin"], autocommit=True) as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute("delete from keeping_retentionrule where set_by <> ''")
        admin.execute("update keeping_retentionrule set valid_until = null")


def run(**options: Any) -> str:
    said = StringIO()
    call_command("retention", stdout=said, **options)
    return said.getvalue()


def two_officers(of: Feed, as_login: Any) -> list[Acting]:
    with as_login("pipeline"):
        members = [
            factories.membership(at=of.organisation, as_role="privacy-officer") for _ in range(2)
        ]
        return [
            Acting.of(Membership.objects.select_related("organisation", "role").get(pk=each.pk))
            for each in members
        ]


def raw_of(batch: Batch) -> bytes:
    return b"".join(DeliveryStream(each).readall() or b"" for each in batch.deliveries.all())


def test_a_share_goes_by_two_officers_with_its_bytes_and_does_not_come_back(
    feed: Feed, deliver: Callable[..., Batch], as_login: Any, tmp_path: Path
) -> None:
    other = patient("p2", name=[{"family": "Bello", "given": ["Ada"]}])
    del other["identifier"]
    content = ndjson(patient(**LONG_AGO), OLD, other, condition("c2", "p2"))
    deliver(content)
    with as_login("pipeline"):
        batch = Batch.objects.get()
    # Of the other one something is newer.
    deliver(ndjson(condition("c4", "p2", onsetDateTime="2025-02-02")))
    with as_login("pipeline"):
        ruth = SourcePerson.objects.get(identifier="Patient/p1").resident
        factories.choice(ruth, "connect-care", "refuses")
        before = Entry.objects.count()
        assert "1 due with 1 entries, 0 more on hold" in run(dry_run=True)
        assert not ListedShare.objects.exists()
        assert run(list=True).startswith("1 more")
        assert run(list=True).startswith("0 more")
        file = tmp_path / "review.csv"
        run(review=[feed.organisation.ods_code, str(file)])
        assert "Patient/p1" in file.read_text()
        assert file.stat().st_mode & 0o777 == 0o600

    first, second = two_officers(feed, as_login)
    stranger = Acting.of(factories_member(as_login))
    with transaction.atomic():
        assert deciding.review_list(stranger, page=1, request_id=str(uuid4())) == ([], 0)
        answer = deciding.review_list(first, page=1, request_id=str(uuid4()))
    assert answer is not None
    (share,), _total = answer
    assert (share.started, share.due, share.entries) == (date(2010, 2, 2), date(2018, 2, 2), 1)
    said = {"request_id": str(uuid4())}
    with transaction.atomic():
        assert deciding.confirm(second, [share.id], **said) == 0, "nobody has approved it"
        assert deciding.approve(stranger, [share.id], **said) == 0
        assert deciding.approve(first, [share.id], **said) == 1
        assert deciding.confirm(first, [share.id], **said) == 0, "the same officer twice"
    with as_login("pipeline"):
        assert "0 destroyed" in run(destroy=True)
        assert Entry.objects.count() == before
    with transaction.atomic():
        assert deciding.confirm(second, [share.id], **said) == 1

    with as_login("pipeline"):
        with connection.cursor() as cursor, pytest.raises(Exception, match="two officers"):
            cursor.execute("delete from records_entry")
        with transaction.atomic():  # killed in the middle: all of it or nothing
            with connection.cursor() as cursor:
                cursor.execute("select keeping.destroy_share(id) from keeping_listedshare")
            assert Entry.objects.count() == before - 1
            transaction.set_rollback(True)
        assert Entry.objects.count() == before
        assert not Stub.objects.exists()
        # Killed between the record and the raw bytes: it goes on.
        with connection.cursor() as cursor:
            cursor.execute("select keeping.destroy_share(id) from keeping_listedshare")
        assert b"Carter" in raw_of(batch)
        assert ListedShare.objects.get().state == "bytes-wait"
        run(destroy=True)
        assert ListedShare.objects.get().state == "destroyed"

        assert set(Entry.objects.values_list("source_person__identifier", flat=True)) == {
            "Patient/p2"
        }
        kept = raw_of(batch)
        assert b"Bello" in kept
        assert b"c2" in kept
        for word in (b"Carter", b"p1", b"c1"):
            assert word not in kept
        stub = Stub.objects.get()
        assert stub.whose == ruth.public_id
        assert stub.files == 1
        assert {stub.approved_by, stub.confirmed_by} == {first.staff_id, second.staff_id}
        assert stub.counts["entries"] == 1
        assert Choice.objects.filter(resident=ruth).exists(), "a choice outlives its data"
        assert not ResidentPlace.objects.filter(resident=ruth).exists()
        assert not SourcePerson.objects.filter(identifier="Patient/p1").exists()
        after = Entry.objects.count()

        # It does not come back: not by a replay, not by the same file sent again.
        replay = replaying.replay(batch, by=None)
        actions.load(replay.pk)
        assert Entry.objects.count() == after
    deliver(content)
    with as_login("pipeline"):
        again = Batch.objects.latest("pk")
        assert Entry.objects.count() == after
        assert not SourcePerson.objects.filter(identifier="Patient/p1").exists()
        stopped = Tally.objects.get(batch=again, outcome="stopped", resource_type="Condition")
        assert stopped.count == 1
        assert b"Carter" not in raw_of(again)
    # Whoever is back in care is let in, with what is new.
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    deliver(ndjson(patient(meta={"lastUpdated": tomorrow}), NEW, OLD))
    with as_login("pipeline"):
        back = SourcePerson.objects.get(identifier="Patient/p1")
        assert back.resident == ruth
        assert [each.identifier for each in Entry.objects.filter(source_person=back)] == [
            "Condition/c3"
        ]
    with as_login("owner"):
        actions_seen = set(Event.objects.values_list("action", flat=True))
        assert {"retention-read", "retention-changed", "records-destroyed"} <= actions_seen
        with pytest.raises(Exception, match="not changed"):
            Stub.objects.update(kind="x")
        assert Chunk.objects.exists()


def factories_member(as_login: Any) -> Membership:
    """An officer of another organisation."""
    with as_login("pipeline"):
        made = factories.membership(
            at=factories.organisation("Other trust", kind="nhs_trust"), as_role="privacy-officer"
        )
        return Membership.objects.select_related("organisation", "role").get(pk=made.pk)


def clock(person: SourcePerson) -> tuple[date, date, bool] | None:
    with connection.cursor() as cursor:
        cursor.execute("select started, due, held from keeping.clocks(%s)", [person.pk])
        return cursor.fetchone()


SEEN = {"effective": "2010-06-01T12:00Z"}


CLOCKS = (
    # What kind of source, when born, when died, and when what was last seen on 1 June 2010 is due.
    ("adult_social_care", date(1941, 3, 3), None, date(2018, 6, 1)),
    ("nhs_trust", date(1941, 3, 3), None, date(2018, 6, 1)),
    ("out_of_hours", date(1992, 5, 31), None, date(2018, 6, 1)),  # 18 the day before
    ("nhs_trust", date(1995, 3, 3), None, date(2020, 3, 3)),  # 15: the 25th birthday
    ("nhs_trust", date(1993, 3, 3), None, date(2019, 3, 3)),  # 17: the 26th
    ("nhs_trust", None, None, None),  # whether they were a child is not known
    ("gp_practice", date(1941, 3, 3), None, None),
    ("gp_practice", date(1941, 3, 3), date(2015, 1, 1), date(2025, 1, 1)),
)


def test_the_clock_by_kind_and_age(database: Any, as_login: Any) -> None:
    with as_login("pipeline"):
        sources = {kind: factories.organisation("Source", kind=kind) for kind, *_ in CLOCKS}
        for each in sources.values():
            factories.feed(each)
        for kind, born, died, due in CLOCKS:
            died_as = {"death_notice": "2", "death_said_by": "feed"} if died else {}
            whose = factories.resident(
                birth_date=born, deceased=died is not None, deceased_on=died, **died_as
            )
            person = factories.source_person(whose, sources[kind])
            factories.entry(person, Category.DIAGNOSES, "Asthma", **SEEN)
            found = clock(person)
            assert (found and found[1]) == due, (kind, born, died)


def test_what_stops_and_resets_the_clock(database: Any, as_login: Any) -> None:
    with as_login("pipeline"):
        council = factories.organisation("Council", kind="adult_social_care", code="E99")
        factories.feed(council)
        ruth = factories.resident()
        person = factories.source_person(ruth, council)
        factories.entry(person, Category.DIAGNOSES, "Asthma", **SEEN)
        assert clock(person) == (date(2010, 6, 1), date(2018, 6, 1), False)
        # A hold, of everything and of one controller; it ends and the clock was never stopped.
        number = run(hold=["inquiry", "A public inquiry", "Ms Dowd"], code="E99").split()[1]
        assert clock(person) == (date(2010, 6, 1), date(2018, 6, 1), True)
        assert "0 due with 0 entries, 1 more on hold" in run(dry_run=True)
        assert run(list=True).startswith("0 more")
        run(end_hold=[number, "Ms Dowd"])
        # A controller keeps for longer, with a reason, and no longer than 20 years.
        run(rule=["adult_social_care", "20", "Our decision of 2 May", "Ms Dowd"], code="E99")
        assert clock(person) == (date(2010, 6, 1), date(2030, 6, 1), False)
        with pytest.raises(CommandError, match="retention_years_are_lawful"):
            run(rule=["adult_social_care", "21", "Because", "Ms Dowd"], code="E99")
        # Care goes on: no clock. Return resets it.
        factories.entry(person, Category.SOCIAL_CARE_SERVICES, "Home care", status="current")
        assert clock(person) is None
        other = factories.source_person(factories.resident(), council)
        factories.entry(other, Category.DIAGNOSES, "Asthma", **SEEN)
        factories.entry(other, Category.DIAGNOSES, "Asthma", effective="2026-06-01T12:00Z")
        assert clock(other) == (date(2026, 6, 1), date(2046, 6, 1), False)
        assert retention.counted() == []


def test_what_is_back_in_care_or_on_hold_when_it_goes_stays(
    feed: Feed, deliver: Callable[..., Batch], as_login: Any
) -> None:
    deliver(ndjson(patient(**LONG_AGO), OLD))
    first, second = two_officers(feed, as_login)
    said = {"request_id": str(uuid4())}
    with as_login("pipeline"):
        run(list=True)
        (share,) = ListedShare.objects.values_list("public_id", flat=True)
    with transaction.atomic():
        until = timezone.localdate() + timedelta(days=365)
        assert deciding.keep(first, [share], until=until, because="A claim", **said) == 1
    with as_login("pipeline"):
        assert run(list=True).startswith("0 more")
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from keeping_listedshare where state = 'kept'")
            assert cursor.fetchone() == (1,)
    with as_login("owner"):
        ListedShare.objects.update(state="listed", kept_until=None, kept_because="")
    with transaction.atomic():
        assert deciding.approve(first, [share], **said) == 1
        assert deciding.confirm(second, [share], **said) == 1
    with as_login("pipeline"):
        run(hold=["litigation", "A claim", "Ms Dowd"])
        assert "0 destroyed; 1 not due" in run(destroy=True)
        assert Entry.objects.count() == 1
