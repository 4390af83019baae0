"""Making the letters that are owed, and holding those that may not go by post.

The row is the job. It is looked at when it is new and again while nothing has left: an address may
come, change or go at any time. Runs with the pipeline's login; what was made is sealed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from audit import actions as audit
from audit.models import Action
from consent.effect_words import HOST_TRUST
from consent.effects import are_kept
from consent.letter_pdf import CannotBeSet, as_pdf
from consent.letter_words import LetterContent, Sender, compose
from consent.models import Letter
from consent.post import OPEN, HeldBecause, LetterState
from consent.selectors import today
from identity.models import Resident
from identity.sealed import seal, unseal
from identity.selectors import verified_address
from identity.wanting import address_of
from organisations.models import Organisation

#: How often it is asked again how a letter stands that has not left.
_AGAIN_AFTER = timedelta(minutes=10)
#: Letters that have no address of ours but may be given by hand, or posted from another system.
_MADE_WITHOUT_ADDRESS = frozenset({HeldBecause.NO_ADDRESS, HeldBecause.OWN_ADDRESS})
_CONTENT, _PDF, _LARGE_PDF = "content", "pdf", "large_pdf"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a letter may go by post now: ``why`` not, and a digest of the address if it may."""

    why: str
    made_for: bytes | None
    in_large_print: bool


def due(limit: int = 200) -> list[int]:
    """Letters to look at: new ones first, then those that were looked at longest ago."""
    waiting = Letter.objects.filter(state__in=OPEN).filter(
        Q(looked_at__isnull=True) | Q(looked_at__lte=timezone.now() - _AGAIN_AFTER)
    )
    ordered = waiting.order_by(F("looked_at").asc(nulls_first=True), "pk")
    return list(ordered.values_list("pk", flat=True)[:limit])


@transaction.atomic
def look_at(letter_id: int) -> LetterState | None:
    """Make or hold one letter; its state, or ``None`` where another worker has it or it has left.

    Two workers make one: the row is locked. Nothing is made anew while its address, its print and
    the reason to hold it are as they were.
    """
    letter = (
        Letter.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("choice__council", "choice__recorded_as__organisation", "desk")
        .filter(pk=letter_id, state__in=OPEN)
        .first()
    )
    if letter is None:
        return None
    letter.looked_at = timezone.now()
    standing = standing_of(letter)
    if standing.why == HeldBecause.NO_ADDRESS:
        address_of(_survivor(letter.resident_id))
    if not _is_as_it_was(letter, standing) and not are_kept(letter.choice.explanation):
        # What was made with those words stays; nothing is made with others.
        standing = replace(standing, why=standing.why or HeldBecause.OLD_WORDS, made_for=None)
    if _is_as_it_was(letter, standing):
        letter.save(update_fields=["looked_at"])
        return LetterState(letter.state)
    was = letter.held_because
    try:
        _fill_in(letter, standing)
    except CannotBeSet:
        standing = replace(standing, why=HeldBecause.UNPRINTABLE, made_for=None)
        _fill_in(letter, standing)
    letter.save()
    if was == standing.why == HeldBecause.UNPRINTABLE:
        return LetterState.HELD
    audit.record(
        Action.LETTER_MADE,
        outcome="held" if standing.why else "done",
        reason=standing.why,
        organisation_id=letter.desk_id,
        resident_id=letter.resident_id,
        detail={"letter": letter.pk, "choice": letter.choice_id},
    )
    return LetterState(letter.state)


def standing_of(letter: Letter) -> Standing:
    """How a letter stands at this statement, as the database says."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select why, made_for, in_large_print from consent.letter_standing(%s, %s)",
            [letter.resident_id, letter.desk_id],
        )
        why, made_for, in_large_print = cursor.fetchone()
    return Standing(why, bytes(made_for) if made_for else None, in_large_print)


def unsealed(letter: UUID, part: str, sealed: bytes | memoryview) -> bytes:
    """A part of a letter: ``content``, ``pdf`` or ``large_pdf``.

    :raises identity.sealed.CannotBeOpened: if its key is gone, or it is another letter's.
    """
    return unseal(sealed, purpose=_purpose(letter, part))


def _is_as_it_was(letter: Letter, standing: Standing) -> bool:
    return (
        letter.state != LetterState.TO_MAKE
        and letter.held_because == standing.why
        and (bytes(letter.made_for) if letter.made_for else None) == standing.made_for
        and letter.in_large_print == standing.in_large_print
    )


def _fill_in(letter: Letter, standing: Standing) -> None:
    letter.held_because = standing.why
    letter.state = LetterState.HELD if standing.why else LetterState.READY
    letter.made_for = standing.made_for
    letter.in_large_print = standing.in_large_print
    letter.taken = None
    _write(letter)


def _write(letter: Letter) -> None:
    """Fill a letter in, or empty it where nothing of it may be printed."""
    held = letter.held_because and letter.held_because not in _MADE_WITHOUT_ADDRESS
    if held or not are_kept(letter.choice.explanation):
        letter.made = letter.content = letter.pdf = letter.large_pdf = None
        return
    content = _content(letter)
    letter.made = timezone.now()
    letter.content = _sealed(letter, _CONTENT, content.as_bytes())
    letter.pdf = _sealed(letter, _PDF, as_pdf(content, large_print=False))
    letter.large_pdf = _sealed(letter, _LARGE_PDF, as_pdf(content, large_print=True))


def _content(letter: Letter) -> LetterContent:
    choice = letter.choice
    survivor = _survivor(letter.resident_id)
    choice.resident = Resident.objects.get(pk=survivor)
    lines: tuple[str, ...] = ()
    if not letter.held_because:
        address = verified_address(survivor)
        if address is None:
            raise AddressGone(letter.public_id)
        lines = tuple(filter(None, (*address.lines, address.postcode)))
    return compose(choice, address=lines, sender=_sender(letter), on=today())


class AddressGone(Exception):
    """The address went between two statements: the letter is looked at again the next time."""

    def __init__(self, letter: UUID) -> None:
        super().__init__(f"The address of letter {letter} changed while it was made.")


def _sender(letter: Letter) -> Sender:
    desk = letter.desk or Organisation.objects.current().filter(name=HOST_TRUST).first()
    if desk is None:
        return Sender("the Connect Care team", "")
    return Sender(desk.name.split(" (", 1)[0], desk.phone)


def _survivor(resident_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("select identity.survivor_of(%s)", [resident_id])
        (survivor,) = cursor.fetchone()
    return int(survivor)


def _purpose(letter: UUID, part: str) -> str:
    return f"letter {letter} {part}"


def _sealed(letter: Letter, part: str, plain: bytes) -> bytes:
    return seal(plain, purpose=_purpose(letter.public_id, part))
