"""Handing in what somebody asked for on the public form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.db import connection

from consent.references import new_reference
from identity.names import fold
from identity.sealed import seal, unseal

#: How often a new reference is tried. One in 17 thousand million meets one that is taken.
_ATTEMPTS = 3


class Outcome(StrEnum):
    """What became of what was handed in. Whether anybody is known is not among it."""

    RECEIVED = "received"
    TOO_MANY_HERE = "too-many-here"
    TOO_MANY = "too-many"


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed about whom they mean, and how to reach whoever asks.

    ``asker_name``, ``authority`` (of ``consent.vocabulary.DecidedBy``) and ``evidence`` are of
    somebody who asks for another.
    """

    family_name: str
    given_name: str
    birth_date: date
    nhs_number: str = ""
    postcode: str = ""
    phone: str = ""
    asker_name: str = ""
    authority: str = ""
    evidence: str = ""

    def sealed(self, submission: UUID) -> bytes:
        """Encrypted, bound to the request that it is of."""
        content = {**asdict(self), "birth_date": self.birth_date.isoformat()}
        return seal(json.dumps(content).encode(), purpose=_purpose(submission))

    @classmethod
    def opened(cls, sealed: bytes, submission: UUID) -> Typed:
        """What was sealed.

        :raises identity.sealed.CannotBeOpened: if its key is gone or it was changed.
        """
        content: Mapping[str, str] = json.loads(unseal(sealed, purpose=_purpose(submission)))
        return cls(
            **{key: value for key, value in content.items() if key != "birth_date"},
            birth_date=date.fromisoformat(content["birth_date"]),
        )


def ask(
    typed: Typed,
    *,
    wants: str,
    for_whom: str,
    explanation: str,
    submission: UUID,
    reference: str,
    received_from: bytes,
    request_id: str,
) -> tuple[Outcome, str]:
    """Hand in a request; how that went, and its reference.

    A form sent twice (the same ``submission``) is one request. The answer is the same, after the
    same work in the database, whoever is known.

    :param explanation: the version of the words of effect that were shown.
    :param received_from: a keyed digest of the network address, to count by.
    """
    for _ in range(_ATTEMPTS):
        with connection.cursor() as cursor:
            cursor.execute(
                "select access.receive_request(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    reference,
                    wants,
                    for_whom,
                    typed.nhs_number,
                    typed.birth_date,
                    fold(typed.family_name),
                    typed.sealed(submission),
                    explanation,
                    submission,
                    received_from,
                    settings.REQUESTS_PER_ADDRESS,
                    settings.REQUESTS_PER_HOUR,
                    request_id,
                ],
            )
            (answer,) = cursor.fetchone()
        if answer != "reference-taken":
            return Outcome(answer), reference
        reference = new_reference()
    raise RuntimeError("No reference was free. Try again.")


def _purpose(submission: UUID) -> str:
    return f"choice request {submission}"
