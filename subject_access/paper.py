"""The pack as a tagged PDF (PDF/UA-1): who they are, what is held by source, choices, looks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from consent.letter_pdf import CannotBeSet, set_as_pdf
from subject_access.bundle import label, words_of
from subject_access.held import ChoiceHeld, HeldEntry, PersonHeld
from ui.formatting import nhs_number, prose_date

_TEMPLATE = (Path(__file__).resolve().parent / "pack.typ").read_bytes()
#: Up to here the typesetter's own fonts have every character.
_SURELY_SET = 0x17F

TITLE = "What is held about you on Connect Care"
LEFT_OUT = (
    "Some things can be left out of every answer to such a request: what is about other people, "
    "and what a health or social care professional thinks could seriously harm somebody. These "
    "words are in every pack, whether or not anything was left out."
)

Content = dict[str, Any]


def content(
    reference: str,
    *,
    sender: str,
    person: PersonHeld,
    by_source: Sequence[tuple[str, Sequence[HeldEntry]]],
    choices: Sequence[ChoiceHeld],
    looks: Sequence[str],
    at: datetime,
) -> Content:
    """What the typesetter is given (``pack.typ``): headings with lists under them."""
    return {
        "title": TITLE,
        "sender": sender,
        "reference": reference,
        "opening": [
            f"Made on {prose_date(at)}. What you said about sharing takes nothing out of it.",
            LEFT_OUT,
        ],
        "parts": [
            ["Who you are", [["", _who(person)]]],
            *([name, _by_category(entries)] for name, entries in by_source if entries),
            ["What you said about sharing", [["", [_choice(each) for each in choices] or _NONE]]],
            ["Who looked at your record, and why", [["", list(looks) or _NONE]]],
        ],
        "closing": [
            "If something is wrong, the organisation that it came from can correct it. Ask us.",
            "The same is in a file that other software reads: it ends with fhir.json.",
            "You can complain to the Information Commissioner’s Office, telephone 0303 123 1113.",
        ],
    }


_NONE = ["Nothing."]


def as_pdf(said: Content, *, large_print: bool) -> bytes:
    """The pack on paper. A character that no font has is a question mark; the file has it."""
    try:
        return set_as_pdf(_TEMPLATE, json.dumps(said), large_print=large_print)
    except CannotBeSet:
        return set_as_pdf(_TEMPLATE, json.dumps(_settable(said)), large_print=large_print)


def _settable(said: Any) -> Any:
    if isinstance(said, str):
        return "".join(each if ord(each) <= _SURELY_SET or each in "’–…" else "?" for each in said)
    if isinstance(said, dict):
        return {name: _settable(each) for name, each in said.items()}
    return [_settable(each) for each in said]


def _who(person: PersonHeld) -> list[str]:
    lines = (
        ("Name", f"{person.given_names} {person.family_name}".strip()),
        ("Date of birth", prose_date(person.birth_date) if person.birth_date else ""),
        ("Sex", person.sex),
        ("NHS number", ", ".join(map(nhs_number, person.numbers))),
        ("Address", ", ".join(filter(None, (*person.address, person.postcode)))),
        ("Phone", person.phone),
    )
    return [f"{name}: {said}" for name, said in lines if said]


def _by_category(entries: Sequence[HeldEntry]) -> list[list[Any]]:
    return [
        [label(category), [_dated(entry) for entry in some]]
        for category, some in groupby(entries, key=lambda entry: entry.category)
    ]


def _dated(entry: HeldEntry) -> str:
    when = prose_date(entry.effective) if entry.effective else "No date"
    return f"{when}: {words_of(entry)}"


def _choice(choice: ChoiceHeld) -> str:
    about = f"{choice.kind}, {choice.council}" if choice.council else choice.kind
    return f"{prose_date(choice.since)}: {about}: {choice.answer}. Reference {choice.reference}."
