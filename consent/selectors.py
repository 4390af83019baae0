"""Reads of what residents have said, as far as this transaction's glimpse lets them be seen.

Row security shows choices only to the transaction that glimpsed the resident with
``Activity.RECORD_CHOICES``; these functions narrow them further to what the reader may see.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Case, IntegerField, Value, When
from django.db.models.functions import Now

from consent.kinds import Recorder, seen_by
from consent.models import Answer, Choice, ChoiceQuerySet, Kind


def history(resident_id: int, acting: Recorder) -> list[Choice]:
    """All that a resident has said and this reader may see, newest first."""
    return list(_seen(resident_id, acting).said())


def in_force(resident_id: int, acting: Recorder) -> dict[Kind, Choice]:
    """The choice in force now for each kind, of those that this reader may see.

    The same rule as the database's ``consent.refusals``, by the database's clock: the latest whose
    time has come, leaving out those where nobody could be asked; of two for one moment the
    refusal. A kind without an answer is not in the result.
    """
    refusals_first = Case(
        When(answer=Answer.REFUSES, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    latest = (
        _seen(resident_id, acting)
        .exclude(answer=Answer.NOT_ASKED)
        .filter(effective_from__lte=Now())
        .order_by("kind", "council_id", "-effective_from", refusals_first, "-id")
        .distinct("kind", "council_id")
    )
    return {Kind(choice.kind): choice for choice in latest}


def already_in_force(
    resident_id: int, acting: Recorder, *, kind: str, answer: str
) -> Choice | None:
    """The choice in force that says the same already, or ``None``.

    Not having been able to ask is no answer: it is noted each time.
    """
    choices: Mapping[Kind, Choice] = in_force(resident_id, acting)
    standing = choices.get(Kind(kind))
    return standing if standing is not None and standing.answer == answer else None


def choice(resident_id: int, acting: Recorder, public_id: UUID) -> Choice | None:
    """One choice by the id that pages show, or ``None`` where this reader may not see it."""
    return _seen(resident_id, acting).filter(public_id=public_id).first()


def choice_of_submission(resident_id: int, acting: Recorder, submission: UUID) -> Choice | None:
    """The choice that a form already made, or ``None`` if it made none."""
    return _seen(resident_id, acting).filter(submission=submission).first()


def _seen(resident_id: int, acting: Recorder) -> ChoiceQuerySet:
    return Choice.objects.filter(seen_by(acting), resident_id=resident_id).select_related(
        "council", "recorded_by", "recorded_as__organisation", "recorded_as__role"
    )
