"""The rule in its own words: what pages and documents about it are made of."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from access import rules


@dataclass(frozen=True, slots=True)
class Sentence:
    """One rule: its id, and what it says in one English sentence."""

    rule: str
    words: str


def sentence_of(rule: Callable[..., Any]) -> Sentence:
    """A rule's id and sentence, out of its docstring, where it is written once."""
    words = " ".join((inspect.getdoc(rule) or "").split())
    number, sentence = words.split(" ", 1)
    return Sentence(number, sentence)


def of_records() -> list[Sentence]:
    """Whether the record opens, in the order in which it is asked."""
    return [sentence_of(rule) for rule in rules.RECORD_RULES]


def of_sections() -> list[Sentence]:
    """What is shown of each category and source, in the order in which it is asked."""
    return [sentence_of(rule) for rule in rules.SECTION_RULES]


def of_grants() -> Sentence:
    """What stays with its source."""
    return sentence_of(rules.grants_of)
