"""Write the events of an organisation's digest, with the proofs that they are what was sealed."""

from __future__ import annotations

import contextlib
import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from audit import configuration
from audit.digests import CannotBeShown, slice_of
from audit.notes import NotGenuine
from audit.sealing import open_session


class Command(BaseCommand):
    """``audit_slice``: personal data, in a new file that its maker alone can read."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--digest", type=Path, required=True, metavar="FILE")
        parser.add_argument(
            "--since", type=Path, metavar="FILE", help="an earlier digest, to show that it grew"
        )
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")

    def handle(self, *, digest: Path, since: Path | None, out: Path, **_options: Any) -> None:
        """Write the file.

        :raises CommandError: if the digest is not ours, or the events are not those that it counts.
        """
        try:
            with (
                contextlib.closing(open_session(configuration.address())) as connection,
                connection.transaction(),
            ):
                found = slice_of(
                    connection,
                    configuration.journal(),
                    configuration.verifier(),
                    digest.read_text(encoding="utf-8"),
                    since=since.read_text(encoding="utf-8") if since else "",
                )
            descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise CommandError(f"{out} is there already. Name a new file.") from error
        except (CannotBeShown, ImproperlyConfigured, NotGenuine, OSError) as error:
            raise CommandError(str(error)) from error
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(found, file, ensure_ascii=False, indent=1)
        self.stdout.write(f"Wrote {len(found['events']):,} events to {out}.")
