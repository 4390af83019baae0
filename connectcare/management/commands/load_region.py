"""Load the rest of the demo's region, beside the demo that is up, going on where it stopped."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from connectcare.demo import LATE_SOURCE, SEED
from connectcare.demo_region import Loaded, load_residents, make_late
from connectcare.environment import Profile
from region.make_region import residents

#: The demo's own pages come first.
_NICE = 10


class Command(BaseCommand):
    """``load_region --residents 3000 --kept-in FILE``: everybody but the people of note."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--residents", type=int, required=True)
        parser.add_argument("--seed", type=int, default=SEED)
        parser.add_argument("--today", type=date.fromisoformat, help="of the region (today)")
        parser.add_argument("--kept-in", type=Path, required=True, help="says what is loaded")

    def handle(self, **options: Any) -> None:
        """Load what is missing.

        :raises CommandError: outside the demo's and the tests' profiles.
        """
        if settings.PROFILE == Profile.PRODUCTION:
            raise CommandError(
                "The region is made up. Set CONNECTCARE_PROFILE=demo to load it into an "
                "installation that is not production."
            )
        loaded = Loaded.read(options["kept_in"])
        if loaded.is_all:
            self.stdout.write(f"The region's {loaded.residents:,} residents are there.")
            return
        os.nice(_NICE)
        today = options["today"] or timezone.localdate()
        others = (
            each
            for each in residents(options["seed"], options["residents"], today)
            if not each.of_note
        )
        load_residents(others, seed=options["seed"], today=today, loaded=loaded, say=self._say)
        make_late(LATE_SOURCE)
        self._say(f"The region's {loaded.residents:,} residents are there.")

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()
