"""Link a staff member to an account at an OpenID provider: the first administrator, or many."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from access.federated import ProviderIdentity
from audit import actions as audit
from audit.models import Action
from organisations.models import StaffMember


class Command(BaseCommand):
    """``link_sign_in USERNAME PROVIDER SUBJECT``."""

    help = (
        "Links a staff member to the account (its subject) by which they sign in at a provider. "
        "Whoever has that account can then act as them: make sure whose it is. It is an event."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whom to what."""
        parser.add_argument("username")
        parser.add_argument("provider", help="its code in SIGN_IN_PROVIDERS")
        parser.add_argument("subject", help="of NHS CIS2, the UUID of the national identity")

    @transaction.atomic
    def handle(self, *_: Any, username: str, provider: str, subject: str, **_more: Any) -> None:
        """Link them.

        :raises CommandError: if the user name or the provider is not known, or either is linked.
        """
        staff = StaffMember.objects.filter(username=username).first()
        known = settings.SIGN_IN_PROVIDERS.get(provider)
        if staff is None or known is None:
            raise CommandError("Check the user name, and the provider's code: one is not known.")
        linked = ProviderIdentity.objects.filter(issuer=known.issuer)
        if linked.filter(staff=staff).exists() or linked.filter(subject=subject).exists():
            raise CommandError("The staff member or the account is linked already.")
        ProviderIdentity.objects.create(issuer=known.issuer, subject=subject, staff=staff)
        audit.record(
            Action.FACTOR_CHANGED,
            reason="provider-linked",
            staff_id=staff.pk,
            staff_name=staff.name,
            request=str(uuid4()),
        )
        self.stdout.write("Linked.")
