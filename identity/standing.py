"""How far an NHS number is verified, in the eight statuses of the NHS Data Dictionary.

Which event gives which, for a number that somebody has (:class:`identity.numbers.ResidentNhsNumber`
keeps each with its moment and on whose word the number is theirs), and for somebody whom a source
sent with no number, whose traces are kept and say it:

=====  =============================================  ==========================================
       a number that is held                          somebody sent, with or without a number
=====  =============================================  ==========================================
01     the answer by it agrees; a trusted source      the trace found them and agrees
       calls it verified, and all agrees
02     given by the resident or a carer; not sent,    a number, and the resident objects to the
       because the resident objects; the person is    use of it, or nothing to ask by
       very restricted, so nothing was compared
03     a trace by it waits                            a trace waits
04     nobody has it                                  nobody was found, or several people
05     what was compared disagrees; the number was    the same, or somebody else has the number
       withdrawn or replaced, and who has it differs
06     it was sent, and no answer has come yet        the trace has begun
07     never: there is a number                       no number, and the resident objects, so
                                                      none is asked for
08     a trace by it waits until a baby is six        a trace waits for the same reason
       weeks old
=====  =============================================  ==========================================

Pure. A status that a source sent is kept as it was sent, beside these.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from identity.numbers import NumberStatus
from identity.pds.comparing import Verdict
from identity.pds.outcomes import (
    Agreeing,
    NoMatch,
    NotSent,
    Restricted,
    Retrieved,
    Searched,
    Superseded,
    VeryRestricted,
)
from identity.traces import Ended

#: Until a baby is so old their names and number are not settled, and they are not traced
#: (NHS Data Dictionary, NHS NUMBER STATUS INDICATOR CODE 08).
POSTPONED_FOR = timedelta(weeks=6)


def after_answer(outcome: Retrieved | Searched) -> NumberStatus:
    """What a number is after the answer to asking for it, unless it is verified by it.

    An answer that agrees verifies only if nobody who differs has the number: otherwise it is to be
    resolved, as is everything else that a person must look at.
    """
    match outcome:
        case NoMatch():
            return NumberStatus.NO_MATCH
        case NotSent() | VeryRestricted():
            return NumberStatus.NOT_TRACED
        case _:
            return NumberStatus.TO_BE_RESOLVED


def may_verify(outcome: Retrieved | Searched) -> bool:
    """Whether an answer agrees, so that what it does to the number decides its status."""
    match outcome:
        case Agreeing():
            return True
        case Restricted(comparison=comparison) | Superseded(comparison=comparison):
            return comparison.verdict is Verdict.AGREEING
        case _:
            return False


@dataclass(frozen=True, slots=True)
class TraceStanding:
    """What of a trace its status follows from. ``asked``: something was sent for it."""

    has_number: bool
    wanted: datetime
    due: datetime
    asked: bool
    ended: Ended | None


_ENDED = {
    Ended.VERIFIED: NumberStatus.VERIFIED,
    Ended.TO_BE_DECIDED: NumberStatus.TO_BE_RESOLVED,
    Ended.INVALIDATED: NumberStatus.TO_BE_RESOLVED,
    Ended.NO_MATCH: NumberStatus.NO_MATCH,
    Ended.MANY: NumberStatus.NO_MATCH,
}


def of_trace(trace: TraceStanding) -> NumberStatus:
    """The status of whom a trace is about, by their latest one."""
    if trace.ended in _ENDED:
        return _ENDED[trace.ended]
    if trace.ended is not None:
        if trace.has_number:
            return NumberStatus.NOT_TRACED
        objects = trace.ended is Ended.NOT_ALLOWED
        return NumberStatus.NOT_REQUIRED if objects else NumberStatus.TRACE_REQUIRED
    if trace.asked:
        return NumberStatus.IN_PROGRESS
    # Nothing else puts a question off for days before it was asked once.
    waits = trace.due - trace.wanted > timedelta(days=1)
    return NumberStatus.POSTPONED if waits else NumberStatus.TRACE_REQUIRED
