"""Finds NHS numbers where none may be: in an address, in a log line, or not in their one form."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator

from django.http import HttpResponse

from identity.nhs_number import InvalidNhsNumber, NhsNumber

#: Ten digits together: the one form that pages show has spaces.
_TOGETHER = re.compile(r"(?<![0-9])[0-9]{10}(?![0-9])")
#: An opaque id: some in a thousand have ten digits together that would pass for a number.
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)


def numbers_in(text: str) -> list[str]:
    """Whatever in a text is an NHS number written without spaces."""
    return [found for found in _TOGETHER.findall(_UUID.sub(" ", text)) if _is_one(found)]


def _is_one(digits: str) -> bool:
    try:
        NhsNumber.parse(digits, test_ranges=True)
    except InvalidNhsNumber:
        return False
    return True


def words_of(response: HttpResponse) -> str:
    """What a page shows: its text without tags, so without what somebody typed into a field."""
    if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
        return ""
    return html.unescape(_TAG.sub(" ", response.content.decode()))


class Listening(logging.Handler):
    """Keeps the log lines that hold an NHS number."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one line as it is written."""
        if numbers_in(record.getMessage()):
            self.heard.append(f"{record.name}: {record.msg!r}")


def listening() -> Iterator[Listening]:
    """Hear every line that is logged, for the length of a test."""
    ear = Listening()
    logging.getLogger().addHandler(ear)
    yield ear
    logging.getLogger().removeHandler(ear)
