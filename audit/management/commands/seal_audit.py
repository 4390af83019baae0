"""Seal the audit's events as they are committed, until told to stop."""

from __future__ import annotations

import contextlib
import logging
import signal
from argparse import ArgumentParser
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from audit import configuration
from audit.encoding import Connection
from audit.journal import InUse, Journal, JournalDamaged
from audit.notes import Checkpoint, NotGenuine, Signer
from audit.sealing import Moment, Refused, Sealer, SetBack, open_session
from consent.journal import Journalling

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks."""
TELL_EVERY = timedelta(seconds=10)
"""How often the database is told that nothing new was found."""


class Command(BaseCommand):
    """``seal_audit``: one process for an installation, with the sealer's login and the key."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--once", action="store_true", help="seal what is there now, then end")
        parser.add_argument(
            "--new-log",
            action="store_true",
            help="begin a new log with all that the database holds, after it was restored or moved "
            "on purpose; nothing may write meanwhile",
        )

    def handle(self, *, once: bool, new_log: bool, **_options: Any) -> None:
        """Seal.

        :raises CommandError: if the database cannot follow the log, or another sealer runs.
        """
        try:
            signer, journal = configuration.signer(), configuration.journal()
            address = configuration.address()
            with journal.held():
                self.stdout.write(f"Checked by the key {signer.verifier}")
                if new_log:
                    self._once(address, journal, signer, new=True)
                elif once:
                    self._once(address, journal, signer)
                else:
                    _until(_told_to_stop(), address, journal, signer)
        except (ImproperlyConfigured, InUse, JournalDamaged, NotGenuine, Refused) as error:
            raise CommandError(str(error)) from error

    def _once(self, address: str, journal: Journal, signer: Signer, *, new: bool = False) -> None:
        with (
            contextlib.closing(open_session(address)) as connection,
            contextlib.closing(Mirroring(address)) as mirror,
        ):
            sealer = Sealer(journal, signer, connection, mirror, Journalling(journal, signer))
            count = sealer.begin() if new else _sealed(sealer, address)
        self.stdout.write(f"Sealed {count:,} events.")


class Mirroring:
    """Tells the database what was sealed, over a connection of its own."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection: Connection | None = None
        self._told: tuple[int, datetime] | None = None

    def __call__(self, written: Checkpoint, now: Moment, /) -> None:
        """Write the one row, at once where something was sealed, else now and then."""
        if self._told and self._told[0] == written.size and now.at - self._told[1] < TELL_EVERY:
            return
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._address, autocommit=True)
        self._connection.execute(
            "insert into public.audit_seal"
            " (id, origin, size, root, sealed_at, looked_at, waiting_since)"
            " values (1, %(origin)s, %(size)s, %(root)s, %(sealed)s, %(looked)s, %(waiting)s)"
            " on conflict (id) do update set origin = excluded.origin, size = excluded.size,"
            " root = excluded.root, sealed_at = excluded.sealed_at,"
            " looked_at = excluded.looked_at, waiting_since = excluded.waiting_since",
            {
                "origin": written.origin,
                "size": written.size,
                "root": written.root.hex(),
                "sealed": written.at,
                "looked": now.at,
                "waiting": now.waiting_since,
            },
        )
        self._told = (written.size, now.at)

    def close(self) -> None:
        """Close its connection."""
        if self._connection is not None:
            self._connection.close()


def _sealed(sealer: Sealer, address: str) -> int:
    """Seal; a database that was set back to an earlier moment is closed until it was told.

    :raises SetBack: if it was.
    """
    try:
        return sealer.seal()
    except SetBack:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("select keeping.close_until_replayed()")
        raise


def _told_to_stop() -> Event:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _until(stop: Event, address: str, journal: Journal, signer: Signer) -> None:
    """Seal every second; a database that does not answer is asked again."""
    while not stop.is_set():
        try:
            with (
                contextlib.closing(open_session(address)) as connection,
                contextlib.closing(Mirroring(address)) as mirror,
            ):
                sealer = Sealer(journal, signer, connection, mirror, Journalling(journal, signer))
                while not stop.is_set():
                    _sealed(sealer, address)
                    stop.wait(EVERY)
        except psycopg.OperationalError:
            log.warning("The database does not answer; nothing is sealed until it does.")
            stop.wait(EVERY)
