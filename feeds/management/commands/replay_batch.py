"""Read deliveries again from the bytes that were kept of them: the state stays what it was."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from feeds import actions, replaying, selectors
from feeds.formats import FORMATS
from feeds.models import Batch, BatchState


class Command(BaseCommand):
    """``replay_batch ID…``, or ``replay_batch --source RJ2 --format fhir-r4`` for all of a feed."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("batches", nargs="*", type=UUID, help="the batches' ids, in order")
        parser.add_argument(
            "--source", help="ODS code: all of this source's feed, the oldest first"
        )
        parser.add_argument("--format", choices=sorted(FORMATS))

    def handle(self, **options: Any) -> None:
        """Replay one after the other, and print what became of every item."""
        for batch in list(self._batches(options)):
            try:
                made = replaying.replay(batch, by=None)
            except replaying.CannotReplay as error:
                raise CommandError(f"Batch {batch.public_id}: {error}") from error
            loaded = actions.load(made.pk)
            if loaded is None:
                raise CommandError("Another worker is loading this batch. Watch it on its page.")
            if loaded.state == BatchState.WAITING:
                raise CommandError(f"It waits for a person: decide at /deliveries/{made.public_id}")
            self.stdout.write(selectors.report(loaded).as_text())

    def _batches(self, options: dict[str, Any]) -> Iterator[Batch]:
        if bool(options["batches"]) == bool(options["source"] and options["format"]):
            raise CommandError("Name batches by their ids, or a feed by --source and --format.")
        for public_id in options["batches"]:
            found = Batch.objects.filter(public_id=public_id).first()
            if found is None:
                raise CommandError(f"There is no batch {public_id}.")
            yield found
        if options["source"]:
            try:
                feed = actions.feed_of(options["source"], options["format"])
            except actions.DeliveryRefused as error:
                raise CommandError(str(error)) from error
            yield from selectors.can_be_replayed(feed)
