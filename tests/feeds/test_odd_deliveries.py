"""What strangers send: each item loads, or is held with words that say what to do; none is lost.

The tables are read by each form by itself first, then loaded through the whole pipeline, together:
what no database keeps would show there.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from feeds import actions, selectors
from feeds.formats import FORMATS
from feeds.mapped import Held, Item, Mapped, Snapshot
from feeds.models import Batch, BatchState, Outcome
from organisations.models import Feed
from tests import factories
from tests.feeds import hl7v2_messages as hl7
from tests.feeds.conftest import condition, patient
from tests.feeds.test_shared_folder import deliveries

#: (form, what is odd, the bytes, how many items load, words of each that is held)
Case = tuple[str, str, bytes, int, tuple[str, ...]]

P, C = json.dumps(patient()), json.dumps(condition())
BUNDLE = json.dumps({"resourceType": "Bundle", "entry": [{"resource": patient()}]})
XML = '<Patient xmlns="http://hl7.org/fhir"><id value="x1"/><name><family value="Zoë"/></name>'


def fhir(**changed: Any) -> bytes:
    """A person and a diagnosis with something changed."""
    return f"{P}\n{json.dumps(condition(**changed))}\n".encode()


def person(**changed: Any) -> bytes:
    """A person with something changed."""
    return json.dumps({**patient(), **changed}).encode()


FHIR: list[tuple[str, bytes, int, tuple[str, ...]]] = [
    ("mark, CR LF, blank lines", f"\ufeff{P}\r\n\r\n \r\n{C}\r\n".encode(), 2, ()),
    ("filled up with NUL, ended by Ctrl-Z", f"{P}\n{C}\n\0\0\0\n\x1a".encode(), 2, ()),
    ("NUL in words", fhir(code={"text": "a\x00b"}), 2, ()),
    ("a lone surrogate", person(name=[{"family": "\ud800x"}]), 1, ()),
    ("cut off", f"{P}\n{C[:-20]}".encode(), 1, ("cut off before its end: send it again",)),
    ("a bundle cut off", BUNDLE[:-20].encode(), 0, ("cut off before its end: send it again",)),
    ("two documents", (BUNDLE + BUNDLE).encode(), 0, ("one on each line (NDJSON)",)),
    ("lines ended by CR alone", f"{P}\r{C}\r".encode(), 0, ("one on each line (NDJSON)",)),
    ("Latin-1", f"{P}\n".encode() + C.replace("Asthma", "Ménière").encode("latin-1"), 1,
     ("send it as UTF-8",)),
    ("UTF-16", P.encode("utf-16"), 0, ("send it as UTF-8",)),
    ("UTF-32", f"{P}\n{C}\n".encode("utf-32"), 0, ("send it as UTF-8",)),
    ("gzip", gzip.compress(P.encode()), 0, ("unpack it",)),
    ("PDF", b"%PDF-1.7\n1 0 obj", 0, ("a PDF",)),
    ("HL7 v2", hl7.bloods(hl7.sodium()), 0, ("HL7 v2: give it in",)),
    ("a web page", b"<html><body>Sign in</body></html>", 0, ("not FHIR's",)),
    ("XML in Latin-1 with a prefix", (
        '<?xml version="1.0" encoding="ISO-8859-1"?>'
        '<f:Patient xmlns:f="http://hl7.org/fhir"><f:id value="x"/><f:name><f:family value="Zoë"/>'
        "</f:name></f:Patient>").encode("latin-1"), 1, ()),
    ("XML cut off", XML.encode(), 0, ("send it again",)),
    ("two documents of XML", f"{XML}</Patient>{XML}</Patient>".encode(), 0, ("one document",)),
    ("a date that is none", fhir(onsetDateTime="2026-02-30"), 2, ()),
    ("an hour that is none", fhir(onsetDateTime="2026-03-01T25:00:00Z"), 2, ()),
    ("the ends of time", fhir(onsetDateTime="0001-01-01") + fhir(
        id="c2", onsetDateTime="9999-12-31T23:59:59-14:00"), 4, ()),
    ("before the birth", fhir(onsetDateTime="1900-01-01"), 2, ()),
    ("a birth to come", person(birthDate="2190-01-01"), 1, ()),
    ("a death before the birth", person(deceasedDateTime="1900-01-01"), 1, ()),
    ("a wrong check digit", person(identifier=[
        {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000019"}]), 1, ()),
    ("a huge field", fhir(note=[{"text": "x" * 3_000_000}]), 2, ()),
    ("a number for an id", fhir(id=7), 1, ("$.id: expected str, got int",)),
    ("bundles in bundles", json.dumps({"resourceType": "Bundle", "entry": [
        {"resource": json.loads(BUNDLE)}, {"resource": condition()}]}).encode(), 2, ()),
    ("null among entries", json.dumps({"resourceType": "Bundle", "entry": [
        None, {"resource": patient()}]}).encode(), 1, ("not a bundle entry",)),
]  # fmt: skip

VISIT = "PV1|1|I|WARD1^B1^1^RJ2" + "|" * 16 + "V1^^^RJ2" + "|" * 25 + "20260301094500"
A01 = hl7.message("ADT^A01", VISIT)
ORU = hl7.bloods(hl7.sodium())


def signed(content: bytes) -> bytes:
    """A message with other signs than the usual ones."""
    return content.translate(bytes.maketrans(b"|^~\\&", b"#:;!@"))


HL7V2: list[tuple[str, bytes, int, tuple[str, ...]]] = [
    ("other signs", signed(A01) + signed(ORU), 2, ()),
    ("LF, CR LF and MLLP's frame", A01.replace(b"\r", b"\n") + ORU.replace(b"\r", b"\r\n")
     + b"\x0b" + A01 + b"\x1c\r", 3, ()),
    ("a mark before each", b"\xef\xbb\xbf" + A01 + b"\xef\xbb\xbf" + ORU, 2, ()),
    ("empty segments and 500 of the sender's own", hl7.message(
        "ADT^A01", "PD1", "ZXX|1", *["ZZZ|a|b"] * 500, "PV2|", "", VISIT, "NTE"), 1, ()),
    ("indented, with NUL between", A01.replace(b"\r", b"\r \t\x00"), 1, ()),
    ("NUL in a name", A01.replace(b"Ruth", b"Ru\x00th"), 1, ()),
    ("Latin-1 undeclared", hl7.message("ADT^A01", VISIT, person=hl7.PID.replace("Ruth", "Zoë"),
                                       encoding="latin-1"), 1, ()),
    ("UTF-16", A01.decode().encode("utf-16"), 0, ("send it as UTF-8",)),
    ("no line ends", A01.replace(b"\r", b" "), 0, ("each segment ends with CR",)),
    ("line ends spelled out", A01.replace(b"\r", b"\\r"), 0, ("each segment ends with CR",)),
    ("no PID", hl7.message("ADT^A01", VISIT, person=""), 0, ("each segment ends with CR",)),
    ("no number in PID", hl7.message("ADT^A01", VISIT, person="PID|1||||Carter^Ruth"), 0,
     ("PID-3",)),
    ("no visit", hl7.message("ADT^A01", "PV1|1|I|WARD1"), 0, ("or in PV1-50 or PID-18",)),
    ("a result under no order", hl7.message("ORU^R01", hl7.sodium()), 1, ()),
    ("no result and no order", hl7.message("ORU^R01"), 0, ("OBX: neither a result",)),
    ("text in a figure's place", hl7.bloods(hl7.sodium("haemolysed")), 1, ()),
    ("stray escapes", hl7.bloods(hl7.sodium(r"a\b \Zx\ \X41\ \XZZ\ \H\c\N", kind="ST")), 1, ()),
    ("other zones", ORU.replace(b"20260302090000", b"20260302090000.1234-0500"), 1, ()),
    ("a birth to come", A01.replace(b"19410303", b"21900101"), 1, ()),
    ("a batch that lost a message", b"BHS|^~\\&|a\r" + A01 + b"BTS|2\r", 1, ("Send it again",)),
    ("out of order", hl7.message("ADT^A03", VISIT, at="20260303180000") + A01, 2, ()),
    ("something before each MSH", b"10:00 in: " + A01, 0, ("before it on its line",)),
    ("text before the first", b"hello\r" + A01, 1, ("stands before the first message",)),
    ("17 MiB", hl7.bloods(hl7.sodium("A" * (17 << 20), kind="TX")) + A01, 1, ("16 MiB",)),
    ("gzip", gzip.compress(A01), 0, ("unpack it",)),
    ("FHIR", P.encode(), 0, ("JSON: if it is FHIR",)),
    ("nothing", b" \r\n", 0, ("no HL7 v2 message",)),
]  # fmt: skip

REPORT = (
    "UNB+UNOC:3+LAB+GP+260302:1800+REF1'UNH+1+MEDRPT:0:1:RT:NHS003'BGM+LSR'"
    "DTM+137:202603021800:203'S02+02'GIS+N'RFF+SRI:R1'STS++FI'DTM+ISR:202603021752:203'S07+07'"
    f"PNA+PAT+{hl7.NUMBER}:OPI+++SU:Carter+FO:Ruth'DTM+329:19410303:102'PDI+2'S16+16'SEQ++1'"
    "SPC+TSP+:::Blood'GIS+N'INV+MQ+1:911::Sodium'RSL+NV+136++:::mmol/L'FTX+SPC+++Clear?'s'"
    "RFF+ASL:1'UNT+21+1'UNZ+1+REF1'"
)


def resigned(advice: str) -> bytes:
    """The report with the signs of an ``UNA``."""
    signs = dict(zip(":+?'", (advice[3], advice[4], advice[6], advice[8]), strict=True))
    return (advice + REPORT.translate(str.maketrans(signs))).encode()


EDIFACT: list[tuple[str, bytes, int, tuple[str, ...]]] = [
    ("one line", REPORT.encode(), 3, ()),
    ("UNA's usual signs", resigned("UNA:+.? '"), 3, ()),
    ("other signs", resigned("UNA!*.% ~"), 3, ()),
    ("version 4's repetition sign", resigned("UNA:+.?*'"), 3, ()),
    ("a line end for a sign", resigned("UNA:+.? \n"), 3, ()),
    ("a mark and CR LF", b"\xef\xbb\xbf" + REPORT.replace("'", "'\r\n").encode(), 3, ()),
    ("NUL and Latin-1", REPORT.replace("Ruth", "Zo\xeb\0").encode("latin-1"), 3, ()),
    ("twice", REPORT.encode() * 2, 6, ()),
    ("cut off", REPORT[:-80].encode(), 0, ("Send it again",)),
    (
        "cut off within a segment, and another",
        f"{REPORT[:-85]}\r\n{REPORT}".encode(),
        3,
        ("Send it again",),
    ),
    ("its end missing", REPORT[:-11].encode(), 3, ("UNZ: the interchange has no end",)),
    ("another kind", REPORT.replace("NHS003", "ORDERS").encode(), 0, ()),
    ("gzip", gzip.compress(REPORT.encode()), 0, ("unpack it",)),
    ("HL7 v2", A01, 0, ("HL7 v2: give it in",)),
]

HEAD = (
    "LA_Person_Unique_Identifier,NHS_Number,Family_Name,Given_Names,Date_of_Birth,Extract_Date,"
    "Event_Type,Event_Start_Date,Event_End_Date,Service_Type,Event_Description"
)
ROW = (
    f"P1,{hl7.NUMBER},Carter,Ruth,1941-03-03,2026-06-30,Service,2026-01-05,,"
    "Long term support: Community,Day care"
)
NEXT = ROW.replace("P1", "P2").replace(hl7.NUMBER, factories.made_up_nhs_number(2))


def rows(*lines: str, ends: str = "\r\n") -> str:
    """A file of these rows."""
    return ends.join([HEAD, *lines]) + ends


CSV: list[tuple[str, bytes, int, tuple[str, ...]]] = [
    ("a mark", ("\ufeff" + rows(ROW)).encode(), 1, ()),
    ("LF", rows(ROW, ends="\n").encode(), 1, ()),
    ("CR", rows(ROW, ends="\r").encode(), 1, ()),
    ("UTF-16", rows(ROW).encode("utf-16"), 1, ()),
    ("UTF-16 without a mark", rows(ROW).encode("utf-16-le"), 0, ("send it as UTF-8",)),
    ("Windows' letters", rows(ROW.replace("Ruth", "Zoë")).encode("cp1252"), 1, ()),
    ("semicolons", rows(ROW).replace(",", ";").encode(), 1, ()),
    ("quotes in quotes", rows(ROW.replace("Day care", '"She said ""no"", twice"')).encode(), 1, ()),
    ("a line end in quotes", rows(ROW.replace("Day care", '"two\r\nlines"')).encode(), 1, ()),
    ("a stray quotation mark", rows(ROW.replace("Day care", 'a 6" step'), NEXT).encode(), 2, ()),
    ("one that is not closed", rows(ROW.replace("Day care", '"never'), NEXT).encode(), 1,
     ("opened and not closed",)),
    ("cut off", rows(ROW, NEXT)[:-30].encode(), 1, ("10 cells",)),
    ("empty rows, ended by Ctrl-Z", rows("", ROW, ",,,", "\x1a").encode(), 1, ()),
    ("NUL", rows(ROW.replace("Ruth", "Ru\0th"), NEXT).encode(), 1, ("not text",)),
    ("a row twice", rows(ROW, ROW).encode(), 2, ()),
    ("a cell of 900 kB", rows(ROW.replace("Day care", "x" * 900_000), NEXT).encode(), 1,
     ("128 KiB",)),
    ("a formula", rows(ROW.replace("Day care", "=1+1")).encode(), 1, ()),
    ("a number that Excel rounded", rows(ROW.replace(hl7.NUMBER, "9.99E+09")).encode(), 1, ()),
    ("an end before its start", rows(ROW.replace("2026-01-05,", "2026-01-05,2025-01-01")).encode(),
     0, ("before Event_Start_Date",)),
    ("a birth to come", rows(ROW.replace("1941", "2190")).encode(), 1, ()),
    ("a column twice", f"{HEAD},NHS_Number\r\n{ROW},1\r\n".encode(), 0, ("send one of them",)),
    ("no column names", f"{ROW}\r\n".encode(), 0, ("LA_Person_Unique_Identifier",)),
    ("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, 0, ("save it as CSV",)),
    ("gzip", gzip.compress(rows(ROW).encode()), 0, ("unpack it",)),
    ("a web page", b"<html><table>", 0, ("a web page",)),
]  # fmt: skip

GP_CONNECT: list[tuple[str, bytes, int, tuple[str, ...]]] = [
    ("gzip", gzip.compress(BUNDLE.encode()), 0, ("unpack it",)),
    ("a web page", b"<!DOCTYPE html>", 0, ("a web page",)),
    ("cut off", BUNDLE[:-20].encode(), 0, ("cut off before its end: send it again",)),
    ("printed, with a mark", b"\xef\xbb\xbf" + BUNDLE.replace(",", ",\r\n ").encode(), 1, ()),
    ("no FHIR", b'{"a": [1, 2]}', 0, ("resourceType",)),
]
TABLES = {
    "fhir-r4": FHIR, "hl7v2": HL7V2, "edifact": EDIFACT, "council-csv": CSV,
    "gp-connect": GP_CONNECT,
}  # fmt: skip
CASES: list[Case] = [(form, *case) for form, table in TABLES.items() for case in table]


def read(form: str, content: bytes) -> list[Item]:
    return [
        item for item in FORMATS[form].read(io.BytesIO(content), name="odd") if not item.is_wrapper
    ]


@pytest.mark.parametrize(
    ("form", "content", "loads", "held"),
    [pytest.param(f, c, n, h, id=f"{f}: {words}") for f, words, c, n, h in CASES],
)
def test_each_item_loads_or_says_what_to_do(
    form: str, content: bytes, loads: int, held: tuple[str, ...]
) -> None:
    found = read(form, content)
    reasons = [item.outcome.reason for item in found if isinstance(item.outcome, Held)]
    assert len(reasons) == len(held), reasons
    for reason, words in zip(reasons, held, strict=True):
        assert words in reason
    assert sum(isinstance(item.outcome, Mapped) for item in found) == loads


@pytest.fixture
def feeds(database: object, as_login: Any) -> dict[str, Feed]:
    """A feed of each form, each its own organisation's."""
    kinds = {"gp-connect": "gp_practice", "council-csv": "adult_social_care"}
    with as_login("pipeline"):
        return {
            form: factories.feed(
                factories.organisation(f"Odd {form}", kind=kinds.get(form, "nhs_trust")), form
            )
            for form in FORMATS
        }


@pytest.fixture
def load_all(as_login: Any) -> Callable[[Feed, list[bytes]], selectors.Report]:
    """Give contents in as the files of one batch, load it, and add up what became of it."""

    def load(feed: Feed, contents: list[bytes]) -> selectors.Report:
        files: Iterable[actions.File] = (
            actions.File(f"{number}", io.BytesIO(one)) for number, one in enumerate(contents)
        )
        with as_login("pipeline"):
            batch = actions.receive(files, feed=feed, by=None)
            loaded = actions.load(batch.pk)
            if loaded is not None and loaded.state == BatchState.WAITING:
                # So few rows of a council's file can be read that somebody is asked first.
                decided = {"state": BatchState.RECEIVED, "decided": timezone.now()}
                Batch.objects.filter(pk=batch.pk).update(**decided)
                loaded = actions.load(batch.pk)
            assert loaded is not None
            report = selectors.report(loaded)
        assert loaded.state == BatchState.LOADED
        items = [item for content in contents for item in read(feed.format, content)]
        counted = [item for item in items if not isinstance(item.outcome, Snapshot)]
        assert report.read - report.total(Outcome.RETIRED) == len(counted)
        return report

    return load


@pytest.mark.parametrize("form", sorted(TABLES))
def test_all_of_it_loads_and_the_same_again_changes_nothing(
    form: str,
    feeds: dict[str, Feed],
    load_all: Callable[[Feed, list[bytes]], selectors.Report],
) -> None:
    contents = [content for _, content, _, _ in TABLES[form]]
    first = load_all(feeds[form], contents)
    assert first.total(Outcome.HELD) >= sum(len(held) for *_, held in TABLES[form])
    load_all(feeds[form], contents[:1])
    again = load_all(feeds[form], contents[:1])
    assert again.read == again.total(Outcome.UNCHANGED) + again.total(Outcome.HELD)


@pytest.mark.shared
def test_every_shared_folder_loads(
    shared_data: Path,
    feeds: dict[str, Feed],
    load_all: Callable[[Feed, list[bytes]], selectors.Report],
) -> None:
    """Real deliveries through the whole pipeline: counts add up, and nothing stops a batch."""
    of_form: dict[str, list[bytes]] = {}
    for path, form in deliveries(shared_data / "feeds"):
        of_form.setdefault(form, []).append(path.read_bytes())
    assert set(of_form) == set(TABLES)
    for form, contents in of_form.items():
        report = load_all(feeds[form], contents)
        assert report.total(Outcome.LOADED) or form == "council-csv", form
