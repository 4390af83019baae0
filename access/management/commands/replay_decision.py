"""Decide anew what was decided then, and say whether today's rules answer the same."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from access.replay import NoFactsKept, in_words, read_kept, replay
from organisations.models import Organisation


class Command(BaseCommand):
    """``replay_decision REFERENCE``: fails if today's rules would answer differently."""

    help = (
        "Prints a decision in words, decided anew from the facts that it stood on. Fails where "
        "today's rules answer differently from what was kept, and names each difference."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which decision."""
        parser.add_argument(
            "reference",
            type=UUID,
            help="of an opening (in its audit event's detail), or of the event of a refusal",
        )

    def handle(self, *_: Any, reference: UUID, **_options: Any) -> None:
        """Print it, then compare.

        :raises CommandError: if there is none, or if it has no facts, or if the answers differ.
        """
        kept = read_kept(reference)
        if kept is None:
            raise CommandError("No opening and no refusal with its facts has this reference.")
        try:
            answer = replay(kept)
        except NoFactsKept as error:
            raise CommandError(str(error)) from None
        called = dict(Organisation.objects.values_list("pk", "name"))
        for line in in_words(answer.decision, called):
            self.stdout.write(line)
        if answer.differences:
            raise CommandError(
                "Today's rules answer differently:\n" + "\n".join(answer.differences)
            )
        self.stdout.write("Today's rules answer the same.")
