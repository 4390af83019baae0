"""Write an encrypted backup of the database to a file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from keeping.backups import BackupFailed, back_up


class Command(BaseCommand):
    """``backup --to FILE``: with the backup's login."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--to", type=Path, required=True, metavar="FILE")

    def handle(self, *, to: Path, **_options: Any) -> None:
        """Back up.

        :raises CommandError: if no backup was made.
        """
        if not settings.BACKUP_DATABASE_URL:
            raise CommandError(
                "Set DATABASE_BACKUP_URL (or DATABASE_BACKUP_URL_FILE) to the backup's address."
            )
        try:
            total = back_up(settings.BACKUP_DATABASE_URL, to)
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{to}: {total:,} bytes of a dump, encrypted. Keep it on other storage, and the "
            "journal's copy and ENCRYPTION_KEYS apart from it."
        )
