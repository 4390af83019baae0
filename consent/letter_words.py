"""What the letter that confirms a choice says: to one person, about one choice.

The words of what stops and what does not are those that were read back when the choice was
recorded (:mod:`consent.effects`); a letter adds who wrote it, to whom, and what to do if it is
wrong.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date

from consent.effects import Effect, effect_of
from consent.models import Choice
from consent.second_person import to_you
from consent.selectors import asks_first
from consent.vocabulary import THEMSELVES, Answer, DecidedBy, WithdrawnBecause
from consent.wording import title_of
from identity.protected import of_protected
from ui.formatting import LONDON, prose_date, prose_time

#: What the part about the effect is called, by the answer.
_DOES = {Answer.REFUSES: "What stops", Answer.CONSENTS: "What this allows"}
_BY_MISTAKE = {
    WithdrawnBecause.IN_ERROR: "It was taken back because we recorded it by mistake.",
    WithdrawnBecause.NOT_VERIFIED: "It was taken back because we could not verify that it was you "
    "who asked for it on our public form.",
}
#: Whose decision it was, where it was not theirs: to follow "It was decided by".
_DECIDERS = {
    DecidedBy.PARENT: "somebody with parental responsibility",
    DecidedBy.ATTORNEY: "a registered attorney for health and welfare",
    DecidedBy.DEPUTY: "a deputy appointed by the Court of Protection",
    DecidedBy.BEST_INTERESTS: "a best-interests decider",
}


@of_protected(
    keep=("reference", "salutation", "written", "subject", "opening", "warning", "parts"),
    empty=("addressee", "address", "sender", "ring"),
)
@dataclass(frozen=True, slots=True, repr=False)
class LetterContent:
    """A letter, part by part. ``address`` is empty where its desk is to write it on by hand.

    ``parts`` are headings with their sentences. ``warning`` stands first where the choice came by
    the public form and nobody has verified it.
    """

    reference: str
    sender: str
    ring: str
    addressee: str
    address: tuple[str, ...]
    written: str
    salutation: str
    subject: str
    opening: tuple[str, ...]
    warning: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]

    def as_bytes(self) -> bytes:
        """As it is sealed, and as the typesetter reads it."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def of_bytes(cls, content: bytes) -> LetterContent:
        """What :meth:`as_bytes` wrote."""
        told = json.loads(content)
        return cls(
            **{
                **told,
                "address": tuple(told["address"]),
                "opening": tuple(told["opening"]),
                "parts": tuple((title, tuple(said)) for title, said in told["parts"]),
            }
        )


def compose(choice: Choice, *, address: tuple[str, ...], sender: Sender, on: date) -> LetterContent:
    """The letter about a choice, with its resident, council and recorder read."""
    resident = choice.resident
    name = " ".join(filter(None, (resident.given_names, resident.family_name)))
    to_parent = choice.decided_by == DecidedBy.PARENT
    effect = _effect(choice, name if to_parent else "")
    own = choice.decided_by in {*THEMSELVES, ""}
    polite = " ".join(filter(None, (resident.title, resident.family_name)))
    return LetterContent(
        reference=choice.reference,
        sender=sender.name,
        ring=sender.phone,
        addressee=f"The parent or guardian of {name}" if to_parent else name,
        address=address,
        written=prose_date(on),
        salutation="Dear parent or guardian"
        if to_parent
        else f"Dear {polite if resident.title else name}",
        subject=f"What was recorded about your choice: {title_of(choice.kind)}"
        if not to_parent
        else f"What was recorded about {name}: {title_of(choice.kind)}",
        opening=_opening(choice, effect, own=own),
        warning=_warning(sender) if choice.provisional else "",
        parts=_parts(choice, effect, sender, to_parent=to_parent),
    )


@dataclass(frozen=True, slots=True)
class Sender:
    """The organisation that a letter is from. ``phone`` may be empty."""

    name: str
    phone: str

    @property
    def ring(self) -> str:
        """Whom to ring, to follow a verb."""
        if self.phone:
            return f"ring {self.name} on {self.phone}"
        return f"ring {self.name}"


def _effect(choice: Choice, child: str) -> Effect:
    """What it does, said to the resident; of a ``child`` (their name), said to the parent."""
    said = effect_of(
        choice.kind,
        choice.answer,
        council=choice.council.name if choice.council else "",
        asks_first=asks_first(choice.council_id),
    )

    def told(words: str) -> str:
        if not child:
            return to_you(words)
        # The name is put in last: it is nobody's pattern.
        return (
            words.replace("The resident", "\0").replace("the resident", "\0").replace("\0", child)
        )

    return said.said(told)


def _opening(choice: Choice, effect: Effect, *, own: bool) -> tuple[str, ...]:
    day = prose_date(choice.recorded_at)
    said = [
        f"This letter confirms what was recorded on {day}. Its reference is {choice.reference}."
    ]
    if own:
        said.append(effect.says)
    else:
        what = effect.says[:1].lower() + effect.says[1:]
        decider = _DECIDERS[DecidedBy(choice.decided_by)]
        said.append(f"It was decided by {decider}, on behalf of who it is about: {what}")
    if choice.withdrawn_because in _BY_MISTAKE:
        said.append(_BY_MISTAKE[WithdrawnBecause(choice.withdrawn_because)])
    return tuple(said)


def _warning(sender: Sender) -> str:
    return (
        "This was asked for on our public form, in your name. If this was not you, "
        f"{sender.ring}, and we will put it right. It already holds while we check it."
    )


def _parts(
    choice: Choice, effect: Effect, sender: Sender, *, to_parent: bool
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    since = choice.effective_from
    later = since.astimezone(LONDON).date() > choice.recorded_at.astimezone(LONDON).date()
    when = (
        f"It holds from {prose_date(since)}. Until then what holds now goes on."
        if later
        else f"It has held since {prose_time(since)}."
    )
    parts = (
        (_DOES.get(Answer(choice.answer), "What changes"), effect.does),
        ("Who this is for", (effect.for_whom,)),
        ("From when", (when, "Nothing already read or printed can be called back.")),
        ("What does not change", effect.keeps),
        ("How support may be limited" if to_parent else "How your support may be limited",
         effect.limits),
        ("Who to talk to", (effect.talk_to,)),
        (
            "If this is wrong, or you change your mind",
            (
                "You can change this at any time.",
                f"If this is not what was said, {sender.ring}. Have the reference ready.",
            ),
        ),
    )  # fmt: skip
    return tuple((title, said) for title, said in parts if said)
