"""Trace all people of a source, with progress and the time that it takes at the agreed rate."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from consent import selectors as consent
from identity import bulk, wanting
from identity.pds.client import PdsClient
from identity.tracing import Tracer
from organisations.models import Organisation

_PAUSE = 2.0
"""Seconds between looks where other workers have all that is due."""


class Command(BaseCommand):
    """``trace_feed --source RJ2 [--wait]``."""

    help = (
        "Asks for a trace of everybody whom a source has sent and who is not waiting for one. The "
        "workers carry it out; with --wait this command does too, and shows how far it is. It may "
        "be stopped at any time: what is left stays wanted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The source, and whether to stay."""
        parser.add_argument("--source", required=True, help="the organisation's ODS code")
        parser.add_argument("--wait", action="store_true", help="trace here too, until it is done")

    def handle(self, *_: Any, **options: Any) -> None:
        """Want the traces; ask until none is left, if that is wished."""
        if settings.PDS is None:
            raise CommandError("No Personal Demographics Service is configured: set PDS_BASE_URL.")
        source = Organisation.objects.filter(ods_code=options["source"].upper()).first()
        if source is None:
            raise CommandError("No organisation has this ODS code.")
        added = bulk.want(source, per_minute=settings.PDS.per_minute)
        waiting, left = wanting.time_left(source, per_minute=settings.PDS.per_minute)
        self.stdout.write(f"{added:,} added; {waiting:,} of this source wait.")
        self.stdout.write(
            f"At {settings.PDS.per_minute:,} questions a minute that takes about {_words(left)}."
        )
        if options["wait"]:
            self._follow(source, waiting)

    def _follow(self, source: Organisation, total: int) -> None:
        columns = (
            TextColumn("Tracing"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
        )
        assert settings.PDS is not None  # noqa: S101 - asked in handle
        rate = settings.PDS.per_minute
        with (
            PdsClient.from_settings() as client,
            Progress(*columns, disable=not self.stdout.isatty()) as bar,
        ):
            task = bar.add_task("", total=total, left="")
            tracer = Tracer(client, may_use_number=consent.may_trace)
            while True:
                asked = tracer.run_due(20)
                waiting, left = wanting.time_left(source, per_minute=rate)
                bar.update(task, completed=total - waiting, left=f"about {_words(left)} left")
                if not waiting:
                    break
                if not asked:
                    time.sleep(_PAUSE)
        self.stdout.write("Nobody of this source waits any more.")


def _words(left: timedelta) -> str:
    minutes = round(left.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
