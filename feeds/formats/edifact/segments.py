"""EDIFACT's own syntax: bytes to segments, in bounded memory (ISO 9735, versions 1 to 3).

A segment ends with ``'``, its elements are parted by ``+`` and their components by ``:``; ``?``
takes the next character as it is. ``UNA`` may name other characters. Line ends between segments
are not part of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from feeds.formats.fhir_r4.stream import Stream

#: The longest segment that is read. Report text is sent in segments of some hundred characters.
LONGEST_SEGMENT = 1 << 20

#: ISO 9735's character sets by the code in ``UNB``. UNOA and UNOB are parts of ASCII; UK
#: laboratories send Latin-1 under them, of which ASCII is a part as well.
_CHARACTERS = {"UNOC": "latin-1", "UNOD": "iso8859-2", "UNOE": "iso8859-5", "UNOY": "utf-8"}


_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANKS = b"\r\n \t"
#: A message's or an interchange's first segment, at the start of a line.
_BEGINS = re.compile(rb"[\r\n]+(?=UN[BH][^0-9A-Za-z\s])")
#: ``UNA`` with its six signs. Some senders leave the fifth, a blank, out.
_ADVICE = re.compile(rb"[\r\n \t]*UNA(.{4}(?:'(?=\s*UN)|..))", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Signs:
    """The characters with a meaning, as ``UNA`` gives them."""

    component: str = ":"
    element: str = "+"
    release: str = "?"
    segment: str = "'"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its name, its elements as lists of components, and its bytes as read."""

    tag: str
    elements: tuple[tuple[str, ...], ...]
    raw: bytes

    def get(self, element: int, component: int = 0) -> str:
        """One component, counted from 0 after the name; empty where there is none."""
        if element >= len(self.elements) or component >= len(self.elements[element]):
            return ""
        return self.elements[element][component].strip()

    def joined(self, element: int, full: int) -> str:
        """An element whose text was cut into components of ``full`` characters.

        A component of that very length goes on in the next one within a word; a shorter one lost
        the blank at its end.
        """
        text = last = ""
        for component in self.elements[element] if element < len(self.elements) else ():
            if text and len(last) < full and not text.endswith(" "):
                text += " "
            text += component
            last = component
        return text.strip()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What could not be read as segments to the end of the delivery, and why."""

    reason: str


def segments(stream: Stream) -> Iterator[Segment | Unreadable]:
    """Give a delivery's segments, ``UNA`` among them as it was read.

    The last one given is ``Unreadable`` where the delivery breaks off.
    """
    signs, characters = Signs(), "latin-1"
    for found in _begun_anew(_raw_segments(stream)):
        if found is None:
            yield Unreadable("a segment of more than 1 MiB: this is not EDIFACT, or is damaged")
            return
        raw = found.removeprefix(_BYTE_ORDER_MARK)  # of a file that was put behind another
        if raw.startswith(b"UNA"):
            signs = _signs(raw)
            yield Segment("UNA", (), raw)
            continue
        # Nothing stands before a segment's name: a stray sign there is no reason to lose it.
        text = _text(raw, characters).lstrip(f"{signs.element}{signs.component}\r\n \t")
        parts = _split(text, signs)
        tag = parts[0][0].strip()
        if not tag:
            continue
        if tag == "UNB" and len(parts) > 1:
            characters = _CHARACTERS.get(parts[1][0].strip().upper(), "latin-1")
        yield Segment(tag, tuple(tuple(part) for part in parts[1:]), raw)


def _begun_anew(raw_segments: Iterator[bytes | None]) -> Iterator[bytes | None]:
    """Segments; where one lacks its end and a message begins on the next line, two."""
    for raw in raw_segments:
        begin = _BEGINS.search(raw, 1) if raw is not None else None
        if raw is None or begin is None:
            yield raw
        else:
            yield raw[: begin.start()]
            yield raw[begin.end() :]


def _text(raw: bytes, characters: str) -> str:
    """The text of a segment; what is UTF-8 beyond doubt is read so, whatever was declared.

    NUL, which no database keeps in a text, becomes the mark of a character that was lost.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode(characters, errors="replace")
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def _signs(advice: bytes) -> Signs:
    """``UNA:+.? '``; a sender that leaves the reserved blank out gives seven characters.

    A blank in the place of the release sign says that there is none (ISO 9735, UNA 040).
    """
    text = advice.decode("latin-1").ljust(9, "'")
    release = text[6].strip()
    return Signs(component=text[3], element=text[4], release=release, segment=text[-1])


def _split(text: str, signs: Signs) -> list[list[str]]:
    """Elements with their components; released characters stand for themselves."""
    parts: list[list[str]] = [[""]]
    released = False
    for letter in text:
        if released:
            parts[-1][-1] += letter
            released = False
        elif letter == signs.release:
            released = True
        elif letter == signs.element:
            parts.append([""])
        elif letter == signs.component:
            parts[-1].append("")
        elif letter not in "\r\n":
            parts[-1][-1] += letter
    return parts


def _raw_segments(stream: Stream) -> Iterator[bytes | None]:
    """The bytes of each segment, terminator off; ``None`` for one that has no end."""
    end, release = b"'", b"?"
    advice = _ADVICE.match(stream.head(64))
    skip = 0
    if advice is not None:
        # Its characters are signs, not text: the release sign in it releases nothing.
        yield advice[0].strip()
        skip, release, end = advice.end(), advice[1][3:4].strip(), advice[1][-1:]
    pending = b""
    for chunk in stream.chunks():
        pending += chunk
        start, skip = skip, 0
        while (stop := _end_of(pending, start, end, release)) >= 0:
            if segment := pending[start:stop].strip(_BLANKS):
                yield segment
            start = stop + 1
        pending = pending[start:]
        if len(pending) > LONGEST_SEGMENT:
            yield None
            return
    if rest := pending.strip(_BLANKS + b"\x00\x1a"):
        yield rest


def _end_of(text: bytes, start: int, end: bytes, release: bytes) -> int:
    """Where the segment that begins at ``start`` ends; -1 where its end has not come yet."""
    at = text.find(end, start)
    while at >= 0:
        before = at
        while release and before > start and text[before - 1 : before] == release:
            before -= 1
        if (at - before) % 2 == 0:
            return at
        at = text.find(end, at + 1)
    return -1
