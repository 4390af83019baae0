"""HL7 v2's times as FHIR has them (v2-to-FHIR's map of TS and DTM).

A time without a zone is the clock on the sender's wall, in London; the reader of FHIR dates takes
it so. Impossible ones are given on as they are, so that the field is left out with a note.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from feeds.formats.fhir_r4.dates import part_of_date, read_day, read_when

_MOMENT = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)\d{0,4}(?:\.\d{0,6})?)?)?)?)?)?"
    r"([+-]\d{4})?"
)


@lru_cache(maxsize=8192)
def moment(text: str) -> str:
    """``YYYY[MM[DD[HH[MM[SS]]]]][+ZZZZ]`` as FHIR has it; empty where it is nothing of that kind.

    Hundredths of a second without a point (seen from Epic) are left out.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return ""
    year, month, day, hour, minute, second, zone = found.groups()
    made = "-".join(part for part in (year, month, day) if part)
    if hour is None:
        return made
    made += f"T{hour}:{minute or '00'}:{second or '00'}"
    return f"{made}{zone[:3]}:{zone[3:]}" if zone else made


def instant(text: str) -> datetime | None:
    """The instant of an HL7 time that has at least an hour; ``None`` otherwise."""
    made = moment(text)
    when = read_when(made) if "T" in made else None
    return when.instant if when is not None else None


def day(text: str) -> date | None:
    """The day of an HL7 time, ``None`` where it is not whole or does not exist.

    A zone does not move it: a birth date is the day on the paper.
    """
    return read_day(moment(text.strip()[:8])) if len(text.strip()) >= 8 else None


def part(text: str) -> str:
    """``YYYY`` or ``YYYY-MM`` of an HL7 time that gives no more; empty otherwise."""
    return part_of_date(moment(text))


def stamped(text: str, *others: str, rank: int = 0) -> str:
    """The first of these times that is whole, as a version; ``rank`` orders those of one second."""
    for each in (text, *others):
        if (found := instant(each)) is not None:
            found = found.astimezone(UTC).replace(microsecond=min(rank, 999_999))
            return found.isoformat()
    return ""
