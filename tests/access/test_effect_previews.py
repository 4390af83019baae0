"""What a draft says it would change is what it changes: compared with decisions made anew."""

from __future__ import annotations

import os
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from access import effect_previews
from access.acting import Acting
from access.decision import Decision
from access.gate import Opened, consider, open_record
from organisations import drafts, staffing
from organisations.activities import Activity
from organisations.categories import CLINICIANS_READ, Category
from organisations.drafts import Agreed
from organisations.models import Membership, Proposal, Role
from tests import factories

#: How many openings are seeded here. PREVIEW_OPENINGS=10000 asks the promise in full.
OPENINGS = int(os.environ.get("PREVIEW_OPENINGS", "150"))
REQUEST = str(uuid4())
WHY = "Agreed by the board"


@pytest.fixture
def region(database, as_login) -> SimpleNamespace:
    """A group of practices, a trust and a council; staff of three roles at each; residents."""
    chance = Random(90)
    with as_login("pipeline"):
        group = factories.organisation("Practices", kind="group")
        found = SimpleNamespace(
            group=group,
            practices=[
                factories.organisation(f"Practice {n}", kind="gp_practice", groups=[group])
                for n in range(2)
            ],
            trust=factories.organisation("Trust"),
            council=factories.organisation("Council", kind="adult_social_care"),
        )
        bodies = [*found.practices, found.trust, found.council]
        for body in bodies:
            factories.feed(body)
        factories.agreement(group, found.trust)
        factories.agreement(found.council, group, [Category.ALERTS, Category.DOCUMENTS])
        factories.agreement(found.trust, found.council, chance.sample(sorted(CLINICIANS_READ), 6))
        found.staff = [
            Acting.of(factories.membership(at=body, as_role=role))
            for body in bodies
            for role in ("nurse", "doctor", "social-worker")
        ]
        found.residents = [factories.resident(f"Seed{n}") for n in range(6)]
        for resident in found.residents:
            for body in bodies:
                factories.relationship(resident, body)
                if chance.random() < 0.8:
                    factories.source_person(resident, body)
        found.admin, found.second = (
            Acting.of(factories.membership(as_role="registry-administrator")) for _ in range(2)
        )
    seeded = []
    for _ in range(OPENINGS):
        who, whom = chance.choice(found.staff), chance.choice(found.residents)
        with transaction.atomic():
            opened = open_record(who, whom.public_id, look=uuid4(), request_id=REQUEST)
        if isinstance(opened, Opened):
            seeded.append((who, whom.public_id, opened.decision))
    found.seeded = seeded
    assert len(seeded) > OPENINGS * 0.8
    return found


def compute(as_login: Any, proposal: UUID | None) -> dict[str, Any]:
    with as_login("pipeline"):
        assert [Proposal.objects.get(public_id=proposal).pk] == effect_previews.wanting_effect()
        effect_previews.compute(Proposal.objects.get(public_id=proposal).pk)
    effect: dict[str, Any] = Proposal.objects.get(public_id=proposal).effect
    return effect


def decided_anew(region: SimpleNamespace) -> dict[str, Any]:
    """What differs of each seeded opening, asked of the registry as it is now."""
    gains: dict[str, dict[str, int]] = {}
    loses: dict[str, dict[str, int]] = {}
    changed = closed = 0
    now: dict[tuple[int, UUID], Decision] = {}
    for who, whom, then in region.seeded:
        key = who.membership_id, whom
        if key not in now:
            # As the membership's role is now, and not as it was chosen.
            held = Membership.objects.select_related("staff", "organisation", "team", "role").get(
                pk=who.membership_id
            )
            now[key] = consider(Acting.of(held), whom)
        after = now[key]
        if after.grants == then.grants and after.is_open:
            continue
        changed += 1
        closed += not after.is_open
        for counted, grants in (
            (gains, after.grants - then.grants),
            (loses, then.grants - after.grants),
        ):
            for category in {grant.category for grant in grants}:
                of_role = counted.setdefault(who.role_code, {})
                of_role[str(int(category))] = of_role.get(str(int(category)), 0) + 1
    return {"changed": changed, "closed": closed, "gains": gains, "loses": loses}


def same(effect: dict[str, Any], anew: dict[str, Any]) -> bool:
    return all(effect[part] == anew[part] for part in anew)


def test_the_effect_of_an_agreement_is_what_it_changes(region, as_login) -> None:
    wanted = Agreed((1, 3, 4, 5, 6, 15), purpose="Direct care", legal_basis="UK GDPR 6(1)(e)")
    drafted = drafts.draft_agreement(
        region.admin,
        region.council.public_id,
        region.group.public_id,
        wanted,
        why=WHY,
        request_id=REQUEST,
    )
    assert drafted.outcome == "proposed"
    effect = compute(as_login, drafted.proposal)
    assert effect["openings"] == len(region.seeded)
    assert 0 < effect["changed"] < len(region.seeded)
    # It shows more of some categories, and less of another.
    assert set(effect["gains"]) == {"nurse", "doctor", "social-worker"}
    assert all("10" in lost for lost in effect["loses"].values())
    assert "6" not in effect["gains"]["social-worker"]
    assert decided_anew(region)["changed"] == 0, "a draft changes nothing"
    confirmed = staffing.confirm(region.second, drafted.proposal, request_id=REQUEST)
    assert confirmed == "confirmed"
    assert same(effect, decided_anew(region))


def test_the_effect_of_a_trial_and_of_opening_it_to_all_is_what_they_change(
    region, as_login
) -> None:
    testers = [who for who in region.staff if who.organisation_id == region.practices[0].pk][:2]
    sides = (region.admin, region.council.public_id, region.group.public_id)
    words = {"purpose": "Direct care", "legal_basis": "UK GDPR 6(1)(e)"}
    held = (int(Category.DOCUMENTS), int(Category.ALERTS))
    for wanted, who_gains in (
        (
            Agreed(
                held[:1],
                # One that all have, of which the others lose; and new ones.
                trial=(held[1], 3, 4),
                testers=tuple(each.membership_id for each in testers),
                **words,
            ),
            {each.role_code for each in testers},
        ),
        (Agreed((*held, 3), **words), {each.role_code for each in region.staff}),
    ):
        drafted = drafts.draft_agreement(*sides, wanted, why=WHY, request_id=REQUEST)
        assert drafted.outcome == "proposed"
        effect = compute(as_login, drafted.proposal)
        confirmed = staffing.confirm(region.second, drafted.proposal, request_id=REQUEST)
        assert confirmed == "confirmed"
        if wanted.trial:
            assert set(effect["gains"]) == who_gains
            assert 0 < effect["changed"] < len(region.seeded)
            assert same(effect, decided_anew(region))
    # The openings are kept with what was agreed when they were made: a tester's, before the trial.
    assert set(effect["gains"]) == who_gains


def test_the_effect_of_a_role_is_what_it_changes(region, as_login) -> None:
    nurse = Role.objects.get(code="nurse")
    categories = sorted({*nurse.categories, int(Category.SAFEGUARDING)} - {int(Category.ALERTS)})
    drafted = drafts.draft_role(
        region.admin,
        "nurse",
        categories=categories,
        activities=nurse.activities,
        why=WHY,
        request_id=REQUEST,
    )
    assert drafted.outcome == "proposed"
    effect = compute(as_login, drafted.proposal)
    assert set(effect["loses"]) == {"nurse"}
    staffing.confirm(region.second, drafted.proposal, request_id=REQUEST)
    assert same(effect, decided_anew(region))


def test_a_role_that_opens_nothing_any_more_is_said(region, as_login) -> None:
    doctor = Role.objects.get(code="doctor")
    activities = {*doctor.activities, Activity.RECORD_CHOICES} - {Activity.READ_RECORDS}
    drafted = drafts.draft_role(
        region.admin,
        "doctor",
        categories=doctor.categories,
        activities=activities,
        why=WHY,
        request_id=REQUEST,
    )
    effect = compute(as_login, drafted.proposal)
    assert effect["closed"] == sum(who.role_code == "doctor" for who, *_ in region.seeded)
    staffing.confirm(region.second, drafted.proposal, request_id=REQUEST)
    assert same(effect, decided_anew(region))


def test_examples_name_a_day_a_role_and_places_and_nobody(region, as_login) -> None:
    drafted = drafts.draft_agreement(
        region.admin,
        region.council.public_id,
        region.group.public_id,
        Agreed((15, 3), purpose="Direct care", legal_basis="UK GDPR 6(1)(e)"),
        why=WHY,
        request_id=REQUEST,
    )
    effect = compute(as_login, drafted.proposal)
    assert len(effect["examples"]) == effect_previews.EXAMPLES
    for example in effect["examples"]:
        assert set(example) == {"day", "role", "organisation", "gains", "loses", "closes"}
        assert example["organisation"] in {each.pk for each in region.practices}
        assert all(source == region.council.pk for source, _ in example["gains"])


def test_openings_before_the_90_days_are_left_out(region, as_login, run_sql) -> None:
    admin = run_sql("admin")
    admin.execute("set session_replication_role = replica")
    admin.execute(
        "update access_opening set began = began - %s where id in"
        " (select id from access_opening order by id limit 20)",
        [timedelta(days=91)],
    )
    admin.commit()
    with as_login("pipeline"):
        found = list(effect_previews.kept_openings(timezone.now() - effect_previews.REACH))
    assert len(found) == len(region.seeded) - 20


def test_a_group_stands_for_its_members_and_itself() -> None:
    agreed = effect_previews.agreed_by_pair([(1, 2, [3]), (5, 2, [4])], {1: {5, 6}, 2: {7}})
    assert agreed[6, 7] == {Category(3)}
    assert agreed[5, 7] == {Category(3), Category(4)}
    assert (7, 5) not in agreed
