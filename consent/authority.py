"""Who may decide, and who may lift a refusal: pure rules over values, each with its id.

A refusal needs no more than that whoever decides may decide. Lifting one needs authority: a
message does not carry it, a parent does not overrule a child who understands, and nobody who
decides in somebody's best interests overrules what that person refused while able to.

Sources: Mental Capacity Act 2005, sections 1 to 4 (capacity is decision by decision, and past
wishes count), 6(6) and 9 to 11 (attorneys and deputies stand before best interests), 16; Gillick v
West Norfolk [1985] (a child who understands decides); the Bexley notice (the resident may refuse).
docs/adr/0015 says what was weighed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from consent.said import Said
from consent.vocabulary import (
    ASSESSED,
    FEWEST_IDENTIFIERS,
    THEMSELVES,
    Answer,
    DecidedBy,
    NotAskedReason,
    Relayer,
    WithdrawnBecause,
)

#: A resident decides for themselves, and a parent's choice is asked again, from this age.
ADULT_IN_CARE = 16
#: A lasting power of attorney is made by adults (Mental Capacity Act 2005, section 9).
ADULT = 18

#: From what age, and until before what age, each may decide.
AGES: Mapping[DecidedBy, tuple[int, int]] = {
    DecidedBy.RESIDENT: (ADULT_IN_CARE, 200),
    DecidedBy.COMPETENT_CHILD: (0, ADULT_IN_CARE),
    DecidedBy.PARENT: (0, ADULT_IN_CARE),
    DecidedBy.ATTORNEY: (ADULT, 200),
    DecidedBy.DEPUTY: (ADULT_IN_CARE, 200),
    DecidedBy.BEST_INTERESTS: (ADULT_IN_CARE, 200),
}

_OWN = frozenset({DecidedBy.RESIDENT, DecidedBy.ATTORNEY, DecidedBy.DEPUTY})

#: Who may lift the refusal of each.
LIFTED_BY: Mapping[DecidedBy, frozenset[DecidedBy]] = {
    DecidedBy.RESIDENT: _OWN,
    DecidedBy.COMPETENT_CHILD: _OWN | {DecidedBy.COMPETENT_CHILD},
    DecidedBy.PARENT: frozenset(DecidedBy),
    DecidedBy.ATTORNEY: _OWN,
    DecidedBy.DEPUTY: _OWN,
    DecidedBy.BEST_INTERESTS: _OWN | {DecidedBy.BEST_INTERESTS},
}


@dataclass(frozen=True, slots=True)
class Before:
    """What an answer meets: what was in force at the moment from which it is to hold.

    ``refused_by`` are the deciders of all refusals that it would lift: those said since the last
    agreement, or the one that is to be taken back. ``by_setting`` says that nobody answered and
    the council shares only after a yes. ``taken_back`` and ``taken_back_is_provisional`` tell of
    the answer that is to be taken back. ``age`` is the resident's in whole years, if known.
    """

    refused_by: tuple[str, ...] = ()
    by_setting: bool = False
    taken_back: str = ""
    taken_back_is_provisional: bool = False
    age: int | None = None


@dataclass(frozen=True, slots=True)
class Objection:
    """A rule that stands against recording something, and why, in words for the recorder."""

    rule: str
    words: str


Rule = Callable[[Said, Before], str | None]


def age_on(born: date | None, day: date) -> int | None:
    """Whole years; who is born on 29 February is a year older on 1 March. ``None`` if not known."""
    if born is None:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def review_on(born: date | None, decided_by: str) -> date | None:
    """The day on which a parent's choice is asked again: the sixteenth birthday."""
    if born is None or decided_by != DecidedBy.PARENT:
        return None
    try:
        return born.replace(year=born.year + ADULT_IN_CARE)
    except ValueError:  # 29 February, sixteen years before a century that is no leap year
        return date(born.year + ADULT_IN_CARE, 2, 28)


def may_decide(age: int | None) -> tuple[DecidedBy, ...]:
    """Who may decide for a resident of an age; all where it is not known."""
    return tuple(who for who, (first, end) in AGES.items() if age is None or first <= age < end)


def lifts(said: Said, before: Before) -> bool:
    """Whether it would end a refusal: one that was said, or that of a council's setting."""
    if said.nobody_decided:
        return False
    if said.answer == Answer.CONSENTS:
        return bool(before.refused_by) or before.by_setting
    return said.answer == Answer.WITHDRAWN and before.taken_back == Answer.REFUSES


def decider_fits_age(said: Said, before: Before) -> str | None:
    """C1 Who decides fits the resident's age.

    From 16 the resident; before that the child who understands, or a parent. An attorney acts for
    adults. Where the birth date is not known, the evidence alone speaks.
    """
    if said.nobody_decided or before.age is None:
        return None
    if said.decided_by in may_decide(before.age):
        return None
    return (
        "From 16 the resident decides, or whoever decides for them if they cannot."
        if before.age >= ADULT_IN_CARE
        else "Under 16 the child decides if they understand, or someone with parental "
        "responsibility."
    )


def decider_shows_authority(said: Said, before: Before) -> str | None:
    """C2 Whoever decides for somebody else is named, with the evidence of it that was seen."""
    if said.nobody_decided or said.decided_by in THEMSELVES:
        return None
    if said.decided_by not in DecidedBy.values:
        return "Say whose decision it is."
    if said.decider_name and said.authority_seen:
        return None
    return "Name who decided for the resident, and the evidence that was seen."


def capacity_was_assessed(said: Said, before: Before) -> str | None:
    """C3 Who decides for an adult, and a child who decides, does so after somebody assessed it.

    Capacity is assessed for this decision, not once for all (Mental Capacity Act 2005, section 2).
    """
    if said.decided_by in ASSESSED and not said.assessment:
        return "Say who assessed whether the resident can decide this, and when."
    return None


def reason_is_given(said: Said, before: Before) -> str | None:
    """C4 Where nobody could be asked, it is said why."""
    if said.answer == Answer.NOT_ASKED and said.not_asked_reason not in NotAskedReason.values:
        return "Say why the resident could not be asked."
    return None


def relayer_is_named(said: Said, before: Before) -> str | None:
    """C5 Whoever passed it on is named, with what they are to the resident."""
    if bool(said.relayed_by) != (said.relayer in Relayer.values):
        return "Name who passed it on, and say what they are to the resident."
    return None


def a_message_lifts_nothing(said: Said, before: Before) -> str | None:
    """C6 A refusal is lifted only by who decides, heard from themselves: never by a message."""
    if said.relayed_by and lifts(said, before):
        return "A refusal is not lifted by a message. Hear it from the person whose decision it is."
    return None


def only_authority_lifts(said: Said, before: Before) -> str | None:
    """C7 A refusal is lifted by the resident, or by who has the authority (``LIFTED_BY``).

    A parent does not lift what a child decided who understood it; who decides in somebody's best
    interests does not lift what the resident, an attorney or a deputy refused.
    """
    if not lifts(said, before):
        return None
    for refuser in before.refused_by:
        if said.decided_by not in LIFTED_BY[DecidedBy(refuser)]:
            whose = DecidedBy(refuser).label
            return (
                f"This was refused by: {whose.lower()}. {DecidedBy(said.decided_by).label} may "
                "not lift it."
            )
    return None


def taken_back_safely(said: Said, before: Before) -> str | None:
    """C8 Without a decision only an agreement recorded by mistake is taken back.

    Or a provisional opt-out that turned out not to be the resident's. Taking back a refusal is
    lifting it (C6, C7).
    """
    if said.answer != Answer.WITHDRAWN:
        return None
    if before.taken_back not in (Answer.CONSENTS, Answer.REFUSES):
        return "Only an agreement or a refusal can be taken back."
    if said.withdrawn_because == WithdrawnBecause.IN_ERROR and before.taken_back != Answer.CONSENTS:
        return "A refusal is not taken back as a mistake. Ask the resident what they want."
    if (
        said.withdrawn_because == WithdrawnBecause.NOT_VERIFIED
        and not before.taken_back_is_provisional
    ):
        return "Only a provisional opt-out is taken back because it was not verified."
    return None


def one_is_known(said: Said, before: Before) -> str | None:
    """C9 Three identifiers at least were compared, unless nobody decided anything."""
    if said.nobody_decided or len(set(said.identity_checked)) >= FEWEST_IDENTIFIERS:
        return None
    return "Check at least three details with the person first."


#: All of them, in the order in which they are asked; the first objection is said.
RULES: tuple[Rule, ...] = (
    reason_is_given,
    decider_shows_authority,
    decider_fits_age,
    capacity_was_assessed,
    relayer_is_named,
    taken_back_safely,
    a_message_lifts_nothing,
    only_authority_lifts,
    one_is_known,
)


def objection(said: Said, before: Before) -> Objection | None:
    """The first rule that stands against recording this, or ``None``."""
    for rule in RULES:
        words = rule(said, before)
        if words is not None:
            return Objection((rule.__doc__ or "").split(" ", 1)[0], words)
    return None
