"""Whether a message can be taken, and the acknowledgement that says so (HL7 v2.8, 2.9)."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from feeds.formats.fhir_r4.stream import Stream
from feeds.formats.hl7v2.kinds import items_of_message, kind_of
from feeds.formats.hl7v2.messages import Message, Unreadable, parse, split
from feeds.mapped import Held

#: As many characters of a reason are sent at most.
_LONGEST = 200
_USUAL = "|^~\\&"


@dataclass(frozen=True, slots=True)
class Answer:
    """AA, AE or AR, to which message, and why."""

    code: str
    reason: str = ""
    message: Message | None = field(default=None, repr=False)

    def instead(self, code: str, reason: str) -> Answer:
        """The same message answered otherwise."""
        return replace(self, code=code, reason=reason)


def judge(raw: bytes, broken: str = "") -> Answer:
    """What is to be answered once the message is kept; nothing but AA is to be kept.

    AR: it is no message that can be read. AE: it can be read and would be held as a whole, so its
    sender is told now.
    """
    if broken:
        return Answer("AR", broken)
    found = list(split(Stream(io.BytesIO(raw))))
    if len(found) != 1 or found[0] is None:
        return Answer("AR", "the frame holds no message, or more than one")
    try:
        message = parse(found[0])
    except Unreadable as error:
        return Answer("AR", str(error))
    outcomes = [item.outcome for item in items_of_message(message, "message", "", frozenset())]
    faults = [outcome.reason for outcome in outcomes if isinstance(outcome, Held)]
    if faults and len(faults) == len(outcomes):
        return Answer("AE", faults[0], message)
    return Answer("AA", message=message)


def answer(given: Answer) -> bytes:
    """The acknowledgement, in the sender's own signs and character set (UTF-8)."""
    now = f"{datetime.now(UTC):%Y%m%d%H%M%S}+0000"
    control = os.urandom(8).hex()
    if given.message is None:
        lines = [
            f"MSH|^~\\&|ConnectCare||||{now}||ACK|{control}|P|2.4",
            f"MSA|{given.code}||{_plain(given.reason, _USUAL)}",
        ]
        return "\r".join([*lines, ""]).encode()
    header, signs = given.message.header, given.message.signs
    sent = [*header, *[""] * 13]
    event = kind_of(given.message).partition("^")[2]
    used = signs.field + signs.component + signs.repetition + signs.escape + signs.part
    msh = ["MSH", header[2], sent[5], sent[6], sent[3], sent[4], now, ""]
    msh += [f"ACK{signs.component}{event}" if event else "ACK", control, sent[11] or "P", sent[12]]
    msa = ["MSA", given.code, sent[10]]
    if given.reason:
        msa.append(_plain(given.reason, used))
    return "\r".join([signs.field.join(msh), signs.field.join(msa), ""]).encode()


def _plain(words: str, signs: str) -> str:
    """Words without the signs that would cut them."""
    return "".join(letter if letter not in signs else " " for letter in words)[:_LONGEST]
