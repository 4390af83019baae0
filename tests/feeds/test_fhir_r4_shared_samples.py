"""The sample data beside the project, to the last resource."""

import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.formats.fhir_r4 import read
from feeds.mapped import EntryStatus, Held, Item, Mapped, PassedOver
from organisations.categories import Category

pytestmark = pytest.mark.shared


def read_all(files: list[Path], source_kind: str) -> list[Item]:
    found = []
    for file in files:
        with file.open("rb") as content:
            found += read(content, name=file.name, source_kind=source_kind)
    return found


@pytest.fixture(scope="module")
def uk_core(shared_data: Path) -> list[Item]:
    files = sorted((shared_data / "feeds" / "fhir-r4-ukcore").glob("*.xml"))
    assert len(files) == 142
    return read_all(files, "nhs_trust")


@pytest.fixture(scope="module")
def synthea(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Item]]:
    folder = tmp_path_factory.mktemp("synthea")
    name = "synthea_r4_100_patients_bundles.tar.xz"
    with tarfile.open(shared_data / "feeds" / "synthea-r4" / name) as archive:
        archive.extractall(folder, filter="data")
    return read_all(sorted(folder.rglob("*.json")), "gp_practice")


def outcomes(found: list[Item]) -> Counter[str]:
    return Counter(type(item.outcome).__name__ for item in found if not item.is_wrapper)


def test_uk_core_numbers_add_up(uk_core: list[Item]) -> None:
    wrappers = [item for item in uk_core if item.is_wrapper]
    assert len(wrappers) == 5
    # 137 files of one resource, and the 2 + 3 + 5 + 8 entries of the bundles
    alone = [item for item in uk_core if item.pointer == "resource"]
    assert len(alone) == 137
    assert outcomes(uk_core) == {"Mapped": 102, "PassedOver": 48, "Held": 5}


def test_uk_core_held_resources_say_why(uk_core: list[Item]) -> None:
    held = Counter(
        (item.resource_type, item.outcome.reason)
        for item in uk_core
        if isinstance(item.outcome, Held)
    )
    missing = (
        "the medicine is named only by a reference to a Medication that this delivery does not hold"
    )
    assert held == {
        ("MedicationAdministration", missing): 2,
        ("MedicationDispense", missing): 1,
        ("MedicationRequest", missing): 1,
        ("Observation", "no patient is named"): 1,
    }


def test_uk_core_allergies_in_error_and_none_known(uk_core: list[Item]) -> None:
    entries = [
        entry
        for item in uk_core
        if isinstance(item.outcome, Mapped)
        for entry in item.outcome.entries
        if entry.category is Category.ALLERGIES
    ]
    in_error = [e.identifier for e in entries if e.status is EntryStatus.ENTERED_IN_ERROR]
    assert in_error == ["AllergyIntolerance/UKCore-AllergyIntolerance-EnteredInError-Example"]
    none_known = [e.identifier for e in entries if e.negation]
    assert none_known == [
        "AllergyIntolerance/UKCore-AllergyIntolerance-Sn-NegHandlNoKnownAllergies-Example"
    ]


def test_uk_core_people(uk_core: list[Item]) -> None:
    people = {
        item.outcome.person.identifier: item.outcome.person.nhs_number
        for item in uk_core
        if isinstance(item.outcome, Mapped) and item.outcome.person is not None
    }
    assert len(people) == 6
    assert people["Patient/UKCore-Patient-RichardSmith-Example"] == "9912003888"


def test_synthea_loads_completely(synthea: list[Item]) -> None:
    assert sum(item.is_wrapper for item in synthea) == 100
    assert sum(not item.is_wrapper for item in synthea) == 28_989
    mapped = Counter(item.resource_type for item in synthea if isinstance(item.outcome, Mapped))
    assert mapped == {
        "AllergyIntolerance": 44,
        "CarePlan": 273,
        "Condition": 686,
        "DiagnosticReport": 899,
        "Encounter": 2963,
        "Goal": 199,
        "ImagingStudy": 68,
        "Immunization": 1126,
        "MedicationRequest": 612,
        "Observation": 13_139,
        "Patient": 100,
        "Procedure": 2016,
    }
    passed = Counter(
        item.resource_type
        for item in synthea
        if isinstance(item.outcome, PassedOver) and not item.is_wrapper
    )
    assert passed == {
        "Claim": 3575,
        "ExplanationOfBenefit": 2963,
        "Organization": 163,
        "Practitioner": 163,
    }
    assert outcomes(synthea)["Held"] == 0


def test_synthea_entries_belong_to_the_hundred_people(synthea: list[Item]) -> None:
    people = set()
    owners = set()
    for item in synthea:
        if isinstance(item.outcome, Mapped):
            if item.outcome.person is not None:
                people.add(item.outcome.person.identifier)
            owners |= {entry.person for entry in item.outcome.entries}
    assert len(people) == 100
    assert owners == people
    authors = [
        entry.author
        for item in synthea
        if isinstance(item.outcome, Mapped)
        for entry in item.outcome.entries
        if entry.kind == "MedicationRequest"
    ]
    assert all(authors)
