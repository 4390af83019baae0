"""Every event is sealed exactly once, in the order of the horizon, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from audit.journal import LEAF, InUse, Journal, JournalDamaged
from audit.models import Seal
from audit.notes import NotGenuine, Signer
from audit.sealing import Refused, Sealer
from tests.audit.conftest import SEED, happen, wait_for_other_databases
from tests.conftest import AsLogin

Seals = Callable[[], int]
Connect = Callable[[str], psycopg.Connection]

EVENT = "select audit.record('search','done','',1,'',1,'',1,'',null,'{}',null,null,'{}')"


def sealed(journal: Journal) -> list[str]:
    """The public ids in the journal, in order, of whatever log is the last."""
    with journal.logs()[-1].mapped() as leaves:
        return [leaves[index][0].hex() for index in range(len(leaves))]


def hexed(identifiers: list[str]) -> list[str]:
    return [each.replace("-", "") for each in identifiers]


def test_what_is_committed_is_sealed_once_and_in_order(seal: Seals, journal: Journal) -> None:
    first = happen(3)
    assert seal() == 3
    assert seal() == 0
    second = happen(2)
    assert seal() == 2
    assert sealed(journal) == hexed(first + second)


def test_nothing_new_writes_no_checkpoint(seal: Seals, journal: Journal) -> None:
    assert [seal(), seal(), seal()] == [0, 0, 0]
    assert len(journal.logs()[0].notes()) == 1


def test_an_event_that_commits_late_waits_and_is_not_passed_over(
    seal: Seals, journal: Journal, run_sql: Connect
) -> None:
    late = run_sql("web")
    row = late.execute(EVENT).fetchone()
    after = happen(2)
    assert seal() == 0, "below the horizon nothing has ended yet"
    late.commit()
    assert seal() == 3
    assert row is not None
    assert sealed(journal) == hexed([str(row[0]), *after])


def test_what_is_rolled_back_is_not_sealed(seal: Seals, run_sql: Connect) -> None:
    undone = run_sql("web")
    undone.execute(EVENT)
    undone.rollback()
    happen(1)
    assert seal() == 1


@pytest.mark.usefixtures("database")
def test_under_load_every_event_is_sealed_exactly_once(
    seal: Seals, journal: Journal, database: dict[str, str]
) -> None:
    def write() -> None:
        with psycopg.connect(database["web"]) as connection:
            for number in range(60):
                connection.execute(EVENT)
                if number % 5 == 0:
                    connection.commit()

    writers = [Thread(target=write) for _ in range(4)]
    for each in writers:
        each.start()
    count = 0
    while any(each.is_alive() for each in writers):
        count += seal()
    count += seal()
    with psycopg.connect(database["backup"]) as connection:
        rows = connection.execute("select public_id::text from audit_event").fetchall()
    assert count == len(rows) == 240
    assert sorted(sealed(journal)) == sorted(hexed([row[0] for row in rows]))


def test_there_is_one_sealer(journal: Journal) -> None:
    with journal.held(), pytest.raises(InUse, match="Another sealer"), journal.held():
        pass


class TestAfterACrash:
    def test_leaves_without_a_checkpoint_are_sealed_anew(
        self, seal: Seals, journal: Journal
    ) -> None:
        happen(3)
        seal()
        log = journal.logs()[0]
        with log.leaves.open("ab") as file:
            file.write(b"x" * (LEAF + 7))
        added = happen(1)
        assert seal() == 1
        assert sealed(journal)[3:] == hexed(added)
        assert log.leaves.stat().st_size == 4 * LEAF

    def test_half_a_checkpoint_is_as_none(
        self, seal: Seals, journal: Journal, look: Callable[[], Any]
    ) -> None:
        happen(2)
        seal()
        happen(2)
        seal()
        log = journal.logs()[0]
        whole = log.checkpoints.read_bytes()
        start = whole.index(log.notes()[1].encode())
        for cut in (*range(start, len(whole), 40), len(whole) - 1):
            log.checkpoints.write_bytes(whole[:cut])
            assert seal() == 2
            assert look().finding is None

    def test_the_frontier_may_be_lost_or_wrong(self, seal: Seals, journal: Journal) -> None:
        happen(5)
        seal()
        for content in (None, b"", b"nonsense" * 9):
            kept = journal.logs()[0].folder / "frontier"
            kept.unlink() if content is None else kept.write_bytes(content)
            happen(1)
            assert seal() == 1

    def test_lost_leaves_stop_the_sealer(self, seal: Seals, journal: Journal) -> None:
        happen(3)
        seal()
        leaves = journal.logs()[0].leaves
        whole = leaves.read_bytes()
        leaves.write_bytes(whole[:-1])
        with pytest.raises(JournalDamaged, match="fewer leaves"):
            seal()
        leaves.write_bytes(whole[:-1] + b"x")
        (journal.logs()[0].folder / "frontier").unlink()
        with pytest.raises(JournalDamaged, match="not what its last checkpoint signed"):
            seal()

    def test_a_failed_look_leaves_nothing_behind(
        self,
        database: dict[str, str],
        journal: Journal,
        signer: Signer,
        session: Any,
    ) -> None:
        happen(2)
        with journal.held():
            sealer = Sealer(journal, signer, session)
            wait_for_other_databases(database["admin"])
            sealer.seal()
            happen(2)
            wait_for_other_databases(database["admin"])
            signer.sign = lambda _text: (_ for _ in ()).throw(OSError("full"))
            with pytest.raises(OSError, match="full"):
                sealer.seal()
            del signer.sign
            wait_for_other_databases(database["admin"])
            assert sealer.seal() == 2


class TestAnotherDatabase:
    def test_of_another_cluster_is_refused_and_begun_anew_by_hand(
        self, seal: Seals, journal: Journal, signer: Signer, session: Any, look: Callable[[], Any]
    ) -> None:
        before = happen(3)
        seal()
        checkpoints = journal.logs()[0].checkpoints
        pretend(checkpoints, signer, "cluster ", "cluster 9")
        with pytest.raises(Refused, match=r"another cluster.*--new-log"):
            seal()
        waiting = happen(1)
        with journal.held():
            assert Sealer(journal, signer, session).begin() == 4
        after = happen(2)
        assert seal() == 2
        assert len(journal.logs()) == 2
        assert sealed(journal) == hexed(before + waiting + after)
        report = look()
        assert (report.finding, report.logs, report.sealed, report.lost) == (None, 2, 6, 0)

    def test_set_back_to_an_earlier_moment_is_refused(
        self, seal: Seals, journal: Journal, signer: Signer
    ) -> None:
        happen(1)
        seal()
        pretend(journal.logs()[0].checkpoints, signer, "horizon ", "horizon 9")
        with pytest.raises(Refused, match="an earlier moment"):
            seal()

    def test_that_lost_what_was_sealed_last_is_refused(
        self,
        seal: Seals,
        run_sql: Connect,
        session: Any,
        journal: Journal,
        signer: Signer,
        look: Any,
    ) -> None:
        """As after a restore whose transactions have caught up."""
        identifiers = happen(3)
        seal()
        tamper(run_sql, f"delete from audit_event where public_id = '{identifiers[-1]}'")
        happen(1)
        with pytest.raises(Refused, match=identifiers[-1]):
            seal()
        with journal.held():
            Sealer(journal, signer, session).begin()
        report = look()
        assert (report.finding, report.sealed, report.lost) == (None, 3, 1)

    def test_a_new_log_does_not_hide_what_was_changed(
        self,
        seal: Seals,
        run_sql: Connect,
        session: Any,
        journal: Journal,
        signer: Signer,
        look: Any,
    ) -> None:
        identifiers = happen(3)
        seal()
        tamper(run_sql, f"update audit_event set reason = 'x' where public_id = '{identifiers[1]}'")
        with journal.held():
            Sealer(journal, signer, session).begin()
        finding = look().finding
        assert (finding.kind, finding.position, finding.event) == ("changed", 1, identifiers[1])

    def test_a_new_log_is_not_begun_while_something_writes(
        self, run_sql: Connect, journal: Journal, signer: Signer, session: Any
    ) -> None:
        writing = run_sql("web")
        writing.execute(EVENT)
        with journal.held(), pytest.raises(Refused, match="Something writes"):
            Sealer(journal, signer, session).begin()

    def test_with_transactions_that_have_not_been_is_refused(
        self, seal: Seals, run_sql: Connect
    ) -> None:
        happen(1)
        tamper(run_sql, "update audit_event set transaction = '9000000000'")
        with pytest.raises(Refused, match="restored from another cluster"):
            seal()

    def test_a_transaction_that_nobody_overtook_is_not_called_back_dated(
        self, seal: Seals, run_sql: Connect, look: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It may have its number, and have written, long before a checkpoint."""
        monkeypatch.setattr("audit.verifying.TOLERANCE", timedelta())
        slow = run_sql("web")
        happen(1)
        slow.execute(EVENT)
        assert seal() == 1
        slow.commit()
        assert seal() == 1
        assert look().finding is None

    def test_another_key_cannot_go_on(self, seal: Seals, session: Any, journal: Journal) -> None:
        happen(1)
        seal()
        with journal.held(), pytest.raises(NotGenuine):
            Sealer(journal, Signer(b"x" * 32), session)


class TestCommand:
    def test_seals_and_tells_the_database(
        self, database: dict[str, str], tmp_path: Path, as_login: AsLogin, capsys: Any
    ) -> None:
        happen(4)
        with configured(database, tmp_path):
            call_command("seal_audit", "--once")
            call_command("verify_audit")
        told = capsys.readouterr().out
        assert "Checked by the key connectcare-audit+" in told
        assert "Sealed 4 events." in told
        assert "4 events are as they were sealed, by 1 signed checkpoints of 1 log" in told
        seal = Seal.objects.get()
        assert (seal.size, seal.waiting_since) == (4, None)

    def test_names_what_is_wrong_and_ends_with_1(
        self, database: dict[str, str], tmp_path: Path, run_sql: Connect, capsys: Any
    ) -> None:
        identifiers = happen(3)
        with configured(database, tmp_path):
            call_command("seal_audit", "--once")
            tamper(run_sql, f"delete from audit_event where public_id = '{identifiers[1]}'")
            with pytest.raises(SystemExit) as ended:
                call_command("verify_audit")
        assert ended.value.code == 1
        told = capsys.readouterr().out
        assert f"missing: event {identifiers[1]}, number 1 of the log: it is gone." in told

    def test_that_nothing_was_verified_is_another_exit_code(
        self, database: dict[str, str], tmp_path: Path
    ) -> None:
        with configured(database, tmp_path), pytest.raises(CommandError, match="ever sealed") as e:
            call_command("verify_audit")
        assert e.value.returncode == 2
        with (
            configured(database, tmp_path),
            override_settings(AUDIT_KEY="short"),
            pytest.raises(CommandError, match="AUDIT_KEY"),
        ):
            call_command("verify_audit")

    @pytest.mark.parametrize("name", ["AUDIT_JOURNAL", "AUDIT_KEY", "AUDIT_DATABASE_URL"])
    def test_what_is_not_set_is_named(
        self, database: dict[str, str], tmp_path: Path, name: str
    ) -> None:
        shown = name.replace("AUDIT_DATABASE", "DATABASE_SEALER")
        with (
            configured(database, tmp_path),
            override_settings(**{name: ""}),
            pytest.raises(CommandError, match=shown),
        ):
            call_command("seal_audit", "--once")


def test_the_sealer_reads_events_and_writes_its_own_row_alone(run_sql: Connect) -> None:
    rows = run_sql("admin").execute(
        "select c.relname, p.kind from pg_class c"
        " cross join (values ('select'), ('insert'), ('update'), ('delete')) p(kind)"
        " where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace"
        " and has_table_privilege('connectcare_sealer', c.oid, p.kind) order by 1, 2"
    )
    assert rows.fetchall() == [
        ("audit_event", "select"),
        ("audit_seal", "insert"),
        ("audit_seal", "select"),
        ("audit_seal", "update"),
    ]


def configured(database: dict[str, str], folder: Path) -> override_settings:
    import base64

    return override_settings(
        AUDIT_JOURNAL=str(folder / "journal"),
        AUDIT_KEY=base64.urlsafe_b64encode(SEED).decode(),
        AUDIT_VERIFIER="",
        AUDIT_DATABASE_URL=database["sealer"],
    )


def tamper(run_sql: Connect, statement: str) -> None:
    """As the database's owner, who can switch every trigger of a table off."""
    owner = run_sql("owner")
    owner.execute("alter table audit_event disable trigger user")
    owner.execute(statement)
    owner.execute("alter table audit_event enable trigger user")
    owner.commit()


def pretend(checkpoints: Path, signer: Signer, line: str, instead: str) -> None:
    """Sign the last checkpoint anew with another line, as of another cluster."""
    from audit.notes import split

    *earlier, last = split(checkpoints.read_text())
    text = signer.verifier.text_of(last)
    changed = "".join(
        f"{instead}{each.removeprefix(line)}" if each.startswith(line) else each
        for each in text.splitlines(keepends=True)
    )
    checkpoints.write_text("".join(f"{note}\n" for note in [*earlier, signer.sign(changed)]))
