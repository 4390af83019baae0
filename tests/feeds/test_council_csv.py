"""Council CSV: both releases of Client Level Data, the person extract, and what Excel does."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.formats.council_csv import read
from feeds.formats.council_csv.cells import Cells, read_date
from feeds.formats.council_csv.columns import COLUMNS
from feeds.formats.council_csv.values import release_2
from feeds.mapped import (
    EntryStatus,
    Held,
    Item,
    Mapped,
    MappedEntry,
    MappedPerson,
    PassedOver,
    SharingAnswer,
)
from organisations.categories import Category

PERSON = {
    "LA_Person_Unique_Identifier": "P10021",
    "NHS_Number": "999 000 0018",
    "NHS_Number_Status": "01",
    "Family_Name": "Carter",
    "Given_Names": "Ruth Ann",
    "Date_of_Birth": "03/03/1941",
    "Gender": "Female",
    "Address_Line_1": "1 Made-up Lane",
    "Postcode": "se13 6lh",
    "GP_Practice_Code": "g85001",
    "Allocated_Worker": "Sam Okafor",
    "Allocated_Worker_Role": "Social worker",
    "Allocated_Team": "Locality North",
    "Allocated_Team_Code": "LEW-N",
    "Allocated_Phone": "020 7946 0018",
    "Allocated_From": "01/02/2026",
    "Extract_Date": "30/06/2026",
}
SERVICE = {
    "LA_Person_Unique_Identifier": "P10021",
    "NHS_Number": "9990000018",
    "Client_Type": "Service user",
    "Event_Type": "Service",
    "Event_Start_Date": "2026-01-05",
    "Event_End_Date": "",
    "Service_Type": "Long term support: Community",
    "Service_Component": "Home support or domiciliary care",
    "Planned_units_per_week": "14",
    "Cost_Frequency_Unit_Type": "Hourly",
    "Unit_Cost": "21.50",
    "Reporting_Period_End_Date": "2026-06-30",
}


def table(*rows: dict[str, str], delimiter: str = ",", header: list[str] | None = None) -> bytes:
    out = io.StringIO()
    columns = header or list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, columns, delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def items(content: bytes) -> list[Item]:
    return list(read(io.BytesIO(content), name="x.csv", source_kind="adult_social_care"))


def mapped(content: bytes) -> list[Mapped]:
    found = items(content)
    assert all(isinstance(item.outcome, Mapped) for item in found), found
    return [item.outcome for item in found if isinstance(item.outcome, Mapped)]


def person(content: bytes) -> MappedPerson:
    (one,) = mapped(content)
    assert one.person is not None
    return one.person


def entry(row: dict[str, str]) -> MappedEntry:
    (one,) = mapped(table(row))
    (found,) = one.entries
    return found


def reason(content: bytes) -> str:
    (item,) = items(content)
    assert isinstance(item.outcome, Held), item
    return item.outcome.reason


def test_a_row_of_the_extract_is_a_person() -> None:
    said = person(table(PERSON))
    assert said.identifier == "Patient/P10021"
    assert said.local_identifiers == ("https://connectcare.example/Id/council-case|P10021",)
    assert (said.nhs_number, said.nhs_number_status) == ("999 000 0018", "01")
    assert (said.family_name, said.given_names, said.sex) == ("Carter", "Ruth Ann", "female")
    assert said.birth_date == date(1941, 3, 3)
    assert (said.address_lines, said.postcode) == (("1 Made-up Lane",), "SE13 6LH")
    assert said.practice_code == "G85001"
    assert said.version == datetime(2026, 6, 29, 23, tzinfo=UTC)


def test_it_brings_the_allocated_worker_with_team_and_phone() -> None:
    (one,) = mapped(table(PERSON))
    (worker,) = one.entries
    assert worker.category == Category.PEOPLE_INVOLVED
    assert (worker.kind, worker.display, worker.person) == (
        "CareTeam",
        "Locality North",
        "Patient/P10021",
    )
    assert (worker.author, worker.author_role) == ("Sam Okafor", "Social worker")
    assert (worker.phone, worker.team_code) == ("020 7946 0018", "LEW-N")
    assert worker.status == EntryStatus.CURRENT
    assert worker.effective == datetime(2026, 2, 1, tzinfo=UTC)


def test_a_new_worker_takes_the_place_of_the_former_one() -> None:
    before = mapped(table(PERSON))[0].entries[0]
    after = mapped(table(PERSON | {"Allocated_Worker": "Lee Adeyemi"}))[0].entries[0]
    assert before.identifier == after.identifier
    assert before.author != after.author
    ended = mapped(table(PERSON | {"Allocated_To": "01/05/2026"}))[0].entries[0]
    assert (ended.identifier, ended.status) == (before.identifier, EntryStatus.PAST)


@pytest.mark.parametrize(
    ("words", "agrees"),
    [("Agrees", True), ("yes", True), ("Refused", False), ("N", False), ("withdrawn", False)],
)
def test_the_answer_about_sharing_is_read_with_its_day(words: str, agrees: bool) -> None:
    row = PERSON | {"Sharing_Answer": words, "Sharing_Asked_On": "02/06/2026"}
    assert person(table(row)).sharing == SharingAnswer(agrees, date(2026, 6, 2))


@pytest.mark.parametrize("words", ["", "Not asked", "Unknown", "Could not be asked"])
def test_where_nobody_was_asked_nothing_is_said(words: str) -> None:
    row = PERSON | {"Sharing_Answer": words, "Sharing_Asked_On": "02/06/2026"}
    assert person(table(row)).sharing is None


def test_a_refusal_without_its_day_is_not_lost() -> None:
    row = PERSON | {"Sharing_Answer": "No", "Sharing_Asked_On": ""}
    assert person(table(row)).sharing == SharingAnswer(agrees=False, asked_on=date(2026, 6, 30))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"Sharing_Answer": "perhaps"}, "Sharing_Answer: neither"),
        ({"Sharing_Answer": "Yes"}, "Sharing_Asked_On: missing"),
        ({"Sharing_Answer": "Yes", "Sharing_Decided_By": "Daughter"}, "Sharing_Decided_By: not"),
    ],
)
def test_an_answer_that_cannot_be_taken_holds_its_row(changed: dict[str, str], why: str) -> None:
    assert reason(table(PERSON | changed)).startswith(why)


def test_nobody_is_allocated_where_nobody_is_named() -> None:
    row = PERSON | {"Allocated_Worker": "", "Allocated_Team": ""}
    assert mapped(table(row))[0].entries == ()


def test_a_restricted_person_is_protected() -> None:
    assert person(table(PERSON | {"Restricted": "Yes"})).confidentiality == "R"
    assert person(table(PERSON | {"Restricted": "N"})).confidentiality is None


def test_a_number_that_nobody_verified_is_not_said_to_be_verified() -> None:
    assert person(table(PERSON | {"NHS_Number_Status": ""})).nhs_number_status == "02"


def test_a_service_goes_on_while_it_has_no_end() -> None:
    made = entry(SERVICE)
    assert (made.kind, made.category) == ("EpisodeOfCare", Category.SOCIAL_CARE_SERVICES)
    assert made.display == "Home support or domiciliary care"
    assert (made.status, made.ends) == (EntryStatus.CURRENT, None)
    assert made.detail.startswith("14 hours a week; Long term support: Community")
    assert "21.50" not in made.detail
    assert "21.50" not in made.resource.decode()
    assert made.person == "Patient/P10021"
    assert made.person_nhs_number == "9990000018"
    assert made.version == datetime(2026, 6, 29, 23, tzinfo=UTC)
    ended = entry(SERVICE | {"Event_End_Date": "2026-03-31"})
    assert ended.status == EntryStatus.PAST
    assert ended.identifier == made.identifier, "a service that ends is the same service"
    to_end = entry(SERVICE | {"Event_End_Date": "2026-08-31"})
    assert to_end.status == EntryStatus.CURRENT, "it ends after the period that is reported"


def test_both_releases_words_are_one_event() -> None:
    older = SERVICE | {
        "Client_Type": "Service User",
        "Service_Type": "Long Term Support: Community",
        "Service_Component": "HOME SUPPORT OR DOMICILIARY CARE",
    }
    assert entry(older).identifier == entry(SERVICE).identifier
    assert entry(older).display == entry(SERVICE).display
    carer = SERVICE | {
        "Client_Type": "Carer",
        "Service_Type": "Carer Support: Direct to Carer",
        "Service_Component": "",
    }
    assert entry(carer).display == "Unpaid carer support: Direct to unpaid carer"
    assert "As unpaid carer" in entry(carer).detail
    assert release_2("Anything else") == "Anything else"


@pytest.mark.parametrize(
    ("row", "display", "detail"),
    [
        (
            {"Event_Type": "Request", "Request_Route_of_Access": "Discharge from Hospital"},
            "Request for support: Discharge from Hospital",
            "Outcome: Progress to assessment, review or reassessment",
        ),
        (
            {"Event_Type": "ASSESSMENT", "Assessment_Type": "Long term assessment"},
            "Long term assessment",
            "Outcome: Progress to assessment, review or reassessment",
        ),
        (
            {"Event_Type": "Review", "Review_Reason": "Planned"},
            "Review: Planned",
            "Outcome: Progress to assessment, review or reassessment",
        ),
    ],
)
def test_requests_assessments_and_reviews(row: dict[str, str], display: str, detail: str) -> None:
    common = {
        "LA_Person_Unique_Identifier": "P10021",
        "Event_Start_Date": "05/01/2026",
        "Event_End_Date": "09/01/2026",
        "Event_Outcome": "Progress to Assessment",
    }
    made = entry(common | row)
    assert made.category == Category.SOCIAL_CARE_ASSESSMENTS
    assert made.display == display
    assert made.detail == detail
    assert made.status == EntryStatus.PAST
    assert made.ends == datetime(2026, 1, 9, tzinfo=UTC)


def test_a_review_for_safeguarding_stands_among_safeguarding() -> None:
    made = entry(
        {
            "LA_Person_Unique_Identifier": "P10021",
            "Event_Type": "Review",
            "Event_Start_Date": "2026-01-05",
            "Review_Reason": "Unplanned - Safeguarding concern",
        }
    )
    assert made.category == Category.SAFEGUARDING


def test_a_service_does_not_outlive_the_person() -> None:
    made = entry(SERVICE | {"Date_of_Death": "01/04/2026", "Event_End_Date": "2026-06-01"})
    assert made.ends == datetime(2026, 3, 31, 23, tzinfo=UTC)
    assert made.status == EntryStatus.PAST


def test_one_file_may_be_both() -> None:
    (one,) = mapped(table(PERSON | SERVICE))
    assert one.person is not None
    assert {made.kind for made in one.entries} == {"CareTeam", "EpisodeOfCare"}


def test_columns_are_found_by_name_in_any_order_and_case() -> None:
    shuffled = dict(reversed(PERSON.items()))
    assert person(table(shuffled)) == person(table(PERSON))
    others = {
        "Mosaic ID": PERSON["LA_Person_Unique_Identifier"],
        "SURNAME": "Carter",
        "First name": "Ruth Ann",
        "d.o.b": "nothing of ours",
        "DOB": "1941-03-03",
    }
    said = person(table(others))
    assert (said.family_name, said.birth_date) == ("Carter", date(1941, 3, 3))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_its_encoding_is_found_out(encoding: str) -> None:
    content = table(PERSON | {"Family_Name": "Núñez"}).decode().encode(encoding)
    assert person(content).family_name == "Núñez"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_its_delimiter_is_found_out(delimiter: str) -> None:
    assert person(table(PERSON, delimiter=delimiter)) == person(table(PERSON))
    assert person(b"sep=" + delimiter.encode() + b"\r\n" + table(PERSON, delimiter=delimiter))


def test_old_line_ends_are_read() -> None:
    content = table(PERSON, PERSON | {"LA_Person_Unique_Identifier": "P2"})
    assert len(mapped(content.replace(b"\r\n", b"\r"))) == 2
    assert len(mapped(content.replace(b"\r\n", b"\n"))) == 2


@pytest.mark.parametrize(
    "cell", ["=1+1", '=HYPERLINK("http://x.example","y")', "@SUM(A1)", "+cmd|' /C calc'!A0", "=A1"]
)
def test_a_formula_is_nobodys_name(cell: str) -> None:
    row = PERSON | {"Given_Names": cell}
    said = person(table(row))
    assert said.given_names == ""
    assert "Given_Names: a formula, left out: paste values in Excel" in said.notes
    assert reason(table(PERSON | {"LA_Person_Unique_Identifier": cell})).startswith(
        "LA_Person_Unique_Identifier: missing"
    )


def test_what_excel_keeps_as_text_is_the_text() -> None:
    assert Cells({"a": '="00123"'}).text("a") == "00123"
    assert Cells({"a": "'00123"}).number("a") == "00123"
    assert Cells({"a": "10021.0"}).number("a") == "10021"
    assert Cells({"a": "-"}).text("a") == ""
    assert Cells({"a": "+44 20 7946 0018"}).text("a") == "+44 20 7946 0018"
    for lost in ("9.99E+09", "#REF!", "#N/A"):
        cells = Cells({"a": lost})
        assert cells.number("a") == ""
        assert cells.notes


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("03/04/2026", date(2026, 4, 3)),
        ("2026-04-03", date(2026, 4, 3)),
        ("2026-04-03 00:00:00", date(2026, 4, 3)),
        ("03-Apr-2026", date(2026, 4, 3)),
        ("3 April 2026", date(2026, 4, 3)),
        ("03/04/2026 00:00", date(2026, 4, 3)),
        ("31/02/2026", None),
        ("03/04/26", None),
        ("46115", None),
        ("", None),
    ],
)
def test_dates(text: str, day: date | None) -> None:
    assert read_date(text) == day


def test_a_date_that_stands_for_none_is_none() -> None:
    assert person(table(PERSON | {"Date_of_Birth": "01/01/1900"})).birth_date is None
    assert entry(SERVICE | {"Event_End_Date": "31/12/9999"}).ends is None


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (SERVICE | {"Event_Type": "Cancelled"}, "Event_Type: not Request"),
        (SERVICE | {"Event_Start_Date": "soon"}, "Event_Start_Date: missing"),
        (SERVICE | {"Event_End_Date": "2025-01-01"}, "Event_End_Date: before"),
        (SERVICE | {"LA_Person_Unique_Identifier": ""}, "LA_Person_Unique_Identifier: missing"),
        (PERSON | {"Family_Name": " "}, "Family_Name: missing"),
        ({"LA_Person_Unique_Identifier": "1"}, "neither the person extract"),
        ({"Family_Name": "1"}, "no column is LA_Person_Unique_Identifier"),
        (PERSON | {"Surname": "X"}, "two columns are Family_Name"),
    ],
)
def test_what_cannot_be_read_is_held_with_its_reason(row: dict[str, str], why: str) -> None:
    assert reason(table(row)).startswith(why)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"PK\x03\x04rest", "a workbook"),
        (b"\n\n,,,\n", "the file has no row of column names"),
        (b"\x81\x8d\x00\n", "the first line is no text"),
    ],
)
def test_what_is_no_table_is_held(content: bytes, why: str) -> None:
    assert reason(content).startswith(why)


def test_a_bad_row_is_held_by_itself() -> None:
    good = table(PERSON).splitlines()
    other = good[1].replace(b"P10021", b"P2")
    content = b"\r\n".join(
        [good[0], b"P3,short", b'P4,"never closed', other, b",," + b"," * 14, good[1]]
    )
    found = items(content)
    assert [item.pointer for item in found] == [f"line {n}" for n in range(2, 7)]
    assert [type(item.outcome) for item in found] == [Held, Held, Mapped, PassedOver, Mapped]
    again = items(found[0].raw)
    assert again[0].outcome == found[0].outcome, "what is held reads the same by itself"


def test_a_cell_may_have_line_ends_in_it() -> None:
    content = table(SERVICE | {"Event_Description": 'Two\r\nlines, and a "quote"'}, SERVICE)
    found = items(content)
    assert [item.pointer for item in found] == ["lines 2-3", "line 4"]
    outcome = found[0].outcome
    assert isinstance(outcome, Mapped)
    assert 'Two lines, and a "quote"' in outcome.entries[0].detail


def test_a_quotation_mark_within_words_opens_nothing() -> None:
    row = table(SERVICE | {"Event_Description": "X"}).replace(b"X", b'5" wide')
    assert len(mapped(row + table(SERVICE).splitlines()[1] + b",\r\n")) == 2


def _rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_the_specifications_columns_and_values_are_known(shared_data: Path) -> None:
    folder = shared_data / "feeds" / "asc-cld"
    fields = [row["field"] for row in _rows_of(folder / "cld_r2_columns.csv")]
    assert len(fields) == 46
    assert set(fields) <= set(COLUMNS)
    used = {"Client_Type", "Event_Outcome", "Service_Type", "Service_Component"}
    rows = _rows_of(folder / "cld_values.csv")
    second = {row["value"] for row in rows if row["release"] == "R2" and row["field"] in used}
    assert {release_2(value) for value in second} == second
    first = {row["value"] for row in rows if row["release"] == "R1" and row["field"] in used}
    assert {value for value in first if release_2(value) not in second} == {
        "Progress to End of Life Care",
        "Progress to financial assessment",
    }, "release 2 has no words for these two: they stay as they are"


def test_the_shared_samples_are_read_without_a_fall(shared_data: Path) -> None:
    files = sorted((shared_data / "feeds" / "csv-nhs-imports").rglob("*.csv"))
    assert len(files) == 10
    for path in files:
        (held,) = items(path.read_bytes())
        assert isinstance(held.outcome, Held), "none has a council's number of the person"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_make_it_fall(content: bytes) -> None:
    list(read(io.BytesIO(content), name=""))
    list(read(io.BytesIO(table(SERVICE) + content), name=""))
