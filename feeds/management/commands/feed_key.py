"""Make a key with which a source's system gives in over the wire, or end one."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from feeds import actions, keys
from feeds.formats import FORMATS


class Command(BaseCommand):
    """``feed_key --source RJ2 --format fhir-r4 --label "integration engine" [--end]``."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--source", required=True, help="ODS code of the organisation")
        parser.add_argument("--format", required=True, choices=sorted(FORMATS))
        parser.add_argument("--label", required=True, help="where the key is kept; names nobody")
        parser.add_argument("--days", type=int, default=365, help="how long it holds (365)")
        parser.add_argument("--end", action="store_true", help="end the keys of this label now")

    def handle(self, **options: Any) -> None:
        """Print the key, this once; or say how many were ended."""
        try:
            feed = actions.feed_of(options["source"], options["format"])
        except actions.DeliveryRefused as error:
            raise CommandError(str(error)) from error
        now = timezone.now()
        if options["end"]:
            ended = keys.end_keys(feed, label=options["label"], at=now)
            if not ended:
                raise CommandError("No key in force has this label.")
            self.stdout.write(f"{ended} ended: refused from now on.")
            return
        if options["days"] < 1:
            raise CommandError("A key holds for one day at least.")
        until = now + timedelta(days=options["days"])
        self.stdout.write(keys.make_key(feed, label=options["label"], until=until))
        self.stderr.write(f"Keep it now: it is not shown again. It ends on {until:%d %B %Y}.")
