"""What mutants of the pure modules must not survive, and other tests do not ask: no database."""

from __future__ import annotations

from random import Random

import pytest

from tests.proof.comparing import Tally, compare
from tests.proof.worlds import make_world


@pytest.mark.parametrize("seed", range(6))
def test_the_rule_and_its_second_model_agree_in_a_few_worlds(seed: int) -> None:
    """A seeded handful of :mod:`tests.proof.test_reference`, quick enough to run per mutant."""
    tally = Tally()
    compare(make_world(Random(seed)), tally, most=1_000)
    assert tally.disagreements == []
    assert tally.asked > 50
