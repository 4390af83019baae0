"""What a choice does, in the words that are read back before it is confirmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from consent.effect_words import (
    EFFECTS,
    SHARED_ONLY_AFTER_YES,
    SHARED_UNLESS_REFUSED,
    VERSION,
    Effect,
)
from consent.vocabulary import Answer, Kind
from ui.formatting import prose_date

__all__ = ["EFFECTS", "VERSION", "Effect", "are_kept", "effect_of"]


def are_kept(version: str) -> bool:
    """Whether the words of a version are still here, for a letter that must repeat them."""
    return version == VERSION


def effect_of(
    kind: str,
    answer: str,
    *,
    council: str = "",
    asks_first: bool = False,
    starting: date | None = None,
) -> Effect:
    """The effect of an answer, with the council's name in the words.

    :param council: its name; what stands in brackets after it is left out.
    :param asks_first: whether the council shares only after a yes (``selectors.asks_first``).
    :param starting: the day from which it is to hold, where that is a later one.
    :raises ValueError: if the kind or the answer is none of ours.
    """
    effect = EFFECTS[Kind(kind), Answer(answer)]
    default = SHARED_ONLY_AFTER_YES if asks_first else SHARED_UNLESS_REFUSED
    name = council.split(" (", 1)[0]

    def named(words: str) -> str:
        return words.replace("{default}", default).replace("{council}", name)

    said = Effect(
        says=named(effect.says),
        does=tuple(map(named, effect.does)),
        for_whom=named(effect.for_whom),
        from_when=named(effect.from_when),
        keeps=tuple(map(named, effect.keeps)),
        limits=tuple(map(named, effect.limits)),
        talk_to=named(effect.talk_to),
    )
    if starting is None:
        return said
    return replace(
        said,
        from_when=f"From {prose_date(starting)}, from midnight. Until then what holds now goes on. "
        "Nothing already read or printed can be called back.",
    )
