"""Write a source's verified NHS numbers to a file that goes back to that source."""

from __future__ import annotations

import csv
import os
from argparse import ArgumentParser
from datetime import UTC
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from access import verified_numbers as given
from access.views_numbers import moment
from organisations.models import Organisation
from ui.spreadsheets import cell

_COLUMNS = ("identifier", "nhs_number", "status", "changed")


class Command(BaseCommand):
    """``verified_numbers --source RJ2 [--since 2026-11-01] --out FILE``."""

    help = (
        "Writes the verified NHS numbers of a source's own people to a CSV file that only you can "
        "read, for that source. Left out are those who object to the source's use of the number "
        "and those whose link is in doubt. Everybody in the file is in the audit."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The source, since when, and where to."""
        parser.add_argument("--source", required=True, help="the organisation's ODS code")
        parser.add_argument("--since", help="only changes since this date or time (ISO 8601)")
        parser.add_argument("--out", required=True, type=Path, help="a file that is not there yet")

    def handle(self, *_: Any, **options: Any) -> None:
        """Ask, and write. What was asked is in the audit even if the writing fails."""
        since = moment(options["since"]) if options["since"] else None
        if options["since"] and since is None:
            raise CommandError("Give --since as a date or a time in ISO 8601, such as 2026-11-22.")
        source = Organisation.objects.filter(ods_code=options["source"].upper()).first()
        if source is None:
            raise CommandError("No organisation has this ODS code.")
        try:
            # Never over a file that is there, and readable by nobody else from the beginning.
            file = os.open(options["out"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise CommandError("The file is there already. Give another name.") from None
        except OSError as error:
            raise CommandError(f"The file cannot be written: {error.strerror}.") from None
        try:
            with os.fdopen(file, "w", encoding="utf-8", newline="") as out:
                page = given.for_file(source.pk, since=since)
                rows = csv.writer(out)
                rows.writerow(_COLUMNS)
                rows.writerows(
                    (
                        cell(one.identifier),
                        one.number or "",
                        one.status,
                        one.changed.astimezone(UTC).isoformat(),
                    )
                    for one in page.numbers
                )
        except BaseException:
            # Half a file would be taken for the whole.
            options["out"].unlink()
            raise
        self.stdout.write(f"{len(page.numbers):,} written.")
        self.stdout.write(f"Next time: --since {page.as_of.astimezone(UTC).isoformat()}")
