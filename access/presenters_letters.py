"""What the pages about letters show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from access.letters import LetterOfChoice, Waiting, Writing
from consent.models import Choice
from consent.post import HeldBecause, LetterState, Post
from consent.wording import answer_of, title_of
from identity.presenters import PersonShown, person
from identity.selectors import residents
from ui.formatting import prose_date, prose_time

#: What a desk does about a letter that is held, by why it is.
WHAT_TO_DO: Mapping[HeldBecause, str] = {
    HeldBecause.PROTECTED: "Do not write to them, and do not look for their address. Ask your "
    "privacy officer how they are reached, and tell them in person or on the phone.",
    HeldBecause.DIED: "Send nothing. The choice stays as it was recorded.",
    HeldBecause.POST_UNSAFE: "Tell them in person or on the phone, in the way that is safe for "
    "them. If letters are safe again, say so on the page of their choices.",
    HeldBecause.NO_ADDRESS: "Print it without an address and give it to them, or post it to an "
    "address that you have checked with them. If one is traced, it becomes ready by itself.",
    HeldBecause.OWN_ADDRESS: "They object to your use of the NHS number, and the address that we "
    "have came by it. Print the letter and write on it the address of your own system.",
    HeldBecause.OLD_WORDS: "The words that they were given then are no longer kept, and other "
    "words would promise something else. Tell them yourself, by the page of their choices.",
    HeldBecause.UNPRINTABLE: "It is in a script that a printed letter has no characters for. Tell "
    "them yourself, or write to them from your own system, by the page of their choices.",
}


@dataclass(frozen=True, slots=True)
class LetterLine:
    """A letter of the desk's list. ``person`` is of those that are held alone."""

    id: UUID
    reference: str
    about: str
    recorded: str
    printed: str
    in_large_print: bool
    made: bool
    why: str
    to_do: str
    person: PersonShown | None


@dataclass(frozen=True, slots=True)
class Desk:
    """What waits at a desk, in the order in which it is dealt with."""

    being_made: int
    to_print: tuple[LetterLine, ...]
    printed: tuple[LetterLine, ...]
    held: tuple[LetterLine, ...]


def desk(waiting: Iterable[Waiting]) -> Desk:
    """The desk's lists, with the names of those whose letters are held."""
    letters = list(waiting)
    seen = residents({each.resident for each in letters if each.resident is not None})
    people = {each.id: person(each) for each in seen}
    lines = [(each, _line(each, people)) for each in letters]
    ready = [pair for pair in lines if pair[0].state == LetterState.READY]
    return Desk(
        being_made=sum(each.state == LetterState.TO_MAKE for each in letters),
        to_print=tuple(line for each, line in ready if each.printed is None),
        printed=tuple(line for each, line in ready if each.printed is not None),
        held=tuple(line for each, line in lines if each.state == LetterState.HELD),
    )


def _line(each: Waiting, people: Mapping[int, PersonShown]) -> LetterLine:
    return LetterLine(
        id=each.id,
        reference=each.reference,
        about=f"{title_of(each.kind)}: {answer_of(each.kind, each.answer).lower()}",
        recorded=prose_date(each.recorded),
        printed=prose_time(each.printed),
        in_large_print=each.in_large_print,
        made=each.made,
        why=each.why.label if each.why else "",
        to_do=WHAT_TO_DO[each.why] if each.why else "",
        person=people.get(each.resident) if each.resident is not None else None,
    )


def how_written_to(writing: Writing) -> str:
    """How a resident may be written to, in one sentence."""
    said = writing.post.label
    if writing.because is not None:
        said += f": {writing.because.label[:1].lower()}{writing.because.label[1:]}"
    if writing.since is not None:
        said += f", noted on {prose_date(writing.since)}"
    return f"{said}."


def letters_of(writing: Writing, told: Iterable[Choice]) -> dict[str, str]:
    """How the letter of each of these choices stands, by the choice's reference."""
    references = {each.pk: each.reference for each in told}
    return {
        references[each.choice_id]: _stands(each, writing)
        for each in writing.letters
        if each.choice_id in references
    }


def _stands(letter: LetterOfChoice, writing: Writing) -> str:
    if letter.state == LetterState.SENT:
        return f"Sent on {prose_date(letter.finished)}"
    if letter.state == LetterState.TOLD and letter.how is not None:
        return f"{letter.how.label}, on {prose_date(letter.finished)}"
    if letter.state == LetterState.HELD and letter.why is not None:
        return f"Held: {letter.why.label[:1].lower()}{letter.why.label[1:]}"
    if writing.post == Post.DO_NOT_SEND:
        return "Held: letters are not safe for them"
    return "Not sent yet"
