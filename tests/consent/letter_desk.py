"""A desk of letters, and what tests do there and ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import uuid4

import pypdf
from django.utils import timezone

from consent import letters
from consent.effects import VERSION
from consent.models import Choice, Letter, PostNote
from consent.vocabulary import Answer, Channel, DecidedBy, Kind
from identity.models import Resident, VerifiedAddress
from tests.conftest import AsLogin
from tests.consent.conftest import CHECKED, World, acting, record


@dataclass
class Desk:
    """What the tests say and ask of letters; whatever it reads, it reads as the pipeline."""

    world: World
    as_login: AsLogin

    def choose(self, **changed: Any) -> Choice:
        by = self.world.adviser
        return record(acting(by), self.world, **{"explanation": VERSION, **changed})

    def about_council(self, kind: str, **changed: Any) -> Choice:
        return self.choose(kind=kind, council=self.world.bexley.pk, **changed)

    def ask_on_the_public_form(self) -> Choice:
        """An opt-out that nobody has verified yet."""
        with self.as_login("pipeline"):
            return Choice.objects.create(
                reference="CC-2345678B",
                resident=self.world.resident,
                kind=Kind.CONNECT_CARE,
                answer=Answer.REFUSES,
                decided_by=DecidedBy.RESIDENT,
                channel=Channel.ONLINE,
                provisional=True,
                explanation=VERSION,
                identity_checked=CHECKED,
                submission=uuid4(),
            )

    def live_at(self, *lines: str, postcode: str = "DA6 7AT", whose: Resident | None = None):
        with self.as_login("pipeline"):
            VerifiedAddress.objects.update_or_create(
                resident=whose or self.world.resident,
                defaults={
                    "lines": list(lines or ("7 Canary Row", "Bexleyheath")),
                    "postcode": postcode,
                    "checked": timezone.now(),
                    "service": "stand-in",
                },
            )

    def note(self, post: str, because: str = "") -> None:
        with self.as_login("pipeline"):
            PostNote.objects.create(
                resident=self.world.resident, post=post, because=because, by=self.world.adviser
            )

    def change(self, **fields: Any) -> None:
        with self.as_login("pipeline"):
            for name, value in fields.items():
                setattr(self.world.resident, name, value)
            self.world.resident.save()

    def made(self, choice: Choice) -> Letter:
        """The letter of a choice, looked at now."""
        with self.as_login("pipeline"):
            letter = Letter.objects.get(choice=choice)
            letters.look_at(letter.pk)
            letter.refresh_from_db()
            return letter


def words_of(pdf: bytes) -> str:
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(pdf)).pages)
    return " ".join(text.split())
