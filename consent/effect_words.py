"""The words of effect: what each answer does, one table, in whole sentences.

They follow the council's notice and the rule (``access/rules.py``, R3.1 to R3.4): they promise what
the database does and no more. Whoever changes a word changes :data:`VERSION` too, because every
choice keeps the version of the words that were given when it was made.

``{council}`` is the council's name; ``{default}`` what holds where nobody has answered it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from consent.vocabulary import Answer, Kind

#: The version of every word below, kept with each choice as its ``explanation``.
VERSION = "2026-11-22.2"

#: Where nobody has answered a council: by its setting in the registry.
SHARED_UNLESS_REFUSED = (
    "the information is shared with staff directly involved in their care, unless they opted out "
    "of Connect Care"
)
SHARED_ONLY_AFTER_YES = (
    "the information is not shared: {council} shares it only after the resident has agreed"
)

#: The trust that hosts Connect Care, by its name in the registry.
HOST_TRUST = "Lewisham and Greenwich NHS Trust"
_TEAM = f"the Connect Care team at {HOST_TRUST}"
_NATIONAL = (
    "The national data opt-out, which is about research and planning, is another choice and is "
    "not changed."
)
_CARE = (
    "Care goes on: nobody is refused care or support because of this, and letters, appointments "
    "and referrals go on as before."
)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one answer to one kind of choice does, each part in whole sentences.

    ``says`` is the answer in one sentence; ``does`` what stops or begins; ``for_whom`` it does;
    ``from_when``; ``keeps`` what does not change; ``limits`` how support may be limited (empty
    where it is not); ``talk_to`` who explains more.
    """

    says: str
    does: tuple[str, ...]
    for_whom: str
    from_when: str
    keeps: tuple[str, ...]
    limits: tuple[str, ...]
    talk_to: str

    def said(self, told: Callable[[str], str]) -> Effect:
        """The same with each sentence that speaks of the resident told in another way."""
        return replace(
            self,
            says=told(self.says),
            does=tuple(map(told, self.does)),
            for_whom=told(self.for_whom),
            keeps=tuple(map(told, self.keeps)),
            limits=tuple(map(told, self.limits)),
            talk_to=told(self.talk_to),
        )


def _sentences(text: str) -> tuple[str, ...]:
    """What is told, one after another: paragraphs parted by an empty line."""
    return tuple(" ".join(part.split()) for part in text.strip().split("\n\n"))


_AT_ONCE = (
    "From the moment it is confirmed, for every page opened after that. Nothing already read or "
    "printed can be called back."
)
_NOTHING_CHANGES = "Nothing changes, so there is no date."


def _taken_back(says: str, default: str, talk_to: str) -> Effect:
    """An answer is taken back: the one before it, or the default, holds again."""
    return Effect(
        says=says,
        does=(
            "That answer no longer counts, as if it had not been said. It stays in the history.",
            f"What was said before it about the same question holds again. {default}",
        ),
        for_whom="For staff directly involved in the resident's care.",
        from_when=_AT_ONCE,
        keeps=("Their other choices stay as they are.", _CARE, _NATIONAL),
        limits=(),
        talk_to=talk_to,
    )


EFFECTS: Mapping[tuple[Kind, Answer], Effect] = {
    (Kind.CONNECT_CARE, Answer.REFUSES): Effect(
        says="The resident opts out of Connect Care as a whole.",
        does=_sentences(
            """
            Their Connect Care record closes. It shows no health or social care
            information from any organisation.

            Nobody can open it by giving a reason, in an emergency either. Only
            the law, in a single case decided by two privacy officers, could.

            Their address and phone number are not shown. Their NHS number is
            shown only to staff who already have it.
            """
        ),
        for_whom="For everyone who uses Connect Care, in every organisation.",
        from_when=_AT_ONCE,
        keeps=(
            _CARE,
            *_sentences(
                """
                Staff can still find their name and date of birth, and see that they
                have chosen not to share.

                Each organisation keeps its own records, and staff can still ring
                and write to each other as they do now.

                Their choices about a council's social care information and use of
                the NHS number stay as they are.
                """
            ),
            _NATIONAL,
        ),
        limits=_sentences(
            """
            Staff may not know of allergies, medicines or plans recorded
            elsewhere, and may ask for them again.

            Leaving hospital may take longer, because ward staff cannot see what
            support is in place or whom to ring.
            """
        ),
        talk_to=f"Their GP practice or care team, or {_TEAM}.",
    ),
    (Kind.CONNECT_CARE, Answer.CONSENTS): Effect(
        says="The resident agrees to be on Connect Care. An earlier opt-out ends.",
        does=_sentences(
            """
            Staff who are directly involved in their care can open their Connect
            Care record.

            Each sees only what their role and the sharing agreements allow.
            """
        ),
        for_whom=(
            "For staff directly involved in the resident's care, in every organisation that "
            "takes part."
        ),
        from_when=_AT_ONCE,
        keeps=(
            *_sentences(
                """
                Choices about a council's social care information and use of the NHS
                number stay as they are: what was refused there stays hidden.

                They can opt out again at any time.
                """
            ),
            _NATIONAL,
        ),
        limits=(),
        talk_to=f"Their GP practice or care team, or {_TEAM}.",
    ),
    (Kind.CONNECT_CARE, Answer.NOT_ASKED): Effect(
        says="The resident could not be asked about Connect Care.",
        does=_sentences(
            """
            It is noted that they could not be asked, and why.
            """
        ),
        for_whom="For nobody: what staff see stays as it is.",
        from_when=_NOTHING_CHANGES,
        keeps=(
            *_sentences(
                """
                The answer that was in force before stays in force. If there was
                none, the record is shared with staff directly involved in their
                care.
                """
            ),
            _CARE,
            _NATIONAL,
        ),
        limits=(),
        talk_to=f"Their GP practice or care team, or {_TEAM}.",
    ),
    (Kind.SOCIAL_CARE_SHARING, Answer.REFUSES): Effect(
        says="The resident refuses to let {council} share their social care information.",
        does=_sentences(
            """
            Connect Care stops showing social care information from {council} to
            anyone outside its adult social care.

            Nobody outside can open it by giving a reason. Only the law, in a
            single case decided by two privacy officers, could.
            """
        ),
        for_whom=(
            "For the NHS, out-of-hours services and other councils. Adult social care staff of "
            "{council} who are involved in the resident's care still see it."
        ),
        from_when=_AT_ONCE,
        keeps=(
            _CARE,
            *_sentences(
                """
                Health information from the NHS is still shown to staff directly
                involved in their care.

                Another council's social care information is not changed by this
                choice.
                """
            ),
            _NATIONAL,
        ),
        limits=_sentences(
            """
            Hospital staff cannot see what support is in place or whom to ring,
            so leaving hospital may take longer.

            The resident may have to tell their story again to health staff.
            """
        ),
        talk_to="Their social worker, or {council}'s Contact Centre.",
    ),
    (Kind.SOCIAL_CARE_SHARING, Answer.CONSENTS): Effect(
        says="The resident agrees to let {council} share their social care information.",
        does=_sentences(
            """
            Connect Care shows social care assessments and services from
            {council} to staff outside it who are directly involved in the
            resident's care.

            Each sees only what their role and the sharing agreements allow.
            """
        ),
        for_whom="For health and social care staff directly involved in the resident's care.",
        from_when=_AT_ONCE,
        keeps=(
            *_sentences(
                """
                If the resident has opted out of Connect Care as a whole, or refuses
                {council} the use of the NHS number, the information stays hidden.

                They will be asked again each time they discuss their social care,
                and can refuse.
                """
            ),
            _NATIONAL,
        ),
        limits=(),
        talk_to="Their social worker, or {council}'s Contact Centre.",
    ),
    (Kind.SOCIAL_CARE_SHARING, Answer.NOT_ASKED): Effect(
        says="The resident could not be asked about sharing {council}'s social care information.",
        does=_sentences(
            """
            It is noted that they could not be asked, and why.
            """
        ),
        for_whom="For nobody: what staff see stays as it is.",
        from_when=_NOTHING_CHANGES,
        keeps=(
            *_sentences(
                """
                The answer that was in force before stays in force. If there was
                none, {default}.

                They will be asked the next time they discuss their social care.
                """
            ),
            _CARE,
            _NATIONAL,
        ),
        limits=(),
        talk_to="Their social worker, or {council}'s Contact Centre.",
    ),
    (Kind.NHS_NUMBER, Answer.REFUSES): Effect(
        says="The resident objects to {council} using their NHS number.",
        does=_sentences(
            """
            {council}'s social care information is no longer linked to the
            resident on Connect Care, and is shown to nobody there.

            {council}'s staff can no longer open the resident's Connect Care
            record.

            Connect Care no longer traces or links the resident for {council}.

            What {council} sends about them from then on is stopped and not
            kept.
            """
        ),
        for_whom=(
            "For everyone who uses Connect Care, {council}'s own staff included. They go on "
            "using the council's own system."
        ),
        from_when=_AT_ONCE,
        keeps=(
            _CARE,
            *_sentences(
                """
                Health information from the NHS is still shown to health staff
                directly involved in their care.

                The NHS and other councils go on using the NHS number.
                """
            ),
            _NATIONAL,
        ),
        limits=_sentences(
            """
            The council relies on name, address and date of birth to know who
            they are, so mistakes of identity are likelier.

            Health and social care staff work together more slowly, leaving
            hospital included.
            """
        ),
        talk_to="Their social worker, or {council}'s Contact Centre.",
    ),
    (Kind.NHS_NUMBER, Answer.CONSENTS): Effect(
        says="The resident agrees to {council} using their NHS number. An earlier objection ends.",
        does=_sentences(
            """
            {council}'s social care information is linked to the resident by NHS
            number on Connect Care.

            {council}'s staff who are directly involved in their care can open
            their record.

            If they objected before, {council} is asked to send its information
            again, because it was not kept.
            """
        ),
        for_whom="For staff directly involved in the resident's care.",
        from_when=_AT_ONCE,
        keeps=(
            *_sentences(
                """
                If the resident has opted out of Connect Care, or refuses to let
                {council} share their social care information, that stays so.

                They can object again at any time.
                """
            ),
            _NATIONAL,
        ),
        limits=(),
        talk_to="Their social worker, or {council}'s Contact Centre.",
    ),
    (Kind.NHS_NUMBER, Answer.NOT_ASKED): Effect(
        says="The resident could not be asked about {council} using their NHS number.",
        does=_sentences(
            """
            It is noted that they could not be asked, and why.
            """
        ),
        for_whom="For nobody: what staff see stays as it is.",
        from_when=_NOTHING_CHANGES,
        keeps=(
            *_sentences(
                """
                The answer that was in force before stays in force. If there was
                none, the council uses the NHS number.
                """
            ),
            _CARE,
            _NATIONAL,
        ),
        limits=(),
        talk_to="Their social worker, or {council}'s Contact Centre.",
    ),
    (Kind.CONNECT_CARE, Answer.WITHDRAWN): _taken_back(
        "What was said about Connect Care is taken back.",
        "If nothing was, the record is shared with staff directly involved in their care.",
        f"Their GP practice or care team, or {_TEAM}.",
    ),
    (Kind.SOCIAL_CARE_SHARING, Answer.WITHDRAWN): _taken_back(
        "What was said about sharing {council}'s social care information is taken back.",
        "If nothing was, {default}.",
        "Their social worker, or {council}'s Contact Centre.",
    ),
    (Kind.NHS_NUMBER, Answer.WITHDRAWN): _taken_back(
        "What was said about {council} using their NHS number is taken back.",
        "If nothing was, the council uses the NHS number.",
        "Their social worker, or {council}'s Contact Centre.",
    ),
}
