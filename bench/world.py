"""A throw-away database of any size, filled in SQL: what the benchmarks measure on.

Durable as in production (fsync on); triggers and foreign keys rest only while it is filled.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from launcher.data import make_socket_folder
from launcher.provision import as_environment, provision
from launcher.servers import servers

ROOT = Path(__file__).resolve().parent.parent
ORGANISATIONS = 40
HEAVY_RESIDENTS = 100
HEAVY_ENTRIES = 2_500
TYPICAL_ENTRIES = 150


@dataclass(frozen=True)
class World:
    """Addresses by login, and how many residents of each size there are."""

    addresses: dict[str, str]
    heavy: int
    typical: int

    def heavy_resident(self, nth: int) -> int:
        """The id of a resident with 2,500 entries."""
        return 1 + nth % self.heavy

    def typical_resident(self, nth: int) -> int:
        """The id of a resident with 150 entries."""
        return 1 + self.heavy + (nth * 7919) % self.typical


@contextlib.contextmanager
def world(entries: int) -> Iterator[World]:
    """A database with about this many entries: 100 heavy residents, the rest typical ones."""
    heavy = min(HEAVY_RESIDENTS, max(1, entries // HEAVY_ENTRIES // 4))
    typical = max(1, (entries - heavy * HEAVY_ENTRIES) // TYPICAL_ENTRIES)
    sockets = make_socket_folder()
    with (
        tempfile.TemporaryDirectory(prefix="connect-care-bench-") as folder,
        servers(
            cluster=Path(folder) / "postgres",
            sockets=sockets,
            password_file=Path(folder) / "password",
            logs=Path(folder) / "logs",
        ) as up,
    ):
        assert up.admin_url is not None
        addresses = provision(up.admin_url, "connectcare_bench")
        environment = {
            **as_environment(addresses),
            "REDIS_URL": up.redis_url,
            "CONNECTCARE_PROFILE": "test",
            "SECRET_KEY": secrets.token_urlsafe(64),
            "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        os.environ.update(environment)
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v", "0"],
            cwd=ROOT,
            env=os.environ,
            check=True,
        )
        admin = psycopg.conninfo.make_conninfo(up.admin_url, dbname="connectcare_bench")
        with psycopg.connect(admin, autocommit=True) as connection:
            for statement in _fill(heavy, typical):
                connection.execute(statement)
        yield World({**addresses, "admin": admin}, heavy, typical)


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
         nhs_number_status_sent, fingerprint, registered_practice)
        select n * 4 + k, 1 + (k * 9 + case when k = 0 then 0 else n % 7 end) % {ORGANISATIONS},
            'P' || n, '{{}}', n, 'linked', '', '', '', false
        from generate_series(1, {residents}) n, generate_series(0, 3) k"""
    yield f"""insert into access_carerelationship
        (resident_id, organisation_id, kind, evidence, valid_from, derived, reason, words)
        select n, 1, 'caseload', 'bench', '2020-01-01', true, '', ''
        from generate_series(1, {residents}) n"""
    for first, count, each in (
        (1, heavy, HEAVY_ENTRIES),
        (heavy + 1, typical, TYPICAL_ENTRIES),
    ):
        step = max(1, 500_000 // each)
        for begin in range(first, first + count, step):
            end = min(first + count, begin + step) - 1
            yield _entries(begin, end, each)
    yield "set session_replication_role = origin"
    yield "vacuum analyze"


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
