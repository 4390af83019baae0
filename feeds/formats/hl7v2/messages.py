"""HL7 v2's own syntax: bytes to messages and segments, in bounded memory (HL7 v2.8, chapter 2).

A message begins with ``MSH`` at the start of a line and goes on to the next one. Senders end lines
with CR, LF or both, leave batch headers out, and put byte order marks, blanks or MLLP's frame
around (files put together have a mark before each): all of that is taken away first. The signs are
those that ``MSH`` declares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from feeds.formats.fhir_r4.stream import Stream

#: The longest message that is read; reports with a document in them have some megabytes.
LONGEST_MESSAGE = 16 << 20
#: A message of more lines is no message, but a file that was cut wrongly.
MOST_SEGMENTS = 20_000

#: MLLP's frame (0x0B … 0x1C) and line ends of any kind all become HL7's own, CR.
_LINE_ENDS = bytes.maketrans(b"\n\x0b\x1c", b"\r\r\r")
_START = re.compile(rb"\r(?:\xef\xbb\xbf|[ \t]){0,4}(?=(?:MSH|FHS|BHS|BTS|FTS)[^0-9A-Za-z])")
#: As many bytes at the end of what has come may be a part of a start.
_PART_OF_START = 17
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_ESCAPE = re.compile(r"\\([^\\]{1,400})\\")
#: HL7's names of character sets (table 0211), where the text is not plainly UTF-8.
_CHARACTERS = {
    "8859/1": "latin-1",
    "8859/2": "iso8859-2",
    "8859/3": "iso8859-3",
    "8859/4": "iso8859-4",
    "8859/5": "iso8859-5",
    "8859/6": "iso8859-6",
    "8859/7": "iso8859-7",
    "8859/8": "iso8859-8",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
}
LOST_CHARACTER = "\ufffd"
#: Indented by hand, or with NUL between the lines: a segment all the same.
_BEFORE_A_NAME = f" \t{LOST_CHARACTER}"


class Unreadable(Exception):
    """What stands there is no message. The message names what is wrong, and never a value."""


class Signs(NamedTuple):
    """The characters with a meaning, as ``MSH-1`` and ``MSH-2`` give them."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    part: str = "&"


_USUAL = Signs()

#: A segment is its fields, as sent: ``fields[3]`` is the third one, ``fields[0]`` its name.
Segment = list[str]


@dataclass(slots=True)
class Message:
    """One message: its segments, and the signs that it was written with."""

    raw: bytes
    segments: list[Segment]
    signs: Signs = _USUAL
    notes: list[str] = field(default_factory=list)

    @property
    def header(self) -> Segment:
        """``MSH``."""
        return self.segments[0]

    def first(self, name: str) -> Segment:
        """The first segment of a name; one with no field where there is none."""
        return next((one for one in self.segments if one[0] == name), [name])

    def all(self, name: str) -> list[Segment]:
        """Every segment of a name."""
        return [one for one in self.segments if one[0] == name]

    def text(self, segment: Segment, number: int, component: int = 1, part: int = 1) -> str:
        """One component's words, escapes resolved, of a field's first repetition."""
        if number >= len(segment) or not (value := segment[number]):
            return ""
        if value.isalnum():  # no sign stands in it: most fields are so
            return value if component == part == 1 else ""
        if self.signs is _USUAL:  # codes and units come again and again
            return _usual_piece(value, component, part)
        return self.piece(value.partition(self.signs.repetition)[0], component, part)

    def piece(self, value: str, component: int = 1, part: int = 1) -> str:
        """One component of one repetition, counted from 1; empty where it is HL7's null."""
        signs = self.signs
        if signs.component in value:
            pieces = value.split(signs.component)
            value = pieces[component - 1] if component <= len(pieces) else ""
        elif component > 1:
            return ""
        if signs.part in value:
            parts = value.split(signs.part)
            value = parts[part - 1] if part <= len(parts) else ""
        elif part > 1:
            return ""
        return "" if value == '""' else self.plain(value)

    def repetitions(self, segment: Segment, number: int) -> list[str]:
        """The repetitions of a field, as sent."""
        if number >= len(segment) or not (value := segment[number]):
            return []
        return value.split(self.signs.repetition)

    def whole(self, segment: Segment, number: int) -> str:
        """A field of free text: stray signs in it are text, repetitions are lines."""
        if number >= len(segment) or not (value := segment[number]) or value == '""':
            return ""
        return self.plain(value.replace(self.signs.repetition, "\n"))

    def plain(self, value: str) -> str:
        """Resolve escapes; a lone escape sign is text."""
        if self.signs.escape not in value:
            return value.strip()
        if self.signs.escape != "\\":
            value = value.replace("\\", "\ue000").replace(self.signs.escape, "\\")
            resolved = _ESCAPE.sub(self._escaped, value).replace("\\", self.signs.escape)
            return resolved.replace("\ue000", "\\").strip()
        return _ESCAPE.sub(self._escaped, value).strip()

    def _escaped(self, match: re.Match[str]) -> str:
        what = match[1]
        signs = self.signs
        known = {
            "F": signs.field,
            "S": signs.component,
            "T": signs.part,
            "R": signs.repetition,
            "E": signs.escape,
            "H": "",
            "N": "",
        }
        if what in known:
            return known[what]
        if what.startswith("."):
            return "\n" if what[:3] in (".br", ".sp", ".ce") else ""
        if what.startswith("X") and len(what) % 2:
            try:
                read = bytes.fromhex(what[1:])
            except ValueError:
                return match[0]
            return _text(read, "").replace("\r\n", "\n").replace("\r", "\n")
        return match[0]


@lru_cache(maxsize=2048)
def _usual_piece(value: str, component: int, part: int) -> str:
    return Message(b"", []).piece(value.partition(_USUAL.repetition)[0], component, part)


def split(stream: Stream) -> Iterator[bytes | None]:
    """Give each message's bytes, and each line of a batch's envelope, lines ended with CR.

    ``None`` stands for a message that is longer than is read; what follows it is read on.
    """
    pending = bytearray(b"\r")
    looked = 0
    too_long = False
    for chunk in stream.chunks():
        pending += chunk.translate(_LINE_ENDS)
        start = 0
        for found in _START.finditer(pending, looked):
            if too_long:
                too_long = False
                yield None
            elif piece := bytes(pending[start : found.start()]).strip(b"\r \t"):
                yield piece
            start = found.end()
        del pending[:start]
        looked = max(len(pending) - _PART_OF_START, 0)
        if len(pending) > LONGEST_MESSAGE:
            too_long = True
            del pending[:looked]
            looked = 0
    if too_long:
        yield None
    elif piece := bytes(pending).strip(b"\r \t\x00\x1a"):
        yield piece


def parse(raw: bytes) -> Message:
    """Read one message.

    :raises Unreadable: if its header does not say how it is to be read, or what it is.
    """
    if raw[:3] != b"MSH":
        raise Unreadable("the text does not begin with MSH")
    separator = raw[3:4].decode("latin-1")
    head = raw[: raw.find(b"\r")] if b"\r" in raw else raw
    fields = head.decode("latin-1").split(separator) if _is_sign(separator) else []
    if len(fields) < 3:
        raise Unreadable("MSH: it says nothing but its name")
    signs = _signs(separator, fields[1])
    if raw.find(f"MSH{separator}{fields[1]}".encode("latin-1"), 4) > 0:
        # Its lines would be taken for this one's, and its person for another of this one's.
        raise Unreadable(
            "MSH: another message begins within a line; the line end before is missing"
        )
    declared = fields[17].partition(signs.repetition)[0].strip() if len(fields) > 17 else ""
    text = _text(raw, declared)
    segments: list[Segment] = []
    for line in text.split("\r"):
        name = line[:3]
        if line[3:4] in ("", separator) and _NAME.fullmatch(name):
            segments.append(line.split(separator))
        elif line.strip() and segments:
            inner = line.lstrip(_BEFORE_A_NAME)
            if inner[3:4] == separator and _NAME.fullmatch(inner[:3]):
                segments.append(inner.split(separator))
            else:
                # A line end inside a text: it belongs to the field before.
                segments[-1][-1] += "\n" + line
    if len(segments) > MOST_SEGMENTS:
        raise Unreadable(f"the message has more than {MOST_SEGMENTS} segments")
    segments[0].insert(1, separator)
    message = Message(raw, segments, signs)
    if not message.text(message.header, 9):
        raise Unreadable("MSH-9: it does not say what kind of message it is")
    return message


@lru_cache(maxsize=64)
def _signs(separator: str, encoding: str) -> Signs:
    """The signs of ``MSH-2``; some senders double the escape sign.

    :raises Unreadable: if they are missing, or are no signs.
    """
    signs = "".join(dict.fromkeys(encoding))
    if not signs or not all(map(_is_sign, signs)) or separator in signs:
        raise Unreadable("MSH-2: the encoding characters are missing")
    usual = "^~\\&"
    signs += "".join(sign for sign in usual[len(signs) :] if sign not in signs)
    if len(signs) < 4:
        raise Unreadable("MSH-2: two of the encoding characters are the same")
    made = Signs(separator, *signs[:4])
    return _USUAL if made == _USUAL else made


def _is_sign(letter: str) -> bool:
    """Whether it may part fields: ASCII that is seen, and neither a letter nor a figure."""
    return "!" <= letter <= "~" and len(letter) == 1 and not letter.isalnum()


def _text(raw: bytes, declared: str) -> str:
    """The text; what is UTF-8 beyond doubt is read so, whatever was declared."""
    if raw.isascii():
        text = raw.decode("ascii")
    else:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode(_CHARACTERS.get(declared.upper(), "cp1252"), errors="replace")
    return text.replace("\x00", LOST_CHARACTER) if "\x00" in text else text
