"""What the portal itself writes about residents goes by its own rule, and past no hold."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from audit.models import Event
from keeping import retention, tasks
from keeping.models import PortalKind
from notifications.models import Notice, NoticeSeen
from subject_access.models import Part, Request, State
from tests import factories


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
        assert retention.portal_rows_counted() == {
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


def test_nobody_else_deletes_them(database: Any, run_sql: Any) -> None:
    for login in ("web", "pipeline"):
        for statement in (
            "delete from notifications_notice",
            "delete from subject_access_request",
            "update keeping_portalrule set months = 6",
        ):
            with pytest.raises(Exception, match="permission denied"):
                run_sql(login).execute(statement)
