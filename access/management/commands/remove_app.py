"""Take off the app and passkeys of somebody who has lost them, and their recovery codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError

from access import passkeys, second_factor
from organisations.models import StaffMember


class Command(BaseCommand):
    """``remove_app USERNAME``: where a role needs an app, they add another when they sign in."""

    help = (
        "Takes off an authenticator app and all passkeys, for who has lost them. Make sure "
        "who asks: whoever has the password can then add an app of their own. It is an event."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("username")

    def handle(self, *_: Any, username: str, **_options: Any) -> None:
        """Remove it.

        :raises CommandError: if nobody has this user name, or they have no app.
        """
        staff = StaffMember.objects.filter(username=username).first()
        if staff is None or not (second_factor.has_app(staff) or passkeys.has_any(staff)):
            raise CommandError("Nobody of this user name has an authenticator app or a passkey.")
        second_factor.remove_app(staff, request_id=str(uuid4()))
        passkeys.remove_all(staff, request_id=str(uuid4()))
        self.stdout.write("Removed. They sign in with their password, and can add another app.")
