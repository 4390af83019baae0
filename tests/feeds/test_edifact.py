"""EDIFACT reports: the messages of the shared samples, and what is damaged or unusual."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.formats.edifact import read
from feeds.mapped import Held, Item, Mapped, MappedEntry, MappedPerson, PassedOver
from organisations.categories import Category

PERSON = [
    "S07+07",
    "PNA+PAT+9990000018:OPI+++SU:Carter+FO:Ruth+TI:Ms",
    "DTM+329:19410303:102",
    "PDI+2",
]


def message(*results: str, reference: str = "1", kind: str = "NHS003", **changed: Any) -> bytes:
    head = [
        f"UNH+{reference}+MEDRPT:0:1:RT:{kind}",
        "BGM+LSR",
        "DTM+137:202603021800:203",
        "S01+01",
        "NAD+SLA+++Haematology",
        "SPR+DPT",
        "S02+02",
        "GIS+N",
        f"RFF+SRI:{changed.get('report', 'R1')}",
        f"STS++{changed.get('status', 'FI')}",
        "DTM+ISR:202603021752:203",
        *changed.get("person", PERSON),
        "S16+16",
        "SEQ++1",
        "SPC+TSP+:::Blood",
        "DTM+SCO:202607020900:203",
    ]
    body = [*head, *results]
    return ("'\r\n".join([*body, f"UNT+{len(body) + 1}+{reference}"]) + "'").encode("latin-1")


def sodium(value: str = "136", extra: str = "") -> list[str]:
    return [
        "GIS+N",
        "INV+MQ+44I5.:911::Serum sodium",
        f"RSL+NV+{value}++:::mmol/L{extra}",
        "RFF+ASL:1",
        "S20+20",
        "RND+U+135+145",
    ]


def items(content: bytes, **given: Any) -> list[Item]:
    return list(read(io.BytesIO(content), name="", **given))


def people(found: list[Item]) -> list[MappedPerson]:
    return [i.outcome.person for i in found if isinstance(i.outcome, Mapped) and i.outcome.person]


def entries(found: list[Item], kind: str = "Observation") -> list[MappedEntry]:
    mapped = [i.outcome for i in found if isinstance(i.outcome, Mapped)]
    return [entry for one in mapped for entry in one.entries if entry.kind == kind]


def held(found: list[Item]) -> list[str]:
    return [i.outcome.reason for i in found if isinstance(i.outcome, Held)]


# ── The shared samples ──────────────────────────────────────────────────────────────────────


def pairs(folder: Path) -> Iterator[tuple[Path, list[Path]]]:
    for sent in sorted(folder.glob("success/*/*.edifact.dat")):
        stem = sent.name.removesuffix(".edifact.dat")
        yield sent, sorted(sent.parent.glob(f"{stem}.*.fhir.json"))


def resources(bundle: Path, kind: str) -> list[Any]:
    entries_ = json.loads(bundle.read_text())["entry"]
    return [e["resource"] for e in entries_ if e["resource"]["resourceType"] == kind]


@pytest.mark.shared
def test_every_pair_gives_the_bundles_people_and_results(shared_data: Path) -> None:
    compared = 0
    for sent, expected in pairs(shared_data / "feeds" / "edifact-lab"):
        found = items(sent.read_bytes())
        assert held(found) == []
        given_ = people(found)
        for person, bundle in zip(given_, expected, strict="partial" not in sent.name):
            (patient,) = resources(bundle, "Patient")
            assert person.family_name == patient["name"][0]["family"]
            assert person.given_names.split() == patient["name"][0]["given"]
            assert str(person.birth_date) == patient["birthDate"]
            assert person.sex == patient["gender"]
            assert list(person.address_lines) == patient.get("address", [{}])[0].get("line", [])
            compared += 1
    assert compared == 9


@pytest.mark.shared
def test_figures_are_those_of_the_pairs(shared_data: Path) -> None:
    folder = shared_data / "feeds" / "edifact-lab" / "success" / "NHS002"
    found = items((folder / "full_acceptance_without_nhsack.edifact.dat").read_bytes())
    (bundle,) = folder.glob("full_acceptance_without_nhsack.*.fhir.json")
    expected = {
        o["code"]["coding"][0]["code"]: Decimal(str(o["valueQuantity"]["value"]))
        for o in resources(bundle, "Observation")
        if "valueQuantity" in o
    }
    assert {e.code: e.value for e in entries(found)} == expected
    assert len(expected) == 12
    low = {e.code: e.interpretation for e in entries(found) if e.interpretation}
    assert low == {"42K..": "L"}


@pytest.mark.shared
def test_radiology_is_one_report_with_its_words_in_full(shared_data: Path) -> None:
    folder = shared_data / "feeds" / "edifact-lab" / "success" / "NHS002"
    found = items((folder / "full_acceptance_with_nhsack.edifact.dat").read_bytes())
    reports = entries(found, "DiagnosticReport")
    assert [r.category for r in reports] == [Category.IMAGING] * 2
    assert entries(found) == []
    for report, bundle in zip(reports, sorted(folder.glob("*_with_nhsack.*.json")), strict=True):
        (observation,) = resources(bundle, "Observation")
        assert report.detail == observation["comment"]


@pytest.mark.shared
def test_every_example_is_read(shared_data: Path) -> None:
    files = sorted((shared_data / "feeds" / "edifact-lab" / "examples").glob("*.dat"))
    assert len(files) == 16
    for file in files:
        found = items(file.read_bytes())
        assert held(found) == [], file.name
        assert len(people(found)) == 1, file.name
        assert entries(found, "DiagnosticReport"), file.name
    many = items((files[0].parent / "mutliSpecimen.edifact.dat").read_bytes())
    assert len(entries(many)) == 20
    assert any("Moderate Risk of CHD" in entry.detail for entry in entries(many))


# ── One message ─────────────────────────────────────────────────────────────────────────────


def test_a_result_has_its_figure_range_date_and_person() -> None:
    found = items(message(*sodium("146", "+HI")))
    (person,), (result,) = people(found), entries(found)
    assert (person.family_name, person.given_names, person.title) == ("Carter", "Ruth", "Ms")
    assert (person.birth_date, person.sex, person.nhs_number) == (
        date(1941, 3, 3), "female", "9990000018",
    )  # fmt: skip
    assert person.nhs_number_status == "02"
    assert result.person == person.identifier
    assert (result.value, result.value_text, result.range_text) == (
        Decimal(146), "146 mmol/L", "135 to 145 mmol/L",
    )  # fmt: skip
    assert (result.interpretation, result.category) == ("H", Category.LAB_RESULTS)
    # Nine in the morning in July, by the laboratory's clock.
    assert result.effective == datetime(2026, 7, 2, 8, 0, tzinfo=UTC)
    assert result.author == "Haematology"


@pytest.mark.parametrize(
    ("sign", "shown"), [("7", "<0.5"), ("6", ">0.5"), ("5", ">=0.5"), ("8", "<=0.5")]
)
def test_a_comparator_is_shown(sign: str, shown: str) -> None:
    (result,) = entries(items(message(*sodium(f"0.5:{sign}"))))
    assert result.value_text.replace(" ", "").startswith(shown)


@pytest.mark.parametrize("value", ["NEG", "+1", "007", "1e5", "5-10", "½"])
def test_what_is_no_number_is_kept_as_words(value: str) -> None:
    released = value.replace("+", "?+")
    (result,) = entries(items(message(*sodium(released))))
    assert result.value is None
    assert result.value_text == f"{value} mmol/L"


def test_two_people_without_any_identifier_are_two() -> None:
    nameless = ["S07+07", "PNA+PAT++++SU:Able+FO:Sam", "DTM+329:19570116:102", "PDI+1"]
    both = message(*sodium(), person=nameless) + message(*sodium(), person=nameless, reference="2")
    found = people(items(both))
    assert len({person.identifier for person in found}) == 2


def test_one_number_with_two_names_is_two_people() -> None:
    other = [part.replace("Ruth", "Rose") for part in PERSON]
    both = message(*sodium()) + message(*sodium(), person=other, reference="2")
    assert len({person.identifier for person in people(items(both))}) == 2


def test_a_corrected_report_is_the_same_entries_later() -> None:
    first = items(message(*sodium("136")))
    later = message(*sodium("138"), status="CO").replace(b"137:202603021800", b"137:202603031800")
    second = items(later)
    (was,), (now,) = entries(first), entries(second)
    assert was.identifier == now.identifier
    assert was.version is not None
    assert now.version is not None
    assert was.version < now.version


def test_the_same_message_twice_gives_the_same_items() -> None:
    assert items(message(*sodium())) == items(message(*sodium()))


def test_a_blank_for_the_release_sign_releases_nothing() -> None:
    content = message(*sodium()).replace(b"Carter", b"van Carter")
    assert entries(items(b"UNA:+.  '" + content)) == entries(items(content))
    assert people(items(b"UNA:+.  '" + content))[0].family_name == "van Carter"


# ── What is damaged ─────────────────────────────────────────────────────────────────────────


def test_a_message_cut_off_is_held_and_its_neighbour_loads() -> None:
    cut = message(*sodium()).rpartition(b"UNT")[0]
    found = items(cut + b"\r\n" + message(*sodium(), reference="2"))
    assert held(found) == ["the message is cut off: it has no UNT. Send it again"]
    assert len(entries(found)) == 1
    (broken,) = (item for item in found if isinstance(item.outcome, Held))
    assert b"Carter" in broken.raw  # so that it can be looked at
    assert broken.pointer == "message 1"


OPENS = b"UNB+UNOC:3+LAB+GP+260302:1800+REF1'"
_COUNT = "UNZ: the interchange says another number of messages than are in it. Send it again"
_NO_END = "UNZ: the interchange has no end and may be cut off. Send it again"


@pytest.mark.parametrize(
    ("after", "reasons"),
    [
        (b"UNZ+2+REF1'", []),
        (b"UNZ+02+REF1'", []),
        (b"UNZ+3+REF1'", [_COUNT]),
        (b"UNZ+1+REF1'", [_COUNT]),
        (b"", [_NO_END]),
        (OPENS + b"UNZ+0+REF2'", [_NO_END]),
    ],
)
def test_an_interchange_that_lacks_messages_is_held_beside_them(
    after: bytes, reasons: list[str]
) -> None:
    both = message(*sodium()) + message(*sodium("140"), reference="2", report="R2")
    found = items(OPENS + both + after)
    assert held(found) == reasons
    assert len(entries(found)) == 2
    for item in found:
        if isinstance(item.outcome, Held):  # tried again, it says the same
            assert held(items(item.raw)) == reasons


def test_a_stray_sign_before_a_message_loses_none() -> None:
    both = message(*sodium()) + b"+\r\n:" + message(*sodium("140"), reference="2", report="R2")
    assert len(entries(items(both))) == 2


def test_what_no_database_keeps_is_replaced() -> None:
    found = entries(items(message(*sodium()).replace(b"Serum", b"Ser\x00um")))
    assert [entry.display for entry in found] == ["Ser\ufffdum sodium"]
    assert b"\\u0000" not in found[0].resource


def test_groups_are_counted_where_an_interchange_has_them() -> None:
    group = b"UNG+MEDRPT+A+B+260302:1800+1+RT'" + message(*sodium()) + b"UNE+1+1'"
    assert held(items(OPENS + group + group + b"UNZ+2+REF1'")) == []
    assert held(items(OPENS + group + b"UNZ+2+REF1'")) == [_COUNT]


def test_files_put_together_are_interchanges_of_their_own() -> None:
    whole = b"\xef\xbb\xbfUNA:+.? '" + OPENS + message(*sodium()) + b"UNZ+1+REF1'\r\n"
    assert held(items(whole + whole)) == []
    assert len(entries(items(whole + whole))) == 2


@pytest.mark.parametrize("advice", [b"", b"UNA:+.? '", b"UNA|*.! ~"])
def test_what_is_held_is_read_again_with_the_signs_of_its_interchange(advice: bytes) -> None:
    """Put right and tried again, it is the report that it would have been."""
    broken = message(*sodium()).replace(b"Carter", b"M\xfcller").replace(b"INV+", b"IMV+")
    content = OPENS + broken + b"UNZ+1+REF1'"
    if b"~" in advice:
        content = content.translate(bytes.maketrans(b":+?'", b"|*!~"))
    (item,) = (one for one in items(advice + content) if isinstance(one.outcome, Held))
    assert held(items(item.raw)) == ["the report has no result (INV)"]
    again, first = item.raw.replace(b"IMV", b"INV"), content.replace(b"IMV", b"INV")
    assert entries(items(again)) == entries(items(advice + first))
    assert len(entries(items(again))) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no EDIFACT message"),
        (b"hello", "no EDIFACT message"),
        (b"{}", "JSON: if it is FHIR"),
        (b"UNA", "no EDIFACT message"),
        (b"x" * 3_000_000, "a segment of more than 1 MiB"),
        (message(), "the report has no result"),
        (message(*sodium(), person=[]), "the report names nobody"),
        (message(*sodium()).replace(b"UNT+26+1", b"UNT+26+9"), "two references"),
    ],
)
def test_what_cannot_be_read_is_held_with_its_reason(content: bytes, reason: str) -> None:
    (said,) = held(items(content))
    assert reason in said
    assert "Carter" not in said


def test_a_message_that_is_no_report_is_passed_over() -> None:
    (item,) = items(message(*sodium(), kind="NHS001"))
    assert isinstance(item.outcome, PassedOver)


def test_released_characters_and_other_signs_stand_for_themselves() -> None:
    words = ["GIS+N", "INV+MQ+:::Culture", "FTX+RIT+++Don?'t know?: 5?+5??", "RFF+ASL:1"]
    (result,) = entries(items(message(*words)))
    assert result.value_text == "Don't know: 5+5?"
    other = message(*words).replace(b"?", b"\\").replace(b"'\r\n", b"~")[:-1] + b"~"
    (again,) = entries(items(b"UNA:+.\\ ~" + other.replace(b"\\~t", b"\\'t")))
    assert again.value_text == "Don't know: 5+5\\"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_letters_beyond_ascii_are_read(encoding: str) -> None:
    sent = message(*sodium()).decode("latin-1").replace("Carter", "Brontë").encode(encoding)
    (person,) = people(items(sent))
    assert person.family_name == "Brontë"


def test_an_interchange_of_any_length_is_read_message_by_message() -> None:
    one = message(*sodium())

    class Endless(io.RawIOBase):
        read_so_far = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            count = min(len(buffer), len(one))
            buffer[:count] = one[:count]
            self.read_so_far += count
            assert count == len(one)
            return count

    source = Endless()
    reader = read(source, name="")  # type: ignore[arg-type]
    for _ in range(3_000):
        next(reader)
    assert source.read_so_far < 4 * (1 << 20)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_bytes_make_it_fail(data: st.DataObject) -> None:
    content = bytearray(message(*sodium("4.1", "+LO")) + message(*sodium(), reference="2"))
    for _ in range(data.draw(st.integers(0, 12))):
        at = data.draw(st.integers(0, len(content) - 1))
        change = data.draw(st.sampled_from(["put", "cut", "drop"]))
        if change == "put":
            content[at:at] = data.draw(
                st.sampled_from([b"'", b"+", b":", b"?", b"\x00", b"\xff", b"UNH+", b"\r\n"])
            )
        elif change == "cut":
            del content[at:]
            content += b" "
        else:
            del content[at : at + data.draw(st.integers(1, 40))]
            content += b" "
    found = items(bytes(content))
    assert found
    assert all(item.pointer for item in found)
