"""What the pages about choices show: what is in force, the answers to check, what is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from access.asked_again import Due
from consent.drafts import Draft
from consent.forms import ANSWERS, LATER, NOBODY, DeciderForm, IdentityForm
from consent.kinds import Recorder, kinds_for
from consent.models import Choice
from consent.presenters_proof import Proof
from consent.selectors import last_asked
from consent.story import Told, checked_words, tell
from consent.vocabulary import (
    COUNCIL_KINDS,
    THEMSELVES,
    Answer,
    Channel,
    DecidedBy,
    Kind,
    NotAskedReason,
    Relayer,
    WithdrawnBecause,
)
from consent.wording import answer_of, nothing_said, title_of
from identity.presenters import PersonShown
from ui.formatting import LONDON, prose_date, prose_time
from ui.forms import NhsForm


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one kind of choice stands for a resident.

    ``asked`` says when it was last asked, ``again`` why it is to be asked again at once, if it is.
    """

    kind: str
    title: str
    council: str
    answer: str
    refused: bool
    since: str
    reference: str
    asked: str
    again: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One answer to check, with the step that changes it; ``step`` is empty where none does."""

    label: str
    words: str
    step: str
    change: str


def standings(
    acting: Recorder,
    in_force: Mapping[Kind, Choice],
    told: list[Choice],
    *,
    asks_first: bool,
    today: date,
) -> list[Standing]:
    """Where each kind that this reader may record stands, in the order of the journey."""
    return [
        _standing(acting, kind, in_force.get(kind), last_asked(told, kind), asks_first, today)
        for kind in kinds_for(acting)
    ]


def story(
    choices: list[Choice],
    in_force: Mapping[Kind, Choice],
    acting: Recorder,
    at: datetime,
    proofs: Mapping[int, Proof],
    *,
    of: int,
) -> list[Told]:
    """The choices as they were told, newest first as they come.

    What was said of another record of the same person can be followed, and not taken back. Of what
    no longer holds, nothing is to be proven.
    """
    told = tell(choices, in_force, acting, at)
    return [
        replace(
            each,
            withdraws=each.withdraws if choice.resident_id == of else None,
            proof=proofs.get(choice.pk) if each.in_force or choice.effective_from > at else None,
        )
        for each, choice in zip(told, choices, strict=True)
    ]


def _standing(
    acting: Recorder,
    kind: Kind,
    choice: Choice | None,
    asked: Choice | None,
    asks_first: bool,  # noqa: FBT001 - likewise
    today: date,
) -> Standing:
    again = ""
    if choice is not None and choice.review_on is not None and choice.review_on <= today:
        again = (
            "Someone with parental responsibility decided this. The resident is 16 now: ask them."
        )
    return Standing(
        kind=kind,
        title=kind.label,
        council=acting.organisation_name if kind in COUNCIL_KINDS else "",
        answer=answer_of(kind, choice.answer)
        if choice
        else nothing_said(kind, asks_first=asks_first),
        refused=choice is not None and choice.answer == Answer.REFUSES,
        since=prose_time(choice.effective_from) if choice else "",
        reference=choice.reference if choice else "",
        asked=_asked(kind, asked),
        again=again,
    )


def _asked(kind: Kind, asked: Choice | None) -> str:
    """When a council's question was last asked, and what came of it."""
    if kind not in COUNCIL_KINDS:
        return ""
    if asked is None:
        return "Not asked yet. Ask when you next discuss their social care."
    what = answer_of(kind, asked.answer).lower()
    when = f"Last asked on {prose_date(asked.recorded_at)}: {what}."
    if kind is Kind.SOCIAL_CARE_SHARING:
        return f"{when} Ask again each time you discuss their social care."
    return when


def holds_now(kind: str, in_force: Mapping[Kind, Choice]) -> str:
    """What is in force about a question, and whose decision it was; empty where nothing is."""
    choice = in_force.get(Kind(kind))
    if choice is None:
        return ""
    whose = DecidedBy(choice.decided_by).label
    return (
        f"{answer_of(kind, choice.answer)}, since {prose_time(choice.effective_from)} "
        f"(decided by: {whose[0].lower()}{whose[1:]}). Reference {choice.reference}."
    )


def check_rows(said: Mapping[str, str], checked: tuple[str, ...]) -> list[CheckRow]:
    """What has been answered, in the order in which it was asked."""
    kind = Kind(said["kind"])
    if said["answer"] == Answer.WITHDRAWN:
        because = WithdrawnBecause(said["withdrawn_because"])
        rows = [
            CheckRow("Choice about", kind.label, "", ""),
            CheckRow("Taken back", answer_of(kind, said["taken_back"]), "", ""),
            CheckRow("Why", because.label, "because", "why it is taken back"),
        ]
    else:
        offered = {option[0]: option[1] for option in ANSWERS[kind]}
        rows = [
            CheckRow("Choice about", kind.label, "kind", "what the choice is about"),
            CheckRow("What they say", offered[said["answer"]], "answer", "what they say"),
        ]
    if said["answer"] == Answer.NOT_ASKED:
        why = NotAskedReason(said["not_asked_reason"]).label
        rows.append(CheckRow("Why not asked", why, "reason", "why they could not be asked"))
    elif "decided_by" in said:
        words = checked_words(checked)
        rows.append(CheckRow("Identity checked", words, "identity", "who you checked they are"))
        rows += _decider_rows(said)
    channel = Channel(said["channel"]).label
    rows.append(CheckRow("How", channel, "channel", "how it was said"))
    if "start" in said:
        later = said["start"] == LATER
        day = prose_date(date.fromisoformat(said["start_date"])) if later else "Now"
        rows.append(CheckRow("From when", day, "start", "from when it holds"))
    return rows


def _decider_rows(said: Mapping[str, str]) -> list[CheckRow]:
    whose = DecidedBy(said["decided_by"])
    rows = [CheckRow("Whose decision", whose.label, "decided-by", "whose decision it is")]
    if whose not in THEMSELVES:
        rows += [
            CheckRow("Their name", said["decider_name"], "decider", "the name of who decided"),
            CheckRow("Evidence seen", said["authority_seen"], "decider", "the evidence seen"),
        ]
    if "assessment" in said:
        rows.append(CheckRow("Assessed", said["assessment"], "assessment", "who assessed it"))
    passed_on = "Nobody: heard from them directly"
    if said["relayer"] != NOBODY:
        passed_on = f"{said['relayed_by']} ({Relayer(said['relayer']).label.lower()})"
    rows.append(CheckRow("Passed on by", passed_on, "relayed-by", "who passed it on"))
    return rows


def step_title(form: NhsForm) -> str:
    """The heading of a question: its label, or what its several fields ask together."""
    if isinstance(form, IdentityForm):
        return "Who are they?"
    if isinstance(form, DeciderForm):
        return "Who decided, and how do you know that they may?"
    return str(form[next(iter(form.fields))].label)


@dataclass(frozen=True, slots=True)
class Begun:
    """A draft that nobody has confirmed: about what, and since when. Not about whom."""

    id: UUID
    about: str
    begun: str


def begun(draft: Draft) -> Begun:
    """A draft as the lists of unfinished ones show it."""
    kind = draft.said.get("kind")
    local = draft.begun.astimezone(LONDON) if draft.begun else None
    return Begun(draft.id, title_of(kind) if kind else "A choice", prose_time(local))


@dataclass(frozen=True, slots=True)
class ToAsk:
    """A choice to be asked again, and of whom."""

    person: PersonShown
    title: str
    answer: str
    reference: str
    since: str
    due: str


def to_ask(due: Due, person: PersonShown) -> ToAsk:
    """One row of the list of those who turned sixteen."""
    return ToAsk(
        person=person,
        title=title_of(due.kind),
        answer=answer_of(due.kind, due.answer),
        reference=due.reference,
        since=prose_date(due.since),
        due=prose_date(due.due),
    )


@dataclass(frozen=True, slots=True)
class Recorded:
    """A choice that was just recorded, for the page that gives its reference."""

    reference: str
    public_id: UUID
    title: str
    answer: str
    since: str
    whose: str
    changes: bool
    later: bool


def recorded(choice: Choice) -> Recorded:
    """The reference, and from when it holds."""
    later = later_day(choice)
    return Recorded(
        reference=choice.reference,
        public_id=choice.public_id,
        title=title_of(choice.kind),
        answer=answer_of(choice.kind, choice.answer),
        since=prose_date(later) if later else prose_time(choice.effective_from),
        whose=DecidedBy(choice.decided_by).label if choice.decided_by else "",
        changes=choice.answer != Answer.NOT_ASKED,
        later=later is not None,
    )


def later_day(choice: Choice) -> date | None:
    """The day from which a choice holds, where that is a later one than that of its recording."""
    starts = choice.effective_from.astimezone(LONDON).date()
    return starts if starts > choice.recorded_at.astimezone(LONDON).date() else None
