"""Agreements and roles: what widens waits for two people, what narrows holds at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.utils import timezone

from access import effect_previews
from access.acting import Acting
from organisations import drafts, staffing
from organisations.activities import Activity
from organisations.drafts import Agreed
from organisations.models import (
    Proposal,
    RegistryChange,
    Role,
    SharingAgreement,
    StaffMember,
)
from organisations.presenters_sharing import review_warning
from tests import factories

REQUEST = str(uuid4())
WHY = "Agreed by the board"


@pytest.fixture
def board(database, as_login) -> SimpleNamespace:
    """Two administrators of the registry, one of an organisation, and an agreement."""
    with as_login("pipeline"):
        found = SimpleNamespace(
            source=factories.organisation("Source"), recipient=factories.organisation("Recipient")
        )
        found.agreed = factories.agreement(found.source, found.recipient, [1, 2, 3])
        found.first, found.second = (
            Acting.of(factories.membership(as_role="registry-administrator")) for _ in range(2)
        )
        found.other = Acting.of(factories.membership(as_role="organisation-administrator"))
        factories.role("nurse")
    return found


def agree(board: SimpleNamespace, *categories: int, by: Acting | None = None, **more: Any) -> Any:
    return drafts.draft_agreement(
        by or board.first,
        board.source.public_id,
        board.recipient.public_id,
        Agreed(categories, purpose="Direct care", legal_basis="UK GDPR 6(1)(e)", **more),
        why=WHY,
        request_id=REQUEST,
    )


def confirm(who: Acting, proposal: UUID | None) -> str:
    assert proposal is not None
    return staffing.confirm(who, proposal, request_id=REQUEST)


def compute(as_login: Any) -> None:
    with as_login("pipeline"):
        for proposal in effect_previews.wanting_effect():
            effect_previews.compute(proposal)


def shown(board: SimpleNamespace, at: datetime | None = None) -> list[int]:
    found = SharingAgreement.objects.current(at).filter(
        source=board.source, recipient=board.recipient
    )
    return sorted({category for each in found for category in each.categories})


def test_what_shows_more_waits_for_its_effect_and_a_second_person(board, as_login) -> None:
    drafted = agree(board, 1, 2, 3, 4)
    assert drafted.outcome == "proposed"
    assert shown(board) == [1, 2, 3]
    assert confirm(board.second, drafted.proposal) == "no-effect"
    compute(as_login)
    assert confirm(board.first, drafted.proposal) == "own"
    assert confirm(board.other, drafted.proposal) == "not-allowed"
    assert shown(board) == [1, 2, 3]
    assert confirm(board.second, drafted.proposal) == "confirmed"
    assert shown(board) == [1, 2, 3, 4]
    assert confirm(board.second, drafted.proposal) == "over"
    kept = RegistryChange.objects.filter(what="agreement").latest("id")
    assert (kept.staff_id, kept.why) == (board.second.staff_id, WHY)


@pytest.fixture
def testers(board, as_login) -> SimpleNamespace:
    """Two nurses of the recipient, one of whom tests; and one who works elsewhere."""
    with as_login("pipeline"):
        one, other = (factories.membership(at=board.recipient, as_role="nurse") for _ in range(2))
        clerk = factories.membership(at=board.recipient, as_role="receptionist")
        return SimpleNamespace(one=one, other=other, clerk=clerk, elsewhere=factories.membership())


def test_new_categories_are_shown_to_named_testers_first(board, testers, as_login) -> None:
    def draft(*categories: int, trial: tuple[int, ...] = (), of: Any = testers.one) -> Any:
        return agree(board, *categories, trial=trial, testers=(of.pk,))

    drafted = draft(1, 2, 3, trial=(4, 16))
    assert drafted.outcome == "proposed", "it shows somebody more"
    compute(as_login)
    assert confirm(board.second, drafted.proposal) == "confirmed"
    held = SharingAgreement.objects.current().get(source=board.source)
    assert (held.categories, held.trial, held.testers) == ([1, 2, 3], [4, 16], [testers.one.pk])
    # To another tester, of another category, or to all: each is more.
    for more in (
        draft(1, 2, 3, trial=(4, 16), of=testers.other),
        draft(1, 2, 3, trial=(4, 5, 16)),
        draft(1, 2, 3, 4, trial=(16,)),
    ):
        assert more.outcome == "proposed"
    # What all had before is less, to whomever it is left.
    assert draft(1, 2, trial=(3,), of=testers.one).outcome == "done"
    assert shown(board) == [1, 2]
    opened = agree(board, 1, 2, 3)
    assert opened.outcome == "proposed", "opened to all takes two"
    assert agree(board, 1, 2).outcome == "done"


def test_only_who_reads_records_there_tests_and_nobody_for_themselves(
    board, testers, as_login
) -> None:
    with as_login("pipeline"):
        own = factories.membership(
            who=StaffMember.objects.get(pk=board.first.staff_id), at=board.recipient
        )
    for tester, outcome in (
        (testers.clerk, "tester-not-known"),
        (testers.elsewhere, "tester-not-known"),
        (own, "own"),
    ):
        drafted = agree(board, 1, 2, 3, trial=(4,), testers=(tester.pk,))
        assert drafted.outcome == outcome
    assert agree(board, 1, 2, 3, trial=(4,)).outcome == "trial-needs-testers"
    # Nor does a tester confirm.
    drafted = agree(board, 1, 2, 3, trial=(4,), testers=(own.pk,), by=board.second)
    compute(as_login)
    assert confirm(board.first, drafted.proposal) == "own"


def test_what_shows_less_or_ends_sooner_holds_at_once(board, run_sql) -> None:
    assert agree(board, 1, 2).outcome == "done"
    assert shown(board) == [1, 2]
    soon = timezone.now() + timedelta(days=3)
    assert agree(board, 1, 2, valid_until=soon).outcome == "done"
    assert shown(board, soon - timedelta(minutes=1)) == [1, 2]
    assert shown(board, soon) == [], "an end date stops it by itself"
    assert agree(board).outcome == "done"
    assert shown(board) == []
    reasons = run_sql("backup").execute(
        "select reason from audit_event where request = %s order by id", [REQUEST]
    )
    assert [reason for (reason,) in reasons] == ["agreement-narrowed"] * 3


@pytest.mark.parametrize(
    "more",
    [
        {"categories": (1, 4)},
        {"categories": (1, 2, 3), "valid_until": None},
        {"categories": (1,), "valid_until": datetime(2090, 1, 2, tzinfo=UTC)},
    ],
)
def test_more_or_longer_widens_whatever_it_takes_away(board, as_login, more) -> None:
    with as_login("pipeline"):
        board.agreed.valid_until = datetime(2090, 1, 1, tzinfo=UTC)
        board.agreed.save()
    categories = more.pop("categories")
    assert agree(board, *categories, **more).outcome == "proposed"


def test_an_agreement_says_where_its_papers_are_read(board, as_login) -> None:
    links = {"assessment": "https://a.example/dpia", "document": "https://a.example/isa"}
    assert agree(board, 1, 2, 3, **links).outcome == "done", "it shows nobody more"
    held = SharingAgreement.objects.current().get(source=board.source)
    assert {"assessment": held.assessment, "document": held.document} == links
    assert agree(board, 1, 2, 3, **links).outcome == "same"


def test_only_the_registrys_administrators_draft(board) -> None:
    assert agree(board, 1, 2, by=board.other).outcome == "not-allowed"
    assert agree(board, by=board.other).outcome == "not-allowed"
    assert shown(board) == [1, 2, 3]


def test_a_draft_of_what_has_changed_since_is_not_confirmed(board, as_login) -> None:
    drafted = agree(board, 1, 2, 3, 4)
    compute(as_login)
    assert agree(board, 1).outcome == "done"
    assert confirm(board.second, drafted.proposal) == "changed-meanwhile"
    assert shown(board) == [1]


def test_a_scheduled_start_begins_by_itself_and_can_be_called_off(board, as_login) -> None:
    later = timezone.now() + timedelta(days=7)
    drafted = agree(board, 1, 2, 3, 4, valid_from=later)
    compute(as_login)
    assert confirm(board.second, drafted.proposal) == "confirmed"
    assert shown(board) == [1, 2, 3]
    assert shown(board, later) == [1, 2, 3, 4]
    withdrawn = staffing.withdraw(board.first, drafted.proposal, request_id=REQUEST)
    assert withdrawn == "withdrawn"
    assert shown(board, later) == [1, 2, 3]


def test_one_press_returns_to_what_held_before(board, as_login) -> None:
    wider = agree(board, 1, 2, 3, 4).proposal
    compute(as_login)
    confirm(board.second, wider)

    def back(proposal: UUID | None) -> Any:
        of = Proposal.objects.get(public_id=proposal)
        return drafts.return_to_before(board.first, of, request_id=REQUEST)

    narrower = back(wider)
    assert narrower.outcome == "done"
    assert shown(board) == [1, 2, 3]
    again = back(narrower.proposal)
    assert again.outcome == "proposed", "back to what shows more takes two again"
    with pytest.raises(ValueError, match="was done"):
        back(again.proposal)


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"valid_until": datetime(2020, 1, 1, tzinfo=UTC)}, "dates"),
        ({"categories": (1, 2, 3)}, "same"),
    ],
)
def test_what_cannot_be_drafted_says_why(board, as_login, more, outcome: str) -> None:
    with as_login("pipeline"):
        board.agreed.purpose, board.agreed.legal_basis = "Direct care", "UK GDPR 6(1)(e)"
        board.agreed.save()
    categories = more.pop("categories", (1,))
    assert agree(board, *categories, **more).outcome == outcome
    assert outcome in drafts.REFUSALS


def role(by: Acting, code: str = "nurse", **more: Any) -> Any:
    nurse = Role.objects.get(code=code)
    given = {"categories": nurse.categories, "activities": nurse.activities, **more}
    return drafts.draft_role(by, code, why=WHY, request_id=REQUEST, **given)


def test_a_role_that_reads_or_does_more_takes_two(board, as_login) -> None:
    nurse = Role.objects.get(code="nurse")
    wider = {"activities": [*nurse.activities, Activity.RECORD_CHOICES]}
    drafted = role(board.first, **wider)
    assert drafted.outcome == "proposed"
    compute(as_login)
    assert confirm(board.second, drafted.proposal) == "confirmed"
    assert Activity.RECORD_CHOICES in Role.objects.get(code="nurse").activities
    assert role(board.first, categories=[1]).outcome == "done"
    assert Role.objects.get(code="nurse").categories == [1]


def test_nobody_changes_a_role_that_they_hold(board, as_login) -> None:
    assert role(board.first, "registry-administrator", activities=[]).outcome == "own"
    drafted = role(board.first, categories=[1, 16])
    compute(as_login)
    with as_login("pipeline"):
        factories.membership(
            who=factories.StaffMember.objects.get(pk=board.second.staff_id), as_role="nurse"
        )
    assert confirm(board.second, drafted.proposal) == "own"


def test_a_role_begins_on_its_day_unless_it_was_changed_meanwhile(board, as_login, run_sql) -> None:
    soon = timezone.now() + timedelta(days=7)
    first = role(board.first, categories=[1, 16], valid_from=soon).proposal
    compute(as_login)
    assert confirm(board.second, first) == "confirmed"
    with as_login("pipeline"):
        assert effect_previews.begin_due() == 0
    assert 16 not in Role.objects.get(code="nurse").categories
    its_day_comes(run_sql)
    with as_login("pipeline"):
        assert effect_previews.begin_due() == 1
    assert Role.objects.get(code="nurse").categories == [1, 16]
    second = role(board.first, categories=[1, 2, 16], valid_from=soon).proposal
    compute(as_login)
    confirm(board.second, second)
    role(board.first, categories=[1])
    its_day_comes(run_sql)
    with as_login("pipeline"):
        assert effect_previews.begin_due() == 0
    assert Role.objects.get(code="nurse").categories == [1]
    assert Proposal.objects.get(public_id=second).withdrawn_at is not None


@pytest.fixture
def guardians(board, as_login) -> list[Acting]:
    """Two Caldicott guardians."""
    with as_login("pipeline"):
        return [
            Acting.of(factories.membership(as_role="caldicott-guardian", at=body))
            for body in (board.source, board.recipient)
        ]


def test_caldicott_guardians_adjust_what_a_role_reads_and_nothing_else(
    board, guardians, as_login
) -> None:
    guardian, other = guardians
    nurse = Role.objects.get(code="nurse")
    wider = [*nurse.categories, 16]
    drafted = role(guardian, categories=wider)
    assert drafted.outcome == "proposed"
    compute(as_login)
    assert confirm(guardian, drafted.proposal) == "own"
    assert confirm(other, drafted.proposal) == "needs-registry"
    assert Role.objects.get(code="nurse").categories == nurse.categories
    assert confirm(board.second, drafted.proposal) == "confirmed"
    assert Role.objects.get(code="nurse").categories == wider
    narrowed = role(guardian, categories=nurse.categories)
    assert narrowed.outcome == "done", "what narrows takes one"
    of_registry = role(board.first, categories=wider)
    compute(as_login)
    assert confirm(guardian, of_registry.proposal) == "confirmed"
    # Nothing of what it may do, of agreements, or of whom they are themselves.
    more = [*nurse.activities, Activity.RECORD_CHOICES]
    fewer = nurse.activities[1:]
    assert role(guardian, activities=more).outcome == "not-allowed"
    assert role(guardian, activities=fewer, categories=wider).outcome == "not-allowed"
    assert role(guardian, "caldicott-guardian", categories=[1]).outcome == "own"
    assert agree(board, 1, by=guardian).outcome == "not-allowed"
    doing = role(board.first, activities=more)
    compute(as_login)
    assert confirm(guardian, doing.proposal) == "not-allowed"
    assert staffing.withdraw(guardian, doing.proposal, request_id=REQUEST) == "not-allowed"
    shares = agree(board, 1, 2, 3, 4)
    compute(as_login)
    assert confirm(guardian, shares.proposal) == "not-allowed"


def test_who_administered_the_registry_and_does_no_more_is_no_second_person(
    board, guardians, as_login, run_sql
) -> None:
    drafted = role(board.first, categories=[1, 16])
    compute(as_login)
    admin = run_sql("admin")
    admin.execute(
        "update organisations_membership set state = 'ended', valid_until = now() where id = %s",
        [board.first.membership_id],
    )
    admin.commit()
    assert confirm(guardians[0], drafted.proposal) == "needs-registry"


def its_day_comes(run_sql: Any) -> None:
    admin = run_sql("admin")
    admin.execute(
        "update organisations_proposal set wanted = wanted || jsonb_build_object("
        "'from', now() - interval '1 second') where applied_at is null and withdrawn_at is null"
    )
    admin.commit()


def test_a_role_in_use_cannot_vanish(board, as_login, run_sql) -> None:
    with as_login("pipeline"):
        held = factories.membership(as_role="nurse")
    admin = run_sql("admin")
    admin.execute("delete from organisations_role where id = %s", [held.role_id])
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        admin.commit()


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (61, None),
        (60, "Review within 60 days"),
        (31, "Review within 60 days"),
        (30, "Review within 30 days"),
        (7, "Review within 7 days"),
        (0, "Review within 7 days"),
        (-1, "Review is overdue"),
    ],
)
def test_a_review_date_warns_at_60_30_and_7_days(days: int, words: str | None) -> None:
    today = date(2026, 3, 1)
    warning = review_warning(today + timedelta(days=days), today)
    assert (warning.words if warning else None) == words


@pytest.mark.parametrize(
    "statement",
    [
        "update organisations_sharingagreement set categories = '{1}'",
        "update organisations_role set activities = '{}'",
        "select organisations.begin_agreement('{}')",
        "select organisations.keep_effect(1, '{}')",
        "select organisations.apply_due()",
    ],
)
def test_the_web_has_no_other_way(run_sql, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run_sql("web").execute(statement)
