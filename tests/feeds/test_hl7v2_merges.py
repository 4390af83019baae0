"""ADT^A40 and A47, loaded: records that a trust joins go by the one path of merges, or to a person.

Whatever they were before is there again when the merge is undone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connection

from feeds.models import Hold
from identity.merging import UnmergeOutcome, separate, unmerge
from identity.models import (
    Cause,
    LinkQuestion,
    LinkState,
    Merge,
    Resident,
    SourcePerson,
    WhySeparated,
)
from organisations.models import Feed
from records.models import Entry
from tests import factories
from tests.conftest import AsLogin
from tests.feeds.conftest import Deliver
from tests.feeds.hl7v2_messages import NUMBER, PID, bloods, message, sodium

OTHER = factories.made_up_nhs_number(2)
VERIFIED = PID + "|" * (32 - PID.count("|")) + "NSTS01"
PRIOR = VERIFIED.replace("40001", "777")
UNKNOWN = "PID|1||777^^^RJ2^MR||Unknown^Male||19000101|1"

pytestmark = pytest.mark.parametrize("event", ["A40", "A47"])


@pytest.fixture
def trust(feed: Feed, as_login: Any) -> Feed:
    """A feed of HL7 v2 of a trust whose verified numbers are trusted."""
    with as_login("pipeline"):
        return factories.feed(feed.organisation, format="hl7v2")


@pytest.fixture(autouse=True)
def _as_pipeline(as_login: AsLogin, trust: Feed) -> Any:
    with as_login("pipeline"):
        yield


def joins(event: str) -> bytes:
    """The trust says that 777 is 40001."""
    return message(f"ADT^{event}", "MRG|777^^^RJ2^MR", person=VERIFIED)


def both() -> tuple[SourcePerson, SourcePerson]:
    """The prior one and the surviving one."""
    return (
        SourcePerson.objects.select_related("resident").get(identifier="Patient/RJ2|777"),
        SourcePerson.objects.select_related("resident").get(identifier="Patient/RJ2|40001"),
    )


def refusals(of: Resident) -> list[tuple[str, int | None]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select kind, council_id from consent.refusals(%s, statement_timestamp())", [of.pk]
        )
        return [tuple(row) for row in cursor.fetchall()]


def test_two_records_with_one_verified_number_are_one_resident_already(
    deliver: Deliver, trust: Feed, event: str
) -> None:
    deliver(bloods(sodium(), person=VERIFIED), of=trust)
    deliver(bloods(sodium("140"), filler="F2", person=PRIOR), of=trust)
    assert Resident.objects.count() == 1
    report = deliver(joins(event), of=trust)
    assert report.total("held") == 0
    prior, surviving = both()
    assert (prior.replaced_by, prior.resident) == (surviving, surviving.resident)
    assert not Merge.objects.exists()
    assert not LinkQuestion.objects.exists()


def test_two_records_with_two_verified_numbers_are_a_conflict_for_a_person(
    deliver: Deliver, trust: Feed, event: str
) -> None:
    deliver(bloods(sodium(), person=VERIFIED), of=trust)
    other = PRIOR.replace(NUMBER, OTHER)
    deliver(bloods(sodium("140"), filler="F2", person=other), of=trust)
    report = deliver(joins(event), of=trust)
    assert report.total("held") == 0, "what the message says is known, and asked"
    prior, surviving = both()
    assert prior.replaced_by == surviving
    assert prior.resident != surviving.resident
    assert not Merge.objects.exists()
    question = LinkQuestion.objects.get()
    assert (question.reason, question.source_person, question.candidate) == (
        "source-says-same", prior, surviving.resident,
    )  # fmt: skip
    # Each sees their own still, and the same message again asks nothing more.
    assert {entry.resident_id for entry in Entry.objects.filter(kind="Observation")} == {
        prior.resident_id, surviving.resident_id,
    }  # fmt: skip
    deliver(joins(event), of=trust)
    assert LinkQuestion.objects.count() == 1


def test_last_nights_unknown_is_joined_with_the_strictest_choices_and_comes_back_whole(
    deliver: Deliver,
    trust: Feed,
    event: str,
    run_sql: Callable[[str], psycopg.Connection],
) -> None:
    deliver(bloods(sodium(), person=VERIFIED), of=trust)
    deliver(bloods(sodium("140"), filler="F2", person=UNKNOWN), of=trust)
    prior, surviving = both()
    unknown, ruth = prior.resident, surviving.resident
    council = factories.organisation("Test council", kind="adult_social_care")
    adviser = factories.membership(at=council, as_role="contact-centre-adviser")
    factories.choice(unknown, by=adviser)
    factories.choice(unknown, "nhs-number", council=council, by=adviser)
    factories.choice(ruth, answer="consents", by=adviser)
    factories.relationship(unknown, trust.organisation, kind="admission")
    deliver(joins(event), of=trust)

    made = Merge.objects.get()
    assert (made.survivor, made.merged, made.cause) == (ruth, unknown, Cause.SOURCE_MERGED)
    prior, surviving = both()
    assert (prior.resident, prior.replaced_by, prior.link) == (ruth, surviving, LinkState.LINKED)
    assert {entry.resident_id for entry in Entry.objects.filter(kind="Observation")} == {ruth.pk}
    assert sorted(refusals(ruth), key=str) == sorted(
        [("connect-care", None), ("nhs-number", council.pk)], key=str
    )
    joined = rows(run_sql, ruth.pk, unknown.pk)

    assert unmerge(made.pk, words="The ward was wrong.") == UnmergeOutcome.UNDONE
    prior, surviving = both()
    assert (prior.resident, prior.link) == (unknown, LinkState.ALONE)
    assert surviving.resident == ruth
    theirs = Entry.objects.filter(kind="Observation", resident_id=unknown.pk)
    assert [entry.value_text for entry in theirs] == ["140 mmol/L"]
    assert refusals(ruth) == []
    assert len(refusals(unknown)) == 2
    apart = rows(run_sql, ruth.pk, unknown.pk)
    assert apart["access_carerelationship"] != joined["access_carerelationship"]
    assert set(apart["access_carerelationship"]) >= {("unknown", "admission")}


def rows(
    run_sql: Callable[[str], psycopg.Connection], ruth: int, unknown: int
) -> dict[str, list[tuple[str, str]]]:
    """Whose each care relationship is."""
    admin = run_sql("admin")
    names = {ruth: "ruth", unknown: "unknown"}
    found = admin.execute(
        "select resident_id, kind from access_carerelationship order by id"
    ).fetchall()
    admin.rollback()
    return {"access_carerelationship": [(names[whose], kind) for whose, kind in found]}


def test_whoever_another_source_knows_too_is_asked_about(
    deliver: Deliver, trust: Feed, event: str
) -> None:
    deliver(bloods(sodium(), person=VERIFIED), of=trust)
    deliver(bloods(sodium("140"), filler="F2", person=UNKNOWN), of=trust)
    prior, surviving = both()
    elsewhere = factories.organisation("Test practice", kind="gp_practice")
    factories.source_person(prior.resident, elsewhere, link="alone")
    deliver(joins(event), of=trust)
    assert not Merge.objects.exists()
    assert LinkQuestion.objects.get().candidate == surviving.resident


def test_a_join_of_somebody_not_sent_yet_waits(deliver: Deliver, trust: Feed, event: str) -> None:
    assert deliver(joins(event), of=trust).total("held") == 1
    deliver(bloods(sodium("140"), filler="F2", person=UNKNOWN), of=trust)
    assert not Hold.objects.filter(resolved=None).exists()
    prior, surviving = both()
    assert prior.resident == surviving.resident
    assert Merge.objects.get().cause == Cause.SOURCE_MERGED


def test_nobody_who_is_kept_apart_is_joined_or_proposed(
    deliver: Deliver, trust: Feed, event: str
) -> None:
    deliver(bloods(sodium(), person=VERIFIED), of=trust)
    deliver(bloods(sodium("140"), filler="F2", person=UNKNOWN), of=trust)
    prior, surviving = both()
    separate(former=prior.resident_id, current=surviving.resident_id, why=WhySeparated.PROTECTION)
    deliver(joins(event), of=trust)
    assert not Merge.objects.exists()
    assert not LinkQuestion.objects.exclude(candidate=None).exists()
