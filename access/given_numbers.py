"""NHS numbers on a resident's or carer's word, as staff enter them."""

from __future__ import annotations

from uuid import UUID

from access.acting import Acting
from access.identity_calls import answer
from identity.nhs_number import NhsNumber
from identity.numbers import SaidBy


def give_number(
    acting: Acting, resident: UUID, *, number: NhsNumber, said_by: SaidBy, request_id: str
) -> str:
    """Enter a number on a resident's or carer's word. It stays unverified until it is traced.

    ``given``, or why not: ``not-known``, ``same``, ``verified-already``.
    """
    return answer(
        "select access.give_number(%s, %s, %s, %s, %s, %s::uuid)",
        acting,
        resident,
        number.digits,
        said_by,
        request_id,
    )
