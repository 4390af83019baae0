"""Say what is due for destruction, put it on the review list, and destroy what was confirmed."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from keeping import retention
from keeping.models import PortalKind
from keeping.presenters import MONTHS_OF_A_YEAR
from organisations.models import Organisation


class Command(BaseCommand):
    """``retention``: one of its options, with the pipeline's login."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--dry-run", action="store_true", help="counts; nothing is changed")
        what.add_argument("--list", action="store_true", help="put what is due on the review list")
        what.add_argument(
            "--review",
            nargs=2,
            metavar=("CODE", "FILE"),
            help="write a controller's review list with its own identifiers",
        )
        what.add_argument(
            "--destroy", action="store_true", help="destroy what two officers confirmed"
        )
        what.add_argument(
            "--hold",
            nargs=3,
            metavar=("REASON", "WORDS", "BY"),
            help="nothing goes meanwhile: inquiry, litigation or case; see --code",
        )
        what.add_argument("--end-hold", nargs=2, metavar=("NUMBER", "BY"))
        what.add_argument(
            "--rule",
            nargs=4,
            metavar=("KIND", "YEARS", "BECAUSE", "BY"),
            help="how many years a kind of source, or of the portal's own, is kept; see --code",
        )
        parser.add_argument("--code", help="of one controller alone (its ODS code)")

    def handle(self, **options: Any) -> None:
        """Do it.

        :raises CommandError: if the schedule does not allow it.
        """
        try:
            for words in self._done(options):
                self.stdout.write(words)
        except (DatabaseError, FileExistsError) as error:
            why = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
            raise CommandError(
                f"Nothing was changed: {why or error.__class__.__name__}."
            ) from error

    def _done(self, options: dict[str, Any]) -> list[str]:
        code = options["code"]
        controller = _controller(code).pk if code else None
        if options["dry_run"]:
            return [
                f"{due.controller}: {due.shares:,} due with {due.entries:,} entries, {due.held:,} "
                f"more on hold. {due.because}"
                for due in retention.counted()
            ] + [
                f"{kind.label}: {count:,} due."
                for kind, count in retention.portal_rows_counted().items()
                if count
            ] or ["Nothing is due."]
        if options["list"]:
            return [f"{retention.list_due():,} more on the review list."]
        if options["review"]:
            code, file = options["review"]
            count = retention.write_review_list(_controller(code), Path(file))
            return [f"{count:,} in {file}. It names people: hand it over and delete it."]
        if options["destroy"]:
            done = Counter(retention.destroy_confirmed())
            rows = retention.destroy_portal_rows()
            return [
                f"{done['gone']:,} destroyed; {done['returned']:,} not due any more.",
                f"{rows:,} of the portal's own rows destroyed.",
            ]
        if options["hold"]:
            reason, words, by = options["hold"]
            made = _asked("keeping.set_hold(%s, %s, %s, null, %s)", reason, words, controller, by)
            return [f"Hold {made} is in force."]
        if options["end_hold"]:
            number, by = options["end_hold"]
            ended = _asked("keeping.end_hold(%s, %s)", int(number), by)
            return ["The hold is ended." if ended else "There is no such hold in force."]
        kind, years, because, by = options["rule"]
        if kind in PortalKind.values:
            months = MONTHS_OF_A_YEAR * int(years)
            _asked("keeping.set_portal_rule(%s, %s, %s, %s)", kind, months, because, by)
            return [f"{kind}: {years} years from now on."]
        child = None if kind == "gp_practice" else 25
        _asked(
            "keeping.set_rule(%s, %s, %s, %s, %s, %s)",
            kind,
            controller,
            int(years),
            child,
            because,
            by,
        )
        return [f"{kind}: {years} years from now on."]


def _controller(code: str) -> Organisation:
    found: Organisation | None = Organisation.objects.filter(ods_code=code).first()
    if found is None:
        raise CommandError(f"No organisation has the code {code}.")
    return found


def _asked(function: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"select {function}", values)
        return cursor.fetchone()[0]
