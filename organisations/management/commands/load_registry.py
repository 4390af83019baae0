"""Load the registry: roles, the ten participants, agreements, feeds, and the groups' practices."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from organisations import configuration
from organisations.configuration import ConfigurationError, Details
from organisations.loading import (
    PracticesLoaded,
    UnknownGroup,
    load_organisations,
    load_practices_from_ods,
    load_shipped_roles,
    roles_not_as_shipped,
)
from organisations.models import Feed, Organisation, Role, SharingAgreement
from organisations.ods import BadRow


class Command(BaseCommand):
    """``load_registry [--practices FILE --membership FILE] [--config FILE]``; safe to repeat."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--practices", type=Path, help="GP practices in the published epraccur layout"
        )
        parser.add_argument(
            "--membership", type=Path, help="CSV: ods_code, and group or borough, of each practice"
        )
        parser.add_argument(
            "--config", type=Path, help="TOML: codes and telephone numbers of the participants"
        )

    @transaction.atomic
    def handle(self, **options: Any) -> None:
        """Load, and say how much there is now."""
        practices, membership = options["practices"], options["membership"]
        if (practices is None) != (membership is None):
            raise CommandError("Give --practices and --membership together.")
        try:
            load_shipped_roles(by=None)
            load_organisations(_configured(options["config"]), by=None)
            if practices is not None:
                self._say(load_practices_from_ods(practices, membership, by=None))
        except (ConfigurationError, UnknownGroup) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            message = f"A file cannot be read ({error.strerror}). Check the options."
            raise CommandError(message) from error
        current = Organisation.objects.current()
        self.stdout.write(
            f"The registry holds {current.filter(participates=True).count()} participants, "
            f"{current.count()} organisations in force, "
            f"{Role.objects.current().count()} roles, "
            f"{SharingAgreement.objects.current().count()} agreements and "
            f"{Feed.objects.current().count()} feeds."
        )

        for name in roles_not_as_shipped():
            self.stderr.write(
                f"{name}: reads or may do other than what is shipped, and was left. "
                "Its page under Roles changes it."
            )

    def _say(self, loaded: PracticesLoaded) -> None:
        for outcome, count in sorted(loaded.counts.items()):
            self.stdout.write(f"Practices, {outcome}: {count}")
        self._say_bad("practices", loaded.bad_practices)
        self._say_bad("membership", loaded.bad_memberships)

    def _say_bad(self, which: str, rows: list[BadRow]) -> None:
        for row in rows:
            self.stderr.write(f"Skipped line {row.line} of the {which} file: {row.reason}.")
        if rows:
            self.stderr.write(f"{len(rows)} rows of the {which} file were skipped.")


def _configured(file: Path | None) -> dict[str, Details]:
    if file is not None:
        return configuration.read(file)
    if settings.PROFILE == "production":
        raise ConfigurationError(
            "Give --config FILE: the codes of councils and out-of-hours providers are in no "
            "public file. deploy/registry.example.toml shows how."
        )
    return configuration.check(configuration.DEMO)
