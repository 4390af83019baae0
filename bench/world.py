"""Databases of any size, filled in SQL: what the benchmarks measure on.

Filled without durability, in one transaction that needs no log of its rows; measured as production
runs (fsync on), after a restart. Triggers and foreign keys rest only while it is filled.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from launcher.data import make_socket_folder
from launcher.provision import as_environment, provision
from launcher.servers import Servers, servers

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "connectcare_bench"
ORGANISATIONS = 40
HEAVY_RESIDENTS = 100
HEAVY_ENTRIES = 2_500
TYPICAL_ENTRIES = 150


@dataclass(frozen=True)
class World:
    """Addresses by login, what the settings need, and how many residents of each size there are."""

    entries: int
    addresses: dict[str, str]
    environment: dict[str, str]
    heavy: int
    typical: int

    def heavy_resident(self, nth: int) -> int:
        """The id of a resident with 2,500 entries."""
        return 1 + nth % self.heavy

    def typical_resident(self, nth: int) -> int:
        """The id of a resident with 150 entries."""
        return 1 + self.heavy + (nth * 7919) % self.typical


@contextlib.contextmanager
def world(entries: int, *, keep: Path | None = None) -> Iterator[World]:
    """A database with about this many entries: 100 heavy residents, the rest typical ones.

    In ``keep`` it stays for later runs, which bring its tables up to date and fill nothing.
    """
    heavy = min(HEAVY_RESIDENTS, max(1, entries // HEAVY_ENTRIES // 4))
    typical = max(1, (entries - heavy * HEAVY_ENTRIES) // TYPICAL_ENTRIES)
    with contextlib.ExitStack() as stack:
        if keep is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="connect-care-")))
        else:
            folder = keep / str(entries)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        filled = folder / "filled.json"
        if not filled.exists():
            shutil.rmtree(folder / "postgres", ignore_errors=True)
            with running(folder, durable=False) as up:
                began = time.perf_counter()
                address = migrated(up)[0]["admin"]
                with psycopg.connect(address, autocommit=True) as connection:
                    for statement in _fill(heavy, typical):
                        connection.execute(statement)
                    _fill_entries(connection, heavy, typical)
                seconds = time.perf_counter() - began
                print(f"{entries:,} entries filled in {seconds:.0f} s", flush=True)
            os.sync()
            filled.write_text(json.dumps({"seconds": round(seconds)}), encoding="utf-8")
        with running(folder, durable=True) as up:
            yield World(entries, *migrated(up), heavy, typical)


@contextlib.contextmanager
def running(folder: Path, *, durable: bool) -> Iterator[Servers]:
    """A PostgreSQL and a Valkey of the benchmark's own, until the end of the block."""
    sockets = make_socket_folder()
    try:
        with servers(
            cluster=folder / "postgres",
            sockets=sockets,
            password_file=folder / "password",
            logs=folder / "logs",
            throw_away=not durable,
        ) as up:
            yield up
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def migrated(up: Servers) -> tuple[dict[str, str], dict[str, str]]:
    """The addresses and the environment of a database whose tables are those of this code."""
    assert up.admin_url is not None, "Unset DATABASE_…_URL: the benchmarks bring their own server."
    addresses = provision(up.admin_url, DATABASE)
    environment = {
        **as_environment(addresses),
        "REDIS_URL": up.redis_url,
        "CONNECTCARE_PROFILE": "test",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v", "0"],
        cwd=ROOT,
        env={**os.environ, **environment, "CONNECTCARE_LOGIN": "owner"},
        check=True,
    )
    admin = psycopg.conninfo.make_conninfo(up.admin_url, dbname=DATABASE)
    return {**addresses, "admin": admin}, environment


def _fill(heavy: int, typical: int) -> Iterator[str]:
    residents = heavy + typical
    yield "set session_replication_role = replica"
    yield "set synchronous_commit = off"
    yield f"""insert into organisations_organisation
        (id, ods_code, name, kind, participates, area, postcode, phone, duty_phone,
         out_of_hours_phone, state, valid_from)
        select n, 'B' || n, 'Organisation ' || n,
            case when n <= 5 then 'nhs_trust' when n <= 8 then 'adult_social_care'
                 else 'gp_practice' end,
            n <= 10, '', '', '', '', '', 'active', '2020-01-01'
        from generate_series(1, {ORGANISATIONS}) n"""
    yield f"""insert into organisations_sharingagreement
        (source_id, recipient_id, categories, purpose, legal_basis, state, valid_from)
        select s, r, array(select generate_series(1, 15)), '', '', 'active', '2020-01-01'
        from generate_series(1, {ORGANISATIONS}) s, generate_series(1, {ORGANISATIONS}) r
        where s <> r"""
    yield f"""insert into organisations_feed
        (id, organisation_id, format, categories, trusted_for_nhs_numbers, state, valid_from,
         last_received)
        select n, n, 'fhir-r4', array(select generate_series(1, 15)), true, 'active',
            '2020-01-01', now() from generate_series(1, {ORGANISATIONS}) n"""
    yield """insert into organisations_role
        (id, code, name, national_code, clinical, categories, activities, state, valid_from)
        values (1, 'nurse', 'Nurse', '', true, array(select generate_series(1, 15)),
            array['find-residents', 'read-records'], 'active', '2020-01-01')"""
    yield """insert into organisations_staffmember
        (id, password, is_superuser, username, name, email, is_active, date_joined)
        values (1, '!', false, 'bench', 'Bench', '', true, now())"""
    yield """insert into organisations_membership
        (id, staff_id, organisation_id, role_id, state, valid_from)
        values (1, 1, 1, 1, 'active', '2020-01-01')"""
    yield f"""insert into identity_resident
        (id, title, family_name, given_names, family_folded, given_folded, given_keys,
         search_keys, birth_date, sex, deceased, language, interpreter_needed, protection,
         known_to_all)
        select n, '', 'Family' || n, 'Given', 'family' || n, 'given', '{{given}}',
            array['family' || n || ' ' || (date '1930-01-01' + (n % 30000) - date '1970-01-01')],
            date '1930-01-01' + (n % 30000), 'female', false, '', false, 'U', true
        from generate_series(1, {residents}) n"""
    yield f"""insert into identity_residentepoch (resident_id, epoch)
        select n, 1 from generate_series(1, {residents}) n"""
    yield f"""insert into identity_sourceperson
        (id, source_id, identifier, local_identifiers, resident_id, link, nhs_number_sent,
         nhs_number_status_sent, number_claimed, fingerprint, said, registered_practice)
        select n * 4 + k, 1 + (k * 9 + case when k = 0 then 0 else n % 7 end) % {ORGANISATIONS},
            'P' || n, '{{}}', n, 'linked', '', '', '', '', '{{}}', false
        from generate_series(1, {residents}) n, generate_series(0, 3) k"""
    yield f"""insert into access_carerelationship
        (resident_id, organisation_id, kind, evidence, valid_from, derived, reason, words)
        select n, 1, 'caseload', 'bench', '2020-01-01', true, '', ''
        from generate_series(1, {residents}) n"""


def _fill_entries(connection: psycopg.Connection, heavy: int, typical: int) -> None:
    """Fill the entry table, with its indexes made afterwards."""
    indexes = connection.execute(
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index"
        " where indrelid = 'records_entry'::regclass and not indisunique"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
    with connection.transaction():
        # Emptied in the same transaction, it is written without a log (wal_level = minimal).
        connection.execute("truncate records_entry cascade")
        connection.execute(_entries(1, heavy, HEAVY_ENTRIES))
        connection.execute(_entries(heavy + 1, heavy + typical, TYPICAL_ENTRIES))
    connection.execute("set maintenance_work_mem = '1GB'")
    for _, definition in indexes:
        connection.execute(definition)
    connection.execute("set session_replication_role = origin")
    connection.execute("vacuum (analyze, freeze)")


def _entries(begin: int, end: int, each: int) -> str:
    return f"""insert into records_entry
        (resident_id, source_id, source_person_id, category, sensitive, kind, status,
         source_status, effective, effective_precision, code_system, code, display, detail, value,
         value_text, unit, range_text, interpretation, author, author_role, place, phone,
         contact_class, team_code, negation, notes, resource, identifier, fingerprint, feed_id,
         batch_id)
        select n, 1 + (k * 9 + case when k = 0 then 0 else n % 7 end) % {ORGANISATIONS},
            n * 4 + k, 1 + i % 15, i % 50 = 0, 'Observation',
            case when i % 3 = 0 then 'past' else 'current' end, 'final',
            timestamptz '2026-11-01' - i * interval '7 hours', 'time', 'http://snomed.info/sct',
            '1000', 'Something measured number ' || i, '', i, i || ' mmol/L', 'mmol/L', '', '',
            'Dr A Sample', 'Doctor', '', '', '', '', false, '{{}}',
            jsonb_build_object('resourceType', 'Observation', 'id', n || '-' || i,
                'note', repeat('x', 300)),
            n || '-' || i, '', 1 + k, 1
        from generate_series({begin}, {end}) n, generate_series(1, {each}) i,
            lateral (select i % 4) as source(k)"""
