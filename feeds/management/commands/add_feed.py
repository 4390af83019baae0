"""Say in the registry that an organisation sends a feed."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from audit import actions as audit
from audit.models import Action
from feeds.formats import FORMATS
from organisations.categories import CLINICIANS_READ, Category
from organisations.models import Feed, Organisation


class Command(BaseCommand):
    """``add_feed --source RJ2 --format fhir-r4 [--expected-hours 24] …``."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--source", required=True, help="ODS code of the organisation")
        parser.add_argument("--format", required=True, choices=sorted(FORMATS))
        parser.add_argument("--trusted-for-nhs-numbers", action="store_true")
        parser.add_argument("--expected-hours", type=int, help="how often it should come")
        parser.add_argument(
            "--categories",
            nargs="*",
            type=int,
            choices=sorted(Category.values),
            help="what it brings, by number (all but safeguarding, unless named)",
        )

    @transaction.atomic
    def handle(self, **options: Any) -> None:
        """Add the feed, or put its settings right."""
        organisation = Organisation.objects.filter(ods_code=options["source"].upper()).first()
        if organisation is None:
            raise CommandError("No organisation has this ODS code. Load it with load_registry.")
        hours = options["expected_hours"]
        _, made = Feed.objects.update_or_create(
            organisation=organisation,
            format=options["format"],
            defaults={
                "categories": sorted(options["categories"] or CLINICIANS_READ),
                "trusted_for_nhs_numbers": options["trusted_for_nhs_numbers"],
                "expected_every": timedelta(hours=hours) if hours else None,
            },
        )
        audit.record(
            Action.REGISTRY_CHANGED,
            reason="feed-added" if made else "feed-changed",
            organisation_id=organisation.pk,
            organisation_name=organisation.name,
            detail={"format": options["format"]},
        )
        self.stdout.write(f"{organisation.name} sends {options['format']}.")
