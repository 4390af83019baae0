"""Write the events of an organisation's digest, with the proofs that they are what was sealed."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from audit import configuration
from audit.digests import CannotBeShown, Digest, slice_of
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
        parser.add_argument(
            "--by", default="", metavar="NAME", help="who hands it over; the user, if not said"
        )

    def handle(
        self, *, digest: Path, since: Path | None, out: Path, by: str, **_options: Any
    ) -> None:
        """Write the file, once the event that it is handed over is there.

        :raises CommandError: if the digest is not ours, or the events are not those that it counts.
        """
        try:
            note, verifier = digest.read_text(encoding="utf-8"), configuration.verifier()
            with contextlib.closing(open_session(configuration.address())) as connection:
                with connection.transaction():
                    found = slice_of(
                        connection,
                        configuration.journal(),
                        verifier,
                        note,
                        since=since.read_text(encoding="utf-8") if since else "",
                    )
                descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                of = Digest.parse(verifier.text_of(note))
                connection.execute(
                    "select audit.slice_was_read(%s, %s, %s, %s, %s)",
                    [of.organisation, of.name, of.day, of.events, by or getpass.getuser()],
                )
        except FileExistsError as error:
            raise CommandError(f"{out} is there already. Name a new file.") from error
        except (CannotBeShown, ImproperlyConfigured, NotGenuine, OSError) as error:
            raise CommandError(str(error)) from error
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(found, file, ensure_ascii=False, indent=1)
        self.stdout.write(f"Wrote {len(found['events']):,} events to {out}.")
