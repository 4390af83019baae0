"""Candidates for whom a trace did not find, or found among several: side by side, then decided."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection

from access.resolving import MOST_CANDIDATES
from identity.actions import ask
from identity.merging import separate
from identity.models import LinkQuestion, Merge, Resident, ResidentNhsNumber, WhySeparated
from identity.questions import ASKED, QuestionReason
from tests import factories
from tests.access.records_officer import HOW, Officer, Region, events, officer, region
from tests.conftest import AsLogin

__all__ = ["officer", "region"]

BORN = date(1941, 3, 3)


@pytest.fixture
def lost(region: Region, as_login: AsLogin) -> LinkQuestion:
    """Nobody was found for the trust's patient, who was born a day after Ruth."""
    with as_login("pipeline"):
        LinkQuestion.objects.all().delete()
        question = ask(region.doubted, QuestionReason.NO_MATCH, candidate=None)
    assert question is not None
    return question


def found(as_login: AsLogin, *given: str, **changed: Any) -> list[Resident]:
    with as_login("pipeline"):
        return [factories.resident("Carter", name, birth_date=BORN, **changed) for name in given]


def rows_of(officer: Officer, question: LinkQuestion) -> str:
    """The table of candidates without its headings for small screens."""
    page = officer.gets("identity-question", question.public_id)
    for heading in page.select("[aria-hidden=true]"):
        heading.decompose()
    table = page.select_one(".app-compared")
    assert table is not None
    return " ".join(table.get_text(" ", strip=True).split())


def shown(officer: Officer, question: LinkQuestion) -> str:
    page = officer.gets("identity-question", question.public_id)
    return " ".join(page.get_text(" ", strip=True).split())


@pytest.mark.parametrize("reason", [QuestionReason.NO_MATCH, QuestionReason.MANY_MATCHES])
def test_residents_with_the_name_and_birth_date_stand_beside_whom_nobody_was_found_for(
    region: Region, officer: Officer, as_login: AsLogin, reason: QuestionReason
) -> None:
    with as_login("pipeline"):
        LinkQuestion.objects.all().delete()
        question = ask(region.doubted, reason, candidate=None)
        assert question is not None
    one, other = found(as_login, "Ruth", "Rita")
    found(as_login, "Ruth", known_to_all=False)
    said = shown(officer, question)
    assert "Residents who may be this person" in said
    assert "Candidate 1: CARTER, Ruth, born 03-Mar-1941" in said
    # Ruth of the practice, born the day before, has the number that was sent.
    assert "Candidate 2: CARTER, Ruth, born 02-Mar-1941" in said
    assert "Candidate 3: CARTER, Rita, born 03-Mar-1941" in said
    assert "Candidate 4" not in said, "nobody is shown whom the organisation may not know of"
    event = next(e for e in events(as_login, "identity-read") if e.reason == "candidates")
    assert {one.pk, other.pk, region.ruth.pk, region.doubted.resident_id} == set(event.residents)


def test_day_and_month_the_other_way_round_are_near(
    region: Region, officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        subject = Resident.objects.get(pk=region.doubted.resident_id)
        subject.birth_date = date(1941, 4, 3)
        subject.save()
        factories.resident("Carter", "Rose", birth_date=date(1941, 3, 4))
    assert "CARTER, Rose, born 04-Mar-1941" in shown(officer, lost)


def test_one_is_proposed_compared_and_joined_and_the_question_is_settled(
    region: Region, officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    (one,) = found(as_login, "Ruth")
    asked = lost.public_id
    officer.posts("propose-candidate", asked, candidate=str(one.public_id))
    page = officer.gets("identity-question", asked)
    assert "Side by side" in page.get_text()
    offered = {each["value"] for each in page.select("input[name=decision]")}
    assert offered == {"same", "separate", "checked"}
    officer.posts("identity-question", asked, decision="same", words=HOW, status=200)
    lost.refresh_from_db()
    officer.posts("join-asked", asked, words=HOW, **region.compared(lost))
    lost.refresh_from_db()
    assert (lost.decision, lost.decided_by_id) == ("same", region.officer.pk)
    assert Merge.objects.get().survivor_id == one.pk
    region.doubted.refresh_from_db()
    assert region.doubted.resident_id == one.pk
    reasons = [event.reason for event in events(as_login, "question-decided")]
    assert reasons == ["propose", "same"]


def test_one_who_is_not_them_is_taken_back_and_the_question_stays(
    region: Region, officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    (one,) = found(as_login, "Ruth")
    officer.posts("propose-candidate", lost.public_id, candidate=str(one.public_id))
    page = officer.gets("identity-question", lost.public_id)
    assert "Not this person: show the others" in page.get_text()
    officer.posts("propose-candidate", lost.public_id)
    lost.refresh_from_db()
    assert (lost.candidate_id, lost.settled) == (None, None)
    assert "Candidate 1" in shown(officer, lost)


def test_a_protected_candidate_is_shown_without_a_place_and_sources_by_kind(
    region: Region, officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    (one,) = found(as_login, "Ruth", protection="R", postcode="E9 9ZZ")
    with as_login("pipeline"):
        factories.source_person(one, region.practice)
    said = shown(officer, lost)
    assert "Candidate 1: CARTER, Ruth" in said
    assert "E9 9ZZ" not in said
    assert "Postcode E1 6AN Not shown" in rows_of(officer, lost)
    assert "A GP practice" in said
    assert region.practice.name not in said


def test_who_opted_out_is_a_candidate_by_what_is_exactly_theirs_alone(
    region: Region, officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    exact, near = found(as_login, "Ruth", "Rita", postcode="E9 9ZZ")
    with as_login("pipeline"):
        for one in (exact, near):
            factories.choice(one, by=region.adviser)
        number = ResidentNhsNumber.objects.get(resident=exact).number
    said = shown(officer, lost)
    assert "CARTER, Ruth, born 03-Mar-1941" in said
    assert "Rita" not in said
    assert "E9 9ZZ" not in said
    assert f"{number[:3]}\N{NO-BREAK SPACE}{number[3:6]}" not in said


def test_nobody_is_a_candidate_who_is_kept_apart_or_was_found_to_be_somebody_else(
    region: Region, officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    former, different = found(as_login, "Ruth", "Rita")
    with as_login("pipeline"):
        separate(former=former.pk, current=region.doubted.resident_id, why=WhySeparated.ADOPTION)
        LinkQuestion.objects.create(
            source_person=region.doubted, reason="trace-conflict", candidate=different,
            settled=lost.raised, decision="different",
        )  # fmt: skip
    said = shown(officer, lost)
    assert "Candidate 1: CARTER, Ruth, born 02-Mar-1941" in said
    assert "Candidate 2" not in said
    officer.posts("propose-candidate", lost.public_id, candidate=str(former.public_id), status=404)


def test_no_more_are_shown_than_fit_side_by_side(
    region: Region, officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    found(as_login, "Rita", "Rosa", "Rena", "Rae", "Ruth")
    said = shown(officer, lost)
    assert said.count("Compare and decide") == MOST_CANDIDATES
    assert "Candidate 1: CARTER, Ruth" in said, "the likelier first"


def test_candidates_are_for_the_officer_alone_who_may_read_the_question(
    region: Region, lost: LinkQuestion, as_login: AsLogin
) -> None:
    (one,) = found(as_login, "Ruth")
    for membership in (region.elsewhere, region.nurse):
        stranger = Officer(membership, as_login)
        with as_login("web"):
            answer = stranger.client.post(
                f"/identity/questions/{lost.public_id}/candidate",
                {"candidate": str(one.public_id)},
            )
        assert answer.status_code in (403, 404)
    lost.refresh_from_db()
    assert lost.candidate_id is None
    with as_login("web"), connection.cursor() as cursor:
        for membership in (region.elsewhere, region.nurse):
            cursor.execute(
                "select access.read_candidates(%s, %s, %s, 4, gen_random_uuid())",
                [membership.staff_id, membership.pk, lost.public_id],
            )
            assert cursor.fetchone() == (None,)


def test_a_settled_question_has_no_candidates(
    region: Region, officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    (one,) = found(as_login, "Ruth")
    officer.posts("identity-question", lost.public_id, decision="checked", words=HOW)
    assert "Candidate" not in shown(officer, lost)
    officer.posts("propose-candidate", lost.public_id, candidate=str(one.public_id))
    lost.refresh_from_db()
    assert lost.candidate_id is None


def test_a_note_and_a_retry_stand_beside_the_candidates(
    region: Region, officer: Officer, lost: LinkQuestion, as_login: AsLogin
) -> None:
    found(as_login, "Ruth")
    officer.posts("note-question", lost.public_id, note="I have written to the practice.")
    officer.posts("retry-question", lost.public_id)
    said = shown(officer, lost)
    assert "I have written to the practice." in said
    assert "It will be tried again in a moment." in said
    assert "Candidate 1" in said


def test_every_reason_that_leaves_somebody_unknown_has_candidates() -> None:
    assert {reason for reason, asked in ASKED.items() if asked.candidates} == {
        QuestionReason.NO_MATCH,
        QuestionReason.MANY_MATCHES,
        QuestionReason.TRACE_CONFLICT,
        QuestionReason.INVALIDATED,
        QuestionReason.PROTECTED,
    }
