"""Putting a record under watch, for tests that ask what readers meet then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from access import watching
from access.acting import Acting
from identity.models import Resident
from organisations.models import Membership, Organisation
from tests import factories

WHY = "A colleague may be reading a neighbour’s record"


def privacy_officer(at: Organisation, as_login: Any, name: str = "anita") -> Membership:
    """A privacy officer there, with an e-mail address."""
    with as_login("pipeline"):
        staff = factories.staff(name, f"{name.title()} Rao", email=f"{name}@officers.example")
        return factories.membership(staff, at, "privacy-officer")


def put_under_watch(resident: Resident, as_login: Any, by: Membership | None = None) -> Membership:
    """Put a record under watch for a week, by an officer elsewhere if nobody is named.

    Answers the officer.
    """
    if by is None:
        with as_login("pipeline"):
            of = factories.organisation("Watching trust", kind="nhs_trust")
        by = privacy_officer(of, as_login, "wanda")
    answer = watching.begin(
        Acting.of(by),
        resident.public_id,
        words=WHY,
        ends_at=timezone.now() + timedelta(days=7),
        request_id=str(uuid4()),
    )
    assert answer == "begun"
    return by
