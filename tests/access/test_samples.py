"""Looks drawn for review: the share, the one a week, once each, and unpredictable to staff."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core import mail
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import actions, alerts, gate, samples, tasks
from access.acting import Acting
from access.models import Alert, SampledDay
from access.relationships import Derived
from access.samples import Look, drawn_of_day, drawn_of_week, number_of
from audit.models import Event
from organisations.models import Membership
from tests import factories

MONDAY = date(2026, 11, 16)
SUNDAY = date(2026, 11, 22)


def look(nth: int, organisation: int = 1) -> Look:
    return Look(UUID(int=nth), organisation, 1, 1, 1)


LOOKS = [look(nth) for nth in range(1, 5001)]


class TestChance:
    def test_the_share_is_drawn(self) -> None:
        assert 70 <= len(drawn_of_day(LOOKS, share=0.02)) <= 130
        assert drawn_of_day(LOOKS, share=0) == []
        assert drawn_of_day(LOOKS, share=1) == LOOKS

    def test_the_same_looks_give_the_same_draw_whatever_their_order(self) -> None:
        drawn = drawn_of_day(LOOKS, share=0.02)
        assert drawn_of_day(reversed(LOOKS), share=0.02) == drawn[::-1]

    def test_another_key_gives_another_draw(self, settings: Any) -> None:
        drawn = drawn_of_day(LOOKS, share=0.02)
        settings.SECRET_KEY = "another " * 8
        again = drawn_of_day(LOOKS, share=0.02)
        assert len(set(drawn) & set(again)) < len(drawn) / 4

    def test_a_wider_share_only_adds(self) -> None:
        assert set(drawn_of_day(LOOKS, share=0.02)) < set(drawn_of_day(LOOKS, share=0.05))

    def test_of_each_organisation_without_any_the_lowest_is_drawn(self) -> None:
        looks = [look(nth, organisation=nth % 3) for nth in range(1, 31)]
        sampled = frozenset({UUID(int=4)})  # one of organisation 1's
        drawn = drawn_of_week(looks, sampled=sampled)
        assert [each.organisation for each in drawn] == [0, 2]
        for each in drawn:
            others = [one for one in looks if one.organisation == each.organisation]
            assert number_of(each.id) == min(number_of(one.id) for one in others)
        assert drawn_of_week([], sampled=frozenset()) == []


@pytest.fixture
def acting(world: Any, as_login: Any) -> Acting:
    """A nurse of the emergency department, where the resident attends."""
    with as_login("pipeline"):
        department = factories.team(world.trust, "Emergency department")
        nurse = factories.membership(
            factories.staff("eddie", "Eddie Nurse"), world.trust, "nurse", in_team=department
        )
        factories.relationship(world.resident, world.trust, department, kind="attendance")
    return replace(Acting.of(nurse), sitting=uuid4())


@pytest.fixture
def officer(world: Any, as_login: Any) -> Membership:
    with as_login("pipeline"):
        anita = factories.staff("anita", "Anita Rao", email="anita@trust.example")
        return factories.membership(anita, world.trust, "privacy-officer")


def open_record(acting: Acting, resident: UUID, look: UUID) -> None:
    with transaction.atomic():
        opened = gate.open_record(acting, resident, look=look, request_id=str(uuid4()))
    assert isinstance(opened, gate.Opened)


@pytest.fixture
def opened(
    world: Any, acting: Acting, run_sql: Callable[[str], psycopg.Connection]
) -> Callable[..., UUID]:
    """Open the record in a look of its own, as if that had been at another time."""

    def make(at: datetime, *, pages: int = 1, by: Acting = acting, whose: Any = None) -> UUID:
        number = uuid4()
        for _ in range(pages):
            open_record(by, (whose or world.resident).public_id, number)
        admin = run_sql("admin")
        admin.execute("update access_opening set began = %s where look = %s", [at, number])
        admin.commit()
        return number

    return make


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def draw(as_login: Any, day: date) -> int:
    with as_login("pipeline"):
        return samples.draw(day)


def drawn(as_login: Any) -> list[Alert]:
    with as_login("pipeline"):
        return list(Alert.objects.filter(kind="sample").order_by("pk"))


class TestDrawing:
    def test_what_treating_now_opened_joins_the_queue(
        self, world: Any, acting: Acting, opened: Any, as_login: Any, settings: Any
    ) -> None:
        settings.SAMPLE_SHARE = 1
        number = opened(at(MONDAY), pages=3)
        assert draw(as_login, MONDAY) == 1
        (alert,) = drawn(as_login)
        assert (alert.look, alert.resident_id) == (number, world.resident.pk)
        assert (alert.organisation_id, alert.membership_id) == (
            world.trust.pk,
            acting.membership_id,
        )
        with as_login("pipeline"):
            day = SampledDay.objects.get()
        with as_login("owner"):
            event = Event.objects.get(action="sample-drawn")
        assert (day.looks, day.drawn) == (1, 1)
        assert (event.resident_id, event.look) == (world.resident.pk, number)
        assert event.detail["reference"] == alert.reference

    def test_what_anything_else_opened_does_not(
        self, world: Any, opened: Any, as_login: Any, settings: Any
    ) -> None:
        settings.SAMPLE_SHARE = 1
        opened(at(MONDAY), by=replace(world.acting, sitting=uuid4()))  # an admission
        assert draw(as_login, MONDAY) == 0

    def test_the_day_is_londons_and_a_look_belongs_to_the_day_it_began(
        self, opened: Any, as_login: Any, settings: Any, run_sql: Any
    ) -> None:
        settings.SAMPLE_SHARE = 1
        summer = date(2026, 7, 6)
        late = opened(datetime(2026, 7, 5, 23, 30, tzinfo=UTC))  # half past midnight in London
        split = opened(datetime(2026, 7, 6, 22, 55, tzinfo=UTC), pages=2)
        admin = run_sql("admin")
        admin.execute(
            "update access_opening set began = began + interval '10 minutes' where id = "
            "(select max(id) from access_opening where look = %s)",
            [split],
        )
        admin.commit()
        assert draw(as_login, summer - timedelta(days=1)) == 0
        assert draw(as_login, summer) == 2
        assert draw(as_login, summer + timedelta(days=1)) == 0
        assert {alert.look for alert in drawn(as_login)} == {late, split}

    def test_a_week_with_any_has_one_at_the_least(
        self, opened: Any, as_login: Any, settings: Any
    ) -> None:
        settings.SAMPLE_SHARE = 0
        looks = [opened(at(MONDAY + timedelta(days=day))) for day in range(7)]
        opened(at(SUNDAY + timedelta(days=1)))
        assert [draw(as_login, MONDAY + timedelta(days=day)) for day in range(7)] == [0] * 6 + [1]
        (alert,) = drawn(as_login)
        assert alert.look == min(looks, key=number_of)

    def test_a_week_with_a_sample_has_no_second_for_that(
        self, opened: Any, as_login: Any, settings: Any
    ) -> None:
        opened(at(MONDAY))
        opened(at(SUNDAY))
        settings.SAMPLE_SHARE = 1
        assert draw(as_login, MONDAY) == 1
        settings.SAMPLE_SHARE = 0
        assert draw(as_login, SUNDAY) == 0

    def test_a_day_is_drawn_from_once_by_however_many_workers(
        self, opened: Any, as_login: Any, settings: Any
    ) -> None:
        settings.SAMPLE_SHARE = 1
        opened(at(MONDAY))
        counts: list[int] = []

        def work() -> None:
            counts.append(draw(as_login, MONDAY))
            connections.close_all()

        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(counts) == [0, 0, 0, 1]
        assert draw(as_login, MONDAY) == 0
        assert len(drawn(as_login)) == 1

    def test_a_worker_that_dies_leaves_the_whole_day(
        self, opened: Any, as_login: Any, settings: Any, monkeypatch: Any
    ) -> None:
        settings.SAMPLE_SHARE = 1
        opened(at(MONDAY))

        def die(*_: Any, **__: Any) -> None:
            raise SystemExit

        with monkeypatch.context() as broken:
            broken.setattr(SampledDay.objects, "create", die)
            with pytest.raises(SystemExit):
                draw(as_login, MONDAY)
        assert drawn(as_login) == []
        assert draw(as_login, MONDAY) == 1

    def test_days_that_nobody_drew_from_are_caught_up_with(
        self, opened: Any, as_login: Any, settings: Any
    ) -> None:
        settings.SAMPLE_SHARE = 1
        opened(at(MONDAY))
        opened(at(SUNDAY))
        with as_login("pipeline"):
            assert samples.draw_due(at(SUNDAY)) == 1
            assert samples.draw_due(datetime(2026, 11, 23, 0, 30, tzinfo=UTC)) == 0, "not yet over"
            assert samples.draw_due(datetime(2026, 11, 23, 1, 0, tzinfo=UTC)) == 1
            assert samples.draw_due(datetime(2026, 11, 23, 1, 0, tzinfo=UTC)) == 0
            days = SampledDay.objects.order_by("day").values_list("day", flat=True)
            assert list(days) == [SUNDAY - timedelta(days=back) for back in range(28, -1, -1)]

    def test_the_scheduler_asks_every_hour(self) -> None:
        schedule = settings.CELERY_BEAT_SCHEDULE["draw-samples"]
        assert schedule["task"] == tasks.draw_samples.name
        assert settings.SAMPLE_SHARE == 0.02

    def test_the_webs_login_draws_nothing_and_reads_no_day(
        self, world: Any, run_sql: Callable[[str], psycopg.Connection]
    ) -> None:
        for statement in (
            "select * from access.looks_by_kind(now(), now(), '{attendance}')",
            "select * from access_sampledday",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                run_sql("web").execute(statement)


class TestQueue:
    @pytest.fixture
    def alert(self, opened: Any, as_login: Any, settings: Any) -> Alert:
        settings.SAMPLE_SHARE = 1
        opened(timezone.now() - timedelta(days=2), pages=3)
        draw(as_login, (timezone.now() - timedelta(days=2)).date())
        (alert,) = drawn(as_login)
        return alert

    def test_no_notice_is_sent(self, alert: Alert, officer: Membership, as_login: Any) -> None:
        with as_login("pipeline"):
            assert alerts.alerts_to_notify() == []
            assert not alerts.notify(alert.pk)
            tasks.sweep_alerts()
        assert mail.outbox == []

    def test_the_evidence_that_opened_it_does_not_close_it(
        self, world: Any, alert: Alert, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            held = world.resident.care_relationships.get(kind="attendance")
            actions.renew_relationships(
                {
                    world.resident.pk: [
                        Derived(
                            held.organisation_id,
                            held.team_id,
                            held.kind,
                            held.evidence,
                            held.valid_from,
                            None,
                        )
                    ]
                }
            )
            assert Alert.objects.get().closed is None

    def test_an_officer_sees_what_opened_it_and_reviews_it(
        self, world: Any, alert: Alert, officer: Membership, as_login: Any
    ) -> None:
        client = Client()
        client.force_login(officer.staff)
        listed = BeautifulSoup(client.get(reverse("alerts")).content, "html.parser").get_text(" ")
        assert "Sampled" in listed
        address = reverse("alert", args=[alert.public_id])
        page = " ".join(
            BeautifulSoup(client.get(address).content, "html.parser")
            .find("main")
            .get_text(" ")
            .split()
        )
        assert "Drawn for review. The care that opened it: attended the emergency" in page
        assert "Eddie Nurse, Nurse, Emergency department" in page
        assert "Pages of the record opened 3 pages, " in page
        assert "In their words" not in page
        reviewed = client.post(address, {"outcome": "correct", "words": "In the department's list"})
        assert reviewed.status_code == 302
        with as_login("pipeline"):
            assert Alert.objects.get().outcome == "correct"
