"""The history of a resident's choices, told as it happened: newest first, nothing left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from consent.kinds import Recorder
from consent.models import Choice
from consent.presenters_proof import Proof
from consent.vocabulary import (
    DECIDING,
    THEMSELVES,
    Answer,
    Channel,
    DecidedBy,
    Identifier,
    Kind,
    NotAskedReason,
    Relayer,
    WithdrawnBecause,
)
from consent.wording import answer_of, did, title_of
from ui.formatting import prose_date, prose_time

_HOW: Mapping[str, str] = {
    Channel.PHONE: "on the phone",
    Channel.IN_PERSON: "in person",
    Channel.LETTER: "by letter or paper form",
    Channel.EMAIL: "by email",
    Channel.ONLINE: "on the public form",
    Channel.COUNCIL_SYSTEM: "as the council's own records say",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One choice of the story: a sentence, how it stands, and rows of (label, words).

    ``withdraws`` is its public id where it can still be taken back; ``proof`` whether it was found
    to hold, of a refusal in force.
    """

    title: str
    answer: str
    sentence: str
    refused: bool
    standing: str
    in_force: bool
    reference: str
    rows: tuple[tuple[str, str], ...]
    withdraws: UUID | None
    proof: Proof | None = None


def tell(
    choices: list[Choice], in_force: Mapping[Kind, Choice], acting: Recorder, at: datetime
) -> list[Told]:
    """The choices as they were told, in the order in which they come."""
    standing = {choice.pk for choice in in_force.values()}
    gone = {choice.withdraws_id: choice for choice in choices if choice.withdraws_id}
    return [
        _told(choice, acting, at, gone.get(choice.pk), in_force=choice.pk in standing)
        for choice in choices
    ]


def _told(
    choice: Choice, acting: Recorder, at: datetime, taken_back: Choice | None, *, in_force: bool
) -> Told:
    return Told(
        title=title_of(choice.kind),
        answer=answer_of(choice.kind, choice.answer),
        sentence=_sentence(choice),
        refused=choice.answer == Answer.REFUSES,
        standing=_standing_words(choice, at, taken_back, in_force=in_force),
        in_force=in_force,
        reference=choice.reference,
        rows=tuple(_rows(choice, acting)),
        withdraws=choice.public_id
        if choice.answer in DECIDING
        and taken_back is None
        and (in_force or choice.effective_from > at)
        else None,
    )


def _sentence(choice: Choice) -> str:
    """One sentence: when, who, what, how, and from when if later."""
    when = f"On {prose_time(choice.recorded_at)}"
    council = choice.council.name if choice.council else ""
    done = did(choice.kind, choice.answer, council=council)
    if choice.answer == Answer.NOT_ASKED:
        why = NotAskedReason(choice.not_asked_reason).label
        return f"{when} the resident could not be asked {done}: {why[0].lower()}{why[1:]}."
    if choice.answer == Answer.WITHDRAWN:
        what = f"what was said {done}"
        if not choice.decided_by:
            because = WithdrawnBecause(choice.withdrawn_because).label
            return f"{when} {what} was taken back. {because}."
        return f"{when} {_subject(choice)} took back {what}, {_how(choice)}."
    later = ""
    if choice.effective_from.date() != choice.recorded_at.date():
        later = f", from {prose_date(choice.effective_from)}"
    return f"{when} {_subject(choice)} {done}, {_how(choice)}{later}."


def _subject(choice: Choice) -> str:
    if choice.decided_by == DecidedBy.RESIDENT:
        return "the resident"
    if choice.decided_by == DecidedBy.COMPETENT_CHILD:
        return "the child"
    whose = DecidedBy(choice.decided_by).label
    return f"{choice.decider_name} ({whose[0].lower()}{whose[1:]})"


def _how(choice: Choice) -> str:
    how = _HOW[choice.channel]
    return f"{how}, passed on by {choice.relayed_by}" if choice.relayed_by else how


def _standing_words(
    choice: Choice, at: datetime, taken_back: Choice | None, *, in_force: bool
) -> str:
    if choice.answer == Answer.NOT_ASKED:
        return "Changed nothing"
    if choice.answer == Answer.WITHDRAWN:
        return "Took back an answer"
    if taken_back is not None:
        return "Taken back"
    if hasattr(choice, "ruling"):
        return "Not upheld"
    if in_force:
        return "In force until verified" if choice.provisional else "In force"
    if choice.effective_from > at:
        return "Not yet in force"
    return "Followed by a later choice"


def _rows(choice: Choice, acting: Recorder) -> list[tuple[str, str]]:
    rows = [("From", prose_time(choice.effective_from))]
    if choice.council is not None:
        rows.append(("Council", choice.council.name))
    if choice.answer == Answer.NOT_ASKED:
        rows.append(("Why not asked", NotAskedReason(choice.not_asked_reason).label))
    if choice.withdraws is not None:
        rows.append(("Takes back", choice.withdraws.reference))
    if choice.withdrawn_because:
        rows.append(("Why", WithdrawnBecause(choice.withdrawn_because).label))
    if choice.decided_by:
        rows.append(("Whose decision", DecidedBy(choice.decided_by).label))
        if choice.decided_by not in THEMSELVES:
            rows.append(("Who decided", choice.decider_name))
            rows.append(("Evidence seen", choice.authority_seen))
    if choice.assessment:
        rows.append(("Assessed", choice.assessment))
    if choice.review_on:
        rows.append(("Asked again", f"At 16, on {prose_date(choice.review_on)}"))
    if choice.relayed_by:
        rows.append(
            ("Passed on by", f"{choice.relayed_by} ({Relayer(choice.relayer).label.lower()})")
        )
    asked = f", asked on {prose_date(choice.asked_on)}" if choice.asked_on else ""
    rows.append(("How", f"{Channel(choice.channel).label}{asked}"))
    if choice.identity_checked:
        rows.append(("Identity checked", checked_words(choice.identity_checked)))
    if hasattr(choice, "ruling"):
        rows.append(("Not upheld", f"{choice.ruling.reason} {choice.ruling.decider_name}"))
    rows.append(("Recorded", f"{prose_time(choice.recorded_at)} by {_recorder(choice, acting)}"))
    return rows


def checked_words(identifiers: list[str] | tuple[str, ...]) -> str:
    """Which identifiers were compared: ``Name, date of birth and postcode``."""
    labels = [str(each.label) for each in Identifier if each in identifiers]
    words = " and ".join([", ".join(labels[:-1]), labels[-1]] if len(labels) > 1 else labels)
    return words[:1].upper() + words[1:] if words[:3] != "NHS" else words


def _recorder(choice: Choice, acting: Recorder) -> str:
    """Who recorded it. Another organisation is not named: it may tell of dealings with it."""
    membership, staff = choice.recorded_as, choice.recorded_by
    if choice.recorded_by_feed_id is not None:
        return "the council's own system"
    if membership is None or staff is None:
        return "the public form"
    if membership.organisation_id != acting.organisation_id:
        return "another organisation's staff"
    return f"{staff.name}, {membership.role.name}"
