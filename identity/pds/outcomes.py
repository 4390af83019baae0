"""What an answer of the Personal Demographics Service means: exactly one outcome each.

Pure: a status and a body in, an outcome out. The codes are those of ``details.coding[0].code`` in
an OperationOutcome (Spine-ErrorOrWarningCode); its ``diagnostics`` may repeat what was asked and
is never read. A status alone decides nothing: "too many matches" comes with 200, and a gateway's
404 is not "nobody has this number".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from identity.models import Protection
from identity.nhs_number import InvalidNhsNumber, NhsNumber
from identity.pds import parsing
from identity.pds.comparing import Comparison, Evidence, Held, Verdict, compare
from identity.pds.demographics import Demographics


class OutcomeKind(StrEnum):
    """The outcomes by the words under which they are kept."""

    AGREEING = "agreeing"
    DISAGREEING = "disagreeing"
    SUPERSEDED = "superseded"
    INVALIDATED = "invalidated"
    RESTRICTED = "restricted"
    VERY_RESTRICTED = "very-restricted"
    ONE = "one"
    MANY = "many"
    NONE = "none"
    MALFORMED = "malformed"
    NOT_NOW = "not-now"
    NOT_SENT = "not-sent"


class Malformation(StrEnum):
    """Why an answer, or PDS's view of our question, is malformed."""

    UNREADABLE = "unreadable"
    """Not JSON, or not the resource that it should be."""
    NUMBER_FAILS_CHECK = "number-fails-check"
    """The NHS number in the answer is none, or two in it differ."""
    QUESTION_REFUSED = "question-refused"
    """PDS cannot take the question as it stands (400): asking again changes nothing."""
    UNEXPECTED = "unexpected"
    """Readable, and nothing that the contract has."""


class Delay(StrEnum):
    """Why there is no answer now. Nothing was learned about the resident."""

    RATE = "rate"
    """The agreed rate is used up, here or (429) at the service."""
    CIRCUIT = "circuit"
    """The service failed lately; nobody asks until it has had a rest."""
    DOWN = "down"
    """It did not answer, or with a fault of its own, however often it was asked."""
    ACCESS_REFUSED = "access-refused"
    """It does not let this installation in (401, 403, or no token): its operator has to look."""
    BROKER_DOWN = "broker-down"
    """The Redis that keeps the rate cannot be asked, and without it nothing is sent."""


@dataclass(frozen=True, slots=True, repr=False)
class Agreeing:
    """Found by its number, and all that was compared agrees."""

    kind: ClassVar[OutcomeKind] = OutcomeKind.AGREEING
    demographics: Demographics
    comparison: Comparison


@dataclass(frozen=True, slots=True, repr=False)
class Disagreeing:
    """Found, and what was compared disagrees, or agrees only inexactly: for a person to decide."""

    kind: ClassVar[OutcomeKind] = OutcomeKind.DISAGREEING
    demographics: Demographics
    comparison: Comparison


@dataclass(frozen=True, slots=True, repr=False)
class Superseded:
    """The number asked for was replaced; ``demographics`` is the record that replaced it.

    It may be protected: look at ``demographics.protection``. Of a very restricted one nothing
    can be compared.
    """

    kind: ClassVar[OutcomeKind] = OutcomeKind.SUPERSEDED
    asked: NhsNumber
    demographics: Demographics
    comparison: Comparison


@dataclass(frozen=True, slots=True, repr=False)
class Restricted:
    """A protected person (``R``): the place is absent, which never blanks what we hold."""

    kind: ClassVar[OutcomeKind] = OutcomeKind.RESTRICTED
    demographics: Demographics
    comparison: Comparison


@dataclass(frozen=True, slots=True, repr=False)
class VeryRestricted:
    """A very restricted person (``V``), without name and birth date: nothing is verified."""

    kind: ClassVar[OutcomeKind] = OutcomeKind.VERY_RESTRICTED
    demographics: Demographics


@dataclass(frozen=True, slots=True, repr=False)
class Invalidated:
    """The number's record was invalidated, and nothing replaced it: stop using the number."""

    kind: ClassVar[OutcomeKind] = OutcomeKind.INVALIDATED


@dataclass(frozen=True, slots=True, repr=False)
class OneMatch:
    """A search found one person. Retrieve by the number and compare before believing it."""

    kind: ClassVar[OutcomeKind] = OutcomeKind.ONE
    demographics: Demographics


@dataclass(frozen=True, slots=True, repr=False)
class Many:
    """A search found more than one person."""

    kind: ClassVar[OutcomeKind] = OutcomeKind.MANY


@dataclass(frozen=True, slots=True, repr=False)
class NoMatch:
    """Nobody has this number, or a search found nobody."""

    kind: ClassVar[OutcomeKind] = OutcomeKind.NONE


@dataclass(frozen=True, slots=True, repr=False)
class Malformed:
    """The answer cannot be used as it is, or the question could not."""

    kind: ClassVar[OutcomeKind] = OutcomeKind.MALFORMED
    why: Malformation


@dataclass(frozen=True, slots=True, repr=False)
class NotNow:
    """No answer now: ask again later, with the same request id. ``after`` is in seconds."""

    kind: ClassVar[OutcomeKind] = OutcomeKind.NOT_NOW
    why: Delay
    after: float | None = None


@dataclass(frozen=True, slots=True, repr=False)
class NotSent:
    """Whoever asked no longer wanted it sent at the moment of sending. PDS was told nothing."""

    kind: ClassVar[OutcomeKind] = OutcomeKind.NOT_SENT


Retrieved = (
    Agreeing | Disagreeing | Superseded | Restricted | VeryRestricted
    | Invalidated | NoMatch | Malformed | NotNow | NotSent
)  # fmt: skip
Searched = OneMatch | Many | NoMatch | Malformed | NotNow | NotSent

_OK, _BAD_REQUEST, _NOT_FOUND, _TIMED_OUT, _TOO_MANY = 200, 400, 404, 408, 429
_REFUSED = frozenset({401, 403})
_FAULTS = range(500, 600)


def read_retrieval(
    status: int, body: bytes, *, asked: NhsNumber, held: Held, by: Evidence, test_ranges: bool
) -> Retrieved:
    """What the answer to ``GET /Patient/{number}`` means for the person whom we hold.

    :param by: how we came by the number: held for them, or found by a search.
    :param test_ranges: whether numbers of made-up people are numbers here.
    """
    answer = _read(status, body, test_ranges=test_ranges)
    if isinstance(answer, Demographics):
        return _judge(answer, asked=asked, held=held, by=by)
    if isinstance(answer, parsing.Hits):
        return Malformed(Malformation.UNEXPECTED)
    if isinstance(answer, parsing.Problem):
        return _problem(status, answer.code)
    return answer


def read_search(status: int, body: bytes, *, test_ranges: bool) -> Searched:
    """What the answer to ``GET /Patient?…`` means."""
    answer = _read(status, body, test_ranges=test_ranges)
    if isinstance(answer, parsing.Hits):
        if answer.total == 0 and not answer.people:
            return NoMatch()
        if answer.total > 1 or len(answer.people) > 1:
            return Many()
        return OneMatch(answer.people[0]) if answer.people else Malformed(Malformation.UNEXPECTED)
    if isinstance(answer, Demographics):
        return Malformed(Malformation.UNEXPECTED)
    if isinstance(answer, parsing.Problem):
        if status == _OK and answer.code == "TOO_MANY_MATCHES":
            return Many()
        found = _problem(status, answer.code)
        # A search never answers that a number does not exist.
        return found if isinstance(found, Malformed) else Malformed(Malformation.UNEXPECTED)
    return answer


def _judge(said: Demographics, *, asked: NhsNumber, held: Held, by: Evidence) -> Retrieved:
    comparison = compare(held, said, by=by)
    if said.number != asked:
        return Superseded(asked, said, comparison)
    if said.protection == Protection.VERY_RESTRICTED:
        return VeryRestricted(said)
    if said.protection == Protection.RESTRICTED:
        return Restricted(said, comparison)
    if comparison.verdict is Verdict.AGREEING:
        return Agreeing(said, comparison)
    return Disagreeing(said, comparison)


def _read(
    status: int, body: bytes, *, test_ranges: bool
) -> Demographics | parsing.Hits | parsing.Problem | NotNow | Malformed:
    """The body, where the status has one that says something of a person."""
    if status in _REFUSED:
        return NotNow(Delay.ACCESS_REFUSED)
    if status == _TOO_MANY:
        return NotNow(Delay.RATE)
    if status == _TIMED_OUT or status in _FAULTS:
        return NotNow(Delay.DOWN)
    if status not in (_OK, _BAD_REQUEST, _NOT_FOUND):
        return Malformed(Malformation.UNEXPECTED)
    try:
        answer = parsing.read(body, test_ranges=test_ranges)
    except InvalidNhsNumber:
        return Malformed(Malformation.NUMBER_FAILS_CHECK)
    except parsing.Contradictory:
        return Malformed(Malformation.NUMBER_FAILS_CHECK)
    except parsing.Unreadable:
        return Malformed(Malformation.UNREADABLE)
    if status != _OK and not isinstance(answer, parsing.Problem):
        return Malformed(Malformation.UNEXPECTED)
    return answer


def _problem(status: int, code: str) -> NoMatch | Invalidated | Malformed:
    if status == _NOT_FOUND and code == "RESOURCE_NOT_FOUND":
        return NoMatch()
    if status == _NOT_FOUND and code == "INVALIDATED_RESOURCE":
        return Invalidated()
    if status == _BAD_REQUEST:
        return Malformed(Malformation.QUESTION_REFUSED)
    return Malformed(Malformation.UNEXPECTED)
