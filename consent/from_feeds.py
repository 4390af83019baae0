"""Answers that a council's own system brings: whether it may share social care information.

The council asks at each discussion and writes it down there; nobody keys it here again. An answer
counts by the day on which it was asked. One that is older than what is on record changes nothing,
and of two of one day the refusal holds. Runs as the pipeline, in the transaction of the delivery.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import uuid4

from audit import actions as audit
from audit.models import Action
from consent import authority, selectors
from consent.actions import insert, one_at_a_time
from consent.effects import VERSION
from consent.models import Choice
from consent.said import Said
from consent.vocabulary import Answer, Channel, DecidedBy, Identifier, Kind
from organisations.models import Feed
from ui.formatting import LONDON

#: What a link by a verified number has compared, exactly.
LINKED_BY = (Identifier.NAME, Identifier.BIRTH_DATE, Identifier.NHS_NUMBER)


class Taken(StrEnum):
    """What became of an answer."""

    RECORDED = "recorded"
    KNOWN = "known"
    OLDER = "older"


class NotTaken(Exception):
    """An answer that a person has to look at. The message says why, and names nobody."""


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """What a resident answered when their council asked, as its system has it."""

    resident_id: int
    agrees: bool
    asked_on: date
    by_verified_number: bool

    @property
    def answer(self) -> Answer:
        """As it is recorded."""
        return Answer.CONSENTS if self.agrees else Answer.REFUSES


@dataclass(frozen=True, slots=True)
class _Council:
    """For whom the choices are read: the council of the feed."""

    organisation_id: int
    organisation_kind: str


def on_record(feed: Feed, residents: Iterable[int]) -> set[tuple[int, str, date]]:
    """The (resident, answer, day) that a feed has brought before, for residents of one delivery."""
    told = Choice.objects.filter(recorded_by_feed=feed, resident__in=list(residents))
    return {
        (resident, answer, asked_on)
        for resident, answer, asked_on in told.values_list("resident", "answer", "asked_on")
        if asked_on is not None
    }


def take_answer(said: FeedAnswer, *, feed: Feed) -> Taken:
    """Record an answer that a council's feed brings, if it is newer than what is on record.

    :raises NotTaken: if a rule of :mod:`consent.authority` stands against it, or the day on which
        it was asked has not come.
    """
    council = _Council(feed.organisation_id, feed.organisation.kind)
    one_at_a_time(said.resident_id)
    if said.asked_on > selectors.today():
        raise NotTaken("Sharing_Asked_On: a day that has not come")
    told = [
        each
        for each in selectors.history(said.resident_id, council)
        if each.kind == Kind.SOCIAL_CARE_SHARING and each.answer != Answer.NOT_ASKED
    ]
    if any(each.asked_on == said.asked_on and each.answer == said.answer for each in told):
        return Taken.KNOWN
    newest = max((_day_of(each) for each in told), default=None)
    if newest is not None and (
        said.asked_on < newest or (said.asked_on == newest and said.answer != Answer.REFUSES)
    ):
        return Taken.OLDER
    _record(said, feed, council)
    return Taken.RECORDED


def _day_of(choice: Choice) -> date:
    """The day on which an answer was given: when it was asked, else when it was recorded here."""
    return choice.asked_on or choice.recorded_at.astimezone(LONDON).date()


def _record(answer: FeedAnswer, feed: Feed, council: _Council) -> None:
    said = Said(
        kind=Kind.SOCIAL_CARE_SHARING,
        answer=answer.answer,
        council=council.organisation_id,
        channel=Channel.COUNCIL_SYSTEM,
        decided_by=DecidedBy.RESIDENT,
        # Nobody read these words out; the letter that confirms the answer tells them.
        explanation=VERSION,
        identity_checked=LINKED_BY if answer.by_verified_number else (),
    )
    why_not = authority.objection(said, selectors.before(answer.resident_id, council, said))
    # Who has no verified number is known by the council's own case number: nobody else's record.
    if why_not is not None and why_not.rule != "C9":
        raise NotTaken(f"The sharing answer: {why_not.words}")
    choice = Choice(
        resident_id=answer.resident_id,
        kind=said.kind,
        council_id=said.council,
        answer=said.answer,
        decided_by=said.decided_by,
        channel=said.channel,
        identity_checked=sorted(said.identity_checked),
        explanation=said.explanation,
        recorded_by_feed=feed,
        asked_on=answer.asked_on,
        submission=uuid4(),
    )
    insert(choice)
    audit.record(
        Action.CHOICE_RECORDED,
        reason=said.answer,
        resident_id=answer.resident_id,
        organisation_id=feed.organisation_id,
        organisation_name=feed.organisation.name,
        detail={
            "choice": choice.pk,
            "reference": choice.reference,
            "kind": said.kind,
            "council": said.council,
            "answer": said.answer,
            "decided_by": said.decided_by,
            "channel": said.channel,
            "identity_checked": list(said.identity_checked),
            "explanation": said.explanation,
            "asked_on": answer.asked_on.isoformat(),
            "feed": feed.pk,
        },
    )
