"""Made-up HL7 v2 messages for tests."""

from __future__ import annotations

import io
from typing import Any

from feeds.formats.hl7v2 import read
from feeds.mapped import Held, Item, Mapped, MappedEntry, MappedPerson, PassedOver

NUMBER = "9990000018"
PID = (
    f"PID|1||40001^^^RJ2^MR~{NUMBER}^^^NHS^NH||Carter^Ruth^Ann^^Ms^^L||19410303|2"
    "|||1 High Street^^London^^SE13 6LH^^H||020 7946 0000"
)


def message(kind: str, *segments: str, at: str = "20260302180000", **changed: Any) -> bytes:
    """A message with its header; ``person`` replaces PID, ``control`` MSH-10."""
    header = f"MSH|^~\\&|LAB|RJ2|CC|CC|{at}||{kind}|{changed.get('control', 'c1')}|P|2.4"
    if charset := changed.get("charset"):
        header += f"||||||{charset}"
    lines = [header]
    if kind.startswith(("ADT", "SIU", "MDM", "PPR")):
        happened = changed.get("happened", "")
        lines.append(f"EVN|{kind[4:7]}|{changed.get('recorded', at)}||||{happened}")
    person = changed.get("person", PID)
    lines += [person] if person else []
    encoded: bytes = "\r".join([*lines, *segments]).encode(changed.get("encoding", "utf-8"))
    return encoded + b"\r"


def bloods(*obx: str, status: str = "F", said: str = "20260302120000", **changed: Any) -> bytes:
    """A laboratory's report of one order."""
    obr = (
        f"OBR|1|P1|{changed.pop('filler', 'F1')}|UE^Urea and electrolytes^L|||20260302090000"
        f"|||||||||||||||{said}||CC|{status}"
    )
    return message("ORU^R01", obr, *obx, **changed)


def sodium(value: str = "136", status: str = "F", **changed: str) -> str:
    """A serum sodium."""
    unit, flag = changed.get("unit", "mmol/L"), changed.get("flag", "")
    kind, usual = changed.get("kind", "NM"), changed.get("usual", "133-146")
    return f"OBX|1|{kind}|NA^Sodium^L||{value}|{unit}|{usual}|{flag}|||{status}"


def items(content: bytes, **given: Any) -> list[Item]:
    """Everything that is read."""
    return list(read(io.BytesIO(content), name="", **given))


def people(found: list[Item]) -> list[MappedPerson]:
    """The persons."""
    return [i.outcome.person for i in found if isinstance(i.outcome, Mapped) and i.outcome.person]


def entries(found: list[Item], kind: str = "") -> list[MappedEntry]:
    """The entries, of one kind or all."""
    mapped = [i.outcome for i in found if isinstance(i.outcome, Mapped)]
    return [entry for one in mapped for entry in one.entries if kind in ("", entry.kind)]


def held(found: list[Item]) -> list[str]:
    """Why items are held."""
    return [i.outcome.reason for i in found if isinstance(i.outcome, Held)]


def passed(found: list[Item]) -> list[str]:
    """Why items are passed over, the envelope's aside."""
    return [
        i.outcome.reason for i in found if isinstance(i.outcome, PassedOver) and not i.is_wrapper
    ]
