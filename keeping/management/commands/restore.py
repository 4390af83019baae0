"""Fill an empty database from a backup. It reads only until replay_choices has run."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from keeping.backups import BackupFailed, restore
from keeping.sealed_file import NotWhole


class Command(BaseCommand):
    """``restore FILE``: with an administrator's address of an empty database."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **_options: Any) -> None:
        """Restore.

        :raises CommandError: if the database could not be filled.
        """
        if not settings.RESTORE_DATABASE_URL:
            raise CommandError(
                "Set DATABASE_RESTORE_URL (or DATABASE_RESTORE_URL_FILE) to an administrator's "
                "address of an empty database, made by bin/provision --database NAME."
            )
        try:
            restore(file, settings.RESTORE_DATABASE_URL)
        except (BackupFailed, NotWhole, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            "The database is filled, and reads only. Nothing opens in it until every choice made "
            "since the backup is in it: run replay_choices with the journal's newest copy."
        )
