"""The journey that records a choice: which question comes next, and what an answer changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from consent.authority import may_decide
from consent.forms import (
    LATER,
    NOBODY,
    NOW,
    AnswerForm,
    AssessmentForm,
    BecauseForm,
    ChannelForm,
    DecidedByForm,
    DeciderForm,
    IdentityForm,
    KindForm,
    ReasonForm,
    RelayedForm,
    RelayerForm,
    StartDateForm,
    StartForm,
)
from consent.kinds import Recorder, council_for, kinds_for
from consent.said import Said as Complete
from consent.vocabulary import (
    ASSESSED,
    NOBODY_DECIDED,
    THEMSELVES,
    Answer,
    DecidedBy,
    Kind,
)
from ui.formatting import LONDON
from ui.forms import NhsForm

Said = Mapping[str, str]

#: The step after the last question: the effect, the answers, and the confirmation.
CHECK = "check"
#: The step that compares who the person is. What is typed there is not kept; that it agreed is.
IDENTITY = "identity"
#: What a draft names that was begun for a request: it settles that request.
ASKED_FOR = "asked_for"
#: What is so unless somebody changes it from the check: it holds from now.
UNLESS_CHANGED = {"start": NOW}


@dataclass(frozen=True, slots=True)
class Step:
    """One question: its address, its form, and when it is asked."""

    slug: str
    form: type[NhsForm]
    asked: Callable[[Said], bool]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of what it leaves in a draft."""
        return (IDENTITY,) if self.slug == IDENTITY else tuple(self.form.base_fields)

    def is_answered(self, said: Said) -> bool:
        """Whether everything it asks has been answered."""
        return all(name in said for name in self.fields)


def _taken_back(said: Said) -> bool:
    return said.get("answer") == Answer.WITHDRAWN


def _always(_said: Said) -> bool:
    return True


def _asked_anew(said: Said) -> bool:
    return not _taken_back(said)


def _could_not_be_asked(said: Said) -> bool:
    return said.get("answer") == Answer.NOT_ASKED


def _somebody_decided(said: Said) -> bool:
    return not _could_not_be_asked(said) and said.get("withdrawn_because", "") not in NOBODY_DECIDED


def _another_decided(said: Said) -> bool:
    return _somebody_decided(said) and said.get("decided_by", DecidedBy.RESIDENT) not in THEMSELVES


def _assessed(said: Said) -> bool:
    return _somebody_decided(said) and said.get("decided_by") in ASSESSED


def _relayed(said: Said) -> bool:
    return _somebody_decided(said) and said.get("relayer", NOBODY) != NOBODY


def _dated(said: Said) -> bool:
    return _somebody_decided(said) and not _taken_back(said)


def _dated_later(said: Said) -> bool:
    return _dated(said) and said.get("start") == LATER


STEPS = (
    Step("kind", KindForm, _asked_anew),
    Step("answer", AnswerForm, _asked_anew),
    Step("reason", ReasonForm, _could_not_be_asked),
    Step("because", BecauseForm, _taken_back),
    Step(IDENTITY, IdentityForm, _somebody_decided),
    Step("decided-by", DecidedByForm, _somebody_decided),
    Step("decider", DeciderForm, _another_decided),
    Step("assessment", AssessmentForm, _assessed),
    Step("relayed-by", RelayedForm, _somebody_decided),
    Step("relayer", RelayerForm, _relayed),
    Step("channel", ChannelForm, _always),
    Step("start", StartForm, _dated),
    Step("start-date", StartDateForm, _dated_later),
)

#: What has to be asked again when an answer changes.
_DEPENDS = {
    "kind": ("answer", "not_asked_reason"),
    "answer": ("channel",),
    "decided_by": ("decider_name", "authority_seen", "assessment"),
    "relayer": ("relayed_by",),
}


def step_called(slug: str) -> Step | None:
    """The step with this address."""
    return next((step for step in STEPS if step.slug == slug), None)


def next_step(said: Said) -> str:
    """The first question that is asked and not answered; ``check`` when none is left."""
    for step in STEPS:
        if step.asked(said) and not step.is_answered(said):
            return step.slug
    return CHECK


def step_before(slug: str, said: Said) -> str | None:
    """The question before this one, for the back link; ``None`` before the first.

    From when it holds is asked only where it is changed: nobody comes past it on the way back.
    """
    asked = [step.slug for step in STEPS if step.asked(said) and step.slug != "start"]
    if slug == CHECK:
        return asked[-1]
    if slug == "start":
        return CHECK
    earlier = asked[: asked.index(slug)] if slug in asked else []
    return earlier[-1] if earlier else None


def answered(said: Said, answers: Said) -> dict[str, str]:
    """What has been said with new answers in it, and without what no longer belongs to them."""
    after = dict(said)
    for name, value in answers.items():
        if name in said and said[name] != value:
            for dependent in _DEPENDS.get(name, ()):
                after.pop(dependent, None)
    after.update(answers)
    for step in STEPS:
        if not step.asked(after):
            for name in step.fields:
                if not (_taken_back(after) and name in {"kind", "answer"}):
                    after.pop(name, None)
    return {**UNLESS_CHANGED, **after} if _dated(after) else after


def beginning(kind: str, *, withdraws: UUID | None = None, taken_back: str = "") -> dict[str, str]:
    """What a draft begins with: a kind, or an answer of that kind that is to be taken back."""
    if withdraws is not None:
        return {
            "kind": kind,
            "answer": Answer.WITHDRAWN,
            "withdraws": str(withdraws),
            "taken_back": taken_back,
        }
    return {**UNLESS_CHANGED, **({"kind": kind} if kind else {})}


def complete(
    said: Said, recorder: Recorder, *, checked: tuple[str, ...], explanation: str
) -> Complete:
    """The answers so far, as the value that the rules are asked about and that is recorded."""
    relayer = said.get("relayer", NOBODY)
    starts = starting(said)
    return Complete(
        kind=said["kind"],
        council=council_for(recorder, said["kind"]),
        answer=said["answer"],
        not_asked_reason=said.get("not_asked_reason", ""),
        withdraws=UUID(said["withdraws"]) if "withdraws" in said else None,
        withdrawn_because=said.get("withdrawn_because", ""),
        effective_from=datetime.combine(starts, time.min, tzinfo=LONDON) if starts else None,
        decided_by=said.get("decided_by", ""),
        decider_name=said.get("decider_name", ""),
        authority_seen=said.get("authority_seen", ""),
        assessment=said.get("assessment", ""),
        relayer="" if relayer == NOBODY else relayer,
        relayed_by=said.get("relayed_by", ""),
        channel=said.get("channel", ""),
        explanation=explanation,
        identity_checked=checked if _somebody_decided(said) else (),
    )


def starting(said: Said) -> date | None:
    """The later day from which it is to hold; ``None`` for now."""
    if said.get("start") != LATER or not said.get("start_date"):
        return None
    return date.fromisoformat(said["start_date"])


def form_for(
    step: Step,
    said: Said,
    recorder: Recorder,
    data: Mapping[str, str] | None = None,
    *,
    age: int | None = None,
) -> NhsForm:
    """A step's form in the words that fit what has been said, with the answer given before.

    :param age: the resident's in years: only those are offered who may decide at that age.
    """
    form = step.form(data, initial={name: said.get(name) for name in step.fields})
    if isinstance(form, KindForm):
        form.offer_kinds(kinds_for(recorder))
    elif isinstance(form, AnswerForm):
        form.ask_about(Kind(said["kind"]))
    elif isinstance(form, BecauseForm):
        form.ask_about(said.get("taken_back", ""))
    elif isinstance(form, DecidedByForm):
        form.offer_deciders(may_decide(age))
    elif isinstance(form, (DeciderForm, AssessmentForm)):
        form.ask_about(said["decided_by"])
    elif isinstance(form, ChannelForm):
        form.ask_about(said["answer"])
    elif isinstance(form, StartDateForm):
        day = starting(said)
        form.initial["start_date"] = day
    return form
