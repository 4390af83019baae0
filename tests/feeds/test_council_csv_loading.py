"""A council's CSV through the whole pipeline: who, what, the boundary, and files in any order."""

from __future__ import annotations

from typing import Any

import pytest

from feeds import selectors
from feeds.models import Chunk, Delivery
from identity.models import Resident, SourcePerson
from identity.sealed import unseal
from organisations.models import Feed
from records.models import Entry
from tests import factories
from tests.feeds.test_council_csv import PERSON, SERVICE, table

NUMBER = factories.made_up_nhs_number(1)
OTHER = factories.made_up_nhs_number(2)
RUTH = PERSON | {"NHS_Number": NUMBER}
OMAR = RUTH | {
    "LA_Person_Unique_Identifier": "P20042",
    "NHS_Number": OTHER,
    "Family_Name": "Haddad",
    "Given_Names": "Omar",
    "Date_of_Birth": "1950-07-01",
}
OF_RUTH = SERVICE | {"NHS_Number": NUMBER}
OF_OMAR = OF_RUTH | {"LA_Person_Unique_Identifier": "P20042", "NHS_Number": OTHER}


@pytest.fixture
def council(database: object, as_login: Any) -> Feed:
    with as_login("pipeline"):
        body = factories.organisation("Council", kind="adult_social_care", code="LBX01")
        return factories.feed(body, format="council-csv")


def totals(report: selectors.Report) -> dict[str, int]:
    outcomes = ("loaded", "unchanged", "held", "stopped", "passed-over", "retired")
    return {each: report.total(each) for each in outcomes if report.total(each)}


def test_the_extract_and_the_data_beside_it_are_one_record(
    council: Feed, deliver: Any, as_login: Any
) -> None:
    report = deliver(table(OF_RUTH, OF_OMAR), table(RUTH, OMAR), of=council)
    assert totals(report) == {"loaded": 4}, "the events wait for their people"
    with as_login("pipeline"):
        ruth = SourcePerson.objects.get(identifier="Patient/P10021")
        assert ruth.resident.nhs_numbers.get().number == NUMBER
        assert set(Entry.objects.filter(source_person=ruth).values_list("kind", flat=True)) == {
            "CareTeam",
            "EpisodeOfCare",
        }
    assert totals(deliver(table(RUTH, OMAR), table(OF_RUTH, OF_OMAR), of=council)) == {
        "unchanged": 4
    }


def test_an_older_extract_does_not_bring_a_former_worker_back(
    council: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(table(RUTH), of=council)
    deliver(
        table(RUTH | {"Allocated_Worker": "Lee Adeyemi", "Extract_Date": "31/07/2026"}), of=council
    )
    deliver(table(RUTH), of=council)
    with as_login("pipeline"):
        assert Entry.objects.get(kind="CareTeam").author == "Lee Adeyemi"


def test_a_row_with_another_persons_number_is_held(council: Feed, deliver: Any) -> None:
    report = deliver(table(RUTH), table(OF_RUTH | {"NHS_Number": OTHER}), of=council)
    assert totals(report) == {"loaded": 1, "held": 1}


def test_nothing_is_kept_of_whoever_objects(council: Feed, deliver: Any, as_login: Any) -> None:
    deliver(table(RUTH, OMAR), of=council)
    with as_login("pipeline"):
        resident = Resident.objects.get(nhs_numbers__number=NUMBER)
        factories.choice(resident, "nhs-number", "refuses", council=council.organisation)
    spoken = "Zzyzx begins\r\nZzyzx goes on\r\nZzyzx ends"
    events = table(
        OF_OMAR | {"Event_Description": "Of the other"},
        OF_RUTH | {"Event_Description": spoken},
        OF_RUTH | {"Event_Type": "Zzyzx"},
    )
    report = deliver(events + b"P10021,Zzyzx\r\n" + b',"Zzyzx P10021\r\n', of=council)
    assert totals(report) == {"loaded": 1, "stopped": 4}
    with as_login("pipeline"):
        kept = b"".join(
            unseal(chunk.content, purpose="delivery") for chunk in Chunk.objects.order_by("id")
        )
        assert not Delivery.objects.exclude(stopped=[]).exists()
    assert b"Of the other" in kept
    assert b"Zzyzx" not in kept


def test_of_a_file_without_lines_of_bytes_nothing_is_kept(
    council: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(table(RUTH, OMAR), of=council)
    with as_login("pipeline"):
        resident = Resident.objects.get(nhs_numbers__number=NUMBER)
        factories.choice(resident, "nhs-number", "refuses", council=council.organisation)
    content = table(OF_RUTH, OF_OMAR).decode().encode("utf-16")
    report = deliver(content, of=council)
    assert totals(report) == {"loaded": 1, "stopped": 1}
    with as_login("pipeline"):
        newest = Delivery.objects.order_by("-pk").first()
        assert newest is not None
        kept = [unseal(one.content, purpose="delivery") for one in newest.chunks.all()]
    assert b"".join(kept) == b""
