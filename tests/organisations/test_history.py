"""The history of the registry: every write leaves one, whoever writes and however."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from access.acting import Acting
from organisations import actions
from organisations.models import Membership, Organisation, RegistryChange
from tests import factories


def changes(what: str) -> list[RegistryChange]:
    return list(RegistryChange.objects.filter(what=what).order_by("id"))


def test_every_table_of_the_registry_keeps_a_history(run_sql: Any) -> None:
    rows = run_sql("admin").execute(
        """
        select c.relname,
            count(*) filter (where t.tgname = 'history'),
            count(*) filter (where t.tgname = 'history_cannot_be_skipped')
        from pg_class c
        left join pg_trigger t on t.tgrelid = c.oid and t.tgenabled = 'O'
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
          and (c.relname like 'organisations_%' or c.relname like 'guardian_%')
          and c.relname not in ('organisations_rulesepoch', 'organisations_registrychange')
        group by c.relname
        """
    )
    found = {name: (kept, emptied) for name, kept, emptied in rows}
    assert len(found) >= 12
    assert {name for name, both in found.items() if both != (1, 1)} == set()


def test_an_action_names_who_and_what_differs(database, as_login) -> None:
    with as_login("pipeline"):
        boss = Acting.of(factories.membership(as_role="registry-administrator"))
        trust = factories.organisation(phone="020 7946 0001")
        actions.enter_organisation(
            by=boss, code=trust.ods_code, name=trust.name, kind=trust.kind, phone="020 7946 0002"
        )
        factories.team(trust)
    made, changed = [each for each in changes("organisation") if each.row == trust.pk]
    assert (made.change, made.staff_id, made.before) == ("made", None, {})
    assert made.after["name"] == trust.name
    assert (changed.staff_id, changed.staff_name) == (boss.staff_id, boss.staff_name)
    assert changed.before == {"phone": "020 7946 0001"}
    assert changed.after == {"phone": "020 7946 0002"}
    assert changed.organisation_id == trust.pk
    # What is written after an action is nobody's of it.
    assert changes("team")[0].staff_id is None


def test_bulk_and_raw_sql_leave_one_for_each_row(database, as_login, run_sql) -> None:
    with as_login("pipeline"):
        trust = factories.organisation()
        members = [factories.membership(at=trust) for _ in range(3)]
        Membership.objects.filter(organisation=trust).update(state="suspended")
        Organisation.objects.bulk_create(
            [Organisation(name=f"Bulk {n}", kind="nhs_trust", ods_code=f"B{n}") for n in range(2)]
        )
    admin = run_sql("admin")
    admin.execute("delete from organisations_membership where id = %s", [members[0].pk])
    admin.commit()
    found = changes("membership")
    assert [each.change for each in found] == ["made"] * 3 + ["changed"] * 3 + ["removed"]
    assert found[3].before == {"state": "active"}
    assert found[3].login == "connectcare_pipeline"
    assert found[-1].before["staff_id"] == members[0].staff_id
    assert found[-1].login not in {"connectcare_pipeline", "connectcare_gate"}
    bulk = [each for each in changes("organisation") if each.after["name"].startswith("Bulk")]
    assert len(bulk) == 2


def test_a_password_is_never_in_it_and_signing_in_is_none(database, as_login) -> None:
    with as_login("pipeline"):
        who = factories.staff(password=factories.PASSWORD)
    before = len(changes("staff"))
    who.set_password("another one entirely")
    who.save(update_fields=["password"])
    changed = changes("staff")[-1]
    assert changed.after == {"password": "not kept"}
    assert not any("argon2" in str((each.before, each.after)) for each in changes("staff"))
    who.last_login = who.date_joined
    who.save(update_fields=["last_login"])
    assert len(changes("staff")) == before + 1


@pytest.mark.parametrize("login", ["web", "pipeline"])
@pytest.mark.parametrize(
    "statement",
    [
        (
            "insert into organisations_registrychange (at, login, staff_name, why, what, row,"
            " change, before, after) values (now(), '', '', '', '', 1, 'made', '{}', '{}')"
        ),
        "update organisations_registrychange set why = 'other'",
        "delete from organisations_registrychange",
        "truncate organisations_registrychange",
    ],
)
def test_no_login_of_the_portal_writes_it(run_sql, login: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_sql(login).execute(statement)


@pytest.mark.parametrize("login", ["owner", "admin"])
def test_whoever_may_more_is_refused_too(database, as_login, run_sql, login: str) -> None:
    with as_login("pipeline"):
        factories.organisation()
    for statement in (
        "update organisations_registrychange set why = 'other'",
        "delete from organisations_registrychange",
        "truncate organisations_registrychange",
        "truncate organisations_membership cascade",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run_sql(login).execute(statement)


def test_the_web_cannot_say_who_acts(run_sql) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_sql("web").execute("select organisations.says_who(1, 'x')")
