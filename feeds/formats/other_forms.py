"""What a file that is not of its feed's form seems to be, and what to do about it.

Asked only once a reader has found nothing of its own form: whoever gave the file in reads the
answer on its page.
"""

from __future__ import annotations

import re

_UNPACK = "compressed or packed: unpack it, and give in the files that are in it"
#: The first bytes of what is no text.
_MAGIC = (
    (b"\x1f\x8b", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", _UNPACK),
    (b"\xfd7zXZ\x00", _UNPACK),
    (b"\x28\xb5\x2f\xfd", _UNPACK),
    (b"BZh", _UNPACK),
    (b"PK\x03\x04", "packed (ZIP), or a workbook: unpack it, or save the workbook as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0", "a workbook or a document of Office: save it as CSV UTF-8"),
    (b"%PDF-", "a PDF, of which no record can be made: send the data that it was printed from"),
    (b"{\\rtf", "a word processor's document: send the data that it was made from"),
)
HL7V2, EDIFACT = "HL7 v2", "EDIFACT"
_TO_ANOTHER_FEED = "give it in to its source's feed of that form"
_TEXTS = (
    (re.compile(rb"(?:MSH|FHS|BHS)[^0-9A-Za-z\s]"), HL7V2, f"HL7 v2: {_TO_ANOTHER_FEED}"),
    (re.compile(rb"UN[ABH][^0-9A-Za-z\s]"), EDIFACT, f"EDIFACT: {_TO_ANOTHER_FEED}"),
    (
        re.compile(rb"<(?:!doctype\s+html|html)\b", re.IGNORECASE),
        "",
        "a web page, perhaps of a fault or to sign in: look where the file comes from",
    ),
    (re.compile(rb"<"), "", f"XML: if it is FHIR, {_TO_ANOTHER_FEED}"),
    (re.compile(rb"[{\[]"), "", f"JSON: if it is FHIR, {_TO_ANOTHER_FEED}"),
)
#: What may stand before a text.
_FRAME = b"\xef\xbb\xbf\x0b \t\r\n"


def packed_form(head: bytes) -> str | None:
    """Words for a file that is no text, by its first bytes; ``None`` for one that may be."""
    return next((words for magic, words in _MAGIC if head.startswith(magic)), None)


def no_text(head: bytes) -> str | None:
    """Words for a file that is no text of one byte a character; ``None`` for one that may be."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[0:4:2] == b"\0\0" or head[1:4:2] == b"\0\0":
        return "text in UTF-16 or UTF-32: send it as UTF-8"
    return packed_form(head)


def form_of(head: bytes, *, own: str = "") -> str | None:
    """Words for the form of a file by its first bytes; ``None`` for what is not known.

    :param own: the form of whoever asks, which is no other one.
    """
    text = head.lstrip(_FRAME)
    for pattern, name, words in _TEXTS:
        if pattern.match(text) and not (own and name == own):
            return no_text(head) or words
    return no_text(head)
