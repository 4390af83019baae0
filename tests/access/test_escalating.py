"""Cases that wait too long are handed up by the clock: once, without a name, and recorded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.utils import timezone

from access import escalating
from access.acting import Acting
from access.models import Alert, AlertOutcome
from audit.models import Action, Event
from organisations.models import Membership
from tests import factories
from tests.access.test_glass_gate import break_glass

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "at", "late"),
    [
        (None, datetime(2026, 3, 9, 23, tzinfo=UTC), False),
        (None, datetime(2026, 3, 10, 1, tzinfo=UTC), True),
        (date(2026, 3, 30), datetime(2026, 3, 30, 9, tzinfo=UTC), False),
        (date(2026, 3, 30), datetime(2026, 3, 31, 9, tzinfo=UTC), True),
    ],
)
def test_a_question_has_a_day_and_everything_else_five_working_days(
    due: date | None, at: datetime, late: bool
) -> None:
    assert escalating.waits_too_long(MONDAY, due, at) is late


@pytest.fixture
def alert(world: Any, stranger: Membership, as_login: Any) -> int:
    with as_login("pipeline"):
        anita = factories.staff("anita", "Anita Rao", email="anita@trust.example")
        factories.membership(anita, world.trust, "privacy-officer")
    answer = break_glass(Acting.of(stranger, sitting=uuid4()), world.resident.public_id)
    assert answer.alert is not None
    return answer.alert


def hand_up(as_login: Any, days: int) -> list[int]:
    with as_login("pipeline"):
        return escalating.escalate(timezone.now() + timedelta(days=days))


class TestHandedUp:
    def test_once_and_without_a_name(self, alert: int, as_login: Any) -> None:
        assert hand_up(as_login, 1) == []
        assert hand_up(as_login, 20) == [alert]
        assert hand_up(as_login, 21) == []
        (message,) = mail.outbox
        assert message.to == ["anita@trust.example"]
        assert "is late" in message.subject
        for never in ("Carter", "Ruth", "Sam Sample"):
            assert never not in message.body
        with as_login("backup"):
            (event,) = Event.objects.filter(action=Action.ALERT_REVIEWED)
        assert event.reason == "late"

    def test_what_is_closed_is_not(self, alert: int, as_login: Any) -> None:
        with as_login("pipeline"):
            Alert.objects.filter(pk=alert).update(
                outcome=AlertOutcome.CORRECT, closed=timezone.now()
            )
        assert hand_up(as_login, 20) == []

    def test_what_cannot_be_sent_waits_for_the_next_run(
        self, alert: int, as_login: Any, monkeypatch: Any
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise ConnectionRefusedError

        with monkeypatch.context() as broken:
            broken.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", fail)
            assert hand_up(as_login, 20) == []
        assert hand_up(as_login, 20) == [alert]

    def test_nobody_is_told_where_there_is_no_officer(
        self, world: Any, alert: int, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            Membership.objects.filter(
                organisation=world.trust, role__code="privacy-officer"
            ).update(state="ended")
        assert hand_up(as_login, 20) == []
