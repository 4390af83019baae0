"""Write each organisation's signed digest of one day of the audit. It holds nobody's data."""

from __future__ import annotations

import contextlib
from argparse import ArgumentParser
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from audit import configuration
from audit.digests import CannotBeShown, digests
from audit.notes import NotGenuine
from audit.sealing import open_session


class Command(BaseCommand):
    """``audit_digest``: a file for each organisation, to be handed over as soon as it is made."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--day", type=date.fromisoformat, help="which day, by UTC; yesterday when absent"
        )
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")

    def handle(self, *, day: date | None, out: Path, **_options: Any) -> None:
        """Write the files.

        :raises CommandError: if the day is not over, or the events are not those that were sealed.
        """
        today = datetime.now(UTC).date()
        day = day or today - timedelta(days=1)
        if day >= today:
            raise CommandError(f"{day} is not over yet, by UTC.")
        try:
            with (
                contextlib.closing(open_session(configuration.address())) as connection,
                connection.transaction(),
            ):
                made = list(
                    digests(connection, configuration.journal(), configuration.signer(), day)
                )
        except (CannotBeShown, ImproperlyConfigured, NotGenuine) as error:
            raise CommandError(str(error)) from error
        out.mkdir(parents=True, exist_ok=True)
        for digest, note in made:
            path = out / f"{day}-organisation-{digest.organisation}.digest"
            path.write_text(note, encoding="utf-8")
        self.stdout.write(f"Wrote {len(made)} digests of {day} to {out}.")
