"""HL7 v2 under damage: no crash, no hang, nothing lost. ``HL7V2_FUZZ`` asks for more inputs.

Each of the six properties is tried with 150 generated inputs, or as many as ``HL7V2_FUZZ`` says.
"""

from __future__ import annotations

import json
import os
import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds import courses
from feeds.acknowledging import answer, judge
from feeds.formats.hl7v2 import compose
from feeds.mapped import Item, Mapped
from tests.feeds.hl7v2_messages import bloods, items, message, sodium
from tests.feeds.test_hl7v2_visits import ADMIT, LEAVE, MOVE, mdm, siu, visit

INPUTS = int(os.environ.get("HL7V2_FUZZ", "150"))
fuzzed = settings(
    max_examples=INPUTS, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)

SOUND = [
    bloods(sodium(), sodium("<5", "C", kind="ST")),
    ADMIT,
    MOVE,
    LEAVE,
    siu("S12", "090000", "AIS|1|A|X^Clinic", "AIL|1||W^^4"),
    mdm("T02", "100000", "OBX|1|TX|||Words \\.br\\ more||||||F"),
    message("PPR^PC1", "PRB|AD|20260302|J45^Asthma^I10|7", "NTE|1||x"),
    message("ADT^A60", "IAM|1|D|^PENICILLIN|SV|R^Rash|A|5"),
    message("ADT^A40", "MRG|777"),
    message("ADT^A17", visit(), "PID|2||40002^^^RJ2^MR||Other", visit()),
]
#: What hurts parsers: signs, line ends, frames, starts of messages, figures, bytes of no text.
PIECES = [
    *(b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b"\x0b", b"\x1c", b"\x00", b'""', b"\\X00\\"),
    *(
        b"\rMSH|",
        b"MSH|^~\\&|",
        b"\rPID|",
        b"\rOBX|1|NM|",
        b"BTS|9",
        b"\xff\xfe",
        b"\xc3",
        b"\\E\\",
    ),
    *(b"99999999999999999999", b"1e999999", b"-0007", b"20261399", b"\xed\xa0\x80", b"\\X0D0A\\"),
]


@st.composite
def damaged(draw: st.DrawFn, *, keep_lines: bool = False) -> bytes:
    """A sound message with bytes taken out, put in, doubled and cut off."""
    content = bytearray(draw(st.sampled_from(SOUND)))
    pieces = [p for p in PIECES if not keep_lines or not set(p) & set(b"\r\n\x0b\x1c")]
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(4 if keep_lines else 0, max(len(content) - 1, 4)))
        match draw(st.sampled_from(["in", "out", "double", "cut", "byte"])):
            case "in":
                content[at:at] = draw(st.sampled_from(pieces))
            case "out":
                del content[at : at + draw(st.integers(1, 20))]
            case "double":
                content[at:at] = content[at : at + draw(st.integers(1, 60))]
            case "cut" if not keep_lines:
                del content[at:]
            case _:
                content[at : at + 1] = bytes([draw(st.integers(0, 255))])
    if keep_lines:
        return bytes(content[:4]) + bytes(content[4:]).replace(b"\rMSH", b"\rmsh") + b"\r"
    return bytes(content)


def storable(found: list[Item]) -> bool:
    """Whether everything that was mapped can be kept: JSON without NUL, a display."""
    for item in found:
        if not isinstance(item.outcome, Mapped):
            continue
        entries = list(item.outcome.entries)
        for told in item.outcome.told:
            held: courses.Registers = {}
            courses.fold(held, told.said)
            made = compose(told.identifier, courses.values(held))
            assert made or told.may_be_empty
            entries += made
        for entry in entries:
            assert entry.display
            assert b"\\u0000" not in entry.resource
            assert b"\x00" not in entry.resource
            json.loads(entry.resource)
    return True


@fuzzed
@given(st.binary(max_size=400) | st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
def test_any_bytes_give_an_outcome(content: bytes) -> None:
    found = items(content)
    assert found
    assert storable(found)


@fuzzed
@given(damaged())
def test_a_damaged_message_gives_an_outcome_that_can_be_kept(content: bytes) -> None:
    found = items(content)
    assert found
    assert storable(found)


@fuzzed
@given(damaged(keep_lines=True))
def test_the_neighbours_of_a_damaged_message_are_not_harmed(content: bytes) -> None:
    before, after = bloods(sodium("1"), filler="B"), bloods(sodium("2"), filler="A")
    found = items(before + content + after)
    alone = [items(before)[0].outcome, items(after)[0].outcome]
    assert found[0].outcome == alone[0]
    assert found[-1].outcome == alone[1]
    assert len(found) >= 3, "what was damaged is there, however it is read"


@fuzzed
@given(damaged(), st.integers(1, 50))
def test_it_does_not_matter_how_the_bytes_are_cut(content: bytes, size: int) -> None:
    whole = items(content * 2)

    class Slowly:
        def __init__(self) -> None:
            self.rest = content * 2

        def read(self, _size: int) -> bytes:
            taken, self.rest = self.rest[:size], self.rest[size:]
            return taken

    from feeds.formats.hl7v2 import read

    slowly: Any = Slowly()
    assert list(read(slowly, name="")) == whole


@fuzzed
@given(damaged() | st.binary(max_size=100))
def test_every_frame_is_answered(content: bytes) -> None:
    given_answer = judge(content)
    said = answer(given_answer)
    assert given_answer.code in ("AA", "AE", "AR")
    assert (given_answer.code == "AA") == (given_answer.reason == "")
    assert b"\x0b" not in said
    assert b"\x1c" not in said


@fuzzed
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("abc"), st.tuples(st.sampled_from("123"), st.integers(0, 3))
        ),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_folding_is_the_same_in_any_order_and_with_repeats(
    told: list[dict[str, tuple[str, int]]], shuffler: random.Random
) -> None:
    one: courses.Registers = {}
    other: courses.Registers = {}
    for each in told:
        courses.fold(one, each)
    for each in shuffler.sample(told * 2, len(told) * 2):
        courses.fold(other, each)
    assert one == other
