"""The words of effect: complete, versioned, and promising what the rule does."""

from __future__ import annotations

from dataclasses import astuple
from datetime import date
from hashlib import sha256

import pytest

from consent.effects import EFFECTS, VERSION, effect_of
from consent.models import Choice
from consent.vocabulary import Answer, Kind

COUNCIL = "London Borough of Bexley (adult social care)"

#: Whoever changes a word takes a new version, and puts the new digest here.
DIGESTS = {
    "2026-11-22.1": "02eafc986c059783",
    "2026-11-22.2": "45b9c95b8459d150",
}

every_choice = pytest.mark.parametrize(
    ("kind", "answer"), [(kind, answer) for kind in Kind for answer in Answer]
)


def sentences(kind: Kind, answer: Answer) -> list[str]:
    effect = effect_of(kind, answer, council=COUNCIL)
    return [
        effect.says,
        *effect.does,
        effect.for_whom,
        effect.from_when,
        *effect.keeps,
        *effect.limits,
        effect.talk_to,
    ]


def test_every_kind_and_answer_has_an_effect() -> None:
    assert set(EFFECTS) == {(kind, answer) for kind in Kind for answer in Answer}


@every_choice
def test_every_part_is_a_whole_sentence(kind: Kind, answer: Answer) -> None:
    for sentence in sentences(kind, answer):
        assert sentence[0].isupper(), sentence
        assert sentence.endswith("."), sentence
        assert "{" not in sentence
        assert "  " not in sentence


@every_choice
def test_the_national_data_opt_out_is_said_to_be_another_thing(kind: Kind, answer: Answer) -> None:
    assert any("national data opt-out" in words for words in effect_of(kind, answer).keeps)


@pytest.mark.parametrize("kind", Kind)
def test_a_refusal_says_that_care_goes_on_and_how_support_may_be_limited(kind: Kind) -> None:
    effect = effect_of(kind, Answer.REFUSES, council=COUNCIL)
    assert any("Care goes on" in words for words in effect.keeps)
    assert effect.limits


@pytest.mark.parametrize("kind", Kind)
def test_not_having_been_asked_promises_no_change(kind: Kind) -> None:
    effect = effect_of(kind, Answer.NOT_ASKED, council=COUNCIL)
    assert effect.for_whom == "For nobody: what staff see stays as it is."
    assert any("before stays in force" in words for words in effect.keeps)


def test_the_councils_name_stands_in_the_words_of_its_own_kinds_alone() -> None:
    for kind in Kind:
        named = any(
            "London Borough of Bexley" in words for words in sentences(kind, Answer.REFUSES)
        )
        assert named == (kind is not Kind.CONNECT_CARE)
    assert not any("(adult" in words for words in sentences(Kind.NHS_NUMBER, Answer.REFUSES))


def test_where_a_council_asks_first_the_words_say_so() -> None:
    for answer in (Answer.NOT_ASKED, Answer.WITHDRAWN):
        shipped, first = (
            " ".join(sentence for part in (effect.does, effect.keeps) for sentence in part)
            for effect in (
                effect_of(Kind.SOCIAL_CARE_SHARING, answer, council=COUNCIL, asks_first=asks)
                for asks in (False, True)
            )
        )
        assert "is shared with staff directly involved" in shipped
        assert "only after the resident has agreed" in first
        assert "is shared with" not in first


def test_a_later_date_is_said_as_such() -> None:
    effect = effect_of(Kind.CONNECT_CARE, Answer.REFUSES, starting=date(2027, 3, 3))
    assert effect.from_when.startswith("From 3 March 2027, from midnight.")


def test_an_unknown_kind_has_no_effect_of_its_own() -> None:
    with pytest.raises(ValueError, match="not a valid Kind"):
        effect_of("research", Answer.REFUSES)


def test_words_that_change_take_a_new_version() -> None:
    words = repr([(key, astuple(effect)) for key, effect in sorted(EFFECTS.items())])
    assert DIGESTS[VERSION] == sha256(words.encode()).hexdigest()[:16]


def test_the_version_fits_into_the_choices_column() -> None:
    assert len(VERSION) <= Choice._meta.get_field("explanation").max_length
