"""Finding words: whatever their case and accents, all of them, and marked where they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.finding import FEWEST_LETTERS, MOST_WORDS, folded, marked, matches, words_of
from tests.records.test_record_parts import seen


def shown(text: str, typed: str) -> str:
    return "".join(
        f"[{part.text}]" if part.is_marked else part.text for part in marked(text, words_of(typed))
    )


@pytest.mark.parametrize(
    ("text", "typed", "expected"),
    [
        ("Metformin 500 mg", "metformin", "[Metformin] 500 mg"),
        ("Metformin 500 mg", "500 MET", "[Met]formin [500] mg"),
        ("Sjögren", "sjogren", "[Sjögren]"),
        ("Sjo\u0308gren", "SJÖGREN", "[Sjo\u0308gren]"),
        ("Straße", "strasse", "[Straße]"),
        ("ﬁsh", "fi", "[ﬁ]sh"),
        ("banana", "ana", "b[anana]"),
        ("Asthma", "copd", "Asthma"),
        ("", "copd", ""),
    ],
)
def test_what_is_marked(text: str, typed: str, expected: str) -> None:
    assert shown(text, typed) == expected


@given(st.text(max_size=40), st.text(max_size=10))
def test_the_pieces_are_the_text(text: str, typed: str) -> None:
    parts = marked(text, words_of(typed))
    assert "".join(part.text for part in parts) == text
    assert all(part.text for part in parts)
    assert any(part.is_marked for part in parts) is any(
        word in folded(text) for word in words_of(typed)
    )


def test_every_word_has_to_be_there_in_any_of_the_fields() -> None:
    entry = seen(
        display="Wound dressing",
        detail="Left heel",
        author="Grace Obi",
        notes=["Ring the daughter first"],
        place="Home",
    )
    for typed in ("wound heel", "HEEL grace", "daughter dressing", "test practice wound", "home"):
        assert matches(entry, "Test practice", words_of(typed)), typed
    for typed in ("wound ankle", "woundheel", "heelgrace"):
        assert not matches(entry, "Test practice", words_of(typed)), typed


def test_words_are_taken_once_and_not_without_end() -> None:
    assert words_of("  Heel heel\tHEEL ") == ("heel",)
    assert len(words_of(" ".join(f"w{nth}" for nth in range(50)))) == MOST_WORDS
    assert words_of("") == ()
    assert FEWEST_LETTERS == 2
