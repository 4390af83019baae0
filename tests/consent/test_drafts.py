"""Drafts: in the database, sealed, of one person in one membership, and not for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings as SettingsWrapper

from access.acting import Acting
from consent import drafts
from consent.models import ChoiceDraft
from consent.tasks import sweep_drafts
from organisations.models import Membership, Role
from tests import factories
from tests.conftest import AsLogin
from tests.consent.conftest import World, acting

Connect = Callable[[str], psycopg.Connection]


@pytest.fixture
def adviser(world: World) -> Acting:
    return acting(world.adviser)


def begun(by: Acting, *, resident: UUID | None = None, **said: str) -> drafts.Draft:
    return drafts.begin(resident=resident or uuid4(), by=by, said=said)


def found(draft: UUID, by: Acting) -> drafts.Draft | None:
    with transaction.atomic():
        return drafts.find(draft, by=by)


def test_a_draft_is_found_again_by_the_membership_that_began_it(
    world: World, as_login: AsLogin, adviser: Acting
) -> None:
    draft = begun(adviser, kind="connect-care")
    again = found(draft.id, adviser)
    assert again is not None
    assert (again.resident, again.said) == (draft.resident, {"kind": "connect-care"})
    with as_login("pipeline"):
        colleague = factories.membership(at=world.bexley, as_role="contact-centre-adviser")
        second_role = factories.membership(
            world.adviser.staff, world.trust, "contact-centre-adviser"
        )
    for other in (colleague, second_role):
        assert found(draft.id, acting(other)) is None
        assert drafts.unfinished(acting(other)) == []
        assert not drafts.discard(draft.id, by=acting(other))
    assert found(uuid4(), adviser) is None


def test_what_is_in_a_draft_cannot_be_read_in_the_database(
    adviser: Acting, run_sql: Connect
) -> None:
    draft = begun(adviser)
    drafts.keep(replace(draft, said={"relayed_by": "Zzyzx Canary"}), by=adviser)
    rows = run_sql("admin").execute("select * from consent_choicedraft").fetchall()
    assert len(rows) == 1
    for value in rows[0]:
        plain = bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()
        assert b"Canary" not in plain
        assert str(draft.resident).encode() not in plain


def test_a_draft_moved_to_another_row_does_not_open(adviser: Acting, as_login: AsLogin) -> None:
    one, other = begun(adviser, kind="connect-care"), begun(adviser, kind="nhs-number")
    with as_login("pipeline"):
        sealed = ChoiceDraft.objects.get(pk=one.id).sealed
        ChoiceDraft.objects.filter(pk=other.id).update(sealed=sealed)
    assert found(other.id, adviser) is None
    assert [draft.id for draft in drafts.unfinished(adviser)] == [one.id]


def test_a_draft_that_became_a_choice_keeps_nothing_that_was_typed(adviser: Acting) -> None:
    draft, made = begun(adviser, relayed_by="Jo Made-up"), uuid4()
    drafts.finish(draft, made, by=adviser)
    again = found(draft.id, adviser)
    assert again is not None
    assert (again.made, again.said) == (made, {})
    assert drafts.unfinished(adviser) == []
    assert not drafts.discard(draft.id, by=adviser)


def test_the_oldest_drafts_go(adviser: Acting) -> None:
    made = [begun(adviser) for _ in range(drafts.MOST + 2)]
    kept = {draft.id for draft in drafts.unfinished(adviser)}
    assert kept == {draft.id for draft in made[2:]}


def test_a_draft_ends_by_itself_and_is_swept(
    adviser: Acting, as_login: AsLogin, settings: SettingsWrapper
) -> None:
    settings.CHOICE_DRAFT_HOURS = 2
    draft, fresh = begun(adviser), begun(adviser)
    with as_login("pipeline"):
        row = ChoiceDraft.objects.filter(pk=draft.id)
        length = row.get().expires - row.get().begun
        assert timedelta(hours=2) - length < timedelta(minutes=1)
        row.update(expires=timezone.now())
    assert found(draft.id, adviser) is None
    assert [each.id for each in drafts.unfinished(adviser)] == [fresh.id]
    with as_login("pipeline"):
        sweep_drafts()
        assert [row.pk for row in ChoiceDraft.objects.all()] == [fresh.id]


def test_who_was_checked_in_this_call_is_not_asked_again(
    adviser: Acting, settings: SettingsWrapper
) -> None:
    resident = uuid4()
    first = begun(adviser, resident=resident)
    assert not first.knows_who
    checked = replace(first, checked=("name", "postcode", "phone"), checked_at=timezone.now())
    drafts.keep(checked, by=adviser)
    drafts.finish(checked, uuid4(), by=adviser)
    second = begun(adviser, resident=resident)
    assert second.knows_who
    assert second.checked == checked.checked
    assert not begun(adviser, resident=uuid4()).knows_who
    settings.IDENTITY_CHECK_MINUTES = 0
    assert not second.knows_who
    assert not begun(adviser, resident=resident).knows_who


# ── The wall ────────────────────────────────────────────────────────────────────────────────


def _seen_by_web(run_sql: Connect, drafts_of: str = "") -> list[UUID]:
    web = run_sql("web")
    web.execute("select set_config('connectcare.drafts_of', %s, true)", [drafts_of])
    rows = web.execute("select id from consent_choicedraft").fetchall()
    web.rollback()
    return [found for (found,) in rows]


def _whose(by: Acting) -> str:
    return f"{by.staff_id}/{by.membership_id}"


def test_a_hand_written_query_finds_no_draft(adviser: Acting, run_sql: Connect) -> None:
    draft = begun(adviser)
    assert run_sql("web").execute("select count(*) from consent_choicedraft").fetchone() == (0,)
    assert _seen_by_web(run_sql) == []
    assert _seen_by_web(run_sql, "nobody") == []
    assert _seen_by_web(run_sql, _whose(adviser)) == [draft.id]


def test_the_database_shows_one_membership_its_own_drafts(
    world: World, as_login: AsLogin, adviser: Acting, run_sql: Connect
) -> None:
    with as_login("pipeline"):
        other = acting(factories.membership(at=world.bexley, as_role="contact-centre-adviser"))
    own, theirs = begun(adviser), begun(other)
    assert _seen_by_web(run_sql, _whose(adviser)) == [own.id]
    assert _seen_by_web(run_sql, _whose(other)) == [theirs.id]
    assert _seen_by_web(run_sql, f"{adviser.staff_id}/{other.membership_id}") == []


@pytest.mark.parametrize("ended", ["membership", "role"])
def test_who_records_no_choices_any_more_has_no_drafts(
    world: World, as_login: AsLogin, adviser: Acting, run_sql: Connect, ended: str
) -> None:
    draft = begun(adviser)
    with as_login("owner"):
        if ended == "membership":
            Membership.objects.filter(pk=adviser.membership_id).update(state="suspended")
        else:
            Role.objects.filter(code=adviser.role_code).update(activities=["find-residents"])
    assert _seen_by_web(run_sql, _whose(adviser)) == []
    assert found(draft.id, adviser) is None


def test_nobody_writes_a_draft_as_somebody_else(
    world: World, as_login: AsLogin, adviser: Acting, run_sql: Connect
) -> None:
    with as_login("pipeline"):
        other = factories.membership(at=world.bexley, as_role="contact-centre-adviser")
    web = run_sql("web")
    web.execute("select set_config('connectcare.drafts_of', %s, true)", [_whose(adviser)])
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        web.execute(
            "insert into consent_choicedraft (id, staff_id, membership_id, sealed, expires)"
            " values (gen_random_uuid(), %s, %s, 'x', now())",
            [other.staff_id, other.pk],
        )
