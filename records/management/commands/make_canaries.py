"""Make the made-up residents by whom it is noticed, all day, if refusals do not hold."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from organisations.models import Role
from records.probing.canaries import make_canaries


class Command(BaseCommand):
    """``make_canaries``: once in an installation; a second time changes nothing."""

    help = __doc__ or ""

    def handle(self, **_options: Any) -> None:
        """Make them if they are not there.

        :raises CommandError: if the shipped roles were not loaded.
        """
        try:
            made = make_canaries()
        except Role.DoesNotExist as error:
            raise CommandError("Load the shipped roles first: manage.py load_registry.") from error
        self.stdout.write("The canaries were made." if made else "The canaries are there.")
