"""Print the table of demo people to sign in as."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from connectcare.demo import PASSWORD, PEOPLE
from organisations.models import Organisation, Role


class Command(BaseCommand):
    """``demo_people``: who, as what, where, and what to try."""

    help = __doc__ or ""

    def handle(self, **_options: Any) -> None:
        """Print the table."""
        organisations = {row.ods_code: row.name for row in Organisation.objects.all()}
        roles = {row.code: row.name for row in Role.objects.all()}
        table = Table(title=f"Sign in with the password {PASSWORD}", title_justify="left")
        for heading in ("Sign in as", "Role", "At", "Shows"):
            table.add_column(heading, overflow="fold")
        for person in PEOPLE:
            table.add_row(
                person.username,
                "\n".join(roles.get(each.role, each.role) for each in person.memberships),
                "\n".join(
                    organisations.get(each.organisation, each.organisation)
                    for each in person.memberships
                ),
                person.shows,
            )
        console = Console(width=None if self.stdout.isatty() else 120)
        with console.capture() as printed:
            console.print(table)
        self.stdout.write(printed.get())
