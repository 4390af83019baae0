"""Roles are confirmed each period or end, never a whole team's; unused accounts stop."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.acting import Acting
from organisations import actions, recertifying
from organisations.models import Membership, RegistryChange, StaffMember
from tests import factories

REQUEST = str(uuid4())


def ago(days: int) -> Any:
    return timezone.now() - timedelta(days=days)


def overdue() -> Any:
    return ago(settings.RECERTIFY_DAYS + settings.RECERTIFY_GRACE_DAYS + 1)


@pytest.fixture
def ward(database, as_login) -> SimpleNamespace:
    """An organisation with two teams: one attended to in part, the other not at all."""
    with as_login("pipeline"):
        trust = factories.organisation("Trust")
        found = SimpleNamespace(trust=trust, other=factories.organisation("Other"))
        for name in ("cedar", "elm"):
            team = factories.team(trust, name.capitalize())
            held = [
                factories.membership(at=trust, in_team=team, certified_at=overdue())
                for _ in range(2)
            ]
            setattr(found, name, held)
        found.fresh = factories.membership(at=trust, in_team=found.cedar[0].team)
        found.elsewhere = factories.membership(at=found.other, certified_at=ago(360))
        admin = factories.membership(at=trust, as_role="organisation-administrator")
        actions.let_administer(by=None, staff=admin.staff, organisation=trust)
        found.admin, found.staff = Acting.of(admin), admin.staff
    return found


def sweep(as_login: Any) -> tuple[int, int]:
    with as_login("pipeline"):
        return recertifying.sweep()


def in_force(*held: Membership) -> list[bool]:
    current = set(Membership.objects.current().values_list("pk", flat=True))
    return [each.pk in current for each in held]


def test_what_nobody_confirmed_ends_and_never_a_whole_team(ward, as_login, run_sql) -> None:
    assert sweep(as_login) == (2, 0)
    assert in_force(*ward.cedar) == [False, False]
    assert in_force(*ward.elm) == [True, True], "nobody attended to this team"
    assert in_force(ward.fresh, ward.elsewhere) == [True, True]
    why = RegistryChange.objects.filter(what="membership", row=ward.cedar[0].pk).latest("id").why
    assert why == "Not confirmed in time"
    # Once one of the team is confirmed, somebody attended to it.
    confirmed = recertifying.certify(ward.admin, [ward.elm[0].pk], request_id=REQUEST)
    assert confirmed == ("certified", 1)
    assert sweep(as_login) == (1, 0)
    assert in_force(*ward.elm) == [True, False]
    lapsed = run_sql("backup").execute(
        "select count(*) from audit_event where reason = 'membership-lapsed'"
    )
    assert lapsed.fetchone() == (3,)


def test_a_role_within_its_time_goes_on(ward, as_login) -> None:
    with as_login("pipeline"):
        Membership.objects.filter(pk=ward.cedar[0].pk).update(
            certified_at=ago(settings.RECERTIFY_DAYS + settings.RECERTIFY_GRACE_DAYS - 1)
        )
    sweep(as_login)
    assert in_force(*ward.cedar) == [True, False]


def test_only_the_organisations_own_confirm_and_nobody_their_own(ward) -> None:
    for held, outcome in ((ward.elsewhere.pk, "not-allowed"), (ward.admin.membership_id, "own")):
        answer = recertifying.certify(ward.admin, [held], request_id=REQUEST)
        assert answer == (outcome, 0)


def test_the_page_lists_what_comes_near_of_ones_own(ward, as_login) -> None:
    client, page = Client(), reverse("registry-recertify")
    client.force_login(ward.staff)
    shown = BeautifulSoup(client.get(page).content, "html.parser")
    boxes = {each["value"] for each in shown.select("input[name=memberships]")}
    assert boxes == {str(each.pk) for each in (*ward.cedar, *ward.elm)}
    assert "Ends by itself on" in shown.main.get_text()
    assert "4 roles to confirm" in client.get(reverse("registry-staff")).content.decode()
    assert "There is a problem" in client.post(page, {"memberships": ["0"]}).content.decode()
    sent = client.post(page, {"memberships": [str(ward.cedar[0].pk)]})
    assert sent.status_code == 303
    again = BeautifulSoup(client.get(page).content, "html.parser")
    assert len(again.select("input[name=memberships]")) == 3


def test_an_account_that_nobody_uses_stops_and_is_let_in_again(ward, as_login) -> None:
    nurse = ward.fresh.staff
    with as_login("pipeline"):
        old = {"date_joined": ago(400), "last_login": ago(settings.DORMANT_DAYS + 1)}
        StaffMember.objects.filter(pk=nurse.pk).update(**old)
        Membership.objects.update(certified_at=timezone.now())
    assert sweep(as_login) == (0, 1)
    assert not StaffMember.objects.get(pk=nurse.pk).is_active
    stranger = ward.elsewhere.staff.public_id
    again = recertifying.let_in_again
    assert again(ward.admin, stranger, request_id=REQUEST) == "not-allowed"
    client = Client()
    client.force_login(ward.staff)
    person = reverse("registry-person", args=[nurse.public_id])
    assert "Let them sign in again" in client.get(person).content.decode()
    let_in = reverse("registry-let-in-again", args=[nurse.public_id])
    assert client.post(let_in).status_code == 303
    assert client.post(reverse("registry-let-in-again", args=[stranger])).status_code == 404
    assert StaffMember.objects.get(pk=nurse.pk).is_active
    assert sweep(as_login) == (0, 0), "it counts from when they were let in"


def test_whoever_was_suspended_on_purpose_is_not_let_in(ward, as_login) -> None:
    nurse = ward.fresh.staff
    with as_login("pipeline"):
        StaffMember.objects.filter(pk=nurse.pk).update(is_active=False)
    answer = recertifying.let_in_again(ward.admin, nurse.public_id, request_id=REQUEST)
    assert answer == "not-dormant"
    assert not StaffMember.objects.get(pk=nurse.pk).is_active


@pytest.mark.parametrize(
    "statement",
    [
        "select organisations.end_uncertified('1 day')",
        "select organisations.stop_dormant('1 day')",
        "update organisations_membership set certified_at = now()",
        "update organisations_staffmember set is_active = true",
    ],
)
def test_the_web_has_no_other_way(run_sql, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_sql("web").execute(statement)
