"""Loading: nothing lost, nothing doubled, nothing half applied, and counts that add up."""

from __future__ import annotations

import random
import string
import threading
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from msgspec.structs import replace

from access.models import CareRelationship, RelationshipDue
from audit.models import Action
from feeds import actions, applying, loading, ready, selectors
from feeds.models import Batch, BatchState, Chunk, HeldContent, Hold
from feeds.sensitive import read_codes
from identity.models import SourcePerson
from identity.sealed import CannotBeOpened, seal, unseal
from organisations.models import Feed
from records import actions as records
from records.models import Entry
from records.rows import row_of
from tests import factories
from tests.feeds.conftest import condition, ndjson, patient


def totals(report: selectors.Report) -> dict[str, int]:
    return {
        outcome: report.total(outcome)
        for outcome in ("loaded", "unchanged", "passed-over", "held")
        if report.total(outcome)
    }


def stored(as_login: Any) -> dict[str, str]:
    with as_login("pipeline"):
        return dict(Entry.objects.values_list("identifier", "display"))


def test_a_delivery_becomes_a_person_and_entries(deliver: Any, as_login: Any) -> None:
    report = deliver(ndjson(patient(), condition(), condition("c2")))
    assert totals(report) == {"loaded": 3}
    assert report.batch.state == BatchState.LOADED
    assert stored(as_login) == {"Condition/c1": "Asthma", "Condition/c2": "Asthma"}


def test_the_same_again_changes_nothing(deliver: Any, as_login: Any) -> None:
    content = ndjson(patient(), condition())
    deliver(content)
    with as_login("pipeline"):
        before = list(Entry.objects.values_list("id", "batch_id", "received"))
    report = deliver(content)
    assert totals(report) == {"unchanged": 2}
    with as_login("pipeline"):
        assert list(Entry.objects.values_list("id", "batch_id", "received")) == before


def test_a_bad_item_is_held_with_its_reason_and_its_neighbours_load(
    deliver: Any, as_login: Any
) -> None:
    content = ndjson(patient(), condition()) + b"{not json\n" + ndjson(condition("c2"))
    report = deliver(content)
    assert totals(report) == {"loaded": 3, "held": 1}
    with as_login("pipeline"):
        hold = Hold.objects.get()
        assert hold.pointer == "line 3"
        assert hold.reason
        assert unseal(HeldContent.objects.get().raw, purpose="hold").strip() == b"{not json"


def test_a_value_that_the_database_refuses_holds_that_item_alone(
    deliver: Any, as_login: Any, monkeypatch: Any
) -> None:
    def spoiled(entry: Any) -> Any:
        row = row_of(entry)
        if entry.identifier == "Condition/c2":
            return replace(row, text=row.text.rpartition(b"\t")[0] + b"\t{this is not jsonb")
        return row

    monkeypatch.setattr(ready, "row_of", spoiled)
    report = deliver(ndjson(patient(), condition(), condition("c2"), condition("c3")))
    assert totals(report) == {"loaded": 3, "held": 1}
    assert set(stored(as_login)) == {"Condition/c1", "Condition/c3"}
    assert [line.reason for line in report.lines if line.outcome == "held"] == [
        applying.REFUSED_BY_DATABASE
    ]


def test_what_no_index_keeps_is_held_or_known_by_its_digest(deliver: Any, as_login: Any) -> None:
    """Of random letters, which cannot be packed: PostgreSQL refuses an index more of them."""
    letters = "".join(random.Random(1).choices(string.ascii_letters, k=9_000))
    nameless = {key: value for key, value in condition().items() if key != "id"}
    numbered = nameless | {"identifier": [{"system": "urn:oid:1.2", "value": letters}]}
    long_name = patient("p2", name=[{"family": letters, "given": ["Ruth"]}])
    report = deliver(ndjson(patient(), long_name, numbered, condition()))
    assert [line.reason for line in report.lines if line.outcome == "held"] == [
        "$.name: longer than 500 characters"
    ]
    assert totals(report) == {"loaded": 3, "held": 1}
    assert len(stored(as_login)) == 2
    assert totals(deliver(ndjson(patient(), numbered))) == {"unchanged": 2}


ODD_WORDS = (
    "\\N", "\\.", "a\tb\nc\\d\r", "'; drop table records_entry; --", "\u202eright to left",
    "😀" * 100, "\x00", "\ud800", "{}", "NaN", "\x7f\x1b[31m", "%s %(a)s", " ", "x" * 100_000,
)  # fmt: skip
ODD_TIMES = (
    "0001-01-01T00:00:00+14:00", "0001-01-01", "9999-12-31T23:59:59-14:00", "9999", "2026-02-30",
    "",
)  # fmt: skip


def test_whatever_words_and_times_a_delivery_has_each_item_ends(
    deliver: Any, as_login: Any
) -> None:
    """One is held for its name, and what is theirs; all else is there as it was sent."""
    sent = []
    for number, words in enumerate(ODD_WORDS):
        person = {
            "name": [{"family": words, "given": [words]}],
            "address": [{"line": [words], "postalCode": words}],
            "telecom": [{"system": "phone", "value": words}],
            "identifier": [{"system": words, "value": words}],
        }
        sent += [
            patient(f"w{number}") | person,
            condition(
                f"w{number}", f"w{number}", code={"text": f"Of {words}"}, note=[{"text": words}]
            ),
        ]
    for number, time in enumerate(ODD_TIMES):
        times = {"meta": at(time), "birthDate": time[:10], "deceasedDateTime": time}
        onset = {"meta": at(time), "onsetDateTime": time, "recordedDate": time}
        sent += [patient(f"t{number}") | times, condition(f"t{number}", f"t{number}", **onset)]
    report = deliver(ndjson(patient(), *sent))
    assert report.read == 1 + len(sent)
    assert report.batch.state == BatchState.LOADED
    assert {line.reason: line.count for line in report.lines if line.outcome == "held"} == {
        "$.name: longer than 500 characters": 1,
        applying.PERSON_NOT_KNOWN: 1,
    }
    found = stored(as_login)
    assert found["Condition/w0"] == "Of \\N"
    assert found["Condition/w3"] == "Of '; drop table records_entry; --"
    assert len(found) == len(ODD_WORDS) + len(ODD_TIMES) - 1


def at(time: str) -> dict[str, str]:
    return {"lastUpdated": time}


def test_a_newer_version_replaces_and_an_older_one_does_not(deliver: Any, as_login: Any) -> None:
    deliver(ndjson(patient(), condition(meta=at("2026-02-01T00:00:00Z"))))
    newer = condition(meta=at("2026-03-01T00:00:00Z"), code={"text": "Asthma, severe"})
    assert totals(deliver(ndjson(newer))) == {"loaded": 1}
    older = condition(meta=at("2026-01-01T00:00:00Z"), code={"text": "Wheeze"})
    assert totals(deliver(ndjson(older))) == {"unchanged": 1}
    assert stored(as_login) == {"Condition/c1": "Asthma, severe"}


def test_of_two_versions_in_one_delivery_the_newer_holds_in_any_order(
    deliver: Any, as_login: Any
) -> None:
    newer = condition(meta=at("2026-03-01T00:00:00Z"), code={"text": "Asthma, severe"})
    older = condition(meta=at("2026-01-01T00:00:00Z"), code={"text": "Wheeze"})
    deliver(ndjson(patient(), newer, older))
    assert stored(as_login) == {"Condition/c1": "Asthma, severe"}


@pytest.mark.parametrize("said", [{}, {"meta": {}}], ids=["of one time", "of no time"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_versions_of_a_person_the_one_given_in_later_counts_whichever_is_loaded_first(
    give_in: Any, as_login: Any, order: tuple[int, int], said: dict[str, Any]
) -> None:
    given = [
        give_in(ndjson(patient(name=[{"family": family, "given": ["Ruth"]}], **said)))
        for family in ("Carter", "Baker")
    ]
    with as_login("pipeline"):
        for which in order:
            actions.load(given[which].pk)
        assert SourcePerson.objects.get().said["family_name"] == "Baker"


def test_a_person_who_comes_later_in_the_batch_is_waited_for(deliver: Any, as_login: Any) -> None:
    report = deliver(ndjson(condition()), ndjson(patient()))
    assert totals(report) == {"loaded": 2}
    assert report.read == 2
    with as_login("pipeline"):
        assert not Hold.objects.exists()


def test_an_item_whose_person_never_comes_is_held(deliver: Any) -> None:
    report = deliver(ndjson(condition(person="nobody")))
    assert totals(report) == {"held": 1}
    assert report.lines[0].reason == applying.PERSON_NOT_KNOWN


def test_whoever_comes_by_another_feed_of_the_source_frees_what_waits_for_them(
    feed: Feed, deliver: Any, as_login: Any
) -> None:
    """A laboratory's results that came before the trust's own message about the person."""
    with as_login("pipeline"):
        other = factories.feed(feed.organisation, format="hl7v2")
    waits = deliver(ndjson(condition(person="|p1"), condition("c2", person="p2")))
    assert waits.total("held") == 2
    pid = "PID|1||p1^^^^MR||Carter^Ruth||19410303|2"
    adt = f"MSH|^~\\&|PAS|RJ2|CC|CC|20260101||ADT^A28|1|P|2.4\rEVN|A28|20260101100000\r{pid}\r"
    assert deliver(adt.encode(), of=other).total("loaded") == 1
    with as_login("pipeline"):
        (left,) = Hold.objects.filter(resolved=None)
        assert left.reason == applying.PERSON_NOT_KNOWN
        after = selectors.report(Batch.objects.get(pk=waits.batch.pk))
        assert (after.total("loaded"), after.total("held"), after.read) == (1, 1, 2)
        entry = Entry.objects.get()
        assert (entry.feed_id, entry.batch_id) == (feed.pk, waits.batch.pk)


def test_an_item_that_names_two_people_is_held(deliver: Any) -> None:
    other = {
        "reference": "Patient/p1",
        "identifier": {
            "system": "https://fhir.nhs.uk/Id/nhs-number",
            "value": factories.made_up_nhs_number(2),
        },
    }
    report = deliver(ndjson(patient(), condition(subject=other)))
    assert totals(report) == {"loaded": 1, "held": 1}
    assert report.lines[-1].reason == applying.TWO_PEOPLE


def test_a_code_of_the_exclusion_set_keeps_the_entry_with_its_source(
    deliver: Any, as_login: Any
) -> None:
    coding = [{"system": "http://snomed.info/sct", "code": "52637005"}]
    deliver(ndjson(patient(), condition(), condition("c2", code={"coding": coding})))
    with as_login("pipeline"):
        marked = dict(Entry.objects.values_list("identifier", "sensitive"))
    assert marked == {"Condition/c1": False, "Condition/c2": True}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", set()),
        ("# only a remark\n\n", set()),
        ("52637005  in vitro fertilisation\n  K5A2.  # no\n", None),
        ("52637005  in vitro fertilisation # why\nZV26\n", {"52637005", "ZV26"}),
    ],
)
def test_the_list_of_codes_is_read_or_refused(text: str, codes: set[str] | None) -> None:
    if codes is None:
        with pytest.raises(ImproperlyConfigured, match="line 2"):
            read_codes(text)
    else:
        assert read_codes(text) == codes


def test_a_person_in_a_later_batch_frees_what_was_held_before(deliver: Any, as_login: Any) -> None:
    first = deliver(ndjson(condition()))
    assert totals(first) == {"held": 1}
    deliver(ndjson(patient()))
    with as_login("pipeline"):
        assert totals(selectors.report(first.batch)) == {"loaded": 1}
        assert Entry.objects.get().batch_id == first.batch.pk
        assert not Hold.objects.exists()


def test_an_empty_file_says_so(deliver: Any) -> None:
    report = deliver(b"")
    assert report.read == 1
    assert report.total("held") == 1


def test_raw_bytes_are_kept_and_not_readable_in_the_database(deliver: Any, as_login: Any) -> None:
    deliver(ndjson(patient()))
    with as_login("pipeline"):
        content = bytes(Chunk.objects.get().content)
    assert b"Carter" not in content
    assert b"Carter" in unseal(content, purpose="delivery")
    with pytest.raises(CannotBeOpened):
        unseal(content, purpose="hold")
    with pytest.raises(CannotBeOpened):
        unseal(content[:-1] + bytes([content[-1] ^ 1]), purpose="delivery")
    assert seal(b"x", purpose="a") != seal(b"x", purpose="a")


def test_only_what_writes_an_event_waits_for_the_disk(
    give_in: Any, as_login: Any, monkeypatch: Any
) -> None:
    """What the journal outside the database has, the database never loses."""
    batch = give_in(ndjson(patient(), condition()))
    waits: list[str] = []

    def note() -> None:
        with connection.cursor() as cursor:
            cursor.execute("select current_setting('synchronous_commit')")
            waits.append(cursor.fetchone()[0])

    write, tell = loading.keep, loading.audit.record

    def keeping(*arguments: Any) -> None:
        write(*arguments)
        note()
        tell(Action.IMPORT_RECEIVED)  # a chunk in which something happens that is an event
        note()

    def telling(*arguments: Any, **options: Any) -> None:
        tell(*arguments, **options)
        note()

    monkeypatch.setattr(loading, "keep", keeping)
    monkeypatch.setattr(loading.audit, "record", telling)
    with as_login("pipeline"):
        actions.load(batch.pk)
    assert waits == ["off", "on", "on"]


class Killed(BaseException):
    """Stands for a worker that dies: nothing of it is caught."""


@pytest.mark.parametrize("dies_at", range(6))
def test_a_worker_that_dies_anywhere_leaves_the_end_state_of_a_clean_run(
    give_in: Any, as_login: Any, monkeypatch: Any, dies_at: int
) -> None:
    monkeypatch.setattr(ready, "CHUNK_ITEMS", 2)
    content = [
        ndjson(patient(), *(condition(f"c{n}") for n in range(5))),
        b"{broken\n" + ndjson(condition("c8"), condition("c9", person="nobody")),
    ]
    batch = give_in(*content)
    calls = {"left": dies_at}
    write = loading.keep

    def dying(*arguments: Any) -> None:
        write(*arguments)
        if calls["left"] == 0:
            calls["left"] = -1
            raise Killed
        calls["left"] -= 1

    monkeypatch.setattr(loading, "keep", dying)
    with as_login("pipeline"):
        try:
            actions.load(batch.pk)
        except Killed:
            connection.close()
    with as_login("pipeline"):
        loaded = actions.load(batch.pk)
        assert loaded is not None
        assert loaded.state == BatchState.LOADED
        assert totals(selectors.report(loaded)) == {"loaded": 7, "held": 2}
        assert Entry.objects.count() == 6
        assert Hold.objects.count() == 2
        assert not RelationshipDue.objects.exists()


def test_two_workers_on_one_batch_load_it_once(give_in: Any, as_login: Any) -> None:
    batch = give_in(ndjson(patient(), *(condition(f"c{n}") for n in range(50))))
    answers: list[Batch | None] = []

    def work() -> None:
        with as_login("pipeline"):
            answers.append(actions.load(batch.pk))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with as_login("pipeline"):
        report = selectors.report(Batch.objects.select_related("feed").get(pk=batch.pk))
        assert totals(report) == {"loaded": 51}
        assert Entry.objects.count() == 50
    assert any(answer is not None for answer in answers)


def test_two_batches_of_one_source_at_once_make_one_person(give_in: Any, as_login: Any) -> None:
    batches = [give_in(ndjson(patient(), condition())) for _ in range(4)]

    def work(batch: Batch) -> None:
        with as_login("pipeline"):
            actions.load(batch.pk)

    workers = [threading.Thread(target=work, args=[batch]) for batch in batches]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with as_login("pipeline"):
        reports = [selectors.report(Batch.objects.get(pk=batch.pk)) for batch in batches]
        assert sum(report.total("loaded") for report in reports) == 2
        assert sum(report.total("unchanged") for report in reports) == 6


def test_a_fault_is_said_without_its_text_and_can_be_gone_on_from(
    give_in: Any, as_login: Any, monkeypatch: Any
) -> None:
    batch = give_in(ndjson(patient(), condition()))
    with monkeypatch.context() as broken, as_login("pipeline"):
        broken.setattr(records, "merge_entries", lambda *_a, **_k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            actions.load(batch.pk)
        failed = Batch.objects.get(pk=batch.pk)
        assert (failed.state, failed.fault) == (BatchState.FAILED, "ZeroDivisionError")
    with as_login("pipeline"):
        loaded = actions.load(batch.pk)
        assert loaded is not None
        assert totals(selectors.report(loaded)) == {"loaded": 2}


def test_a_database_that_was_away_needs_nobody(
    give_in: Any, as_login: Any, monkeypatch: Any
) -> None:
    """The hold went with the connection: to say that it failed could undo another worker's word."""
    batch = give_in(ndjson(patient()))
    with as_login("pipeline"):
        with monkeypatch.context() as away:
            away.setattr(loading.Loader, "run", _lost)
            with pytest.raises(OperationalError):
                actions.load(batch.pk)
            assert Batch.objects.get(pk=batch.pk).state == BatchState.LOADING
            assert list(actions.batches_to_do()) == [batch.pk]
            Batch.objects.filter(pk=batch.pk).update(attempts=actions.MOST_ATTEMPTS - 1)
            with pytest.raises(OperationalError):
                actions.load(batch.pk)
            assert Batch.objects.get(pk=batch.pk).state == BatchState.FAILED
        Batch.objects.filter(pk=batch.pk).update(state=BatchState.RECEIVED)
        loaded = actions.load(batch.pk)
        assert loaded is not None
        assert loaded.state == BatchState.LOADED


def _lost(_loader: loading.Loader) -> None:
    raise OperationalError("the connection is closed")


def test_entered_in_error_is_kept_as_such(deliver: Any, as_login: Any) -> None:
    wrong = condition(verificationStatus={"coding": [{"code": "entered-in-error"}]})
    deliver(ndjson(patient(), wrong))
    with as_login("pipeline"):
        assert Entry.objects.get().status == "entered-in-error"


def test_an_admission_opens_a_relationship_and_its_end_follows(deliver: Any, as_login: Any) -> None:
    stay = {
        "resourceType": "Encounter",
        "id": "e1",
        "meta": at("2026-11-01T00:00:00Z"),
        "status": "in-progress",
        "class": {"code": "IMP"},
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2026-11-01T08:00:00Z"},
    }
    deliver(ndjson(patient(), stay))
    with as_login("pipeline"):
        relationship = CareRelationship.objects.get()
        assert (relationship.kind, relationship.valid_until) == ("admission", None)
    gone = {
        **stay,
        "meta": at("2026-11-02T00:00:00Z"),
        "status": "finished",
        "period": {"start": "2020-11-01T08:00:00Z", "end": "2020-11-02T08:00:00Z"},
    }
    deliver(ndjson(gone))
    with as_login("pipeline"):
        assert CareRelationship.objects.get().valid_until is not None


def test_the_web_may_not_load_or_read_a_delivery(give_in: Any, run_sql: Any) -> None:
    give_in(ndjson(patient()))
    web = run_sql("web")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("select content from feeds_chunk")


def test_refusals_say_what_to_do(database: object, as_login: Any) -> None:
    with as_login("pipeline"):
        with pytest.raises(actions.DeliveryRefused, match="load_registry"):
            actions.feed_of("NOSUCH", "fhir-r4")
        factories.organisation("Test practice", kind="gp_practice", code="Y99901")
        with pytest.raises(actions.DeliveryRefused, match="add_feed --source Y99901"):
            actions.feed_of("y99901", "fhir-r4")
        with pytest.raises(actions.DeliveryRefused, match="fhir-r4"):
            actions.feed_of("Y99901", "no-format")
