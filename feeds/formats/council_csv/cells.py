"""One cell: what Excel made of it undone, its formulas disarmed, its dates and flags read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

#: Excel's way of keeping ``00123`` as text.
_AS_TEXT = re.compile(r'="([^"]*)"')
#: What a spreadsheet would run: it is nobody's name and no date.
_FORMULA = re.compile(r"=|@|[+\-][^\d\s]*\(|[+\-].*[|!]")
_ERROR = re.compile(r"#(?:REF!|N/A|NAME\?|VALUE!|DIV/0!|NULL!|NUM!|SPILL!|CALC!|#+)", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")
_NOTHING = frozenset({"null", "n/a", "none", "nan", "-"})

_DAY_FIRST = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})(?:[ T]\d{1,2}:\d{2}.*)?")
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]\d{1,2}:\d{2}.*)?")
_MONTH_NAMED = re.compile(r"(\d{1,2})[ \-]([A-Za-z]{3})[a-z]*[ \-](\d{4})")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
#: What systems write for "no date".
_PLACEHOLDERS = (date(1900, 1, 1), date(1899, 12, 30))
_FAR = 2100

FORMULA = "a formula, left out: paste values in Excel"
ROUNDED = "a number that Excel rounded, left out: format the column as text"


@dataclass(slots=True)
class Cells:
    """A row's cells by the names of their columns, with notes on what was left out.

    :func:`Cells.text` and its like give the empty string, or ``None``, for what is not there.
    """

    said: dict[str, str]
    notes: list[str] = field(default_factory=list)

    def text(self, column: str) -> str:
        """A cell's words in one line; a formula or an error of Excel's is left out with a note."""
        sent = self.said.get(column, "").strip()
        if match := _AS_TEXT.fullmatch(sent):
            sent = match.group(1).strip()
        sent = " ".join(sent.removeprefix("'").split())
        if not sent or sent.casefold() in _NOTHING:
            return ""
        if _ERROR.fullmatch(sent):
            self.note(column, "an error of Excel's, left out")
            return ""
        if _FORMULA.match(sent):
            self.note(column, FORMULA)
            return ""
        return sent

    def number(self, column: str) -> str:
        """An identifier: as :func:`text`, but for what Excel made a rounded number of."""
        sent = self.text(column)
        if _SCIENTIFIC.fullmatch(sent):
            self.note(column, ROUNDED)
            return ""
        return sent.removesuffix(".0") if sent.removesuffix(".0").isdecimal() else sent

    def day(self, column: str) -> date | None:
        """A date, the day first or ISO; what is none, or stands for none, is left out."""
        sent = self.text(column)
        if not sent:
            return None
        found = read_date(sent)
        if found is None:
            self.note(column, "no such date, left out")
        elif found in _PLACEHOLDERS or found.year >= _FAR:
            self.note(column, "a date that stands for none, left out")
            return None
        return found

    def flag(self, column: str) -> bool:
        """Yes or no; what is neither is no, with a note."""
        sent = self.text(column).casefold()
        if sent in {"y", "yes", "true", "1"}:
            return True
        if sent and sent not in {"n", "no", "false", "0", "unknown", "not known"}:
            self.note(column, "neither yes nor no, taken as no")
        return False

    def note(self, column: str, words: str) -> None:
        """Note what was done with a cell, never what it says."""
        self.notes.append(f"{column}: {words}")


def read_date(text: str) -> date | None:
    """``DD/MM/YYYY``, ``YYYY-MM-DD`` or ``DD Mon YYYY``, with or without a time after it.

    Two-figure years, the month first, and Excel's day numbers could be several days: ``None``.
    """
    try:
        if match := _YEAR_FIRST.fullmatch(text):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _DAY_FIRST.fullmatch(text):
            return date(int(match[3]), int(match[2]), int(match[1]))
        if (match := _MONTH_NAMED.fullmatch(text)) and match[2].lower() in _MONTHS:
            return date(int(match[3]), _MONTHS.index(match[2].lower()) + 1, int(match[1]))
    except ValueError:
        pass
    return None
