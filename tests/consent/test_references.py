"""Reference numbers: one form, hard to guess, and mishearing is noticed."""

from __future__ import annotations

import re
from random import Random

import pytest

from consent import references
from consent.references import ALPHABET, check_character, is_reference, new_reference


def test_a_reference_has_one_form() -> None:
    for _ in range(200):
        assert re.fullmatch(rf"CC-[{ALPHABET}]{{8}}", new_reference())


def test_a_reference_has_no_characters_that_are_taken_for_one_another() -> None:
    assert not set(ALPHABET) & set("01ILOSU")
    assert len(ALPHABET) == len(set(ALPHABET)) == 29


def test_ten_thousand_references_are_all_different(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn the same each time: by chance two of so many are alike once in 300 times."""
    monkeypatch.setattr(references.secrets, "choice", Random(7).choice)
    assert len({new_reference() for _ in range(10_000)}) == 10_000


def test_every_wrong_character_is_noticed() -> None:
    reference = new_reference()
    for place in range(3, 11):
        for character in ALPHABET:
            wrong = reference[:place] + character + reference[place + 1 :]
            assert is_reference(wrong) == (wrong == reference)


def test_every_swap_of_neighbours_is_noticed() -> None:
    for _ in range(200):
        reference = new_reference()
        for place in range(3, 10):
            first, second = reference[place], reference[place + 1]
            swapped = reference[:place] + second + first + reference[place + 2 :]
            assert is_reference(swapped) == (first == second)


def test_a_reference_is_read_in_any_case_and_with_spaces() -> None:
    reference = f"CC-2345678{check_character('2345678')}"
    assert is_reference(reference.lower())
    assert is_reference(f"CC-2345 678{reference[-1]}")
    assert not is_reference("CC-2345678")
    assert not is_reference(reference[3:])
    assert not is_reference("CC-0O1IL5SU")
