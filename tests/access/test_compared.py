"""What was decided holds for whom the officer compared, and for nobody's record besides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection, transaction

from identity.actions import ask, receive_persons
from identity.models import (
    LinkQuestion,
    LinkState,
    Merge,
    Resident,
    SeparatedPair,
    SourcePerson,
)
from identity.questions import ASKED, QuestionReason
from tests import factories
from tests.access.records_officer import HOW, RUTH, Officer, Region, officer, region
from tests.conftest import AsLogin

__all__ = ["officer", "region"]

BORN = date(1941, 3, 3)


@pytest.fixture
def lost(region: Region, as_login: AsLogin) -> LinkQuestion:
    """Nobody was found for the trust's patient, who has a record of their own."""
    return asked_of(region, as_login, QuestionReason.NO_MATCH)


def asked_of(region: Region, as_login: AsLogin, reason: QuestionReason) -> LinkQuestion:
    with as_login("pipeline"):
        LinkQuestion.objects.all().delete()
        question = ask(region.doubted, reason, candidate=None)
    assert question is not None
    return question


def somebody(as_login: AsLogin, given: str, **changed: Any) -> Resident:
    with as_login("pipeline"):
        return factories.resident("Carter", given, birth_date=BORN, **changed)


def hidden(page: BeautifulSoup, action: str) -> dict[str, str]:
    """What a form of a page sends without being typed."""
    form = page.select_one(f"form[action$='{action}']")
    assert form is not None, page.get_text()
    return {
        one["name"]: one["value"]
        for one in form.select("input[type=hidden]")
        if one["name"] != "csrfmiddlewaretoken"
    }


def propose(officer: Officer, question: LinkQuestion, one: Resident) -> None:
    officer.posts("propose-candidate", question.public_id, candidate=str(one.public_id))


def proposed_directly(
    as_login: AsLogin, membership: Any, question: LinkQuestion, one: Resident | None
) -> str:
    """What the gate answers, whatever the page would have offered."""
    with as_login("web"), connection.cursor() as cursor:
        cursor.execute(
            "select access.propose_candidate(%s, %s, %s, %s, gen_random_uuid())",
            [membership.staff_id, membership.pk, question.public_id,
             None if one is None else one.public_id],
        )  # fmt: skip
        return str(cursor.fetchone()[0])


# ── Bound to whom was compared ──────────────────────────────────────────────────────────────


def test_nobody_is_joined_with_whom_another_officer_proposed_meanwhile(
    region: Region, officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    compared, other = somebody(as_login, "Ruth"), somebody(as_login, "Rita")
    propose(officer, lost, compared)
    check = officer.posts(
        "identity-question", lost.public_id, status=200, decision="same", words=HOW
    )
    colleague = Officer(factories.membership(at=region.trust, as_role="records-officer"), as_login)
    propose(colleague, lost, other)
    page = officer.posts("join-asked", lost.public_id, status=200, **hidden(check, "/join"))
    assert "is not the one proposed now" in page.get_text()
    assert not Merge.objects.exists()
    lost.refresh_from_db()
    assert lost.settled is None
    assert "Rita" in page.get_text()
    check = officer.posts(
        "identity-question", lost.public_id, status=200, decision="same", words=HOW
    )
    officer.posts("join-asked", lost.public_id, **hidden(check, "/join"))
    assert Merge.objects.get().survivor_id == other.pk


def test_nobody_is_kept_from_whom_another_officer_proposed_meanwhile(
    officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    compared, other = somebody(as_login, "Ruth"), somebody(as_login, "Rita")
    propose(officer, lost, compared)
    page = officer.posts(
        "identity-question", lost.public_id, status=200, decision="separate", words=HOW
    )
    propose(officer, lost, other)
    typed = hidden(page, "/separate") | {"why": "adoption", "current": "subject"}
    page = officer.posts("separate-asked", lost.public_id, status=200, **typed)
    assert "is not the one proposed now" in page.get_text()
    assert not SeparatedPair.objects.exists()


def test_nobody_is_found_different_from_whom_another_officer_proposed_meanwhile(
    region: Region, officer: Officer, as_login: AsLogin
) -> None:
    question = asked_of(region, as_login, QuestionReason.TRACE_CONFLICT)
    compared, other = somebody(as_login, "Ruth"), somebody(as_login, "Rita")
    propose(officer, question, compared)
    page = officer.gets("identity-question", question.public_id)
    typed = hidden(page, str(question.public_id)) | {"decision": "different", "words": HOW}
    propose(officer, question, other)
    page = officer.posts("identity-question", question.public_id, status=200, **typed)
    assert "is not the one proposed now" in page.get_text()
    question.refresh_from_db()
    assert question.settled is None


def test_a_join_that_names_nobody_joins_nobody(
    officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    propose(officer, lost, somebody(as_login, "Ruth"))
    for typed in ({}, {"candidate": "nobody"}, {"candidate": str(lost.public_id)}):
        officer.posts("join-asked", lost.public_id, status=200, words=HOW, **typed)
    assert not Merge.objects.exists()


def test_who_was_joined_with_another_meanwhile_is_compared_again(
    region: Region, officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    compared, third = somebody(as_login, "Ruth"), somebody(as_login, "Rita", nhs_number=None)
    propose(officer, lost, compared)
    check = officer.posts(
        "identity-question", lost.public_id, status=200, decision="same", words=HOW
    )
    with as_login("pipeline"), connection.cursor() as cursor:
        cursor.execute(
            "select outcome from identity.merge(%s, %s, 'duplicate', %s, %s, gen_random_uuid())",
            [third.pk, region.doubted.resident_id, HOW, region.officer.pk],
        )
        assert cursor.fetchone() == ("merged",)
    officer.posts("join-asked", lost.public_id, status=200, **hidden(check, "/join"))
    assert Merge.objects.count() == 1, "the record that was compared is part of another one now"


# ── Nobody else's record ────────────────────────────────────────────────────────────────────


@pytest.fixture
def within(region: Region, officer: Officer, as_login: AsLogin) -> SourcePerson:
    """The trust's patient stands in Ruth's record, and what the trust says now disagrees."""
    with as_login("pipeline"):
        LinkQuestion.objects.all().delete()
        SourcePerson.objects.filter(pk=region.doubted.pk).update(
            resident=region.ruth, link=LinkState.LINKED
        )
        with transaction.atomic():
            receive_persons(
                [replace(RUTH, identifier="MRN7", family_name="Bello",
                         version=datetime(2026, 2, 1, tzinfo=UTC))],
                source=region.trust, trusted_for_numbers=True,
            )  # fmt: skip
    known = SourcePerson.objects.get(pk=region.doubted.pk)
    assert (known.link, known.resident_id) == (LinkState.IN_DOUBT, region.ruth.pk)
    return known


def conflict(known: SourcePerson, as_login: AsLogin, candidate: Resident | None) -> LinkQuestion:
    with as_login("pipeline"):
        question = ask(known, QuestionReason.TRACE_CONFLICT, candidate=candidate)
    assert question is not None
    return question


def test_whose_link_is_in_doubt_moves_nobody_with_them(
    region: Region, officer: Officer, within: SourcePerson, as_login: AsLogin
) -> None:
    """Deciding about a source person in Ruth's record does not join Ruth with anybody."""
    bello = somebody(as_login, "Ruth")
    question = conflict(within, as_login, bello)
    page = officer.gets("identity-question", question.public_id)
    offered = {each["value"] for each in page.select("input[name=decision]")}
    assert offered == {"different"}
    assert "in doubt in a record that others" in " ".join(page.get_text().split())
    with as_login("web"), connection.cursor() as cursor:
        for decision in ("same", "separate"):
            cursor.execute(
                "select access.decide_question(%s, %s, %s, %s, %s, 'adoption', 'subject', %s, %s,"
                " gen_random_uuid())",
                [region.officer.staff_id, region.officer.pk, question.public_id, decision, HOW,
                 region.ruth.public_id, bello.public_id],
            )  # fmt: skip
            assert cursor.fetchone() == ("in-doubt-there",)
    assert not Merge.objects.exists()
    assert not SeparatedPair.objects.exists()


def test_nobody_is_proposed_for_whose_link_is_in_doubt_in_anothers_record(
    region: Region, officer: Officer, within: SourcePerson, as_login: AsLogin
) -> None:
    bello = somebody(as_login, "Ruth")
    question = conflict(within, as_login, None)
    answer = proposed_directly(as_login, region.officer, question, bello)
    assert answer == "in-doubt-there"
    page = officer.gets("identity-question", question.public_id)
    assert "Residents who may be this person" not in page.get_text()
    officer.posts("propose-candidate", question.public_id, candidate=str(bello.public_id))
    question.refresh_from_db()
    assert question.candidate_id is None


def test_found_to_be_somebody_else_they_stay_in_doubt_where_they_are(
    region: Region, officer: Officer, within: SourcePerson, as_login: AsLogin
) -> None:
    """Standing ``alone`` in Ruth's record, what the trust sends would be shown as hers."""
    bello = somebody(as_login, "Ruth")
    question = conflict(within, as_login, bello)
    page = officer.gets("identity-question", question.public_id)
    typed = hidden(page, str(question.public_id)) | {"decision": "different", "words": HOW}
    officer.posts("identity-question", question.public_id, **typed)
    within.refresh_from_db()
    assert (within.link, within.resident_id) == (LinkState.IN_DOUBT, region.ruth.pk)
    (still,) = LinkQuestion.objects.filter(settled=None)
    assert (still.reason, still.candidate_id) == ("disagrees-with-resident", region.ruth.pk)


def test_a_doubt_that_nobody_asks_about_any_more_is_asked_again(
    region: Region, officer: Officer, within: SourcePerson, as_login: AsLogin
) -> None:
    bello = somebody(as_login, "Ruth")
    question = conflict(within, as_login, bello)
    with as_login("pipeline"):
        LinkQuestion.objects.filter(reason="disagrees-with-resident").delete()
    page = officer.gets("identity-question", question.public_id)
    typed = hidden(page, str(question.public_id)) | {"decision": "different", "words": HOW}
    officer.posts("identity-question", question.public_id, **typed)
    (still,) = LinkQuestion.objects.filter(settled=None)
    assert (still.source_person_id, still.candidate_id) == (within.pk, region.ruth.pk)


def test_a_record_of_several_sources_is_shown_whole_before_it_is_joined(
    region: Region, officer: Officer, as_login: AsLogin
) -> None:
    """What is joined is the resident, so the page shows the resident and not one source's words."""
    with as_login("pipeline"):
        LinkQuestion.objects.all().delete()
        SourcePerson.objects.filter(pk=region.doubted.pk).update(
            resident=region.ruth, link=LinkState.LINKED
        )
        other = factories.resident("Bello", "Ruth", birth_date=BORN, nhs_number=None)
        question = ask(region.doubted, QuestionReason.SOURCE_SAYS_SAME, candidate=other)
        assert question is not None
        region.doubted.refresh_from_db()
        mine = region.doubted
        said = dict(mine.said) | {"given_names": "Rutherford"}
        SourcePerson.objects.filter(pk=mine.pk).update(said=said)
    page = officer.gets("identity-question", question.public_id)
    words = " ".join(page.get_text().split())
    assert "This resident" in words
    assert "A GP practice" in words, "of whom else the record is told by"
    assert "Rutherford" not in words
    assert "everything in it is joined" in words


# ── What a person may propose ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reason", list(QuestionReason))
def test_somebody_is_proposed_for_the_questions_alone_that_have_candidates(
    region: Region, reason: QuestionReason, as_login: AsLogin
) -> None:
    question = asked_of(region, as_login, reason)
    one = somebody(as_login, "Ruth")
    expected = "proposed" if ASKED[reason].candidates else "not-asked"
    assert proposed_directly(as_login, region.officer, question, one) == expected


def test_nobody_is_proposed_instead_of_the_record_that_they_are_in(
    region: Region, officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        own = Resident.objects.get(pk=region.doubted.resident_id)
        LinkQuestion.objects.filter(pk=lost.pk).update(candidate=own)
    one = somebody(as_login, "Ruth")
    assert proposed_directly(as_login, region.officer, lost, one) == "not-asked"
    assert proposed_directly(as_login, region.officer, lost, None) == "not-asked"


# ── The trace's own question ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("reason", "stays"),
    [
        (QuestionReason.NO_MATCH, True),
        (QuestionReason.MANY_MATCHES, True),
        (QuestionReason.INVALIDATED, True),
        (QuestionReason.PROTECTED, True),
        (QuestionReason.TRACE_CONFLICT, False),
    ],
)
def test_keeping_one_candidate_apart_does_not_answer_what_the_trace_asked(
    region: Region, officer: Officer, reason: QuestionReason, stays: bool, as_login: AsLogin
) -> None:
    question = asked_of(region, as_login, reason)
    one = somebody(as_login, "Ruth")
    propose(officer, question, one)
    page = officer.posts(
        "identity-question", question.public_id, status=200, decision="separate", words=HOW
    )
    typed = hidden(page, "/separate") | {"why": "adoption", "current": "subject"}
    officer.posts("separate-asked", question.public_id, **typed)
    assert SeparatedPair.objects.count() == 1
    question.refresh_from_db()
    assert (question.settled is None) == stays
    assert question.candidate_id is None
    page = officer.gets("identity-question", question.public_id)
    assert HOW in page.get_text(), "how it is known is noted"
