"""A restore never brings back consent that was refused: a drill, with a cluster of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.urls import reverse

from audit.chain import Chain, ChainBroken
from audit.journal import Journal, JournalDamaged
from audit.models import Event
from audit.notes import Signer
from audit.sealing import Sealer, SetBack, open_session
from audit.verifying import verify
from consent.journal import ChoiceToJournal, Journalling, chain_of, opened
from consent.models import Choice
from identity.merging import MergeOutcome, merge
from identity.models import Cause, Resident
from launcher.data import make_socket_folder
from launcher.provision import as_environment, passwords_in, provision
from organisations.categories import Category
from organisations.models import StaffMember
from tests import factories
from tests.audit.conftest import SEED, wait_for_other_databases
from tests.launcher.clusters import make_cluster
from tests.records.conftest import Ward, ward

__all__ = ["ward"]

SHOWN = b"Apixaban 5 mg tablets"
SIGNER = Signer(SEED)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


@pytest.fixture
def seal(database: dict[str, str], journal: Journal) -> Callable[[], int]:
    def once() -> int:
        wait_for_other_databases(database["admin"])
        with closing(open_session(database["sealer"])) as session, journal.held():
            beside = Journalling(journal, SIGNER)
            return Sealer(journal, SIGNER, session, beside=beside).seal()

    return once


@pytest.fixture(scope="module")
def another_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An administrator's address of an empty database, on a server that is not the first one's."""
    folder = make_socket_folder("connect-care-restored-")
    cluster = make_cluster(tmp_path_factory.mktemp("restored"), folder)
    cluster.postgres.start()
    yield cluster.admin_url
    cluster.postgres.stop()
    shutil.rmtree(cluster.postgres.folder)
    shutil.rmtree(folder)


@contextmanager
def living_in(addresses: dict[str, str], ward: Ward) -> Iterator[Client]:
    """The web's processes are given another database; answers a browser that is signed in there."""
    given = as_environment(addresses)
    kept = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        with ward.as_login("web"):
            yield ward.client
    finally:
        os.environ.update({name: value for name, value in kept.items() if value is not None})


def ask(ward: Ward, whose: Resident | None = None) -> tuple[int, bytes]:
    """What the browser is shown of a record; nothing is raised into the test."""
    ward.client.raise_request_exception = False
    asked = {"resident": str((whose or ward.resident).public_id)}
    response = ward.client.post(reverse("open-record"), asked)
    while response.status_code in {302, 303}:
        response = ward.client.get(response["Location"])
    return response.status_code, response.content


def put_back(file: Path, admin: str, name: str) -> tuple[dict[str, str], str]:
    """A new database on the other server, filled from a backup; its addresses and the admin's."""
    logins = provision(admin, name, passwords=passwords_in(os.environ))
    address = psycopg.conninfo.make_conninfo(admin, dbname=name)
    with override_settings(RESTORE_DATABASE_URL=address):
        call_command("restore", str(file), stdout=StringIO())
    return logins, address


def replay(journal: Path, address: str, **options: Any) -> str:
    said = StringIO()
    with override_settings(
        RESTORE_DATABASE_URL=address,
        AUDIT_JOURNAL=str(journal),
        AUDIT_VERIFIER=str(SIGNER.verifier),
    ):
        call_command("replay_choices", stdout=said, **options)
    return said.getvalue()


def test_an_opt_out_made_after_the_backup_holds_in_the_restored_database(
    ward: Ward,
    database: dict[str, str],
    journal: Journal,
    seal: Callable[[], int],
    another_cluster: str,
    tmp_path: Path,
) -> None:
    ward.entry(ward.person(ward.practice), Category.MEDICATIONS, SHOWN.decode())
    spouse = ward.another_resident()
    with ward.as_login("pipeline"):
        factories.choice(spouse, "connect-care", "refuses", by=ward.adviser)
    kept = ward.another_resident()
    with ward.as_login("pipeline"):
        joined = factories.resident("Bello", "Ada", nhs_number=None)
        factories.relationship(joined, ward.trust, ward.team)
    ward.entry(ward.person(ward.practice, joined), Category.MEDICATIONS, SHOWN.decode())
    assert SHOWN in ask(ward)[1]
    assert SHOWN in ask(ward, joined)[1]
    seal()

    file = tmp_path / "monday.backup"
    with override_settings(BACKUP_DATABASE_URL=database["backup"]):
        call_command("backup", to=file, stdout=StringIO())
        with pytest.raises(CommandError, match="there already"):
            call_command("backup", to=file)
    assert SHOWN not in file.read_bytes()
    assert b"Carter" not in file.read_bytes()

    # After the backup: the resident opts out; so does one who came since, with a new adviser.
    ward.refuse("connect-care")
    with ward.as_login("pipeline"):
        newcomer = factories.resident("Newcomer", "Nia")
        factories.source_person(newcomer, ward.trust, identifier="NEW-1")
        factories.relationship(newcomer, ward.trust, ward.team)
        new_adviser = factories.membership(at=ward.trust, as_role="contact-centre-adviser")
        factories.choice(newcomer, "connect-care", "refuses", by=new_adviser)
        # Two records are joined, and what is said of the one holds of both.
        merged = merge(survivor=kept.pk, merged=joined.pk, cause=Cause.DUPLICATE)
        assert merged.outcome == MergeOutcome.MERGED
        factories.choice(kept, "connect-care", "refuses", by=ward.adviser)
        references = set(Choice.objects.values_list("reference", flat=True))
    assert SHOWN not in ask(ward)[1]
    seal()
    with ward.as_login("owner"):
        assert not ChoiceToJournal.objects.exists()

    logins, address = put_back(file, another_cluster, "restored")

    def closed() -> None:
        with living_in(logins, ward):
            status, page = ask(ward)
            assert status == 503
            assert b"being put back" in page
            assert SHOWN not in page
            assert ward.client.get("/health/ready").status_code == 503

    closed()
    # Whoever takes only the reading-only away, as a restore by hand would not even set it.
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute("set default_transaction_read_only = off")
        admin.execute("alter database restored reset default_transaction_read_only")
    closed()

    # A journal that is missing, cut off or with a hole in it is found, and nothing opens.
    damaged = tmp_path / "damaged"
    with pytest.raises(CommandError, match="no journal"):
        replay(damaged, address)
    for cut in (-1, 1, 0):
        shutil.rmtree(damaged, ignore_errors=True)
        shutil.copytree(journal.path, damaged)
        links = chain_of(Journal(damaged)).path.read_text().split(f"{'connectcare-chain/1'}\n")[1:]
        del links[cut]
        chain_of(Journal(damaged)).path.write_text(
            "".join(f"connectcare-chain/1\n{each}" for each in links)
        )
        with pytest.raises(CommandError, match=r"cut off|not whole"):
            replay(damaged, address)
    closed()

    said = replay(journal.path, address)
    assert "4 choices in the journal; 3 were missing and are in the database again, 1 also" in said
    with living_in(logins, ward):
        status, page = ask(ward)
        assert status != 503
        assert SHOWN not in page
        assert b"Newcomer" not in ask(ward, newcomer)[1]
        # The backup does not know that the two are one: it holds of each.
        assert SHOWN not in ask(ward, joined)[1]
        with ward.as_login("pipeline"):
            found = set(Choice.objects.values_list("reference", flat=True))
            assert found >= references
            assert len(found) == len(references) + 1
            back = Choice.objects.get(resident__public_id=newcomer.public_id)
            assert back.resident.family_name == "Newcomer"
            assert not StaffMember.objects.get(pk=back.recorded_by_id).is_active
            assert not back.recorded_as.__class__.objects.current().filter(pk=back.recorded_as_id)
            # The rest of the record is as it was: the opt-out can be followed by a consent.
            factories.choice(
                Resident.objects.get(public_id=ward.resident.public_id),
                "connect-care",
                "consents",
                by=ward.adviser,
            )
        assert SHOWN in ask(ward)[1]
        with ward.as_login("owner"):
            event = Event.objects.get(action="database-put-back")
            assert event.detail["added"] == 3
    # A second time there is nothing left to do; and the audit goes on in a new log.
    assert "0 were missing" in replay(journal.path, address)
    with closing(open_session(logins["sealer"])) as session, journal.held():
        sealer = Sealer(journal, SIGNER, session, beside=Journalling(journal, SIGNER))
        with pytest.raises(SetBack):
            sealer.seal()
        sealer.begin()
        assert sealer.seal() == 0
    with closing(open_session(logins["sealer"])) as session, session.transaction():
        assert verify(session, journal, SIGNER.verifier).finding is None


def test_the_journal_says_what_was_chosen_and_nothing_in_clear(
    ward: Ward, journal: Journal, seal: Callable[[], int]
) -> None:
    ward.refuse("social-care-sharing", ward.council)
    seal()
    (link,) = chain_of(journal).links(SIGNER.verifier)
    said = opened(link.sealed)
    assert said["choice"]["kind"] == "social-care-sharing"
    assert said["council"] == ward.council.ods_code
    assert [each["resident"]["family_name"] for each in said["persons"]] == ["Carter"]
    assert "password" not in said["staff"]
    written = b"".join(each.read_bytes() for each in journal.path.rglob("*") if each.is_file())
    for word in (b"Carter", b"refuses", b"social-care", str(ward.resident.public_id).encode()):
        assert word not in written
    last = journal.logs()[-1].last(SIGNER.verifier)
    assert last is not None
    assert last.choices == str(link.end)


def test_a_sealer_whose_chain_was_cut_off_stops(
    ward: Ward, journal: Journal, seal: Callable[[], int]
) -> None:
    ward.refuse("connect-care")
    ward.open()
    seal()
    path = chain_of(journal).path
    path.write_bytes(path.read_bytes()[:-30])  # as a crash leaves it: half a link
    assert list(Chain(path).links(SIGNER.verifier)) == []
    with pytest.raises(JournalDamaged, match="fewer choices"):
        seal()


def test_a_chain_is_broken_by_whatever_is_not_its_own(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "choices")
    end = chain.mended(SIGNER.verifier)
    end = chain.add(SIGNER, [b"one", b"two"], end)
    assert [link.sealed for link in chain.links(SIGNER.verifier)] == [b"one", b"two"]
    assert chain.mended(SIGNER.verifier) == end
    with pytest.raises(ChainBroken, match="Link 1"):
        list(chain.links(Signer(b"x" * 32).verifier))
    chain.add(SIGNER, [b"three"], end.__class__(end.count, b"\0" * 32))
    with pytest.raises(ChainBroken, match="Link 3"):
        chain.mended(SIGNER.verifier)


def test_a_database_set_back_in_its_place_is_closed_by_the_sealer(
    ward: Ward, journal: Journal, seal: Callable[[], int], run_sql: Callable[..., Any]
) -> None:
    ward.entry(ward.person(ward.practice), Category.MEDICATIONS, SHOWN.decode())
    assert SHOWN in ask(ward)[1]
    sealer = run_sql("sealer")
    sealer.execute("select keeping.close_until_replayed()")
    sealer.commit()
    admin = run_sql("admin")
    try:
        status, page = ask(ward)
        assert (status, SHOWN in page) == (503, False)
        assert b"being put back" in page
    finally:
        admin.execute("update keeping.home set place = keeping.place()")
        admin.commit()
    assert SHOWN in ask(ward)[1]
