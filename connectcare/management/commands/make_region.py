"""Write a made-up region of any size as the files that its sources deliver."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from connectcare.demo import SEED
from region.make_region import MOST_RESIDENTS, residents
from region.organisations import DEFAULT_ORGANISATIONS
from region.writers.deliveries import Delivery, write


class Command(BaseCommand):
    """``make_region --residents 3000 --out DIR [--seed N] [--today YYYY-MM-DD]``.

    The same residents, seed and day always give the same bytes. Memory does not grow with the
    number of residents. The database is not used.
    """

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--residents", type=int, required=True)
        parser.add_argument("--out", type=Path, required=True, help="a folder that is not there")
        parser.add_argument("--seed", type=int, default=SEED)
        parser.add_argument("--today", type=date.fromisoformat, help="of the region (today)")

    def handle(self, **options: Any) -> None:
        """Write the files, and say how each is given in.

        :raises CommandError: where the folder holds anything, or so many are not to be had.
        """
        out: Path = options["out"]
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise CommandError(f"{out} is there and is no empty folder. Name another one.")
        if not 1 <= options["residents"] <= MOST_RESIDENTS:
            raise CommandError(f"Ask for 1 to {MOST_RESIDENTS:,} residents.")
        today = options["today"] or timezone.localdate()
        deliveries = write(
            residents(options["seed"], options["residents"], today),
            out,
            seed=options["seed"],
            today=today,
            organisations=DEFAULT_ORGANISATIONS,
        )
        for each in deliveries:
            self.stdout.write(f"{_how_given_in(each, out)}  # {each.items:,} items")


def _how_given_in(delivery: Delivery, out: Path) -> str:
    folder = out / delivery.source / delivery.form
    return f"bin/manage import_feed --source {delivery.source} --format {delivery.form} {folder}"
