"""What cannot have been cannot be written, by any login: each rule broken once, in SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from consent.models import Choice, PublishedNotice, Ruling
from tests import factories
from tests.conftest import AsLogin
from tests.consent.conftest import World, acting, glimpse_choices

Connect = Callable[[str], psycopg.Connection]


def row_of(world: World, **changed: Any) -> dict[str, Any]:
    """A possible choice, as its columns; changed into an impossible one."""
    return {
        "reference": f"CC-{uuid4().hex[:14]}",
        "resident_id": world.resident.pk,
        "kind": "connect-care",
        "council_id": None,
        "answer": "refuses",
        "decided_by": "resident",
        "decider_name": "",
        "authority_seen": "",
        "relayed_by": "",
        "channel": "phone",
        "identity_checked": ["name", "birth-date", "postcode"],
        "explanation": "test",
        "recorded_by_id": world.adviser.staff_id,
        "recorded_as_id": world.adviser.pk,
        "submission": uuid4(),
        **changed,
    }


def insert(connection: psycopg.Connection, row: dict[str, Any]) -> int:
    """Write it, and answer its key."""
    (key,) = connection.execute(
        f"insert into consent_choice ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})"
        " returning id",
        list(row.values()),
    ).fetchone()
    return int(key)


def refused(connection: psycopg.Connection, row: dict[str, Any], constraint: str) -> None:
    with pytest.raises(psycopg.errors.IntegrityError) as error:
        insert(connection, row)
    assert error.value.diag.constraint_name == constraint
    connection.rollback()


NOT_ASKED = {
    "answer": "could-not-be-asked",
    "not_asked_reason": "unwell",
    "decided_by": "",
    "identity_checked": [],
}
ATTORNEY = {
    "decided_by": "attorney",
    "decider_name": "Pat",
    "authority_seen": "Order 1",
    "assessment": "Dr A",
}

#: What is wrong, the columns that are, and the constraint that says so.
IMPOSSIBLE: list[tuple[str, dict[str, Any], str]] = [
    ("a kind that is none", {"kind": "research"}, "choice_kind_is_known"),
    ("an answer that is none", {"answer": "perhaps"}, "choice_answer_is_known"),
    (
        "a decider who is none",
        {"decided_by": "neighbour", "decider_name": "Pat", "authority_seen": "Seen"},
        "choice_decider_is_known",
    ),
    ("a channel that is none", {"channel": "pigeon"}, "choice_channel_is_known"),
    ("nobody's decision", {"decided_by": ""}, "choice_is_somebodys_decision"),
    (
        "a council's kind without council",
        {"kind": "nhs-number"},
        "choice_names_council_unless_whole",
    ),
    (
        "not asked without a reason",
        {**NOT_ASKED, "not_asked_reason": ""},
        "choice_says_why_not_asked",
    ),
    ("a reason where asked", {"not_asked_reason": "unwell"}, "choice_says_why_not_asked"),
    (
        "not asked, and decided",
        {**NOT_ASKED, "decided_by": "resident"},
        "choice_is_somebodys_decision",
    ),
    (
        "another without authority",
        {**ATTORNEY, "authority_seen": ""},
        "choice_by_another_has_authority",
    ),
    ("another without a name", {**ATTORNEY, "decider_name": ""}, "choice_by_another_has_authority"),
    (
        "a named decider who is the resident",
        {"decider_name": "Pat", "authority_seen": "Order 1"},
        "choice_by_another_has_authority",
    ),
    ("nobody assessed capacity", {**ATTORNEY, "assessment": ""}, "choice_says_who_assessed"),
    ("an assessment of nobody", {"assessment": "Dr A"}, "choice_says_who_assessed"),
    (
        "a review of what is no parent's",
        {"review_on": date(2030, 1, 1)},
        "choice_of_parent_is_reviewed",
    ),
    ("a messenger without a name", {"relayer": "carer"}, "choice_names_who_relayed"),
    ("a name without what they are", {"relayed_by": "Jo"}, "choice_names_who_relayed"),
    (
        "a message about not being asked",
        {**NOT_ASKED, "relayer": "carer", "relayed_by": "Jo"},
        "choice_names_who_relayed",
    ),
    ("two details", {"identity_checked": ["name", "postcode"]}, "choice_of_one_who_was_known"),
    (
        "one detail three times",
        {"identity_checked": ["name", "name", "name"]},
        "choice_of_one_who_was_known",
    ),
    (
        "a detail that is none",
        {"identity_checked": ["name", "postcode", "shoe-size"]},
        "choice_of_one_who_was_known",
    ),
    (
        "in force before it was said",
        {"effective_from": datetime(2020, 1, 1, tzinfo=UTC)},
        "choice_holds_from_recording_or_later",
    ),
    (
        "recorded by nobody",
        {"recorded_by_id": None, "recorded_as_id": None},
        "choice_recorded_by_staff_or_provisional",
    ),
    ("provisional by staff", {"provisional": True}, "choice_recorded_by_staff_or_provisional"),
    (
        "a provisional opting in",
        {
            "provisional": True,
            "recorded_by_id": None,
            "recorded_as_id": None,
            "channel": "online",
            "answer": "consents",
        },
        "choice_recorded_by_staff_or_provisional",
    ),
    (
        "takes back nothing",
        {"answer": "withdrawn", "withdrawn_because": "asked"},
        "choice_withdraws_one_other",
    ),
]


@pytest.mark.parametrize(
    ("changed", "constraint"), [row[1:] for row in IMPOSSIBLE], ids=[row[0] for row in IMPOSSIBLE]
)
def test_a_row_that_contradicts_itself_is_refused(
    world: World, run_sql: Connect, changed: dict[str, Any], constraint: str
) -> None:
    refused(run_sql("pipeline"), row_of(world, **changed), constraint)


def test_the_same_rows_without_the_fault_are_written(world: World, run_sql: Connect) -> None:
    """So that the test above can fail."""
    pipeline = run_sql("pipeline")
    for changed in (
        {},
        NOT_ASKED,
        ATTORNEY,
        {"relayer": "carer", "relayed_by": "Jo"},
        {"kind": "nhs-number", "council_id": world.bexley.pk},
        {
            "provisional": True,
            "recorded_by_id": None,
            "recorded_as_id": None,
            "channel": "online",
        },
    ):
        insert(pipeline, row_of(world, **changed))


def test_a_council_is_one_with_adult_social_care(
    world: World, as_login: AsLogin, run_sql: Connect
) -> None:
    with as_login("pipeline"):
        at_trust = factories.membership(at=world.trust, as_role="contact-centre-adviser")
    refused(
        run_sql("pipeline"),
        row_of(
            world,
            kind="nhs-number",
            council_id=world.trust.pk,
            recorded_by_id=at_trust.staff_id,
            recorded_as_id=at_trust.pk,
        ),
        "choice_council_is_a_council",
    )


def test_the_recorder_is_one_person_at_one_place(world: World, run_sql: Connect) -> None:
    pipeline = run_sql("pipeline")
    stolen = row_of(world, recorded_as_id=world.other_adviser.pk)
    refused(pipeline, stolen, "choice_recorder_is_its_own")
    elsewhere = row_of(world, kind="nhs-number", council_id=world.greenwich.pk)
    refused(pipeline, elsewhere, "choice_recorder_is_its_own")


def test_what_was_said_stands_in_the_order_of_its_recording(world: World, run_sql: Connect) -> None:
    pipeline = run_sql("pipeline")
    now = timezone.now()
    insert(pipeline, row_of(world, recorded_at=now - timedelta(hours=1)))
    pipeline.commit()
    earlier = row_of(world, recorded_at=now - timedelta(hours=2))
    refused(pipeline, earlier, "choice_follows_in_order")
    ahead = row_of(
        world,
        recorded_at=now + timedelta(hours=2),
        effective_from=now + timedelta(hours=2),
    )
    refused(pipeline, ahead, "choice_follows_in_order")
    # A row with a key from before what is there already.
    insert(pipeline, row_of(world))
    pipeline.commit()
    refused(pipeline, row_of(world, id=1, recorded_at=now), "choice_follows_in_order")


@pytest.mark.parametrize(
    ("years", "decided_by", "possible"),
    [
        (10, "resident", False),
        (10, "competent-child", True),
        (10, "parent", True),
        (10, "best-interests", False),
        (16, "resident", True),
        (16, "competent-child", False),
        (16, "parent", False),
        (16, "attorney", False),
        (16, "deputy", True),
        (18, "attorney", True),
        (None, "parent", True),
        (None, "resident", True),
    ],
)
def test_who_decides_fits_the_age(
    world: World,
    as_login: AsLogin,
    run_sql: Connect,
    years: int | None,
    decided_by: str,
    possible: bool,
) -> None:
    today = timezone.localdate()
    born = None if years is None else today.replace(year=today.year - years)
    with as_login("pipeline"):
        resident = factories.resident("Child", "Small", birth_date=born)
    named = (
        {}
        if decided_by in {"resident", "competent-child"}
        else {"decider_name": "Pat", "authority_seen": "Seen"}
    )
    assessed = {} if decided_by in {"resident", "parent"} else {"assessment": "Dr A"}
    review = None
    if decided_by == "parent" and born is not None and years is not None and years < 16:
        review = born.replace(year=born.year + 16)
    row = row_of(
        world,
        resident_id=resident.pk,
        decided_by=decided_by,
        review_on=review,
        **named,
        **assessed,
    )
    pipeline = run_sql("pipeline")
    if possible:
        insert(pipeline, row)
    else:
        refused(pipeline, row, "choice_decider_fits_age")


def test_a_parents_choice_is_reviewed_on_the_very_day(
    world: World, as_login: AsLogin, run_sql: Connect
) -> None:
    today = timezone.localdate()
    with as_login("pipeline"):
        child = factories.resident(
            "Child", "Small", birth_date=today.replace(year=today.year - 9, day=1)
        )
    by_parent = row_of(
        world,
        resident_id=child.pk,
        decided_by="parent",
        decider_name="Pat",
        authority_seen="Birth certificate",
    )
    pipeline = run_sql("pipeline")
    for wrong in (None, today):
        refused(pipeline, {**by_parent, "review_on": wrong}, "choice_of_parent_is_reviewed")
    birthday = today.replace(year=today.year + 7, day=1)
    insert(pipeline, {**by_parent, "review_on": birthday})


def taking_back(world: World, key: int, **changed: Any) -> dict[str, Any]:
    return row_of(
        world,
        **{"answer": "withdrawn", "withdraws_id": key, "withdrawn_because": "asked", **changed},
    )


def test_an_answer_is_taken_back_once_and_to_the_same_question(
    world: World, as_login: AsLogin, run_sql: Connect
) -> None:
    pipeline = run_sql("pipeline")
    with as_login("pipeline"):
        other = factories.resident("Other", "Resident")
    said = insert(pipeline, row_of(world))
    not_asked = insert(pipeline, row_of(world, **NOT_ASKED))
    pipeline.commit()
    of_council = {"kind": "nhs-number", "council_id": world.bexley.pk}
    for wrong in (
        taking_back(world, said, resident_id=other.pk),
        taking_back(world, said, **of_council),
        taking_back(world, not_asked),
    ):
        refused(pipeline, wrong, "choice_withdraws_an_answer")
    withdrawal = insert(pipeline, taking_back(world, said))
    pipeline.commit()
    refused(pipeline, taking_back(world, withdrawal), "choice_withdraws_an_answer")
    refused(pipeline, taking_back(world, said), "choice_withdrawn_once")


def test_without_a_decision_only_what_is_safe_is_taken_back(world: World, run_sql: Connect) -> None:
    pipeline = run_sql("pipeline")
    refusal = insert(pipeline, row_of(world))
    agreement = insert(pipeline, row_of(world, answer="consents"))
    pipeline.commit()
    undecided = {"decided_by": "", "identity_checked": []}
    for key, because in ((refusal, "in-error"), (refusal, "not-verified")):
        wrong = taking_back(world, key, withdrawn_because=because, **undecided)
        refused(pipeline, wrong, "choice_withdraws_safely")
    insert(pipeline, taking_back(world, agreement, withdrawn_because="in-error", **undecided))


# ── Objections that were not upheld ─────────────────────────────────────────────────────────


def rule(choice: Choice, notice: PublishedNotice, by: Any, **changed: Any) -> Ruling:
    return Ruling.objects.create(
        **{
            "choice": choice,
            "kind": choice.kind,
            "resident_id": choice.resident_id,
            "notice": notice,
            "reason": "Needed for the safety of others.",
            "decider_name": "Dr A Made-up",
            "decider_role": "Caldicott guardian",
            "resident_told_on": timezone.localdate(),
            "resident_told_by": "letter",
            "recorded_by": by.staff,
            "recorded_as": by,
            **changed,
        }
    )


def notice(world: World, kinds: list[str], **changed: Any) -> PublishedNotice:
    return PublishedNotice.objects.create(
        **{
            "organisation": world.bexley,
            "version": uuid4().hex[:12],
            "kinds_decided": kinds,
            "published": timezone.now() - timedelta(days=400),
            **changed,
        }
    )


def test_no_notice_that_is_shipped_lets_an_objection_be_overruled(
    world: World, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        assert not PublishedNotice.objects.exists()


def test_an_objection_is_overruled_only_as_a_published_notice_says(
    world: World, as_login: AsLogin, run_sql: Connect
) -> None:
    refusals = "select kind from consent.refusals(%s, statement_timestamp())"
    with as_login("pipeline"):
        objection = factories.choice(
            world.resident, "nhs-number", council=world.bexley, by=world.adviser
        )
        agreement = factories.choice(world.resident, answer="consents", by=world.adviser)
        allowed = notice(world, ["nhs-number"])
        for wrong in (
            notice(world, []),
            notice(world, ["connect-care"]),
            notice(world, ["nhs-number"], organisation=world.greenwich),
            notice(world, ["nhs-number"], published=timezone.now() + timedelta(days=1)),
            notice(world, ["nhs-number"], ended=timezone.now() - timedelta(days=1)),
        ):
            with pytest.raises(IntegrityError, match="no published notice"), transaction.atomic():
                rule(objection, wrong, world.adviser)
        with pytest.raises(IntegrityError, match="no published notice"), transaction.atomic():
            rule(agreement, notice(world, ["connect-care"]), world.adviser)
        with pytest.raises(IntegrityError), transaction.atomic():
            rule(objection, allowed, world.adviser, reason="")
        with pytest.raises(IntegrityError), transaction.atomic():
            rule(objection, allowed, world.adviser, kind="connect-care")
        pipeline = run_sql("pipeline")
        assert pipeline.execute(refusals, [world.resident.pk]).fetchall() == [("nhs-number",)]
        pipeline.rollback()
        ruling = rule(objection, allowed, world.adviser)
        assert pipeline.execute(refusals, [world.resident.pk]).fetchall() == []
    with transaction.atomic():
        by = acting(world.adviser)
        glimpse_choices(by, world.resident)
        assert list(Ruling.objects.all()) == [ruling]
    assert list(Ruling.objects.all()) == []


def test_a_refusal_of_social_care_sharing_is_never_overruled(
    world: World, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        refusal = factories.choice(
            world.resident, "social-care-sharing", council=world.bexley, by=world.adviser
        )
        with pytest.raises(IntegrityError, match="notice_never_decides"), transaction.atomic():
            notice(world, ["social-care-sharing"])
        any_notice = notice(world, ["connect-care", "nhs-number"])
        with pytest.raises(IntegrityError, match="ruling_never_on"), transaction.atomic():
            rule(refusal, any_notice, world.adviser)


@pytest.mark.parametrize("login", ["web", "pipeline", "owner", "admin"])
@pytest.mark.parametrize(
    "statement",
    [
        "update consent_ruling set reason = ''",
        "delete from consent_ruling",
        "truncate consent_ruling",
    ],
)
def test_no_login_changes_a_ruling(
    world: World, run_sql: Connect, as_login: AsLogin, login: str, statement: str
) -> None:
    with as_login("pipeline"):
        objection = factories.choice(
            world.resident, "nhs-number", council=world.bexley, by=world.adviser
        )
        rule(objection, notice(world, ["nhs-number"]), world.adviser)
    connection = run_sql(login)
    try:
        changed = connection.execute(statement).rowcount
    except psycopg.errors.InsufficientPrivilege:
        connection.rollback()
    else:
        assert changed == 0  # row security: the owner finds no row to change
    with as_login("pipeline"):
        assert Ruling.objects.get().reason
