"""The questions of the journey that records a choice: one a page."""

from __future__ import annotations

from collections.abc import Mapping

from consent.actions import NotAskedReason
from consent.models import Answer, Channel, DecidedBy, Kind
from ui.forms import NhsForm, Option, RadioField, TextField

#: What may be said to each kind, in the words in which it is said.
ANSWERS: Mapping[Kind, tuple[Option, ...]] = {
    Kind.CONNECT_CARE: (
        (Answer.REFUSES, "Opt out", "Nothing of theirs is shared on Connect Care."),
        (Answer.CONSENTS, "Agree, or opt back in", "Staff involved in their care can see it."),
    ),
    Kind.SOCIAL_CARE_SHARING: (
        (Answer.REFUSES, "Refuse", "Nobody outside the council's adult social care sees it."),
        (Answer.CONSENTS, "Agree", "Staff involved in their care can see it."),
        (Answer.NOT_ASKED, "They could not be asked", "Nothing changes. You will say why."),
    ),
    Kind.NHS_NUMBER: (
        (Answer.REFUSES, "Object", "The council may not use their NHS number."),
        (Answer.CONSENTS, "Agree", "The council may use their NHS number."),
        (Answer.NOT_ASKED, "They could not be asked", "Nothing changes. You will say why."),
    ),
}

_ANSWER_QUESTIONS: Mapping[Kind, str] = {
    Kind.CONNECT_CARE: "What do they say about Connect Care as a whole?",
    Kind.SOCIAL_CARE_SHARING: "What do they say about sharing their social care information?",
    Kind.NHS_NUMBER: "What do they say about the council using their NHS number?",
}

_KIND_HINTS: Mapping[Kind, str] = {
    Kind.CONNECT_CARE: "All health and social care information, from every organisation.",
    Kind.SOCIAL_CARE_SHARING: "What your council's adult social care shows to others.",
    Kind.NHS_NUMBER: "Whether your council may use it to know who they are.",
}

_EVIDENCE_HINTS: Mapping[str, str] = {
    DecidedBy.PARENT: "For example, birth certificate or court order, and when you saw it.",
    DecidedBy.ATTORNEY: "For example, the registered power of attorney for health and welfare, "
    "its reference, and when you saw it.",
    DecidedBy.DEPUTY: "For example, the order of the Court of Protection, its number, and when "
    "you saw it.",
    DecidedBy.BEST_INTERESTS: "For example, the record of the best interests meeting and its date.",
}


class KindForm(NhsForm):
    """Which of the three choices; never two at once."""

    kind = RadioField(label="What is the choice about?", error="Select what the choice is about")

    def offer_kinds(self, kinds: tuple[Kind, ...]) -> None:
        """The kinds that this staff member may record."""
        self.offer("kind", [(kind, kind.label, _KIND_HINTS[kind]) for kind in kinds])


class AnswerForm(NhsForm):
    """What was said."""

    answer = RadioField(label="What do they say?", error="Select what they say")

    def ask_about(self, kind: Kind) -> None:
        """Ask in the words of one kind."""
        self.fields["answer"].label = _ANSWER_QUESTIONS[kind]
        self.offer("answer", ANSWERS[kind])


class ReasonForm(NhsForm):
    """Why nobody could be asked."""

    reason = RadioField(
        label="Why could they not be asked?",
        error="Select why they could not be asked",
        choices=NotAskedReason.choices,
    )


class DecidedByForm(NhsForm):
    """Whose decision it is."""

    decided_by = RadioField(
        label="Whose decision is it?",
        hint="Someone else decides only if the resident cannot decide this for themselves.",
        error="Select whose decision it is",
        choices=DecidedBy.choices,
    )


class DeciderForm(NhsForm):
    """Who decided for the resident, and what shows that they may."""

    decider_name = TextField(
        label="Their full name", error="Enter the name of who decided", max_length=200
    )
    authority_seen = TextField(
        label="What evidence have you seen?",
        error="Enter the evidence you have seen",
        max_length=300,
    )

    def ask_about(self, decided_by: str) -> None:
        """Say what counts as evidence for this decider."""
        self.fields["authority_seen"].help_text = _EVIDENCE_HINTS.get(decided_by, "")


class RelayedForm(NhsForm):
    """Who passed it on, if anyone."""

    relayed_by = TextField(
        label="Did someone else pass this on?",
        hint="Enter their name and who they are, for example Jo Carter, daughter. "
        "Leave it empty if you heard it from the person whose decision it is.",
        required=False,
        max_length=200,
    )


class ChannelForm(NhsForm):
    """How it was said."""

    channel = RadioField(
        label="How did they tell you?", error="Select how they told you", choices=Channel.choices
    )

    def ask_about(self, answer: str) -> None:
        """Ask in the words that fit the answer."""
        if answer == Answer.NOT_ASKED:
            self.fields["channel"].label = "How did you try to ask?"
            self.fields["channel"].error_messages["required"] = "Select how you tried to ask"
