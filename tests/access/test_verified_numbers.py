"""Verified numbers go back to their source: whose, to whom, and what the audit has of it."""

from __future__ import annotations

import csv
import io
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import verified_numbers as given
from access.views_numbers import moment
from audit.models import Event
from identity.actions import ask_about
from identity.merging import merge, unmerge
from identity.models import (
    Cause,
    LinkQuestion,
    Merge,
    QuestionReason,
    ResidentNhsNumber,
    SourcePerson,
    Trace,
)
from organisations.models import Organisation
from tests import factories
from tests.conftest import AsLogin


@dataclass
class Council:
    """A council with three people, another source, and a member of each that fetches."""

    as_login: AsLogin
    here: Organisation
    elsewhere: Organisation
    client: Client
    ruth: SourcePerson
    ada: SourcePerson

    def numbers(self, **asked: str) -> dict[str, str | None]:
        """Identifier → number, as the address gives them."""
        answer = self.client.get(reverse("verified-numbers"), asked)
        assert answer.status_code == 200
        return {one["identifier"]: one["nhsNumber"] for one in answer.json()["numbers"]}

    def number_of(self, known: SourcePerson) -> str:
        with self.as_login("pipeline"):
            return ResidentNhsNumber.objects.get(
                resident=known.resident_id, valid_until__isnull=True
            ).number

    def events(self) -> list[Event]:
        with self.as_login("owner"):
            return list(Event.objects.filter(action="numbers-given").order_by("pk"))


@pytest.fixture
def council(database: object, as_login: AsLogin) -> Council:
    with as_login("pipeline"):
        here = factories.organisation("Council", kind="adult_social_care", code="Y99951")
        elsewhere = factories.organisation("Trust", code="Y99952")
        ruth, ada = (factories.resident(name) for name in ("Carter", "Bello"))
        for person in (ruth, ada):
            factories.source_person(person, elsewhere)
        system = factories.membership(at=here, as_role="source-system").staff
        made = Council(
            as_login,
            here,
            elsewhere,
            Client(),
            factories.source_person(ruth, here, identifier="case 1"),
            factories.source_person(ada, here, identifier="case 2"),
        )
    made.client.force_login(system)
    return made


def test_a_source_gets_its_own_peoples_numbers_by_its_own_identifiers(council: Council) -> None:
    assert council.numbers() == {
        "case 1": council.number_of(council.ruth),
        "case 2": council.number_of(council.ada),
    }
    (event,) = council.events()
    assert event.residents == sorted([council.ruth.resident_id, council.ada.resident_id])
    assert (event.organisation_id, event.detail["count"]) == (council.here.pk, 2)
    assert (event.staff_id is not None, event.reason) == (True, "address")


def in_doubt(council: Council) -> None:
    SourcePerson.objects.filter(pk=council.ruth.pk).update(link="in-doubt")


def alone(council: Council) -> None:
    SourcePerson.objects.filter(pk=council.ruth.pk).update(link="alone")


def asked_about(council: Council) -> None:
    LinkQuestion.objects.create(
        source_person=council.ruth, reason=QuestionReason.NUMBER_BELONGS_TO_ANOTHER
    )


def unverified(council: Council) -> None:
    ResidentNhsNumber.objects.filter(resident=council.ruth.resident_id).update(status="02")


def replaced_and_none_since(council: Council) -> None:
    ResidentNhsNumber.objects.filter(resident=council.ruth.resident_id).update(
        valid_until=timezone.now(), ended_because="replaced"
    )


def resident_asked_about(council: Council) -> None:
    ask_about(council.ruth.resident, QuestionReason.SUPERSEDED_CONFLICT)


def joined_by_its_source(council: Council) -> None:
    SourcePerson.objects.filter(pk=council.ruth.pk).update(replaced_by=council.ada)


def objects(council: Council) -> None:
    factories.choice(council.ruth.resident, "nhs-number", council=council.here)


@pytest.mark.parametrize(
    "happens",
    [
        in_doubt,
        alone,
        asked_about,
        resident_asked_about,
        unverified,
        replaced_and_none_since,
        joined_by_its_source,
        objects,
    ],
)
def test_nobody_is_given_whose_link_is_doubted_or_who_objects(
    council: Council, happens: Callable[[Council], None]
) -> None:
    with council.as_login("pipeline"):
        happens(council)
    assert council.numbers() == {"case 2": council.number_of(council.ada)}
    assert council.events()[-1].residents == [council.ada.resident_id]


def test_another_councils_objection_and_an_opt_out_do_not_matter(council: Council) -> None:
    with council.as_login("pipeline"):
        other = factories.organisation("Other council", kind="adult_social_care", code="Y99953")
        factories.choice(council.ruth.resident, "nhs-number", council=other)
        factories.choice(council.ruth.resident, "connect-care")
        factories.choice(council.ruth.resident, "social-care-sharing", council=council.here)
    assert set(council.numbers()) == {"case 1", "case 2"}


def test_a_withdrawn_number_is_told_and_not_given(council: Council) -> None:
    with council.as_login("pipeline"):
        ResidentNhsNumber.objects.filter(resident=council.ruth.resident_id).update(
            valid_until=timezone.now(), ended_because="invalidated"
        )
        # What the trace asks of it is no doubt of who it is.
        LinkQuestion.objects.create(source_person=council.ruth, reason=QuestionReason.INVALIDATED)
    first, _ = council.client.get(reverse("verified-numbers")).json()["numbers"]
    assert (first["nhsNumber"], first["status"]) == (None, "withdrawn")


def test_that_a_number_was_withdrawn_is_no_doubt_about_the_one_that_followed(
    council: Council,
) -> None:
    with council.as_login("pipeline"):
        ask_about(council.ruth.resident, QuestionReason.INVALIDATED)
    assert council.numbers()["case 1"] == council.number_of(council.ruth)


def test_what_to_ask_with_next_time_is_an_hour_early(council: Council) -> None:
    """What was written before and commits later is in the next answer."""
    before = datetime.now(UTC) - timedelta(hours=1)
    as_of = datetime.fromisoformat(council.client.get(reverse("verified-numbers")).json()["asOf"])
    assert before - timedelta(minutes=5) < as_of < before + timedelta(minutes=5)


@pytest.fixture
def long_ago(council: Council, run_sql: Callable[[str], psycopg.Connection]) -> datetime:
    """All that was, was a year ago; the answer is a month ago."""
    admin = run_sql("admin")
    admin.execute("set session_replication_role = replica")
    then = datetime.now(UTC) - timedelta(days=365)
    admin.execute("update identity_sourceperson set updated = %s", [then])
    admin.execute("update identity_residentnhsnumber set valid_from = %s", [then])
    admin.execute("update identity_numberstatuschange set at = %s", [then])
    admin.commit()
    return datetime.now(UTC) - timedelta(days=30)


def number_changes(council: Council) -> None:
    of_ruth = ResidentNhsNumber.objects.filter(resident=council.ruth.resident_id)
    of_ruth.update(status="02")
    of_ruth.update(status="01")


def doubt_ends(council: Council) -> None:
    asked_about(council)
    LinkQuestion.objects.update(settled=timezone.now(), decision="agrees-now")


def objection_ends(council: Council) -> None:
    recently = timezone.now() - timedelta(days=5)
    factories.choice(
        council.ruth.resident, "nhs-number", council=council.here, effective_from=recently
    )
    factories.choice(council.ruth.resident, "nhs-number", "consents", council=council.here)


def number_is_withdrawn(council: Council) -> None:
    ResidentNhsNumber.objects.filter(resident=council.ruth.resident_id).update(
        valid_until=timezone.now(), ended_because="invalidated"
    )


def is_traced(council: Council) -> None:
    Trace.objects.create(
        source_person=council.ruth, why="old", ended="verified", finished=timezone.now()
    )


def doubt_of_the_resident_ends(council: Council) -> None:
    resident_asked_about(council)
    LinkQuestion.objects.update(settled=timezone.now(), decision="checked")


def is_joined(council: Council) -> None:
    other = factories.resident("Carter", nhs_number=None, known_to_all=False)
    merge(survivor=council.ruth.resident_id, merged=other.pk, cause=Cause.DUPLICATE)


def is_sent_again(council: Council) -> None:
    SourcePerson.objects.filter(pk=council.ruth.pk).update(updated=timezone.now())


@pytest.mark.parametrize(
    "happens",
    [
        number_changes,
        number_is_withdrawn,
        is_traced,
        doubt_ends,
        doubt_of_the_resident_ends,
        is_joined,
        objection_ends,
        is_sent_again,
    ],
)
def test_changes_since_a_date_have_whatever_alters_the_answer(
    council: Council, long_ago: datetime, happens: Callable[[Council], None]
) -> None:
    assert council.numbers(since=long_ago.isoformat()) == {}
    with council.as_login("pipeline"):
        happens(council)
    assert set(council.numbers(since=long_ago.date().isoformat())) == {"case 1"}
    assert council.events()[-1].detail["changes_only"] is True


def test_a_record_taken_apart_and_a_choice_that_begins_are_changes_then(
    council: Council, long_ago: datetime, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    """The merge, and the recording of the choice, were before the date that is asked since."""
    with council.as_login("pipeline"):
        is_joined(council)
        made = Merge.objects.get()
        unmerge(made.pk, words="They were two.")
        factories.choice(council.ada.resident, "nhs-number", "consents", council=council.here)
    admin = run_sql("admin")
    admin.execute("set session_replication_role = replica")
    then = datetime.now(UTC) - timedelta(days=365)
    admin.execute("update identity_merge set at = %s", [then])
    admin.execute("update identity_sourceperson set updated = %s", [then])
    admin.execute("update consent_choice set recorded_at = %s", [then])
    admin.commit()
    assert set(council.numbers(since=long_ago.isoformat())) == {"case 1", "case 2"}


def test_pages_follow_one_another_and_lose_nobody(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "PAGE_LENGTH", 1)
    first = council.client.get(reverse("verified-numbers")).json()
    second = council.client.get(reverse("verified-numbers"), {"after": first["next"]}).json()
    assert [one["identifier"] for page in (first, second) for one in page["numbers"]] == [
        "case 1",
        "case 2",
    ]
    assert second["next"] is None
    # Each page tells the audit of those in it, and of nobody else.
    assert [event.residents for event in council.events()] == [
        [council.ruth.resident_id],
        [council.ada.resident_id],
    ]


@pytest.mark.parametrize("asked", [{"since": "yesterday"}, {"since": "2026-13-41"}, {"after": "x"}])
def test_what_cannot_be_read_is_said(council: Council, asked: dict[str, str]) -> None:
    answer = council.client.get(reverse("verified-numbers"), asked)
    assert answer.status_code == 400
    assert "Give " in answer.json()["error"]
    assert council.events() == []


def test_the_database_asks_the_membership_itself(
    council: Council, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    with council.as_login("pipeline"):
        nurse = factories.membership(at=council.here, as_role="nurse")
    web = run_sql("web")
    row = web.execute(
        "select access.read_verified_numbers(%s, %s, null, null, 10, null)",
        [nurse.staff_id, nurse.pk],
    ).fetchone()
    assert row == (None,)
    web.commit()
    assert [event.outcome for event in council.events()] == ["refused"]
    for call in (
        f"access.numbers_of_source({council.here.pk}, null, null)",
        f"access.give_numbers({council.here.pk}, null, null, 10, 'x', null, null, null)",
        f"access.verified_numbers_for_file({council.here.pk}, null)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute(f"select {call}")
        web.rollback()


# ── The file ────────────────────────────────────────────────────────────────────────────────


def write(council: Council, out: Path, *more: str) -> str:
    said = io.StringIO()
    with council.as_login("pipeline"):
        call_command(
            "verified_numbers", "--source", "y99951", "--out", str(out), *more, stdout=said
        )
    return said.getvalue()


def test_the_file_has_the_same_people_and_is_the_callers_alone(
    council: Council, tmp_path: Path
) -> None:
    with council.as_login("pipeline"):
        objects(council)
        factories.source_person(
            factories.resident("Quill"), council.here, identifier="=HYPERLINK(1)"
        )
    out = tmp_path / "numbers.csv"
    said = write(council, out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [(row["identifier"], row["status"]) for row in rows] == [
        ("case 2", "verified"),
        ("'=HYPERLINK(1)", "verified"),
    ]
    assert rows[0]["nhs_number"] == council.number_of(council.ada)
    assert rows[0]["nhs_number"] not in said
    (event,) = council.events()
    assert (event.reason, event.detail["count"], len(event.residents)) == ("file", 2, 2)
    assert event.organisation_id == council.here.pk


def test_a_file_that_is_there_is_not_written_over(council: Council, tmp_path: Path) -> None:
    out = tmp_path / "numbers.csv"
    out.write_text("something else")
    with pytest.raises(CommandError, match="there already"):
        write(council, out)
    assert out.read_text() == "something else"
    assert council.events() == []


def test_a_file_since_now_has_nobody(council: Council, tmp_path: Path) -> None:
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    assert "0 written" in write(council, tmp_path / "none.csv", "--since", tomorrow)


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("2026-07-01", "2026-06-30T23:00:00+00:00"),
        ("2026-01-01", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00+00:00"),
        ("2026-07-01T10:00", "2026-07-01T09:00:00+00:00"),
    ],
)
def test_a_day_begins_in_london(text: str, there: str) -> None:
    found = moment(text)
    assert found is not None
    assert found.astimezone(UTC).isoformat() == there
