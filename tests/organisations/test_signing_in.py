"""Who is signed in, with what they may act as: the same as the models say, in one statement."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organisations.models import Membership, StaffMember
from organisations.selectors import memberships_in_force
from organisations.signing_in import StaffBackend, held_in_force
from tests import factories


def _all_of(row: models.Model | None) -> dict[str, Any] | None:
    return row and {each.attname: getattr(row, each.attname) for each in row._meta.concrete_fields}


def _whole(membership: Membership) -> list[dict[str, Any] | None]:
    of = membership
    return [_all_of(each) for each in (of, of.staff, of.organisation, of.role, of.team)]


def test_who_is_signed_in_comes_whole_with_what_they_may_act_as(database, as_login) -> None:
    with as_login("pipeline"):
        who = factories.staff("nia", "Nia Nurse")
        trust, surgery = factories.organisation("Sample Trust"), factories.organisation("A Surgery")
        factories.membership(who, trust, "nurse", in_team=factories.team(trust, "Cedar ward"))
        factories.membership(who, surgery, "gp")
        over = factories.membership(who, surgery, "nurse")
        over.valid_until = timezone.now()
        over.valid_from = over.valid_until - timedelta(days=1)
        over.save()

    with CaptureQueriesContext(connection) as asked:
        found = StaffBackend().get_user(who.pk)
        assert found is not None
        held = held_in_force(found)

    assert len(asked) == 1
    assert _all_of(found) == _all_of(StaffMember.objects.get(pk=who.pk))
    assert [each.organisation.name for each in held] == ["A Surgery", "Sample Trust"]
    assert [_whole(each) for each in held] == [
        _whole(each) for each in memberships_in_force(StaffMember.objects.get(pk=who.pk))
    ]


def test_who_acts_as_nothing_is_signed_in_and_who_is_not_active_is_nobody(
    database, as_login
) -> None:
    with as_login("pipeline"):
        who = factories.staff("nia", "Nia Nurse")
        gone = factories.staff("gil", "Gil Gone")
        StaffMember.objects.filter(pk=gone.pk).update(is_active=False)

    found = StaffBackend().get_user(who.pk)

    assert found is not None
    assert held_in_force(found) == []
    assert StaffBackend().get_user(gone.pk) is None
    assert StaffBackend().get_user(who.pk + gone.pk + 1) is None
