"""Every parser under damage: no crash, no hang, nothing lost. ``FEEDS_FUZZ`` asks for more inputs.

Each property is tried for each format with 40 generated inputs, or as many as ``FEEDS_FUZZ`` says.
HL7 v2 has its own in ``test_hl7v2_fuzz.py``. ``docs/bench.md`` says how many were tried by hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.formats import FORMATS
from feeds.formats.council_csv import read_mapped
from feeds.formats.council_csv.mapping import MappingFault, read_mapping
from feeds.formats.reader import Reader
from feeds.mapped import Held, Item, Mapped
from feeds.mllp import Broken, Frames, Limits
from launcher import ROOT
from tests.feeds.conftest import condition, ndjson, patient
from tests.feeds.hl7v2_messages import bloods, sodium
from tests.feeds.test_council_csv import PERSON, SERVICE, table
from tests.feeds.test_edifact import message as edifact_message
from tests.feeds.test_edifact import sodium as edifact_sodium
from tests.feeds.test_gp_connect import allergy, observation, snapshot
from tests.feeds.test_hl7v2_visits import ADMIT, LEAVE

INPUTS = int(os.environ.get("FEEDS_FUZZ", "40"))
fuzzed = settings(
    max_examples=INPUTS, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)

_XML = (
    b'<?xml version="1.0" encoding="UTF-8"?><Bundle xmlns="http://hl7.org/fhir">'
    b'<type value="collection"/><entry><resource><Patient><id value="p1"/><name><family '
    b'value="Carter"/><given value="Ruth"/></name><birthDate value="1941-03-03"/></Patient>'
    b'</resource></entry><entry><resource><Condition><id value="c1"/><code><text value="Asthma"/>'
    b'</code><subject><reference value="Patient/p1"/></subject></Condition></resource></entry>'
    b"</Bundle>"
)
_JSON = json.dumps(
    {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": patient()}, {"resource": condition()}],
    }
).encode()
_MAPPING = (ROOT / "docs" / "examples" / "council-mapping.toml").read_bytes()
_WHOLE = "[extract]\nfull = true\n"


@dataclass(frozen=True, slots=True)
class Parser:
    """A parser, and what is damaged for it.

    ``members`` is one sound item by its number, where a delivery is one item after another that
    ends in ``end``; what parts items or parts of them is in ``keeps``, so that it can be spared.
    """

    name: str
    read: Reader
    sound: tuple[bytes, ...]
    pieces: tuple[bytes, ...]
    member: Callable[[int], bytes] | None = None
    head: bytes = b""
    keeps: bytes = b""

    def __str__(self) -> str:
        return self.name


_BYTES = (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b"\r", b"\n", b"\x1a")
_FIGURES = (b"99999999999999999999", b"1e999999", b"-0007", b"20261399", b"1900-02-30")
_OF_JSON = (b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"true", b"\\u0000", b"\\ud800")
_OF_XML = (b"<", b"/>", b"&", b"&#0;", b"<!DOCTYPE x>", b"]]>", b'="', b"<entry>", b"</entry>")
_OF_EDIFACT = (
    b"'", b"+", b":", b"?", b"UNH+", b"UNT+", b"UNB+", b"UNG+", b"UNZ+2+", b"UNA:+.? '",
    b"S02+02'", b"RSL+NV+",
)  # fmt: skip
_OF_CSV = (b",", b'"', b'""', b"\r\n", b";", b"=1+1", b"#REF!", b"1E+05", b"sep=;", b"PK\x03\x04")


def _line(number: int) -> bytes:
    return ndjson(condition(f"c{number}"))


def _report(number: int) -> bytes:
    return edifact_message(*edifact_sodium(), reference=str(number)) + b"\r\n"


_ENVELOPED = b"UNA:+.? 'UNB+UNOC:3+LAB+GP+260302:1800+R1'" + _report(1) + b"UNZ+1+R1'"
_HEADER, _ROW = table(SERVICE).splitlines(keepends=True)


def _row(number: int) -> bytes:
    return _ROW.replace(b"P10021", f"P{number:05}".encode())


def _parsers() -> tuple[Parser, ...]:
    fhir, gp, edifact = FORMATS["fhir-r4"].read, FORMATS["gp-connect"].read, FORMATS["edifact"].read
    lines = (ndjson(patient(), condition()),)
    rows = (table(PERSON), table(SERVICE), table(PERSON | SERVICE))
    return (
        Parser("FHIR JSON", fhir, (_JSON, json.dumps(patient()).encode()), _OF_JSON),
        Parser("FHIR XML", fhir, (_XML,), _OF_XML),
        Parser("NDJSON", fhir, lines, _OF_JSON, _line, ndjson(patient()), b"\r\n"),
        Parser("GP Connect", gp, (snapshot(allergy(), observation()),), _OF_JSON),
        Parser(
            "EDIFACT",
            edifact,
            (edifact_message(*edifact_sodium()), _ENVELOPED),
            _OF_EDIFACT,
            _report,
            keeps=b"'?\r\nUH",
        ),
        Parser("council CSV", read_mapped(_WHOLE), rows, _OF_CSV, _row, _HEADER, b'\r\n"\x00'),
    )


EACH = pytest.mark.parametrize("parser", _parsers(), ids=str)
EACH_OF_MEMBERS = pytest.mark.parametrize(
    "parser", [each for each in _parsers() if each.member is not None], ids=str
)


def items(parser: Parser, content: bytes) -> list[Item]:
    return list(parser.read(io.BytesIO(content), name="", source_kind="adult_social_care"))


def damage(draw: st.DrawFn, sound: bytes, pieces: tuple[bytes, ...], keeps: bytes) -> bytes:
    """Bytes taken out, put in, doubled and cut off; what ``keeps`` has is neither taken nor put."""
    content = bytearray(sound)
    usable = [p for p in (*pieces, *_BYTES, *_FIGURES) if not set(p) & set(keeps)]
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        long = draw(st.integers(1, 40))
        spared = bool(set(content[at : at + long]) & set(keeps))
        match draw(st.sampled_from(["in", "out", "double", "cut", "byte"])):
            case "in":
                content[at:at] = draw(st.sampled_from(usable))
            case "out" if not spared:
                del content[at : at + long]
            case "double" if not spared:
                content[at:at] = content[at : at + long]
            case "cut" if not keeps:
                del content[at:]
            case _ if not set(content[at : at + 1]) & set(keeps):
                byte = draw(st.integers(0, 255).filter(lambda one: one not in keeps))
                content[at : at + 1] = bytes([byte])
            case _:
                pass
    return bytes(content)


def is_storable(found: list[Item]) -> bool:
    """Whether everything that was mapped can be kept, and what is held says why."""
    for item in found:
        match item.outcome:
            case Mapped(entries=entries):
                for entry in entries:
                    assert entry.display
                    assert b"\\u0000" not in entry.resource
                    assert "\x00" not in entry.display + entry.detail + entry.value_text
                    json.loads(entry.resource)
            case Held(reason):
                assert reason
            case _:
                pass
    return True


@EACH
@fuzzed
@given(st.data())
def test_a_damaged_delivery_gives_outcomes_that_can_be_kept(
    parser: Parser, data: st.DataObject
) -> None:
    @st.composite
    def damaged(draw: st.DrawFn) -> bytes:
        return damage(draw, draw(st.sampled_from(parser.sound)), parser.pieces, b"")

    content = data.draw(damaged())
    found = items(parser, content)
    assert found, "whatever it is, it is something"
    assert is_storable(found)


@EACH
@fuzzed
@given(st.data())
def test_any_bytes_give_an_outcome(parser: Parser, data: st.DataObject) -> None:
    signs = st.lists(st.sampled_from(parser.pieces + _BYTES + _FIGURES), max_size=40)
    content = data.draw(st.binary(max_size=300) | signs.map(b"".join))
    found = items(parser, content)
    assert found
    assert is_storable(found)


@EACH
@fuzzed
@given(st.data(), st.integers(1, 50))
def test_it_does_not_matter_how_the_bytes_are_cut(
    parser: Parser, data: st.DataObject, size: int
) -> None:
    @st.composite
    def damaged(draw: st.DrawFn) -> bytes:
        return damage(draw, draw(st.sampled_from(parser.sound)), parser.pieces, b"")

    content = data.draw(damaged())

    class Slowly(io.RawIOBase):
        def __init__(self) -> None:
            super().__init__()
            self.rest = content

        def readable(self) -> bool:
            return True

        def read(self, _size: int = -1) -> bytes:
            taken, self.rest = self.rest[:size], self.rest[size:]
            return taken

    slowly: Any = Slowly()
    assert list(parser.read(slowly, name="", source_kind="adult_social_care")) == items(
        parser, content
    )


@EACH_OF_MEMBERS
@fuzzed
@given(st.data())
def test_the_neighbours_of_what_is_damaged_are_not_harmed(
    parser: Parser, data: st.DataObject
) -> None:
    assert parser.member is not None
    sound = parser.member(5)

    @st.composite
    def damaged(draw: st.DrawFn) -> bytes:
        return damage(draw, sound, parser.pieces, parser.keeps)

    before, after = parser.member(1), parser.member(2)
    content = data.draw(damaged())
    found = [
        item
        for item in items(parser, parser.head + before + content + after)
        if not item.is_wrapper
    ]
    alone = [item for item in items(parser, parser.head + before + after) if not item.is_wrapper]
    outcomes = [item.outcome for item in found]
    assert all(item.outcome in outcomes for item in alone)
    assert len(found) > len(alone), "what was damaged is there, however it is read"


@fuzzed
@given(st.lists(st.sampled_from([b"{", b"}", b"1", b",", b'"a":', b"[", b"]"]), max_size=30))
def test_every_entry_of_a_bundle_is_accounted_for(signs: list[bytes]) -> None:
    odd = b"".join(signs)
    bundle = b'{"resourceType": "Bundle", "entry": [%s, {"resource": %s}]}'
    content = bundle % (odd, json.dumps(condition()).encode())
    parser = _parsers()[0]
    found = items(parser, content)
    try:
        members = json.loads(content)["entry"]
    except ValueError:
        assert any(isinstance(item.outcome, Held) for item in found)
    else:
        places = {item.pointer for item in found if not item.is_wrapper}
        assert {f"entry[{number}]" for number in range(len(members))} <= places


@fuzzed
@given(st.data())
def test_a_damaged_mapping_is_one_or_says_what_to_do(data: st.DataObject) -> None:
    @st.composite
    def damaged(draw: st.DrawFn) -> bytes:
        signs = (b"[", b"]", b"=", b'"', b"'", b"#", b"\n", b"[[", b"1e9", b"true", b"\\u0000")
        return damage(draw, _MAPPING, signs, b"")

    text = data.draw(damaged()).decode(errors="replace")
    why = ""
    with contextlib.suppress(MappingFault):
        why = _why_none(text)
    assert why == ""


def _why_none(text: str) -> str:
    """What is wrong with a mapping that was read; MappingFault where it was not."""
    return "" if 0 < read_mapping(text).lowest_match <= 1 else "a share that is none"


# ── MLLP ────────────────────────────────────────────────────────────────────────────────────

_NOISE = st.lists(st.sampled_from([b"\r", b"\n", b"x", b"MSH|"]), max_size=5).map(b"".join)
_MESSAGES = st.sampled_from([bloods(sodium()), ADMIT, LEAVE, b"", b"\x00", b"MSH|^~\\&|\r"])


def frames_of(content: bytes, size: int) -> tuple[list[bytes], str]:
    """What a connection on which these bytes come gives, and why it ends."""

    async def talk() -> tuple[list[bytes], str]:
        reader = asyncio.StreamReader()
        frames = Frames(reader, Limits(), lambda _size: None)
        for at in range(0, len(content), size):
            reader.feed_data(content[at : at + size])
        reader.feed_eof()
        found = []
        try:
            while (message := await frames.next()) is not None:
                found.append(message)
        except Broken as error:
            return found, str(error)
        return found, ""

    return asyncio.run(talk())


@fuzzed
@given(st.lists(st.tuples(_NOISE, _MESSAGES), max_size=6), st.integers(1, 60))
def test_every_frame_is_read_whatever_stands_between(
    sent: list[tuple[bytes, bytes]], size: int
) -> None:
    content = b"".join(noise + b"\x0b" + message + b"\x1c\r" for noise, message in sent)
    assert frames_of(content, size) == ([message for _, message in sent], "")


@fuzzed
@given(
    st.lists(
        st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\x1c\r", b"MSH|^~\\&|", b"\n"])
        | st.binary(max_size=8),
        max_size=40,
    ).map(b"".join),
    st.integers(1, 60),
)
def test_any_bytes_on_the_wire_are_messages_or_a_broken_frame(content: bytes, size: int) -> None:
    found, why = frames_of(content, size)
    assert (found, why) == frames_of(content, max(len(content), 1))
    for message in found:
        assert b"\x0b" + message + b"\x1c" in content
    if content.count(b"\x0b") > len(found):
        assert why, "what is not read is said"


def test_the_samples_are_sound() -> None:
    for parser in _parsers():
        for content in parser.sound:
            found = items(parser, content)
            assert found
            assert not any(isinstance(item.outcome, Held) for item in found), parser.name
    assert Path(ROOT).is_dir()
