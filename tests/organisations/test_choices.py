"""Choices without Django are what Django's are to whoever asks them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.db.models import IntegerChoices, TextChoices

from organisations.categories import Category
from organisations.choices import Numbers, Words
from records.statuses import EntryStatus


class OfDjango(IntegerChoices):
    ONE = 1, "First"
    TWO = 2, "Second"


class Ours(Numbers):
    ONE = 1, "First"
    TWO = 2, "Second"


class WordsOfDjango(TextChoices):
    ONE = "one", "First"
    TWO = "two", "Second"


class OurWords(Words):
    ONE = "one", "First"
    TWO = "two", "Second"


@pytest.mark.parametrize(("ours", "theirs"), [(Ours, OfDjango), (OurWords, WordsOfDjango)])
def test_they_answer_as_djangos_do(ours: type, theirs: type) -> None:
    assert ours.choices == theirs.choices
    assert ours.values == theirs.values
    for mine, other in zip(ours, theirs, strict=True):
        assert mine == other == mine.value
        assert (str(mine), f"{mine}", mine.label) == (str(other), f"{other}", other.label)
        assert ours(mine.value) is mine
        assert type(mine.value) is type(other.value)
    assert next(iter(ours)) in ours
    for value in (1, 2, 3, "one", "three", None):
        assert (value in ours) == (value in theirs)
    with pytest.raises(ValueError, match="is not a valid"):
        ours("three")


def test_what_is_shared_with_the_process_that_maps_needs_no_django() -> None:
    asked = "import sys, feeds.mapping_process; print('django' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
    assert Category(6).label
    assert EntryStatus("past") is EntryStatus.PAST
