"""The six roles are exactly what the design says, however often they are made."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest

from launcher import ROOT
from launcher.errors import LauncherError
from launcher.private import read_env
from launcher.provision import LOGINS, as_environment, passwords_in, provision

if TYPE_CHECKING:
    from pathlib import Path

    from tests.launcher.clusters import Cluster

ATTRIBUTES = """
    select rolname, rolcanlogin, rolbypassrls, rolsuper, rolcreatedb, rolcreaterole, rolreplication
    from pg_roles where rolname like 'connectcare%' order by rolname
"""
MEMBERSHIPS = """
    select roleid::regrole::text, member::regrole::text, inherit_option, set_option, admin_option
    from pg_auth_members
    where member::regrole::text like 'connectcare%' or roleid::regrole::text like 'connectcare%'
"""


def rows(url: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchall()


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def in_database(cluster: Cluster, database: str) -> str:
    return cluster.admin_url.removesuffix("/postgres") + f"/{database}"


@pytest.fixture(scope="module")
def urls(cluster: Cluster) -> dict[str, str]:
    return provision(cluster.admin_url, "one")


def test_the_roles_have_exactly_these_attributes(cluster: Cluster, urls: dict[str, str]) -> None:
    assert set(urls) == set(LOGINS)
    nothing_more = (False, False, False, False)
    assert rows(cluster.admin_url, ATTRIBUTES) == [
        ("connectcare_backup", True, True, *nothing_more),
        ("connectcare_gate", False, False, *nothing_more),
        ("connectcare_owner", True, False, *nothing_more),
        ("connectcare_pipeline", True, True, *nothing_more),
        ("connectcare_sealer", True, False, *nothing_more),
        ("connectcare_web", True, False, *nothing_more),
    ]


@pytest.mark.usefixtures("urls")
def test_the_owner_may_set_the_gate_and_there_is_no_other_membership(cluster: Cluster) -> None:
    assert rows(cluster.admin_url, MEMBERSHIPS) == [
        ("connectcare_gate", "connectcare_owner", False, True, False)
    ]


def test_each_login_signs_in_as_itself(urls: dict[str, str]) -> None:
    for login, url in urls.items():
        assert rows(url, "select current_user, session_user, current_database()") == [
            (f"connectcare_{login}", f"connectcare_{login}", "one")
        ]


@pytest.mark.parametrize("login", ["web", "pipeline", "sealer", "backup"])
@pytest.mark.parametrize(
    "statement",
    [
        "create table public.mine (value int)",
        "create schema mine",
        "create temporary table mine (value int)",
        "set role connectcare_owner",
        "set role connectcare_gate",
        "set role connectcare_pipeline_or_postgres",
    ],
)
def test_no_login_but_the_owner_makes_anything(
    urls: dict[str, str], login: str, statement: str
) -> None:
    statement = statement.replace("connectcare_pipeline_or_postgres", "postgres")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        execute(urls[login], statement)


def test_the_owner_makes_tables_and_hands_functions_to_the_gate(urls: dict[str, str]) -> None:
    with psycopg.connect(urls["owner"]) as connection:
        connection.execute("create schema house")
        connection.execute("create table owned (value int, period tstzrange)")
        connection.execute("create function asked() returns int language sql as 'select 1'")
        connection.execute("alter function asked() owner to connectcare_gate")
        connection.execute(
            "alter table owned add exclude using gist (value with =, period with &&)"
        )
        connection.rollback()


def test_the_backup_reads_what_the_owner_makes_later(urls: dict[str, str]) -> None:
    execute(urls["owner"], "create table made_later as select 7 as value")
    assert rows(urls["backup"], "select value from made_later") == [(7,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(urls["web"], "select value from made_later")
    execute(urls["owner"], "drop table made_later")


def test_repeating_it_changes_nothing_and_mends_what_was_changed(
    cluster: Cluster, urls: dict[str, str]
) -> None:
    before = rows(cluster.admin_url, ATTRIBUTES), rows(cluster.admin_url, MEMBERSHIPS)
    execute(cluster.admin_url, "alter role connectcare_web bypassrls createdb superuser")
    execute(cluster.admin_url, "grant connectcare_owner to connectcare_web")
    execute(cluster.admin_url, "grant pg_read_all_data to connectcare_sealer")
    execute(cluster.admin_url, "grant connectcare_gate to connectcare_owner with inherit true")
    again = provision(cluster.admin_url, "one", passwords=passwords_in(as_environment(urls)))
    assert again == urls
    assert (rows(cluster.admin_url, ATTRIBUTES), rows(cluster.admin_url, MEMBERSHIPS)) == before
    for url in urls.values():
        assert rows(url, "select 1") == [(1,)]


def test_a_second_database_shares_the_roles_and_not_the_rights(
    cluster: Cluster, urls: dict[str, str]
) -> None:
    other = provision(cluster.admin_url, "two", passwords=passwords_in(as_environment(urls)))
    assert passwords_in(as_environment(other)) == passwords_in(as_environment(urls))
    execute(cluster.admin_url, "create role stranger login password 'stranger'")
    host = quote(str(cluster.sockets), safe="")
    for database in ("one", "two"):
        with pytest.raises(psycopg.OperationalError, match="CONNECT privilege"):
            psycopg.connect(f"postgresql://stranger:stranger@{host}/{database}")


def test_a_password_with_every_kind_of_character(cluster: Cluster, urls: dict[str, str]) -> None:
    awkward = passwords_in(as_environment(urls)) | {"web": "a/b:c@d?e#f%g h'i\"j\\k£"}
    made = provision(cluster.admin_url, "one", passwords=awkward)
    assert rows(made["web"], "select 1") == [(1,)]
    assert passwords_in(as_environment(made))["web"] == awkward["web"]
    provision(cluster.admin_url, "one", passwords=passwords_in(as_environment(urls)))


def test_no_password_reaches_the_server_in_clear(cluster: Cluster, urls: dict[str, str]) -> None:
    execute(cluster.admin_url, "alter system set log_statement = 'all'")
    execute(cluster.admin_url, "select pg_reload_conf()")
    provision(cluster.admin_url, "one", passwords=passwords_in(as_environment(urls)))
    execute(cluster.admin_url, "alter system reset log_statement")
    execute(cluster.admin_url, "select pg_reload_conf()")
    log = (cluster.home / "postgres.log").read_text(encoding="utf-8")
    assert "ALTER ROLE" in log
    assert not any(word in log for word in passwords_in(as_environment(urls)).values())


def test_an_administrator_of_a_managed_server_needs_no_superuser(cluster: Cluster) -> None:
    execute(cluster.admin_url, "drop database if exists one")
    execute(cluster.admin_url, "drop database if exists two")
    for login in (*LOGINS, "gate"):
        execute(cluster.admin_url, f"drop role if exists connectcare_{login}")
    execute(
        cluster.admin_url,
        "create role manager login createdb createrole bypassrls password 'manager'",
    )
    host = quote(str(cluster.sockets), safe="")
    manager = f"postgresql://manager:manager@{host}/postgres"
    made = provision(manager, "managed")
    assert rows(made["owner"], "select 1") == [(1,)]
    execute(made["owner"], "create table mine (value int)")
    provision(manager, "managed", passwords=passwords_in(as_environment(made)))
    assert ("connectcare_gate", "connectcare_owner", False, True, False) in rows(
        cluster.admin_url, MEMBERSHIPS
    )
    ours = [row for row in rows(cluster.admin_url, MEMBERSHIPS) if row[1] != "manager"]
    assert ours == [("connectcare_gate", "connectcare_owner", False, True, False)]


def test_an_account_without_rights_is_told_what_it_needs(cluster: Cluster) -> None:
    execute(cluster.admin_url, "create role nobody_much login password 'nobody'")
    host = quote(str(cluster.sockets), safe="")
    with pytest.raises(LauncherError, match="CREATEDB, CREATEROLE and BYPASSRLS"):
        provision(f"postgresql://nobody_much:nobody@{host}/postgres", "three")


def run_command(*options: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "launcher", "provision", *options],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_keeps_the_passwords_it_made(cluster: Cluster, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials.env"
    admin = tmp_path / "admin"
    admin.write_text(cluster.admin_url + "\n")
    options = ("--database", "commanded", "--credentials", str(credentials))
    env = {"DATABASE_ADMIN_URL_FILE": str(admin)}
    first = run_command(*options, env=env)
    assert first.returncode == 0, first.stderr
    assert credentials.stat().st_mode & 0o777 == 0o600
    kept = read_env(credentials)
    assert run_command(*options, env=env).returncode == 0
    assert read_env(credentials) == kept
    assert rows(kept["DATABASE_WEB_URL"], "select current_database()") == [("commanded",)]


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    nothing = run_command(env={})
    assert nothing.returncode == 1
    assert "DATABASE_ADMIN_URL is not set" in nothing.stderr
    addresses = run_command(env={"DATABASE_ADMIN_URL": "postgresql://a@127.0.0.1:1/b"})
    assert addresses.returncode == 1
    assert "DATABASE_WEB_URL" in addresses.stderr
    unreachable = run_command(
        "--credentials",
        str(tmp_path / "c.env"),
        env={"DATABASE_ADMIN_URL": "postgresql://a:secret-word@127.0.0.1:1/b"},
    )
    assert unreachable.returncode == 1
    assert "No connection" in unreachable.stderr
    assert "secret-word" not in unreachable.stderr
