"""The catalogue beyond the walls themselves: what logins own, inherit, bypass and may call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

Connect = Callable[[str], psycopg.Connection]
Ask = Callable[[str], list[tuple[Any, ...]]]

WEB = "connectcare_web"
GATE = "connectcare_gate"


@pytest.fixture
def ask(run_sql: Connect) -> Ask:
    """``ask(statement)``: the catalogue's answer, as an administrator has it."""
    admin = run_sql("admin")

    def answer(statement: str) -> list[tuple[Any, ...]]:
        return admin.execute(statement).fetchall()

    return answer


def test_only_the_pipeline_and_the_backup_bypass_row_security(ask: Ask) -> None:
    rows = ask(
        "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
        " from pg_roles where rolname like 'connectcare%'"
    )
    assert len(rows) >= 6
    assert {name for name, _, bypasses, *_ in rows if bypasses} == {
        "connectcare_pipeline",
        "connectcare_backup",
    }
    assert not any(
        superuser or may_make_roles or replicates
        for _, superuser, _, may_make_roles, _, replicates in rows
    )


def test_no_login_inherits_another(ask: Ask) -> None:
    """Roles that are inherited together have their policies or-ed (docs/adr/0001)."""
    rows = ask(
        "select m.roleid::regrole::text, m.member::regrole::text, m.inherit_option, m.admin_option"
        " from pg_auth_members m join pg_roles r on r.oid = m.member"
        " where r.rolname like 'connectcare%'"
    )
    # The owner may become the gate while it migrates, and inherits nothing from it.
    assert rows == [(GATE, "connectcare_owner", False, False)]


def test_the_web_owns_nothing(ask: Ask) -> None:
    assert (
        ask(f"select 1 from pg_shdepend where refobjid = '{WEB}'::regrole and deptype = 'o'") == []
    )
    assert ask(f"select 1 from pg_database where datdba = '{WEB}'::regrole") == []


def test_the_web_may_not_make_anything(ask: Ask) -> None:
    (schemas,) = ask(
        "select array_agg(nspname) from pg_namespace where nspname !~ '^pg_(toast|temp)'"
        f" and has_schema_privilege('{WEB}', oid, 'create')"
    )
    assert schemas == (None,)
    assert ask(f"select has_database_privilege('{WEB}', current_database(), 'create')") == [
        (False,)
    ]


def test_nobody_but_the_owner_truncates_refers_or_makes_triggers(ask: Ask) -> None:
    """None of the three is governed by row security."""
    rows = ask(
        "select c.relname, r.rolname, p.kind from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace"
        " and n.nspname !~ '^(pg_|information_schema)' cross join pg_roles r"
        " cross join (values ('truncate'), ('references'), ('trigger')) p(kind)"
        " where c.relkind in ('r', 'p') and r.rolname like 'connectcare%'"
        " and r.rolname <> 'connectcare_owner' and has_table_privilege(r.oid, c.oid, p.kind)"
    )
    assert rows == []


def test_the_web_writes_no_table_that_holds_what_it_must_not_forge(ask: Ask) -> None:
    rows = ask(
        f"select c.relname from pg_class c where c.relname in ('access_opening', 'access_glimpse',"
        " 'audit_event', 'records_entry', 'access_carerelationship', 'identity_sourceperson',"
        " 'access_lawfuldisclosure', 'access_disclosurerecipient',"
        " 'organisations_membership', 'organisations_rulesepoch', 'identity_residentepoch')"
        f" and (has_table_privilege('{WEB}', c.oid, 'insert')"
        f" or has_any_column_privilege('{WEB}', c.oid, 'update')"
        f" or has_table_privilege('{WEB}', c.oid, 'delete'))"
    )
    # Registry pages write memberships through the web's own grants, if they do; never the rest.
    assert {name for (name,) in rows} <= {"organisations_membership"}


def test_every_view_runs_with_the_rights_of_who_asks(ask: Ask) -> None:
    rows = ask(
        "select c.relname, c.relkind, c.reloptions from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace"
        " and n.nspname !~ '^(pg_|information_schema)' where c.relkind in ('v', 'm')"
    )
    # A materialised view keeps rows past every policy: there is to be none.
    assert [name for name, kind, _ in rows if kind == "m"] == []
    assert [n for n, _, options in rows if "security_invoker=true" not in (options or [])] == []


def test_nobody_else_reads_the_views_of_the_gate(ask: Ask) -> None:
    """They hold its conditions, and would say who works where and who cares for whom."""
    rows = ask(
        "select c.relname, c.relowner::regrole::text, r.rolname from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'access'"
        " left join pg_roles r on r.rolname like 'connectcare%' and r.oid <> c.relowner"
        " and not r.rolsuper and (has_table_privilege(r.oid, c.oid, 'select')"
        " or has_any_column_privilege(r.oid, c.oid, 'select')) where c.relkind = 'v'"
    )
    assert {name for name, _, _ in rows} >= {"memberships_in_force", "relationships_in_force"}
    assert {(owner, reader) for _, owner, reader in rows} == {(GATE, None)}


def test_the_test_of_views_can_fail(run_sql: Connect) -> None:
    admin = run_sql("admin")
    admin.execute("create view all_entries as select * from records_entry")
    rows = admin.execute("select reloptions from pg_class where relname = 'all_entries'").fetchall()
    assert rows == [(None,)]
    admin.rollback()


def test_policies_are_for_named_roles_alone_and_the_webs_only_ask_the_gate(ask: Ask) -> None:
    rows = ask(
        "select tablename, policyname, roles::text[],"
        " coalesce(qual, '') || coalesce(with_check, '') from pg_policies"
    )
    assert len(rows) >= 8
    for table, name, roles, words in rows:
        assert len(roles) == 1, (table, name)
        assert roles[0] in {WEB, GATE}, (table, name)
        if roles[0] == WEB:
            assert "access." in words, (table, name)


# ── Functions ───────────────────────────────────────────────────────────────────────────────


def test_functions_of_the_gate_are_definers_with_a_pinned_path_and_belong_to_it(ask: Ask) -> None:
    rows = ask(
        "select p.proname, p.prosecdef, p.proconfig, p.proowner::regrole::text from pg_proc p"
        " join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'access'"
    )
    assert len(rows) >= 14
    for name, definer, configuration, owner in rows:
        assert definer, name
        assert owner == GATE, name
        assert "search_path=pg_catalog, pg_temp" in (configuration or []), name


def test_every_definer_function_of_ours_pins_its_search_path(ask: Ask) -> None:
    rows = ask(
        "select n.nspname, p.proname, p.proconfig, p.proowner::regrole::text from pg_proc p"
        " join pg_namespace n on n.oid = p.pronamespace"
        " where p.prosecdef and n.nspname !~ '^(pg_|information_schema)'"
    )
    for schema, name, configuration, owner in rows:
        pinned = [each for each in configuration or [] if each.startswith("search_path=")]
        assert pinned == ["search_path=pg_catalog, pg_temp"], (schema, name)
        assert owner.startswith("connectcare_"), (schema, name)


def test_nothing_of_ours_may_be_called_by_just_anyone(ask: Ask) -> None:
    rows = ask(
        "select n.nspname, p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname !~ '^(pg_|information_schema)' and has_function_privilege('public',"
        " p.oid, 'execute') and has_schema_privilege('public', n.oid, 'usage')"
        " and p.prosecdef"
    )
    assert rows == []


def test_the_web_may_not_ask_what_is_the_gates_own_business(ask: Ask) -> None:
    rows = ask(
        "select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        f" where n.nspname = 'access' and has_function_privilege('{WEB}', p.oid, 'execute')"
    )
    assert {name for (name,) in rows}.isdisjoint(
        {
            "membership_in_force",
            "relationship_in_force",
            "glass_in_force",
            "may_know_of",
            "disclosure_in_force",
            "disclosed_categories",
            "disclosure_for",
            "disclosure_as_json",
        }
    )


# ── The gate ────────────────────────────────────────────────────────────────────────────────


def test_the_gate_cannot_sign_in_and_cannot_read_entries(ask: Ask) -> None:
    assert ask(f"select rolcanlogin, rolbypassrls from pg_roles where rolname = '{GATE}'") == [
        (False, False)
    ]
    assert ask(f"select has_table_privilege('{GATE}', 'records_entry', 'select')") == [(False,)]
    assert ask(f"select has_any_column_privilege('{GATE}', 'records_entry', 'select')") == [
        (False,)
    ]


def test_the_web_cannot_become_anyone_else(run_sql: Connect) -> None:
    web = run_sql("web")
    for role in (GATE, "connectcare_owner", "connectcare_pipeline", "connectcare_backup"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute(f"set role {role}")
        web.rollback()


def test_the_web_cannot_switch_row_security_off(run_sql: Connect) -> None:
    web = run_sql("web")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("alter table records_entry disable row level security")
    web.rollback()
    web.execute("set row_security = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("select count(*) from records_entry")
    web.rollback()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("set session_replication_role = replica")


def test_the_web_cannot_read_what_the_planner_knows(ask: Ask) -> None:
    """Statistics hold the commonest values of columns that row security guards."""
    assert ask(f"select has_table_privilege('{WEB}', 'pg_statistic', 'select')") == [(False,)]
    assert ask(f"select pg_has_role('{WEB}', 'pg_read_all_stats', 'member')") == [(False,)]
