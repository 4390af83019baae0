"""Whose account a provider's subject is, and the codes by which an administrator links one.

A code is twelve letters and digits, told to the person and typed by them after they have signed in
at the provider. Nothing is linked by an e-mail address or a name.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils.crypto import salted_hmac

from access.acting import Acting
from access.federated import ProviderIdentity
from access.providers.answers import SaidToBe
from organisations.models import StaffMember

CODE_LIFE: Final = timedelta(days=3)
#: Without letters and digits that are taken for one another.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH: Final = 12

#: Why no code was made, in words. ``not-allowed`` is a page of its own.
REFUSALS: Final = {
    "own": "Another administrator has to do this for you",
    "registrys": "Only an administrator of the registry can do this for somebody with this role",
    "suspended": "This account cannot sign in. Let it sign in again first",
}


def account_of(said: SaidToBe) -> StaffMember | None:
    """Whose account a subject is; ``None`` if nobody's. It may be suspended."""
    found = ProviderIdentity.objects.select_related("staff").filter(
        issuer=said.issuer, subject=said.subject
    )
    linked = found.first()
    return linked.staff if linked else None


def issuers_of(staff: StaffMember) -> set[str]:
    """The issuers that know somebody."""
    return set(ProviderIdentity.objects.filter(staff=staff).values_list("issuer", flat=True))


def may_link(acting: Acting, whose: StaffMember) -> str:
    """Empty if this administrator may link them; else why not, as :func:`make_code` says it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.may_link(%s, %s, %s)", [acting.staff_id, acting.membership_id, whose.pk]
        )
        (why,) = cursor.fetchone()
    return why or ""


def make_code(acting: Acting, person: UUID, *, request_id: str) -> tuple[str, str]:
    """A new code for a person: ``made`` and the code, in clear for this once; or why not."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.make_link_code(%s, %s, %s::uuid, %s::uuid, %s,"
            " make_interval(secs => %s))",
            [
                acting.staff_id,
                acting.membership_id,
                request_id,
                person,
                _digest(code),
                CODE_LIFE.total_seconds(),
            ],
        )
        (outcome,) = cursor.fetchone()
    written = "-".join(code[at : at + 4] for at in range(0, _LENGTH, 4))
    return outcome, written if outcome == "made" else ""


def use_code(code: str, *, issuer: str, subject: str, request_id: str) -> bool:
    """Link a subject by a code. The code is gone by it, however it is written."""
    typed = "".join(letter for letter in code.casefold() if letter in _LETTERS)
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.use_link_code(%s, %s, %s, %s::uuid)",
            [_digest(typed), issuer, subject, request_id],
        )
        (staff,) = cursor.fetchone()
    return staff is not None


def unlink(acting: Acting, person: UUID, *, issuer: str, request_id: str) -> str:
    """Take off what links a person: ``unlinked``, or why not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.unlink(%s, %s, %s::uuid, %s::uuid, %s)",
            [acting.staff_id, acting.membership_id, request_id, person, issuer],
        )
        (outcome,) = cursor.fetchone()
    return str(outcome)


def _digest(code: str) -> bytes:
    return salted_hmac("access.link", code, algorithm="sha256").digest()
