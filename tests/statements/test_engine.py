"""The engine: idle connections that ended are noticed, and prepared statements ask anew."""

from __future__ import annotations

import tracemalloc

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql import base
from django.test.utils import CaptureQueriesContext

from statements import array_of, prepared


def _backend() -> int:
    with prepared() as cursor:
        cursor.execute("select pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_an_idle_connection_that_ended_is_noticed_without_a_question(
    database: dict[str, str],
) -> None:
    first = _backend()
    usable = connection.is_usable()
    with psycopg.connect(database["admin"], autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s, 10000)", [first])

    assert usable
    assert not connection.is_usable()
    connection.close()
    assert _backend() != first


def test_a_server_that_said_nothing_is_not_asked(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", asked.append)
    _backend()

    assert connection.is_usable()
    assert asked == []


def test_a_statement_is_planned_once_and_answers_what_is_so_now(database: dict[str, str]) -> None:
    statement = "select count(*) from organisations_organisation where id > %s::bigint"
    for _ in range(8):
        with prepared() as cursor:
            cursor.execute(statement, [0])
            before = cursor.fetchone()[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*), max(generic_plans) from pg_prepared_statements where statement like"
            " 'select count(*) from organisations_organisation%%'"
        )
        held, generic = cursor.fetchone()
    with psycopg.connect(database["admin"], autocommit=True) as admin:
        admin.execute(
            "insert into organisations_organisation (ods_code, name, kind, participates, area,"
            " postcode, phone, duty_phone, out_of_hours_phone, state) values"
            " ('X99', 'New', 'nhs_trust', false, '', '', '', '', '', 'active')"
        )
    with prepared() as cursor:
        cursor.execute(statement, [0])
        after = cursor.fetchone()[0]

    assert (held, after) == (1, before + 1)
    assert generic > 0


def test_a_prepared_statement_is_counted_as_any_other(database: dict[str, str]) -> None:
    with CaptureQueriesContext(connection) as captured:
        _backend()

    assert [each["sql"] for each in captured] == ["select pg_backend_pid()"]


@pytest.mark.usefixtures("database")
def test_what_a_statement_said_is_kept_no_longer_than_it_runs() -> None:
    """Not by cursors that prepare nothing, even after one that does: of each its whole text."""
    _backend()
    tracemalloc.start()
    try:
        for number in range(8):
            with connection.cursor() as cursor:
                cursor.execute("select length(%s)", [str(number) * (1 << 20)])
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 3 << 20


def test_where_nothing_may_be_prepared_nothing_is(
    database: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = connection.settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "prepare_threshold", None)
    connection.close()
    _backend()
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_prepared_statements")
        (held,) = cursor.fetchone()
    connection.close()

    assert held == 0


def test_what_it_refuses_is_django_s_error(database: dict[str, str]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), prepared() as cursor:
        cursor.execute("select * from nothing_of_this_name")


def test_an_array_comes_back_as_it_went(database: dict[str, str]) -> None:
    words = ["a,b", 'c"d', "e\\f", "{}", "", "NULL", "x'y", "é ≤ \n", " "]
    with prepared() as cursor:
        cursor.execute(
            "select %s::text[], %s::bigint[], %s::text[]",
            [array_of(words), array_of([1, -(2**40)]), array_of([])],
        )
        assert cursor.fetchone() == (words, [1, -(2**40)], [])
