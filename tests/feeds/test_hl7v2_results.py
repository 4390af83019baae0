"""HL7 v2: the syntax, the person, and results as laboratories and radiology send them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from feeds.mapped import EntryStatus
from organisations.categories import Category
from tests.feeds.hl7v2_messages import (
    NUMBER,
    PID,
    bloods,
    entries,
    held,
    items,
    message,
    passed,
    people,
    sodium,
)

# ── The syntax ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\n\r\n"])
def test_line_ends_of_every_kind(end: bytes) -> None:
    content = bloods(sodium()).replace(b"\r", end)
    assert [entry.value_text for entry in entries(items(content), "Observation")] == ["136 mmol/L"]


@pytest.mark.parametrize(
    ("before", "after"), [(b"\xef\xbb\xbf", b""), (b"\x0b", b"\x1c\r"), (b"\r\n ", b"\r\n\x1a")]
)
def test_what_stands_around_a_message(before: bytes, after: bytes) -> None:
    assert len(entries(items(before + bloods(sodium()) + after))) == 2


def test_messages_with_and_without_a_batch_around_them() -> None:
    two = bloods(sodium()) + bloods(sodium("140"), filler="F2")
    bare = items(two)
    enveloped = items(b"FHS|^~\\&\rBHS|^~\\&\r" + two + b"BTS|2\rFTS|1\r")
    assert [i.pointer for i in bare] == ["message 1", "message 2"]
    assert [i.outcome for i in enveloped if not i.is_wrapper] == [i.outcome for i in bare]


def test_a_batch_that_counts_otherwise_is_held_beside_its_messages() -> None:
    found = items(b"BHS|^~\\&\r" + bloods(sodium()) + b"BTS|2\r")
    assert len(entries(found)) == 2
    assert held(found) == [
        "BTS-1: the batch says another number of messages than are in it. Send it again"
    ]


def test_a_file_that_counts_its_batches_otherwise_is_held_beside_them() -> None:
    batch = b"BHS|^~\\&\r" + bloods(sodium()) + b"BTS|1\r"
    whole = items(b"FHS|^~\\&\r" + batch + batch + b"FTS|2\r")
    assert held(whole) == []
    cut = items(b"FHS|^~\\&\r" + batch + b"FTS|2\r")
    assert len(entries(cut)) == 2
    assert held(cut) == [
        "FTS-1: the file says another number of batches than are in it. Send it again"
    ]


@pytest.mark.parametrize("between", [b"\xef\xbb\xbf", b"  ", b"\r\n\xef\xbb\xbf\t", b"\x1c\r\x0b"])
def test_files_put_together_are_messages_of_their_own(between: bytes) -> None:
    """A mark before the second would make its person another one of the first message."""
    other = PID.replace("40001", "40002")
    found = items(bloods(sodium()) + between + bloods(sodium("140"), filler="F2", person=other))
    assert [item.pointer for item in found] == ["message 1", "message 2"]
    assert [entry.person for entry in entries(found, "Observation")] == [
        "Patient/RJ2|40001",
        "Patient/RJ2|40002",
    ]


def test_a_message_that_begins_within_a_line_is_held_with_the_one_before() -> None:
    found = items(bloods(sodium()).rstrip(b"\r") + bloods(sodium(), filler="F2"))
    assert entries(found) == []
    assert held(found) == [
        "MSH: another message begins within a line; the line end before is missing"
    ]


def test_signs_of_its_own() -> None:
    content = bloods(sodium("one", kind="FT")).decode()
    changed = content.translate(str.maketrans("|^~\\&", "%$!/*")).encode()
    assert entries(items(changed)) == entries(items(content.encode()))


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("A\\T\\E \\F\\ \\S\\ \\R\\ \\E\\", "A&E | ^ ~ \\"),
        ("one\\.br\\two\\X0D0A\\three", "one\ntwo\nthree"),
        ("\\H\\loud\\N\\ 5 \\ 6", "loud 5 \\ 6"),
        ("one~ two & three ^ four", "one\n two & three ^ four"),
        ("\\X00\\", "\ufffd"),
        ("\\Xzz\\", "\\Xzz\\"),
    ],
)
def test_escapes_and_stray_signs_in_text(sent: str, shown: str) -> None:
    (entry,) = entries(items(bloods(sodium(sent, kind="FT", unit=""))), "Observation")
    assert entry.value_text == shown.strip()


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("", "utf-8"), ("UNICODE UTF-8", "latin-1"), ("8859/1", "utf-8"), ("8859/15", "iso8859-15")],
)
def test_encodings_declared_and_wrong(charset: str, encoding: str) -> None:
    content = bloods(sodium("naïve", kind="ST", unit=""), charset=charset, encoding=encoding)
    (entry,) = entries(items(content), "Observation")
    assert entry.value_text == "naïve"


def test_what_is_no_message_is_held_and_its_neighbours_load() -> None:
    found = items(b"rubbish\r" + bloods(sodium()) + b"MSH|\rMSH|^~\\&|a\r" + bloods(sodium("1")))
    assert len(entries(found, "Observation")) == 2
    assert len(held(found)) == 3
    assert all(i.raw for i in found if i.outcome.__class__.__name__ == "Held")


@pytest.mark.parametrize("head", [b"MSH\x00|\x00|", b"MSHa^~\\&a", b"MSH\xe9^~\\&\xe9", b"MSH"])
def test_what_cannot_part_fields_is_no_header(head: bytes) -> None:
    assert held(items(head))[0] == "MSH: it says nothing but its name"


def test_text_in_two_bytes_a_character_is_held() -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        content = bloods(sodium()).decode().encode(encoding)
        assert held(items(content)) == ["text in UTF-16 or UTF-32: send it as UTF-8"]


def test_a_message_split_over_reads_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"".join(bloods(sodium(str(n)), filler=f"F{n}") for n in range(40))
    whole = items(content)
    for size in (1, 3, 7, 64):
        monkeypatch.setattr("feeds.formats.fhir_r4.stream.CHUNK", size)
        assert items(content) == whole


def test_a_message_beyond_the_limit_is_held_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.formats.hl7v2.messages.LONGEST_MESSAGE", 2000)
    monkeypatch.setattr("feeds.formats.fhir_r4.stream.CHUNK", 100)
    found = items(bloods(sodium("x" * 9000, kind="FT")) + bloods(sodium()))
    assert len(held(found)) == 1
    assert [entry.value for entry in entries(found, "Observation")] == [Decimal(136)]


# ── The person ──────────────────────────────────────────────────────────────────────────────


def test_the_person_of_a_message() -> None:
    (person,) = people(items(bloods(sodium())))
    assert person.identifier == "Patient/RJ2|40001"
    assert person.nhs_number == NUMBER
    assert (person.title, person.family_name, person.given_names) == ("Ms", "Carter", "Ruth Ann")
    assert person.birth_date == date(1941, 3, 3)
    assert person.sex == "female"
    assert person.address_lines == ("1 High Street", "London")
    assert person.postcode == "SE13 6LH"
    assert person.phone == "020 7946 0000"


@pytest.mark.parametrize(
    ("sent", "sex"),
    [("M", "male"), ("1", "male"), ("2", "female"), ("9", "unknown"), ("U", "unknown")],
)
def test_sexes_in_letters_and_in_the_numbers_of_the_nhs(sent: str, sex: str) -> None:
    (person,) = people(items(bloods(sodium(), person=PID.replace("|2|", f"|{sent}|"))))
    assert person.sex == sex


def test_an_impossible_birth_date_is_left_out_and_noted() -> None:
    (person,) = people(items(bloods(sodium(), person=PID.replace("19410303", "196513121515"))))
    assert person.birth_date is None
    assert person.notes == ("PID-7: no such date, left out",)


@pytest.mark.parametrize(("sent", "part"), [("1941", "1941"), ("194103", "1941-03")])
def test_a_birth_date_of_a_year_or_a_month_is_kept_as_it_is(sent: str, part: str) -> None:
    (person,) = people(items(bloods(sodium(), person=PID.replace("19410303", sent))))
    assert (person.birth_date, person.birth_date_part) == (None, part)
    assert person.notes == ("PID-7: not a whole date, kept as it is",)


def test_a_death_of_a_month_and_a_life_in_so_many_words() -> None:
    dead = PID + "|" * (29 - PID.count("|")) + "202603|Y"
    (person,) = people(items(bloods(sodium(), person=dead)))
    assert (person.deceased, person.deceased_on, person.deceased_on_part) == (True, None, "2026-03")
    assert not person.living
    alive = PID + "|" * (30 - PID.count("|")) + "N"
    (person,) = people(items(bloods(sodium(), person=alive)))
    assert (person.deceased, person.living) == (False, True)


def test_a_number_with_its_trace_status() -> None:
    traced = PID + "|" * (32 - PID.count("|")) + "NSTS01"
    (person,) = people(items(bloods(sodium(), person=traced)))
    assert person.nhs_number_status == "01"


def test_a_message_about_nobody_is_held() -> None:
    assert held(items(bloods(sodium(), person="PID|1||^^^RJ2||Carter"))) == [
        "PID-3: the message names nobody"
    ]
    assert held(items(bloods(sodium(), person="")))[0].startswith("PID: no segment")


# ── Results ─────────────────────────────────────────────────────────────────────────────────


def test_results_outside_any_order_are_results_and_are_corrected_by_the_next_message() -> None:
    """PATIENT_OBSERVATION of HL7 v2.8: an OBX of the person, before the first order or alone."""
    height = "OBX|1|NM|8302-2^Body height^LN||{}|cm|||||{}|||20260301090000"
    told = message("ORU^R01", height.format(170, "F"), *bloods(sodium()).decode().split("\r")[2:-1])
    found = entries(items(told))
    assert [(one.kind, one.display) for one in found] == [
        ("Observation", "Body height"),
        ("DiagnosticReport", "Urea and electrolytes"),
        ("Observation", "Sodium"),
    ]
    assert found[0].effective == datetime(2026, 3, 1, 9, tzinfo=UTC)
    later = message("ORU^R01", height.format(171, "C"), at="20260303180000", control="c2")
    (corrected,) = entries(items(later))
    assert corrected.identifier == found[0].identifier
    assert corrected.version is not None
    assert found[0].version is not None
    assert corrected.version > found[0].version


def test_a_blood_result() -> None:
    report, result = entries(items(bloods(sodium("128", flag="L"))))
    assert report.display == "Urea and electrolytes"
    assert (report.kind, report.category) == ("DiagnosticReport", Category.LAB_RESULTS)
    assert (result.display, result.code, result.value) == ("Sodium", "NA", Decimal(128))
    assert (result.value_text, result.interpretation) == ("128 mmol/L", "L")
    assert (result.range_low, result.range_high) == (Decimal(133), Decimal(146))
    assert result.effective == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert result.person == "Patient/RJ2|40001"
    assert report.person_nhs_number == NUMBER


@pytest.mark.parametrize(
    ("kind", "sent", "value", "text"),
    [
        ("NM", "<5", Decimal(5), "< 5 mmol/L"),
        ("SN", ">^7", Decimal(7), "> 7 mmol/L"),
        ("ST", "5.20", Decimal("5.20"), "5.20 mmol/L"),
        ("NM", "?7", None, "?7 mmol/L"),
        ("NM", '""', None, ""),
        ("CE", "POS^Positive^L", None, "Positive"),
    ],
)
def test_values_by_type(kind: str, sent: str, value: Decimal | None, text: str) -> None:
    (entry,) = entries(items(bloods(sodium(sent, kind=kind))), "Observation")
    assert (entry.value, entry.value_text) == (value, text)


def test_a_correction_and_a_deletion_come_after_what_they_change() -> None:
    versions = {}
    for status, value in (("P", "1"), ("F", "2"), ("C", "3"), ("D", '""')):
        (entry,) = entries(items(bloods(sodium(value, status))), "Observation")
        versions[status] = entry
    assert len({entry.identifier for entry in versions.values()}) == 1
    ordered = [versions[status].version for status in "PFCD"]
    assert ordered == sorted(
        set(ordered), key=lambda each: each or datetime.min.replace(tzinfo=UTC)
    )
    assert versions["D"].status == EntryStatus.ENTERED_IN_ERROR


def test_a_text_line_by_line_is_one_report() -> None:
    lines = [f"OBX|{n}|ST|&GDT|{n}|{words}||||||F" for n, words in enumerate(["No", "fracture."])]
    obr = "OBR|1|P1|F9|XR1^XR wrist^L||||||||||||||||||20260302120000||DX|F"
    (report,) = entries(items(message("ORU^R01", obr, *lines)))
    assert (report.kind, report.category) == ("DiagnosticReport", Category.IMAGING)
    assert report.detail == "No\nfracture."


def test_histology_is_one_report_and_microbiology_names_its_organism() -> None:
    obr = "OBR|1|P1|F9|H^Histology^L||||||||||||||||||20260302120000||SP|F"
    lines = ["OBX|1|FT|MAC^Macroscopy^L||Skin.||||||F", "OBX|2|FT|MIC^Microscopy^L||Benign.||||||F"]
    (report,) = entries(items(message("ORU^R01", obr, *lines)))
    assert report.detail == "Skin.\nBenign."
    culture = message(
        "ORU^R01",
        "OBR|1|P1|M1|URNC^Urine culture^L|||20260302|||||||||||||||20260302120000||MC|F",
        "OBX|1|ST|ISOLATE^Isolate^L|1|10,000 CFU/mL|||A|||F",
        "OBX|2|CE|ISOLATE^Isolate^L|1|KLE^Klebsiella oxytoca^L|||A|||F",
        "OBR|2|P1|M1|SENS^Sensitivities^L||||||||||||||||||20260302120000||MC|F|ISOLATE&&L^1",
        "OBX|1|ST|VCN^Gentamicin^L||VCN|||R|||F",
    )
    isolate, gentamicin = entries(items(culture), "Observation")
    assert isolate.value_text == "Klebsiella oxytoca, 10,000 CFU/mL"
    assert gentamicin.value_text == "Resistant"
    assert "Klebsiella oxytoca" in gentamicin.detail


def test_a_figure_sent_twice_is_one_result() -> None:
    assert len(entries(items(bloods(sodium(), sodium())), "Observation")) == 1


def test_a_sensitive_code_marks_its_result() -> None:
    found = entries(items(bloods(sodium()), sensitive_codes=frozenset({"NA"})), "Observation")
    assert [entry.sensitive for entry in found] == [True]


def test_orders_and_unknown_kinds_are_passed_over() -> None:
    found = items(message("ORM^O01", "ORC|NW|1") + message("ZZZ^Z01"))
    assert passed(found) == [
        "an order; its results arrive as messages of their own",
        "a kind of message that is not part of the record here",
    ]


# ── The shared samples ──────────────────────────────────────────────────────────────────────


def test_the_london_trusts_results(shared_data: Path) -> None:
    folder = shared_data / "feeds" / "hl7v2-uclh-emap" / "LabOrders"
    found = [item for path in sorted(folder.rglob("*.txt")) for item in items(path.read_bytes())]
    assert held(found) == []
    assert sum(i.resource_type == "ORU^R01" for i in found) == 26
    imaging = folder / "imaging" / "oru_r01_imaging_result.txt"
    (report,) = entries(items(imaging.read_bytes()))
    assert report.category is Category.IMAGING
    assert "Satisfactory position of the NG tube." in report.detail


def test_nasty_files_each_give_one_visible_hold(shared_data: Path) -> None:
    folder = shared_data / "feeds" / "hl7v2-nasty" / "bad-msh"
    reasons = {path.stem: held(items(path.read_bytes())) for path in sorted(folder.iterdir())}
    bad = {name: why for name, why in reasons.items() if why}
    assert bad == {
        "empty": ["no HL7 v2 message (MSH) is in it"],
        "msh_present_but_missing_all_fields": ["MSH: it says nothing but its name"],
        "msh_present_but_missing_msh-2": ["MSH-2: the encoding characters are missing"],
        "msh_present_but_missing_msh-9": ["MSH-9: it does not say what kind of message it is"],
    }
