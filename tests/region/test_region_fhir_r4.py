"""The region's FHIR files: valid, complete, and following the conventions that readers rely on."""

from __future__ import annotations

import base64
import importlib
import json
from collections import Counter, defaultdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from region import people_of_note
from region.make_region import residents
from region.sending import Form, Sending
from region.writers.fhir_r4 import resources

if TYPE_CHECKING:
    from region.model import Resident

TODAY = date(2026, 11, 22)
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
TEAM = "https://connectcare.example/StructureDefinition/responsible-team"
#: Every resource of a type is checked up to here, then one in fifty.
ALL_UP_TO = 60


@pytest.fixture(scope="module")
def region() -> list[Resident]:
    return list(residents(7, 320, TODAY))


def everything(region: list[Resident]) -> list[tuple[str, dict[str, Any]]]:
    """All that all sources hold as FHIR, whatever they send it in, each with its source."""
    return [
        (known.source, resource)
        for each in region
        for known in each.known
        for resource in resources(
            each,
            Sending(
                Form.FHIR_R4,
                known,
                tuple(fact for fact in each.facts if fact.source == known.source),
            ),
            seed=7,
        )
    ]


@pytest.fixture(scope="module")
def written(region) -> list[tuple[str, dict[str, Any]]]:
    return everything(region)


@pytest.fixture(scope="module")
def model_of_fhir() -> Any:
    return importlib.import_module("fhir.resources.R4B")


def test_resources_are_valid_r4(written, model_of_fhir):
    seen = Counter()
    for _, resource in written:
        kind = resource["resourceType"]
        seen[kind] += 1
        if seen[kind] <= ALL_UP_TO or seen[kind] % 50 == 0:
            model_of_fhir.get_fhir_model_class(kind).model_validate(resource)
    assert len(seen) >= 20


def test_ids_are_unique_and_the_same_each_time(region, written):
    ids = [(each["resourceType"], each["id"]) for _, each in written]
    assert len(set(ids)) == len(ids)
    again = [(each["resourceType"], each["id"]) for _, each in everything(region)]
    assert again == ids


def test_every_resource_has_the_sources_own_time(written):
    for _, each in written:
        moment = datetime.fromisoformat(each["meta"]["lastUpdated"])
        assert moment.tzinfo is not None
        assert moment.date() <= TODAY


def test_references_stay_inside_the_source(written):
    known = defaultdict(set)
    for source, each in written:
        known[source].add(f"{each['resourceType']}/{each['id']}")
    for source, each in written:
        for key in ("subject", "patient"):
            if key in each:
                assert each[key]["reference"] in known[source]
        for result in each.get("result", []):
            assert result["reference"] in known[source]


def test_patients_say_number_practice_and_how_far_it_is_verified(region, written):
    patients = [each for _, each in written if each["resourceType"] == "Patient"]
    assert len(patients) == sum(len(each.known) for each in region)
    lacking = 0
    for each in patients:
        numbers = [i for i in each["identifier"] if i["system"] == NHS_NUMBER]
        local = [i for i in each["identifier"] if i["system"].endswith("-person")]
        assert len(local) == 1
        assert each["generalPractitioner"][0]["identifier"]["value"]
        lacking += not numbers
        for number in numbers:
            status = number["extension"][0]["valueCodeableConcept"]["coding"][0]
            assert status["code"] in {"01", "02"}
    assert lacking >= 1


def test_restricted_person_is_marked_at_every_source(written):
    number = people_of_note.PROTECTED.nhs_number
    found = [each for _, each in written if each["resourceType"] == "Patient"
             and any(i["value"] == number for i in each["identifier"])]  # fmt: skip
    assert len(found) > 1
    assert all(each["meta"]["security"][0]["code"] == "R" for each in found)


def test_social_care_follows_the_convention(written):
    councils = [each for source, each in written if source in {"LBL01", "RBG01", "LBB01"}]
    kinds = {each["resourceType"] for each in councils}
    assert {"EpisodeOfCare", "ClinicalImpression", "CareTeam", "DeviceUseStatement", "Flag",
            "RelatedPerson"} <= kinds  # fmt: skip
    services = [each for each in councils if each["resourceType"] == "EpisodeOfCare"]
    for each in services:
        urls = {extension["url"].rsplit("/", 1)[1] for extension in each["extension"]}
        assert {"responsible-team", "service-category"} <= urls
        assert each["type"][0]["text"]
    assert "onhold" in {each["status"] for each in services}
    workers = [each for each in councils if each["resourceType"] == "CareTeam"]
    assert all(each["participant"][0]["role"][0]["text"] and each["telecom"] for each in workers)


def test_contacts_and_appointments_name_the_responsible_team(written):
    for _, each in written:
        if each["resourceType"] in {"Encounter", "EpisodeOfCare", "Appointment"}:
            assert TEAM in {extension["url"] for extension in each["extension"]}


def test_documents_read_as_text(written):
    documents = [each for _, each in written if each["resourceType"] == "DocumentReference"]
    assert documents
    for each in documents:
        attachment = each["content"][0]["attachment"]
        assert attachment["contentType"].startswith("text/plain")
        assert base64.b64decode(attachment["data"]).decode().strip()


def test_struck_out_resources_have_no_clinical_status(written):
    struck = [each for _, each in written if "entered-in-error" in json.dumps(each)]
    assert struck
    assert not any("clinicalStatus" in each for each in struck)
