"""A mapping file, the look before anything is loaded, and what is held and tried again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from audit.models import Event
from feeds import actions, selectors, tasks
from feeds.applying import PERSON_NOT_KNOWN
from feeds.formats.council_csv.mapping import MappingFault, read_mapping
from feeds.looking_over import OTHERS
from feeds.models import Batch, BatchState, FeedMapping, Hold
from identity.models import SourcePerson
from organisations.models import Feed
from records.models import Entry
from tests import factories
from tests.feeds.test_council_csv import PERSON, SERVICE, table
from tests.feeds.test_council_csv_loading import council, totals

__all__ = ["council"]

MAPPING = """
[columns]
"Our ref" = "LA_Person_Unique_Identifier"
"Who" = "Family_Name"

[values.Sharing_Answer]
"Cons" = "agrees"
"""
OWN = {
    "Our ref": "P10021",
    "Who": "Carter",
    "DOB": "1941-03-03",
    "Sharing_Answer": "CONS",
    "Sharing_Asked_On": "2026-06-02",
}


def people(count: int, **changed: str) -> list[dict[str, str]]:
    return [
        {
            "LA_Person_Unique_Identifier": f"P{number:05}",
            "Family_Name": "Carter",
            "Given_Names": f"Made up {number}",
            "Date_of_Birth": f"1950-01-{number % 28 + 1:02}",
            **changed,
        }
        for number in range(count)
    ]


@pytest.fixture
def support(council: Feed, as_login: Any) -> Client:
    with as_login("pipeline"):
        member = factories.membership(as_role="system-support")
    client = Client()
    client.force_login(member.staff)
    return client


@pytest.fixture(autouse=True)
def nudged(monkeypatch: Any) -> list[int]:
    told: list[int] = []
    monkeypatch.setattr(tasks.load, "delay", told.append)
    return told


def work(as_login: Any) -> Batch:
    """What a worker does: load what waits for one. The latest batch."""
    with as_login("pipeline"):
        for batch_id in list(actions.batches_to_do()):
            actions.load(batch_id)
        return Batch.objects.select_related("feed__organisation")[0]


def upload(client: Client, feed: Feed, *contents: bytes, mapping: str = "") -> Any:
    files = [SimpleUploadedFile(f"{n}.csv", one) for n, one in enumerate(contents)]
    sent: dict[str, Any] = {"feed": str(feed.pk), "contents": files}
    if mapping:
        sent["mapping"] = SimpleUploadedFile("map.toml", mapping.encode())
    return client.post("/deliveries/give-in", sent)


def words(client: Client, address: str) -> str:
    return BeautifulSoup(client.get(address).content, "html.parser").get_text(" ", strip=True)


# ── The mapping file ────────────────────────────────────────────────────────────────────────


def test_a_mapping_names_their_columns_and_words() -> None:
    said = read_mapping(MAPPING)
    assert said.columns_of(("OUR REF", "who", "DOB", "Surname")) == [
        "LA_Person_Unique_Identifier",
        "Family_Name",
        "Date_of_Birth",
        None,
    ], "what the mapping names is found by no other header"
    assert said.value_of("Sharing_Answer", " cons ") == "agrees"
    assert said.value_of("Sharing_Answer", "Refuses") == "Refuses"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[columns", "not TOML"),
        ("[column]\n", r"\[column\] is not known"),
        ('[columns]\n"A" = "Nothing"', "no column of ours"),
        ('[columns]\n"A" = 3', "no column of ours"),
        ('[columns]\n"A" = "Family_Name"\n"B" = "Family_Name"', "two headers"),
        ('[values.Nothing]\n"A" = "B"', "no column of ours"),
        ("[values.Gender]\nA = 1", "their word"),
        ("[limits]\nlowest_match = 1.2", "above 0 and at most 1"),
        ("[limits]\nhighest = 1", "highest is not known"),
        ("columns = 1", "must be a table"),
        ("#" * 70_000, "larger than 64 KiB"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(text: str, why: str) -> None:
    with pytest.raises(MappingFault, match=why):
        read_mapping(text)


def test_the_example_is_a_mapping() -> None:
    text = (Path(settings.BASE_DIR) / "docs/examples/council-mapping.toml").read_text("utf-8")
    assert read_mapping(text).value_of("Sharing_Answer", "DISS") == "refuses"


def test_a_mapping_is_checked_on_upload(support: Client, council: Feed, as_login: Any) -> None:
    response = upload(support, council, table(OWN), mapping='[columns]\nA = "B"')
    assert "is no column of ours" in response.content.decode()
    with as_login("pipeline"):
        assert not Batch.objects.exists()
        assert not FeedMapping.objects.exists()


def test_a_mapped_extract_is_looked_over_and_then_loaded(
    support: Client, council: Feed, as_login: Any, nudged: list[int]
) -> None:
    page = upload(support, council, table(OWN), mapping=MAPPING)["Location"]
    assert work(as_login).state == BatchState.WAITING
    told = words(support, page)
    assert "Would load 1 (100%)" in told
    assert "Nothing of it has been loaded." in told
    with as_login("pipeline"):
        assert not SourcePerson.objects.exists()
        assert list(actions.batches_to_do()) == []
    support.post(f"{page}/decide", {"decision": "load"})
    assert len(nudged) == 2
    batch = work(as_login)
    assert batch.state == BatchState.LOADED
    with as_login("pipeline"):
        assert totals(selectors.report(batch)) == {"loaded": 1}
        assert SourcePerson.objects.get().identifier == "Patient/P10021"
        assert batch.decided_by is not None
    with as_login("owner"):
        assert Event.objects.filter(action="registry-changed", reason="feed-mapping").count() == 1
        assert Event.objects.filter(action="import-received", reason="go-on").count() == 1


def test_what_is_refused_is_never_loaded(support: Client, council: Feed, as_login: Any) -> None:
    page = upload(support, council, table(PERSON))["Location"]
    work(as_login)
    support.post(f"{page}/decide", {"decision": "refuse"})
    support.post(f"{page}/decide", {"decision": "load"})
    batch = work(as_login)
    with as_login("pipeline"):
        actions.load(batch.pk)
        assert Batch.objects.get().state == BatchState.REFUSED
        assert not SourcePerson.objects.exists()
    assert "Refused, not loaded" in words(support, page)


def test_only_what_waits_is_decided_about(support: Client, council: Feed, as_login: Any) -> None:
    page = upload(support, council, table(PERSON))["Location"]
    support.post(f"{page}/decide", {"decision": "load"})
    assert work(as_login).state == BatchState.WAITING, "it had not been looked over"
    support.post(f"{page}/decide", {"decision": "perhaps"})
    assert work(as_login).state == BatchState.WAITING


# ── What stops by itself ────────────────────────────────────────────────────────────────────


def test_a_column_that_has_shifted_stops_for_a_person(
    council: Feed, deliver: Any, give_in: Any, as_login: Any
) -> None:
    deliver(table(*people(20)), of=council)
    shifted = [row | {"Family_Name": row["Given_Names"]} for row in people(20)]
    batch = give_in(table(*shifted), of=council)
    with as_login("pipeline"):
        actions.load(batch.pk)
        found = Batch.objects.get(pk=batch.pk)
        assert found.state == BatchState.WAITING
        assert found.findings["held"] == {OTHERS: 20}
        assert found.findings["match"] == 0
        said = SourcePerson.objects.values_list("said__family_name", flat=True)
        assert set(said) == {"Carter"}


def test_a_few_changed_names_stop_nothing(council: Feed, deliver: Any) -> None:
    deliver(table(*people(20)), of=council)
    changed = people(20)
    changed[3]["Family_Name"] = "Carter-Jones"
    assert totals(deliver(table(*changed), of=council)) == {"loaded": 1, "unchanged": 19}


def test_events_of_people_who_never_came_stop_for_a_person(
    council: Feed, give_in: Any, deliver: Any, as_login: Any
) -> None:
    events = table(
        *(
            SERVICE | {"NHS_Number": "", "LA_Person_Unique_Identifier": f"P{n:05}"}
            for n in range(20)
        )
    )
    batch = give_in(events, of=council)
    with as_login("pipeline"):
        actions.load(batch.pk)
        found = Batch.objects.get(pk=batch.pk)
        assert (found.state, found.findings["held"]) == (BatchState.WAITING, {PERSON_NOT_KNOWN: 20})
    assert totals(deliver(events, table(*people(20)), of=council)) == {"loaded": 40}


def test_the_limit_is_the_mapping_files(council: Feed, support: Client, as_login: Any) -> None:
    rows = table(*people(10), *people(8, Family_Name=""))
    page = upload(support, council, rows, mapping="[limits]\nlowest_match = 0.5")["Location"]
    work(as_login)
    assert "Would load 10 (55.5%)" in words(support, page)
    assert "Only" not in words(support, page)
    page = upload(support, council, rows, mapping="[limits]\nlowest_match = 0.6")["Location"]
    work(as_login)
    assert "Only 55.5% would load; below 60% a person decides." in words(support, page)


def test_the_command_looks_over_and_maps(council: Feed, as_login: Any, tmp_path: Any) -> None:
    (tmp_path / "own.csv").write_bytes(table(OWN))
    (tmp_path / "map.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "bad.toml").write_text("[limits]\nx = 1", encoding="utf-8")
    given = ["--source", "LBX01", "--format", "council-csv", "--json"]
    with as_login("pipeline"):
        with pytest.raises(CommandError, match="x is not known"):
            call_command(
                "import_feed", *given, "--mapping", tmp_path / "bad.toml", tmp_path / "own.csv"
            )
        call_command(
            "import_feed",
            *given,
            "--preview",
            "--mapping",
            tmp_path / "map.toml",
            tmp_path / "own.csv",
        )
        assert Batch.objects.get().state == BatchState.WAITING
        assert not SourcePerson.objects.exists()


# ── What is held ────────────────────────────────────────────────────────────────────────────


def test_a_corrected_mapping_lets_what_was_held_load(
    support: Client, council: Feed, deliver: Any, as_login: Any, nudged: list[int]
) -> None:
    good, bad = PERSON, OWN | {"Our ref": "P2"}
    row = {"LA_Person_Unique_Identifier": "P2", "Family_Name": "Carter", "Sharing_Answer": "Cons"}
    row["Sharing_Asked_On"] = bad["Sharing_Asked_On"]
    report = deliver(table(good, row), of=council)
    assert totals(report) == {"loaded": 1, "held": 1}
    address = f"/deliveries/{report.batch.public_id}/held"
    assert "1: Sharing_Answer: neither agrees, refuses nor not asked" in words(support, address)
    assert "Person at line 3" in words(support, address)
    mapping = SimpleUploadedFile("m.toml", b'[values.Sharing_Answer]\n"cons" = "agrees"')
    assert support.post(address, {"what": "all", "mapping": mapping}).status_code == 302
    assert nudged == [report.batch.pk]
    with as_login("pipeline"):
        actions.load(report.batch.pk)
        batch = Batch.objects.get()
        assert batch.state == BatchState.LOADED
        assert totals(selectors.report(batch)) == {"loaded": 2}
        assert not Hold.objects.exists()
        assert SourcePerson.objects.count() == 2


def test_what_is_tried_in_vain_is_held_for_what_stands_in_its_way_now(
    support: Client, council: Feed, deliver: Any, as_login: Any
) -> None:
    row = SERVICE | {"Event_Type": "Visit"}
    report = deliver(table(row), of=council)
    address = f"/deliveries/{report.batch.public_id}/held"
    with as_login("pipeline"):
        hold = Hold.objects.get()
    mapping = SimpleUploadedFile("m.toml", b'[values.Event_Type]\nVisit = "Service"')
    support.post(address, {"what": "all", "mapping": mapping})
    work(as_login)
    with as_login("pipeline"):
        again = Hold.objects.get()
        assert (again.pk, again.reason, again.asked_again) == (hold.pk, PERSON_NOT_KNOWN, None)
        assert totals(selectors.report(Batch.objects.get())) == {"held": 1}
    deliver(table(PERSON), of=council)
    with as_login("pipeline"):
        assert not Hold.objects.exists()
        assert Entry.objects.filter(kind="EpisodeOfCare").exists()


def test_one_alone_is_tried_again_or_settled(
    support: Client, council: Feed, deliver: Any, as_login: Any
) -> None:
    report = deliver(
        table(SERVICE | {"Event_Type": "A"}, SERVICE | {"Event_Type": "B"}), of=council
    )
    address = f"/deliveries/{report.batch.public_id}/held"
    with as_login("pipeline"):
        first, second = Hold.objects.values_list("pk", flat=True)
    support.post(address, {"what": "settled", "hold": first})
    with as_login("pipeline"):
        assert Hold.objects.get(pk=first).resolved is not None
    assert "line 2" not in words(support, address)
    support.post(address, {"what": "one", "hold": second})
    with as_login("pipeline"):
        assert Hold.objects.get(pk=second).asked_again is not None
        assert Hold.objects.get(pk=first).asked_again is None
    for wrong in ({"what": "one"}, {"what": "settled"}, {"what": "all", "hold": "1"}, {}):
        assert support.post(address, wrong).status_code == 200
    other = deliver(table(PERSON), of=council)
    work(as_login)
    support.post(f"/deliveries/{other.batch.public_id}/held", {"what": "settled", "hold": second})
    with as_login("pipeline"):
        assert Hold.objects.get(pk=second).resolved is None, "it is another batch's"


def test_an_older_batch_tried_again_does_not_make_the_source_look_late(
    support: Client, council: Feed, deliver: Any, as_login: Any
) -> None:
    older = deliver(table(SERVICE | {"Event_Type": "A"}), of=council)
    newer = deliver(table(PERSON), of=council)
    address = f"/deliveries/{older.batch.public_id}/held"
    support.post(address, {"what": "all"})
    work(as_login)
    with as_login("pipeline"):
        assert Feed.objects.get(pk=council.pk).last_received == newer.batch.received
