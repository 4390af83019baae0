"""The published answers of PDS's own mock are read as the service means them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
import redis

from identity.models import Protection, Sex
from identity.nhs_number import NhsNumber
from identity.pds import parsing
from identity.pds.client import Call, PdsClient
from identity.pds.comparing import Evidence, Held
from identity.pds.configuration import Configuration, Service
from identity.pds.demographics import Demographics
from identity.pds.outcomes import OutcomeKind
from identity.pds.questions import Search
from identity.pds.rate import RateLimit
from identity.vital import DeathNotice
from tests.identity.pds.conftest import may_begin

RECORDED = {
    "get_9000000000_bad_check_digit": OutcomeKind.MALFORMED,
    "get_9000000009_deceased_full": OutcomeKind.AGREEING,
    "get_9000000025_restricted": OutcomeKind.RESTRICTED,
    "get_9000000033_minimal": OutcomeKind.DISAGREEING,
    "get_9111231130_not_found": OutcomeKind.NONE,
    "get_bearer_empty": OutcomeKind.NOT_NOW,
    "get_no_request_id": OutcomeKind.MALFORMED,
    "search_compound_name_invalid_id": OutcomeKind.MALFORMED,
    "search_fuzzy_single": OutcomeKind.ONE,
    "search_history_email": OutcomeKind.ONE,
    "search_mock_multiple": OutcomeKind.MANY,
    "search_no_birthdate": OutcomeKind.MALFORMED,
    "search_restricted": OutcomeKind.ONE,
    "search_single": OutcomeKind.ONE,
    "search_too_many": OutcomeKind.MANY,
    "search_wildcard_two": OutcomeKind.MANY,
    "search_zero": OutcomeKind.NONE,
}
HELD = Held("Smith", "Jane", date(2010, 10, 22), Sex.FEMALE, "LS1 6AE")


@pytest.fixture
def pds_data(shared_data: Path) -> Path:
    return shared_data / "pds"


def read(resource: Any) -> Any:
    return parsing.read(json.dumps(resource).encode(), test_ranges=True)


@pytest.fixture
def recorded(server: redis.Redis) -> Iterator[tuple[PdsClient, Callable[[Any], None]]]:
    """A client of a sandbox that gives the recorded answer it is handed, and how to hand it one."""
    may_begin(server)
    now: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert "authorization" not in self.headers  # a sandbox has no tokens
            content = json.dumps(now["body"]).encode()
            self.send_response(now["status"])
            self.send_header("Content-Type", now["headers"]["content-type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as sandbox:
        thread = Thread(target=sandbox.serve_forever, args=(0.05,))
        thread.start()
        configuration = Configuration(
            service=Service.SANDBOX, base_url=f"http://127.0.0.1:{sandbox.server_address[1]}"
        )
        rate = RateLimit(server, name="test", limit=1000, window=1)
        with PdsClient(configuration, server, test_ranges=True, rate=rate) as client:
            yield client, now.update
        sandbox.shutdown()
        thread.join()


def test_every_recorded_answer_has_its_outcome(
    pds_data: Path, recorded: tuple[PdsClient, Callable[[Any], None]]
) -> None:
    client, hand = recorded
    call = Call(request_id=uuid4(), correlation_id=uuid4(), organisation="RJ2")
    question = Search(family="Smith", birth_date=date(2010, 10, 22))
    found = {}
    for path in (pds_data / "captured").glob("*.json"):
        exchange = json.loads(path.read_text())
        hand(exchange["response"])
        outcome: Any
        if path.name.startswith("search"):
            outcome = client.search(question, call=call, may_send=lambda: True)
        else:
            number = NhsNumber(exchange["request"]["path"].removeprefix("/Patient/"))
            outcome = client.retrieve(
                number, held=HELD, by=Evidence.NUMBER, call=call, may_send=lambda: True
            )
        found[path.stem] = outcome.kind
    assert found == RECORDED


def test_a_full_record_is_read_in_full(pds_data: Path) -> None:
    path = pds_data / "stubs/patientResponses/patient_9000000009.json"
    person = read(json.loads(path.read_text()))
    then, now = date(2021, 1, 1), date(2026, 11, 22)
    assert person.number.digits == "9000000009"
    assert (person.version, person.protection) == ("2", Protection.UNRESTRICTED)
    assert person.birth_date.exact() == date(2010, 10, 22)
    assert person.multiple_birth is True
    name = person.name(now)
    assert (name.family, name.given, name.prefix) == ("Smith", ("Jane",), ("Mrs",))
    assert person.death.notice is DeathNotice.FORMAL
    assert person.death.on.exact() == date(2010, 10, 22)
    assert person.practice(then) == "Y12345"
    assert person.practice(now) is None  # the registration is past
    assert person.left == "SCT"
    assert (person.language, person.interpreter_needed) == ("fr", True)
    preference = person.contact_preference
    assert (preference.method, preference.written_format) == ("1", "12")
    assert preference.times == "Not after 7pm"
    assert person.home(then).postcode == "LS1 6AE"
    assert len(person.home(then).lines) == 5
    assert person.for_letters(then).text == "Student Accommodation"
    assert person.for_letters(now) is None  # PDS names no address that is still in force
    assert person.phone(then) == "01632960587"
    assert [each.value for each in person.emergency_contacts] == ["01632960587"]


def test_a_minimal_record_says_nothing_and_blanks_nothing(pds_data: Path) -> None:
    path = pds_data / "stubs/patientResponses/patient_9000000033.json"
    person = read(json.loads(path.read_text()))
    assert person == Demographics(
        number=NhsNumber("9000000033"), protection=Protection.UNRESTRICTED, version="2"
    )


def test_every_published_stub_is_read(pds_data: Path) -> None:
    invalid = {"PatientCompoundName.json", "john_paul_smith_searchset.json"}
    seen = 0
    for path in sorted((pds_data / "stubs").rglob("*.json")):
        if path.parent.name == "relatedPersonResponses":
            continue  # not asked for
        content = path.read_bytes()
        if path.name in invalid:
            with pytest.raises(ValueError, match="last digit"):
                parsing.read(content, test_ranges=True)
        else:
            parsing.read(content, test_ranges=True)
        seen += 1
    assert seen >= 25
