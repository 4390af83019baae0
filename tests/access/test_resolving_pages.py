"""The records officers' pages: the work list, its questions, and what is decided of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from django.db import transaction

from identity.actions import ask_about, receive_persons
from identity.models import (
    LinkQuestion,
    LinkState,
    Merge,
    QuestionNote,
    Resident,
    SeparatedPair,
)
from identity.questions import ASKED, QuestionReason
from identity.tasks import sweep_questions
from tests import factories
from tests.access.records_officer import HOW, RUTH, Officer, Region, _words, events, rows
from tests.conftest import AsLogin

# ── The list and the question ───────────────────────────────────────────────────────────────


def test_the_list_shows_an_officer_their_own_sources_questions_alone(
    region: Region, officer: Officer, as_login: AsLogin
) -> None:
    page = officer.gets("identity-questions")
    assert "1 question, the oldest first" in _words(page)
    assert "CARTER, Ruth" in page.get_text()
    assert "Number belongs to somebody else" in page.get_text()
    theirs = Officer(region.elsewhere, as_login)
    assert "No question waits" in theirs.gets("identity-questions").get_text()
    theirs.gets("identity-question", region.question().public_id, status=404)
    seen, *_ = events(as_login, "identity-read")
    assert seen.residents == [region.doubted.resident_id]
    assert seen.staff_id == region.officer.staff_id


def test_a_question_about_a_resident_is_everybodys_who_may_know_of_them(
    region: Region, as_login: AsLogin
) -> None:
    ask_about(region.ruth, QuestionReason.NO_MATCH)
    for membership in (region.officer, region.elsewhere):
        page = Officer(membership, as_login).gets("identity-questions")
        assert "Trace found nobody" in page.get_text()


def test_two_people_stand_side_by_side_and_differences_are_words(
    region: Region, officer: Officer, as_login: AsLogin
) -> None:
    page = officer.gets("identity-question", region.question().public_id)
    compared = rows(page)
    assert compared["Family name"] == ("Carter", "Carter", "Same")
    assert compared["Born"] == ("03-Mar-1941", "02-Mar-1941", "Different")
    assert compared["Postcode"] == ("E1 6AN", "SE13 6LH", "Different")
    assert compared["Your numbers for them"] == ("MRN7", "Not known", "–")
    assert compared["Known by"][1] == "A GP practice"
    assert "Test practice" not in page.get_text(), "of other sources the kind is told"
    assert events(as_login, "identity-read")[-1].residents == [
        region.doubted.resident_id,
        region.ruth.pk,
    ]


def test_a_protected_residents_place_is_not_shown(region: Region, officer: Officer) -> None:
    Resident.objects.filter(pk=region.ruth.pk).update(protection="R")
    compared = rows(officer.gets("identity-question", region.question().public_id))
    assert compared["Postcode"] == ("E1 6AN", "Not shown", "–")
    assert "SE13" not in officer.gets("identity", region.ruth.public_id).get_text()


def test_who_opted_out_is_compared_without_place_and_number(
    region: Region, officer: Officer
) -> None:
    factories.choice(region.ruth, by=region.adviser)
    compared = rows(officer.gets("identity-question", region.question().public_id))
    assert compared["NHS number"][1] == "Not shown"
    assert compared["Postcode"][1] == "Not known"


def test_every_reason_has_its_words_and_something_to_decide() -> None:
    assert set(ASKED) == set(QuestionReason)
    assert all(asked.decisions and asked.words for asked in ASKED.values())


# ── Deciding ────────────────────────────────────────────────────────────────────────────────


def test_the_same_person_is_joined_after_a_check(
    region: Region, officer: Officer, as_login: AsLogin
) -> None:
    asked = region.question().public_id
    page = officer.posts("identity-question", asked, status=200, decision="same", words="short")
    assert "10 characters or more" in page.get_text()
    page = officer.posts("identity-question", asked, status=200, decision="same", words=HOW)
    assert page.h1.get_text() == "Check before you join these records"
    assert not Merge.objects.exists()
    officer.posts("join-asked", asked, words=HOW, **region.compared(region.question()))
    made = Merge.objects.get()
    assert (made.survivor_id, made.by_id, made.words) == (region.ruth.pk, region.officer.pk, HOW)
    region.doubted.refresh_from_db()
    assert (region.doubted.link, region.doubted.resident_id) == (
        LinkState.LINKED,
        region.ruth.pk,
    )
    settled = officer.gets("identity-question", asked)
    assert "Settled" in settled.get_text()
    assert HOW in settled.get_text()
    assert "1 question, the last settled first" in _words(
        officer.gets("identity-questions", show="settled")
    )
    assert officer.posts("join-asked", asked, status=200, words=HOW).h1
    assert Merge.objects.count() == 1
    assert [event.reason for event in events(as_login, "question-decided")] == ["same"]


def test_different_people_stay_apart_and_are_not_asked_about_again(
    region: Region, officer: Officer
) -> None:
    asked = region.question().public_id
    officer.posts(
        "identity-question", asked, decision="different", words=HOW,
        **region.compared(region.question()),
    )  # fmt: skip
    region.doubted.refresh_from_db()
    assert region.doubted.link == LinkState.ALONE
    with transaction.atomic():
        receive_persons(
            [replace(RUTH, identifier="MRN7", birth_date=date(1941, 3, 3), phone="1",
                     version=datetime(2026, 2, 1, tzinfo=UTC))],
            source=region.trust, trusted_for_numbers=True,
        )  # fmt: skip
    assert not LinkQuestion.objects.filter(settled=None).exists()


def test_who_is_in_doubt_in_anothers_record_is_taken_out_by_a_worker(
    region: Region, officer: Officer
) -> None:
    officer.posts("identity-question", region.question().public_id, decision="same",
                  words=HOW, status=200)  # fmt: skip
    officer.posts("join-asked", region.question().public_id, words=HOW,
                  **region.compared(region.question()))  # fmt: skip
    with transaction.atomic():
        receive_persons(
            [replace(RUTH, identifier="MRN7", family_name="Bello", postcode="E1 6AN",
                     version=datetime(2026, 2, 1, tzinfo=UTC))],
            source=region.trust, trusted_for_numbers=True,
        )  # fmt: skip
    asked = LinkQuestion.objects.get(settled=None)
    assert asked.reason == "disagrees-with-resident"
    page = officer.gets("identity-question", asked.public_id)
    assert rows(page)["Family name"] == ("Bello", "Carter", "Different")
    assert not page.select("input[value=separate]"), "they are one record until it is taken apart"
    officer.posts("identity-question", asked.public_id, decision="different", words=HOW,
                  **region.compared(asked))  # fmt: skip
    assert "is being taken out" in officer.gets("identity-question", asked.public_id).get_text()
    sweep_questions()
    region.doubted.refresh_from_db()
    assert region.doubted.resident_id != region.ruth.pk


def test_records_are_separated_for_ever_with_why_and_which_is_used(
    region: Region, officer: Officer, as_login: AsLogin
) -> None:
    asked = region.question().public_id
    page = officer.posts("identity-question", asked, status=200, decision="separate", words=HOW)
    assert page.h1.get_text() == "Never show these records together"
    page = officer.posts("separate-asked", asked, status=200, words=HOW)
    assert "Select which record is used from now on" in page.get_text()
    officer.posts("separate-asked", asked, words=HOW, why="adoption", current="subject",
                  **region.compared(region.question()))  # fmt: skip
    pair = SeparatedPair.objects.get()
    assert (pair.current_id, pair.former_id) == (region.doubted.resident_id, region.ruth.pk)
    assert "02-Mar-1941" not in officer.gets("identity-question", asked).get_text()
    own = Resident.objects.get(pk=region.doubted.resident_id)
    officer.gets("join-residents", own.public_id, region.ruth.public_id, status=404)
    assert len(events(as_login, "residents-separated")) == 1


def test_a_note_stays_with_the_question_and_a_retry_is_carried_out(
    region: Region, officer: Officer
) -> None:
    asked = region.question().public_id
    assert "Write the note first" in officer.posts("note-question", asked, status=200).get_text()
    officer.posts("note-question", asked, note="I have written to the practice.")
    officer.posts("retry-question", asked)
    page = officer.gets("identity-question", asked)
    assert "I have written to the practice." in page.get_text()
    assert "tried again in a moment" in page.get_text()
    assert "Trying again" in officer.gets("identity-questions").get_text()
    sweep_questions()
    assert "still does not agree" in officer.gets("identity-question", asked).get_text()
    assert QuestionNote.objects.count() == 2


def test_nothing_of_a_question_is_done_for_who_may_not_see_it(
    region: Region, as_login: AsLogin
) -> None:
    theirs, asked = Officer(region.elsewhere, as_login), region.question().public_id
    for name, typed in (
        ("identity-question", {"decision": "different", "words": HOW}),
        ("join-asked", {"words": HOW}),
        ("separate-asked", {"words": HOW, "why": "adoption", "current": "subject"}),
        ("note-question", {"note": HOW}),
        ("retry-question", {}),
    ):
        theirs.posts(name, asked, status=404, **typed)
    question = region.question()
    assert (question.settled, question.retry_asked) == (None, None)
    assert not QuestionNote.objects.exists()
