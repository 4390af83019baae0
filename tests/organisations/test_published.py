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
    return [{"url": "x/Extension-ODSAPI-ActivePeriod-1", "valuePeriod": period}]


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
