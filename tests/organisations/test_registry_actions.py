"""Writes of the registry: what they make, leave alone, refuse and record."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from access.acting import Acting
from organisations import actions
from organisations.activities import Activity
from organisations.categories import Category
from organisations.delegation import organisations_administered
from organisations.models import Membership, SharingAgreement
from organisations.periods import State
from tests import factories


def events(run_sql: Any) -> list[tuple[str, int | None, dict[str, Any]]]:
    rows = run_sql("backup").execute("select reason, staff_id, detail from audit_event order by id")
    return list(rows.fetchall())


def test_an_event_says_who_changed_what_and_never_the_values(database, as_login, run_sql) -> None:
    with as_login("pipeline"):
        boss = Acting.of(factories.membership(as_role="registry-administrator"))
        team_of = factories.organisation()
        team = actions.create_team(by=boss, organisation=team_of, code="W1", name="Cedar ward")
        actions.create_team(by=boss, organisation=team_of, code="W1", name="Cedar ward")
        actions.create_team(by=boss, organisation=team_of, code="W1", name="Elm ward")
    assert events(run_sql) == [
        ("team-made", boss.staff_id, {"id": team.pk}),
        ("team-changed", boss.staff_id, {"id": team.pk, "fields": ["name"]}),
    ]


def test_a_membership_is_given_once(database, as_login, run_sql) -> None:
    with as_login("pipeline"):
        who, at, role = factories.staff(), factories.organisation(), factories.role()
        for _ in range(2):
            actions.add_membership(by=None, staff=who, organisation=at, role=role)
    assert Membership.objects.count() == 1
    assert [reason for reason, *_ in events(run_sql)] == ["membership-made"]


def test_a_team_of_another_organisation_is_refused(database, as_login) -> None:
    with as_login("pipeline"):
        elsewhere = factories.team(factories.organisation())
        with pytest.raises(ValidationError, match="another organisation"):
            actions.add_membership(
                by=None,
                staff=factories.staff(),
                organisation=factories.organisation(),
                role=factories.role(),
                team=elsewhere,
            )


def test_a_staff_member_is_made_with_a_hash_and_no_password_lets_nobody_in(
    database, as_login
) -> None:
    with as_login("pipeline"):
        made = actions.create_staff(
            by=None, username="ann", name="Ann", password=factories.PASSWORD
        )
        again = actions.create_staff(by=None, username="ann", name="Other", password="x")
        nobody = actions.create_staff(by=None, username="ben", name="Ben")
    assert made.password.startswith("argon2$")
    assert again.name == "Ann"
    assert again.check_password(factories.PASSWORD)
    assert not nobody.has_usable_password()


def test_another_agreement_follows_the_former(database, as_login) -> None:
    with as_login("pipeline"):
        a, b = factories.organisation(), factories.organisation()
        first = actions.agree_sharing(
            by=None, source=a, recipient=b, categories=[Category.ALLERGIES]
        )
        same = actions.agree_sharing(
            by=None, source=a, recipient=b, categories=[Category.ALLERGIES]
        )
        second = actions.agree_sharing(by=None, source=a, recipient=b, categories=[Category.ALERTS])
    assert first == same
    assert list(SharingAgreement.objects.current()) == [second]
    first.refresh_from_db()
    assert first.state == State.ENDED


def test_an_organisation_needs_an_ods_code(database, as_login) -> None:
    with as_login("pipeline"), pytest.raises(ValidationError, match="1 to 10 capital letters"):
        actions.enter_organisation(by=None, code="no code", name="X", kind="nhs_trust")


def test_who_administers_what(database, as_login, run_sql) -> None:
    with as_login("pipeline"):
        mine, other = factories.organisation(), factories.organisation()
        who = factories.staff()
        factories.membership(who, mine, "organisation-administrator")
        for _ in range(2):
            actions.let_administer(by=None, staff=who, organisation=mine)
    assert len(events(run_sql)) == 1
    everything = organisations_administered(who, {Activity.MANAGE_REGISTRY})
    assert set(everything) == {mine, other}
    assert list(organisations_administered(who, {Activity.MANAGE_ORGANISATION})) == [mine]
    assert not organisations_administered(who, {Activity.READ_RECORDS}).exists()
    with as_login("pipeline"):
        stranger = factories.staff()
    assert not organisations_administered(stranger, {Activity.MANAGE_ORGANISATION}).exists()
