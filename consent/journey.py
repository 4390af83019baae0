"""The journey that records a choice: which question comes next, and what an answer changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from consent.forms import (
    AnswerForm,
    ChannelForm,
    DecidedByForm,
    DeciderForm,
    KindForm,
    ReasonForm,
    RelayedForm,
)
from consent.kinds import Recorder, kinds_for
from consent.models import Answer, DecidedBy, Kind
from ui.forms import NhsForm

Said = Mapping[str, str]

#: The step after the last question: the effect, the answers, and the confirmation.
CHECK = "check"


@dataclass(frozen=True, slots=True)
class Step:
    """One question: its address, its form, and when it is asked."""

    slug: str
    form: type[NhsForm]
    asked: Callable[[Said], bool]

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of what it asks."""
        return tuple(self.form.base_fields)

    def is_answered(self, said: Said) -> bool:
        """Whether everything it asks has been answered, an optional field with nothing included."""
        return all(name in said for name in self.fields)


def _always(_said: Said) -> bool:
    return True


def _could_not_be_asked(said: Said) -> bool:
    return said.get("answer") == Answer.NOT_ASKED


def _was_asked(said: Said) -> bool:
    return not _could_not_be_asked(said)


def _another_decided(said: Said) -> bool:
    return _was_asked(said) and said.get("decided_by", DecidedBy.RESIDENT) != DecidedBy.RESIDENT


STEPS = (
    Step("kind", KindForm, _always),
    Step("answer", AnswerForm, _always),
    Step("reason", ReasonForm, _could_not_be_asked),
    Step("decided-by", DecidedByForm, _was_asked),
    Step("decider", DeciderForm, _another_decided),
    Step("relayed-by", RelayedForm, _was_asked),
    Step("channel", ChannelForm, _always),
)

#: What has to be asked again when an answer changes.
_DEPENDS = {
    "kind": ("answer", "reason"),
    "answer": ("channel",),
    "decided_by": ("decider_name", "authority_seen"),
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
    """The question before this one, for the back link; ``None`` before the first."""
    asked = [step.slug for step in STEPS if step.asked(said)]
    if slug == CHECK:
        return asked[-1]
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
                after.pop(name, None)
    return after


def form_for(
    step: Step, said: Said, recorder: Recorder, data: Mapping[str, str] | None = None
) -> NhsForm:
    """A step's form in the words that fit what has been said, with the answer given before."""
    form = step.form(data, initial={name: said.get(name) for name in step.fields})
    if isinstance(form, KindForm):
        form.offer_kinds(kinds_for(recorder))
    elif isinstance(form, AnswerForm):
        form.ask_about(Kind(said["kind"]))
    elif isinstance(form, DeciderForm):
        form.ask_about(said["decided_by"])
    elif isinstance(form, ChannelForm):
        form.ask_about(said["answer"])
    return form
