"""A council's full extract is a snapshot; and one that would retire too much stops for a person."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest
from django.test import Client

from access.models import CareRelationship
from feeds import absent, actions, deciding, selectors, tasks
from feeds.formats.council_csv import read_mapped
from feeds.formats.council_csv.mapping import MappingFault, read_mapping
from feeds.mapped import WholeExtract
from feeds.models import Batch, BatchState, FullExtract
from identity.models import Resident
from organisations.models import Feed
from records import retiring
from records.actions import renew_due_relationships
from records.models import Entry
from tests import factories
from tests.feeds.test_council_csv import PERSON, SERVICE, table
from tests.feeds.test_council_csv_loading import council, totals
from tests.feeds.test_deciding import support, words, work
from tests.feeds.test_gp_connect import observation, patient, practice, snapshot, structured

__all__ = ["council", "structured", "support"]

FULL = "[extract]\nfull = true\n"
SOON, LATER, LATEST = "31/07/2026", "31/08/2026", "30/09/2026"


@pytest.fixture(autouse=True)
def nudged(monkeypatch: Any) -> list[int]:
    told: list[int] = []
    monkeypatch.setattr(tasks.load, "delay", told.append)
    return told


@pytest.fixture
def full(council: Feed, as_login: Any) -> Feed:
    """A council whose files are full extracts."""
    with as_login("pipeline"):
        deciding.keep_mapping(council, FULL, by=None)
    return council


def case(number: int, *, taken: str = SOON, **changed: str) -> dict[str, str]:
    """A person with an allocated worker."""
    return PERSON | {
        "LA_Person_Unique_Identifier": f"P{number:05}",
        "NHS_Number": "",
        "Given_Names": f"Made up {number}",
        "Date_of_Birth": f"1950-01-{number % 28 + 1:02}",
        "Extract_Date": taken,
        **changed,
    }


def service(
    number: int, *, taken: str = SOON, since: str = "01/01/2026", **changed: str
) -> dict[str, str]:
    """A service that goes on."""
    return SERVICE | {
        "LA_Person_Unique_Identifier": f"P{number:05}",
        "NHS_Number": "",
        "Reporting_Period_Start_Date": since,
        "Reporting_Period_End_Date": taken,
        **changed,
    }


def statuses(as_login: Any, kind: str = "") -> dict[str, str]:
    """Each entry's status, by its person and what it is."""
    with as_login("pipeline"):
        found = Entry.objects.select_related("source_person")
        found = found.filter(kind=kind) if kind else found
        return {
            f"{one.source_person.identifier} {one.display or one.kind}": one.status for one in found
        }


# ── What a full extract has no more ─────────────────────────────────────────────────────────


def test_what_a_newer_full_extract_has_no_more_is_retired(
    full: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(table(case(1), case(2)), table(service(1), service(2)), of=full)
    report = deliver(
        table(case(1, taken=LATER)), table(service(1, taken=LATER, Event_Type="Service")), of=full
    )
    assert totals(report) == {"unchanged": 2, "retired": 2}
    with as_login("pipeline"):
        gone = Entry.objects.filter(source_person__identifier="Patient/P00002")
        assert {entry.status for entry in gone} == {"retired"}
        kept = Entry.objects.filter(source_person__identifier="Patient/P00001")
        assert {entry.status for entry in kept} == {"current"}


def test_without_its_mapping_file_a_councils_file_retires_nothing(
    council: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(table(case(1), case(2)), table(service(1), service(2)), of=council)
    deliver(table(case(1, taken=LATER)), table(service(1, taken=LATER)), of=council)
    assert set(statuses(as_login).values()) == {"current"}


def test_an_extract_of_persons_retires_workers_and_no_events(
    full: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(table(case(1), case(2)), table(service(1), service(2)), of=full)
    deliver(table(case(1, taken=LATER)), of=full)
    assert set(statuses(as_login, "EpisodeOfCare").values()) == {"current"}
    assert sorted(statuses(as_login, "CareTeam").values()) == ["current", "retired"]


def test_what_had_ended_before_the_reporting_period_stays(
    full: Feed, deliver: Any, as_login: Any
) -> None:
    ended = service(1, Event_Start_Date="2025-11-03", Event_End_Date="2026-01-20")
    within = service(1, Event_Start_Date="2025-12-03", Event_End_Date="2026-05-20")
    review = service(1, Event_Type="Review", Event_Start_Date="2026-02-02")
    deliver(table(case(1)), table(service(1), ended, within, review), of=full)
    deliver(table(service(1, taken=LATER, since="01/04/2026")), of=full)
    with as_login("pipeline"):
        by_status = {
            (entry.status, entry.effective.date().isoformat()[:7])
            for entry in Entry.objects.exclude(kind="CareTeam")
            if entry.effective is not None
        }
    assert by_status == {
        ("current", "2026-01"),
        ("past", "2025-11"),
        ("past", "2026-02"),
        ("retired", "2025-12"),
    }


def test_the_database_and_python_ask_alike_what_an_extract_covers(
    full: Feed, deliver: Any, as_login: Any
) -> None:
    rows = [
        service(1),
        service(1, Event_Start_Date="2025-11-03", Event_End_Date="2026-01-20"),
        service(1, Event_Start_Date="2025-12-03", Event_End_Date="2026-05-20"),
        service(1, Event_Type="Review", Event_Start_Date="2026-02-02"),
        service(1, Event_Type="Assessment", Event_Start_Date="2026-06-02"),
    ]
    deliver(table(case(1)), table(*rows), of=full)
    since = datetime.fromisoformat("2026-04-01T00:00:00+01:00")
    with as_login("pipeline"):
        by_python = sum(
            retiring.is_covered(
                since=since,
                ends=entry.ends,
                effective=entry.effective,
                is_current=entry.status == "current",
            )
            for entry in Entry.objects.exclude(kind="CareTeam")
        )
        retiring.begin_present()
        by_database = sum(
            retiring.would_retire_of(
                retiring.Whole(full.organisation_id, full.pk, 1, kind, since, since)
            ).held
            for kind in ("EpisodeOfCare", "ClinicalImpression")
        )
    assert by_python == by_database == 3


def test_full_extracts_in_any_order_leave_one_end_state(
    full: Feed, deliver: Any, as_login: Any, empty_database: Any
) -> None:
    extracts = [
        (table(case(1), case(2)), table(service(1), service(2))),
        (
            table(case(1, taken=LATER), case(3, taken=LATER)),
            table(service(1, taken=LATER), service(3, taken=LATER)),
        ),
        (
            table(case(2, taken=LATEST), case(3, taken=LATEST, Allocated_Worker="Lee Adeyemi")),
            table(service(3, taken=LATEST)),
        ),
    ]
    ends = []
    for order in permutations(extracts):
        with as_login("pipeline"):
            body = factories.organisation("Council", kind="adult_social_care", code=f"C{len(ends)}")
            feed = factories.feed(body, format="council-csv")
            deciding.keep_mapping(feed, FULL, by=None)
        for files in order:
            deliver(*files, of=feed)
        with as_login("pipeline"):
            shown = Entry.objects.filter(source=feed.organisation).exclude(status="retired")
            ends.append(
                sorted(shown.values_list("source_person__identifier", "kind", "display", "author"))
            )
    assert ends[0] == [
        ("Patient/P00002", "CareTeam", ends[0][0][2], "Sam Okafor"),
        ("Patient/P00003", "CareTeam", ends[0][1][2], "Lee Adeyemi"),
        ("Patient/P00003", "EpisodeOfCare", ends[0][2][2], ""),
    ]
    assert all(end == ends[0] for end in ends)


def test_what_comes_back_in_a_newer_extract_is_shown_again(
    full: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(table(case(1), case(2)), of=full)
    deliver(table(case(1, taken=LATER)), of=full)
    deliver(table(case(1, taken=LATEST), case(2, taken=LATEST)), of=full)
    assert set(statuses(as_login).values()) == {"current"}


def test_of_whom_a_row_cannot_be_read_nothing_is_retired(
    full: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(table(case(1), case(2), case(3)), table(service(1), service(2), service(3)), of=full)
    deliver(table(service(1, taken=LATER), service(2, taken=LATER, Event_Start_Date="x")), of=full)
    found = statuses(as_login, "EpisodeOfCare")
    assert sorted(found.values()) == ["current", "current", "retired"]
    assert next(key for key, status in found.items() if status == "retired").startswith(
        "Patient/P00003"
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (table(case(1, taken=LATER)) + b"a,b\r\n", absent.NOT_NAMED),
        (table(case(1, taken="")), absent.NOT_DATED),
    ],
)
def test_an_extract_of_which_it_cannot_be_told_what_is_absent_retires_nothing_and_says_so(
    full: Feed, deliver: Any, as_login: Any, content: bytes, why: str
) -> None:
    deliver(table(case(1), case(2)), of=full)
    report = deliver(content, of=full)
    assert [line.reason for line in report.lines if line.outcome == "passed-over"] == [why]
    assert set(statuses(as_login).values()) == {"current"}


def test_nothing_is_retired_of_whoever_objects(full: Feed, deliver: Any, as_login: Any) -> None:
    number = factories.made_up_nhs_number(1)
    deliver(table(case(1, NHS_Number=number), case(2), case(3)), of=full)
    with as_login("pipeline"):
        resident = Resident.objects.get(source_persons__identifier="Patient/P00001")
        factories.choice(resident, "nhs-number", "refuses", council=full.organisation)
    deliver(table(case(2, taken=LATER)), of=full)
    found = statuses(as_login)
    assert [status for key, status in found.items() if "P00001" in key] == ["current"]
    assert [status for key, status in found.items() if "P00003" in key] == ["retired"]


def test_what_is_retired_is_no_care_relationship(full: Feed, deliver: Any, as_login: Any) -> None:
    with as_login("pipeline"):
        factories.team(full.organisation, code="LEW-N")
    deliver(table(case(1), case(2)), of=full)
    deliver(table(case(2, taken=LATER)), of=full)
    with as_login("pipeline"):
        assert renew_due_relationships() == 0, "the load derived them"
        workers = CareRelationship.objects.filter(kind="allocated-worker", valid_until=None)
        whose = workers.values_list("resident__source_persons__identifier", flat=True)
        assert list(whose) == ["Patient/P00002"]


def test_a_worker_that_dies_before_the_retirement_leaves_it_to_the_next(
    full: Feed, give_in: Any, deliver: Any, as_login: Any, monkeypatch: Any
) -> None:
    deliver(table(case(1), case(2)), of=full)
    batch = give_in(table(case(1, taken=LATER)), of=full)
    with as_login("pipeline"):
        with monkeypatch.context() as dying:
            dying.setattr(absent, "present_of", _die)
            with pytest.raises(KeyboardInterrupt):
                actions.load(batch.pk)
        loaded = actions.load(batch.pk)
        assert loaded is not None
        assert totals(selectors.report(loaded)) == {"unchanged": 1, "retired": 1}
        FullExtract.objects.filter(batch=batch).get(done__isnull=False)


def _die(_batch: Batch) -> None:
    raise KeyboardInterrupt


# ── A share that is unusual ─────────────────────────────────────────────────────────────────


def test_a_full_extract_that_was_cut_off_stops_for_a_person(
    full: Feed, deliver: Any, give_in: Any, as_login: Any, support: Client
) -> None:
    deliver(table(*(case(number) for number in range(40))), of=full)
    batch = give_in(table(*(case(number, taken=LATER) for number in range(25))), of=full)
    assert work(as_login).state == BatchState.WAITING
    assert set(statuses(as_login).values()) == {"current"}
    page = words(support, f"/deliveries/{batch.public_id}")
    assert "It would retire 37.5% of what it replaces; above 25% a person decides." in page
    assert "Would retire: no longer in the source’s record 15" in page
    support.post(f"/deliveries/{batch.public_id}/decide", {"decision": "load"})
    assert totals(selectors.report(work(as_login))) == {"unchanged": 25, "retired": 15}


def test_a_refused_extract_is_no_newer_one(
    full: Feed, deliver: Any, give_in: Any, as_login: Any, support: Client
) -> None:
    deliver(table(*(case(number) for number in range(40))), of=full)
    batch = give_in(table(*(case(number, taken=LATEST) for number in range(5))), of=full)
    work(as_login)
    support.post(f"/deliveries/{batch.public_id}/decide", {"decision": "refuse"})
    report = deliver(table(*(case(number, taken=LATER) for number in range(39))), of=full)
    assert report.total("retired") == 1


@pytest.mark.parametrize(("limit", "state"), [("0.4", "loaded"), ("0.1", "waiting")])
def test_the_share_is_the_mapping_files_to_say(
    full: Feed, deliver: Any, give_in: Any, as_login: Any, limit: str, state: str
) -> None:
    with as_login("pipeline"):
        deciding.keep_mapping(full, f"{FULL}[limits]\nhighest_retired = {limit}\n", by=None)
    deliver(table(*(case(number) for number in range(60))), of=full)
    give_in(table(*(case(number, taken=LATER) for number in range(45))), of=full)
    assert work(as_login).state == state


def test_a_gp_record_that_was_cut_off_stops_for_a_person(
    structured: Feed, deliver: Any, give_in: Any, as_login: Any, settings: Any
) -> None:
    def whole(names: Iterable[int], taken: str) -> bytes:
        said = [observation(f"B{name}") for name in names]
        return snapshot(patient(), practice(), *said, taken=taken)

    deliver(whole(range(40), "2026-01-01T10:00:00Z"), of=structured)
    give_in(whole(range(29), "2026-01-02T10:00:00Z"), of=structured)
    batch = work(as_login)
    assert batch.state == BatchState.WAITING
    assert batch.findings["would_retire"] == 11
    assert batch.findings["retires_too_much"]
    settings.HIGHEST_RETIRED = 0.3
    give_in(whole(range(29), "2026-01-02T10:00:00Z"), of=structured)
    assert work(as_login).state == BatchState.LOADED


def test_a_share_of_a_few_says_nothing(structured: Feed, deliver: Any) -> None:
    first = [observation(f"B{name}") for name in range(9)]
    deliver(snapshot(patient(), practice(), *first), of=structured)
    report = deliver(snapshot(patient(), practice(), taken="2026-01-02T10:00:00Z"), of=structured)
    assert report.total("retired") == 9


# ── The mapping file ────────────────────────────────────────────────────────────────────────


def test_a_mapping_says_that_files_are_full_extracts() -> None:
    said = read_mapping(f"{FULL}[limits]\nhighest_retired = 0.1\n")
    assert said.full
    assert said.highest_retired == 0.1
    assert not read_mapping("").full


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[extract]\nfull = 1\n", "true or false"),
        ("[extract]\nwhole = true\n", "whole is not known"),
        ("[limits]\nhighest_retired = 2\n", "highest_retired is a share"),
        ("[limits]\nhighest = 0.2\n", "highest is not known"),
    ],
)
def test_a_mapping_that_is_wrong_about_it_is_refused(text: str, why: str) -> None:
    with pytest.raises(MappingFault, match=why):
        read_mapping(text)


def test_what_a_full_extract_has_all_of_comes_after_its_rows() -> None:
    rows = list(read_mapped(FULL)(io.BytesIO(table(case(1), case(2, taken=LATER))), name=""))
    assert [type(row.outcome) is WholeExtract for row in rows] == [False, False, True]
    last = rows[-1].outcome
    assert isinstance(last, WholeExtract)
    assert last.taken == datetime.fromisoformat("2026-08-31T00:00:00+01:00")
