"""Watch a folder, and give in and load whatever a source's system puts into it."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, connection

from feeds import actions, selectors
from feeds.folder import WatchedFolder
from feeds.formats import FORMATS
from feeds.models import Batch


class Command(BaseCommand):
    """``watch_folder --source RJ2 --format fhir-r4 FOLDER``: until Ctrl-C."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--source", required=True, help="ODS code of the organisation")
        parser.add_argument("--format", required=True, choices=sorted(FORMATS))
        parser.add_argument("--seconds", type=float, default=5, help="between two looks (5)")
        parser.add_argument("--looks", type=int, help="stop after so many looks")
        parser.add_argument(
            "--keep", action="store_true", help="move what was taken to taken/, not remove it"
        )
        parser.add_argument("folder", type=Path)

    def handle(self, **options: Any) -> None:
        """Look, take in, load, and wait; a file must look the same twice to be taken."""
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        watched: WatchedFolder | None = None
        looks = 0
        while options["looks"] is None or looks < options["looks"]:
            if looks:
                time.sleep(options["seconds"])
            looks += 1
            try:
                # Asked anew at each look: a feed that has ended takes nothing more.
                feed = actions.feed_of(options["source"], options["format"])
                watched = watched or WatchedFolder(folder, feed, keep=options["keep"])
                for _file, batch in watched.take_in():
                    self._load(batch)
            except actions.DeliveryRefused as error:
                raise CommandError(str(error)) from error
            except (OperationalError, InterfaceError) as error:
                # What was not committed is still in the folder.
                self.stderr.write(f"The database is away ({type(error).__name__}). Trying again.")
                connection.close()

    def _load(self, batch: Batch) -> None:
        """Load what was taken. A fault stops its batch, which says so, and no other."""
        try:
            loaded = actions.load(batch.pk)
        except Exception as error:  # noqa: BLE001 - whatever it is, its words may quote a value
            self.stderr.write(f"A fault stopped {batch}: {type(error).__name__}. See its page.")
            connection.close()  # it may be what is broken; the next look opens another
            return
        if loaded is not None:  # else a worker was quicker
            self.stdout.write(selectors.report(loaded).as_text())
