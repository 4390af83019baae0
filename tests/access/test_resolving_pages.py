"""The records officers' pages: questions, joining, taking apart, and numbers on a carer's word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from access.acting import Acting
from access.gate import Opened, open_record
from access.traced import traces
from audit.models import Event
from feeds.mapped import MappedPerson
from identity.actions import ask, ask_about, receive_persons
from identity.merging import merge, separate
from identity.models import (
    Cause,
    LinkQuestion,
    LinkState,
    Merge,
    QuestionNote,
    Resident,
    ResidentNhsNumber,
    SeparatedPair,
    SourcePerson,
    WhySeparated,
)
from identity.pds.outcomes import OutcomeKind
from identity.questions import ASKED, QuestionReason
from identity.settling import ABOUT_TRACES
from identity.tasks import sweep_questions
from identity.traces import Ended, Step, Trace, TraceStep, Why
from identity.wanting import retries
from organisations.categories import Category
from organisations.models import Membership, Organisation, Team
from tests import factories
from tests.conftest import AsLogin

NUMBER, OTHER = factories.made_up_nhs_number(61), factories.made_up_nhs_number(62)
HOW = "I rang the practice and compared the address."
RUTH = MappedPerson(
    identifier="Patient/1",
    version=datetime(2026, 1, 1, tzinfo=UTC),
    nhs_number=NUMBER,
    nhs_number_status="01",
    family_name="Carter",
    given_names="Ruth",
    birth_date=date(1941, 3, 2),
    sex="female",
    address_lines=("1 Sample Street",),
    postcode="SE13 6LH",
)


@dataclass
class Region:
    trust: Organisation
    practice: Organisation
    ward: Team
    officer: Membership
    elsewhere: Membership
    nurse: Membership
    adviser: Membership
    ruth: Resident
    doubted: SourcePerson

    def question(self) -> LinkQuestion:
        return LinkQuestion.objects.get()


@pytest.fixture
def region(database: object, as_login: AsLogin) -> Iterator[Region]:
    """Ruth, known by her practice; and at the trust somebody with her number, born a day later."""
    with as_login("pipeline"):
        trust = factories.organisation("Test trust", kind="nhs_trust")
        practice = factories.organisation("Test practice", kind="gp_practice")
        for source in (trust, practice):
            factories.feed(source)
        factories.agreement(practice, trust)
        ward = factories.team(trust, "Cedar ward")
        with transaction.atomic():
            (known,) = receive_persons([RUTH], source=practice, trusted_for_numbers=True)
            other = replace(RUTH, identifier="MRN7", birth_date=date(1941, 3, 3), postcode="E1 6AN")
            (doubted,) = receive_persons([other], source=trust, trusted_for_numbers=True)
        ruth = Resident.objects.get(pk=known.resident_id)
        person = SourcePerson.objects.get(pk=doubted.source_person_id)
        factories.entry(SourcePerson.objects.get(pk=known.source_person_id), Category.DIAGNOSES)
        factories.entry(person, Category.DIAGNOSES, "Zygomatic fracture")
        factories.relationship(ruth, trust, ward)
        yield Region(
            trust=trust,
            practice=practice,
            ward=ward,
            officer=factories.membership(at=trust, as_role="records-officer"),
            elsewhere=factories.membership(at=practice, as_role="records-officer"),
            nurse=factories.membership(at=trust, as_role="nurse", in_team=ward),
            adviser=factories.membership(at=trust, as_role="contact-centre-adviser"),
            ruth=ruth,
            doubted=person,
        )


class Officer:
    """Somebody at a browser, as the web's login."""

    def __init__(self, membership: Membership, as_login: AsLogin) -> None:
        self.client = Client()
        self.as_login = as_login
        with as_login("web"):
            self.client.force_login(membership.staff)

    def gets(self, name: str, *ids: UUID, status: int = 200, **query: str) -> BeautifulSoup:
        with self.as_login("web"):
            return self._page(self.client.get(reverse(name, args=ids), query), status)

    def posts(self, name: str, *ids: UUID, status: int = 302, **typed: str) -> BeautifulSoup:
        with self.as_login("web"):
            return self._page(self.client.post(reverse(name, args=ids), typed), status)

    @staticmethod
    def _page(response: HttpResponse, status: int) -> BeautifulSoup:
        assert response.status_code == status, BeautifulSoup(
            response.content, "html.parser"
        ).main.get_text()
        page = BeautifulSoup(response.content, "html.parser")
        assert "Zygomatic" not in page.get_text()
        return page


@pytest.fixture
def officer(region: Region, as_login: AsLogin) -> Officer:
    return Officer(region.officer, as_login)


def rows(page: BeautifulSoup) -> dict[str, tuple[str, str, str]]:
    found = {}
    for row in page.select(".app-compared tbody tr"):
        label = row.select_one("th > span:last-child")
        cells = [_words(cell.select("span")[-1]) for cell in row.select("td")]
        found[_words(label)] = tuple(cells)
    return found


def _words(of: Any) -> str:
    return " ".join(of.get_text().replace("\u00a0", " ").split())


def events(as_login: AsLogin, action: str) -> list[Event]:
    with as_login("owner"):
        return list(Event.objects.filter(action=action, outcome="done").order_by("id"))


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
    assert compared["Postcode"] == ("E1 6AN", "Not known", "Only one has it")
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
    officer.posts("join-asked", asked, words=HOW)
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
    officer.posts("identity-question", asked, decision="different", words=HOW)
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
    officer.posts("join-asked", region.question().public_id, words=HOW)
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
    officer.posts("identity-question", asked.public_id, decision="different", words=HOW)
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
    officer.posts("separate-asked", asked, words=HOW, why="adoption", current="subject")
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


def traced(known: SourcePerson, *steps: tuple[Step, OutcomeKind, list[str]]) -> Trace:
    """A trace that ended with these steps, as the pipeline writes it."""
    trace = Trace.objects.create(
        source_person=known,
        why=Why.ARRIVAL,
        ended=Ended.TO_BE_DECIDED,
        finished=datetime(2026, 2, 1, 9, tzinfo=UTC),
    )
    for step, outcome, disagrees in steps:
        TraceStep.objects.create(
            trace=trace,
            step=step,
            asked_by=["family name", "given name", "date of birth"],
            request=uuid4(),
            service="stand-in",
            outcome=outcome,
            disagrees=disagrees,
        )
    return trace


def test_the_history_of_a_trace_is_told_in_words(region: Region, officer: Officer) -> None:
    asked = region.question().public_id
    assert "What the trace did" not in officer.gets("identity-question", asked).get_text()
    traced(region.doubted, (Step.EXACT, OutcomeKind.NONE, []))
    traced(
        region.doubted,
        (Step.NAME, OutcomeKind.ONE, []),
        (Step.VERIFY, OutcomeKind.DISAGREEING, ["date of birth", "postcode"]),
    )
    said = _words(officer.gets("identity-question", asked))
    assert "What the trace did" in said
    assert "By name and date of birth (asked by family name, given name and date of birth)" in said
    assert "Found, and it does not agree: date of birth and postcode." in said
    assert "Answers come from a stand-in for PDS: nobody here is real." in said
    assert "Ended 01-Feb-2026 09:00: On the work list." in said
    assert said.index("One person found") < said.index("it does not agree")
    # The latest trace comes first.
    assert said.index("it does not agree") < said.index("Nobody found")


def test_every_step_and_outcome_of_a_trace_has_words(region: Region, officer: Officer) -> None:
    traced(region.doubted, *((step, kind, []) for step in Step for kind in OutcomeKind))
    Trace.objects.create(source_person=region.doubted, why=Why.RETRY)
    said = _words(officer.gets("identity-question", region.question().public_id))
    assert all(step.label in said for step in Step)
    assert "Not finished. It is asked next" in said


def test_the_history_of_a_resident_names_other_sources_by_their_kind(
    region: Region, officer: Officer, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        ask_about(region.ruth, QuestionReason.INVALIDATED)
    theirs = SourcePerson.objects.get(resident=region.ruth)
    traced(theirs, (Step.NUMBER, OutcomeKind.INVALIDATED, []))
    asked = LinkQuestion.objects.get(resident=region.ruth).public_id
    said = _words(officer.gets("identity-question", asked))
    assert "The number has been withdrawn" in said
    assert "another source: A GP practice" in said
    assert region.practice.name not in said


def test_the_history_of_a_trace_is_for_who_may_see_the_question(
    region: Region, as_login: AsLogin
) -> None:
    traced(region.doubted, (Step.EXACT, OutcomeKind.NONE, []))
    asked = region.question().public_id
    with as_login("web"), transaction.atomic():
        for membership, count in ((region.officer, 1), (region.elsewhere, 0), (region.nurse, 0)):
            seen = traces(Acting.of(membership), asked, request_id=str(uuid4()))
            assert len(seen) == count


@pytest.mark.parametrize("reason", sorted(ABOUT_TRACES))
def test_what_a_trace_asked_is_tried_again_at_the_press_of_a_button(
    region: Region, officer: Officer, reason: QuestionReason
) -> None:
    ask(region.doubted, reason, candidate=None)
    question = LinkQuestion.objects.get(reason=reason)
    page = officer.gets("identity-question", question.public_id)
    assert ("Try again" in page.get_text()) is ASKED[reason].retry
    assert ASKED[reason].retry is (reason != QuestionReason.PROTECTED)
    officer.posts("retry-question", question.public_id)
    assert retries() == 1
    wanted = Trace.objects.get(source_person=region.doubted)
    assert (wanted.why, wanted.urgency) == (Why.RETRY, 0)


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


# ── Joining two, and taking one apart ───────────────────────────────────────────────────────


@pytest.fixture
def again(region: Region) -> Resident:
    """Ruth once more, known to everybody under another number that is not verified."""
    made = factories.resident("Carter", "Ruth", birth_date=date(1941, 3, 2), nhs_number=None)
    ResidentNhsNumber.objects.create(
        resident=made, number=OTHER, status="02", said_by="carer", entered_as=region.adviser
    )
    return made


def test_two_records_are_found_compared_checked_and_joined(
    region: Region, officer: Officer, again: Resident, as_login: AsLogin
) -> None:
    page = officer.gets("identity", again.public_id)
    assert "Somebody who cares for the resident" in page.get_text()
    page = officer.posts("find-other", again.public_id, status=200, nhs_number=NUMBER)
    (link,) = page.select(".app-result a")
    assert link["href"] == reverse("join-residents", args=[again.public_id, region.ruth.public_id])
    both = (again.public_id, region.ruth.public_id)
    page = officer.gets("join-residents", *both)
    assert rows(page)["NHS number"][2] == "Different"
    typed = {"stays": str(region.ruth.public_id), "cause": "duplicate", "words": HOW}
    page = officer.posts("join-residents", *both, status=200, **typed)
    assert page.h1.get_text() == "Check before you join these records"
    assert not Merge.objects.exists()
    officer.posts("join-residents", *both, checked="yes", **typed)
    made = Merge.objects.get()
    assert (made.survivor_id, made.merged_id) == (region.ruth.pk, again.pk)
    page = officer.gets("identity-merge", made.public_id)
    assert "1 NHS number" in page.get_text()
    # The old address, and the old number, lead to the one that stayed.
    assert "was joined with this one" in officer.gets("identity", again.public_id).get_text()
    found = officer.posts("find-resident", status=200, nhs_number=OTHER).get_text()
    assert "is an old one of this resident" in found
    assert [event.residents for event in events(as_login, "residents-merged")] == [
        [region.ruth.pk, again.pk]
    ]


def test_the_one_that_everybody_knows_must_stay(region: Region, officer: Officer) -> None:
    own = Resident.objects.get(pk=region.doubted.resident_id)
    page = officer.posts(
        "join-residents", own.public_id, region.ruth.public_id, status=200,
        stays=str(own.public_id), cause="duplicate", words=HOW, checked="yes",
    )  # fmt: skip
    assert "known to everybody must stay" in page.get_text()
    assert not Merge.objects.exists()


def test_two_verified_numbers_are_left_to_the_demographics_service(
    region: Region, officer: Officer
) -> None:
    other = factories.resident("Carter", "Ruth", birth_date=date(1941, 3, 2))
    both = (region.ruth.public_id, other.public_id)
    typed = {"stays": str(region.ruth.public_id), "words": HOW, "checked": "yes"}
    page = officer.posts("join-residents", *both, status=200, cause="duplicate", **typed)
    assert "ask the national back office" in page.get_text()
    officer.posts("join-residents", *both, cause="superseded", **typed)
    assert Merge.objects.get().cause == "superseded"


def test_the_old_address_of_a_joined_record_leads_to_the_one_that_stayed(
    region: Region, again: Resident, as_login: AsLogin
) -> None:
    merge(survivor=region.ruth.pk, merged=again.pk, cause=Cause.DUPLICATE)
    nurse = Client()
    with as_login("web"):
        nurse.force_login(region.nurse.staff)
        nurse.post(reverse("open-record"), {"resident": str(again.public_id)})
        answer = nurse.get(reverse("record", args=[again.public_id]))
    page = BeautifulSoup(answer.content, "html.parser")
    assert answer.status_code == 403
    assert page.h1.get_text() == "This record was joined with another"
    assert page.select_one("input[name=resident]")["value"] == str(region.ruth.public_id)
    stranger = factories.resident("Bello", nhs_number=None, known_to_all=False)
    hidden = factories.resident("Bello", nhs_number=None, known_to_all=False)
    merge(survivor=stranger.pk, merged=hidden.pk, cause=Cause.DUPLICATE)
    with as_login("web"):
        nurse.post(reverse("open-record"), {"resident": str(hidden.public_id)})
        assert nurse.get(reverse("record", args=[hidden.public_id])).status_code == 404


def test_taking_apart_lists_who_saw_what_and_what_was_said_in_between(
    region: Region, officer: Officer, again: Resident, as_login: AsLogin
) -> None:
    typed = {"stays": str(region.ruth.public_id), "cause": "duplicate", "words": HOW}
    officer.posts("join-residents", region.ruth.public_id, again.public_id, checked="yes", **typed)
    made = Merge.objects.get()
    with as_login("web"), transaction.atomic():
        opened = open_record(
            Acting.of(region.nurse),
            region.ruth.public_id,
            look=uuid4(),
            request_id=str(uuid4()),
        )
        assert isinstance(opened, Opened)
    factories.choice(region.ruth, by=region.adviser)
    page = officer.gets("take-apart", made.public_id)
    assert region.nurse.staff.name in page.get_text()
    # And which parts that let them see: what a nurse reads, and no safeguarding.
    assert "Diagnoses and problems" in _words(page)
    assert "Safeguarding" not in page.get_text()
    assert "1 choice was recorded" in page.get_text()
    assert "Enter" not in officer.posts("take-apart", made.public_id, status=200).h1.get_text()
    assert Merge.objects.get().undone_at is None
    officer.posts("take-apart", made.public_id, words=HOW)
    made.refresh_from_db()
    assert (made.undone_by_id, made.undone_words) == (region.officer.pk, HOW)
    page = officer.gets("identity-merge", made.public_id)
    assert "Taken apart again" in page.get_text()
    assert region.nurse.staff.name in page.get_text()
    officer.posts("take-apart", made.public_id, words=HOW)
    assert len(events(as_login, "residents-unmerged")) == 1


def test_a_later_join_is_taken_apart_first(
    region: Region, officer: Officer, again: Resident
) -> None:
    third = factories.resident("Carter", "R", birth_date=date(1941, 3, 2), nhs_number=None)
    for other in (again, third):
        officer.posts(
            "join-residents", region.ruth.public_id, other.public_id, checked="yes",
            stays=str(region.ruth.public_id), cause="duplicate", words=HOW,
        )  # fmt: skip
    first, second = Merge.objects.order_by("pk")
    page = officer.gets("identity-merge", first.public_id)
    assert page.select_one(f'a[href="{reverse("identity-merge", args=[second.public_id])}"]')
    page = officer.posts("take-apart", first.public_id, status=200, words=HOW)
    assert "A later join stands on this one" in page.get_text()


def test_who_is_kept_apart_is_told_of_to_nobody(
    region: Region, officer: Officer, again: Resident, as_login: AsLogin
) -> None:
    separate(former=again.pk, current=region.ruth.pk, why=WhySeparated.GENDER)
    both = (region.ruth.public_id, again.public_id)
    officer.gets("join-residents", *both, status=404)
    officer.posts(
        "join-residents", *both, status=404, checked="yes",
        stays=str(region.ruth.public_id), cause="duplicate", words=HOW,
    )  # fmt: skip
    with as_login("web"), connection.cursor() as cursor:
        cursor.execute(
            "select outcome from access.join_residents(%s, %s, %s, %s, 'duplicate', %s, %s)",
            [region.officer.staff_id, region.officer.pk, *both, HOW, uuid4()],
        )
        assert cursor.fetchone() == ("not-known",)


def test_who_may_not_be_known_of_is_compared_with_nobody(region: Region, as_login: AsLogin) -> None:
    own = Resident.objects.get(pk=region.doubted.resident_id)
    theirs = Officer(region.elsewhere, as_login)
    theirs.gets("identity", own.public_id, status=404)
    theirs.gets("join-residents", region.ruth.public_id, own.public_id, status=404)
    theirs.gets("find-other", own.public_id, status=404)


# ── Numbers on a resident's or carer's word ─────────────────────────────────────────────────


def test_a_number_that_a_carer_gives_is_kept_unverified_with_who_typed_it(
    region: Region, as_login: AsLogin
) -> None:
    whose = factories.resident("Bello", "Ada", nhs_number=None)
    adviser = Officer(region.adviser, as_login)
    found = adviser.posts(
        "find-resident", status=200, family_name="Bello",
        **{"birth_date-day": "3", "birth_date-month": "3", "birth_date-year": "1941"},
    )  # fmt: skip
    assert found.select_one(f'a[href="{reverse("give-number", args=[whose.public_id])}"]')
    page = adviser.posts("give-number", whose.public_id, status=200, nhs_number="1")
    assert "has 10 digits" in page.get_text()
    assert "Select who gave it" in page.get_text()
    typed = {"nhs_number": f"{OTHER[:3]} {OTHER[3:6]} {OTHER[6:]}", "said_by": "carer"}
    adviser.posts("give-number", whose.public_id, **typed)
    number = ResidentNhsNumber.objects.get(resident=whose)
    assert (number.number, number.status, number.said_by) == (OTHER, "02", "carer")
    assert number.entered_as_id == region.adviser.pk
    page = adviser.gets("number-given", whose.public_id)
    assert "(not verified)" in page.get_text()
    page = adviser.posts("give-number", whose.public_id, status=200, **typed)
    assert "has already" in page.get_text()
    adviser.posts("give-number", whose.public_id, nhs_number=NUMBER, said_by="resident")
    assert ResidentNhsNumber.objects.get(resident=whose, valid_until=None).number == NUMBER
    given = events(as_login, "number-changed")
    assert [event.reason for event in given] == ["carer", "resident"]
    assert all(OTHER not in str(event.detail) for event in given)


def test_a_verified_number_stands_against_any_word(region: Region, as_login: AsLogin) -> None:
    adviser = Officer(region.adviser, as_login)
    page = adviser.posts(
        "give-number", region.ruth.public_id, status=200, nhs_number=OTHER, said_by="resident"
    )
    assert "has a verified NHS number" in page.get_text()
    assert ResidentNhsNumber.objects.get(resident=region.ruth).number == NUMBER
