"""What the pages of a referral say: where it stands, its history, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from discharge.models import Step
from discharge.referrals import ReferralSeen, StepSeen
from identity.presenters import PersonShown, person
from identity.selectors import ResidentSeen
from identity.vital import born
from identity.vital_words import partial_date
from ui.formatting import prose_date


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of the history: what, who, when, and what was said with it."""

    title: str
    who: str
    at: datetime
    said: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ReferralLine:
    """A referral in a list: about whom, between whom, and where it stands in words."""

    id: UUID
    reference: str
    person: str
    between: str
    stands: str
    latest: datetime
    waits: bool
    side: str


@dataclass(frozen=True, slots=True)
class ReferralPage:
    """One referral: whom it is about, where it stands, what to do, and its history.

    ``next`` tells the reader's side what to do; ``ring`` whom to ring. ``may`` names the steps
    that the reader's side may take now. ``closed``: a choice keeps the record shut from the reader.
    """

    id: UUID
    reference: str
    person: PersonShown
    sender: str
    recipient: str
    stands: str
    next: str
    ring: str
    expected: str
    needs: str
    phone: str
    told: str
    may: tuple[Step, ...]
    after: int
    closed: bool
    history: tuple[StepLine, ...]


def whom(who: ResidentSeen, *, closed: bool) -> PersonShown:
    """Whom a referral is about. Where a choice keeps the record shut: name and birth date alone."""
    shown = person(who)
    if not closed:
        return shown
    return replace(shown, born=partial_date(born(who)), sex="", nhs_number="", postcode="", died="")


def line(referral: ReferralSeen, who: ResidentSeen, *, at: datetime) -> ReferralLine:
    """A referral for a list, as of a moment."""
    return ReferralLine(
        id=referral.id,
        reference=referral.reference,
        person=person(who).name,
        between=_to(referral) if referral.side == "sender" else f"From {_sender(referral)}",
        stands=_stands(referral, at),
        latest=referral.latest,
        waits=referral.side == "recipient" and referral.waits(at),
        side=referral.side,
    )


def page(referral: ReferralSeen, who: ResidentSeen, *, at: datetime) -> ReferralPage:
    """A referral in full, as of a moment."""
    asked = referral.asked
    return ReferralPage(
        id=referral.id,
        reference=referral.reference,
        person=whom(who, closed=referral.closed),
        sender=_sender(referral),
        recipient=_recipient(referral),
        stands=_stands(referral, at),
        next=_next(referral, at),
        ring=_ring(referral),
        expected=prose_date(asked.expected) if asked.expected else "Not known yet",
        needs=asked.needs,
        phone=asked.phone,
        told=asked.told,
        may=_may(referral, at),
        after=referral.after,
        closed=referral.closed,
        history=tuple(_step(each) for each in reversed(referral.steps)),
    )


def _sender(referral: ReferralSeen) -> str:
    return ", ".join(part for part in (referral.sender_team, referral.sender) if part)


def _recipient(referral: ReferralSeen) -> str:
    return ", ".join(part for part in (referral.recipient_team, referral.recipient) if part)


def _to(referral: ReferralSeen) -> str:
    return f"To {_recipient(referral)}"


def _stands(referral: ReferralSeen, at: datetime) -> str:
    """Where it stands, in words that both sides read."""
    if referral.waits(at):
        return "Not acknowledged yet"
    if not referral.is_open(at) and referral.stands in (Step.SENT, Step.UPDATED):
        return "Over: nobody acknowledged it"
    if not referral.is_open(at) and referral.stands is Step.ACKNOWLEDGED:
        return f"Acknowledged, and over since {prose_date(referral.until)}"
    return str(referral.stands.label)


def _next(referral: ReferralSeen, at: datetime) -> str:
    """What the reader's side does now."""
    if referral.side == "recipient":
        if referral.waits(at):
            return (
                "Acknowledge it when your team has it in its own system, or decline it. "
                "Nobody else of the council is asked."
            )
        if referral.is_open(at):
            return "Your team has it. The ward is told of nothing more from here: ring them."
        return "It is over. Nothing is asked of your team."
    if referral.waits(at):
        return "Nobody has acknowledged it. Until somebody does, do not rely on it: ring."
    if referral.stands is Step.DECLINED:
        return "The team does not take it. Read why below, and ring, or refer to another team."
    if referral.is_open(at):
        return "The team has it. Update it when anything changes; withdraw it if it is not needed."
    return "It is over. Refer again if support is needed."


def _ring(referral: ReferralSeen) -> str:
    """Whom the ward rings; a team rings the ward's own number, which stands with what is asked."""
    if referral.side != "sender":
        return ""
    if referral.protected:
        return "Ring the privacy officer of your organisation, who will have the team ring you."
    numbers = [
        f"{who} {phone.replace(' ', chr(160))}"
        for who, phone in (
            ("the team", referral.team_phone),
            ("the council’s duty desk", referral.duty_phone),
            ("at night and at weekends", referral.out_of_hours_phone),
        )
        if phone
    ]
    return f"Ring {', '.join(numbers)}." if numbers else "Ring the council’s duty desk."


def _may(referral: ReferralSeen, at: datetime) -> tuple[Step, ...]:
    if not referral.is_open(at):
        return ()
    if referral.side == "sender":
        return (Step.WITHDRAWN,) if referral.protected else (Step.UPDATED, Step.WITHDRAWN)
    return (Step.ACKNOWLEDGED, Step.DECLINED) if referral.waits(at) else ()


def _step(step: StepSeen) -> StepLine:
    said = (
        ("Reason", step.because),
        (
            "Expected to leave",
            (prose_date(step.expected) if step.expected else "Not known yet") if step.told else "",
        ),
        ("What is asked for", step.needs),
        ("Ward’s number", step.phone),
        ("The person knows", step.told),
    )
    return StepLine(
        title=str(step.step.label),
        who=", ".join(part for part in (step.by, step.role) if part),
        at=step.at,
        said=tuple((label, words) for label, words in said if words),
    )
