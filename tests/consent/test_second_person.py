"""The words of effect, said to the resident: every sentence is held here as it was read."""

from __future__ import annotations

import re
from hashlib import sha256

from consent.effect_words import EFFECTS, SHARED_ONLY_AFTER_YES, SHARED_UNLESS_REFUSED, VERSION
from consent.second_person import to_you

#: Of all sentences as they come out. Whoever changes a word reads them all (``every_sentence``),
#: and puts the new digest here.
DIGESTS = {"2026-11-22.2": "3fde91ef8171b78f"}
#: Where the third person is somebody else.
OF_OTHERS = (
    "Each sees only what their role and the sharing agreements allow",
    "They go on using the council's own system",
    "ring and write to each other as they do now",
    "use of the NHS number stay as they are",
    "Your other choices stay as they are",
    "and may ask for them again",
)


def every_sentence() -> list[str]:
    said = [SHARED_ONLY_AFTER_YES, SHARED_UNLESS_REFUSED]
    for effect in EFFECTS.values():
        said += [effect.says, *effect.does, effect.for_whom, *effect.keeps, *effect.limits]
        said += [effect.talk_to]
    return [to_you(sentence) for sentence in said]


def test_nobody_else_is_spoken_of() -> None:
    for sentence in every_sentence():
        rest = sentence
        for words in OF_OTHERS:
            rest = rest.replace(words, "")
        found = re.findall(r"\b(the resident|they|their|them)\b", rest, re.IGNORECASE)
        assert not found, sentence


def test_every_verb_agrees_with_you() -> None:
    for sentence in every_sentence():
        wrong = re.findall(r"\b[Yy]ou (?:has|opts|agrees|refuses|objects|is|was)\b", sentence)
        assert not wrong, sentence


def test_every_sentence_begins_as_one() -> None:
    for sentence in every_sentence():
        assert sentence[0].isupper() or sentence[0] == "{", sentence
        assert not re.search(r"\. [a-z]", sentence), sentence


def test_the_sentences_are_those_that_were_read() -> None:
    digest = sha256("\n".join(every_sentence()).encode()).hexdigest()[:16]
    assert DIGESTS[VERSION] == digest


def test_a_refusal_as_the_resident_reads_it() -> None:
    assert to_you(
        "Their address and phone number are not shown. Their NHS number is shown only to staff "
        "who already have it."
    ) == (
        "Your address and phone number are not shown. Your NHS number is shown only to staff "
        "who already have it."
    )
