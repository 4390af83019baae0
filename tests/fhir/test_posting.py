"""Posting FHIR as a source's system: kept before it is answered, and what is wrong is said."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client
from django.utils import timezone

from audit.models import Event
from feeds import actions, keys, tasks
from feeds.models import Batch, FeedKey
from organisations.models import Feed, Organisation
from tests import factories
from tests.conftest import AsLogin
from tests.feeds.conftest import condition, ndjson, patient

NDJSON = "application/fhir+ndjson"
JSON = "application/fhir+json"


@pytest.fixture
def key(feed: Feed, as_login: AsLogin) -> str:
    with as_login("pipeline"):
        return keys.make_key(feed, label="engine", until=timezone.now() + timedelta(days=1))


@pytest.fixture(autouse=True)
def nudged(monkeypatch: Any) -> list[int]:
    told: list[int] = []
    monkeypatch.setattr(tasks.load, "delay", told.append)
    return told


def post(body: bytes, key: str = "", *, kind: str = NDJSON, to: str = "/fhir/R4") -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    # With the checks that a browser's form has to pass: a system passes them without a cookie.
    return Client(enforce_csrf_checks=True).post(to, body, content_type=kind, headers=headers)


def issues(response: Any) -> list[tuple[str, str, str]]:
    """(severity, words, where) of the answer, which is an OperationOutcome."""
    assert response["Content-Type"].startswith(JSON)
    said = json.loads(response.content)
    assert said["resourceType"] == "OperationOutcome"
    return [
        (one["severity"], one["diagnostics"], "".join(one.get("expression", [])))
        for one in said["issue"]
    ]


def test_what_is_posted_is_kept_and_loaded_and_its_counts_are_told(
    key: str, feed: Feed, nudged: list[int], as_login: AsLogin
) -> None:
    response = post(ndjson(patient(), condition()), key)
    assert response.status_code == 202
    assert [severity for severity, *_ in issues(response)] == ["information"]
    with as_login("pipeline"):
        assert nudged == [Batch.objects.get().pk]
    where = response["Content-Location"]
    authorised = {"Authorization": f"Bearer {key}"}
    waiting = Client().get(where, headers=authorised)
    assert (waiting.status_code, waiting["Retry-After"]) == (202, "5")
    with as_login("pipeline"):
        actions.load(nudged[0])
    done = Client().get(where, headers=authorised)
    assert done.status_code == 200
    assert issues(done)[0][1].startswith("2 items read: 2 loaded, 0 unchanged,")
    with as_login("owner"):
        received = Event.objects.filter(action="import-received").get()
        assert received.organisation_id == feed.organisation_id


def test_what_is_wrong_is_said_with_its_place_and_its_neighbours_are_taken(
    key: str, nudged: list[int], as_login: AsLogin
) -> None:
    body = ndjson(patient()) + b"{broken\n" + ndjson(condition())
    response = post(body, key)
    assert response.status_code == 202
    assert [(severity, where) for severity, _, where in issues(response)] == [
        ("information", ""),
        ("error", "line 2"),
    ]
    with as_login("pipeline"):
        actions.load(nudged[0])
    done = Client().get(response["Content-Location"], headers={"Authorization": f"Bearer {key}"})
    assert "1 held" in issues(done)[0][1]
    assert issues(done)[1][2] == "line 2"


def test_what_only_the_record_can_tell_is_told_afterwards(
    key: str, nudged: list[int], as_login: AsLogin
) -> None:
    response = post(ndjson(patient(), condition(person="nobody")), key)
    assert response.status_code == 202
    with as_login("pipeline"):
        actions.load(nudged[0])
    done = Client().get(response["Content-Location"], headers={"Authorization": f"Bearer {key}"})
    assert [where for severity, _, where in issues(done) if severity == "error"] == ["line 2"]


@pytest.mark.parametrize("body", [b" ", b"{", b"not fhir", b"{}", b"[]", b"\xff\xfe\x00"])
def test_what_cannot_be_read_at_all_is_not_taken_in(
    key: str, nudged: list[int], body: bytes, as_login: AsLogin
) -> None:
    response = post(body, key, kind=JSON)
    assert response.status_code == 422
    assert {severity for severity, *_ in issues(response)} == {"error"}
    assert nudged == []
    with as_login("pipeline"):
        assert not Batch.objects.exists()


def test_an_issue_names_no_value(key: str) -> None:
    wrong = patient(birthDate="Qzcanary", name=[{"family": "Qzcanary"}])
    wrong["identifier"][0]["value"] = "999 Qzcanary"
    assert b"Qzcanary" not in post(ndjson(patient("p2"), wrong), key).content


@pytest.mark.parametrize(
    "header",
    ["", "Basic YTpi", "Bearer", "Bearer ", "Bearer ccfeed_wrong", "Bearer \N{SNOWMAN}"],
)
def test_without_a_key_nobody_gets_in(feed: Feed, header: str) -> None:
    sent = {"Authorization": header.encode().decode("latin-1")} if header else {}
    for response in (
        Client().post("/fhir/R4", b"{}", content_type=JSON, headers=sent),
        Client().get("/fhir/deliveries/019a0000-0000-7000-8000-000000000000", headers=sent),
    ):
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
        assert issues(response)[0][0] == "error"


def test_a_session_is_not_a_key(feed: Feed, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        member = factories.membership(as_role="system-support")
    client = Client()
    client.force_login(member.staff)
    assert client.post("/fhir/R4", b"{}", content_type=JSON).status_code == 401


@pytest.mark.parametrize("what", ["key", "label", "feed", "organisation"])
def test_a_key_ends_at_once_with_what_it_stands_on(
    key: str, feed: Feed, what: str, as_login: AsLogin
) -> None:
    assert post(ndjson(patient()), key).status_code == 202
    now = timezone.now()
    with as_login("pipeline"):
        if what == "key":
            FeedKey.objects.update(valid_until=now)
        elif what == "label":
            assert keys.end_keys(feed, label="engine", at=now) == 1
        elif what == "feed":
            Feed.objects.update(state="suspended")
        else:
            Organisation.objects.update(state="suspended")
    assert post(ndjson(patient()), key).status_code == 401


def test_a_key_opens_its_own_feed_alone(key: str, feed: Feed, as_login: AsLogin) -> None:
    assert post(b"{}", key, kind=JSON, to="/fhir/STU3").status_code == 403
    with as_login("pipeline"):
        other = factories.feed(factories.organisation("Other trust", kind="nhs_trust"))
        others = keys.make_key(other, label="engine", until=None)
    where = post(ndjson(patient()), key)["Content-Location"]
    answer = Client().get(where, headers={"Authorization": f"Bearer {others}"})
    assert answer.status_code == 404


def test_what_is_too_long_or_of_another_kind_is_refused(key: str, monkeypatch: Any) -> None:
    assert post(b"a,b", key, kind="text/csv").status_code == 415
    monkeypatch.setattr("fhir.views.LARGEST_DOCUMENT", 100)
    response = post(ndjson(patient()), key)
    assert response.status_code == 413
    assert "NDJSON" in issues(response)[0][1]


def test_what_does_not_say_how_long_it_is_is_refused(key: str) -> None:
    """A body in chunks would be taken for an empty one."""
    posted = Client().generic(
        "POST", "/fhir/R4", b"{}", content_type=NDJSON, headers={"Authorization": f"Bearer {key}"},
        CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked",
    )  # fmt: skip
    assert posted.status_code == 411
    assert issues(posted)[0][1] == "Say how long it is: send Content-Length."


def test_what_is_packed_is_refused(key: str) -> None:
    packed = Client().post(
        "/fhir/R4", gzip.compress(ndjson(patient())), content_type=NDJSON,
        headers={"Authorization": f"Bearer {key}", "Content-Encoding": "gzip"},
    )  # fmt: skip
    assert packed.status_code == 415
    assert "Content-Encoding" in issues(packed)[0][1]


def test_more_than_is_read_at_once_is_taken_in_whole(
    key: str, nudged: list[int], monkeypatch: Any, as_login: AsLogin
) -> None:
    monkeypatch.setattr("fhir.views.READ_AT_ONCE", 100)
    assert post(b"{broken\n" + ndjson(patient()), key).status_code == 202
    with as_login("pipeline"):
        loaded = actions.load(nudged[0])
        assert loaded is not None


def test_the_key_itself_is_kept_nowhere(key: str, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        row = FeedKey.objects.values().get()
        assert key not in str(row)
        assert bytes(row["digest"]) == keys.digest_of(key)
    with as_login("owner"):
        assert not any(key in str(event.detail) for event in Event.objects.all())


def test_the_webs_login_makes_no_keys(feed: Feed, as_login: AsLogin) -> None:
    with as_login("web"), pytest.raises(ProgrammingError), transaction.atomic():
        keys.make_key(feed, label="engine", until=None)


def test_it_says_what_it_can_do(database: object) -> None:
    for address, version in (("/fhir/R4/metadata", "4.0.1"), ("/fhir/STU3/metadata", "3.0.1")):
        said = json.loads(Client().get(address).content)
        assert (said["resourceType"], said["fhirVersion"]) == ("CapabilityStatement", version)
