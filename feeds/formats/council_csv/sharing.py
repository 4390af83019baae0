"""When a council asked whether it may share social care information, and the answer."""

from __future__ import annotations

from feeds.formats.council_csv.cells import Cells
from feeds.mapped import SharingAnswer

_AGREES = frozenset(
    {"agrees", "agreed", "agree", "yes", "y", "true", "consents", "consented", "consent given",
     "given", "granted"}
)  # fmt: skip
#: An agreement that was taken back is a refusal.
_REFUSES = frozenset(
    {"refuses", "refused", "refuse", "no", "n", "false", "declined", "dissents", "dissented",
     "consent refused", "not given", "withdrawn", "consent withdrawn", "objects", "objected"}
)  # fmt: skip
_NOT_ASKED = frozenset(
    {"", "not asked", "not yet asked", "could not be asked", "unknown", "not known",
     "not recorded", "not applicable"}
)  # fmt: skip
_THEMSELVES = frozenset({"", "resident", "service user", "client", "self", "the resident"})


class NoAnswer(Exception):
    """What stands there is no answer; the message says what to correct, and never a value."""


def sharing_answer(cells: Cells) -> SharingAnswer | None:
    """The answer of a row; ``None`` where nobody was asked, which changes nothing.

    A refusal without its day counts from the day of the extract: it must not be lost.

    :raises NoAnswer: for words that are neither answer, an answer without a day, and one that
        somebody gave for the resident: their authority has to be seen.
    """
    words = cells.text("Sharing_Answer").casefold()
    if words in _NOT_ASKED:
        return None
    if words not in _AGREES | _REFUSES:
        raise NoAnswer("Sharing_Answer: neither agrees, refuses nor not asked")
    if cells.text("Sharing_Decided_By").casefold() not in _THEMSELVES:
        raise NoAnswer(
            "Sharing_Decided_By: not the resident. Record this answer on the page for choices, "
            "with the evidence that was seen"
        )
    asked_on = cells.day("Sharing_Asked_On")
    if asked_on is None and words in _REFUSES:
        asked_on = cells.day("Extract_Date")
    if asked_on is None:
        raise NoAnswer("Sharing_Asked_On: missing, or no such date")
    return SharingAnswer(agrees=words in _AGREES, asked_on=asked_on)
