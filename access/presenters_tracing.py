"""How far the tracing of sources is, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from access.bulk_traces import Bulk, Progress
from identity.pds.rate import LEASE

#: So long nothing is asked where it is not known what was sent before: the longest that a request
#: may be on its way, and the minute that the rate is counted over.
WINDOW = timedelta(seconds=LEASE) + timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source whose people are, or were, traced."""

    name: str
    state: str
    colour: str
    percent: int | None
    how_far: str


@dataclass(frozen=True, slots=True)
class TracingPage:
    """Sources that go on first. ``quiet``: some wait, and nothing was answered for a while."""

    lines: tuple[SourceLine, ...]
    goes_on: bool
    quiet: bool


def page(progress: Progress, *, at: datetime) -> TracingPage:
    """Every source that somebody wanted traced."""
    going_on = [one for one in progress.sources if one.goes_on]
    done = [one for one in progress.sources if one.latest is not None and not one.goes_on]
    return TracingPage(
        lines=tuple(_line(one.name, one.latest) for one in (*going_on, *done) if one.latest),
        goes_on=bool(going_on),
        quiet=bool(going_on)
        and (progress.last_answer is None or at - progress.last_answer > WINDOW / 2),
    )


def _line(name: str, bulk: Bulk) -> SourceLine:
    people = _people(bulk.people)
    if bulk.begun is None:
        return SourceLine(name, "Waiting to begin", "blue", None, "It begins within a minute.")
    if bulk.finished is not None:
        return SourceLine(name, "Done", "green", None, f"{people} dealt with.")
    done = f"{bulk.people - bulk.waiting:,} of {people} dealt with."
    return SourceLine(
        name,
        "Tracing",
        "yellow",
        bulk.percent,
        f"{done} {in_words(bulk.left)} left at {bulk.per_minute:,} questions a minute.",
    )


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def in_words(left: timedelta) -> str:
    """A time that is an estimate: in minutes, hours or days."""
    minutes = round(left.total_seconds() / 60)
    if minutes < 1:
        return "Less than a minute"
    hours, rest = divmod(minutes, 60)
    days, over = divmod(hours, 24)
    if days:
        return f"About {_counted(days, 'day')}" + (f" {_counted(over, 'hour')}" if over else "")
    if hours:
        return f"About {_counted(hours, 'hour')}" + (f" {_counted(rest, 'minute')}" if rest else "")
    return f"About {_counted(minutes, 'minute')}"


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}"
