"""What the pages about choices show: what is in force, the story, the answers to check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from consent.actions import NotAskedReason
from consent.forms import ANSWERS
from consent.kinds import COUNCIL_KINDS, Recorder, kinds_for
from consent.models import Answer, Channel, Choice, DecidedBy, Kind
from ui.formatting import prose_time

#: How each answer stands in the words of its kind.
_STANDS: Mapping[tuple[Kind, Answer], str] = {
    (Kind.CONNECT_CARE, Answer.REFUSES): "Opted out",
    (Kind.CONNECT_CARE, Answer.CONSENTS): "Agrees",
    (Kind.CONNECT_CARE, Answer.NOT_ASKED): "Could not be asked",
    (Kind.SOCIAL_CARE_SHARING, Answer.REFUSES): "Refuses",
    (Kind.SOCIAL_CARE_SHARING, Answer.CONSENTS): "Agrees",
    (Kind.SOCIAL_CARE_SHARING, Answer.NOT_ASKED): "Could not be asked",
    (Kind.NHS_NUMBER, Answer.REFUSES): "Objects",
    (Kind.NHS_NUMBER, Answer.CONSENTS): "Agrees",
    (Kind.NHS_NUMBER, Answer.NOT_ASKED): "Could not be asked",
}

_NOTHING_SAID: Mapping[Kind, str] = {
    Kind.CONNECT_CARE: "No choice is in force. Without one, their record is shared with staff "
    "directly involved in their care.",
    Kind.SOCIAL_CARE_SHARING: "No choice is in force. Without one, the council's information is "
    "shared with staff directly involved in their care, unless they opt out of Connect Care.",
    Kind.NHS_NUMBER: "No choice is in force. Without one, the council uses the NHS number.",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one kind of choice stands for a resident."""

    kind: str
    title: str
    council: str
    answer: str
    refused: bool
    since: str
    reference: str


@dataclass(frozen=True, slots=True)
class Told:
    """One choice of the story: what was said, its standing, and rows of (label, words)."""

    title: str
    answer: str
    refused: bool
    standing: str
    in_force: bool
    reference: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One answer to check, with the step that changes it."""

    label: str
    words: str
    step: str
    change: str


def standings(acting: Recorder, in_force: Mapping[Kind, Choice]) -> list[Standing]:
    """Where each kind that this reader may record stands, in the order of the journey."""
    return [_standing(acting, kind, in_force.get(kind)) for kind in kinds_for(acting)]


def story(
    choices: list[Choice], in_force: Mapping[Kind, Choice], acting: Recorder, at: datetime
) -> list[Told]:
    """The choices as they were told, newest first as they come."""
    standing = {choice.pk for choice in in_force.values()}
    return [_told(choice, acting, at, in_force=choice.pk in standing) for choice in choices]


def title_of(kind: str) -> str:
    """A kind of choice in words."""
    return Kind(kind).label


def answer_of(kind: str, answer: str) -> str:
    """An answer in the words of its kind."""
    return _STANDS[Kind(kind), Answer(answer)]


def check_rows(said: Mapping[str, str]) -> list[CheckRow]:
    """What has been answered, in the order in which it was asked."""
    kind = Kind(said["kind"])
    offered = {option[0]: option[1] for option in ANSWERS[kind]}
    rows = [
        CheckRow("Choice about", kind.label, "kind", "what the choice is about"),
        CheckRow("What they say", offered[said["answer"]], "answer", "what they say"),
    ]
    if said["answer"] == Answer.NOT_ASKED:
        why = NotAskedReason(said["reason"]).label
        rows.append(CheckRow("Why not asked", why, "reason", "why they could not be asked"))
    else:
        rows += _decider_rows(said)
    channel = Channel(said["channel"]).label
    rows.append(CheckRow("How", channel, "channel", "how it was said"))
    return rows


def _decider_rows(said: Mapping[str, str]) -> list[CheckRow]:
    whose = DecidedBy(said["decided_by"])
    rows = [CheckRow("Whose decision", whose.label, "decided-by", "whose decision it is")]
    if whose is not DecidedBy.RESIDENT:
        rows += [
            CheckRow("Their name", said["decider_name"], "decider", "the name of who decided"),
            CheckRow("Evidence seen", said["authority_seen"], "decider", "the evidence seen"),
        ]
    passed_on = said["relayed_by"] or "Nobody: heard from them directly"
    rows.append(CheckRow("Passed on by", passed_on, "relayed-by", "who passed it on"))
    return rows


def _standing(acting: Recorder, kind: Kind, choice: Choice | None) -> Standing:
    council = acting.organisation_name if kind in COUNCIL_KINDS else ""
    if choice is None:
        return Standing(
            kind=kind,
            title=kind.label,
            council=council,
            answer=_NOTHING_SAID[kind],
            refused=False,
            since="",
            reference="",
        )
    return Standing(
        kind=kind,
        title=kind.label,
        council=council,
        answer=answer_of(kind, choice.answer),
        refused=choice.answer == Answer.REFUSES,
        since=prose_time(choice.effective_from),
        reference=choice.reference,
    )


def _told(choice: Choice, acting: Recorder, at: datetime, *, in_force: bool) -> Told:
    return Told(
        title=title_of(choice.kind),
        answer=answer_of(choice.kind, choice.answer),
        refused=choice.answer == Answer.REFUSES,
        standing=_standing_words(choice, at, in_force=in_force),
        in_force=in_force,
        reference=choice.reference,
        rows=tuple(_rows(choice, acting)),
    )


def _standing_words(choice: Choice, at: datetime, *, in_force: bool) -> str:
    if in_force:
        return "In force"
    if choice.answer == Answer.NOT_ASKED:
        return "Changed nothing"
    if choice.effective_from > at:
        return "Not yet in force"
    return "Followed by a later choice"


def _rows(choice: Choice, acting: Recorder) -> list[tuple[str, str]]:
    rows = [("From", prose_time(choice.effective_from))]
    if choice.council is not None:
        rows.append(("Council", choice.council.name))
    if choice.answer == Answer.NOT_ASKED:
        rows.append(("Why not asked", _why(choice.authority_seen)))
    else:
        rows.append(("Whose decision", DecidedBy(choice.decided_by).label))
    if choice.decided_by != DecidedBy.RESIDENT:
        rows += [("Who decided", choice.decider_name), ("Evidence seen", choice.authority_seen)]
    if choice.relayed_by:
        rows.append(("Passed on by", choice.relayed_by))
    rows.append(("How", Channel(choice.channel).label))
    rows.append(("Recorded", f"{prose_time(choice.recorded_at)} by {_recorder(choice, acting)}"))
    return rows


def _why(code: str) -> str:
    return NotAskedReason(code).label if code in NotAskedReason.values else code


def _recorder(choice: Choice, acting: Recorder) -> str:
    """Who recorded it. Another organisation is not named: it may tell of dealings with it."""
    membership = choice.recorded_as
    if membership.organisation_id != acting.organisation_id:
        return "another organisation's staff"
    return f"{choice.recorded_by.name}, {membership.role.name}"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A choice that was just recorded, for the page that gives its reference."""

    reference: str
    public_id: UUID
    title: str
    answer: str
    since: str
    changes: bool


def recorded(choice: Choice) -> Recorded:
    """The reference, and from when it holds."""
    return Recorded(
        reference=choice.reference,
        public_id=choice.public_id,
        title=title_of(choice.kind),
        answer=answer_of(choice.kind, choice.answer),
        since=prose_time(choice.effective_from),
        changes=choice.answer != Answer.NOT_ASKED,
    )
