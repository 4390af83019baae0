"""A journal, a key, and events to seal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from audit.actions import record
from audit.journal import Journal
from audit.models import Action
from audit.notes import Signer
from audit.sealing import Sealer, open_session
from audit.verifying import Report, verify

SEED = b"k" * 32
_PATIENCE = 300
_OPEN_ELSEWHERE = (
    "select pid, backend_xid::text from pg_stat_activity"
    " where backend_xid is not null and datname is distinct from current_database()"
)


@pytest.fixture
def signer() -> Signer:
    return Signer(SEED)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def happen(count: int = 1, **said: Any) -> list[str]:
    """So many events, each in a transaction of its own; their public ids."""
    return [
        str(record(Action.OPENING, staff_id=7, staff_name="A\tNurse", resident_id=number, **said))
        for number in range(count)
    ]


def wait_for_other_databases(admin: str) -> None:
    """Let transactions end that other tests have open beside these, in databases of their own.

    The horizon is the whole cluster's: events of here wait for them, as they should.
    """
    with psycopg.connect(admin, autocommit=True) as connection:
        open_now = set(connection.execute(_OPEN_ELSEWHERE).fetchall())
        until = time.monotonic() + _PATIENCE
        while open_now and time.monotonic() < until:
            time.sleep(0.02)
            open_now &= set(connection.execute(_OPEN_ELSEWHERE).fetchall())
    assert not open_now, "Another test keeps a transaction open."


@pytest.fixture
def session(database: dict[str, str]) -> Iterator[psycopg.Connection[Any]]:
    """The sealer's own connection."""
    with closing(open_session(database["sealer"])) as connection:
        yield connection


@pytest.fixture
def seal(
    database: dict[str, str], session: Any, journal: Journal, signer: Signer
) -> Callable[[], int]:
    """Seal as a process that has just started would."""

    def once() -> int:
        wait_for_other_databases(database["admin"])
        with journal.held():
            return Sealer(journal, signer, session).seal()

    return once


@pytest.fixture
def look(session: Any, journal: Journal, signer: Signer) -> Callable[[], Report]:
    """Verify, as the sealer's login."""

    def once() -> Report:
        with session.transaction():
            return verify(session, journal, signer.verifier)

    return once
