"""Alerts: told within a minute without naming anyone, reviewed by another, closed by evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core import mail
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from access import actions, alerts, nudges, restricted, tasks
from access.acting import Acting
from access.models import Alert, AlertReview, RelationshipKind
from access.reasons import AccessReason
from access.relationships import Derived
from audit.models import Event
from organisations.models import Membership, Team
from tests import factories
from tests.access.test_glass_gate import break_glass, stranger  # noqa: F401 - a fixture

WORDS = "Unconscious, no one can be asked"


@pytest.fixture
def officer(world: Any, as_login: Any) -> Membership:
    with as_login("pipeline"):
        anita = factories.staff("anita", "Anita Rao", email="anita@trust.example")
        return factories.membership(anita, world.trust, "privacy-officer")


@pytest.fixture
def alert(world: Any, stranger: Acting, officer: Membership) -> int:  # noqa: F811 - the fixture
    answer = break_glass(stranger, world.resident.public_id)
    assert answer.alert is not None
    return answer.alert


def row(as_login: Any) -> Alert:
    with as_login("pipeline"):
        return Alert.objects.select_related("membership__team").get()


def notify(as_login: Any, alert: int) -> bool:
    with as_login("pipeline"):
        return alerts.notify(alert)


class TestNotice:
    def test_names_the_reference_and_nobody(self, world: Any, alert: int, as_login: Any) -> None:
        assert notify(as_login, alert)
        (message,) = mail.outbox
        raised = row(as_login)
        whole = f"{message.subject}\n{message.body}"
        assert raised.reference in whole
        assert reverse("alert", args=[raised.public_id]) in whole
        assert message.to == ["anita@trust.example"]
        words = whole.replace(str(raised.public_id), "")  # may have any digits
        for never in ("Carter", "CARTER", "Ruth", "Sam Sample", "999", "Oak ward", WORDS, "1941"):
            assert never not in words, never
        assert str(world.resident.public_id) not in whole
        assert raised.notified is not None

    def test_is_sent_once_however_often_a_worker_is_told(self, alert: int, as_login: Any) -> None:
        assert [notify(as_login, alert) for _ in range(3)] == [True, False, False]
        assert len(mail.outbox) == 1

    def test_is_sent_once_by_workers_at_once(
        self, alert: int, as_login: Any, monkeypatch: Any
    ) -> None:
        sent: list[bool] = []

        def work() -> None:
            with as_login("pipeline"):
                sent.append(alerts.notify(alert))
            connections.close_all()

        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(sent) == [False, False, False, True]
        assert len(mail.outbox) == 1

    def test_that_was_never_nudged_is_found_by_the_sweeper(self, alert: int, as_login: Any) -> None:
        with as_login("pipeline"):
            tasks.sweep_alerts()
            tasks.sweep_alerts()
        assert len(mail.outbox) == 1
        assert row(as_login).notified is not None

    def test_the_sweeper_comes_well_within_a_minute(self) -> None:
        schedule = settings.CELERY_BEAT_SCHEDULE["sweep-alerts"]
        assert schedule["task"] == tasks.sweep_alerts.name
        assert schedule["schedule"] <= timedelta(seconds=20)

    def test_that_could_not_be_sent_waits_and_names_no_address(
        self, alert: int, as_login: Any, monkeypatch: Any, caplog: Any
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise ConnectionRefusedError("anita@trust.example")

        with monkeypatch.context() as broken:
            broken.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", fail)
            assert not notify(as_login, alert)
        assert "anita" not in caplog.text
        assert row(as_login).notified is None
        assert notify(as_login, alert)

    def test_waits_for_an_officer_and_says_so(
        self,
        world: Any,
        stranger: Acting,  # noqa: F811 - the fixture
        as_login: Any,
        caplog: Any,
    ) -> None:
        answer = break_glass(stranger, world.resident.public_id)
        assert answer.alert is not None
        assert not notify(as_login, answer.alert)
        assert "no privacy officer" in caplog.text
        with as_login("pipeline"):
            other = factories.staff("o", email="officer@practice.example")
            factories.membership(other, world.practice, "privacy-officer")
        assert not notify(as_login, answer.alert), "another organisation's officer hears nothing"
        assert mail.outbox == []

    def test_is_nudged_after_the_commit_and_a_dead_broker_costs_nothing(
        self, database: object, monkeypatch: Any, caplog: Any
    ) -> None:
        told: list[int] = []
        monkeypatch.setattr(nudges.tasks.notify, "delay", told.append)
        with transaction.atomic():
            nudges.tell_of(5)
            assert told == []
        assert told == [5]

        def fail(_: int) -> None:
            raise OSError

        monkeypatch.setattr(nudges.tasks.notify, "delay", fail)
        with transaction.atomic():
            nudges.tell_of(6)
        assert "No worker was told by access.tasks.notify of row 6" in caplog.text


def page_of(response: Any) -> str:
    return " ".join(BeautifulSoup(response.content, "html.parser").get_text(" ").split())


def signed_in(membership: Membership) -> Client:
    client = Client()
    client.force_login(membership.staff)
    return client


def events(as_login: Any, action: str) -> list[Event]:
    with as_login("owner"):
        return list(Event.objects.filter(action=action).order_by("id"))


class TestQueue:
    def test_shows_the_officer_who_and_whom_and_records_it(
        self, world: Any, alert: int, officer: Membership, as_login: Any
    ) -> None:
        client = signed_in(officer)
        assert client.get("/", follow=True).redirect_chain[-1][0] == reverse("alerts")
        words = page_of(client.get(reverse("alerts")))
        assert "CARTER, Ruth" in words
        assert "Oak ward" in words
        assert "Best interests of the person" in words
        assert "Less than a minute" in words
        event = events(as_login, "alerts-read")[-1]
        assert (event.reason, event.residents) == ("open", [world.resident.pk])
        assert event.staff_id == officer.staff_id

    @pytest.mark.parametrize(
        ("raised", "late"),
        [
            (datetime(2026, 12, 17, 15, tzinfo=UTC), False),  # a Thursday, a week ago
            (datetime(2026, 12, 16, 15, tzinfo=UTC), True),
        ],
    )
    def test_marks_what_has_waited_more_than_five_working_days(
        self, world: Any, alert: int, officer: Membership, as_login: Any, raised: Any, late: bool
    ) -> None:
        with as_login("pipeline"):
            Alert.objects.update(raised=raised)
        with travel(datetime(2026, 12, 24, 9, tzinfo=UTC), tick=False):
            words = page_of(signed_in(officer).get(reverse("alerts")))
        assert ("Over 5 working days" in words) == late

    def test_is_one_organisations(self, world: Any, alert: int, as_login: Any) -> None:
        with as_login("pipeline"):
            other = factories.membership(at=world.practice, as_role="privacy-officer")
        client = signed_in(other)
        assert "No alert waits" in page_of(client.get(reverse("alerts")))
        address = reverse("alert", args=[row(as_login).public_id])
        assert client.get(address).status_code == 404
        sent = client.post(address, {"outcome": "correct", "words": "It was an emergency"})
        assert sent.status_code == 404
        assert row(as_login).closed is None

    def test_the_functions_ask_for_the_activity(
        self, world: Any, alert: int, as_login: Any
    ) -> None:
        nurse = Acting.of(world.nurse)
        public_id = row(as_login).public_id
        asked = {"request_id": str(uuid4())}
        assert alerts.read_alerts(nurse, closed=False, page=1, **asked) is None
        assert alerts.read_alert(nurse, public_id, **asked) is None
        answer = alerts.review(
            nurse, public_id, outcome=alerts.AlertOutcome.CORRECT, words="Mine", **asked
        )
        assert answer == "not-known"

    def test_an_alert_shows_the_words_the_openings_and_the_care(
        self,
        world: Any,
        alert: int,
        officer: Membership,
        stranger: Acting,  # noqa: F811 - the fixture
        as_login: Any,
    ) -> None:
        words = page_of(signed_in(officer).get(reverse("alert", args=[row(as_login).public_id])))
        assert WORDS in words
        assert "Not opened since" in words
        assert "Admitted here, Cedar ward" in words

    @pytest.mark.parametrize(
        ("outcome", "closes"),
        [("correct", True), ("not-correct", True), ("escalate", True), ("investigate", False)],
    )
    def test_a_review_is_kept_and_closes_or_not(
        self, alert: int, officer: Membership, as_login: Any, outcome: str, closes: bool
    ) -> None:
        client = signed_in(officer)
        address = reverse("alert", args=[row(as_login).public_id])
        client.post(address, {"outcome": outcome, "words": "She was brought in at 13:40"})
        reviewed = row(as_login)
        assert (reviewed.outcome, reviewed.closed is not None) == (outcome, closes)
        with as_login("pipeline"):
            review = AlertReview.objects.get()
        assert (review.membership_id, review.outcome) == (officer.pk, outcome)
        assert events(as_login, "alert-reviewed")[-1].reason == outcome
        shown = page_of(client.get(reverse("alerts") + ("?show=closed" if closes else "")))
        assert reviewed.reference in shown

    def test_a_closed_alert_is_not_reviewed_again(
        self, alert: int, officer: Membership, as_login: Any
    ) -> None:
        client = signed_in(officer)
        address = reverse("alert", args=[row(as_login).public_id])
        for outcome in ("correct", "not-correct"):
            client.post(address, {"outcome": outcome, "words": "She was brought in at 13:40"})
        assert row(as_login).outcome == "correct"

    def test_nobody_reviews_their_own(
        self,
        world: Any,
        alert: int,
        stranger: Acting,  # noqa: F811 - the fixture
        as_login: Any,
    ) -> None:
        with as_login("pipeline"):
            staff = Membership.objects.get(pk=stranger.membership_id).staff
            also = factories.membership(staff, world.trust, "privacy-officer")
        client = signed_in(also)
        client.post(reverse("choose-membership"), {"membership": str(also.pk)})
        address = reverse("alert", args=[row(as_login).public_id])
        assert "This alert is about you" in page_of(client.get(address))
        answer = client.post(address, {"outcome": "correct", "words": "It was me, all is well"})
        assert "Somebody else must review it" in page_of(answer)
        assert row(as_login).closed is None

    @pytest.mark.parametrize("missing", ["outcome", "words"])
    def test_a_review_without_a_part_is_asked_for(
        self, alert: int, officer: Membership, as_login: Any, missing: str
    ) -> None:
        given = {"outcome": "correct", "words": "She was brought in at 13:40", missing: ""}
        answer = signed_in(officer).post(reverse("alert", args=[row(as_login).public_id]), given)
        assert "There is a problem" in page_of(answer)
        assert row(as_login).closed is None

    def test_opted_out_meanwhile_shows_no_number(
        self, world: Any, alert: int, officer: Membership, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            factories.choice(world.resident, by=world.nurse)
        words = page_of(signed_in(officer).get(reverse("alert", args=[row(as_login).public_id])))
        assert "CARTER, Ruth" in words
        assert "NHS No. Not shown" in words


class TestEvidence:
    def derive(self, as_login: Any, world: Any, **changed: Any) -> None:
        given = {
            "organisation": world.trust.pk,
            "team": None,
            "kind": RelationshipKind.ATTENDANCE,
            "evidence": "Encounter/771",
            "valid_from": timezone.now() - timedelta(hours=1),
            "valid_until": None,
            **changed,
        }
        with as_login("pipeline"):
            actions.renew_relationships({world.resident.pk: [Derived(**given)]})

    def test_of_the_time_closes_the_alert_and_is_named(
        self, world: Any, alert: int, officer: Membership, as_login: Any
    ) -> None:
        self.derive(as_login, world)
        closed = row(as_login)
        assert (closed.outcome, closed.closed is not None) == ("evidence", True)
        words = page_of(signed_in(officer).get(reverse("alert", args=[closed.public_id])))
        assert "Attended the emergency department: Encounter/771" in words
        event = events(as_login, "alert-reviewed")[-1]
        assert (event.reason, event.detail["kind"]) == ("evidence", "attendance")

    @pytest.mark.parametrize(
        "changed",
        [
            {"valid_from": timezone.now() + timedelta(hours=1)},
            {
                "valid_from": timezone.now() - timedelta(days=2),
                "valid_until": timezone.now() - timedelta(days=1),
            },
        ],
        ids=["later", "earlier"],
    )
    def test_of_another_time_leaves_it(
        self, world: Any, alert: int, as_login: Any, changed: dict[str, Any]
    ) -> None:
        self.derive(as_login, world, **changed)
        assert row(as_login).closed is None

    def test_of_another_team_or_organisation_leaves_it(
        self, world: Any, alert: int, as_login: Any
    ) -> None:
        self.derive(as_login, world, team=world.ward.pk)
        assert row(as_login).closed is None
        self.derive(as_login, world, organisation=world.practice.pk)
        assert row(as_login).closed is None

    def test_of_the_readers_own_team_closes_it(self, world: Any, alert: int, as_login: Any) -> None:
        with as_login("pipeline"):
            team = Team.objects.get(name="Oak ward")
        self.derive(as_login, world, team=team.pk)
        assert row(as_login).outcome == "evidence"

    def test_leaves_what_an_officer_has_begun(
        self, world: Any, alert: int, officer: Membership, as_login: Any
    ) -> None:
        signed_in(officer).post(
            reverse("alert", args=[row(as_login).public_id]),
            {"outcome": "investigate", "words": "Asking the ward about it"},
        )
        self.derive(as_login, world)
        assert row(as_login).outcome == "investigate"

    def test_closes_a_declared_involvement_too(
        self,
        world: Any,
        stranger: Acting,  # noqa: F811 - the fixture
        as_login: Any,
    ) -> None:
        restricted.declare(
            stranger,
            world.resident.public_id,
            kind=RelationshipKind.SELF_DECLARED,
            reason=AccessReason.SELF_REFERRAL,
            words="Came to the walk-in clinic",
            request_id=str(uuid4()),
        )
        self.derive(as_login, world)
        assert row(as_login).outcome == "evidence"


def test_a_page_of_the_queue_at_a_time(world: Any, as_login: Any, officer: Membership) -> None:
    with as_login("pipeline"):
        team = factories.team(world.trust)
        nurse = factories.membership(at=world.trust, as_role="nurse", in_team=team)
        people = [factories.resident(f"Person{nth}") for nth in range(alerts.PAGE_LENGTH + 1)]
    acting = Acting.of(nurse, sitting=uuid4())
    for one in people:
        assert break_glass(acting, one.public_id).outcome == "broken"
    client = signed_in(officer)
    first, second = (page_of(client.get(f"{reverse('alerts')}?page={nth}")) for nth in (1, 2))
    assert first.count("AL-") == alerts.PAGE_LENGTH
    assert second.count("AL-") == 1
    assert "PERSON0, " in first
    assert f"PERSON{alerts.PAGE_LENGTH}, " in second
