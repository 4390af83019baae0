"""The words of effect, said to the resident: "your record", where staff read "their record".

There is one table of words (:mod:`consent.effect_words`), so that a letter cannot promise anything
else than what was read back. Only who is spoken of changes. ``tests/consent/test_second_person.py``
holds every sentence as it comes out: whoever changes a word reads it there.
"""

from __future__ import annotations

import re

#: Where "they" and "their" are not the resident, and stay.
_OF_OTHERS = (
    "what their role and",
    "They go on using the council's own system",
    "as they do now",
    "stay as they are",
    "ask for them again",
)
#: In this order: the verbs that follow the subject come before the subject alone.
_CHANGES: tuple[tuple[str, str], ...] = (
    (r"\b[Tt]he resident's\b", "your"),
    (r"\b[Tt]he resident opts out\b", "you opt out"),
    (r"\b[Tt]he resident agrees\b", "you agree"),
    (r"\b[Tt]he resident refuses\b", "you refuse"),
    (r"\b[Tt]he resident objects\b", "you object"),
    (r"\b[Tt]he resident has\b", "you have"),
    (r"\b[Tt]he resident\b", "you"),
    (r"\bor refuses\b", "or refuse"),
    (r"\b[Tt]heir\b", "your"),
    (r"\bthem\b", "you"),
    (r"\b[Tt]hey\b", "you"),
)


def to_you(sentence: str) -> str:
    """A sentence of the table of effect, said to the resident."""
    parts = re.split("(" + "|".join(map(re.escape, _OF_OTHERS)) + ")", sentence)
    return "".join(
        part if part in _OF_OTHERS else _changed(part, at_start=nth == 0)
        for nth, part in enumerate(parts)
    )


def _changed(part: str, *, at_start: bool) -> str:
    for pattern, said in _CHANGES:
        part = re.sub(pattern, said, part)
    # Each begins a sentence where what it stands for did.
    part = re.sub(r"(?<=\. )you", "You", part)
    return part[:1].upper() + part[1:] if at_start else part
