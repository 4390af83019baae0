"""What somebody has answered so far on the public form: sealed, in the form itself.

Nothing of an unfinished form is kept here, in a cookie or in an address. It goes to and fro in a
hidden field that only the server can open, and ends by itself. So the form needs no cookie, and
beginning it a million times leaves no row.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone

from consent.references import is_reference, new_reference
from identity.sealed import CannotBeOpened, seal, unseal

_PURPOSE = "public form"


@dataclass(frozen=True, slots=True)
class SoFar:
    """The answers, the question that was asked last, and what the request will be called."""

    submission: UUID
    reference: str
    begun: datetime
    step: str = ""
    answers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def nothing(cls) -> SoFar:
        """A form that begins."""
        return cls(uuid4(), new_reference(), timezone.now())

    def at(self, step: str) -> SoFar:
        """The same, with a question asked."""
        return replace(self, step=step)

    def with_answers(self, answers: dict[str, str]) -> SoFar:
        """The same, with more answered."""
        return replace(self, answers={**self.answers, **answers})

    def sealed(self) -> str:
        """What goes into the hidden field."""
        content = {
            "submission": str(self.submission),
            "reference": self.reference,
            "begun": self.begun.isoformat(),
            "step": self.step,
            "answers": self.answers,
        }
        return base64.urlsafe_b64encode(
            seal(json.dumps(content).encode(), purpose=_PURPOSE)
        ).decode()


def opened(text: str) -> SoFar | None:
    """What a hidden field holds; ``None`` if we did not write it, or its time is over."""
    try:
        content = json.loads(unseal(base64.urlsafe_b64decode(text.encode()), purpose=_PURPOSE))
    except (binascii.Error, ValueError, CannotBeOpened):
        return None
    begun = datetime.fromisoformat(content["begun"])
    if begun < timezone.now() - timedelta(minutes=settings.PUBLIC_FORM_MINUTES):
        return None
    if not is_reference(content["reference"]):
        return None
    return SoFar(
        submission=UUID(content["submission"]),
        reference=content["reference"],
        begun=begun,
        step=content["step"],
        answers=content["answers"],
    )
