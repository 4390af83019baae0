"""What a page says of whether a refusal was proven to hold: waiting, green, or not.

How many readers were asked as is not told: it would say how many organisations care for somebody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from consent.models import Choice, ProbeDue, ProbeResult
from consent.proofs import Outcome, Why
from consent.vocabulary import Answer
from ui.formatting import LONDON, prose_date

#: For so long a page asks by itself whether the answer has come; then a person is told to look.
_FOLLOWED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Proof:
    """A tag with its colour (of the design system's tags), and one sentence.

    ``is_awaited`` while the answer is due in seconds, so that the page asks again.
    """

    tag: str
    colour: str
    words: str
    is_awaited: bool = False


def proof(
    choice: Choice, due: ProbeDue | None, result: ProbeResult | None, at: datetime
) -> Proof | None:
    """What is known of a refusal's effect at a moment; ``None`` where there is nothing to say."""
    if choice.answer != Answer.REFUSES:
        return None
    if result is not None:
        return _found(result)
    if due is None:
        return None
    if due.due > at:
        words = f"It is checked when it begins to hold, on {prose_date(due.due)}."
        return Proof("Not yet checked", "grey", words)
    if at - due.due < _FOLLOWED:
        words = "Checking that nothing is shown any more. This takes a few seconds."
        return Proof("Checking", "yellow", words, is_awaited=True)
    words = (
        "It holds already. Whether anything is still shown is being checked, which takes longer "
        "than usual: look again later."
    )
    return Proof("Checking", "yellow", words)


def _found(result: ProbeResult) -> Proof:
    when = f"Checked on {_moment(result.at)}"
    match result.outcome:
        case Outcome.HOLDS:
            words = f"{when}: nothing is shown, in any of {len(result.asked)} ways of looking."
            return Proof("It holds", "green", words + _stopwatch(result))
        case Outcome.SHOWN:
            words = (
                f"{when}: something that it should stop is still shown. Privacy officers see it "
                "as an incident, and it is checked again every five minutes."
            )
            return Proof("Still shown", "red", words)
        case _:
            words = f"{when}: not everything could be asked. It is checked again."
            return Proof("Not yet proven", "yellow", words)


def _stopwatch(result: ProbeResult) -> str:
    """How long after the recording it was known, where that is what was asked."""
    if result.why != Why.RECORDED:
        return ""
    seconds = max(round(result.elapsed.total_seconds()), 1)
    if seconds >= _FOLLOWED.total_seconds():
        return ""
    return f" That was {seconds} second{'s' if seconds > 1 else ''} after it was recorded."


def _moment(at: datetime) -> str:
    """To the second, in London: ``22 November 2026 at 10:42:07``."""
    return f"{prose_date(at)} at {at.astimezone(LONDON):%H:%M:%S}"
