"""What a staff member may act as: every part of it is in force, or it is not offered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organisations.models import Membership
from organisations.selectors import memberships_in_force
from tests import factories
from tests.conftest import AsLogin

OVER = {"valid_until": timezone.now() - timedelta(minutes=1)}
NOT_YET = {"valid_from": timezone.now() + timedelta(days=1)}
SUSPENDED = {"state": "suspended"}


@pytest.fixture
def held(database: dict[str, str], as_login: AsLogin) -> Membership:
    with as_login("pipeline"):
        trust = factories.organisation()
        return factories.membership(at=trust, in_team=factories.team(trust))


def test_all_in_force_is_offered_in_one_statement(held: Membership) -> None:
    staff = held.staff
    with CaptureQueriesContext(connection) as asked:
        (found,) = memberships_in_force(staff)
        assert (found.staff, found.organisation, found.team, found.role) == (
            (staff, held.organisation, held.team, held.role)
        )
    assert len(asked) == 1


@pytest.mark.parametrize("change", [OVER, NOT_YET, SUSPENDED], ids=["over", "not yet", "suspended"])
@pytest.mark.parametrize("part", ["itself", "organisation", "team", "role"])
def test_what_is_not_in_force_in_one_part_is_not_offered(
    held: Membership, as_login: AsLogin, part: str, change: dict[str, Any]
) -> None:
    changed = held if part == "itself" else getattr(held, part)
    with as_login("pipeline"):
        type(changed).objects.filter(pk=changed.pk).update(**change)
    assert memberships_in_force(held.staff) == []


def test_a_membership_without_a_team_needs_none(database: Any, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        held = factories.membership()
    assert memberships_in_force(held.staff) == [held]


def test_nobody_is_offered_anothers(held: Membership, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        other = factories.staff()
    assert memberships_in_force(other) == []
