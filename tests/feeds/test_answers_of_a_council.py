"""What a council's system brings of its asking about sharing: recorded once, and never undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit.models import Event
from consent import from_feeds
from consent.models import Answer, Channel, Choice, Kind
from consent.selectors import today
from feeds.answers import ANSWER_OF_WHOM
from identity.models import LinkState, Resident, SourcePerson
from organisations.models import Feed
from tests import factories
from tests.feeds.test_council_csv import table
from tests.feeds.test_council_csv_loading import NUMBER, RUTH, council, totals

__all__ = ["council"]


def answer(words: str, days_ago: int = 30, **changed: str) -> bytes:
    asked = today() - timedelta(days=days_ago)
    row = {"Sharing_Answer": words, "Sharing_Asked_On": asked.isoformat()}
    return table(RUTH | row | changed)


def told(as_login: Any) -> list[tuple[str, str]]:
    with as_login("pipeline"):
        return list(Choice.objects.order_by("id").values_list("answer", "channel"))


def is_refused(as_login: Any, council: Feed) -> bool:
    with as_login("pipeline"), connection.cursor() as cursor:
        resident = SourcePerson.objects.get(identifier="Patient/P10021").resident_id
        cursor.execute(
            "select exists (select from consent.refusals(%s, statement_timestamp())"
            " where kind = 'social-care-sharing' and council_id = %s)",
            [resident, council.organisation_id],
        )
        return bool(cursor.fetchone()[0])


def recorded_at_the_desk(as_login: Any, council: Feed, answer: str, **fields: Any) -> None:
    with as_login("pipeline"):
        resident = Resident.objects.get(nhs_numbers__number=NUMBER)
        factories.choice(
            resident, "social-care-sharing", answer, council=council.organisation, **fields
        )


def test_a_refusal_holds_as_soon_as_its_row_is_loaded(
    council: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(answer("Refuses"), of=council)
    assert is_refused(as_login, council)
    with as_login("pipeline"):
        (made,) = Choice.objects.all()
        assert (made.kind, made.answer) == (Kind.SOCIAL_CARE_SHARING, Answer.REFUSES)
        assert (made.channel, made.recorded_by_feed) == (Channel.COUNCIL_SYSTEM, council)
        assert made.asked_on == today() - timedelta(days=30)
        assert made.recorded_by_id is None
        assert made.identity_checked == ["birth-date", "name", "nhs-number"]
    with as_login("owner"):
        event = Event.objects.get(action="choice-recorded")
        assert event.detail["reference"] == made.reference
        assert event.resident_id == made.resident_id


def test_the_same_again_is_recorded_once(council: Feed, deliver: Any, as_login: Any) -> None:
    deliver(answer("Agrees"), of=council)
    assert totals(deliver(answer("Agrees"), of=council)) == {"unchanged": 1}
    assert told(as_login) == [("consents", "council-system")]


def test_a_new_answer_alone_is_a_change(council: Feed, deliver: Any, as_login: Any) -> None:
    deliver(answer("Agrees"), of=council)
    assert totals(deliver(answer("Refuses", 10), of=council)) == {"loaded": 1}
    assert is_refused(as_login, council)


@pytest.mark.parametrize("words", ["", "Not asked", "Unknown"])
def test_not_asked_changes_nothing(council: Feed, deliver: Any, as_login: Any, words: str) -> None:
    deliver(answer("Refuses", 30), of=council)
    assert totals(deliver(answer(words, 1), of=council)) == {"unchanged": 1}
    assert is_refused(as_login, council)
    assert len(told(as_login)) == 1


@pytest.mark.parametrize("at_the_desk", ["refuses", "consents"])
def test_an_answer_older_than_one_on_record_never_overrides_it(
    council: Feed, deliver: Any, as_login: Any, at_the_desk: str
) -> None:
    deliver(table(RUTH), of=council)
    recorded_at_the_desk(as_login, council, at_the_desk)
    other = "Agrees" if at_the_desk == "refuses" else "Refuses"
    deliver(answer(other, 1), of=council)
    assert is_refused(as_login, council) is (at_the_desk == "refuses")
    assert len(told(as_login)) == 1


def test_files_in_any_order_give_one_end_state(council: Feed, deliver: Any, as_login: Any) -> None:
    deliver(answer("Refuses", 5), of=council)
    deliver(answer("Agrees", 60), of=council)
    assert is_refused(as_login, council)


def test_of_two_answers_of_one_day_the_refusal_holds(
    council: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(table(RUTH), of=council)
    recorded_at_the_desk(as_login, council, "refuses")
    deliver(answer("Agrees", 0), of=council)
    assert is_refused(as_login, council)
    deliver(answer("Agrees", 20, LA_Person_Unique_Identifier="P10021"), of=council)
    assert len(told(as_login)) == 1


def test_a_newer_agreement_of_the_resident_lifts_what_they_refused(
    council: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(answer("Refuses", 60), of=council)
    deliver(answer("Agrees", 5), of=council)
    assert not is_refused(as_login, council)


def test_an_answer_that_was_taken_back_does_not_return_with_the_next_file(
    council: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(answer("Agrees"), of=council)
    with as_login("pipeline"):
        resident = Resident.objects.get(nhs_numbers__number=NUMBER)
        factories.choice(
            resident,
            "social-care-sharing",
            "withdrawn",
            council=council.organisation,
            withdraws=Choice.objects.get(),
            withdrawn_because="in-error",
            decided_by="",
            identity_checked=[],
        )
    assert totals(deliver(answer("Agrees"), of=council)) == {"unchanged": 1}
    assert len(told(as_login)) == 2


def test_a_child_of_whom_the_extract_says_that_they_decided_is_held(
    council: Feed, deliver: Any, as_login: Any
) -> None:
    child = str(today().year - 9)
    report = deliver(answer("Agrees", Date_of_Birth=f"{child}-01-01"), of=council)
    assert totals(report) == {"held": 1}
    assert told(as_login) == []


def test_a_day_that_has_not_come_is_held(council: Feed, deliver: Any, as_login: Any) -> None:
    assert totals(deliver(answer("Refuses", -3), of=council)) == {"held": 1}
    assert told(as_login) == []


def test_who_is_in_doubt_waits_until_it_is_settled(
    council: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(table(RUTH), of=council)
    with as_login("pipeline"):
        SourcePerson.objects.update(link=LinkState.IN_DOUBT)
    report = deliver(answer("Refuses"), of=council)
    assert [line.reason for line in report.lines] == [ANSWER_OF_WHOM]
    with as_login("pipeline"):
        SourcePerson.objects.update(link=LinkState.LINKED)
    deliver(table(RUTH | {"Phone": "020 7946 0019"}), of=council)
    assert is_refused(as_login, council)


def test_a_feed_of_another_council_is_refused_by_the_database(
    council: Feed, deliver: Any, as_login: Any, monkeypatch: Any
) -> None:
    deliver(table(RUTH), of=council)
    with as_login("pipeline"):
        other = factories.organisation("Other", kind="adult_social_care", code="LBX02")
        resident = Resident.objects.get(nhs_numbers__number=NUMBER)
        said = from_feeds.FeedAnswer(
            resident.pk, agrees=False, asked_on=today(), by_verified_number=True
        )
        wrong = from_feeds._Council(other.pk, other.kind)
        with pytest.raises(IntegrityError, match="its own council"), transaction.atomic():
            from_feeds._record(said, council, wrong)
        future = from_feeds.FeedAnswer(
            resident.pk,
            agrees=False,
            asked_on=(timezone.now() + timedelta(days=3)).date(),
            by_verified_number=True,
        )
        own = from_feeds._Council(council.organisation_id, council.organisation.kind)
        with pytest.raises(IntegrityError, match="has not come"), transaction.atomic():
            from_feeds._record(future, council, own)
