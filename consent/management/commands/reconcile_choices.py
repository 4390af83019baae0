"""Compare choices recorded, choices enforced, and letters sent or held."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from consent import reconciling


class Command(BaseCommand):
    """``reconcile_choices``: each count with what disagrees; exits with 1 where one does."""

    help = __doc__ or ""

    def handle(self, **options: Any) -> None:  # noqa: ARG002 - it has no options of its own
        """Run it, keep it, and say what came of it.

        :raises CommandError: where counts do not agree.
        """
        run = reconciling.reconcile()
        for line in run.lines:
            mark = "agrees" if line["agrees"] else "DISAGREES"
            self.stdout.write(f"{line['title']}: {mark}")
            self.stdout.write(f"  {line['left_count']:>8}  {line['left']}")
            self.stdout.write(f"  {line['right_count']:>8}  {line['right']}")
            for reference in line["disagree"]:
                self.stdout.write(f"            {reference}")
        if not run.agrees:
            raise CommandError("The counts do not agree. What disagrees is named above.")
