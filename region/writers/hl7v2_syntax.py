"""HL7 v2's own syntax: fields and components escaped, segments, messages with their header."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from region.writers.staff_names import staff_name

if TYPE_CHECKING:
    from datetime import date

    from region.model import Coded

#: What HL7 v2 calls the code systems of the region (table 0396).
_SYSTEMS = {"http://snomed.info/sct": "SCT", "http://loinc.org": "LN", "https://dmd.nhs.uk": "DMD"}
#: Escapes (HL7 v2.4, 2.10); line ends inside a text are a command of formatted text.
_ESCAPES = str.maketrans({
    "\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\",
    "\n": "\\.br\\", "\r": "",
})  # fmt: skip


def text(words: str) -> str:
    """Words as one component."""
    return words.translate(_ESCAPES)


def parts(*components: str) -> str:
    """Components that are escaped already, as one field without empty ones at its end."""
    return "^".join(components).rstrip("^")


def coded(what: Coded) -> str:
    """A CE: code, words, code system; words alone where there is no code."""
    if not what.code:
        return parts("", text(what.text))
    return parts(text(what.code), text(what.text), _SYSTEMS.get(what.system, "L"))


def staff(author: str) -> str:
    """An XCN of somebody who is named and has no number: family name, given name, title."""
    name = staff_name(author)
    return parts("", text(name.family), text(name.given), "", "", text(name.title))


def when(at: datetime | date) -> str:
    """A TS: the day alone, or the second with its zone."""
    return f"{at:%Y%m%d%H%M%S%z}" if isinstance(at, datetime) else f"{at:%Y%m%d}"


def segment(name: str, **fields: str) -> str:
    """A segment of numbered fields, ``f3="…"``; those between are empty."""
    numbered = {int(key[1:]): value for key, value in fields.items()}
    last = max(numbered, default=0)
    return "|".join([name, *(numbered.get(number, "") for number in range(1, last + 1))])


def message(
    kind: str, *segments: str, source: str, system: str, sent: datetime, control: str
) -> bytes:
    """A message, lines ended with CR. ``kind`` is ``ADT^A01``; ``control`` names it for ever."""
    header = [
        "MSH", "^~\\&", system, source, "CONNECTCARE", "CONNECTCARE", when(sent), "",
        f"{kind}^{kind.replace('^', '_')}", control, "P", "2.4", "", "", "AL", "NE", "GBR",
        "UNICODE UTF-8",
    ]  # fmt: skip
    return "\r".join(["|".join(header), *segments, ""]).encode()
