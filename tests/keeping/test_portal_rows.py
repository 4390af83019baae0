"""What the portal itself writes about residents goes by its own rule, and past no hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from audit.models import Event
from consent.models import ChoiceRequest, RequestStep
from feeds.models import Batch, Chunk
from feeds.tasks import delete_old_bytes
from identity.models import LinkQuestion, QuestionNote, SourcePerson, Trace, TraceStep
from keeping import retention, tasks
from keeping.models import PortalKind
from notifications.models import Notice, NoticeSeen
from organisations.models import Feed
from subject_access.models import Part, Request, State
from tests import factories
from tests.consent.asking_by_form import hand_in
from tests.feeds.conftest import deliver, feed, give_in, ndjson, patient

__all__ = ["deliver", "feed", "give_in"]

YEAR = timedelta(days=366)


@pytest.fixture(autouse=True)
def _as_shipped(database: dict[str, str]) -> Iterator[None]:
    """The rules are as they are shipped after each test."""
    yield
    with psycopg.connect(database["admin"], autocommit=True) as admin:
        admin.execute("delete from keeping_portalrule where set_by <> ''")
        admin.execute("update keeping_portalrule set valid_until = null")


def test_answered_requests_and_old_notices_go_but_not_past_a_hold(
    database: Any, as_login: Any, run_sql: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 1)  # each in a transaction of its own
    with as_login("pipeline"):
        trust = factories.organisation("Trust")
        officer = factories.membership(at=trust, as_role="privacy-officer")
        ruth, held = factories.resident(), factories.resident()
    admin = run_sql("admin")
    answered = (("SA-0", ruth, 4), ("SA-1", ruth, 1), ("SA-2", held, 4), ("SA-3", ruth, None))
    for reference, whose, years in answered:
        admin.execute(
            "with asked as (insert into subject_access_request (reference, resident_id,"
            " membership_id, organisation_id, received, due, state, ended) values (%s, %s, %s, %s,"
            " '2020-01-01', '2020-02-01', %s, now() - make_interval(years => %s, days => 2))"
            " returning id) insert into subject_access_part (request_id, source_id, category,"
            " sensitive, certain, entries, aside) select id, %s, 1, false, true, 1, '' from asked",
            [
                reference,
                whose.pk,
                officer.pk,
                trust.pk,
                State.FETCHED if years else State.REVIEW,
                years,
                trust.pk,
            ],
        )
    for identifier, whose, years in (("a", ruth, 2), ("b", ruth, 0), ("c", held, 2)):
        admin.execute(
            "with told as (insert into notifications_notice (kind, resident_id, organisation_id,"
            " identifier, happened, made) values ('death', %s, %s, %s, now(),"
            " now() - make_interval(years => %s)) returning id)"
            " insert into notifications_noticeseen (notice_id, membership_id)"
            " select id, %s from told",
            [whose.pk, trust.pk, identifier, years, officer.pk],
        )
    admin.commit()
    with as_login("pipeline"), connection.cursor() as cursor:
        cursor.execute(
            "select keeping.set_hold('case', 'A case', %s, %s, 'Ms Dowd')", [trust.pk, held.pk]
        )
        (hold,) = cursor.fetchone()
    with as_login("pipeline"):
        assert {kind: due for kind, due in retention.portal_rows_counted().items() if due} == {
            PortalKind.SUBJECT_ACCESS: 1,
            PortalKind.NOTICES: 1,
        }
        said = StringIO()
        call_command("retention", dry_run=True, stdout=said)
        assert "Notices to teams: 1 due." in said.getvalue()
        tasks.destroy_confirmed()
        assert set(Request.objects.values_list("reference", flat=True)) == {"SA-1", "SA-2", "SA-3"}
        assert Part.objects.count() == 3
        assert Notice.objects.count() == NoticeSeen.objects.count() == 2
        assert retention.destroy_portal_rows() == 0
    with as_login("owner"):
        events = Event.objects.filter(action="records-destroyed")
        assert {(each.reason, *each.residents) for each in events} == {
            ("subject-access", ruth.pk),
            ("notices", ruth.pk),
        }
    # A longer rule from now on; then the hold ends, and what is due by it goes.
    with as_login("pipeline"):
        call_command(
            "retention", rule=["subject-access", "6", "Our policy", "Ms Dowd"], stdout=said
        )
    with as_login("pipeline"):
        call_command("retention", end_hold=[str(hold), "Ms Dowd"], stdout=said)
        assert retention.destroy_portal_rows() == 1
        assert Request.objects.count() == 3
        assert not Notice.objects.filter(resident=held).exists()
        call_command(
            "retention", rule=["subject-access", "3", "As shipped", "Ms Dowd"], stdout=said
        )
        assert retention.destroy_portal_rows() == 1


def test_a_request_goes_that_came_to_nothing_and_no_other(
    database: Any, as_login: Any, run_sql: Any
) -> None:
    with as_login("pipeline"):
        desk = factories.membership()
        number = factories.made_up_nhs_number()
        factories.resident("Carter", nhs_number=number)
        held = factories.resident("Quillfeather")
    of = {
        "open": hand_in(family="Stone", address=b"1"),
        "recent": hand_in(family="Marlowe", address=b"2"),
        "old": hand_in(family="Marlowe", address=b"3"),
        "perhaps-held": hand_in(family="Quillfeather", born=held.birth_date, address=b"4"),
        "theirs": hand_in(number, address=b"5"),
    }
    named = {what: reference for what, (_, reference) in of.items()}
    admin = run_sql("admin")
    for what, kind, years in (
        ("recent", "not-verified", 2),
        ("old", "not-verified", 4),
        ("perhaps-held", "not-verified", 4),
        ("theirs", "recorded", 4),
    ):
        admin.execute(
            "insert into consent_requeststep (request_id, kind, membership_id, at, choice_id)"
            " select id, %s, %s, now() - make_interval(years => %s),"
            " (select choice_id from consent_requeststep where request_id = q.id and kind = 'held')"
            " from consent_choicerequest q where reference = %s",
            [kind, desk.pk, years, named[what]],
        )
    admin.commit()
    with as_login("pipeline"), connection.cursor() as cursor:
        cursor.execute("select keeping.set_hold('case', 'A case', null, %s, 'Ms D')", [held.pk])
        (hold,) = cursor.fetchone()
    for table in ("consent_choicerequest where reference = %s", "consent_requeststep"):
        given = [named["recent"]] if "%s" in table else None
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            admin.execute(f"delete from {table}".encode(), given)
        admin.rollback()
    with as_login("pipeline"):
        assert retention.portal_rows_counted()[PortalKind.REQUESTS] == 1
        assert retention.destroy_portal_rows() == 1
        left = set(ChoiceRequest.objects.values_list("reference", flat=True))
        assert left == set(named.values()) - {named["old"]}
        assert not RequestStep.objects.exclude(request__in=ChoiceRequest.objects.all()).exists()
        call_command("retention", end_hold=[str(hold), "Ms D"], stdout=StringIO())
        assert retention.destroy_portal_rows() == 1
        assert named["theirs"] in ChoiceRequest.objects.values_list("reference", flat=True)
    with as_login("owner"):
        events = Event.objects.filter(action="records-destroyed", reason="requests")
        assert [each.detail["references"] for each in events.order_by("id")] == [
            [named["old"]],
            [named["perhaps-held"]],
        ]


def test_a_trace_goes_of_which_a_later_one_says_as_much(
    database: Any, as_login: Any, run_sql: Any
) -> None:
    now = timezone.now()
    with as_login("pipeline"):
        trust = factories.organisation("Trust")
        known, doubted = (factories.source_person(factories.resident(), trust) for _ in range(2))
        LinkQuestion.objects.create(source_person=doubted, reason="no-match")
        for whose, ended, years in (
            (known, "verified", 6),
            (known, "no-match", 5),
            (known, "verified", 4),
            (known, "no-match", 1),
            (doubted, "no-match", 5),
            (doubted, "no-match", 4),
        ):
            trace = Trace.objects.create(
                source_person=whose, why="old", ended=ended, finished=now - years * YEAR
            )
            TraceStep.objects.create(
                trace=trace,
                step="number",
                asked_by=["nhs-number"],
                request=trace.asked_as,
                service="made-up",
                outcome=ended,
            )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_sql("admin").execute("delete from identity_tracestep")
    with as_login("pipeline"):
        assert retention.destroy_portal_rows() == 2
        left = Trace.objects.order_by("pk").values_list("source_person", "ended", "finished")
        assert [(whose, ended, (now - at) // YEAR) for whose, ended, at in left] == [
            (known.pk, "verified", 4),
            (known.pk, "no-match", 1),
            (doubted.pk, "no-match", 5),
            (doubted.pk, "no-match", 4),
        ]
        assert TraceStep.objects.count() == 4
    with as_login("owner"):
        (event,) = Event.objects.filter(action="records-destroyed", reason="traces")
        assert (event.residents, event.detail["rows"]) == ([known.resident_id], 2)


def test_a_question_goes_on_which_nothing_rests(database: Any, as_login: Any, run_sql: Any) -> None:
    now = timezone.now()
    made = {}
    with as_login("pipeline"):
        trust = factories.organisation("Trust")
        known = factories.source_person(factories.resident(), trust)
        for name, decision, years in (
            ("over", "checked", 3),
            ("agreed", "agrees-now", 3),
            ("recent", "checked", 1),
            ("kept-apart", "different", 3),
            ("joined", "agrees-now", 3),
            ("open", "", 0),
        ):
            made[name] = LinkQuestion.objects.create(
                source_person=known,
                reason="no-match",
                decision=decision,
                settled=now - years * YEAR if decision else None,
            )
            QuestionNote.objects.create(question=made[name], words="Rang the ward")
    admin = run_sql("admin")
    admin.execute("set session_replication_role = replica")
    admin.execute(
        "insert into identity_movedrow (merge_id, table_name, row_id, before)"
        " values (1, 'identity_linkquestion', %s, '{}')",
        [made["joined"].pk],
    )
    admin.execute("set session_replication_role = default")
    admin.commit()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        admin.execute("delete from identity_questionnote")
    with as_login("pipeline"):
        assert retention.destroy_portal_rows() == 2
        left = {each.pk for each in LinkQuestion.objects.all()}
        assert left == {made[name].pk for name in ("recent", "kept-apart", "joined", "open")}
        assert set(QuestionNote.objects.values_list("question", flat=True)) == left


def test_a_hold_keeps_the_raw_bytes_of_what_its_source_sent(
    feed: Feed, deliver: Any, as_login: Any, settings: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("feeds.tasks.load.delay", lambda _batch: None)
    settings.RAW_KEPT_DAYS = 30
    deliver(ndjson(patient()))
    with as_login("pipeline"):
        elsewhere = factories.organisation("Elsewhere")
        ruth = SourcePerson.objects.get().resident_id
        Batch.objects.update(received=timezone.now() - YEAR, finished=timezone.now() - YEAR)
        for controller, resident, kept in (
            (feed.organisation_id, ruth, True),
            (feed.organisation_id, None, True),
            (None, ruth, True),
            (elsewhere.pk, None, False),
        ):
            with connection.cursor() as cursor:
                cursor.execute(
                    "select keeping.set_hold('case', 'A case', %s, %s, 'Ms Dowd')",
                    [controller, resident],
                )
                (hold,) = cursor.fetchone()
            delete_old_bytes()
            assert Chunk.objects.exists() is kept, (controller, resident)
            call_command("retention", end_hold=[str(hold), "Ms Dowd"], stdout=StringIO())


def test_nobody_else_deletes_them(database: Any, run_sql: Any) -> None:
    for login in ("web", "pipeline"):
        for statement in (
            "delete from notifications_notice",
            "delete from subject_access_request",
            "delete from consent_choicerequest",
            "update keeping_portalrule set months = 6",
        ):
            with pytest.raises(Exception, match="permission denied"):
                run_sql(login).execute(statement)
