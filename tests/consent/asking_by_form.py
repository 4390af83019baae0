"""Handing in a request as the public form does, for tests."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from consent.asking import Outcome, Typed, ask
from consent.effects import VERSION
from consent.references import new_reference

REQUEST = "019aa000-0000-4000-8000-000000000002"
BORN = date(1941, 3, 3)


def hand_in(
    number: str = "",
    *,
    family: str = "Carter",
    given: str = "Ruth",
    born: date = BORN,
    wants: str = "refuses",
    for_whom: str = "self",
    submission: UUID | None = None,
    address: bytes = b"somewhere",
    **typed: Any,
) -> tuple[Outcome, str]:
    """Hand one in, with the web's login."""
    with transaction.atomic():
        return ask(
            Typed(family, given, born, nhs_number=number, phone="020 7946 0003", **typed),
            wants=wants,
            for_whom=for_whom,
            explanation=VERSION,
            submission=submission or uuid4(),
            reference=new_reference(),
            received_from=address,
            request_id=REQUEST,
        )
