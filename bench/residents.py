"""Two databases of residents, small and large, in one server: what searching is measured on.

Filled in SQL; triggers and foreign keys rest only while they are filled. Durable as in production.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg

from identity.nhs_number import check_digit
from launcher.data import make_socket_folder
from launcher.provision import as_environment, passwords_in, provision
from launcher.servers import servers

ROOT = Path(__file__).resolve().parent.parent
STAFF = 80
PASSWORD = "benchmark battery staple"
#: One resident in so many has the commonest family name; the others share this many.
COMMONEST = 100
FAMILY_NAMES = 5_000
#: Names and birth dates have nothing to do with each other: names go through a mixer.
MIXER, PRIME = 48_271, 2_147_483_647
DAYS = 33_000
FIRST_DAY = date(1930, 1, 1)


@dataclass(frozen=True)
class Residents:
    """A database: how many residents it has, its addresses by login, and its environment."""

    count: int
    addresses: dict[str, str]
    environment: dict[str, str]
    numbers: list[str]

    def number(self, nth: int) -> str:
        """A resident's NHS number; the nth of them."""
        return self.numbers[self.nth(nth) - 1]

    def family(self, nth: int) -> str:
        """A resident's family name."""
        who = self.nth(nth) * MIXER % PRIME
        return "Smith" if who % COMMONEST == 0 else f"Family{who % FAMILY_NAMES}"

    def born(self, nth: int) -> date:
        """A resident's birth date."""
        return FIRST_DAY + timedelta(days=self.nth(nth) * 7919 % DAYS)

    def nth(self, nth: int) -> int:
        """Residents far apart from each other, so that a page in memory is chance."""
        return 1 + nth * 611_953 % self.count


@contextlib.contextmanager
def databases(*counts: int) -> Iterator[list[Residents]]:
    """A server with one database for each count of residents."""
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
        assert up.admin_url is not None, "Unset DATABASE_…_URL: the bench brings its own server."
        made: list[Residents] = []
        known: dict[str, str] = {}
        for count in counts:
            name = f"connectcare_bench_{count}"
            addresses = provision(up.admin_url, name, passwords=passwords_in(known))
            known = as_environment(addresses)
            environment = {
                **known,
                "REDIS_URL": up.redis_url,
                "CONNECTCARE_PROFILE": "test",
                "SECRET_KEY": secrets.token_urlsafe(64),
                "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                # So many searches by so few people are counted, and not ended.
                "SEARCHES_PER_MINUTE": "5000",
                "SEARCHES_PER_HOUR": "5000",
            }
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "-v", "0"],
                cwd=ROOT,
                env={**os.environ, **environment, "CONNECTCARE_LOGIN": "owner"},
                check=True,
            )
            admin = psycopg.conninfo.make_conninfo(up.admin_url, dbname=name)
            with psycopg.connect(admin, autocommit=True) as connection:
                connection.execute("create temporary table bench_number (id bigint, number text)")
                numbers = list(itertools.islice(_numbers(), count))
                with connection.cursor().copy("copy bench_number from stdin") as rows:
                    for nth, number in enumerate(numbers, 1):
                        rows.write_row((nth, number))
                for statement in _fill(count):
                    connection.execute(statement)
            made.append(Residents(count, {**addresses, "admin": admin}, environment, numbers))
        try:
            yield made
        finally:
            shutil.rmtree(sockets, ignore_errors=True)


def _numbers() -> Iterator[str]:
    """Numbers that pass the check, of a range that is nobody's."""
    for nine in itertools.count(900_000_000):
        digit = check_digit(str(nine))
        if digit is not None:
            yield f"{nine}{digit}"


def _fill(count: int) -> Iterator[str]:
    who = f"n::bigint * {MIXER} % {PRIME}"
    family = f"""case when {who} % {COMMONEST} = 0 then 'smith'
        else 'family' || {who} % {FAMILY_NAMES} end"""
    born = f"date '{FIRST_DAY}' + (n::bigint * 7919 % {DAYS})::int"
    yield "set session_replication_role = replica"
    yield "set synchronous_commit = off"
    yield """insert into organisations_organisation
        (id, ods_code, name, kind, participates, area, postcode, phone, duty_phone,
         out_of_hours_phone, state, valid_from)
        values (1, 'B1', 'Bench trust', 'nhs_trust', true, '', '', '', '', '', 'active',
            '2020-01-01')"""
    yield """insert into organisations_role
        (id, code, name, national_code, clinical, categories, activities, state, valid_from)
        values (1, 'nurse', 'Nurse', '', true, array(select generate_series(1, 15)),
            array['find-residents', 'read-records'], 'active', '2020-01-01')"""
    yield f"""insert into organisations_staffmember
        (id, password, is_superuser, username, name, email, is_active, date_joined)
        select n, '!', false, 'bench' || n, 'Bench ' || n, '', true, now()
        from generate_series(1, {STAFF}) n"""
    yield f"""insert into organisations_membership
        (id, staff_id, organisation_id, role_id, state, valid_from)
        select n, n, 1, 1, 'active', '2020-01-01' from generate_series(1, {STAFF}) n"""
    yield f"""insert into identity_resident
        (id, title, family_name, given_names, family_folded, given_folded, given_keys,
         search_keys, birth_date, sex, deceased, language, interpreter_needed, protection,
         known_to_all)
        select n, '', initcap({family}), 'Ruth Mary', {family}, 'ruthmary', '{{ruth,mary}}',
            array[{family} || ' ' || ({born} - date '1970-01-01')], {born}, 'female', false, '',
            false, 'U', true
        from generate_series(1, {count}) n"""
    yield f"""insert into identity_residentepoch (resident_id, epoch)
        select n, 1 from generate_series(1, {count}) n"""
    yield f"""insert into identity_residentplace
        (resident_id, address_lines, postcode, phone, practice_code)
        select n, array[n || ' High Street', 'London'], 'SE' || n % 28 || ' 6LH', '', 'G00001'
        from generate_series(1, {count}) n"""
    yield """insert into identity_residentnhsnumber
        (resident_id, number, status, said_by, ended_because)
        select id, number, '01', 'feed', '' from bench_number"""
    yield "set session_replication_role = origin"
    yield "vacuum analyze"
