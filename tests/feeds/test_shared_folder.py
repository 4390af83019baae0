"""Every file of the sample data, read as its folder's format: an outcome for each, and no fall.

What each folder's README says of its contents is tested with its format; here is what it says of
the nasty ones, and that none was left out.
"""

from __future__ import annotations

import io
import lzma
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.formats import FORMATS
from feeds.mapped import Held, Item

#: The folders with deliveries, and the form of each.
FOLDERS = {
    "fhir-r4-ukcore": "fhir-r4",
    "fhir-stu3-gpconnect-structured": "gp-connect",
    "fhir-stu3-gpconnect-documents-search": "gp-connect",
    "edifact-lab": "edifact",
    "hl7v2-uclh-emap": "hl7v2",
    "hl7v2-ms-fhir-converter": "hl7v2",
    "hl7v2-nasty": "hl7v2",
    "csv-nhs-imports": "council-csv",
    "synthea-r4": "fhir-r4",
}
#: Specifications, and pairs that are looked at by name.
NOT_DELIVERIES = {"asc-cld", "hl7v2-to-fhir-official"}
#: Files that are one visible hold each: what is wrong with them.
NASTY = {
    "empty.hl7": "no HL7 v2 message (MSH) is in it",
    "msh_present_but_missing_all_fields.hl7": "MSH: it says nothing but its name",
    "msh_present_but_missing_msh-2.hl7": "MSH-2: the encoding characters are missing",
    "msh_present_but_missing_msh-9.hl7": "MSH-9: it does not say what kind of message it is",
}


def items(path: Path, form: str) -> list[Item]:
    return list(FORMATS[form].read(io.BytesIO(path.read_bytes()), name=path.name))


def deliveries(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each file that is a delivery, and its form; what a pair must become is none."""
    for name, form in FOLDERS.items():
        for path in sorted((folder / name).rglob("*")):
            is_other = path.suffix in (".md", ".xz") or path.name.endswith(".fhir.json")
            if (
                path.is_file()
                and not is_other
                and not (form == "edifact" and ".dat" not in path.name)
            ):
                yield path, form


@pytest.mark.shared
def test_no_folder_is_left_out(shared_data: Path) -> None:
    folders = {path.name for path in (shared_data / "feeds").iterdir() if path.is_dir()}
    assert folders == set(FOLDERS) | NOT_DELIVERIES


@pytest.mark.shared
def test_every_file_gives_an_outcome_and_nasty_ones_one_visible_hold(shared_data: Path) -> None:
    read = Counter[str]()
    for path, form in deliveries(shared_data / "feeds"):
        found = items(path, form)
        assert found, path.name
        held = [item.outcome.reason for item in found if isinstance(item.outcome, Held)]
        assert all(held), path.name
        if path.name in NASTY:
            assert held == [NASTY[path.name]], path.name
            read["nasty"] += 1
        read[form] += 1
    assert read["nasty"] == len(NASTY)
    assert read["hl7v2"] >= 63 + 62
    assert read["fhir-r4"] == 142
    assert read["gp-connect"] == 13 + 8 + 1 + 3
    assert read["council-csv"] == 10


@pytest.mark.shared
def test_what_no_council_sent_is_one_hold_a_file(shared_data: Path) -> None:
    """Another service's uploads have no council's case number: each file is held, once."""
    folder = shared_data / "feeds" / "csv-nhs-imports" / "cohort_import"
    for path in sorted(folder.iterdir()):
        (item,) = items(path, "council-csv")
        assert isinstance(item.outcome, Held), path.name


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["bad-msh", "batch-fhs-bhs", "encoding", "line-endings"])
def test_nasty_messages_are_messages_or_say_why_not(shared_data: Path, folder: str) -> None:
    for path in sorted((shared_data / "feeds" / "hl7v2-nasty" / folder).iterdir()):
        found = [item for item in items(path, "hl7v2") if not item.is_wrapper]
        assert found, path.name
        holds = [item for item in found if isinstance(item.outcome, Held)]
        assert len(holds) == (1 if path.name in NASTY else 0), path.name


@pytest.mark.shared
def test_the_messages_of_the_london_trust_are_as_many_as_the_readme_says(shared_data: Path) -> None:
    folder = shared_data / "feeds" / "hl7v2-uclh-emap"
    kinds = Counter(
        item.resource_type
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for item in items(path, "hl7v2")
        if not item.is_wrapper and "PID 2" not in item.pointer
    )
    assert kinds["ORU^R01"] == 26
    assert kinds["PPR^PC1"] == 6
    assert kinds["ADT^A60"] == 7
    assert kinds["ADT^A01"] == 2
    assert kinds["ADT^A03"] == 4
    assert kinds["ADT^A08"] == 2
    for event in ("A02", "A04", "A06", "A11", "A12", "A13", "A17", "A29", "A40", "A45", "A47"):
        assert kinds[f"ADT^{event}"] == 1, event


@pytest.mark.shared
def test_the_bulk_export_is_as_long_as_the_readme_says(shared_data: Path) -> None:
    archive = shared_data / "feeds" / "synthea-r4" / "synthea_bulk_10_partial_ndjson.tar.xz"
    patients = count = 0
    with lzma.open(archive) as opened, tarfile.open(fileobj=opened) as files:
        for member in files:
            content = files.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            for item in FORMATS["fhir-r4"].read(io.BytesIO(content.read()), name=member.name):
                count += not item.is_wrapper and not isinstance(item.outcome, Held)
                patients += item.resource_type == "Patient"
    assert patients == 13
    assert count == 7160
