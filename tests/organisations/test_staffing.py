"""Joiners, movers and leavers: whose they are to manage, and what takes two people."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from access.acting import Acting
from organisations import actions, staffing
from organisations.activities import PRIVILEGED, REGIONAL, Activity
from organisations.delegation import organisations_administered
from organisations.models import Membership, Proposal, RegistryChange, StaffMember
from organisations.selectors import memberships_in_force
from organisations.staffing import Joiner
from tests import factories

REQUEST = str(uuid4())
WHY = "Starts on the ward"


@pytest.fixture
def places(database, as_login) -> SimpleNamespace:
    """Two organisations, an administrator of each, and two of the registry."""
    with as_login("pipeline"):
        mine, other = factories.organisation("Mine"), factories.organisation("Other")
        found = SimpleNamespace(mine=mine, other=other, team=factories.team(mine, "Cedar ward"))
        for name, at, role in (
            ("admin", mine, "organisation-administrator"),
            ("second", mine, "organisation-administrator"),
            ("stranger", other, "organisation-administrator"),
            ("registry", other, "registry-administrator"),
        ):
            held = factories.membership(at=at, as_role=role)
            setattr(found, name, Acting.of(held))
            if role == "organisation-administrator":
                actions.let_administer(by=None, staff=held.staff, organisation=at)
        for role in ("nurse", "privacy-officer", "system-support", "doctor"):
            factories.role(role)
    return found


def give(by: Acting, at: Any, username: str = "ann", role: str = "nurse", **more: Any) -> Any:
    joiner = Joiner(username=username, role=role, name="Ann Example", **more)
    return staffing.give_role(by, at.public_id, joiner, why=WHY, request_id=REQUEST)


def test_a_joiner_has_an_account_that_nobody_can_sign_in_to_yet(places, run_sql) -> None:
    answer = give(places.admin, places.mine, team=places.team.pk)
    assert answer.outcome == "added"
    ann = StaffMember.objects.get(username="ann")
    assert not ann.has_usable_password()
    (held,) = memberships_in_force(ann)
    assert (held.pk, held.organisation, held.team) == (
        answer.membership,
        places.mine,
        places.team,
    )
    kept = RegistryChange.objects.get(what="membership", row=held.pk)
    assert (kept.staff_id, kept.why) == (places.admin.staff_id, WHY)
    reasons = run_sql("backup").execute(
        "select reason, staff_id from audit_event where request = %s order by id", [REQUEST]
    )
    assert list(reasons) == [
        ("staff-made", places.admin.staff_id),
        ("membership-added", places.admin.staff_id),
    ]


def test_of_other_organisations_nothing_can_be_done(places, as_login) -> None:
    assert give(places.admin, places.other).outcome == "not-allowed"
    assert not StaffMember.objects.filter(username="ann").exists()
    with as_login("pipeline"):
        nurse = factories.membership(at=places.other)
    ended = staffing.end_roles(places.admin, [nurse.pk], why=WHY, request_id=REQUEST)
    assert ended == ("not-allowed", 0)
    assert Membership.objects.current().filter(pk=nurse.pk).exists()
    # Nor of one of theirs and one of another's at once.
    with as_login("pipeline"):
        own = factories.membership(at=places.mine)
    both = staffing.end_roles(places.admin, [own.pk, nurse.pk], why=WHY, request_id=REQUEST)
    assert both == ("not-allowed", 0)
    assert Membership.objects.current().filter(pk__in=[own.pk, nurse.pk]).count() == 2


def test_the_database_and_the_pages_agree_whose_organisations_are_whose(places, as_login) -> None:
    with as_login("pipeline"):
        nurse = factories.membership(at=places.mine)
        actions.let_administer(by=None, staff=nurse.staff, organisation=places.mine)
        ended = factories.membership(
            at=places.mine, as_role="organisation-administrator", state="ended"
        )
        actions.let_administer(by=None, staff=ended.staff, organisation=places.mine)
    people = [places.admin, places.stranger, places.registry, Acting.of(nurse)]
    seen = set()
    for who, at in product(people, (places.mine, places.other)):
        staff = StaffMember.objects.get(pk=who.staff_id)
        page = organisations_administered(staff, who.activities).filter(pk=at.pk).exists()
        assert page == asked(as_login, who.staff_id, who.membership_id, at.pk)
        seen.add(page)
    assert seen == {True, False}
    # The pages act as nobody whose membership has ended; the database asks.
    assert not asked(as_login, ended.staff_id, ended.pk, places.mine.pk)


@pytest.mark.parametrize(
    ("begins", "ends", "state", "theirs"),
    [
        (-9, None, "active", True),
        (-9, 9, "active", True),
        (9, None, "active", False),
        (-9, -1, "active", False),
        (-9, None, "suspended", False),
    ],
)
def test_an_organisation_is_theirs_while_their_role_there_is_in_force(
    places, as_login, begins: int, ends: int | None, state: str, *, theirs: bool
) -> None:
    """Whatever the object permission says, which comes with the role before its first day."""
    now = timezone.now()
    dates = {
        "valid_from": now + timedelta(days=begins),
        "valid_until": None if ends is None else now + timedelta(days=ends),
        "state": state,
    }
    staff = StaffMember.objects.get(pk=places.stranger.staff_id)
    with as_login("pipeline"):
        factories.membership(staff, places.mine, "organisation-administrator", **dates)
        actions.let_administer(by=None, staff=staff, organisation=places.mine)
    mine = organisations_administered(staff, places.stranger.activities)
    assert mine.filter(pk=places.mine.pk).exists() is theirs
    assert asked(as_login, staff.pk, places.stranger.membership_id, places.mine.pk) is theirs
    assert (give(places.stranger, places.mine).outcome == "added") is theirs


def test_a_role_that_begins_later_or_has_run_out_lets_nobody_administer_meanwhile(
    places, run_sql
) -> None:
    username = StaffMember.objects.get(pk=places.stranger.staff_id).username
    soon = timezone.now() + timedelta(days=7)
    answer = give(
        places.admin, places.mine, username, "organisation-administrator", valid_from=soon
    )
    assert staffing.confirm(places.second, answer.proposal, request_id=REQUEST) == "confirmed"
    assert give(places.stranger, places.mine).outcome == "not-allowed"
    moved = (
        "update organisations_membership set valid_from = now() - interval '9 days',"
        " valid_until = now() {} interval '1 day' where organisation_id = %s and staff_id = %s"
    )
    admin = run_sql("admin")
    for sign, outcome in (("+", "added"), ("-", "not-allowed")):
        admin.execute(moved.format(sign), [places.mine.pk, places.stranger.staff_id])
        admin.commit()
        assert give(places.stranger, places.mine, f"ann{sign}").outcome == outcome


def asked(as_login: Any, *of: int) -> bool:
    with as_login("owner"), connection.cursor() as cursor:
        cursor.execute("set role connectcare_gate")
        cursor.execute("select organisations.administers(%s, %s, %s)", of)
        return bool(cursor.fetchone()[0])


def test_nobody_changes_their_own_rights(places, as_login) -> None:
    for who in (places.admin, places.registry):
        staff = StaffMember.objects.get(pk=who.staff_id)
        at = places.mine if who is places.admin else places.other
        assert give(who, at, username=staff.username.upper()).outcome == "own"
        assert staffing.end_roles(who, [who.membership_id], why=WHY, request_id=REQUEST) == (
            "own",
            0,
        )
    assert Membership.objects.filter(staff_id=places.admin.staff_id).count() == 1


def test_a_privileged_role_takes_two_others(places) -> None:
    answer = give(places.admin, places.mine, role="privacy-officer")
    assert answer.outcome == "proposed"
    ann = StaffMember.objects.get(username="ann")
    assert memberships_in_force(ann) == []

    def confirm(who: Acting) -> str:
        return staffing.confirm(who, answer.proposal, request_id=REQUEST)

    assert confirm(places.admin) == "own"
    assert confirm(places.stranger) == "not-allowed"
    assert memberships_in_force(ann) == []
    assert confirm(places.second) == "confirmed"
    assert [held.role.code for held in memberships_in_force(ann)] == ["privacy-officer"]
    assert confirm(places.registry) == "over"
    assert staffing.withdraw(places.admin, answer.proposal, request_id=REQUEST) == "over"
    kept = RegistryChange.objects.filter(what="membership").latest("id")
    assert kept.staff_id == places.second.staff_id


def test_whom_it_is_about_does_not_confirm_it(places) -> None:
    username = StaffMember.objects.get(pk=places.second.staff_id).username
    answer = give(places.admin, places.mine, username=username, role="privacy-officer")
    assert staffing.confirm(places.second, answer.proposal, request_id=REQUEST) == "own"
    assert staffing.confirm(places.registry, answer.proposal, request_id=REQUEST) == "confirmed"


def test_a_proposal_that_was_withdrawn_or_grew_old_is_over(places, run_sql) -> None:
    first = give(places.admin, places.mine, role="privacy-officer").proposal
    assert staffing.withdraw(places.stranger, first, request_id=REQUEST) == "not-allowed"
    assert staffing.withdraw(places.admin, first, request_id=REQUEST) == "withdrawn"
    assert staffing.confirm(places.second, first, request_id=REQUEST) == "over"
    old = give(places.admin, places.mine, role="privacy-officer").proposal
    admin = run_sql("admin")
    admin.execute(
        "update organisations_proposal set proposed_at = now() - %s where public_id = %s",
        [timedelta(days=Proposal.DAYS + 1), old],
    )
    admin.commit()
    assert staffing.confirm(places.second, old, request_id=REQUEST) == "over"


def test_what_stands_against_it_when_it_is_confirmed_stops_it(places, as_login) -> None:
    answer = give(places.admin, places.mine, role="privacy-officer", team=places.team.pk)
    with as_login("pipeline"):
        places.team.state = "ended"
        places.team.save()
    confirmed = staffing.confirm(places.second, answer.proposal, request_id=REQUEST)
    assert confirmed == "team-not-known"
    assert Proposal.objects.get(public_id=answer.proposal).confirmed_at is None


def test_roles_of_the_whole_region_are_given_by_the_registry_alone(places, as_login) -> None:
    assert give(places.admin, places.mine, role="system-support").outcome == "role-not-yours"
    with as_login("pipeline"):
        second = Acting.of(factories.membership(as_role="registry-administrator"))
    answer = give(places.registry, places.mine, role="system-support")
    assert answer.outcome == "proposed"
    confirm = staffing.confirm
    assert confirm(places.second, answer.proposal, request_id=REQUEST) == "not-allowed"
    assert confirm(second, answer.proposal, request_id=REQUEST) == "confirmed"


def test_the_object_permission_comes_and_goes_with_the_role(places) -> None:
    answer = give(places.admin, places.mine, role="organisation-administrator")
    ann = StaffMember.objects.get(username="ann")
    acts = {Activity.MANAGE_ORGANISATION}
    assert not organisations_administered(ann, acts).exists()
    staffing.confirm(places.second, answer.proposal, request_id=REQUEST)
    ann = StaffMember.objects.get(username="ann")
    assert list(organisations_administered(ann, acts)) == [places.mine]
    held = Membership.objects.get(staff=ann)
    staffing.end_roles(places.admin, [held.pk], why=WHY, request_id=REQUEST)
    ann = StaffMember.objects.get(username="ann")
    assert not organisations_administered(ann, acts).exists()
    assert {each.change for each in RegistryChange.objects.filter(what="administrator")} == {
        "made",
        "removed",
    }


def test_a_mover_leaves_one_role_as_the_other_begins(places, as_login) -> None:
    first = give(places.admin, places.mine, team=places.team.pk).membership
    with as_login("pipeline"):
        elm = factories.team(places.mine, "Elm ward")
    moved = give(places.admin, places.mine, team=elm.pk, replaces=first)
    assert moved.outcome == "added"
    ann = StaffMember.objects.get(username="ann")
    assert [held.team for held in memberships_in_force(ann)] == [elm]
    later = timezone.now() + timedelta(days=7)
    again = give(
        places.admin, places.mine, role="doctor", replaces=moved.membership, valid_from=later
    )
    assert again.outcome == "added"
    assert [held.team for held in memberships_in_force(ann)] == [elm]
    assert Membership.objects.get(pk=moved.membership).valid_until == later
    assert list(
        Membership.objects.current(later).filter(staff=ann).values_list("pk", flat=True)
    ) == [again.membership]


def test_a_leaver_ends_at_once_and_one_who_never_began_too(places) -> None:
    now = give(places.admin, places.mine).membership
    later = give(
        places.admin, places.mine, role="doctor", valid_from=timezone.now() + timedelta(days=7)
    ).membership
    ended = staffing.end_roles(places.admin, [now, later], why="Has left", request_id=REQUEST)
    assert ended == ("ended", 2)
    ann = StaffMember.objects.get(username="ann")
    assert memberships_in_force(ann) == []
    assert not Membership.objects.current(timezone.now() + timedelta(days=8)).filter(staff=ann)


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"username": " "}, "username-missing"),
        ({"role": "no-such-role"}, "role-not-known"),
        ({"team": -1}, "team-not-known"),
        ({"replaces": -1}, "replaced-not-known"),
    ],
)
def test_what_cannot_be_given_says_why_and_makes_nobody(places, more, outcome: str) -> None:
    assert give(places.admin, places.mine, **more).outcome == outcome
    assert not StaffMember.objects.filter(username="ann").exists()
    assert outcome in staffing.REFUSALS


def test_dates_suspension_and_what_is_held_are_asked(places, as_login) -> None:
    past = timezone.now() - timedelta(days=1)
    assert give(places.admin, places.mine, valid_until=past).outcome == "dates"
    assert give(places.admin, places.mine).outcome == "added"
    assert give(places.admin, places.mine).outcome == "held-already"
    with as_login("pipeline"):
        StaffMember.objects.filter(username="ann").update(is_active=False)
    assert give(places.admin, places.mine, role="doctor").outcome == "suspended"


def test_a_preview_says_what_would_come_and_changes_nothing(places) -> None:
    two = [Joiner(username="ann", role="nurse", name="Ann"), Joiner("ann", "nurse", "Ann")]
    two += [Joiner("ben", "privacy-officer", "Ben"), Joiner("cy", "no-such-role", "Cy")]
    found = staffing.what_would_come(
        places.admin, places.mine.public_id, two, why=WHY, request_id=REQUEST
    )
    assert [each.outcome for each in found] == [
        "added",
        "held-already",
        "proposed",
        "role-not-known",
    ]
    assert not StaffMember.objects.filter(username__in=["ann", "ben"]).exists()
    assert not Proposal.objects.exists()


def test_the_database_and_the_code_name_the_same_privileged_roles(run_sql) -> None:
    admin = run_sql("admin")
    for of, wanted in (("privileged", PRIVILEGED), ("regional", REGIONAL)):
        for activity in Activity:
            row = admin.execute(
                f"select organisations.{of}(array[%s]::text[])", [str(activity)]
            ).fetchone()
            assert row == (activity in wanted,), (of, activity)


@pytest.mark.parametrize(
    "statement",
    [
        (
            "insert into organisations_membership (staff_id, organisation_id, role_id, state)"
            " values (1, 1, 1, 'active')"
        ),
        "update organisations_proposal set confirmed_at = now()",
        (
            "insert into guardian_userobjectpermission (object_pk, content_type_id, permission_id,"
            " user_id) values ('1', 1, 1, 1)"
        ),
        "select organisations.begin_membership('{}')",
        "select organisations.settle_administrator(1, 1)",
        "delete from organisations_contact",
        "update organisations_team set serves_whole_site = true",
        "insert into organisations_groupmembership (group_id, member_id, state) values (1, 2, 'a')",
        "update organisations_sharingagreement set testers = '{1}'",
        "select organisations.apply_draft('standing', '{}')",
        "select digest from access_invitation",
    ],
)
def test_the_web_has_no_other_way(run_sql, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_sql("web").execute(statement)
