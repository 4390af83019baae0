"""Give files in as one batch and load it, with progress and counts."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from feeds import actions, deciding, selectors
from feeds.ahead import started_early
from feeds.formats import FORMATS
from feeds.models import Batch, BatchState


class Command(BaseCommand):
    """``import_feed --source RJ2 --format fhir-r4 FILE…``: the action that an upload runs too."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--source", required=True, help="ODS code of the organisation")
        parser.add_argument("--format", required=True, choices=sorted(FORMATS))
        parser.add_argument(
            "--json", action="store_true", help="print the counts as JSON, and no progress"
        )
        parser.add_argument(
            "--preview",
            action="store_true",
            help="only look it over (a council's CSV); it then waits on its page for a decision",
        )
        parser.add_argument(
            "--mapping", type=Path, help="a council's mapping file, which holds from now on"
        )
        parser.add_argument("paths", nargs="+", type=Path, help="files, or folders of files")

    def handle(self, **options: Any) -> None:
        """Receive, load, and print what became of every item."""
        try:
            feed = actions.feed_of(options["source"], options["format"])
            paths = list(_files(options["paths"]))
            if options["preview"] and FORMATS[feed.format].lowest_match is None:
                raise CommandError("Only a council's CSV can be looked over first.")
            if options["mapping"] is not None:
                deciding.keep_mapping(feed, _text_of(options["mapping"]), by=None)
            with started_early(_size_of(paths)):
                batch = actions.receive(
                    _opened(paths), feed=feed, by=None, preview_first=options["preview"]
                )
                loaded = actions.load(batch.pk) if options["json"] else self._with_progress(batch)
        except (actions.DeliveryRefused, deciding.MappingRefused) as error:
            raise CommandError(str(error)) from error
        if loaded is None:
            raise CommandError("Another worker is loading this batch. Watch it on its page.")
        if loaded.state == BatchState.WAITING:
            self.stdout.write(json.dumps(loaded.findings, indent=2))
            self.stdout.write(f"Nothing is loaded. Decide at /deliveries/{loaded.public_id}")
            return
        report = selectors.report(loaded)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
        else:
            self.stdout.write(report.as_text())

    def _with_progress(self, batch: Batch) -> Batch | None:
        with Progress(
            TextColumn("Loading"),
            BarColumn(),
            DownloadColumn(),
            TextColumn("{task.fields[items]} items, {task.fields[rate]} a second"),
            TimeRemainingColumn(),
            disable=not sys.stderr.isatty(),
            transient=True,
        ) as bar:
            task = bar.add_task("load", total=batch.total_bytes or None, items=0, rate=0)
            began = time.monotonic()

            def show(at: Batch) -> None:
                items = selectors.read_count(at)
                rate = round(items / max(time.monotonic() - began, 0.001))
                bar.update(task, completed=at.done_bytes, items=items, rate=rate)

            return actions.load(batch.pk, progress=show)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The mapping file {path} cannot be read as text in UTF-8.") from error


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(entry for entry in path.rglob("*") if entry.is_file())
        elif path.is_file():
            yield path
        else:
            raise CommandError(f"There is no file or folder {path}.")


def _size_of(paths: list[Path]) -> int:
    """The bytes of the largest file; one that is gone by now is told of where it is opened."""
    return max((path.stat().st_size for path in paths if path.is_file()), default=0)


def _opened(paths: list[Path]) -> Iterator[actions.File]:
    for path in paths:
        try:
            content = path.open("rb")
        except OSError as error:
            why = type(error).__name__
            raise CommandError(f"{path} cannot be read ({why}). Nothing was taken.") from error
        with content:
            yield actions.File(path.name, content)
