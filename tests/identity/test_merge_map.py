"""Every column that names a resident is in the merge map: asked of PostgreSQL, not of the code."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

Connect = Callable[[str], psycopg.Connection]

#: A foreign key to residents, or a column that is called as one.
NAMES_RESIDENT = """
    select c.relname, a.attname
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p') and (
        a.attname in ('resident', 'residents', 'resident_id', 'candidate_id', 'survivor_id')
        or exists (
            select from pg_constraint k
            where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any (k.conkey)
              and k.confrelid = 'identity_resident'::regclass))
"""


def columns(connection: psycopg.Connection) -> set[tuple[str, str]]:
    return {(table, column) for table, column in connection.execute(NAMES_RESIDENT).fetchall()}


def mapped(connection: psycopg.Connection, *treatments: str) -> dict[tuple[str, str], list[str]]:
    rows = connection.execute(
        "select table_name, column_name, unique_with from identity_tableaboutresident"
        " where %s or on_merge = any (%s)",
        [not treatments, list(treatments)],
    ).fetchall()
    return {(table, column): unique_with for table, column, unique_with in rows}


def test_every_column_that_names_a_resident_is_in_the_map(run_sql: Connect) -> None:
    admin = run_sql("admin")
    there = columns(admin)
    assert len(there) >= 15, "the walker found too few columns to be believed"
    assert there - set(mapped(admin)) == set(), (
        "say in a migration what a merge does with these: insert into identity_tableaboutresident"
    )
    assert set(mapped(admin)) - there == set(), "these are gone: take them out of the map"


def test_a_new_table_about_residents_is_noticed(run_sql: Connect) -> None:
    admin = run_sql("admin")
    admin.execute("create table letters (id bigint, whose bigint references identity_resident)")
    assert ("letters", "whose") in columns(admin) - set(mapped(admin))
    admin.rollback()


def test_what_moves_can_be_moved_by_the_gate_and_by_its_id(run_sql: Connect) -> None:
    admin = run_sql("admin")
    moving = mapped(admin, "moves")
    assert len(moving) >= 5
    for table, column in moving:
        (may, forced) = admin.execute(
            "select has_column_privilege('connectcare_gate', %s, %s, 'update'), relrowsecurity"
            " from pg_class where relname = %s",
            [table, column, table],
        ).fetchone() or (False, False)
        assert may, f"grant update ({column}) on {table} to connectcare_gate"
        policies = admin.execute(
            "select 1 from pg_policies where tablename = %s and cmd in ('UPDATE', 'ALL')"
            " and roles = '{connectcare_gate}'",
            [table],
        ).fetchall()
        assert policies or not forced, f"a policy for the gate's update of {table}"
        (key,) = admin.execute(
            "select array_agg(a.attname::text) from pg_index i join pg_attribute a"
            " on a.attrelid = i.indrelid and a.attnum = any (i.indkey)"
            " where i.indisprimary and i.indrelid = %s::regclass",
            [table],
        ).fetchone() or (None,)
        assert key == ["id"], f"{table} is moved by its id"


def test_what_is_unique_for_a_resident_is_named_so(run_sql: Connect) -> None:
    """A row that the survivor has already would stop the merge."""
    admin = run_sql("admin")
    for (table, column), unique_with in mapped(admin, "moves").items():
        uniques = admin.execute(
            "select array_agg(a.attname::text order by a.attname) from pg_index i"
            " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)"
            " where i.indisunique and i.indrelid = %s::regclass group by i.indexrelid"
            " having %s = any (array_agg(a.attname::text))"
            " and not 'id' = any (array_agg(a.attname::text))",
            [table, column],
        ).fetchall()
        if table == "identity_residentnhsnumber":
            continue  # one number is ended before the other comes: test_merging.py
        others = [sorted(set(names) - {column}) for (names,) in uniques]
        assert others in ([], [sorted(unique_with)]), (table, others)


@pytest.mark.parametrize("login", ["web", "pipeline"])
def test_no_login_writes_merges_their_rows_or_the_map(run_sql: Connect, login: str) -> None:
    rows = (
        run_sql("admin")
        .execute(
            "select relname from pg_class where relname in ('identity_merge', 'identity_movedrow',"
            " 'identity_tableaboutresident', 'identity_numberstatuschange') and ("
            f" has_table_privilege('connectcare_{login}', oid, 'insert')"
            f" or has_any_column_privilege('connectcare_{login}', oid, 'update')"
            f" or has_table_privilege('connectcare_{login}', oid, 'delete'))"
        )
        .fetchall()
    )
    assert rows == []
