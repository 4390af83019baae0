"""HL7 v2 messages, 2.3 to 2.8 as trusts send them: from a file, a batch or the wire.

``read`` is the whole interface. A message is one item, with its person and everything that it
tells, so that it is loaded, held and driven again as a whole; one that names several people is an
item for each of them. Whatever is no message is held by itself, and its neighbours load.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from feeds.formats.fhir_r4.stream import Stream
from feeds.formats.hl7v2.kinds import compose, items_of_message
from feeds.formats.hl7v2.messages import LONGEST_MESSAGE, Unreadable, parse, split
from feeds.formats.other_forms import HL7V2, form_of, no_text
from feeds.mapped import Held, Item, PassedOver

__all__ = ["compose", "read"]

_OPENS = (b"FHS", b"BHS")
_CLOSES = (b"BTS", b"FTS")


def read(
    content: BinaryIO,
    *,
    name: str,
    source_kind: str = "",
    sensitive_codes: frozenset[str] = frozenset(),
) -> Iterator[Item]:
    """Read one delivery of any length and give each message's items.

    Batch headers (``FHS``, ``BHS``) and MLLP frames may stand around the messages or not. Times
    without a zone are London's. Never raises for what a delivery contains.
    """
    del name
    stream = Stream(content)
    head = stream.head(64)
    if (other := no_text(head)) is not None:
        yield Item("file", "", "", Held(other))
        return
    count = in_batch = batches = 0
    before = b""
    for raw in split(stream):
        if raw is None:
            count += 1
            reason = f"a message of more than {LONGEST_MESSAGE >> 20} MiB"
            yield Item(f"message {count}", "Message", "", Held(reason))
        elif raw[:3] in _OPENS:
            in_batch = 0
            batches = 0 if raw.startswith(b"FHS") else batches + 1
            yield Item("envelope", "", "", PassedOver("a batch header"), is_wrapper=True)
        elif raw[:3] in _CLOSES:
            yield from _closed(raw, in_batch, batches)
        elif raw[:3] != b"MSH":
            before = raw
        else:
            if before:
                reason = "text stands before the first message (MSH): this importer reads HL7 v2"
                yield Item("file", "", "", Held(reason), raw=before)
                before = b""
            count += 1
            in_batch += 1
            yield from _message(raw, f"message {count}", source_kind, sensitive_codes)
    if not count:
        reason = form_of(head, own=HL7V2) or "no HL7 v2 message (MSH) is in it"
        if b"MSH|" in before:
            reason = "MSH: something stands before it on its line; send the messages alone"
        yield Item("file", "", "", Held(reason), raw=before)


def _message(
    raw: bytes, pointer: str, source_kind: str, sensitive_codes: frozenset[str]
) -> Iterator[Item]:
    try:
        message = parse(raw)
    except Unreadable as error:
        yield Item(pointer, "Message", "", Held(str(error)), raw=raw)
        return
    yield from items_of_message(message, pointer, source_kind, sensitive_codes)


def _closed(raw: bytes, in_batch: int, batches: int) -> Iterator[Item]:
    """A trailer: its count tells whether messages, or whole batches, are missing."""
    said = raw[4:].split(raw[3:4])[0].decode("latin-1").strip() if len(raw) > 4 else ""
    counted = int(said) if said.isdecimal() and len(said) < 10 else None
    reason = ""
    if raw.startswith(b"BTS") and counted not in (None, in_batch):
        reason = "BTS-1: the batch says another number of messages than are in it. Send it again"
    elif raw.startswith(b"FTS") and counted not in (None, max(batches, 1)):
        reason = "FTS-1: the file says another number of batches than are in it. Send it again"
    if reason:
        yield Item("envelope", "Batch", "", Held(reason), raw=raw)
    else:
        yield Item("envelope", "", "", PassedOver("a batch trailer"), is_wrapper=True)
