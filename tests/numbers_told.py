"""Finds who somebody is where nobody may be told.

An NHS number in an address, or not in its one form on a page; a number, or what a canary is called
by, in a log line, a task's arguments, an e-mail or what the portal's own processes logged.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator
from typing import Any

from celery.signals import before_task_publish
from django.core import mail
from django.http import HttpResponse

from identity.nhs_number import InvalidNhsNumber, NhsNumber
from region.people_of_note import PEOPLE_OF_NOTE

#: Ten digits together: the one form that pages show has spaces.
_TOGETHER = re.compile(r"(?<![0-9])[0-9]{10}(?![0-9])")
#: An opaque id: some in a thousand have ten digits together that would pass for a number.
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
#: What the residents of the tests are called by, and live at: words of no other meaning.
_CANARIES = re.compile(
    r"\b(?:Sample Street|SE13 6LH|Zzyzxcanary|Otherbird|Quillfeather|Qzcanary)\b", re.IGNORECASE
)
#: And those of the made-up region, whom the portal's own processes show.
_OF_NOTE = re.compile(
    "|".join(rf"\b{re.escape(each.family)}\b" for each in PEOPLE_OF_NOTE), re.IGNORECASE
)
_TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)


def numbers_in(text: str) -> list[str]:
    """Whatever in a text is an NHS number written without spaces."""
    return [found for found in _TOGETHER.findall(_UUID.sub(" ", text)) if _is_one(found)]


def somebody_in(text: str) -> list[str]:
    """Whatever in a text says who somebody is: a number, or a word for a canary."""
    return [*numbers_in(text), *_CANARIES.findall(text)]


def of_note_in(text: str) -> list[str]:
    """The lines of a process's log that say who somebody of the made-up region is."""
    return [line for line in text.splitlines() if numbers_in(line) or _OF_NOTE.search(line)]


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
    """Keeps the log lines and task arguments that say who somebody is."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one line as it is written."""
        if somebody_in(record.getMessage()):
            self.heard.append(f"{record.name}: {record.msg!r}")

    def published(self, sender: str = "", body: Any = (), **_: Any) -> None:
        """Look at a task's arguments as it is sent."""
        if somebody_in(repr(body)):
            self.heard.append(f"the arguments of {sender}")

    def mails(self) -> None:
        """Look at what was sent by e-mail."""
        for message in getattr(mail, "outbox", []):
            if somebody_in(f"{message.subject}\n{message.body}"):
                self.heard.append("an e-mail")


def listening() -> Iterator[Listening]:
    """Hear every line that is logged, for the length of a test, and what is sent to others."""
    ear = Listening()
    logging.getLogger().addHandler(ear)
    before_task_publish.connect(ear.published, weak=False)
    yield ear
    ear.mails()
    before_task_publish.disconnect(ear.published)
    logging.getLogger().removeHandler(ear)
