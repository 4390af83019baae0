"""When a later word links somebody, when a number stops linking, and what is asked of a person."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from feeds.mapped import MappedPerson
from identity import retrying
from identity.actions import receive_persons
from identity.merging import merge, separate, unmerge
from identity.models import (
    Cause,
    LinkQuestion,
    LinkState,
    Merge,
    PlaceholderNumber,
    QuestionDecision,
    QuestionNote,
    Resident,
    ResidentNhsNumber,
    ResidentPlace,
    SourcePerson,
    WhySeparated,
)
from identity.tasks import sweep_questions
from organisations.categories import Category
from organisations.models import Organisation
from records.actions import renew_due_relationships
from tests import factories
from tests.conftest import AsLogin

NUMBER, OTHER_NUMBER = factories.made_up_nhs_number(41), factories.made_up_nhs_number(42)
RUTH = MappedPerson(
    identifier="Patient/1",
    version=datetime(2026, 1, 1, tzinfo=UTC),
    nhs_number=NUMBER,
    nhs_number_status="01",
    title="Mrs",
    family_name="Carter",
    given_names="Ruth",
    birth_date=date(1941, 3, 3),
    sex="female",
    address_lines=("1 Sample Street",),
    postcode="SE13 6LH",
)
LATER = datetime(2026, 2, 1, tzinfo=UTC)


class Sources:
    def __init__(self) -> None:
        self.trust = factories.organisation("Trust", kind="nhs_trust")
        self.practice = factories.organisation("Practice", kind="gp_practice")
        for source in (self.trust, self.practice):
            factories.feed(source)

    @staticmethod
    def send(source: Organisation, *persons: MappedPerson, trusted: bool = True) -> SourcePerson:
        with transaction.atomic():
            received = receive_persons(persons, source=source, trusted_for_numbers=trusted)
        return SourcePerson.objects.select_related("resident").get(pk=received[-1].source_person_id)


@pytest.fixture
def sources(database: object, as_login: AsLogin) -> Iterator[Sources]:
    with as_login("pipeline"):
        yield Sources()


def again(person: MappedPerson, **changes: Any) -> MappedPerson:
    return replace(person, **{"version": LATER, **changes})


# ── Linked later ────────────────────────────────────────────────────────────────────────────


def test_a_number_that_comes_later_joins_who_stood_alone(sources: Sources) -> None:
    owner = sources.send(sources.practice, RUTH)
    alone = sources.send(sources.trust, replace(RUTH, nhs_number=None, nhs_number_status=None))
    assert alone.link == LinkState.ALONE
    joined = sources.send(sources.trust, again(RUTH))
    assert (joined.link, joined.resident_id) == (LinkState.LINKED, owner.resident_id)
    made = Merge.objects.get()
    assert (made.cause, made.merged_id) == (Cause.NUMBER_AGREES, alone.resident_id)
    assert made.by_id is None


def test_a_number_that_comes_later_and_is_nobodys_makes_its_bearer_known(sources: Sources) -> None:
    alone = sources.send(sources.trust, replace(RUTH, nhs_number=None, nhs_number_status=None))
    ResidentNhsNumber.objects.create(
        resident=alone.resident, number=OTHER_NUMBER, status="02", said_by="carer"
    )
    known = sources.send(sources.trust, again(RUTH))
    assert known.link == LinkState.LINKED
    assert known.resident.known_to_all
    live = ResidentNhsNumber.objects.get(valid_until=None)
    assert (live.number, live.status) == (NUMBER, "01")
    assert ResidentNhsNumber.objects.exclude(valid_until=None).get().ended_because == "replaced"


def test_a_correction_settles_what_was_in_doubt(sources: Sources) -> None:
    owner = sources.send(sources.practice, RUTH)
    doubted = sources.send(sources.trust, replace(RUTH, birth_date=date(1941, 3, 4)))
    assert doubted.link == LinkState.IN_DOUBT
    joined = sources.send(sources.trust, again(RUTH))
    assert (joined.link, joined.resident_id) == (LinkState.LINKED, owner.resident_id)
    question = LinkQuestion.objects.get()
    assert question.settled is not None
    assert question.decision == QuestionDecision.AGREES_NOW


def test_a_link_that_came_into_doubt_and_agrees_again_is_linked(sources: Sources) -> None:
    sources.send(sources.practice, RUTH)
    sources.send(sources.trust, RUTH)
    doubted = sources.send(sources.trust, again(RUTH, family_name="Bello"))
    assert doubted.link == LinkState.IN_DOUBT
    linked = sources.send(
        sources.trust, again(RUTH, version=datetime(2026, 3, 1, tzinfo=UTC), title="Ms")
    )
    assert linked.link == LinkState.LINKED
    assert not Merge.objects.exists()
    assert LinkQuestion.objects.get().decision == QuestionDecision.AGREES_NOW


def test_a_replaced_number_still_leads_to_its_resident(sources: Sources) -> None:
    owner = sources.send(sources.practice, RUTH)
    ResidentNhsNumber.objects.update(valid_until=timezone.now(), ended_because="superseded")
    ResidentNhsNumber.objects.create(
        resident=owner.resident, number=OTHER_NUMBER, status="01", said_by="trace"
    )
    assert sources.send(sources.trust, RUTH).resident_id == owner.resident_id


def test_a_withdrawn_number_leads_nowhere(sources: Sources) -> None:
    owner = sources.send(sources.practice, RUTH)
    ResidentNhsNumber.objects.update(valid_until=timezone.now(), ended_because="invalidated")
    assert sources.send(sources.trust, RUTH).resident_id != owner.resident_id


def test_what_comes_for_a_merged_resident_comes_to_the_survivor(sources: Sources) -> None:
    owner = sources.send(sources.practice, RUTH)
    alone = sources.send(
        sources.trust, replace(RUTH, nhs_number=None, nhs_number_status=None, given_names="Rut")
    )
    made = merge(
        survivor=owner.resident_id, merged=alone.resident_id, cause=Cause.DUPLICATE
    ).merge_id
    assert made is not None
    renewed = sources.send(
        sources.trust, again(RUTH, nhs_number=None, nhs_number_status=None, phone="020 7946 0000")
    )
    assert renewed.resident_id == owner.resident_id
    unmerge(made, words="No.")
    renewed.refresh_from_db()
    assert renewed.resident_id == alone.resident_id
    assert renewed.said["phone"] == "020 7946 0000"


def test_nobody_is_linked_or_proposed_who_is_kept_apart(sources: Sources) -> None:
    owner = sources.send(sources.practice, RUTH)
    alone = sources.send(sources.trust, replace(RUTH, nhs_number=None, nhs_number_status=None))
    separate(former=alone.resident_id, current=owner.resident_id, why=WhySeparated.ADOPTION)
    for version, changes in ((2, {}), (3, {"given_names": "Naomi"})):
        sent = sources.send(
            sources.trust, again(RUTH, version=datetime(2026, version, 1, tzinfo=UTC), **changes)
        )
        assert sent.resident_id == alone.resident_id
    assert not LinkQuestion.objects.exclude(candidate=None).exists()


def test_what_a_person_decided_is_not_asked_again(sources: Sources) -> None:
    sources.send(sources.practice, RUTH)
    sources.send(sources.trust, replace(RUTH, birth_date=date(1980, 1, 1)))
    LinkQuestion.objects.update(settled=timezone.now(), decision=QuestionDecision.DIFFERENT)
    SourcePerson.objects.filter(source=sources.trust).update(link=LinkState.ALONE)
    sent = sources.send(sources.trust, again(RUTH, birth_date=date(1980, 1, 1), phone="1"))
    assert sent.link == LinkState.ALONE
    assert LinkQuestion.objects.filter(settled=None).count() == 0


# ── Placeholders ────────────────────────────────────────────────────────────────────────────


def crowd(number: str | None, count: int = 4) -> list[MappedPerson]:
    return [
        replace(
            RUTH,
            identifier=f"Patient/{nth}",
            nhs_number=number,
            family_name=f"Person{'abcdefghijklmnop'[nth]}",
            birth_date=date(1950, 1, nth + 1),
        )
        for nth in range(count)
    ]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
@pytest.mark.parametrize("together", [True, False])
def test_a_number_of_several_people_of_one_source_links_none_of_them(
    sources: Sources, order: tuple[int, ...], together: bool
) -> None:
    people = [crowd(NUMBER)[nth] for nth in order]
    for sent in [people] if together else [[person] for person in people]:
        sources.send(sources.trust, *sent)
    assert Resident.objects.count() == 4
    assert not Resident.objects.filter(known_to_all=True).exists()
    assert set(SourcePerson.objects.values_list("link", flat=True)) == {LinkState.ALONE}
    assert not ResidentNhsNumber.objects.filter(valid_until=None).exists()
    open_questions = LinkQuestion.objects.filter(settled=None)
    assert [question.reason for question in open_questions] == ["placeholder-number"]
    # Nor anybody elsewhere: nobody vouched for it.
    elsewhere = sources.send(sources.practice, RUTH)
    assert elsewhere.link == LinkState.ALONE


def test_two_people_on_one_number_are_a_confusion_and_no_placeholder(sources: Sources) -> None:
    first, second = crowd(NUMBER)[:2]
    owner = sources.send(sources.trust, first)
    doubted = sources.send(sources.trust, second)
    assert doubted.link == LinkState.IN_DOUBT
    owner.resident.refresh_from_db()
    assert owner.resident.known_to_all
    assert not PlaceholderNumber.objects.exists()


def test_one_source_cannot_take_a_number_from_whom_another_vouches_for(sources: Sources) -> None:
    owner = sources.send(sources.practice, RUTH)
    sources.send(sources.trust, RUTH)
    sources.send(
        sources.trust, *(replace(each, identifier=f"x{n}") for n, each in enumerate(crowd(NUMBER)))
    )
    owner.resident.refresh_from_db()
    assert owner.resident.known_to_all
    assert ResidentNhsNumber.objects.get(valid_until=None).number == NUMBER
    assert PlaceholderNumber.objects.get().everywhere is False
    # At the trust it links nobody any more; at the practice it does.
    new = replace(RUTH, identifier="Patient/new")
    assert sources.send(sources.trust, new).link == LinkState.ALONE
    assert sources.send(sources.practice, new).link == LinkState.LINKED


def test_a_traced_number_is_not_taken_by_a_source_either(sources: Sources) -> None:
    people = crowd(NUMBER)
    owner = sources.send(sources.trust, people[0])
    ResidentNhsNumber.objects.update(said_by="trace")
    sources.send(sources.trust, *people[1:])
    owner.resident.refresh_from_db()
    assert owner.resident.known_to_all


@pytest.mark.shared
def test_the_twelve_people_of_the_gp_connect_samples_with_one_number_stay_twelve(
    sources: Sources, shared_data: Path
) -> None:
    people = {person.identifier: person for person in gp_connect_people(shared_data)}
    same = [person for person in people.values() if person.nhs_number == "1234567890"]
    assert len(same) == 12
    with_sound = [replace(person, nhs_number=NUMBER) for person in same]
    sources.send(sources.practice, *same)
    sources.send(sources.trust, *with_sound)
    assert Resident.objects.count() == 24
    assert set(SourcePerson.objects.values_list("link", flat=True)) == {LinkState.ALONE}


def gp_connect_people(shared_data: Path) -> Iterator[MappedPerson]:
    for path in sorted(shared_data.glob("feeds/fhir-stu3-gpconnect-structured/**/*.json")):
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue  # a template, or a file that is broken on purpose
        for resource in resources(read):
            numbers = [
                each["value"]
                for each in resource.get("identifier", [])
                if "nhs-number" in each.get("system", "")
            ]
            name = resource["name"][0]
            yield MappedPerson(
                identifier=f"Patient/{resource['id']}",
                nhs_number=numbers[0] if numbers else None,
                nhs_number_status="01",
                family_name=name["family"],
                given_names=" ".join(name["given"]),
                birth_date=date.fromisoformat(resource["birthDate"]),
            )


def resources(within: Any) -> Iterator[dict[str, Any]]:
    if isinstance(within, dict):
        if within.get("resourceType") == "Patient" and within.get("name"):
            yield within
        within = list(within.values())
    if isinstance(within, list):
        for part in within:
            yield from resources(part)


# ── What a worker does ──────────────────────────────────────────────────────────────────────


def test_a_source_person_who_is_somebody_else_is_taken_out_with_their_entries(
    sources: Sources, as_login: AsLogin
) -> None:
    sources.send(sources.practice, RUTH)
    linked = sources.send(sources.trust, RUTH)
    public_id = factories.entry(linked, Category.DIAGNOSES, "Asthma")
    sources.send(
        sources.trust, again(RUTH, family_name="Bello", birth_date=date(1980, 1, 1), postcode="E1")
    )
    LinkQuestion.objects.update(
        settled=timezone.now(), decision=QuestionDecision.DIFFERENT, split_due=True
    )
    assert retrying.questions_to_carry_out()
    sweep_questions()
    sweep_questions()
    assert retrying.questions_to_carry_out() == []
    out = SourcePerson.objects.select_related("resident").get(pk=linked.pk)
    assert out.resident_id != linked.resident_id
    assert (out.link, out.resident.family_name) == (LinkState.ALONE, "Bello")
    assert not out.resident.known_to_all
    assert ResidentPlace.objects.get(resident=out.resident).postcode == "E1"
    with connection.cursor() as cursor:
        cursor.execute("select resident_id from records_entry where public_id = %s", [public_id])
        assert cursor.fetchone() == (out.resident_id,)
        cursor.execute("select resident_id from access_relationshipdue order by 1")
        assert cursor.fetchall() == [(linked.resident_id,), (out.resident_id,)]
    renew_due_relationships()


def test_trying_again_links_what_agrees_by_now_and_notes_what_does_not(sources: Sources) -> None:
    owner = sources.send(sources.practice, RUTH)
    doubted = sources.send(sources.trust, replace(RUTH, birth_date=date(1941, 3, 4)))
    LinkQuestion.objects.update(retry_asked=timezone.now())
    sweep_questions()
    question = LinkQuestion.objects.get()
    assert (question.settled, question.retry_asked) == (None, None)
    assert "still does not agree" in QuestionNote.objects.get().words
    sources.send(sources.practice, again(RUTH, birth_date=date(1941, 3, 4)))
    LinkQuestion.objects.update(retry_asked=timezone.now())
    sweep_questions()
    doubted.refresh_from_db()
    assert doubted.resident_id == owner.resident_id
    assert LinkQuestion.objects.get().decision == QuestionDecision.AGREES_NOW


def test_a_merge_waits_for_a_delivery_and_the_delivery_for_a_merge(
    sources: Sources, as_login: AsLogin
) -> None:
    """Neither finds the other half done: no row is left with who was merged."""
    owner = sources.send(sources.practice, RUTH)
    alone = sources.send(sources.trust, replace(RUTH, nhs_number=None, nhs_number_status=None))
    barrier, failed = threading.Barrier(2), []

    def deliver() -> None:
        try:
            with as_login("pipeline"):
                barrier.wait()
                for nth in range(20):
                    version = datetime(2026, 3, 1, 0, nth, tzinfo=UTC)
                    sources.send(
                        sources.trust,
                        again(RUTH, version=version, nhs_number=None, phone=str(nth)),
                    )
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    def join() -> None:
        try:
            with as_login("pipeline"):
                barrier.wait()
                for _ in range(10):
                    made = merge(
                        survivor=owner.resident_id,
                        merged=alone.resident_id,
                        cause=Cause.DUPLICATE,
                    ).merge_id
                    assert made is not None
                    unmerge(made, words="No.")
                merge(survivor=owner.resident_id, merged=alone.resident_id, cause=Cause.DUPLICATE)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=target) for target in (deliver, join)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    alone.refresh_from_db()
    assert alone.resident_id == owner.resident_id
    assert alone.said["phone"] == "19"
