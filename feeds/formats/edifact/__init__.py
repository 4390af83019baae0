"""EDIFACT reports of laboratories and radiology: NHS002, NHS003, NHS004, in an envelope or bare.

``read`` is the whole interface. Each message becomes its person, its report and its results; a
message that is cut off or is no report is held by itself, and its neighbours load.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from feeds.formats.edifact.report import read_report
from feeds.formats.edifact.resources import resources_of
from feeds.formats.edifact.segments import Segment, Unreadable, segments
from feeds.formats.fhir_r4.delivery import Delivery
from feeds.formats.fhir_r4.resource import Part, items_of
from feeds.formats.fhir_r4.stream import Stream
from feeds.formats.other_forms import EDIFACT, form_of, no_text
from feeds.mapped import Held, Item, PassedOver

#: The longest message that is read: a report has some hundred segments.
MOST_SEGMENTS = 20_000
_REPORTS = frozenset({"NHS002", "NHS003", "NHS004"})


def read(
    content: BinaryIO,
    *,
    name: str,
    source_kind: str = "",
    sensitive_codes: frozenset[str] = frozenset(),
) -> Iterator[Item]:
    """Read one delivery of any length and give each of its messages' items.

    Times have no zone and are read as London's. Never raises for what a delivery contains.
    """
    del name
    stream = Stream(content)
    head = stream.head(64)
    if (other := no_text(head)) is not None:
        yield Item("file", "", "", Held(other))
        return
    reader = _Messages(source_kind, sensitive_codes, form_of(head, own=EDIFACT))
    for segment in segments(stream):
        if isinstance(segment, Unreadable):
            yield from reader.broken_off(segment.reason)
            return
        yield from reader.take(segment)
    yield from reader.end()


class _Messages:
    """Gathers the segments of one message at a time."""

    def __init__(
        self, source_kind: str, sensitive_codes: frozenset[str], seems: str | None
    ) -> None:
        self._source_kind = source_kind
        self._seems = seems  # what the file is, if it is none of ours
        self._sensitive_codes = sensitive_codes
        self._interchange = ""
        self._head: list[Segment] = []  # UNA and UNB, for what is held and read again by itself
        self._is_open = False
        self._inside = 0  # messages of the interchange, or groups where it has those
        self._has_groups = False
        self._message: list[Segment] = []
        self._too_long = False
        self._count = 0
        self._stray = 0
        self._told = False  # an envelope is held: it says what is missing

    def take(self, segment: Segment) -> Iterator[Item]:
        """One segment; the items of its message where it ends one."""
        if segment.tag == "UNA":
            self._head = [segment]
        elif segment.tag == "UNB":
            yield from self._left_open()
            self._interchange = f"{segment.get(1)}|{segment.get(4)}"
            self._head = [*(each for each in self._head if each.tag == "UNA"), segment]
            self._is_open, self._inside, self._has_groups = True, 0, False
        elif segment.tag == "UNZ":
            yield from self._closed(segment)
        elif segment.tag == "UNG":
            yield from self._unfinished()
            self._inside = self._inside + 1 if self._has_groups else 1
            self._has_groups = True
        elif segment.tag == "UNH":
            yield from self._unfinished()
            self._count += 1
            self._inside += not self._has_groups
            self._message = [segment]
        elif self._message:
            if len(self._message) < MOST_SEGMENTS:
                self._message.append(segment)
            else:
                self._too_long = True
            if segment.tag == "UNT":
                yield from self._finished()
            elif segment.tag == "UNE":
                yield from self._unfinished()
        elif segment.tag != "UNE":
            self._stray += 1

    def end(self) -> Iterator[Item]:
        """What is left when the delivery is at its end."""
        yield from self._left_open()
        if not self._count and not self._told:
            none = "no EDIFACT message (UNH … UNT) is in it: this importer reads NHS002 to NHS004"
            yield Item("file", "", "", Held(self._seems or none))
        elif self._stray:
            yield Item("file", "", "", Held("segments stand outside any message (UNH … UNT)"))

    def broken_off(self, reason: str) -> Iterator[Item]:
        """The delivery cannot be read on."""
        yield from self._unfinished()
        yield Item("file", "", "", Held(reason))

    def _left_open(self) -> Iterator[Item]:
        """An interchange that ends without ``UNZ``: messages may be missing behind its last one."""
        cut_off = list(self._unfinished())
        yield from cut_off
        if self._is_open and not cut_off:
            reason = "UNZ: the interchange has no end and may be cut off. Send it again"
            yield self._envelope(reason, b"")
        self._is_open = False

    def _closed(self, segment: Segment) -> Iterator[Item]:
        """``UNZ``: its count tells whether messages, or whole groups, are missing."""
        yield from self._unfinished()
        said = segment.get(0)
        if self._is_open and said.isdecimal() and said.lstrip("0") != str(self._inside or ""):
            reason = "UNZ: the interchange says another number of messages than are in it. "
            yield self._envelope(f"{reason}Send it again", segment.raw)
        self._is_open = False

    def _envelope(self, reason: str, trailer: bytes) -> Item:
        self._told = True
        head, _ = self._around()
        return Item("envelope", "Interchange", "", Held(reason), raw=head + trailer)

    def _around(self) -> tuple[bytes, bytes]:
        """What stands before and after a message that is read by itself: its own interchange.

        By ``UNA`` and ``UNB`` it is read as it was, and it is the same report then.
        """
        advice = next((each.raw for each in self._head if each.tag == "UNA"), b"")
        if len(advice) in (7, 8) and not advice.endswith(b"'"):
            advice += b"'"
        end, element = advice[-1:] or b"'", advice[4:5] or b"+"
        opening = next((each.raw for each in self._head if each.tag == "UNB"), b"")
        if not opening or not self._is_open:
            return advice, b""
        return advice + opening + end, element.join([b"UNZ", b"1", b""]) + end

    def _raw(self) -> bytes:
        head, trailer = self._around()
        end = head[-1:] or b"'"
        body = (end + b"\r\n").join(segment.raw for segment in self._message) + end
        return head + body + trailer

    def _held(self, reason: str) -> Item:
        item = Item(f"message {self._count}", "Message", "", Held(reason), raw=self._raw())
        self._message, self._too_long = [], False
        return item

    def _unfinished(self) -> Iterator[Item]:
        if self._message:
            yield self._held("the message is cut off: it has no UNT. Send it again")

    def _finished(self) -> Iterator[Item]:
        if self._too_long:
            yield self._held(f"the message has more than {MOST_SEGMENTS} segments")
            return
        first, last = self._message[0], self._message[-1]
        kind = first.get(1, 4)
        if kind not in _REPORTS:
            outcome = PassedOver("a message that is not a report (NHS002, NHS003 or NHS004)")
            yield Item(f"message {self._count}", "Message", "", outcome)
            self._message = []
            return
        if first.get(0) != last.get(1):
            yield self._held("UNH and UNT have two references: two messages may have run together")
            return
        report = read_report(self._message)
        if not report.results:
            yield self._held("the report has no result (INV)")
            return
        if not report.subject.family_name:
            yield self._held("the report names nobody (PNA with a family name)")
            return
        envelope = f"{self._interchange}|{first.get(0)}|{report.reference}|{report.sent}"
        yield from self._items(kind, [*resources_of(report, envelope=envelope)])
        self._message = []

    def _items(self, kind: str, made: list[dict[str, object]]) -> Iterator[Item]:
        counted = self._counted()
        parts = [
            Part(
                pointer=f"message {self._count} ({kind}), {resource['resourceType']} {number}",
                raw=msgspec.json.encode(resource),
                notes=counted,
            )
            for number, resource in enumerate(made, start=1)
        ]
        delivery = Delivery(source_kind=self._source_kind, sensitive_codes=self._sensitive_codes)
        yield from items_of(parts, delivery)

    def _counted(self) -> tuple[str, ...]:
        """A note where UNT counts otherwise. Laboratories do so in whole messages (seen)."""
        said = self._message[-1].get(0)
        if said.isdecimal() and int(said) == len(self._message):
            return ()
        return ("UNT: another number of segments than were read",)
