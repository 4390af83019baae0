"""Who could see this: the rule's own answers, and no more of others than an officer may learn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields, replace
from itertools import product
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from access.acting import Acting
from access.decision import Reason, SectionState
from access.facts import Facts
from access.gate import consider
from access.possible_readers import Answer, Lacking, Readers, Way, possible_readers
from audit.models import Event
from identity.models import Resident
from organisations.activities import Activity
from organisations.categories import Category
from organisations.models import Membership, Organisation
from tests import factories
from tests.proof.making import Size, make_world
from tests.proof.writing import acting, resident_id, sitting_id, write


@dataclass
class Asking:
    world: Any
    as_login: Any
    officer: Membership
    client: Client

    def answers(self, category: Category = Category.DIAGNOSES, resident: Any = None) -> Readers:
        with transaction.atomic():
            found = possible_readers(
                Acting.of(self.officer),
                (resident or self.world.resident).public_id,
                category,
                request_id=str(uuid4()),
            )
        assert found is not None
        return found

    def one(
        self, organisation: str, role: str, category: Category = Category.DIAGNOSES, team: str = ""
    ) -> Answer:
        (found,) = (
            each
            for each in self.answers(category).answers
            if (each.post.organisation, each.post.role) == (organisation, role)
            and each.post.team == team
        )
        return found

    def page(self, category: str = "diagnoses") -> Any:
        address = reverse("who-could-see", args=[self.world.resident.public_id])
        return self.client.get(f"{address}?category={category}")


@pytest.fixture
def asking(world: Any, as_login: Any) -> Asking:
    """The privacy officer of the trust; beside the world's people a doctor of the practice."""
    with as_login("pipeline"):
        officer = factories.membership(at=world.trust, as_role="privacy-officer")
        factories.membership(
            at=world.trust, as_role="nurse", in_team=factories.team(world.trust, "Oak ward")
        )
        factories.membership(at=world.practice, as_role="doctor")
        factories.membership(at=world.practice, as_role="receptionist")
    client = Client()
    client.force_login(officer.staff)
    return Asking(world, as_login, officer, client)


def words_of(response: Any) -> str:
    main = BeautifulSoup(response.content, "html.parser").find("main")
    assert main is not None
    return " ".join(main.get_text(" ").split())


def test_own_roles_are_told_with_their_team_and_kind_of_relationship(asking: Asking) -> None:
    nurse = asking.one("Test trust", "Nurse", team="Cedar ward")
    assert (nurse.way, nurse.relationship) == (Way.CARE, "Admitted here")
    assert nurse.own_state is SectionState.SHOWN
    elsewhere = asking.one("Test trust", "Nurse", team="Oak ward")
    assert (elsewhere.way, elsewhere.relationship) == (Way.COULD_BREAK_GLASS, "")
    officer = asking.one("Test trust", "Privacy officer")
    assert (officer.way, officer.lacks) == (Way.NONE, Reason.ROLE_READS_NO_RECORD)


def test_of_others_the_way_is_told_and_neither_team_nor_kind(asking: Asking) -> None:
    assert asking.one("Test practice", "Doctor").way is Way.COULD_BREAK_GLASS
    with asking.as_login("pipeline"):
        factories.relationship(
            asking.world.resident, asking.world.practice, kind="registered-practice"
        )
    doctor = asking.one("Test practice", "Doctor")
    assert (doctor.way, doctor.relationship, doctor.post.team) == (Way.CARE, "", "")


def test_of_another_councils_adult_social_care_nothing_is_asked(asking: Asking) -> None:
    worker = asking.one("Test council", "Social worker")
    assert worker.way is Way.NOT_TOLD
    assert worker.post.facts is None


def test_a_council_is_told_of_its_own(asking: Asking) -> None:
    world = asking.world
    with asking.as_login("pipeline"):
        asking.officer = factories.membership(at=world.council, as_role="privacy-officer")
    worker = asking.one("Test council", "Social worker", team="North locality")
    assert (worker.way, worker.relationship) == (Way.CARE, "Allocated worker")
    with asking.as_login("pipeline"):
        factories.choice(world.resident, "social-care-sharing", council=world.council)
    (nurse,) = (
        each
        for each in asking.answers().answers
        if each.post.organisation == "Test trust" and each.way is Way.CARE
    )
    assert nurse.own_state is SectionState.WITHHELD


def test_a_category_that_the_role_does_not_read_and_one_that_nobody_shows(
    asking: Asking,
) -> None:
    world = asking.world
    nurse = asking.one("Test trust", "Nurse", Category.SAFEGUARDING, team="Cedar ward")
    assert (nurse.way, nurse.lacks) == (Way.NONE, Lacking.CATEGORY)
    with asking.as_login("pipeline"):
        world.trust.shows.update(state="ended")
        world.trust.is_shown.update(state="ended")
        world.trust.feeds.update(state="ended")
    nurse = asking.one("Test trust", "Nurse", team="Cedar ward")
    assert (nurse.way, nurse.lacks) == (Way.NONE, Lacking.AGREEMENT)


def test_one_persons_own_part_is_not_their_roles(asking: Asking) -> None:
    world = asking.world
    with asking.as_login("pipeline"):
        oak = Membership.objects.get(team__name="Oak ward")
        factories.relationship(
            world.resident,
            world.trust,
            kind="self-declared",
            derived=False,
            membership=oak,
            declared_by=oak,
            reason="16",
            words="Seen in the walk-in clinic",
            valid_until=oak.valid_from.replace(year=2099),
        )
    personal, of_role = (
        each
        for each in sorted(asking.answers().answers, key=lambda each: not each.post.personal)
        if each.post.team == "Oak ward"
    )
    assert (personal.way, personal.relationship) == (Way.CARE, "Declared by the staff member")
    assert personal.post.staff == oak.staff.name
    assert of_role.way is Way.COULD_BREAK_GLASS


def test_every_fact_is_known_as_everyones_or_one_persons() -> None:
    """A new fact that opens for one person alone is to be taken out of the facts of their role."""
    everyones = {
        "at",
        "rules_epoch",
        "resident_epoch",
        "staff_active",
        "membership",
        "resident",
        "links",
        "refusals",
        "relationships",
        "sources",
        "after_death",
    }
    one_persons = {"glasses", "disclosures"}
    # It asks why, and keeps nobody out: taken out of everybody's facts.
    asks_alone = {"watches"}
    assert {each.name for each in fields(Facts)} == everyones | one_persons | asks_alone, (
        "say here what the new fact is; one person's: take it out in possible_readers.of_the_role, "
        "and name its members among the personal posts of access.who_could_open"
    )


def test_an_opt_out_is_nobody(asking: Asking) -> None:
    with asking.as_login("pipeline"):
        factories.choice(asking.world.resident)
    found = asking.answers()
    assert found.opted_out
    assert {each.way for each in found.answers} <= {Way.NONE, Way.NOT_TOLD}
    words = words_of(asking.page())
    assert "Nobody By choice: the person opted out of Connect Care. (rule R3.1)" in words
    assert "Test council" not in words


def test_the_page_says_who_by_which_rule_and_what_is_not_said(asking: Asking) -> None:
    response = asking.page()
    assert response.status_code == 200
    words = words_of(response)
    assert (
        "Nurse, Cedar ward Organisation Test trust By which rule Admitted here (rule R4.2)" in words
    )
    assert "Only by breaking glass in an emergency" in words
    assert "Nurse (Oak ward): Test trust" in words
    assert "Doctor: Test practice" in words
    assert "its privacy officer can say. Test council" in words
    assert "The role reads no records. (rule R1.4)" in words
    assert "Diagnosis from" not in response.content.decode(), "no word of the record"


def test_a_part_must_be_chosen_from_the_list(asking: Asking) -> None:
    address = reverse("who-could-see", args=[asking.world.resident.public_id])
    asked = asking.client.get(address)
    assert "Show who could see it" in words_of(asked)
    assert "Could open it now" not in words_of(asked)
    wrong = asking.client.get(f"{address}?category=everything")
    assert "There is a problem" in words_of(wrong)


def test_asking_is_recorded_with_whom_and_which_part(asking: Asking) -> None:
    asking.page("social-care-services")
    with asking.as_login("owner"):
        (event,) = Event.objects.filter(action="access-explained")
    assert event.resident_id == asking.world.resident.pk
    assert event.staff_id == asking.officer.staff_id
    assert event.detail == {"category": int(Category.SOCIAL_CARE_SERVICES)}


def test_the_gate_answers_nobody_else_and_says_so(asking: Asking) -> None:
    world = asking.world
    for member, resident, reason in (
        (world.nurse, world.resident.public_id, "activity-not-in-role"),
        (asking.officer, uuid4(), "not-known"),
    ):
        with transaction.atomic():
            found = possible_readers(
                Acting.of(member), resident, Category.DIAGNOSES, request_id=str(uuid4())
            )
        assert found is None
        with asking.as_login("owner"):
            event = Event.objects.filter(action="access-explained").latest("pk")
        assert (event.outcome, event.reason) == ("refused", reason)


def test_a_resident_whom_the_organisation_may_not_know_of_is_nobody(asking: Asking) -> None:
    with asking.as_login("pipeline"):
        unknown = factories.resident("Bello", "Ada", known_to_all=False)
    address = reverse("who-could-see", args=[unknown.public_id])
    assert asking.client.get(address).status_code == 404
    assert asking.client.get(f"{address}?category=diagnoses").status_code == 404


def test_of_a_protected_resident_no_name_of_a_place_is_given(asking: Asking) -> None:
    with asking.as_login("pipeline"):
        factories.relationship(
            asking.world.resident, asking.world.practice, kind="registered-practice"
        )
        Resident.objects.filter(pk=asking.world.resident.pk).update(protection="R")
    words = words_of(asking.page())
    assert "Doctor Organisation A GP practice By which rule A care relationship" in words
    for place in ("Test trust", "Test practice", "Test council", "Cedar ward", "Admitted"):
        assert place not in words, place


def test_statements_do_not_grow_with_organisations(asking: Asking) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert asking.page().status_code == 200
        return len(captured)

    asking.page()
    few = statements()
    with asking.as_login("pipeline"):
        for nth in range(12):
            practice = factories.organisation(f"Practice {nth}", kind="gp_practice")
            factories.membership(at=practice, as_role="doctor")
            factories.agreement(asking.world.trust, practice)
    assert statements() == few
    assert "Doctor: 13 organisations" in words_of(asking.page())


# ── The same as an opening ──────────────────────────────────────────────────────────────────


def opens(member: Membership, resident: int, category: Category) -> set[tuple[str, Way]]:
    """How the gate would open a category for a member now, by each sitting; none if it does not."""
    closed = {SectionState.NOT_FOR_ROLE, SectionState.NOT_HELD}
    ways = set()
    for sitting in (1, 2):
        who = replace(acting(member.pk, member.staff_id), sitting=sitting_id(sitting))
        decision = consider(who, resident_id(resident))
        if decision.is_open and not set(decision.sections[category].values()) <= closed:
            reasons = {Reason.BREAK_GLASS: Way.BROKEN_GLASS, Reason.AFTER_DEATH: Way.AFTER_DEATH}
            ways.add((who.role_name, reasons.get(decision.reason, Way.CARE)))
    return ways


def test_what_is_told_is_what_an_opening_would_do(database: object, as_login: Any) -> None:
    """In a made-up world, whoever the gate opens for is told, and nobody else is."""
    made = make_world(Random(4), Size(bodies=5, members=16, residents=4))
    # Disclosures are told to one organisation alone (below); a watch asks why and keeps nobody out.
    world = replace(made, disclosures=(), watches=())
    write(world, as_login)
    with as_login("pipeline"):
        role = factories.role("officer", activities=[Activity.EXPLAIN_ACCESS], id=900)
        officers = [
            factories.membership(factories.staff(id=9000 + body.id), there, role, id=9000 + body.id)
            for body in world.bodies
            for there in [Organisation.objects.get(pk=body.id)]
        ]
        members = list(Membership.objects.exclude(role=role))
    told = untold = 0
    for resident, category in product(
        world.residents, (Category.DIAGNOSES, Category.SOCIAL_CARE_SERVICES)
    ):
        really: dict[str, set[tuple[str, Way]]] = defaultdict(set)
        for member in members:
            really[f"Body {member.organisation_id}"] |= opens(member, resident, category)
        for officer in officers:
            with transaction.atomic():
                found = possible_readers(
                    Acting.of(officer), resident_id(resident), category, request_id=str(uuid4())
                )
            if found is None:
                continue
            for body in world.bodies:
                of_body = [a for a in found.answers if a.post.organisation == f"Body {body.id}"]
                said = {
                    (a.post.role, a.way)
                    for a in of_body
                    if a.way in (Way.CARE, Way.BROKEN_GLASS, Way.AFTER_DEATH)
                }
                if body.kind == "adult_social_care" and body.id != officer.organisation_id:
                    assert {a.way for a in of_body} <= {Way.NOT_TOLD}
                    continue
                assert said == really[f"Body {body.id}"], (resident, category, officer.pk, body)
                told += len(said)
                untold += len(of_body) - len(said)
    assert told >= 20
    assert untold >= 100
