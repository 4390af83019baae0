"""Letters that confirm choices, for the desk that posts them, and how a resident is written to.

The functions of the gate answer for the acting membership's own desk, ask at the moment of printing
and of posting whether each letter may go as it was made, and write to the audit
(``access/sql/0025_letters.sql``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from access.acting import Acting
from consent import letters
from consent.letter_words import LetterContent
from consent.post import HeldBecause, LetterState, Post, ToldHow, UnsafeBecause
from identity.protected import of_protected

#: Letters that one page lists, and one download holds.
MOST_LISTED = 300
MOST_PRINTED = 100


@of_protected(
    keep=(
        "id",
        "reference",
        "kind",
        "answer",
        "recorded",
        "state",
        "why",
        "printed",
        "in_large_print",
        "made",
        "resident",
    )
)
@dataclass(frozen=True, slots=True)
class Waiting:
    """A letter that has not left. ``resident`` is the resident's own id, of those that are held."""

    id: UUID
    reference: str
    kind: str
    answer: str
    recorded: datetime
    state: LetterState
    why: HeldBecause | None
    printed: datetime | None
    in_large_print: bool
    made: bool
    resident: int | None


@dataclass(frozen=True, slots=True, repr=False)
class OpenedLetter:
    """What was made of one letter, unsealed: of its own choice and nobody else's."""

    id: UUID
    reference: str
    state: LetterState
    in_large_print: bool
    content: LetterContent
    pdf: bytes
    large_pdf: bytes

    @property
    def to_post(self) -> bytes:
        """The PDF in the print that the resident asked for."""
        return self.large_pdf if self.in_large_print else self.pdf


@dataclass(frozen=True, slots=True)
class Posted:
    """The references of what was posted, and of what is to be taken out of the pile."""

    sent: tuple[str, ...]
    kept_back: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LetterOfChoice:
    """How the letter of one choice stands."""

    choice_id: int
    state: LetterState
    why: HeldBecause | None
    finished: datetime | None
    how: ToldHow | None


@dataclass(frozen=True, slots=True)
class Writing:
    """How a resident may be written to, since when, and how each of their letters stands."""

    post: Post
    because: UnsafeBecause | None
    since: datetime | None
    letters: tuple[LetterOfChoice, ...]


def waiting(acting: Acting, *, request_id: str) -> list[Waiting] | None:
    """What waits at one's desk, oldest first; ``None`` if not for the role.

    The residents of those that are held are glimpsed by name.
    """
    answer = _ask(
        "select access.read_letters(%s, %s, %s, %s::uuid)::text",
        [acting.staff_id, acting.membership_id, MOST_LISTED, request_id],
    )
    return None if answer is None else [_waiting(raw) for raw in json.loads(answer)]


def opened(
    acting: Acting, ids: Iterable[UUID], *, to_print: bool, request_id: str
) -> list[OpenedLetter]:
    """What was made of these letters of one's desk, in the order in which they were owed.

    One that may not go as it was made is not among them: it is made anew. ``to_print``: they are
    printed now, to be posted.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, reference, state, in_large_print, content, pdf, large_pdf"
            " from access.open_letters(%s, %s, %s::uuid[], %s, %s::uuid)",
            [acting.staff_id, acting.membership_id, list(ids), to_print, request_id],
        )
        return [
            OpenedLetter(
                id=public_id,
                reference=reference,
                state=LetterState(state),
                in_large_print=in_large_print,
                content=LetterContent.of_bytes(letters.unsealed(public_id, "content", content)),
                pdf=letters.unsealed(public_id, "pdf", pdf),
                large_pdf=letters.unsealed(public_id, "large_pdf", large_pdf),
            )
            for public_id, reference, state, in_large_print, content, pdf, large_pdf in (
                cursor.fetchall()
            )
        ]


def posted(acting: Acting, ids: Iterable[UUID], *, request_id: str) -> Posted | None:
    """Somebody printed these and says that they posted them; ``None`` if not for the role."""
    answer = _ask(
        "select access.letters_sent(%s, %s, %s::uuid[], %s::uuid)::text",
        [acting.staff_id, acting.membership_id, list(ids), request_id],
    )
    if answer is None:
        return None
    told = json.loads(answer)
    return Posted(tuple(told["sent"]), tuple(told["kept_back"]))


def settle(acting: Acting, letter: UUID, *, how: ToldHow, request_id: str) -> bool:
    """A letter that is held was dealt with another way; whether it was held.

    :raises django.db.IntegrityError: if it cannot be dealt with like that (``SETTLED_BY``).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.settle_letter(%s, %s, %s, %s, %s::uuid)",
            [acting.staff_id, acting.membership_id, letter, how, request_id],
        )
        (settled,) = cursor.fetchone()
    return bool(settled)


def of_resident(resident_id: int) -> Writing:
    """How a resident may be written to, in the transaction that glimpsed their choices."""
    answer = _ask("select access.letters_of_resident(%s)::text", [resident_id])
    told = json.loads(answer) if answer else {"letters": [], "post": None}
    note = told["post"] or {"post": Post.STANDARD, "because": "", "at": None}
    return Writing(
        post=Post(note["post"]),
        because=UnsafeBecause(note["because"]) if note["because"] else None,
        since=_moment(note["at"]),
        letters=tuple(
            LetterOfChoice(
                choice_id=raw["choice"],
                state=LetterState(raw["state"]),
                why=HeldBecause(raw["why"]) if raw["why"] else None,
                finished=_moment(raw["finished"]),
                how=ToldHow(raw["how"]) if raw["how"] else None,
            )
            for raw in told["letters"]
        ),
    )


def note_post(
    acting: Acting,
    resident_id: int,
    *,
    post: Post,
    because: UnsafeBecause | None,
    request_id: str,
) -> bool:
    """Note how a resident may be written to; whether this membership may.

    In the transaction that glimpsed them with their choices.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.note_post(%s, %s, %s, %s, %s, %s::uuid)",
            [
                acting.staff_id,
                acting.membership_id,
                resident_id,
                post,
                because or "",
                request_id,
            ],
        )
        (noted,) = cursor.fetchone()
    return bool(noted)


def _ask(statement: str, parameters: Sequence[int | str | UUID | list[UUID]]) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        (answer,) = cursor.fetchone()
    return answer  # type: ignore[no-any-return]  # psycopg gives text


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _waiting(raw: dict[str, str | int | bool | None]) -> Waiting:
    return Waiting(
        id=UUID(str(raw["id"])),
        reference=str(raw["reference"]),
        kind=str(raw["kind"]),
        answer=str(raw["answer"]),
        recorded=datetime.fromisoformat(str(raw["recorded"])),
        state=LetterState(str(raw["state"])),
        why=HeldBecause(str(raw["why"])) if raw["why"] else None,
        printed=_moment(str(raw["printed"]) if raw["printed"] else None),
        in_large_print=bool(raw["in_large_print"]),
        made=bool(raw["made"]),
        resident=int(raw["resident"]) if raw["resident"] is not None else None,
    )
