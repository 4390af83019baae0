"""Seeded chance: the same key always draws the same lots."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Chance(random.Random):
    """A source of made-up variety, drawn from a text key so that it never depends on order.

    Each resident has one of their own: a region that grows keeps the residents it had.
    """

    def happens(self, probability: float) -> bool:
        """Whether something of this probability (0 to 1) happens."""
        return self.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """One of ``options``, each as likely as the others."""
        return options[self.randrange(len(options))]

    def weighted(self, options: Sequence[tuple[T, float]]) -> T:
        """One of ``options``, each with its weight."""
        return self.choices([value for value, _ in options], [weight for _, weight in options])[0]

    def around(self, mean: float, spread: float) -> float:
        """A value near ``mean``, never further than two and a half ``spread`` away."""
        return min(max(self.gauss(mean, spread), mean - 2.5 * spread), mean + 2.5 * spread)
