"""What of a pack is set aside until somebody has decided: a rule of categories, and pure.

Third parties' data (Data Protection Act 2018, Schedule 2, paragraph 16) and what may cause serious
harm (Schedule 3, paragraphs 5 and 8: a health professional, or for social care who provides it,
is asked) are looked at before anything is handed out; everything else is the person's, whatever
they chose about sharing.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices

from organisations.categories import Category


class Aside(TextChoices):
    """Why a part waits for a decision; empty where it is handed out."""

    NOT_CERTAIN = "not-certain", "It is not certain that it is about this person"
    SERIOUS_HARM = "serious-harm", "It may cause serious harm to somebody"
    THIRD_PARTY = "third-party", "It may be about other people as well"


class Decision(TextChoices):
    """What was decided of a part that was set aside."""

    INCLUDE = "include", "Hand it out"
    LEAVE_OUT = "leave-out", "Leave it out"


_HARM = frozenset({Category.SAFEGUARDING, Category.ALERTS, Category.SOCIAL_CARE_ASSESSMENTS})
_OTHERS = frozenset({Category.PEOPLE_INVOLVED, Category.DOCUMENTS, Category.CARE_PLANS})


@dataclass(frozen=True, slots=True)
class PartKey:
    """One part: a category from a source; sensitive entries, and those whose person is in doubt,
    stand apart.
    """

    source: int
    category: int
    sensitive: bool
    certain: bool


def set_aside(part: PartKey) -> str:
    """Why a part waits for a decision, or nothing."""
    if not part.certain:
        return Aside.NOT_CERTAIN
    if part.sensitive or part.category in _HARM:
        return Aside.SERIOUS_HARM
    # A category that this does not know is looked at first.
    if part.category in _OTHERS or part.category not in Category.values:
        return Aside.THIRD_PARTY
    return ""
