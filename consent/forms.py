"""The questions of the journey that records a choice: one a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError

from access.identity_check import Claimed
from consent.selectors import today
from consent.vocabulary import (
    FEWEST_IDENTIFIERS,
    TOLD_TO_STAFF,
    Answer,
    DecidedBy,
    Kind,
    NotAskedReason,
    Relayer,
    WithdrawnBecause,
)
from identity.forms import nhs_number_from
from identity.nhs_number import NhsNumber
from ui.forms import DateField, NhsForm, Option, RadioField, TextField

#: The option of the question who passed it on, where nobody did.
NOBODY = "nobody"
#: The options of the question from when it holds.
NOW, LATER = "now", "later"
#: A choice may be made for so long ahead.
_FURTHEST = timedelta(days=366)

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

    not_asked_reason = RadioField(
        label="Why could they not be asked?",
        error="Select why they could not be asked",
        choices=NotAskedReason.choices,
    )


class BecauseForm(NhsForm):
    """Why an answer is taken back."""

    withdrawn_because = RadioField(
        label="Why is it taken back?", error="Select why it is taken back"
    )

    def ask_about(self, answer: str) -> None:
        """A refusal is taken back by decision alone; an agreement also where it was a mistake."""
        reasons = [WithdrawnBecause.ASKED]
        if answer == Answer.CONSENTS:
            reasons.append(WithdrawnBecause.IN_ERROR)
        self.offer("withdrawn_because", [(reason, reason.label) for reason in reasons])


class IdentityForm(NhsForm):
    """Who the person is, as they say it: at least three details, compared and not kept."""

    family_name = TextField(label="Family name", required=False, width=20, max_length=120)
    given_name = TextField(label="Given name", required=False, width=20, max_length=120)
    birth_date = DateField(
        label="Date of birth", hint="For example, 27 3 1952", required=False, in_past=True
    )
    nhs_number = TextField(
        label="NHS number", required=False, width=20, inputmode="numeric", max_length=40
    )
    postcode = TextField(label="Postcode", required=False, width=10, max_length=12)
    phone = TextField(
        label="Phone number", required=False, width=20, inputmode="tel", max_length=30
    )

    def clean_nhs_number(self) -> NhsNumber | None:
        """The number, if one was given."""
        text = self.cleaned_data["nhs_number"]
        return nhs_number_from(text) if text else None

    def clean(self) -> dict[str, Any]:
        """At least three details, and a name as a whole."""
        given = super().clean() or {}
        if self.errors:
            return given
        if bool(given["family_name"]) != bool(given["given_name"]):
            missing = "given_name" if given["family_name"] else "family_name"
            self.add_error(missing, "Enter the family name and the given name")
        elif len(self.claimed().identifiers) < FEWEST_IDENTIFIERS:
            raise ValidationError(
                "Enter at least 3 details. The family name and given name together are one"
            )
        return given

    def claimed(self) -> Claimed:
        """What the person said, to be compared; call it on a valid form."""
        said = self.cleaned_data
        return Claimed(
            family_name=said["family_name"],
            given_name=said["given_name"],
            birth_date=said["birth_date"],
            nhs_number=said["nhs_number"],
            postcode=said["postcode"],
            phone=said["phone"],
        )


class DecidedByForm(NhsForm):
    """Whose decision it is."""

    decided_by = RadioField(
        label="Whose decision is it?",
        hint="Someone else decides only if the resident cannot decide this for themselves.",
        error="Select whose decision it is",
    )

    def offer_deciders(self, deciders: Iterable[DecidedBy]) -> None:
        """Those who may decide for a resident of this age."""
        self.offer("decided_by", [(who, who.label) for who in deciders])


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


class AssessmentForm(NhsForm):
    """Who assessed whether the resident can decide this."""

    assessment = TextField(
        label="Who assessed that they cannot decide this, and when?",
        hint="Capacity is assessed for this decision. For example, Dr A Sample, 3 March 2026.",
        error="Enter who assessed it, and when",
        max_length=300,
    )

    def ask_about(self, decided_by: str) -> None:
        """Of a child it is asked whether they understand."""
        if decided_by == DecidedBy.COMPETENT_CHILD:
            field = self.fields["assessment"]
            field.label = "Who found that the child understands this, and when?"
            field.help_text = "For example, Jo Sample, social worker, 3 March 2026."


class RelayedForm(NhsForm):
    """Whether somebody passed it on, and what they are to the resident."""

    relayer = RadioField(
        label="Did someone else pass this on?",
        hint="An interpreter passes nothing on: they speak for the person who is there.",
        error="Select whether someone else passed this on",
        choices=[(NOBODY, "No, I heard it from the person whose decision it is"), *Relayer.choices],
    )


class RelayerForm(NhsForm):
    """The name of who passed it on."""

    relayed_by = TextField(
        label="What is the name of who passed it on?",
        hint="Their full name and what they are to the resident, for example Jo Carter, daughter.",
        error="Enter the name of who passed it on",
        max_length=200,
    )


class ChannelForm(NhsForm):
    """How it was said."""

    channel = RadioField(
        label="How did they tell you?",
        error="Select how they told you",
        choices=[(channel.value, channel.label) for channel in TOLD_TO_STAFF],
    )

    def ask_about(self, answer: str) -> None:
        """Ask in the words that fit the answer."""
        if answer == Answer.NOT_ASKED:
            self.fields["channel"].label = "How did you try to ask?"
            self.fields["channel"].error_messages["required"] = "Select how you tried to ask"


class StartForm(NhsForm):
    """From when it holds. Now, unless it is changed at the end."""

    start = RadioField(
        label="From when?",
        error="Select from when",
        choices=[(NOW, "From now"), (LATER, "From a later date")],
    )


class StartDateForm(NhsForm):
    """The later date."""

    start_date = DateField(
        label="From which date?", hint="It holds from midnight. For example, 27 3 2027"
    )

    def clean_start_date(self) -> str:
        """A day after today, in the form in which a draft keeps it."""
        day = self.cleaned_data["start_date"]
        if day is None:
            return ""
        if not today() < day <= today() + _FURTHEST:
            raise ValidationError("The date must be after today, and within a year")
        return str(day.isoformat())
