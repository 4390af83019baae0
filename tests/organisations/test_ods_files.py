"""Reading practices in the published layout, and to which group each belongs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from organisations.ods import BadRow, in_words, read_membership, read_practices
from organisations.periods import State


def row(**changes: str) -> str:
    cells = ["G83002", "THE WESTWOOD SURGERY", "Y56", "QKK", "", "", "", "", "", "DA16 2HE"]
    cells += ["19740401", "", "A", "", "72Q", "", "", "020 8303 5353"] + [""] * 7 + ["4", ""]
    places = {"code": 0, "name": 1, "opened": 10, "closed": 11, "status": 12, "setting": 25}
    for what, value in changes.items():
        cells[places[what]] = value
    return ",".join(f'"{cell}"' for cell in cells)


def read(tmp_path: Path, *rows: str):
    file = tmp_path / "epraccur.csv"
    file.write_text("\r\n".join(rows) + "\r\n", encoding="utf-8")
    return read_practices(file)


def test_an_active_practice(tmp_path: Path) -> None:
    (practice,) = read(tmp_path, row()).practices
    assert practice.code == "G83002"
    assert practice.name == "The Westwood Surgery"
    assert practice.postcode == "DA16 2HE"
    assert practice.phone == "020 8303 5353"
    assert (practice.opened, practice.closed) == (date(1974, 4, 1), None)
    assert practice.state is State.ACTIVE


@pytest.mark.parametrize(
    ("status", "state"),
    [("A", State.ACTIVE), ("C", State.ENDED), ("D", State.SUSPENDED), ("P", State.DRAFT)],
)
def test_every_published_status_has_its_state(tmp_path: Path, status: str, state: State) -> None:
    (practice,) = read(tmp_path, row(status=status)).practices
    assert practice.state is state


def test_codes_of_new_shapes_and_unknown_settings_are_tolerated(tmp_path: Path) -> None:
    found = read(tmp_path, row(code="F1A2B"), row(code="Y9", setting="99"))
    assert [practice.code for practice in found.practices] == ["F1A2B", "Y9"]
    assert not found.bad_rows


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(code="G 83"), "the code is not 1 to 10 letters and digits"),
        (row(name=" "), "no name"),
        (row(status="X"), "the status is none of A, C, D, P"),
        (row(opened=""), "no open date"),
        (row(opened="1974-04-01"), "the open date is not YYYYMMDD"),
        (row(closed="20239999"), "the close date is not YYYYMMDD"),
        (row(closed="19700101"), "closed before it opened"),
        ('"G83003","TOO SHORT"', "2 columns instead of 27"),
        (row(), "the code is there already"),
    ],
)
def test_a_bad_row_is_reported_by_its_line_and_its_neighbours_are_read(
    tmp_path: Path, bad: str, reason: str
) -> None:
    found = read(tmp_path, row(), bad, row(code="G83999"))
    assert [practice.code for practice in found.practices] == ["G83002", "G83999"]
    assert found.bad_rows == [BadRow(2, reason)]


def test_windows_encoding_and_commas_in_names_are_read(tmp_path: Path) -> None:
    file = tmp_path / "epraccur.csv"
    file.write_bytes(row(name="CAFÉ SURGERY, SIDCUP").encode("cp1252"))
    (practice,) = read_practices(file).practices
    assert practice.name == "Café Surgery, Sidcup"


@pytest.mark.parametrize(
    ("shouted", "said"),
    [
        ("ST JOHN'S MEDICAL CENTRE", "St John's Medical Centre"),
        ("BURNEY STREET PMS", "Burney Street PMS"),
        ("SURGERY AT THE GREEN", "Surgery at the Green"),
        ("Mixed Case stays", "Mixed Case stays"),
    ],
)
def test_names_are_not_shouted(shouted: str, said: str) -> None:
    assert in_words(shouted) == said


def test_membership_with_a_header_without_one_and_with_faults(tmp_path: Path) -> None:
    file = tmp_path / "membership.csv"
    file.write_text("ods_code,name,borough\nG83002,X,Bexley\nG83003,Y,\n,Z,Bexley\nG8\n")
    groups, bad = read_membership(file)
    assert groups == {"G83002": "Bexley"}
    assert [(each.line, each.reason) for each in bad] == [
        (3, "no group"),
        (4, "the code is not 1 to 10 letters and digits"),
        (5, "too few columns"),
    ]
    file.write_text("g83002,Bexley\n")
    assert read_membership(file) == ({"G83002": "Bexley"}, [])
    file.write_text("ods_code,name\nG83002,X\n")
    assert read_membership(file) == ({}, [BadRow(1, "the header has neither group nor borough")])


def test_the_published_extract_is_read_whole(shared_data: Path) -> None:
    found = read_practices(shared_data / "ods" / "epraccur-layout.csv")
    assert not found.bad_rows
    states = [practice.state for practice in found.practices]
    assert (len(states), states.count(State.ACTIVE), states.count(State.ENDED)) == (97, 77, 19)
