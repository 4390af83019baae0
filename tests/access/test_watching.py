"""A record under watch opens to who says why, through every door, and tells nobody else of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access import alerts, gate, watching
from access.acting import Acting
from access.decision import Reason
from access.models import Alert, AlertKind, Watch, WatchReason
from audit.models import Event
from identity.models import Resident
from organisations.models import Membership
from records.probing import walls
from tests import factories
from tests.access.test_gate import as_gate, displays, open_record
from tests.access.test_glass_gate import break_glass, stranger
from tests.access.watches import WHY, privacy_officer, put_under_watch

__all__ = ["stranger"]

WORDS = "Planning her discharge with the ward"
SECRET = "Diagnosis from Test practice"


@pytest.fixture
def officer(world: Any, as_login: Any) -> Membership:
    return privacy_officer(world.trust, as_login)


@pytest.fixture
def nurse(world: Any) -> Acting:
    return replace(world.acting, sitting=uuid4())


@pytest.fixture
def watched(world: Any, as_login: Any, officer: Membership) -> Resident:
    put_under_watch(world.resident, as_login, officer)
    return world.resident


def say(acting: Acting, resident: UUID, words: str = WORDS) -> watching.Answer:
    return watching.say_why(acting, resident, words=words, request_id=str(uuid4()))


def reason(world: Any, acting: Acting) -> Reason | None:
    """Why the record does not open; ``None`` where it does. Nothing comes out unless it does."""
    with transaction.atomic():
        answer = open_record(world, acting)
        assert bool(displays()) == isinstance(answer, gate.Opened)
        return None if isinstance(answer, gate.Opened) else answer.reason


def rows(model: Any, as_login: Any) -> list[Any]:
    with as_login("pipeline"):
        return list(model.objects.order_by("pk"))


class TestAReader:
    def test_says_why_once_in_a_sitting(
        self, world: Any, nurse: Acting, watched: Resident, as_login: Any
    ) -> None:
        assert reason(world, nurse) is Reason.WATCHED
        answer = say(nurse, watched.public_id)
        assert (answer.outcome, answer.opens) == ("said", True)
        assert reason(world, nurse) is None
        assert say(nurse, watched.public_id).outcome == "not-needed"
        assert [each.words for each in rows(WatchReason, as_login)] == [WORDS]
        again = replace(nurse, sitting=uuid4())
        assert reason(world, again) is Reason.WATCHED, "each further sitting needs its own"
        nowhere = replace(nurse, sitting=None)
        assert reason(world, nowhere) is Reason.WATCHED
        assert say(nowhere, watched.public_id).outcome == "resident-not-known"

    def test_of_another_membership_is_no_reason(
        self, world: Any, nurse: Acting, watched: Resident, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            colleague = factories.membership(at=world.trust, as_role="nurse", in_team=world.ward)
        say(Acting.of(colleague, sitting=nurse.sitting), watched.public_id)
        assert reason(world, nurse) is Reason.WATCHED

    def test_is_told_of_by_mail_that_names_nobody(
        self, nurse: Acting, watched: Resident, as_login: Any
    ) -> None:
        answer = say(nurse, watched.public_id)
        with as_login("pipeline"):
            assert answer.alert is not None
            assert alerts.notify(answer.alert)
        (message,) = mail.outbox
        assert message.to == ["anita@officers.example"]
        whole = f"{message.subject}\n{message.body}"
        for never in ("Carter", "Ruth", "watch", WORDS, str(watched.public_id)):
            assert never not in whole, never
        (alert,) = rows(Alert, as_login)
        assert (alert.kind, alert.resident_id) == (AlertKind.WATCHED, watched.pk)

    def test_with_broken_glass_has_said_why(
        self, world: Any, stranger: Acting, watched: Resident
    ) -> None:
        assert reason(world, stranger) is Reason.NO_RELATIONSHIP
        assert break_glass(stranger, watched.public_id).outcome == "broken"
        assert reason(world, stranger) is None

    def test_goes_from_any_door_by_one_question_to_the_record(
        self, world: Any, watched: Resident, as_login: Any
    ) -> None:
        client = Client()
        client.force_login(world.nurse.staff)
        shown = client.post(
            reverse("open-record"), {"resident": str(watched.public_id)}, follow=True
        )
        assert shown.redirect_chain[-1][0] == reverse("say-why", args=[watched.public_id])
        assert SECRET not in shown.content.decode()
        printed = client.get(reverse("print-record", args=[watched.public_id]))
        assert (printed.status_code, printed["Location"]) == (303, shown.redirect_chain[-1][0])
        few = client.post(shown.redirect_chain[-1][0], {"words": "work"})
        assert "in 10 characters or more" in few.content.decode()
        record = client.post(shown.redirect_chain[-1][0], {"words": WORDS}, follow=True)
        assert record.status_code == 200
        assert SECRET in record.content.decode()
        assert client.get(reverse("print-record", args=[watched.public_id])).status_code == 200
        back = client.get(shown.redirect_chain[-1][0])
        assert (back.status_code, back["Location"]) == (
            302,
            reverse("record", args=[watched.public_id]),
        )

    def test_finds_who_is_watched_among_their_own(
        self, world: Any, watched: Resident, as_login: Any
    ) -> None:
        client = Client()
        client.force_login(world.nurse.staff)
        assert "CARTER" in client.get(reverse("my-residents")).content.decode()


class TestNobodyElse:
    def test_may_be_told_of_it_who_could_not_open_the_record(
        self, world: Any, stranger: Acting, as_login: Any, officer: Membership
    ) -> None:
        """Byte by byte: the pages of who has no part in the care, watched or not."""
        client = Client()
        with as_login("pipeline"):
            member = Membership.objects.select_related("staff").get(pk=stranger.membership_id)
        client.force_login(member.staff)

        def pages() -> list[bytes]:
            client.post(reverse("open-record"), {"resident": str(world.resident.public_id)})
            found = [
                client.get(reverse(name, args=[world.resident.public_id]))
                for name in ("record", "say-why", "emergency", "declare-care")
            ]
            return [
                str(each.status_code).encode()
                + each.headers.get("Location", "").encode()
                + str(BeautifulSoup(each.content, "html.parser").main).encode()
                for each in found
            ]

        before = pages()
        put_under_watch(world.resident, as_login, officer)
        assert _without_tokens(pages()) == _without_tokens(before)

    @pytest.mark.parametrize("kind", ["connect-care", "nhs-number"])
    def test_opens_what_a_choice_closed(
        self, world: Any, watched: Resident, as_login: Any, kind: str
    ) -> None:
        worker = Acting.of(world.social_worker, sitting=uuid4())
        council = None if kind == "connect-care" else world.council
        with as_login("pipeline"):
            factories.choice(watched, kind=kind, council=council)
        closed = reason(world, worker)
        assert closed in {Reason.OPTED_OUT, Reason.COUNCIL_MAY_NOT_USE_NUMBER}
        say(worker, watched.public_id)
        assert reason(world, worker) is closed

    def test_says_why_without_a_role_that_reads(
        self, world: Any, watched: Resident, officer: Membership, as_login: Any
    ) -> None:
        answer = say(Acting.of(officer, sitting=uuid4()), watched.public_id)
        assert answer.outcome == "activity-not-in-role"
        assert rows(WatchReason, as_login) == []


def _without_tokens(pages: list[bytes]) -> list[bytes]:
    soups = [BeautifulSoup(each, "html.parser") for each in pages]
    for soup in soups:
        for field in soup.select("input[name=csrfmiddlewaretoken]"):
            field.decompose()
    return [str(soup).encode() for soup in soups]


class TestTheWall:
    def test_opens_nothing_to_a_decision_that_knew_of_no_watch(
        self, world: Any, nurse: Acting, as_login: Any, officer: Membership
    ) -> None:
        """As for one that was made before the watch: the database asks by itself."""
        with transaction.atomic():
            before = gate.consider(nurse, world.resident.public_id)
        put_under_watch(world.resident, as_login, officer)
        with transaction.atomic():
            now = gate.consider(nurse, world.resident.public_id)
            facts = replace(before.facts, resident_epoch=now.facts.resident_epoch)
            walls.forge_opening(nurse, replace(before, facts=facts))
            assert displays() == set()
        say(nurse, world.resident.public_id)
        with transaction.atomic():
            now = gate.consider(nurse, world.resident.public_id)
            facts = replace(before.facts, resident_epoch=now.facts.resident_epoch)
            walls.forge_opening(nurse, replace(before, facts=facts))
            assert displays() != set(), "and it would have, but for the watch"

    def test_closes_a_page_that_was_being_made(
        self, world: Any, nurse: Acting, as_login: Any, officer: Membership, run_sql: Any
    ) -> None:
        with transaction.atomic():
            assert isinstance(open_record(world, nurse), gate.Opened)
            assert gate.still_open()
            admin = run_sql("admin")
            admin.execute(
                "insert into access_watch (resident_id, organisation_id, membership_id, words,"
                " began, ends_at) values (%s, %s, %s, %s, now(), now() + interval '1 day')",
                [world.resident.pk, world.trust.pk, officer.pk, WHY],
            )
            admin.commit()
            assert not gate.still_open()
            assert displays() == set()

    def test_costs_no_statement_where_nothing_is_watched(self, world: Any, nurse: Acting) -> None:
        with transaction.atomic(), CaptureQueriesContext(connection) as statements:
            open_record(world, nurse)
        assert len(statements) == 2

    def test_is_the_gates_alone_to_write(self, world: Any, watched: Resident) -> None:
        for table in ("access_watch", "access_watchreason"):
            for statement in (f"select * from {table}", f"delete from {table}"):
                with (
                    pytest.raises(DatabaseError, match="permission denied"),
                    transaction.atomic(),
                    connection.cursor() as cursor,
                ):
                    cursor.execute(statement)


class TestAnOfficer:
    def test_begins_and_ends_it_with_words(
        self, world: Any, nurse: Acting, officer: Membership, as_login: Any
    ) -> None:
        client = Client()
        client.force_login(officer.staff)
        address = reverse("watch-record", args=[world.resident.public_id])
        page = client.get(address).content.decode()
        assert "Put this record under watch" in page
        assert "Diagnosis" not in page
        assert "Select for how long" in client.post(address, {"words": WHY}).content.decode()
        begun = client.post(address, {"words": WHY, "days": "30"}, follow=True)
        assert "This record is under watch" in begun.content.decode()
        assert reason(world, nurse) is Reason.WATCHED
        say(nurse, world.resident.public_id)
        listed = BeautifulSoup(client.get(reverse("watches")).content, "html.parser").main
        assert "CARTER, Ruth" in listed.get_text()
        client.post(address, {"words": "It was the right team"})
        assert reason(world, replace(nurse, sitting=uuid4())) is None
        (watch,) = rows(Watch, as_login)
        assert (watch.ended_words, watch.ended_by_id) == ("It was the right team", officer.pk)
        with as_gate(as_login):
            events = Event.objects.filter(action="record-watched").order_by("id")
            assert [each.reason for each in events] == ["begun", "said-why", "ended"]

    def test_reads_what_was_said_and_reviews_it(
        self, nurse: Acting, watched: Resident, officer: Membership, as_login: Any
    ) -> None:
        say(nurse, watched.public_id)
        (alert,) = rows(Alert, as_login)
        client = Client()
        client.force_login(officer.staff)
        address = reverse("alert", args=[alert.public_id])
        page = client.get(address).content.decode()
        assert WORDS in page
        assert "Record under watch opened" in page
        assert "When the care ends" not in page
        client.post(address, {"outcome": "correct", "words": "She is on that ward"})
        assert rows(Alert, as_login)[0].outcome == "correct"

    def test_of_another_organisation_sees_and_ends_nothing_of_it(
        self, world: Any, watched: Resident, as_login: Any
    ) -> None:
        other = privacy_officer(world.practice, as_login, "omar")
        client = Client()
        client.force_login(other.staff)
        assert "CARTER" not in client.get(reverse("watches")).content.decode()
        page = client.get(reverse("watch-record", args=[watched.public_id])).content.decode()
        assert "Put this record under watch" in page
        (watch,) = rows(Watch, as_login)
        assert (
            watching.end(
                Acting.of(other), watch.public_id, words="Not needed here", request_id=str(uuid4())
            )
            == "not-known"
        )

    def test_may_not_watch_for_ever(self, world: Any, officer: Membership) -> None:
        with pytest.raises(DatabaseError, match="at most 184 days"), transaction.atomic():
            watching.begin(
                Acting.of(officer),
                world.resident.public_id,
                words=WHY,
                ends_at=timezone.now() + timedelta(days=185),
                request_id=str(uuid4()),
            )


def test_a_watch_ends_by_itself(world: Any, nurse: Acting, watched: Resident, run_sql: Any) -> None:
    assert reason(world, nurse) is Reason.WATCHED
    admin = run_sql("admin")
    admin.execute(
        "update access_watch set began = began - interval '8 days',"
        " ends_at = ends_at - interval '8 days'"
    )
    admin.commit()
    assert reason(world, nurse) is None
