"""The canaries: nobody's staff find them, and within minutes a wall that fell is found by them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from access.acting import Acting
from access.glimpses import Search, find, glimpse
from access.incidents import proof_state
from connectcare.environment import Environment, Login
from consent.models import Canary, Choice, ProbeResult, ProofIncident
from consent.proofs import Outcome
from identity.models import Resident, ResidentNhsNumber
from identity.nhs_number import NhsNumber
from organisations.activities import Activity
from organisations.models import Membership, StaffMember
from organisations.selectors import councils, memberships_in_force
from records import tasks
from tests import factories
from tests.conftest import AsLogin

Connect = Callable[[str], psycopg.Connection]
REQUEST = "019aa000-0000-4000-8000-000000000001"


@pytest.fixture(autouse=True)
def _web_of_the_worker(settings: LazySettings, database: dict[str, str]) -> None:
    settings.WEB_DATABASE = Environment().database(Login.WEB)


@pytest.fixture
def canaries(database: object, as_login: AsLogin) -> list[Resident]:
    with as_login("pipeline"):
        for role in ("nurse", "doctor", "contact-centre-adviser"):
            factories.role(role)
        call_command("make_canaries", verbosity=0)
        return list(Resident.objects.filter(canary__isnull=False).order_by("pk"))


def prove_all(as_login: AsLogin) -> dict[str, str]:
    """Kind of choice → the outcome of its newest probe."""
    with as_login("pipeline"):
        tasks.prove_canaries()
        found = ProbeResult.objects.order_by("pk").select_related("choice")
        return {each.choice.kind: each.outcome for each in found}


def test_each_kind_of_refusal_has_one_and_each_is_found_to_hold(
    canaries: list[Resident], as_login: AsLogin
) -> None:
    assert len(canaries) == 3
    assert prove_all(as_login) == {
        "connect-care": Outcome.HOLDS,
        "social-care-sharing": Outcome.HOLDS,
        "nhs-number": Outcome.HOLDS,
    }
    with as_login("pipeline"):
        assert {each.readers for each in ProbeResult.objects.all()} == {3}


def test_a_wall_that_falls_is_found_by_all_of_them(
    canaries: list[Resident], as_login: AsLogin, run_sql: Connect
) -> None:
    admin = run_sql("admin")
    admin.autocommit = True
    admin.execute("alter table records_entry disable row level security")
    try:
        assert set(prove_all(as_login).values()) == {Outcome.SHOWN}
    finally:
        admin.execute("alter table records_entry enable row level security")
    assert proof_state().incidents == 3


def test_making_them_again_changes_nothing(canaries: list[Resident], as_login: AsLogin) -> None:
    with as_login("pipeline"):
        call_command("make_canaries", verbosity=0)
        assert Canary.objects.count() == 3
        assert Choice.objects.count() == 3


def test_without_the_shipped_roles_it_is_said_what_to_do(
    database: object, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        with pytest.raises(CommandError, match="load_registry"):
            call_command("make_canaries", verbosity=0)
        assert not Canary.objects.exists()


def test_no_staff_find_them(canaries: list[Resident], as_login: AsLogin) -> None:
    with as_login("pipeline"):
        members = [
            factories.membership(at=factories.organisation(kind=kind), as_role=role)
            for kind, role in (
                ("nhs_trust", "nurse"),
                ("adult_social_care", "social-worker"),
                ("adult_social_care", "contact-centre-adviser"),
                ("gp_practice", "records-officer"),
                ("nhs_trust", "privacy-officer"),
            )
        ]
        numbers = list(ResidentNhsNumber.objects.values_list("number", flat=True))
    for member in members:
        (held,) = memberships_in_force(member.staff)
        asker = Acting.of(held)
        searches = [
            *(Search(family_name="Canary", birth_date=each.birth_date) for each in canaries),
            *(Search(nhs_number=NhsNumber.parse(each, test_ranges=True)) for each in numbers),
        ]
        for search in searches:
            with transaction.atomic():
                assert find(asker, search, request_id=REQUEST).residents == ()
        activity = (
            Activity.READ_RECORDS if asker.may(Activity.READ_RECORDS) else Activity.FIND_RESIDENTS
        )
        for each in canaries:
            with transaction.atomic():
                known = glimpse(asker, each.public_id, activity=activity, request_id=REQUEST)
                assert known is None


def test_nobody_signs_in_as_their_staff_and_no_list_names_their_organisations(
    canaries: list[Resident], as_login: AsLogin, client: Client
) -> None:
    with as_login("pipeline"):
        staff = list(StaffMember.objects.filter(username__startswith="canary-"))
        assert Membership.objects.filter(staff__in=staff).count() == len(staff) == 4
    assert not any(each.has_usable_password() for each in staff)
    assert list(councils()) == []
    page = client.get(reverse("participating-organisations")).content.decode()
    assert "anary" not in page


def test_the_health_check_says_when_nothing_is_proven(
    canaries: list[Resident], as_login: AsLogin, client: Client, run_sql: Connect
) -> None:
    def health() -> tuple[int, str]:
        response = client.get(reverse("health-proof"))
        return response.status_code, " ".join(response.json().get("because", ()))

    status, because = health()
    assert (status, "not found to hold" in because) == (503, True)
    prove_all(as_login)
    assert health() == (200, "")
    with as_login("pipeline"):
        result = ProbeResult.objects.first()
        ProofIncident.objects.create(reference="IN-TEST", choice=result.choice, found=result)
    status, because = health()
    assert (status, "does not hold" in because) == (503, True)


def test_without_canaries_the_health_check_says_how_to_make_them(
    database: object, client: Client
) -> None:
    response = client.get(reverse("health-proof"))
    assert response.status_code == 503
    assert "make_canaries" in " ".join(response.json()["because"])


def test_what_was_found_to_hold_too_long_ago_is_said(
    canaries: list[Resident], as_login: AsLogin, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    prove_all(as_login)
    monkeypatch.setattr("connectcare.health.CANARY_LATE", timedelta(hours=-1))
    response = client.get(reverse("health-proof"))
    assert response.status_code == 503
