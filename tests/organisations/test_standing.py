"""Groups have members from–to, and organisations are suspended, leave and come back."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from bs4 import BeautifulSoup
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import effect_previews
from access.acting import Acting
from access.gate import consider, open_record
from organisations import actions, staffing, standing
from organisations.categories import Category
from organisations.models import GroupMembership, Organisation, Proposal, StaffMember
from organisations.selectors import memberships_in_force
from organisations.standing import Standing
from tests import factories

WHY = {"why": "As the board agreed", "request_id": str(uuid4())}


@pytest.fixture
def board(database, as_login) -> SimpleNamespace:
    """A group with one practice, a trust that the group is shown by, and a practice outside."""
    with as_login("pipeline"):
        group = factories.organisation("Practices", kind="group")
        found = SimpleNamespace(
            group=group,
            inside=factories.organisation("Inside", kind="gp_practice", groups=[group]),
            outside=factories.organisation("Outside", kind="gp_practice", code="G82999"),
            trust=factories.organisation("Trust"),
        )
        factories.feed(found.trust)
        factories.agreement(found.trust, group, [Category.MEDICATIONS])
        found.gp = Acting.of(factories.membership(at=found.outside, as_role="doctor"))
        found.nurse = factories.membership(at=found.trust, as_role="nurse")
        found.first, found.second = (
            Acting.of(factories.membership(as_role="registry-administrator")) for _ in range(2)
        )
        found.other = Acting.of(
            factories.membership(at=found.trust, as_role="organisation-administrator")
        )
        staff = StaffMember.objects.get(pk=found.other.staff_id)
        actions.let_administer(by=None, staff=staff, organisation=found.trust)
        found.resident = factories.resident("Seed")
        factories.relationship(found.resident, found.outside)
        factories.source_person(found.resident, found.trust)
    return found


def granted(board: SimpleNamespace) -> set[int]:
    decision = consider(board.gp, board.resident.public_id)
    return {grant.category for grant in decision.grants if grant.source == board.trust.pk}


def propose(board: SimpleNamespace, by: Acting | None = None, **dates: Any) -> Any:
    dates = {"valid_from": None, "valid_until": None, **dates}
    return standing.propose_member(by or board.first, board.group, board.outside, **dates, **WHY)


def confirm(who: Acting, proposal: UUID) -> str:
    return staffing.confirm(who, proposal, request_id=WHY["request_id"])


def compute(as_login: Any) -> None:
    with as_login("pipeline"):
        for proposal in effect_previews.wanting_effect():
            effect_previews.compute(proposal)


def test_joining_a_group_waits_for_its_effect_and_a_second_person(board, as_login) -> None:
    with transaction.atomic():
        open_record(board.gp, board.resident.public_id, look=uuid4(), request_id=WHY["request_id"])
    assert propose(board, board.other).outcome == "not-allowed"
    proposed = propose(board)
    assert granted(board) == set()
    assert confirm(board.second, proposed.proposal) == "no-effect"
    compute(as_login)
    effect = Proposal.objects.get(public_id=proposed.proposal).effect
    assert effect["gains"] == {"doctor": {str(int(Category.MEDICATIONS)): 1}}
    assert confirm(board.first, proposed.proposal) == "own"
    assert confirm(board.second, proposed.proposal) == "confirmed"
    assert granted(board) == {Category.MEDICATIONS}
    assert propose(board).outcome == "there-already"
    joined = GroupMembership.objects.get(member=board.outside)
    ended = standing.end_member(board.other, joined, valid_until=None, **WHY)
    assert ended == "not-allowed"
    # Leaving takes one person, and holds at once.
    assert standing.end_member(board.first, joined, valid_until=None, **WHY) == "ended"
    assert granted(board) == set()
    assert propose(board).outcome == "proposed"


def test_a_membership_of_a_group_has_its_days(board, as_login) -> None:
    soon, later = (timezone.now() + timedelta(days=days) for days in (3, 9))
    assert propose(board, valid_from=later, valid_until=soon).outcome == "dates"
    proposed = propose(board, valid_from=soon, valid_until=later)
    compute(as_login)
    assert confirm(board.second, proposed.proposal) == "confirmed"
    joined = GroupMembership.objects.get(member=board.outside)
    assert [joined.is_current(soon - timedelta(1)), joined.is_current(soon)] == [False, True]
    assert not joined.is_current(later)
    longer = standing.end_member(board.first, joined, valid_until=later + timedelta(days=1), **WHY)
    assert longer == "dates", "later than it ends would widen"


def stand(board: SimpleNamespace, to: Standing, by: Acting | None = None, **dates: Any) -> Any:
    dates = {"valid_until": None, **dates}
    return standing.set_standing(by or board.first, board.trust.public_id, to, **dates, **WHY)


@pytest.mark.parametrize("to", [Standing.SUSPENDED, Standing.ENDED])
def test_who_is_suspended_or_leaves_cannot_act_and_what_they_sent_stays_shared(
    board, as_login, to: Standing
) -> None:
    compute(as_login)
    proposed = propose(board)
    compute(as_login)
    confirm(board.second, proposed.proposal)
    nurse = StaffMember.objects.get(pk=board.nurse.staff_id)
    assert len(memberships_in_force(nurse)) == 1
    assert stand(board, to, board.other).outcome == "not-allowed"
    assert stand(board, to).outcome == "done"
    assert memberships_in_force(nurse) == []
    assert granted(board) == {Category.MEDICATIONS}, "under its agreements' rule"
    assert stand(board, to).outcome == "same"
    # To come back takes two.
    back = stand(board, Standing.ACTIVE)
    assert back.outcome == "proposed"
    assert memberships_in_force(nurse) == []
    assert confirm(board.first, back.proposal) == "own"
    assert confirm(board.second, back.proposal) == "confirmed"
    assert len(memberships_in_force(nurse)) == 1
    assert stand(board, Standing.ACTIVE).outcome == "same"


def test_leaving_may_have_a_last_day_and_nobody_suspends_their_own(board) -> None:
    soon = timezone.now() + timedelta(days=3)
    assert stand(board, Standing.ENDED, valid_until=soon).outcome == "done"
    trust = Organisation.objects.get(pk=board.trust.pk)
    assert [trust.is_current(), trust.is_current(soon)] == [True, False]
    own = Organisation.objects.get(pk=board.first.organisation_id)
    answer = standing.set_standing(
        board.first, own.public_id, Standing.SUSPENDED, valid_until=None, **WHY
    )
    assert answer.outcome == "own-organisation"


def test_a_role_in_use_cannot_vanish(board, run_sql) -> None:
    gone = "delete from organisations_role where code = 'nurse'; set constraints all immediate"
    for login in ("pipeline", "admin"):
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            run_sql(login).execute(gone)


def test_who_works_for_two_controllers_acts_for_one_at_a_time(database, as_login) -> None:
    """A joint team of a trust and a council: in each of its roles, one of the two."""
    with as_login("pipeline"):
        worker = factories.staff("joint", password=factories.PASSWORD)
        for kind in ("nhs_trust", "adult_social_care"):
            body = factories.organisation(f"Joint {kind}", kind=kind)
            team = factories.team(body, "Joint team")
            factories.membership(worker, body, "social-worker", in_team=team)
    client = Client()
    client.force_login(worker)
    at_first = client.get(reverse("my-residents"))
    assert (at_first.status_code, at_first["Location"]) == (302, reverse("choose-membership"))
    for held in memberships_in_force(worker):
        client.post(reverse("choose-membership"), {"membership": str(held.pk)})
        assert client.session["membership"] == held.pk
        other = next(each for each in memberships_in_force(worker) if each.pk != held.pk)
        wanted = {"staff": worker, "organisation": held.organisation, "role": held.role}
        with as_login("pipeline"), pytest.raises(ValidationError, match="another organisation"):
            actions.add_membership(by=None, team=other.team, **wanted)


def test_the_pages_of_groups_and_of_taking_part(board) -> None:
    client, place = Client(), [board.group.public_id]
    client.force_login(StaffMember.objects.get(pk=board.first.staff_id))

    def words(response: Any) -> str:
        assert response.status_code == 200, response.status_code
        return " ".join(BeautifulSoup(response.content, "html.parser").main.get_text(" ").split())

    assert "Add a member" in words(client.get(reverse("registry-organisation", args=place)))
    adding = reverse("registry-add-member", args=place)
    sent = {"code": "g82999", "why": WHY["why"]}
    assert "is in force" in words(client.post(adding, {**sent, "code": "NOBODY"}))
    proposed = client.post(adding, sent)
    shown = words(client.get(proposed["Location"]))
    assert "Outside joins Practices" in shown
    member = GroupMembership.objects.get(member=board.inside)
    leaving = reverse("registry-end-member", args=[*place, member.pk])
    assert "Inside leaves the group" in words(client.get(leaving))
    assert client.post(leaving, {"why": WHY["why"]}).status_code == 303
    assert client.get(leaving).status_code == 404
    taking = reverse("registry-standing", args=[board.trust.public_id])
    assert "Select what happens" in words(client.post(taking, {"why": WHY["why"]}))
    client.post(taking, {"standing": "suspended", "why": WHY["why"]})
    back = client.post(taking, {"standing": "active", "why": WHY["why"]})
    assert "Trust takes part again" in words(client.get(back["Location"]))
    assert "Outside joins Practices" in words(client.get(reverse("registry-proposals")))
    # A group is no organisation to join one, and only a group has members.
    assert (
        client.get(reverse("registry-add-member", args=[board.trust.public_id])).status_code == 404
    )
