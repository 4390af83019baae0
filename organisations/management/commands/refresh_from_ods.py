"""``refresh_from_ods``: put organisations right by what the national directory publishes."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from organisations import published


class Command(BaseCommand):
    """See the module's own words."""

    help = (
        "Compare the registry with a published file of practices (27 columns, no header) or an "
        "answer of the directory's FHIR API, and say what differs. With --do-it, put it right."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and whether to do it."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--do-it", action="store_true", help="Change the registry")

    def handle(self, *_args: Any, file: Path, do_it: bool, **_options: Any) -> None:
        """Compare, say, and perhaps do it.

        :raises CommandError: if the file cannot be read as either.
        """
        try:
            found = published.read(file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from error
        except published.NotPublished as error:
            raise CommandError(f"{error}.") from error
        known = published.known_here(found.organisations)
        for each in published.refresh(None, known, preview=not do_it):
            self.stdout.write(f"{each.code}: {each.part} “{each.was}” → “{each.is_now}”")
        self.stdout.write(
            f"{len(known)} in the registry, {len(found.organisations) - len(known)} not in the "
            f"registry, {found.unusable} that could not be used."
        )
        if not do_it:
            self.stdout.write("Nothing was changed: --do-it does it.")
