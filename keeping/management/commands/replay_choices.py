"""Put into a restored database what residents chose since its backup, and let it open again."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from audit import configuration
from keeping.putting_back import CannotReplay, Replayed, choices_said, replay


class Command(BaseCommand):
    """``replay_choices``: with an administrator's address, the journal and the verifier's key."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--journal-is-lost",
            metavar="WHO-AND-WHY",
            default="",
            help="open it without the journal: every choice made since the backup was recorded "
            "anew from paper, as this person decided. It is written into the audit.",
        )

    def handle(self, *, journal_is_lost: str, **_options: Any) -> None:
        """Replay.

        :raises CommandError: if the journal or the database cannot; nothing opens then.
        """
        if not settings.RESTORE_DATABASE_URL:
            raise CommandError(
                "Set DATABASE_RESTORE_URL (or DATABASE_RESTORE_URL_FILE) to an administrator's "
                "address of the database that was restored."
            )
        try:
            journal = configuration.journal()
            lost = bool(journal_is_lost)
            said = [] if lost else choices_said(journal, configuration.verifier())
            with psycopg.connect(settings.RESTORE_DATABASE_URL) as connection:
                connection.read_only = False
                done = replay(connection, said, journal_is_lost=lost)
                _write_event(connection, done, journal_is_lost)
        except (CannotReplay, ImproperlyConfigured) as error:
            raise CommandError(f"{error} Nothing opens meanwhile.") from error
        self.stdout.write(
            f"{done.journalled:,} choices in the journal; {done.added:,} were missing and are in "
            f"the database again, {done.copied:,} also of records that had been joined. Put in "
            f"with them: {json.dumps(done.put_in) if done.put_in else 'nothing'}."
        )
        looked = journal.path / "looked"
        if looked.exists():
            self.stdout.write(
                "The journal was last written to at the time of the file 'looked' in it. Whatever "
                "was chosen after that, while the sealer did not run, is in no journal: ask the "
                "desks that record choices."
            )
        self.stdout.write("Now begin a new log: seal_audit --new-log.")


def _write_event(connection: psycopg.Connection[Any], done: Replayed, lost: str) -> None:
    detail = {
        "journalled": done.journalled,
        "added": done.added,
        "copied": done.copied,
        "put_in": done.put_in,
    } | ({"without_journal": lost} if lost else {})
    connection.execute(
        "insert into audit_event (action, outcome, reason, staff_name, role_code,"
        " organisation_name, residents, detail)"
        " values ('database-put-back', 'done', %s, '', '', '', '{}', %s)",
        ["without-journal" if lost else "replayed", json.dumps(detail)],
    )
