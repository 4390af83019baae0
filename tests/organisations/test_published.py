"""Putting the registry right by what the national directory publishes."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from access.acting import Acting
from organisations import published
from organisations.models import Organisation, RegistryChange
from organisations.periods import State
from organisations.published import NotPublished, Published
from tests import factories

SYSTEM = "https://fhir.nhs.uk/Id/ods-organization-code"
#: Where the directory's API keeps its definitions, in both of its versions.
STU3 = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-ODSAPI"
R4 = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England"
ROLES_STU3 = "https://directory.spineservices.nhs.uk/STU3/CodeSystem/ODSAPI-OrganizationRole-1"
ROLES_R4 = "https://digital.nhs.uk/services/organisation-data-service/CodeSystem"


def organisation(code: str, name: str, **more: Any) -> dict[str, Any]:
    """As the directory's API answers, with a role that nobody here knows."""
    return {
        "resourceType": "Organization",
        "identifier": {"system": SYSTEM, "value": code},
        "active": True,
        "name": name,
        "telecom": [{"system": "phone", "value": "020 7946 0777"}],
        "address": {"line": ["1 Sample Street"], "postalCode": "SE6 1AA"},
        "extension": [
            {"url": "https://example/OrganizationRole-1", "extension": [{"url": "role"}]},
            {"url": "https://example/Extension-ODSAPI-ActivePeriod-1", "valuePeriod": {}},
        ],
        **more,
    }


def closing(day: str) -> list[dict[str, Any]]:
    period = {"start": "1990-01-01", "end": day}
    return [{"url": f"{STU3}-ActivePeriod-1", "valuePeriod": period}]


def bundle(*resources: dict[str, Any]) -> bytes:
    entries = [{"resource": each} for each in resources]
    return json.dumps({"resourceType": "Bundle", "entry": entries}).encode()


def test_an_answer_is_read_and_what_is_unknown_tolerated() -> None:
    found = published.read(
        bundle(
            organisation("G83001", "THE ALBION SURGERY"),
            organisation("A1B2C", "NEW STYLE CODE", extension="nonsense", telecom=None),
            organisation("G83002", "CLOSED", active=False, extension=closing("2025-03-31")),
            organisation("not a code!", "X"),
            organisation("G83009", " "),
            {"resourceType": "OperationOutcome"},
        )
    )
    assert found.unusable == 2
    assert found.organisations == (
        Published("G83001", "The Albion Surgery", "SE6 1AA", "020 7946 0777"),
        Published("A1B2C", "New Style Code", "SE6 1AA"),
        Published(
            "G83002",
            "Closed",
            "SE6 1AA",
            "020 7946 0777",
            closed=True,
            closed_on=date(2025, 3, 31),
        ),
    )
    one = json.dumps(organisation("RJ2", "A TRUST", address=[{"postalCode": "SE13 6LH"}]))
    assert published.read(one.encode()).organisations[0].postcode == "SE13 6LH"


def active(kind: str, end: str | None) -> dict[str, Any]:
    """STU3: a period whose kind is an extension of it."""
    period = {"start": "1974-04-01"} | ({"end": end} if end else {})
    typed = {"extension": [{"url": f"{STU3}-DateType-1", "valueString": kind}], **period}
    return {"url": f"{STU3}-ActivePeriod-1", "valuePeriod": typed}


def of_stu3(code: str, *periods: dict[str, Any], role: str = "76", **more: Any) -> dict[str, Any]:
    """An organisation as the STU3 API answers: single values, roles as extensions of extensions."""
    its_role = [
        {"url": "role", "valueCoding": {"system": ROLES_STU3, "code": role, "display": "X"}},
        {"url": "primaryRole", "valueBoolean": True},
        # A role that is over says nothing of the body.
        active("Operational", "1999-03-31") | {"url": "activePeriod"},
        {"url": "status", "valueString": "Inactive"},
    ]
    return organisation(
        code,
        "SAMPLE SURGERY",
        meta={"profile": "https://fhir.nhs.uk/STU3/StructureDefinition/ODSAPI-Organization-1"},
        type={"coding": {"system": "x", "code": "1", "display": "HSCOrg"}},
        extension=[
            *periods,
            {"url": f"{STU3}-OrganizationRole-1", "extension": its_role},
            {"url": f"{STU3}-SomethingNew-9", "valueInteger": 7},
        ],
        **more,
    )


def typed(kind: str, end: str | None) -> dict[str, Any]:
    """R4: a period beside its kind."""
    period = {"start": "1974-04-01"} | ({"end": end} if end else {})
    coding = {"system": "https://fhir.nhs.uk/England/CodeSystem/England-PeriodType", "code": kind}
    return {
        "url": f"{R4}-TypedPeriod",
        "extension": [
            {"url": "dateType", "valueCoding": coding},
            {"url": "period", "valuePeriod": period},
        ],
    }


def of_r4(code: str, *periods: dict[str, Any], role: str = "RO177") -> dict[str, Any]:
    """An organisation as the R4 API answers: lists, roles with their own periods."""
    coding = {"system": f"{ROLES_R4}/ODSOrganisationRole", "code": role, "display": "X"}
    its_role = [
        {"url": "instanceID", "valueInteger": 1},
        {"url": "roleCode", "valueCodeableConcept": {"coding": [coding]}},
        typed("Operational", "1999-03-31"),
        {"url": "active", "valueBoolean": False},
    ]
    return organisation(
        code,
        "SAMPLE SURGERY",
        identifier=[{"use": "official", "system": SYSTEM, "value": code}],
        type=[{"coding": [{"system": f"{ROLES_R4}/ODSRecordClass", "code": "RC1"}]}],
        address=[{"line": ["1 Sample Street"], "postalCode": "SE6 1AA", "country": "ENGLAND"}],
        extension=[*periods, {"url": f"{R4}-OrganisationRole", "extension": its_role}],
    )


@pytest.mark.parametrize(("shape", "period"), [(of_stu3, active), (of_r4, typed)])
def test_both_versions_of_the_directorys_api_are_read(shape: Any, period: Any) -> None:
    def closed_on(*periods: dict[str, Any]) -> date | None:
        (found,) = published.read(bundle(shape("G83001", *periods))).organisations
        assert (found.code, found.name, found.postcode) == ("G83001", "Sample Surgery", "SE6 1AA")
        assert found.closed == (found.closed_on is not None)
        return found.closed_on

    assert closed_on() is None, "roles that are over close no body"
    assert closed_on(period("Operational", None), period("Legal", None)) is None
    assert closed_on(period("Operational", "2025-03-31")) == date(2025, 3, 31)
    assert closed_on(period("Legal", "2025-03-30")) == date(2025, 3, 30)
    # It works on under another body's name: the operational period says.
    both = (period("Legal", "2024-03-31"), period("Operational", "2025-03-31"))
    assert closed_on(*both) == date(2025, 3, 31)
    assert closed_on(period("Legal", "2024-03-31"), period("Operational", None)) is None
    assert closed_on(period("Operational", "soon")) is None
    # Roles and kinds that nobody here knows are no reason to pass a body over.
    unknown = [shape("A1B2C", period("Unheard of", None), role="RO999")]
    assert published.read(bundle(*unknown)).organisations[0].code == "A1B2C"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"resourceType": "Patient"}', b"a,b\n"])
def test_what_is_neither_says_so(content: bytes) -> None:
    with pytest.raises(NotPublished):
        published.read(content)


def test_the_published_files_of_practices_are_read(shared_data: Path) -> None:
    found = published.read((shared_data / "ods" / "epraccur-layout.csv").read_bytes())
    assert len(found.organisations) > 90
    assert found.unusable == 0


@pytest.fixture
def registry(database, as_login) -> SimpleNamespace:
    with as_login("pipeline"):
        group = factories.organisation("Practices", kind="group")
        return SimpleNamespace(
            practice=factories.organisation(
                "Old Name", kind="gp_practice", code="G83001", groups=[group]
            ),
            closing=factories.organisation(
                "Closing", kind="gp_practice", code="G83002", groups=[group]
            ),
            suspended=factories.organisation(
                "Suspended", kind="gp_practice", code="G83003", state="suspended"
            ),
            trust=factories.organisation("As the notice says", code="RJ2", phone="020 7946 0101"),
            admin=Acting.of(factories.membership(as_role="registry-administrator")),
            other=Acting.of(factories.membership(as_role="organisation-administrator")),
        )


ANSWER = bundle(
    organisation("G83001", "NEW NAME"),
    organisation("G83002", "Closing", active=False, extension=closing("2025-03-31"), telecom=[]),
    organisation("G83003", "Suspended", telecom=[]),
    organisation("RJ2", "OTHER NAME"),
    organisation("ZZ999", "NOBODY'S"),
)


def differences(by: Acting | None, *, preview: bool = False) -> set[tuple[str, str, str]]:
    known = published.known_here(published.read(ANSWER).organisations)
    assert [each.code for each in known] == ["G83001", "G83002", "G83003", "RJ2"]
    found = published.refresh(
        by, known, why="Monthly refresh", request_id=str(uuid4()), preview=preview
    )
    return {(each.code, each.part, each.is_now) for each in found}


WANTED = {
    ("G83001", "name", "New Name"),
    ("G83001", "postcode", "SE6 1AA"),
    ("G83001", "telephone", "020 7946 0777"),
    ("G83002", "postcode", "SE6 1AA"),
    ("G83002", "closes", "2025-03-31"),
    ("G83003", "postcode", "SE6 1AA"),
    ("RJ2", "postcode", "SE6 1AA"),
}


def test_a_preview_changes_nothing_and_what_follows_is_the_same(registry) -> None:
    assert differences(registry.admin, preview=True) == WANTED
    assert Organisation.objects.get(ods_code="G83001").name == "Old Name"
    assert differences(registry.admin) == WANTED
    practice = Organisation.objects.get(ods_code="G83001")
    assert (practice.name, practice.phone) == ("New Name", "020 7946 0777")
    trust = Organisation.objects.get(ods_code="RJ2")
    assert (trust.name, trust.phone) == ("As the notice says", "020 7946 0101")
    closed = Organisation.objects.get(ods_code="G83002")
    assert closed.state == State.ENDED
    assert not closed.member_of.current().exists()
    # What was suspended here stays so, and nobody new came.
    assert Organisation.objects.get(ods_code="G83003").state == State.SUSPENDED
    assert not Organisation.objects.filter(ods_code="ZZ999").exists()
    kept = RegistryChange.objects.filter(what="organisation", row=practice.pk).latest("id")
    assert (kept.staff_id, kept.why) == (registry.admin.staff_id, "Monthly refresh")
    assert differences(registry.admin) == set()


def test_only_the_registrys_administrators_refresh(registry) -> None:
    assert differences(registry.other) == set()
    assert Organisation.objects.get(ods_code="G83001").name == "Old Name"


def test_the_command_previews_unless_it_is_told_to_do_it(registry, as_login, tmp_path) -> None:
    file, said = tmp_path / "ods.json", io.StringIO()
    file.write_bytes(ANSWER)
    with as_login("pipeline"):
        call_command("refresh_from_ods", file, stdout=said)
        assert "G83001: name “Old Name” → “New Name”" in said.getvalue()
        assert "Nothing was changed" in said.getvalue()
        assert "1 not in the registry" in said.getvalue()
    assert Organisation.objects.get(ods_code="G83001").name == "Old Name"
    with as_login("pipeline"):
        call_command("refresh_from_ods", file, do_it=True, stdout=said)
    assert Organisation.objects.get(ods_code="G83001").name == "New Name"
    file.write_bytes(b"nonsense")
    with as_login("pipeline"), pytest.raises(CommandError, match="neither a published file"):
        call_command("refresh_from_ods", file)


def test_the_page_shows_what_differs_and_then_does_it(registry) -> None:
    client, page = Client(), reverse("registry-refresh")
    client.force_login(factories.StaffMember.objects.get(pk=registry.admin.staff_id))
    file = io.BytesIO(ANSWER)
    file.name = "ods.json"
    shown = client.post(page, {"contents": file, "why": "Monthly refresh"})
    parsed = BeautifulSoup(shown.content, "html.parser")
    words = " ".join(parsed.main.get_text(" ").split())
    assert "G83001 name Old Name New Name" in words
    assert "1 organisation of it is not in the registry" in words
    assert Organisation.objects.get(ods_code="G83001").name == "Old Name"
    sent = {each["name"]: each["value"] for each in parsed.select("main form input")}
    assert client.post(page, sent).status_code == 303
    assert Organisation.objects.get(ods_code="G83001").name == "New Name"
    assert "There is a problem" in client.post(page, {"why": "x"}).content.decode()
    forged = {"why": "Monthly refresh", "read": "not json", "do": "yes"}
    assert "There is a problem" in client.post(page, forged).content.decode()
