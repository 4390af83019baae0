"""Whatever the owner of the database does to what was sealed is found, and the first is named.

``AUDIT_TAMPERINGS`` says how often; each tampering is made from its number alone, so that one that
was not found can be made again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import psycopg
import pytest

from audit.journal import Journal
from audit.notes import Signer
from audit.sealing import Sealer
from audit.verifying import Kind, verify
from tests.audit.conftest import wait_for_other_databases
from tests.audit.tampering import TAMPERINGS, Log, Owner, Sealed

COUNT = int(os.environ.get("AUDIT_TAMPERINGS", "200"))
EVENTS = 120


@pytest.fixture
def log(session: Any, journal: Journal, signer: Signer, database: dict[str, str]) -> Log:
    """Some events of every shape, sealed little by little."""
    random = Random(5)
    with journal.held(), psycopg.connect(database["web"], autocommit=True) as web:
        sealer = Sealer(journal, signer, session)
        sealer.seal()
        for number in range(EVENTS):
            with web.transaction():
                for _ in range(random.choice([1, 1, 1, 2])):
                    web.execute(
                        "select audit.record(%s,'done',%s,%s,%s,1,'nurse',%s,'Trust',%s,%s,"
                        "uuidv7(),uuidv7(),%s)",
                        [
                            random.choice(["search", "opening", "refusal"]),
                            random.choice(["", "no-relationship", "tab\there", "\\N"]),
                            random.choice([None, 7, 8]),
                            random.choice(["", "A Nurse", "Zoë \\ Quote'd", "two\nlines"]),
                            random.choice([None, 3]),
                            random.choice([None, number]),
                            random.sample(range(50), random.choice([0, 1, 9])),
                            json.dumps({"keys": [1, 2], "number": number}),
                        ],
                    )
            if number % 9 == 0:
                wait_for_other_databases(database["admin"])
                sealer.seal()
        wait_for_other_databases(database["admin"])
        sealer.seal()
    rows = session.execute(
        "select id, public_id::text, transaction::text::bigint from audit_event"
        " order by transaction, id"
    ).fetchall()
    return [Sealed(*row) for row in rows]


@pytest.fixture
def owner(run_sql: Callable[[str], Owner]) -> Iterator[Owner]:
    """The owner, who has taken down whatever stands in the table's way."""
    connection = run_sql("owner")
    connection.execute("alter table audit_event disable trigger user")
    names = connection.execute(
        "select conname from pg_constraint where conrelid = 'audit_event'::regclass"
        " and contype in ('p', 'u')"
    ).fetchall()
    for (name,) in names:
        connection.execute(f'alter table audit_event drop constraint "{name}"')
    connection.execute("create index on audit_event (public_id)")
    yield connection
    connection.rollback()


def test_every_tampering_is_found_and_its_first_event_named(
    log: Log, owner: Owner, journal: Journal, signer: Signer
) -> None:
    untouched = verify(owner, journal, signer.verifier)
    assert (untouched.finding, untouched.sealed, untouched.waiting) == (None, len(log), 0)
    assert untouched.checkpoints > 10
    for number in range(COUNT):
        random = Random(number)
        tampering = TAMPERINGS[number % len(TAMPERINGS)]
        owner.execute("savepoint untouched")
        owner.execute("set local search_path = public")
        expected = tampering(owner, log, random)
        finding = verify(owner, journal, signer.verifier).finding
        said = f"number {number}, {tampering.__name__}: expected {expected}, found {finding}"
        assert finding is not None, said
        assert finding.event == expected.event, said
        assert finding.kind in expected.kinds, said
        owner.execute("rollback to savepoint untouched")
    assert verify(owner, journal, signer.verifier) == untouched


class TestTheJournal:
    """Nobody but its owner can write there; what is wrong there is told from what is elsewhere."""

    @pytest.mark.parametrize(
        ("name", "change", "words"),
        [
            ("leaves", lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]), "are not those that"),
            ("leaves", lambda whole: whole[:-48], "leaves are missing"),
            ("checkpoints", lambda whole: whole.replace(b"horizon ", b"horizon 1"), "signature"),
            (
                "checkpoints",
                lambda whole: b"\n\n".join(whole.split(b"\n\n")[2:]),
                None,
            ),
        ],
        ids=["a hash", "a leaf", "a horizon", "a checkpoint"],
    )
    def test_that_was_changed_is_told_from_events_that_were(
        self,
        log: Log,
        journal: Journal,
        owner: Owner,
        signer: Signer,
        name: str,
        change: Callable[[bytes], bytes],
        words: str | None,
    ) -> None:
        path = journal.logs()[0].folder / name
        path.write_bytes(change(path.read_bytes()))
        finding = verify(owner, journal, signer.verifier).finding
        if words is None:  # any later checkpoint shows the same
            assert finding is None
            return
        assert finding is not None
        assert (finding.kind, finding.event) == (Kind.JOURNAL, "")
        assert words in finding.words

    def test_whose_public_ids_were_changed_accuses_nobody(
        self, log: Log, journal: Journal, owner: Owner, signer: Signer
    ) -> None:
        """They are there for finding what is missing; the event's own is in its hash."""
        path = journal.logs()[0].leaves
        path.write_bytes(b"x" * 16 + path.read_bytes()[16:])
        assert verify(owner, journal, signer.verifier).finding is None


def test_what_waits_is_counted_apart(
    log: Log, journal: Journal, owner: Owner, signer: Signer, database: dict[str, str]
) -> None:
    owner.rollback()
    with psycopg.connect(database["web"]) as web:
        web.execute(
            "select audit.record('search','done','',1,'',1,'',1,'',null,'{}',null,null,'{}')"
        )
    report = verify(owner, journal, signer.verifier)
    assert (report.finding, report.sealed, report.waiting) == (None, len(log), 1)
