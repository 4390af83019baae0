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
from feeds.mapped import Held, Item, PassedOver

#: The longest message that is read: a report has some hundred segments.
MOST_SEGMENTS = 20_000
_REPORTS = frozenset({"NHS002", "NHS003", "NHS004"})
_ENVELOPE = frozenset({"UNB", "UNZ", "UNG", "UNE"})


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
    reader = _Messages(source_kind, sensitive_codes)
    for segment in segments(Stream(content)):
        if isinstance(segment, Unreadable):
            yield from reader.broken_off(segment.reason)
            return
        yield from reader.take(segment)
    yield from reader.end()


class _Messages:
    """Gathers the segments of one message at a time."""

    def __init__(self, source_kind: str, sensitive_codes: frozenset[str]) -> None:
        self._source_kind = source_kind
        self._sensitive_codes = sensitive_codes
        self._interchange = ""
        self._message: list[Segment] = []
        self._too_long = False
        self._count = 0
        self._stray = 0

    def take(self, segment: Segment) -> Iterator[Item]:
        """One segment; the items of its message where it ends one."""
        if segment.tag == "UNB":
            yield from self._unfinished()
            self._interchange = f"{segment.get(1)}|{segment.get(4)}"
        elif segment.tag == "UNH":
            yield from self._unfinished()
            self._count += 1
            self._message = [segment]
        elif self._message:
            if len(self._message) < MOST_SEGMENTS:
                self._message.append(segment)
            else:
                self._too_long = True
            if segment.tag == "UNT":
                yield from self._finished()
            elif segment.tag in _ENVELOPE:
                yield from self._unfinished()
        elif segment.tag not in _ENVELOPE:
            self._stray += 1

    def end(self) -> Iterator[Item]:
        """What is left when the delivery is at its end."""
        yield from self._unfinished()
        if not self._count:
            reason = "no EDIFACT message (UNH … UNT) is in it: this importer reads NHS002 to NHS004"
            yield Item("file", "", "", Held(reason))
        elif self._stray:
            yield Item("file", "", "", Held("segments stand outside any message (UNH … UNT)"))

    def broken_off(self, reason: str) -> Iterator[Item]:
        """The delivery cannot be read on."""
        yield from self._unfinished()
        yield Item("file", "", "", Held(reason))

    def _raw(self) -> bytes:
        return b"'\r\n".join(segment.raw for segment in self._message) + b"'"

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
